"""What a change of the calendar would move, shown before it is made (effet d'un jour annoncé)."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from medcontrol.rules.clocks import Standstill
from medcontrol.services.calendar import announced_days
from medcontrol.vocabulary import DeadlineKind, DeadlineStatus
from workflows.effects.clocks import standstill
from workflows.steps.calendar_reach import Change, movable_clocks
from workflows.steps.limits import Limits, limits_with


@dataclass(slots=True)
class FlowImpact:
    """What moves in one flow: open files and their deadlines.

    ``late`` become late by the change, ``relieved`` stop being late.
    """

    flow: str
    files: int = 0
    deadlines: int = 0
    legal: int = 0
    late: int = 0
    relieved: int = 0

    def note(self, row: Any, due: datetime, now: datetime) -> None:
        """Add a clock of ``movable_clocks`` that would end at ``due``."""
        was_late = row.status == DeadlineStatus.FIRED or row.due_at <= now
        self.deadlines += 1
        self.legal += row.kind == DeadlineKind.LEGAL
        self.late += not was_late and due <= now
        self.relieved += was_late and due > now


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change moves, by flow."""

    change: Change
    flows: tuple[FlowImpact, ...]

    def total(self, what: str) -> int:
        """Return the sum of one figure over all flows."""
        return sum(getattr(each, what) for each in self.flows)

    def as_json(self) -> list[dict[str, int | str]]:
        """Return what is kept with the change."""
        return [asdict(each) for each in self.flows]


def preview(session: Session, change: Change, *, now: datetime) -> Impact:
    """Return what a change would move, by flow; nothing is written."""
    limits = _limits_after(session, change)
    flows: dict[str, FlowImpact] = {}
    files: dict[str, set[UUID]] = defaultdict(set)
    known: dict[tuple[Any, ...], datetime] = {}
    for row in movable_clocks(session, change):
        due = _counted(limits, row, known)
        if due != row.due_at:
            flows.setdefault(row.flow, FlowImpact(row.flow)).note(row, due, now)
            files[row.flow].add(row.control_file_id)
    for name, flow in flows.items():
        flow.files = len(files[name])
    return Impact(change, tuple(flow for _, flow in sorted(flows.items())))


def _limits_after(session: Session, change: Change) -> Limits:
    """Return the limits under the calendar as it would be."""
    days = {each.day: each.is_holiday for each in announced_days(session, change.jurisdiction)}
    if change.is_holiday is None:
        days.pop(change.day, None)
    else:
        days[change.day] = change.is_holiday
    return limits_with(change.jurisdiction, days)


def _counted(limits: Limits, row: Any, known: dict[tuple[Any, ...], datetime]) -> datetime:
    """Return the end of a limit; many files share theirs."""
    if row.stops:
        return limits.extended(row.starts_at, row.amount, row.unit, _stops(row.stops))
    key = (row.starts_at, row.amount, row.unit)
    if key not in known:
        known[key] = limits.extended(row.starts_at, row.amount, row.unit, ())
    return known[key]


def _stops(rows: Sequence[Sequence[str]]) -> list[Standstill]:
    return [
        standstill(datetime.fromisoformat(start), datetime.fromisoformat(end), reason)
        for start, end, reason in rows
    ]
