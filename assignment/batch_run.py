"""One run over the pool (tournée d'affectation): read, plan, check, write in chunks.

The plan is made on a snapshot and without locks. What is written is compared with the snapshot
again: a file that somebody moved meanwhile, or a doctor who filled up, is left out and counted.
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import TypeVar
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.batch import plan_over
from assignment.facts import Plan, PlannedAssignment, UnassignedTask
from assignment.loading_tasks import load_snapshot
from assignment.loads import lock_loads
from assignment.service import approve, find_waiting
from assignment.spread import spread_over
from assignment.staff import Staff, doctors_by_id, staff
from assignment.writing import Occasion, in_batch, say_why_not, write_plan
from medcontrol import journal, outbox
from medcontrol.clock import Clock
from medcontrol.collecting import undisturbed
from medcontrol.copying import ids_text
from medcontrol.db import read_only, shared_engine, transaction, using
from medcontrol.turns import take_turn

log = logging.getLogger(__name__)

#: From so many waiting tasks on, they are planned together over the days ahead.
FLOW_FROM = 200
#: While nobody is busier than this, nearness counts and evenness does not.
EVEN_FROM = 0.5
CHUNK = 1000
WRITERS = 2

_UNCHANGED = sa.text("""
SELECT t.id, f.version FROM human_task t JOIN control_file f ON f.id = t.control_file_id
WHERE t.id = ANY(CAST(:ids AS uuid[])) AND t.status = 'open' AND t.assigned_doctor_id IS NULL
ORDER BY f.id FOR UPDATE OF f SKIP LOCKED
""")


@dataclass(slots=True)
class BatchRun:
    """What a run did, or would do.

    Attributes:
        waiting: tasks in the pool when it began.
        assigned: tasks that have a doctor now.
        dropped: tasks left out when writing, by reason: ``changed`` (the file moved on or is
            being worked on) or ``full`` (its doctor was given other work).
        unassigned: tasks that wait, by reason: ``awaits_capacity`` or ``nobody_may_take_it``.
        busy_regions: regions that another run is at; their tasks were left to it.
        plan: what was planned, for who wants to look at it.
        lower_bound, worst_utilisation, late_points, late_points_bound: of a plan over days; None
            of a small one.
        violations: what the checker found; a run with any is refused.
    """

    waiting: int = 0
    assigned: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    unassigned: Counter[str] = field(default_factory=Counter)
    busy_regions: tuple[str, ...] = ()
    plan: Plan = field(default_factory=Plan)
    lower_bound: float | None = None
    worst_utilisation: float | None = None
    late_points: int | None = None
    late_points_bound: int | None = None
    violations: int = 0
    is_dry_run: bool = False


def run_batch(
    jurisdiction: str,
    *,
    now: Clock,
    actor: journal.Actor = journal.SYSTEM,
    region: str | None = None,
    agency: str | None = None,
    is_dry_run: bool = False,
    chunk: int = CHUNK,
) -> BatchRun:
    """Plan the pool and give doctors what they should have now; each chunk is a transaction.

    Args:
        jurisdiction: whose pool.
        now: the clock.
        actor: who, for the journal.
        region: only of this region.
        agency: only of this agency.
        is_dry_run: write nothing.
        chunk: tasks that are written together.

    Raises:
        RuntimeError: the plan did not pass its checker; nothing was written.
    """
    result = BatchRun(is_dry_run=is_dry_run)
    if is_dry_run:
        with undisturbed():
            _plan(result, jurisdiction, now(), region, agency, None)
        return result
    with transaction() as turn, undisturbed():
        free = _take_turns(turn, jurisdiction, region, result)
        versions = _plan(result, jurisdiction, now(), region, agency, free)
        occasion = in_batch(Occasion(now=now(), actor=actor))
        _write_all(
            _by_doctor(result.plan.assignments, chunk), versions, jurisdiction, occasion, result
        )
        for rest in _parts(result.plan.unassigned, chunk):
            _say(rest, versions, occasion.now)
    return result


def _take_turns(turn: Session, jurisdiction: str, region: str | None, result: BatchRun) -> set[str]:
    """Take the turn of each region, or leave the region to the run that has it."""
    regions = sorted([region] if region is not None else _regions(turn, jurisdiction))
    got = {each for each in regions if take_turn(turn, f"assign:{each}")}
    result.busy_regions = tuple(each for each in regions if each not in got)
    return got


def _regions(session: Session, jurisdiction: str) -> list[str]:
    statement = """
        SELECT DISTINCT t.region_code FROM human_task t
        JOIN control_file f ON f.id = t.control_file_id
        WHERE t.status = 'open' AND t.is_medical AND t.assigned_doctor_id IS NULL
          AND f.jurisdiction = :jurisdiction"""
    return list(session.execute(sa.text(statement), {"jurisdiction": jurisdiction}).scalars())


def _plan(
    result: BatchRun,
    jurisdiction: str,
    now: datetime,
    region: str | None,
    agency: str | None,
    free: Collection[str] | None,
) -> Mapping[UUID, int]:
    """Read the pool and plan it; return the version of each task's file."""
    with read_only() as session:
        known = staff(session, jurisdiction, now)
        eligibility = known.with_loads(session)
        ids = find_waiting(session, jurisdiction, region=region, agency=agency)
        tasks, versions = load_snapshot(session, ids)
    if free is not None:
        tasks = [task for task in tasks if task.region in free]
    tasks = known.patient(tasks)
    result.waiting = len(tasks)
    if len(tasks) < FLOW_FROM:
        result.plan = plan_over(eligibility, tasks)
    else:
        found = spread_over(eligibility, tasks, floor=EVEN_FROM)
        result.plan, result.late_points = found.plan, found.late_points
        result.late_points_bound = found.late_points_bound
        result.lower_bound = round(found.lower_bound, 4)
        result.worst_utilisation = round(found.worst_utilisation, 4)
    chosen = {each.doctor_id for each in result.plan.assignments}
    result.violations = approve(result.plan, tasks, doctors_by_id(eligibility, list(chosen)), known)
    for left in result.plan.unassigned:
        result.unassigned[reason_of(left)] += 1
    if free is None:
        result.assigned = len(result.plan.assignments)
    return versions


