"""Reassignments over many files (réaffectation en masse): asked for at once, done in chunks.

A request writes the batch, one item for each task and an outbox message, in the caller's
transaction. ``run_batch`` takes the items in chunks, each in a transaction of its own, and may
be called again at any time. A task waits in one batch at most: the database says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from assignment.orders import Target, ToDoctor, ToDoctors, ToPool
from assignment.reassignment import load_pool
from medcontrol import outbox
from medcontrol.errors import DomainError, InvalidInput, Kind, NotFound
from medcontrol.model import ReassignmentBatch
from medcontrol.policy import Principal
from medcontrol.vocabulary import BatchKind, BatchStatus

TOPIC = "reassignment.run"
#: Tasks of one batch; a selection that is larger has to be narrowed.
MOST_TASKS = 20_000
#: How long the moves of a batch can be taken back.
UNDO_FOR = timedelta(minutes=15)

#: Refusals that another try can't change.
_FINAL = ("unchanged", "no_open_task")


class SelectionTooLarge(DomainError):
    """More files are chosen than one reassignment takes; narrow the filter."""

    kind = Kind.INVALID
    code = "reassignment.too_many"


class UndoExpired(DomainError):
    """The time in which a reassignment can be taken back is over."""

    kind = Kind.CONFLICT
    code = "reassignment.undo_expired"


class BatchNotDone(DomainError):
    """The reassignment is still running."""

    kind = Kind.CONFLICT
    code = "reassignment.not_done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a batch is to do.

    Attributes:
        batch_id: drawn with the preview; the same one again is the same batch.
        target: where the files go, in the form of ``target_json``; a hand-over names doctors
            with the tasks instead.
        reason, note: as for ``Reassign``.
        absence_id: the absence that is handed over.
    """

    batch_id: UUID
    kind: BatchKind
    target: Mapping[str, Any]
    reason: str
    note: str | None = None
    parent_id: UUID | None = None
    absence_id: UUID | None = None


def target_json(target: ToDoctor | ToDoctors | ToPool) -> dict[str, Any]:
    """Return a target as it is stored with a batch."""
    if isinstance(target, ToPool):
        return {"pool": target.unit_code}
    ids = [target.doctor_id] if isinstance(target, ToDoctor) else target.doctor_ids
    return {"doctors": [str(each) for each in ids]}


def target_of(stored: Mapping[str, Any]) -> Target:
    """Return the target that a batch holds.

    Raises:
        InvalidInput: it is none (a hand-over or an undo, where each item has its own).
    """
    if "pool" in stored:
        return ToPool(stored["pool"])
    ids = tuple(UUID(each) for each in stored.get("doctors", ()))
    if not ids:
        raise InvalidInput("no target", field="target")
    return ToDoctor(ids[0]) if len(ids) == 1 else ToDoctors(ids)


def request(
    session: Session,
    order: Order,
    tasks: Mapping[UUID, UUID | None],
    *,
    principal: Principal,
    jurisdiction: str,
    now: datetime,
) -> ReassignmentBatch:
    """Ask for a reassignment in the caller's transaction.

    Args:
        session: the caller's transaction.
        order: what is wanted. Sent twice, it is one batch.
        tasks: medical tasks that the principal may reassign, each with its own doctor when the
            order names none for all.
        principal: who asks.
        jurisdiction: whose files.
        now: when.

    Raises:
        SelectionTooLarge: more than ``MOST_TASKS``.
        InvalidInput: nothing is selected (field ``tasks``), or the unit has no pool.
        NotFound: the id is another person's batch, or the unit is unknown.
    """
    if len(tasks) > MOST_TASKS:
        raise SelectionTooLarge(f"{len(tasks)} files")
    if not tasks:
        raise InvalidInput("no file is selected", field="tasks")
    if "pool" in order.target:
        load_pool(session, order.target["pool"], jurisdiction)
    batch, is_new = _open(session, order, principal, jurisdiction, now)
    if is_new:
        values = {"batch": batch.id, "now": now, "tasks": list(tasks),
                  "doctors": list(tasks.values())}  # fmt: skip
        session.execute(_FILL, values)
        _publish(session, batch, now)
    return batch


def _open(
    session: Session, order: Order, principal: Principal, jurisdiction: str, now: datetime
) -> tuple[ReassignmentBatch, bool]:
    row = {
        "id": order.batch_id, "jurisdiction": jurisdiction, "kind": order.kind,
        "parent_id": order.parent_id, "absence_id": order.absence_id,
        "requested_by": principal.id, "requested_label": principal.name, "requested_at": now,
        "target": dict(order.target), "reason": order.reason, "note": order.note,
        "status": BatchStatus.WAITING, "total": 0,
    }  # fmt: skip
    statement = insert(ReassignmentBatch).values(row).on_conflict_do_nothing()
    made = session.execute(statement.returning(sa.literal(1))).scalar()
    batch = session.get(ReassignmentBatch, order.batch_id, populate_existing=True)
    if batch is None or batch.requested_by != principal.id:
        raise NotFound("this batch is another one", field="batch")
    return batch, made is not None


