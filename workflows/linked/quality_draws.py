"""Which decisions are read again (tirage des secondes lectures): keyed, by stratum, verifiable.

One draw a file and campaign: the first 8 bytes of HMAC-SHA256 under the campaign's key over the
file's id. A stratum takes the draws below its rate, so the strata are nested and a decision is
taken at the highest rate of those that fit it. Who holds the key can do every draw again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.clock import ZONES, civil_date
from medcontrol.crypto import KeyRing
from medcontrol.errors import InvalidInput
from medcontrol.ids import new_id
from medcontrol.legal.loading import law
from medcontrol.model import SecondReading
from medcontrol.reference.flows import flows
from medcontrol.reference.strata import Stratum, strata
from medcontrol.rules.calendar import add_months
from medcontrol.vocabulary import DecisionOutcome, ReadingStatus
from selectivity.draws import Draws, bound
from workflows import engine

PURPOSE = "second_reading"
#: Decisions that a doctor takes on the merits.
MEDICAL = (
    DecisionOutcome.GRANTED, DecisionOutcome.PARTIALLY_GRANTED, DecisionOutcome.REFUSED_MEDICAL,
    DecisionOutcome.ADJOURNED,
)  # fmt: skip
_WHOLE = 10_000

# Facts of the flow are read only where a stratum asks for one.
_DECIDED = """
SELECT d.id AS decision_id, d.control_file_id, d.outcome, d.decided_at, f.flow, f.region_code,
       f.level, o.doctor_id AS author,
       (SELECT min(c.valid_from) FROM competence c WHERE c.doctor_id = o.doctor_id) AS since,
       CASE WHEN f.flow = ANY(:with_facts) THEN i.state END AS state
FROM decision d
JOIN control_file f ON f.id = d.control_file_id
JOIN opinion o ON o.id = d.opinion_id
LEFT JOIN flow_instance i ON i.control_file_id = f.id
WHERE d.decided_at >= :first AND d.decided_at < :behind AND f.jurisdiction = :jurisdiction
  AND d.undone_at IS NULL AND d.outcome = ANY(:medical) AND NOT f.flow = ANY(:internal)
ORDER BY d.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision as the draw sees it.

    Attributes:
        author: the doctor who proposed it.
        practises_since: first day of the author's competences.
        facts: facts of its flow that are true.
    """

    decision_id: UUID
    control_file_id: UUID
    jurisdiction: str
    flow: str
    region_code: str
    level: str
    outcome: DecisionOutcome
    decided_on: date
    author: UUID
    practises_since: date | None
    facts: frozenset[str] = frozenset()

    @property
    def campaign(self) -> str:
        """The month whose key draws it."""
        return self.decided_on.isoformat()[:7]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A decision that is read again: its stratum, at which rate (ten-thousandths), its draw."""

    decided: Decided
    stratum: Stratum
    rate: int
    draw: int

    def row(self, now: datetime) -> dict[str, Any]:
        """Return the row that keeps it."""
        decided = self.decided
        return {
            "id": new_id(),
            "decision_id": decided.decision_id,
            "control_file_id": decided.control_file_id,
            "jurisdiction": decided.jurisdiction,
            "campaign": decided.campaign,
            "stratum": self.stratum.code,
            "draw": self.draw.to_bytes(8, "big"),
            "rate": self.rate,
            "drawn_at": now,
            "flow": decided.flow,
            "region_code": decided.region_code,
            "level": decided.level,
            "decided_on": decided.decided_on,
            "author_doctor_id": decided.author,
            "status": ReadingStatus.DRAWN,
            "first_outcome": decided.outcome,
            "held_until": None,
            "held_keys": [],
        }


def fitting(decided: Decided) -> tuple[Stratum, int] | None:
    """Return the stratum with the highest rate that fits, the first of equals; None for none."""
    best: tuple[Stratum, int] | None = None
    for stratum in strata(decided.jurisdiction).values():
        if not _fits(stratum, decided):
            continue
        rate = _rate(decided.jurisdiction, stratum.rate, decided.decided_on)
        if rate and (best is None or rate > best[1]):
            best = stratum, rate
    return best


