"""A change of the calendar: what it moves is shown first, then counted again (calendrier).

Only limits in working days or hours can move, and only when the day lies within them. New limits
count with the change at once; those that run are counted again in the background, one file a
transaction, each told in the file's journal. Clocks that stand still are counted when they go on.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol import journal, outbox
from medcontrol.clock import ZONES, Clock
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, Kind
from medcontrol.ids import new_id
from medcontrol.model import CalendarChange, Deadline
from medcontrol.rules.clocks import LimitUnit, Standstill, TimeLimit, due_at
from medcontrol.services.calendar import announce, announced_days, withdraw
from medcontrol.vocabulary import BatchStatus, DeadlineKind, DeadlineStatus
from workflows.effects.clocks import standstill, standstills
from workflows.steps import alerts, moving, signals
from workflows.steps.limits import Limits, limits_with, warn_at
from workflows.steps.moving import Move
from workflows.tools import Tools

log = logging.getLogger(__name__)

TOPIC = "calendar.recount"
PAGE = 200
_WORKING = (LimitUnit.WORKING_DAY.value, LimitUnit.WORKING_HOUR.value)

# Clocks that run, and those that were late but moved no flow: the file's, and steps still open.
_MOVABLE = """
FROM deadline d JOIN control_file f ON f.id = d.control_file_id
WHERE f.jurisdiction = :jurisdiction AND f.closed_at IS NULL
  AND d.unit IN ('working_day', 'working_hour')
  AND (d.status = 'running' OR (d.status = 'fired' AND (d.engine_task_id IS NULL OR EXISTS (
        SELECT FROM human_task t WHERE t.control_file_id = f.id AND t.status = 'open'
          AND t.engine_task_id = d.engine_task_id))))
  AND d.starts_at < :day_ends AND d.due_at >= :day_begins
"""
_CLOCKS = sa.text(f"""
SELECT d.control_file_id, f.flow, d.kind, d.starts_at, d.amount, d.unit, d.due_at, d.status,
       CASE WHEN d.stops_for_completion THEN
         (SELECT json_agg(json_build_array(s.started_at, s.ended_at, s.reason))
          FROM suspension s WHERE s.control_file_id = f.id AND s.ended_at IS NOT NULL) END AS stops
{_MOVABLE} ORDER BY d.control_file_id
""")  # noqa: S608 - words of ours
_FILES = sa.text(f"""
SELECT DISTINCT d.control_file_id {_MOVABLE}
  AND (CAST(:after AS uuid) IS NULL OR d.control_file_id > CAST(:after AS uuid))
ORDER BY d.control_file_id LIMIT :page
""")


class CalendarChangedSince(DomainError):
    """What the change moves is not what was shown; look at it again before confirming."""

    kind = Kind.CONFLICT
    code = "calendar.changed_since"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A day announced as not worked or as worked, or, with neither, taken back."""

    jurisdiction: str
    day: date
    is_holiday: bool | None
    name: str = ""


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


@dataclass(slots=True)
class Recounted:
    """What a run did."""

    files: int = 0
    deadlines: int = 0
    failed: int = 0


def preview(session: Session, change: Change, *, now: datetime) -> Impact:
    """Return what a change would move, by flow; nothing is written."""
    limits = _limits_after(session, change)
    found: dict[str, FlowImpact] = defaultdict(lambda: FlowImpact(""))
    files: dict[str, set[UUID]] = defaultdict(set)
    known: dict[tuple[Any, ...], datetime] = {}
    for row in session.execute(_CLOCKS, _span(change)):
        due = _counted(limits, row, known)
        if due == row.due_at:
            continue
        flow = found[row.flow]
        flow.flow = row.flow
        files[row.flow].add(row.control_file_id)
        flow.deadlines += 1
        flow.legal += row.kind == DeadlineKind.LEGAL
        was_late = row.status == DeadlineStatus.FIRED or row.due_at <= now
        flow.late += not was_late and due <= now
        flow.relieved += was_late and due > now
    for name, flow in found.items():
        flow.files = len(files[name])
    return Impact(change, tuple(sorted(found.values(), key=lambda each: each.flow)))


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


def _span(change: Change) -> dict[str, Any]:
    zone = ZONES[change.jurisdiction]
    return {
        "jurisdiction": change.jurisdiction,
        "day_begins": datetime.combine(change.day, time(), zone),
        "day_ends": datetime.combine(change.day, time(23, 59, 59), zone),
    }


def _limits_after(session: Session, change: Change) -> Limits:
    """Return the limits under the calendar as it would be."""
    days = {each.day: each.is_holiday for each in announced_days(session, change.jurisdiction)}
    if change.is_holiday is None:
        days.pop(change.day, None)
    else:
        days[change.day] = change.is_holiday
    return limits_with(change.jurisdiction, days)


def make(
    session: Session,
    change: Change,
    *,
    by: UUID | None,
    now: datetime,
    expected: int | None = None,
) -> UUID:
    """Change the calendar now, and leave the counting again to the background.

    Args:
        session: the caller's transaction.
        change: what is announced or taken back.
        by: who; None at the command line.
        now: the instant.
        expected: how many deadlines were shown to move; None when nobody was shown anything.

    Raises:
        InvalidInput, NotFound: as ``announce`` and ``withdraw``.
        CalendarChangedSince: another number of deadlines would move than was shown.
    """
    impact = preview(session, change, now=now)
    if expected is not None and expected != impact.total("deadlines"):
        raise CalendarChangedSince
    if change.is_holiday is None:
        withdraw(session, change.jurisdiction, change.day)
    else:
        announce(
            session, change.jurisdiction, change.day, change.name, is_holiday=change.is_holiday
        )
    key = new_id()
    values = {
        "id": key, "jurisdiction": change.jurisdiction, "day": change.day,
        "is_holiday": change.is_holiday, "name": change.name.strip(), "made_at": now,
        "made_by": by, "foreseen": impact.as_json(),
    }  # fmt: skip
    session.add(CalendarChange.model_validate(values))
    message = outbox.NewMessage(topic=TOPIC, key=f"{TOPIC}:{key}", payload={"id": str(key)})
    outbox.publish(session, [message], now=now)
    session.flush()
    return key