# A task that waits in another batch is refused here; the index settles the race.
_FILL = sa.text("""
WITH wanted AS (
  SELECT t.id, t.control_file_id, t.reference, t.assigned_doctor_id, t.agency_code,
         t.region_code, w.doctor
  FROM unnest(CAST(:tasks AS uuid[]), CAST(:doctors AS uuid[])) AS w(task, doctor)
  JOIN human_task t ON t.id = w.task AND t.is_medical
), made AS (
  INSERT INTO reassignment_item (batch_id, human_task_id, control_file_id, reference, status,
    from_doctor_id, from_agency, from_region, wanted_doctor_id, refusals, warnings)
  SELECT :batch, id, control_file_id, reference, 'waiting', assigned_doctor_id, agency_code,
    region_code, doctor, '{}', '{}'
  FROM wanted ORDER BY id
  ON CONFLICT DO NOTHING
  RETURNING human_task_id
)
INSERT INTO reassignment_item (batch_id, human_task_id, control_file_id, reference, status,
  from_doctor_id, from_agency, from_region, wanted_doctor_id, refusals, warnings, settled_at)
SELECT :batch, id, control_file_id, reference, 'refused', assigned_doctor_id, agency_code,
  region_code, doctor, '{other_batch}', '{}', :now
FROM wanted WHERE id NOT IN (SELECT human_task_id FROM made)
""")
_COUNT = sa.text("SELECT count(*) FROM reassignment_item WHERE batch_id = :batch")


def _publish(session: Session, batch: ReassignmentBatch, now: datetime) -> None:
    """Count the items and ask for a worker."""
    batch.total = session.execute(_COUNT, {"batch": batch.id}).scalar_one()
    message = outbox.NewMessage(
        topic=TOPIC, key=f"reassignment:{batch.id}", payload={"batch_id": str(batch.id)}
    )
    outbox.publish(session, [message], now=now)


def retry(
    session: Session, batch_id: UUID, parent_id: UUID, *, principal: Principal, now: datetime
) -> ReassignmentBatch:
    """Ask once more for what a batch refused, but for what no try can change.

    Raises:
        NotFound: no such batch of this person.
        BatchNotDone: it still runs.
        InvalidInput: nothing is left to try (field ``tasks``).
    """
    parent = own_batch(session, parent_id, principal)
    if parent.status is not BatchStatus.DONE:
        raise BatchNotDone
    if parent.kind is BatchKind.UNDO:
        raise InvalidInput("what could not be taken back stays", field="tasks")
    rows = session.execute(_REFUSED, {"batch": parent_id, "final": list(_FINAL)})
    order = Order(
        batch_id=batch_id, kind=BatchKind.RETRY, target=parent.target, reason=parent.reason,
        note=parent.note, parent_id=parent_id, absence_id=parent.absence_id,
    )  # fmt: skip
    tasks = {row.human_task_id: row.wanted_doctor_id for row in rows}
    return request(
        session, order, tasks, principal=principal, jurisdiction=parent.jurisdiction, now=now
    )


_REFUSED = sa.text("""
SELECT i.human_task_id, i.wanted_doctor_id FROM reassignment_item i
JOIN human_task t ON t.id = i.human_task_id AND t.status = 'open'
WHERE i.batch_id = :batch AND i.status = 'refused' AND NOT i.refusals && CAST(:final AS text[])
""")


def undo(
    session: Session, batch_id: UUID, parent_id: UUID, *, principal: Principal, now: datetime
) -> ReassignmentBatch:
    """Ask for the inverse of a batch: what nobody worked on since goes back where it was.

    A batch is undone once; asked again, the same undoing is returned.

    Raises:
        NotFound: no such batch of this person.
        BatchNotDone: it still runs.
        UndoExpired: it ended more than ``UNDO_FOR`` ago, or is itself an undoing.
        InvalidInput: it moved nothing (field ``tasks``).
    """
    parent = own_batch(session, parent_id, principal, lock=True)
    earlier = session.execute(_UNDONE_BY, {"parent": parent_id}).scalar()
    if earlier is not None:
        return session.get_one(ReassignmentBatch, earlier)
    if parent.finished_at is None:
        raise BatchNotDone
    if parent.kind is BatchKind.UNDO or now > parent.finished_at + UNDO_FOR:
        raise UndoExpired
    moved = session.execute(_MOVED, {"batch": parent_id}).scalars().all()
    order = Order(
        batch_id=batch_id, kind=BatchKind.UNDO, target={}, reason="undo", parent_id=parent_id
    )
    return request(
        session, order, dict.fromkeys(moved), principal=principal,
        jurisdiction=parent.jurisdiction, now=now,
    )  # fmt: skip


_UNDONE_BY = sa.text(
    "SELECT id FROM reassignment_batch WHERE parent_id = :parent AND kind = 'undo'"
)
_MOVED = sa.text("""
SELECT human_task_id FROM reassignment_item WHERE batch_id = :batch AND status = 'moved'
ORDER BY human_task_id
""")


def own_batch(
    session: Session, batch_id: UUID, principal: Principal, *, lock: bool = False
) -> ReassignmentBatch:
    """Return a batch that the principal asked for.

    Raises:
        NotFound: no such batch, or somebody else's.
    """
    batch = session.get(
        ReassignmentBatch, batch_id, with_for_update=lock or None, populate_existing=True
    )
    if batch is None or batch.requested_by != principal.id:
        raise NotFound(f"no batch {batch_id}", field="batch")
    return batch
