"""What a day would look like with N controls in hand: nothing is opened, nothing is written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from sqlmodel import Session

from medcontrol.crypto import KeyRing
from medcontrol.intake import Accepted, Faulty, Line, Registers, check_line
from medcontrol.ports import FileFacts, SelectivityOutcome
from selectivity.capacity.day import DayRules, rank_day
from selectivity.engine import RuleEngine
from selectivity.gate import Scorer
from selectivity.history.reading import hasher_of, history_columns
from selectivity.score.model import ScoreModel
from selectivity.tables import RuleSet
from workflows.gate import messages

_APPEAL = "appeals never pass selectivity: they go to a second opinion"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a simulated day is asked.

    Attributes:
        as_of: history is what was known before that day.
        capacity: controls in hand.
        floor: files drawn at random among them; ``None`` for the usual share.
        rules: they decide; their floor gives strata and weights only.
        score: ranks; ``None`` lets rules rank alone.
    """

    as_of: date
    capacity: int
    floor: int | None
    rules: RuleSet
    score: ScoreModel | None


@dataclass(frozen=True, slots=True)
class Decided:
    """A file of the day and where it would go."""

    line: int
    external_id: str
    outcome: SelectivityOutcome


@dataclass(frozen=True, slots=True)
class Unusable:
    """A line that says no file, and why: path and sentence of each fault."""

    line: int
    faults: tuple[tuple[str, str], ...]


def decide_day(
    session: Session, keys: KeyRing, known: Registers, lines: Iterable[Line], asked: Asked
) -> tuple[list[Decided], list[Unusable]]:
    """Return where each file of a day would go, in the order of the lines.

    Args:
        session: any; nothing is written.
        keys: for the draws, and to find people in the history.
        known: agencies and flows.
        lines: of a delivery.
        asked: capacity, rules, score.
    """
    accepted, unusable = _read(lines, known)
    facts = [messages.facts_of(each, _region(each, known)) for _, each in accepted]
    engine, plain = _engine(keys, asked)
    columns = history_columns(session, [_as_of(each, asked.as_of) for each in facts],
                              hasher_of(keys))  # fmt: skip
    outcomes = engine.decide(facts, history=columns)
    merged = [{**each.features, **each.medical_features} for each in outcomes]
    strata = [
        None if each.message["nature"] == "a_posteriori" else stratum
        for each, stratum in zip(facts, plain.strata(merged), strict=True)
    ]
    rates = {stratum.id: stratum.rate for stratum in asked.rules.floor}
    worth = _worth(asked.score, outcomes)
    ranked = rank_day(outcomes, strata, worth, DayRules(asked.capacity, asked.floor, rates))
    decided = [
        Decided(line, each.external_id, place.outcome)
        for (line, each), place in zip(accepted, ranked, strict=True)
    ]
    return decided, unusable


def _read(
    lines: Iterable[Line], known: Registers
) -> tuple[list[tuple[int, Accepted]], list[Unusable]]:
    accepted, unusable = [], []
    for line in lines:
        found = check_line(line, known)
        if isinstance(found, Faulty):
            faults = tuple((each.path, each.message_fr) for each in found.errors)
            unusable.append(Unusable(line.no, faults))
        elif "appeal" in (found.message["flow"], found.message["nature"]):
            unusable.append(Unusable(line.no, (("nature", _APPEAL),)))
        else:
            accepted.append((line.no, found))
    return accepted, unusable


def _region(accepted: Accepted, known: Registers) -> str:
    return known.agencies[accepted.message["jurisdiction"]][accepted.message["agency"]]


def _as_of(facts: FileFacts, day: date) -> FileFacts:
    """Return a file as if it had come in on the day at the latest: history stops there."""
    return facts if facts.received_on <= day else replace(facts, received_on=day)


def _engine(keys: KeyRing, asked: Asked) -> tuple[RuleEngine, RuleEngine]:
    """Return the engine without a floor of its own, and the one that knows the strata."""

    def period_key(period: str) -> bytes:
        return keys.derive(f"draw:{period}")

    bare = replace(
        asked.rules, floor=tuple(replace(stratum, rate=0) for stratum in asked.rules.floor)
    )
    score: Scorer | None = asked.score
    return RuleEngine(bare, period_key, score=score), RuleEngine(asked.rules, period_key)


def _worth(score: ScoreModel | None, outcomes: Sequence[SelectivityOutcome]) -> list[float | None]:
    """Return the ranking value of files that the score may choose."""
    found: list[float | None] = [None] * len(outcomes)
    places = [n for n, each in enumerate(outcomes) if each.score is not None]
    if score is None or not places:
        return found
    scores = np.array([outcomes[n].score for n in places], dtype=float)
    values = score.worth(scores, [outcomes[n].features for n in places]).tolist()
    for place, value in zip(places, values, strict=True):
        found[place] = value
    return found