def run(tools: Tools, change_id: UUID, *, now: Clock) -> Recounted:
    """Count again what a change may move; run twice or killed halfway, the end is the same.

    The change is not done while a file failed: running it again looks at all that are left.
    """
    with transaction() as session:
        change = session.get(CalendarChange, change_id, with_for_update=True)
        if change is None or change.status is BatchStatus.DONE:
            return Recounted()
        change.status = BatchStatus.RUNNING
        that = Change(
            jurisdiction=change.jurisdiction, day=change.day, is_holiday=change.is_holiday
        )
    done = Recounted()
    for file_id in _files(that):
        try:
            with transaction() as session:
                move = moving.begin(session, tools, file_id, actor=journal.SYSTEM, now=now())
                moved = recount(move)
                if moved:
                    moving.save(move)
                    _note(session, change_id, moved)
            done.files += moved > 0
            done.deadlines += moved
        except Exception as error:  # noqa: BLE001 - one bad file must cost one file
            done.failed += 1
            facts = {"control_file_id": str(file_id), "error": type(error).__name__}
            log.error("calendar.recount_failed", extra=facts)
    if not done.failed:
        with transaction() as session:
            change = session.get_one(CalendarChange, change_id, with_for_update=True)
            change.status, change.done_at = BatchStatus.DONE, now()
    return done


def _files(change: Change) -> Iterator[UUID]:
    after: UUID | None = None
    while True:
        with read_only() as session:
            values = _span(change) | {"after": after, "page": PAGE}
            page = list(session.execute(_FILES, values).scalars())
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1]


def _note(session: Session, change_id: UUID, moved: int) -> None:
    session.execute(
        sa.update(CalendarChange)
        .where(col(CalendarChange.id) == change_id)
        .values(
            moved_files=CalendarChange.moved_files + 1,
            moved_deadlines=CalendarChange.moved_deadlines + moved,
        )
    )


def recount(move: Move) -> int:
    """Count the working-time limits of a locked file again; return how many moved.

    What was reported late and is not any more runs again, and its badge goes. The caller saves.
    """
    session = move.session
    stops = standstills(move)
    opened = {task.engine_task_id: task for task in move.tasks}
    clocks = session.exec(
        select(Deadline)
        .where(
            Deadline.control_file_id == move.file.id,
            col(Deadline.unit).in_(_WORKING),
            col(Deadline.status).in_((DeadlineStatus.RUNNING, DeadlineStatus.FIRED)),
        )
        .execution_options(populate_existing=True)
    )
    moved = 0
    for clock in clocks:
        is_step = clock.engine_task_id in opened
        if clock.status is DeadlineStatus.FIRED and clock.engine_task_id and not is_step:
            continue  # it moved the flow
        limit = TimeLimit(clock.amount, LimitUnit(clock.unit))
        own_stops = stops if clock.stops_for_completion else ()
        due = due_at(move.limits.calendar, clock.starts_at, limit, own_stops)
        if due != clock.due_at:
            _move(move, clock, due, own_stops)
            moved += 1
    if moved:
        session.flush()
    return moved


def _move(move: Move, clock: Deadline, due: datetime, stops: Sequence[Standstill]) -> None:
    before, clock.due_at = clock.due_at, due
    for task in move.tasks:
        if task.due_at == before and clock.engine_task_id in (None, task.engine_task_id):
            task.due_at = due
    if clock.engine_task_id is None:
        if move.file.due_at == before:
            move.file.due_at = due
        if clock.kind is DeadlineKind.LEGAL:
            alerts.settle(move, clock)
            clock.warn_at = warn_at(
                move.file.jurisdiction, move.file.received_on, clock.starts_at, due, stops
            )
    if clock.status is DeadlineStatus.FIRED and due > move.now:
        clock.status, clock.settled_at = DeadlineStatus.RUNNING, None
        _relieve(move, clock)
    move.tell(
        "deadline.moved", deadline=clock.name, before=before.isoformat(), after=due.isoformat()
    )


def _relieve(move: Move, clock: Deadline) -> None:
    for task in move.tasks:
        if clock.engine_task_id in (None, task.engine_task_id):
            task.signals = [each for each in task.signals if each != signals.LATE]


def last_changes(session: Session, jurisdiction: str, limit: int = 10) -> Sequence[CalendarChange]:
    """Return the last changes of a calendar, the newest first."""
    return session.exec(
        select(CalendarChange)
        .where(CalendarChange.jurisdiction == jurisdiction)
        .order_by(col(CalendarChange.made_at).desc(), col(CalendarChange.id).desc())
        .limit(limit)
    ).all()


def totals(foreseen: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return the sums of what was foreseen over all flows."""
    names = ("files", "deadlines", "legal", "late", "relieved")
    return {name: sum(int(each.get(name, 0)) for each in foreseen) for name in names}
