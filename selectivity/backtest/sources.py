"""Where rules to try come from: a version of ours, or text that somebody wrote (source)."""

from dataclasses import dataclass
from datetime import date
from functools import cache

from sqlmodel import Session

from medcontrol.errors import InvalidInput
from medcontrol.reference.points import points
from medcontrol.vocabulary import Lane, StepKind
from selectivity.backtest.tally import Minutes
from selectivity.lifecycle.rows import content
from selectivity.lifecycle.store import in_force
from selectivity.reading import canonical, parse_rule_set
from selectivity.score.store import active_model
from selectivity.tables import RuleSet


@dataclass(frozen=True, slots=True)
class RuleText:
    """A rule set as text, with the name and hash under which results speak of it."""

    name: str
    sha256: str
    text: str

    def rules(self) -> RuleSet:
        """Return the rule set.

        Raises:
            RuleSetFault: the text can't be read.
        """
        return parse_rule_set(self.text, source=self.name)


def from_text(text: str, *, source: str) -> RuleText:
    """Return rules that stand in text; YAML, or the JSON that versions are kept as.

    Raises:
        RuleSetFault: it can't be read; every fault is named.
    """
    rules = parse_rule_set(text, source=source)
    return RuleText(rules.name, rules.sha256, text)


def from_version(session: Session, code: str, version: int) -> RuleText:
    """Return a version of ours, a draft too.

    Raises:
        NotFound: there is none.
        RuleSetFault: a draft that can't be read yet.
    """
    return from_text(canonical(content(session, code, version)), source=f"{code}/{version}")


def deciding(session: Session, jurisdiction: str, day: date) -> RuleText:
    """Return the rules in force for files received on a day.

    Raises:
        NotFound: none are.
    """
    rules = in_force(session, jurisdiction, day)
    return from_version(session, rules.code, rules.version)


def version_of(name: str) -> tuple[str, int]:
    """Return code and number of "ma/3".

    Raises:
        InvalidInput: it is no such name.
    """
    code, _, number = name.partition("/")
    if not code.isalpha() or not number.isdecimal():
        raise InvalidInput(f"{name!r} is no version such as ma/3", field="rules")
    return code, int(number)


def active_score(session: Session, jurisdiction: str) -> str:
    """Return the name of the score that decides, "ma/3".

    Raises:
        InvalidInput: rules decide alone.
    """
    found = active_model(session, jurisdiction)
    if found is None:
        raise InvalidInput("there is no active score", field="score")
    return found.name


@cache
def minutes_of(jurisdiction: str) -> Minutes:
    """Return the minutes of one control by flow and lane, from the reference table."""
    known = points(jurisdiction)
    kinds = {Lane.ORANGE: StepKind.CONTROL_ON_FILE, Lane.RED: StepKind.EXAMINATION}
    flows = {flow for flow, _ in known}
    return {(flow, lane): known[flow, kind] for flow in flows for lane, kind in kinds.items()}
