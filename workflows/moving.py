"""A file's move through its flow, saved: tasks, clocks, state, status, doctors (avancement)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from assignment.service import assign_tasks, load_tasks, release
from medcontrol import journal, outbox
from medcontrol.model import (
    ControlFile,
    Deadline,
    Entitlement,
    FlowInstance,
    HumanTask,
    ReceivedFile,
)
from medcontrol.rules.clocks import Standstill
from medcontrol.services import files
from medcontrol.vocabulary import DeadlineStatus, EntitlementStatus, TaskStatus
from workflows import rows
from workflows.catalog import Pack
from workflows.letter_writing import Occasion
from workflows.limits import Limits, limits_of
from workflows.paths import Advance, WaitingTask
from workflows.tools import Tools

_FILE_COLUMNS = tuple(sa.inspect(ControlFile).columns.keys())
_RECEIVED = (
    "given_name", "family_name", "beneficiary_given_name", "beneficiary_family_name", "language",
    "details", "received_at", "birth_date", "sex", "relation", "beneficiary_birth_date",
)  # fmt: skip


@dataclass(slots=True)
class Move:
    """A file under lock, on its way from one wait to the next."""

    session: Session
    tools: Tools
    file: ControlFile
    flow: FlowInstance
    pack: Pack
    actor: journal.Actor
    now: datetime
    occasion: Occasion = field(default_factory=Occasion)
    # The doctor who just acted: the next step stays with them where it may.
    holder: UUID | None = None
    entries: list[journal.Entry] = field(default_factory=list)
    messages: list[outbox.NewMessage] = field(default_factory=list)
    letters: int = 0
    _received: dict[str, Any] | None = None
    _limits: Limits | None = None

    @property
    def limits(self) -> Limits:
        """The law's limits under today's calendar."""
        if self._limits is None:
            self._limits = limits_of(self.session, self.file.jurisdiction)
        return self._limits

    @property
    def received(self) -> dict[str, Any]:
        """Who the file is about, as received; read once."""
        if self._received is None:
            columns = [getattr(ReceivedFile, name) for name in _RECEIVED]
            row = self.session.execute(
                sa.select(*columns).where(col(ReceivedFile.id) == self.file.received_file_id)
            ).one()
            self._received = dict(zip(_RECEIVED, row, strict=True))
        return self._received

    def columns(self) -> dict[str, Any]:
        """Return the file as a mapping of its columns, as it stands now."""
        return {name: getattr(self.file, name) for name in _FILE_COLUMNS}

    def tell(self, action: str, **facts: Any) -> None:
        """Note a journal entry of this move. Codes and ids only."""
        self.entries.append(journal.Entry(self.file.id, action, facts))

    def announce(self, event: str, **facts: str) -> None:
        """Note a thin event for other systems: ids only, never a person."""
        payload = {"event": event, "control_file_id": str(self.file.id), **facts}
        key = f"event:{event}:{self.file.id}:{self.file.version}"
        self.messages.append(outbox.NewMessage(topic="events.deliver", key=key, payload=payload))


def begin(
    session: Session,
    tools: Tools,
    control_file_id: UUID,
    *,
    actor: journal.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Move:
    """Lock a file and return it ready to move.

    Raises:
        NotFound, StaleControlFile: as ``services.files.lock``.
        InvalidInput: the pack on disk is not the one that the file was opened under.
    """
    file = files.lock(session, control_file_id, expected_version=expected_version)
    flow = session.get_one(FlowInstance, control_file_id, populate_existing=True)
    pack = tools.catalog.get(file.pack, file.flow, flow.pack_hash)
    return Move(session, tools, file, flow, pack, actor, now)


def open_tasks(session: Session, control_file_id: UUID) -> list[HumanTask]:
    """Return the open tasks of a locked file."""
    statement = sa.select(HumanTask).where(
        col(HumanTask.control_file_id) == control_file_id,
        col(HumanTask.status) == TaskStatus.OPEN,
    )
    return list(session.execute(statement.execution_options(populate_existing=True)).scalars())


def settle(move: Move, advance: Advance, *, finished: Iterable[UUID] = ()) -> None:
    """Save where the flow stands now, once its operations were carried out.

    Args:
        move: the file under lock; its operations were applied.
        advance: what the engine said.
        finished: tasks that this command ended; their assignments end here.
    """
    finished = tuple(finished)
    file, now = move.file, move.now
    move.flow.state = advance.state
    file.status = advance.status
    if advance.ended:
        move.flow.ended_at = now
        file.closed_at = now
    file.version += 1
    open_now = {
        task.engine_task_id: task
        for task in open_tasks(move.session, file.id)
        if task.id not in finished
    }
    cancelled = _cancel(move, advance, open_now)
    _settle_clocks(move, advance)
    fresh = [task for task in advance.tasks if task.task_id not in open_now]
    new_ids = _open(move, fresh)
    if new_ids:
        file.assigned_doctor_id = None
    for task in open_now.values():
        task.file_status = advance.status
    _finish(move, finished, cancelled, new_ids)


def _cancel(move: Move, advance: Advance, open_now: dict[str, HumanTask]) -> list[UUID]:
    """Cancel open tasks that the flow does not wait for any more."""
    wanted = {task.task_id for task in advance.tasks}
    gone = [task for key, task in open_now.items() if key not in wanted]
    for task in gone:
        task.status = TaskStatus.CANCELLED
        task.done_at = move.now
        task.held_until = task.hold_reason = None
        del open_now[task.engine_task_id]
    return [task.id for task in gone]


def _settle_clocks(move: Move, advance: Advance) -> None:
    """End the clocks of what is no longer waited for, start those of what now is."""
    waited = {wait.task_id for wait in advance.waits} | {task.task_id for task in advance.tasks}
    running = move.session.execute(
        sa.select(Deadline)
        .where(
            col(Deadline.control_file_id) == move.file.id,
            col(Deadline.status).in_([DeadlineStatus.RUNNING, DeadlineStatus.SUSPENDED]),
        )
        .execution_options(populate_existing=True)
    ).scalars()
    known = set()
    for clock in running:
        known.add(clock.engine_task_id)
        if (clock.engine_task_id is None and advance.ended) or (
            clock.engine_task_id is not None and clock.engine_task_id not in waited
        ):
            clock.status = DeadlineStatus.MET
            clock.settled_at = move.now
    columns = move.columns()
    for wait in advance.waits:
        if wait.kind == "deadline" and wait.task_id not in known:
            rule = move.pack.meta.deadlines[wait.name]
            due = move.limits.due(rule.parameter, move.now, move.file.received_on)
            row = rows.deadline_row(columns, wait.name, rule, due, move.now, wait.task_id)
            move.session.execute(sa.insert(Deadline), row)


def _open(move: Move, fresh: list[WaitingTask]) -> list[UUID]:
    """Insert the tasks that are new, each with its own target; return the medical ones."""
    medical = []
    columns = move.columns()
    for task in fresh:
        target = rows.step_deadline(move.pack, columns, task, move.limits, move.now)
        if target is not None:
            move.session.execute(sa.insert(Deadline), target)
        row = rows.task_row(
            move.pack, columns, task,
            due_at=target["due_at"] if target else None,
            received_at=move.received["received_at"], limits=move.limits, now=move.now,
        )  # fmt: skip
        move.session.execute(sa.insert(HumanTask), row)
        if row["is_medical"]:
            medical.append(row["id"])
        move.tell("step.opened", step=task.step, level=row["level"])
    return medical


def _finish(
    move: Move, finished: tuple[UUID, ...], cancelled: list[UUID], new_ids: list[UUID]
) -> None:
    """Write what the move gathered; give new medical tasks to doctors last, under their locks."""
    session = move.session
    session.flush()
    journal.record_many(session, move.entries, actor=move.actor, now=move.now)
    move.entries = []
    outbox.publish(session, move.messages, now=move.now)
    move.messages = []
    if finished:
        release(session, finished, now=move.now, actor=move.actor, reason="done")
    if cancelled:
        release(session, cancelled, now=move.now, actor=move.actor, reason="cancelled")
    if new_ids:
        assign_tasks(
            session,
            load_tasks(session, new_ids),
            now=move.now,
            jurisdiction=move.file.jurisdiction,
            actor=journal.SYSTEM,
            holder=move.holder,
        )
        session.refresh(move.file)


def standstills(session: Session, control_file_id: UUID) -> list[Standstill]:
    """Return the ended suspensions of a file, as the clocks want them."""
    found = session.execute(
        sa.text(
            "SELECT started_at, ended_at, reason FROM suspension"
            " WHERE control_file_id = :id AND ended_at IS NOT NULL ORDER BY started_at"
        ),
        {"id": control_file_id},
    )
    return [Standstill(row[0], row[1], row[2].endswith(":restarts")) for row in found]


_RIGHT = ("right_code", "valid_to", "next_review_on", "opens_on", "status", "control_file_id",
          "previous_doctor_id")  # fmt: skip


def right_as_json(right: Entitlement) -> dict[str, Any]:
    """Return what a decision may change of a right, as plain values."""
    return {
        name: None if (value := getattr(right, name)) is None else str(value) for name in _RIGHT
    }


def right_from_json(kept: dict[str, Any]) -> dict[str, Any]:
    """Return what ``right_as_json`` kept, as column values."""
    readers: dict[str, Any] = {
        "right_code": str,
        "status": EntitlementStatus,
        "control_file_id": UUID,
        "previous_doctor_id": UUID,
    }
    return {
        name: None if value is None else readers.get(name, date.fromisoformat)(value)
        for name, value in kept.items()
    }