def _fits(stratum: Stratum, decided: Decided) -> bool:
    if stratum.flows and decided.flow not in stratum.flows:
        return False
    if stratum.outcomes and decided.outcome not in stratum.outcomes:
        return False
    if stratum.fact is not None and stratum.fact not in decided.facts:
        return False
    if stratum.newcomer is not None:
        months = law(decided.jurisdiction).number(stratum.newcomer, decided.decided_on).value
        since = decided.practises_since
        return since is not None and decided.decided_on < add_months(since, months)
    return True


def _rate(jurisdiction: str, path: str, day: date) -> int:
    share = law(jurisdiction).decimal(path).at(day).value
    return int(Decimal(share) * _WHOLE)


def draws(keys: KeyRing) -> Draws:
    """Return the draws under the secret keys of the campaigns."""
    return Draws(lambda campaign: keys.derive(f"quality:{campaign}"))


def draw(made: Draws, decided: Decided) -> Drawn | None:
    """Return the decision when it is drawn, None when it is not."""
    found = fitting(decided)
    if found is None:
        return None
    stratum, rate = found
    number = made.draw(decided.campaign, PURPOSE, decided.control_file_id.bytes)
    return Drawn(decided, stratum, rate, number) if number < bound(rate) else None


def decided_in(session: Session, jurisdiction: str, campaign: str) -> Iterator[Decided]:
    """Yield the decisions of a month that stand and could be drawn; memory stays flat.

    Raises:
        InvalidInput: ``campaign`` is no month.
    """
    first, behind = bounds(jurisdiction, campaign)
    asked = {flow for each in strata(jurisdiction).values() if each.fact for flow in each.flows}
    rows = session.execute(
        sa.text(_DECIDED).execution_options(stream_results=True, max_row_buffer=2000),
        {
            "first": first, "behind": behind, "jurisdiction": jurisdiction,
            "medical": [each.value for each in MEDICAL], "with_facts": sorted(asked),
            "internal": [flow.code for flow in flows().values() if flow.is_internal],
        },
    ).mappings()  # fmt: skip
    for row in rows:
        yield _of_row(row, jurisdiction)


def _of_row(row: Any, jurisdiction: str) -> Decided:
    return Decided(
        decision_id=row["decision_id"],
        control_file_id=row["control_file_id"],
        jurisdiction=jurisdiction,
        flow=row["flow"],
        region_code=row["region_code"],
        level=row["level"],
        outcome=DecisionOutcome(row["outcome"]),
        decided_on=civil_date(row["decided_at"], jurisdiction),
        author=row["author"],
        practises_since=row["since"],
        facts=true_facts(row["state"]) if row["state"] else frozenset(),
    )


def true_facts(state: str) -> frozenset[str]:
    """Return the names of the facts of a flow's state that are true."""
    return frozenset(name for name, value in engine.facts_of(state).items() if value is True)


def bounds(jurisdiction: str, campaign: str) -> tuple[datetime, datetime]:
    """Return the first instant of a month and the one behind it, at the place of the fund.

    Raises:
        InvalidInput: it is no month.
    """
    try:
        first = date.fromisoformat(f"{campaign}-01")
    except ValueError:
        raise InvalidInput(f"{campaign!r} is no month, such as 2026-11", field="campaign") from None
    zone = ZONES[jurisdiction]
    behind = add_months(first, 1)
    return datetime.combine(first, time(), zone), datetime.combine(behind, time(), zone)


@dataclass(frozen=True, slots=True)
class CampaignDraw:
    """What a draw did: decisions looked at, drawn, and how many of these are new."""

    campaign: str
    decisions: int
    drawn: int
    new: int


def draw_campaign(
    session: Session, keys: KeyRing, jurisdiction: str, campaign: str, *, now: datetime
) -> CampaignDraw:
    """Draw the decisions of a month that are not drawn yet, such as imported ones.

    Idempotent: the same decision draws the same number, and has one row.
    """
    known = set(
        session.execute(
            sa.select(col(SecondReading.decision_id)).where(
                col(SecondReading.jurisdiction) == jurisdiction,
                col(SecondReading.campaign) == campaign,
            )
        ).scalars()
    )
    made, seen, fresh, drawn = draws(keys), 0, [], 0
    for decided in decided_in(session, jurisdiction, campaign):
        seen += 1
        found = draw(made, decided)
        if found is not None:
            drawn += 1
            if decided.decision_id not in known:
                fresh.append(found.row(now))
    if fresh:
        session.execute(sa.insert(SecondReading), fresh)
    return CampaignDraw(campaign, seen, drawn, len(fresh))
