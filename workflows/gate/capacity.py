"""The capacity that files are decided with: the doctors’ free time as a valve (vanne du jour)."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from assignment.calendar import horizon
from assignment.capacity import free_time
from medcontrol.clock import civil_date
from medcontrol.model import CapacitySnapshot
from medcontrol.ports import FileFacts, SelectivityEngine, SelectivityOutcome
from medcontrol.reference.flows import flows
from medcontrol.reference.points import points
from medcontrol.vocabulary import StepKind
from selectivity.capacity.quota import rolling_cutoffs
from selectivity.capacity.valve import ALL_FLOWS, Valve, cell_name
from selectivity.engine import RuleEngine
from selectivity.remote import RemoteEngine
from selectivity.tables import WHOLE

RESERVE_PERCENT = 10
"""Of the free time: kept for what nobody foresees, and never given to rules or score."""

_RECENT = timedelta(days=14)
_MOST = 20_000
_PRIORITIES = sa.text("""
SELECT d.capacity_cell, d.priority, d.decided_at >= :midnight AS is_today, count(*) OVER () AS n
FROM selectivity_decision d JOIN received_file r ON r.id = d.received_file_id
WHERE d.decided_at >= :since AND d.capacity_cell IS NOT NULL AND d.priority IS NOT NULL
  AND r.jurisdiction = :jurisdiction AND r.flow = ANY(:flows)
ORDER BY d.decided_at DESC LIMIT :most
""")
_DAYS = sa.text("""
SELECT count(DISTINCT decided_at::date) FROM selectivity_decision
WHERE decided_at >= :since AND decided_at < :midnight AND capacity_cell IS NOT NULL
""")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a valve is wanted for.

    Attributes:
        jurisdiction: whose doctors.
        day: civil day from which on doctors' time is counted.
        has_score: a model works, so that flows answered at once need a rolling quota.
        without: doctors to leave out, for a what-if.
    """

    jurisdiction: str
    day: date
    has_score: bool = False
    without: Collection[UUID] = ()


def nightly_flows(jurisdiction: str) -> frozenset[str]:
    """Return the flows paid the day after: ranked at the end of the day, when all is known."""
    return frozenset(
        code
        for code, flow in flows().items()
        if flow.reimburses and not flow.is_instant and jurisdiction in flow.jurisdictions
    )


def valve_of(session: Session, asked: Asked, *, now: datetime) -> Valve | None:
    """Return the capacity of this moment; ``None`` where the fund has no doctor at all.

    Free minutes over the horizon of assignment, less the reserve, less what doctors hold.
    """
    pools = _pools(session, asked)
    if not pools:
        return None
    minutes = minutes_by_flow(asked.jurisdiction)
    nightly = nightly_flows(asked.jurisdiction)
    cutoffs = _cutoffs(session, asked, pools, minutes, now) if asked.has_score else {}
    return Valve(asked.day, pools, minutes, nightly, cutoffs)


def minutes_by_flow(jurisdiction: str) -> dict[str, int]:
    """Return the minutes of a control on file, by flow."""
    found = points(jurisdiction)
    return {
        flow: weight
        for (flow, kind), weight in sorted(found.items())
        if kind is StepKind.CONTROL_ON_FILE
    }


def decide_within(
    session: Session,
    engine: SelectivityEngine,
    facts: Sequence[FileFacts],
    *,
    history: Mapping[str, Sequence[Any]],
    quota_used: Mapping[tuple[str, date], int],
    now: datetime | None,
    share: int = WHOLE,
) -> list[SelectivityOutcome]:
    """Return an outcome for each file, within the doctors' free time; keeps the snapshot used.

    Args:
        session: the caller's transaction.
        engine: in process; one that runs elsewhere looks after its capacity itself.
        facts: files of one jurisdiction.
        history: registered history features.
        quota_used: counters of the day.
        now: the instant; ``None`` does not look at capacity.
        share: of the free time that these files may have, in ten-thousandths: that of their arm
            while an experiment runs.
    """
    if now is None or not facts or not isinstance(engine, RuleEngine | RemoteEngine):
        return engine.decide(facts, history=history, quota_used=quota_used)
    place = facts[0].message["jurisdiction"]
    asked = Asked(place, civil_date(now, place), has_score=engine.score is not None)
    valve = valve_of(session, asked, now=now)
    if valve is not None and share < WHOLE:
        pools = {cell: minutes * share // WHOLE for cell, minutes in valve.pools.items()}
        valve = replace(valve, pools=pools)
    made = engine.decide(facts, history=history, quota_used=quota_used, valve=valve)
    if valve is not None and any(each.capacity_hash is not None for each in made):
        keep(session, valve, place, now=now)
    return made


def keep(
    session: Session, valve: Valve, jurisdiction: str, *, now: datetime, is_night: bool = False
) -> None:
    """Keep the snapshot that files were decided with; the same one is kept once."""
    session.execute(
        insert(CapacitySnapshot)
        .values(
            sha256=valve.sha256,
            jurisdiction=jurisdiction,
            day=valve.day,
            taken_at=now,
            is_night=is_night,
            content=valve.as_json(),
        )
        .on_conflict_do_nothing()
    )


def _pools(session: Session, asked: Asked) -> dict[str, int]:
    days = horizon(session, asked.day, asked.jurisdiction)
    found = free_time(session, asked.jurisdiction, days, without=asked.without)
    free: Counter[str] = Counter()
    for cell, minutes in found.cells.items():
        free[cell_name(cell.competence, cell.level, cell.region)] += minutes
    for (level, region, _), minutes in found.totals.items():
        free[cell_name(ALL_FLOWS, level, region)] += minutes
    return {name: total * (100 - RESERVE_PERCENT) // 100 for name, total in sorted(free.items())}


def _cutoffs(
    session: Session, asked: Asked, pools: Mapping[str, int], minutes: Mapping[str, int],
    now: datetime,
) -> dict[str, float]:  # fmt: skip
    """Return the least priority of each cell whose flow is answered at once."""
    instant = [code for code, flow in flows().items() if flow.is_instant]
    midnight = now - timedelta(hours=now.hour, minutes=now.minute, seconds=now.second)
    values = {
        "since": now - _RECENT, "midnight": midnight, "flows": instant, "most": _MOST,
        "jurisdiction": asked.jurisdiction,
    }  # fmt: skip
    recent: dict[str, list[float]] = defaultdict(list)
    today: Counter[str] = Counter()
    for row in session.execute(_PRIORITIES, values):
        recent[row.capacity_cell].append(row.priority)
        today[row.capacity_cell] += row.is_today
    days = session.execute(_DAYS, {"since": now - _RECENT, "midnight": midnight}).scalar_one()
    return rolling_cutoffs(
        recent, today, days, {cell: pools[cell] // _cost(cell, minutes) for cell in recent
                              if cell in pools}
    )  # fmt: skip


def _cost(cell: str, minutes: Mapping[str, int]) -> int:
    return max(1, minutes.get(cell.split("/", 1)[0], 15))
