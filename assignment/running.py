"""The moves of a reassignment over many files, chunk by chunk (exécution d'un lot)."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.orders import (
    LOCKED,
    NO_OPEN_TASK,
    Back,
    FileResult,
    Origin,
    Reassign,
    Target,
    ToEach,
)
from assignment.reasons import why_of
from assignment.reassignment import reassign
from assignment.reassignments import target_of
from medcontrol.clock import Clock
from medcontrol.db import transaction
from medcontrol.errors import NotFound
from medcontrol.journal import Actor
from medcontrol.model import ReassignmentBatch
from medcontrol.vocabulary import ActorKind, AssignmentMode, BatchKind, BatchStatus

log = logging.getLogger(__name__)

#: Tasks moved in one transaction.
CHUNK = 500
#: Rounds over the files that others hold, and the pause before each.
ROUNDS, PAUSE_SECONDS = 4, 0.25

_WAITING = sa.text("""
SELECT i.human_task_id, i.control_file_id, i.wanted_doctor_id, i.from_doctor_id
FROM reassignment_item i JOIN human_task t ON t.id = i.human_task_id
WHERE i.batch_id = :batch AND i.status = 'waiting' AND NOT i.human_task_id = ANY(:passed)
ORDER BY t.is_urgent DESC, t.due_at, t.id LIMIT :limit
""")
_STILL = sa.text("""
SELECT human_task_id FROM reassignment_item
WHERE batch_id = :batch AND status = 'waiting' AND human_task_id = ANY(:tasks)
""")
_ORIGINS = sa.text("""
SELECT i.human_task_id, i.from_doctor_id, i.from_agency, i.from_region, i.journal_number,
       a.why, a.assigned_at
FROM reassignment_item i
LEFT JOIN LATERAL (
  SELECT why, assigned_at FROM assignment
  WHERE control_file_id = i.control_file_id AND human_task_id = i.human_task_id
    AND doctor_id = i.from_doctor_id AND ended_at <= i.settled_at
  ORDER BY ended_at DESC, id DESC LIMIT 1
) a ON true
WHERE i.batch_id = :parent AND i.human_task_id = ANY(:tasks)
""")
_SETTLE = sa.text("""
UPDATE reassignment_item i
SET status = CASE WHEN v.refusals = '' THEN 'moved' ELSE 'refused' END,
    from_doctor_id = v.holder, to_doctor_id = v.doctor, settled_at = :now,
    refusals = string_to_array(v.refusals, ' '), warnings = string_to_array(v.warnings, ' '),
    journal_number = f.journal_length
FROM unnest(CAST(:tasks AS uuid[]), CAST(:holders AS uuid[]), CAST(:doctors AS uuid[]),
            CAST(:refusals AS text[]), CAST(:warnings AS text[]))
     AS v(task, holder, doctor, refusals, warnings)