def reason_of(left: UnassignedTask) -> str:
    """Return whether a task waits for somebody's time or for a supervisor.

    ``nobody_may_take_it`` covers doctors who may and never work: no day can be named then.
    """
    return "nobody_may_take_it" if left.expected_on is None else "awaits_capacity"


_Row = TypeVar("_Row")


def _parts(rows: Sequence[_Row], size: int) -> Iterator[Sequence[_Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _by_doctor(made: Sequence[PlannedAssignment], size: int) -> list[list[PlannedAssignment]]:
    """Return parts of about ``size`` that share no doctor: none waits for another's locks."""
    parts: list[list[PlannedAssignment]] = []
    ordered = sorted(made, key=lambda each: (each.doctor_id, each.task.urgency))
    for _, of_doctor in groupby(ordered, key=lambda each: each.doctor_id):
        if not parts or len(parts[-1]) >= size:
            parts.append([])
        parts[-1] += of_doctor
    return parts


def _write_all(
    parts: Sequence[Sequence[PlannedAssignment]],
    versions: Mapping[UUID, int],
    jurisdiction: str,
    occasion: Occasion,
    result: BatchRun,
) -> None:
    """Write all chunks, two at a time: one is prepared here while the database takes the other."""
    bind = shared_engine()

    def write(part: Sequence[PlannedAssignment]) -> tuple[int, Counter[str]]:
        with using(bind) if bind is not None else nullcontext():
            return _write(part, versions, jurisdiction, occasion)

    with ThreadPoolExecutor(WRITERS) as pool:
        several = bind is not None and len(parts) > 1
        for assigned, dropped in pool.map(write, parts) if several else map(write, parts):
            result.assigned += assigned
            result.dropped.update(dropped)


def _write(
    part: Sequence[PlannedAssignment],
    versions: Mapping[UUID, int],
    jurisdiction: str,
    occasion: Occasion,
) -> tuple[int, Counter[str]]:
    """Write a chunk: what is as it was when it was planned, as far as its doctors have room.

    Returns:
        How many tasks have a doctor now, and how many were left out, by reason.
    """
    try:
        with transaction() as session:
            kept = _as_planned(session, part, versions)
            fitting = _that_fit(session, kept, staff(session, jurisdiction, occasion.now))
            write_plan(session, Plan(tuple(fitting)), occasion)
    except sa.exc.OperationalError as error:
        if error.connection_invalidated:
            raise  # the database is gone
        log.warning("pool.busy", extra={"tasks": len(part), "error": type(error).__name__})
        return 0, Counter(locked=len(part))
    left = Counter(changed=len(part) - len(kept), full=len(kept) - len(fitting))
    return len(fitting), +left  # forget what is nought


def _as_planned(
    session: Session, part: Sequence[PlannedAssignment], versions: Mapping[UUID, int]
) -> list[PlannedAssignment]:
    """Lock the files and return what nobody changed since the snapshot."""
    ids = ids_text(each.task.id for each in part)
    found = {row[0]: row[1] for row in session.execute(_UNCHANGED, {"ids": ids})}
    return [each for each in part if found.get(each.task.id) == versions[each.task.id]]


def _that_fit(
    session: Session, made: Sequence[PlannedAssignment], known: Staff
) -> list[PlannedAssignment]:
    """Lock the doctors and return what still fits into what each may hold, urgent work first."""
    table = known.eligibility.table
    ids = sorted({each.doctor_id for each in made})
    loads = lock_loads(session, ids)
    fitting = []
    for each in sorted(made, key=lambda each: each.task.urgency):
        at = table.position.get(each.doctor_id)
        if at is None:
            continue  # left the fund's service since
        room = table.capacity.item(at) - loads[each.doctor_id]
        if each.task.priority == 0:
            room += table.spare.item(at)
        if each.task.points <= room:
            loads[each.doctor_id] += each.task.points
            fitting.append(each)
    return fitting


def _say(rest: Sequence[UnassignedTask], versions: Mapping[UUID, int], now: datetime) -> None:
    """Save why tasks wait and until when, of those that nobody works on."""
    with transaction() as session:
        ids = ids_text(each.task.id for each in rest)
        found = {row[0]: row[1] for row in session.execute(_UNCHANGED, {"ids": ids})}
        same = [each for each in rest if found.get(each.task.id) == versions[each.task.id]]
        say_why_not(session, same)
        stuck = [_event(each) for each in same if each.expected_on is None]
        outbox.publish(session, stuck, now=now)


def _event(left: UnassignedTask) -> outbox.NewMessage:
    """Return the thin event of a task that nobody may have; told once for each task."""
    payload = {
        "event": "file.unassignable",
        "control_file_id": str(left.task.control_file_id),
        "task_id": str(left.task.id),
    }
    key = f"event:file.unassignable:{left.task.id}"
    return outbox.NewMessage(topic="events.deliver", key=key, payload=payload)
