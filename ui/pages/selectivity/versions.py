"""What the pages of rules have in common: who may look, versions as they stand today, rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session

from medcontrol.errors import DomainError, NotFound
from medcontrol.vocabulary import ControlLevel, Lane, Role, RuleSetStatus
from selectivity.faults import Finding
from selectivity.lifecycle import store
from selectivity.lifecycle.editing import items
from selectivity.lifecycle.rows import Act
from selectivity.lifecycle.store import Version
from selectivity.outcomes.effectiveness import Effect
from ui.forms import as_whole
from ui.rule_sentences import RuleSentences
from ui.visitors import Visitor

READERS = (Role.ANALYST, Role.AUDITOR, Role.SUPERVISOR)
SOON = timedelta(days=60)
"""A row that ends within this time is shown as ending."""

TONES: Mapping[str, str] = {
    "in_force": "good", "scheduled": "info", "approved": "info", "draft": "warn",
    "checked": "warn", "backtested": "warn", "shadow": "warn",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A version as it stands today; ``state`` is a code of ``rule_state``."""

    version: Version
    state: str

    @property
    def tone(self) -> str:
        """Colour of its state."""
        return TONES.get(self.state, "neutral")

    @property
    def address(self) -> str:
        """Where its page is."""
        return f"/selectivity/rules/{self.version.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRow:
    """One row of a table of rules."""

    id: str
    sentence: str
    conditions: Sequence[str]
    kind: str
    lane: Lane | None
    level: ControlLevel
    rate: str
    quota: int | None
    owner: str
    expires_on: date | None
    faults: int
    warnings: int
    lacks_example: bool
    is_over: bool
    is_ending: bool
    effect: Effect | None = None

    @property
    def is_bad(self) -> bool:
        """Whether the row is shown in red."""
        return bool(self.faults) or self.is_over or self.expires_on is None or self.lacks_example


def open_code(visitor: Visitor, code: str) -> str:
    """Return the jurisdiction of an address, once the visitor may look at its rules.

    Raises:
        Forbidden: the visitor is no analyst, auditor or supervisor.
        NotFound: the fund sits elsewhere.
    """
    visitor.must_have(*READERS)
    if code != visitor.site.jurisdiction:
        raise NotFound(f"no rules of {code} here")
    return code


def act_of(visitor: Visitor, version: int, revision: str = "", note: str = "") -> Act:
    """Return what the visitor does with a version, as the page showed it."""
    return Act(
        code=visitor.site.jurisdiction,
        version=version,
        actor=visitor.principal,
        now=visitor.now,
        revision=as_whole(revision),
        note=note,
    )


def shown_versions(session: Session, code: str, today: date) -> list[Shown]:
    """Return every version, newest first, with its state of today."""
    found = store.versions(session, code)
    deciding = store.deciding(found, today)
    return [Shown(each, state_of(each, deciding, today)) for each in found]


def state_of(version: Version, deciding: Version | None, today: date) -> str:
    """Return what a version is today: a published one decides, will decide, or did."""
    if version.valid_from is None:
        return "given_up" if version.status is RuleSetStatus.RETIRED else version.status.value
    if deciding is not None and version.version == deciding.version:
        return "in_force"
    if version.status is RuleSetStatus.RETIRED:
        return "retired"
    return "scheduled" if version.valid_from > today else "superseded"


def listed_rows(
    data: Any,
    words: RuleSentences,
    findings: Sequence[Finding],
    today: date,
    effects: Mapping[str, Effect],
) -> list[ListedRow]:
    """Return the rows of plain data as a table shows them."""
    lists = data.get("lists") if isinstance(data, dict) else None
    return [_listed(row, lists, words, findings, today, effects) for row in items(data, "rows")]


def refusal_status(refusal: DomainError) -> int:
    """Return the status of a page that shows a refusal beside what was typed."""
    return {"conflict": 409, "forbidden": 403, "not_found": 404}.get(refusal.kind.value, 422)


def _listed(
    row: Mapping[str, Any],
    lists: Any,
    words: RuleSentences,
    findings: Sequence[Finding],
    today: date,
    effects: Mapping[str, Effect],
) -> ListedRow:
    row_id = str(row.get("id", ""))
    then, examples = _dict(row.get("then")), _dict(row.get("examples"))
    mine = [each for each in findings if each.row == row_id]
    end = _day(row.get("expires_on"))
    rate = then.get("rate", 10_000)
    quota = then.get("daily_quota")
    return ListedRow(
        id=row_id,
        sentence=words.row(row, lists),
        conditions=words.conditions(row.get("when"), lists),
        kind=str(then.get("kind", "targeting")),
        lane=next((lane for lane in Lane if lane.value == then.get("lane")), None),
        level=next(
            (level for level in ControlLevel if level.value == then.get("level")),
            ControlLevel.LOCAL,
        ),
        rate=words.rate(rate) if isinstance(rate, int) else str(rate),
        quota=quota if isinstance(quota, int) else None,
        owner=str(row.get("owner", "")),
        expires_on=end,
        faults=sum(each.severity == "block" for each in mine),
        warnings=sum(each.severity == "warn" for each in mine),
        lacks_example=not (examples.get("positive") and examples.get("negative")),
        is_over=end is not None and end < today,
        is_ending=end is not None and today <= end < today + SOON,
        effect=effects.get(row_id),
    )


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None