JOIN human_task t ON t.id = v.task JOIN control_file f ON f.id = t.control_file_id
WHERE i.batch_id = :batch AND i.human_task_id = v.task AND i.status = 'waiting'
""")
_UNDONE = sa.text("""
UPDATE reassignment_item SET status = 'undone'
WHERE batch_id = :parent AND human_task_id = ANY(:tasks) AND status = 'moved'
""")


@dataclass(slots=True)
class _Progress:
    """What one call has tried so far: tasks that others held, by round."""

    busy: set[UUID] = field(default_factory=set)
    round: int = 1


def run_batch(batch_id: UUID, *, now: Clock, chunk: int = CHUNK) -> None:
    """Move what a batch asks for; may be called again at any time, also by two at once.

    Files that others hold are left for later rounds, then refused as ``locked``. A chunk that
    fails is halved until the file that fails stands alone and is refused as ``failed``.

    Raises:
        NotFound: no such batch.
    """
    progress = _Progress()
    while True:
        with transaction() as session:
            batch = _lock(session, batch_id, now)
            if batch is None:
                return
            rows = _next(session, batch_id, progress.busy, chunk)
            if not rows and not progress.busy:
                batch.status, batch.finished_at = BatchStatus.DONE, now()
                return
        if rows:
            _attempt(batch_id, rows, progress, now)
            continue
        time.sleep(PAUSE_SECONDS)
        progress.round += 1
        progress.busy.clear()


def _lock(session: Session, batch_id: UUID, now: Clock) -> ReassignmentBatch | None:
    """Lock a batch, so that another runner waits; None when it ended."""
    batch = session.get(ReassignmentBatch, batch_id, with_for_update=True, populate_existing=True)
    if batch is None:
        raise NotFound(f"no batch {batch_id}", field="batch")
    if batch.status is BatchStatus.DONE:
        return None
    if batch.started_at is None:
        batch.started_at, batch.status = now(), BatchStatus.RUNNING
    return batch


def _next(session: Session, batch_id: UUID, passed: set[UUID], limit: int) -> Sequence[Any]:
    values = {"batch": batch_id, "passed": list(passed), "limit": limit}
    return session.execute(_WAITING, values).all()


def _still_waiting(session: Session, batch_id: UUID, rows: Sequence[Any]) -> list[Any]:
    """Return the rows that no other runner moved since they were found."""
    values = {"batch": batch_id, "tasks": [row.human_task_id for row in rows]}
    left = set(session.execute(_STILL, values).scalars())
    return [row for row in rows if row.human_task_id in left]


def _attempt(batch_id: UUID, rows: Sequence[Any], progress: _Progress, now: Clock) -> None:
    """Move the tasks of a chunk, in halves when it fails."""
    try:
        with transaction() as session:
            batch = _lock(session, batch_id, now)
            left = [] if batch is None else _still_waiting(session, batch_id, rows)
            if batch is not None and left:
                _move(session, batch, left, progress, now)
        return
    except sa.exc.OperationalError as error:
        if error.connection_invalidated:
            raise
        fault = LOCKED  # the loads or a row were not given in time
    except Exception as error:  # noqa: BLE001 - one bad file must cost one file
        fault = "failed"
        if len(rows) == 1:
            facts = {"batch_id": str(batch_id), "task_id": str(rows[0].human_task_id)}
            log.error("reassignment.failed", extra=facts | {"error": type(error).__name__})
    if len(rows) > 1:
        half = len(rows) // 2
        _attempt(batch_id, rows[:half], progress, now)
        _attempt(batch_id, rows[half:], progress, now)
        return
    if fault == LOCKED and progress.round < ROUNDS:
        progress.busy.add(rows[0].human_task_id)
        return
    with transaction() as session:
        _settle(session, batch_id, [_refused(rows[0], fault)], now)


def _move(
    session: Session, batch: ReassignmentBatch, rows: Sequence[Any], progress: _Progress, now: Clock
) -> None:
    at = now()
    result = reassign(
        session,
        Reassign(
            file_ids=[row.control_file_id for row in rows],
            task_ids=[row.human_task_id for row in rows],
            target=_target(session, batch, rows),
            reason=batch.reason,
            note=batch.note,
            batch_id=batch.id,
            mode=_MODES.get(batch.kind, AssignmentMode.BULK),
            waits=False,
        ),
        now=at,
        jurisdiction=batch.jurisdiction,
        actor=Actor(ActorKind.USER, batch.requested_label, batch.requested_by),
    )
    by_task = {each.task_id: each for each in result.files if each.task_id is not None}
    locked = {each.control_file_id for each in result.files if each.refused == (LOCKED,)}
    settled = []
    for row in rows:
        each = by_task.get(row.human_task_id)
        if each is None and row.control_file_id in locked and progress.round < ROUNDS:
            progress.busy.add(row.human_task_id)
            continue
        fault = LOCKED if row.control_file_id in locked else NO_OPEN_TASK
        settled.append(each or _refused(row, fault))
    _settle(session, batch.id, settled, now)
    if batch.kind is BatchKind.UNDO:
        tasks = [each.task_id for each in settled if each.is_moved]
        session.execute(_UNDONE, {"parent": batch.parent_id, "tasks": tasks})


_MODES = {BatchKind.HANDOVER: AssignmentMode.REPAIR}


def _target(session: Session, batch: ReassignmentBatch, rows: Sequence[Any]) -> Target:
    if batch.kind is BatchKind.UNDO:
        tasks = [row.human_task_id for row in rows]
        found = session.execute(_ORIGINS, {"parent": batch.parent_id, "tasks": tasks})
        return Back(
            {
                row.human_task_id: Origin(
                    row.from_doctor_id,
                    row.from_agency,
                    row.from_region,
                    row.journal_number,
                    why_of(row.why),
                    row.assigned_at,
                )
                for row in found
            }
        )
    if rows[0].wanted_doctor_id is not None:
        return ToEach({row.human_task_id: row.wanted_doctor_id for row in rows})
    return target_of(batch.target)


def _refused(row: Any, fault: str) -> FileResult:
    task, holder = row.human_task_id, row.from_doctor_id
    return FileResult(row.control_file_id, task, holder, None, (fault,))


def _settle(session: Session, batch_id: UUID, results: Sequence[FileResult], now: Clock) -> None:
    if not results:
        return
    values = {
        "batch": batch_id,
        "now": now(),
        "tasks": [each.task_id for each in results],
        "holders": [each.from_doctor for each in results],
        "doctors": [each.to_doctor for each in results],
        "refusals": [" ".join(each.refused) for each in results],
        "warnings": [" ".join(each.warnings) for each in results],
    }
    session.execute(_SETTLE, values)
