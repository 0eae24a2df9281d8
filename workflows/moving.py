"""A file's move through its flow (avancement): read once under lock, written once at the end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from assignment.service import assign_tasks, load_tasks, release
from medcontrol import journal, outbox
from medcontrol.model import (
    ControlFile,
    Deadline,
    FlowInstance,
    HumanTask,
    JournalEntry,
    MedicalRecord,
    OutboxMessage,
    ReceivedFile,
    Unit,
)
from medcontrol.services import files
from medcontrol.vocabulary import MedicalRecordKind, TaskStatus
from workflows import rows
from workflows.catalog import Pack
from workflows.letter_writing import Occasion
from workflows.limits import Limits, limits_of
from workflows.paths import Advance, WaitingTask
from workflows.proposals import Proposal, last_proposal
from workflows.tools import Tools
from workflows.writing import Gathered

_FILE_COLUMNS = tuple(sa.inspect(ControlFile).columns.keys())
_RECEIVED = (
    "given_name", "family_name", "beneficiary_given_name", "beneficiary_family_name", "language",
    "details", "received_at", "birth_date", "sex", "relation", "beneficiary_birth_date",
)  # fmt: skip

# One row per open task; all that a move needs to know besides the file itself.
_AROUND = (
    sa.select(
        FlowInstance,
        HumanTask,
        col(Unit.name),
        sa.exists()
        .where(
            col(MedicalRecord.control_file_id) == FlowInstance.control_file_id,
            col(MedicalRecord.author_id) == sa.bindparam("actor"),
            col(MedicalRecord.kind) == sa.literal_column(f"'{MedicalRecordKind.DRAFT}'"),
        )
        .correlate(FlowInstance),
        *(getattr(ReceivedFile, name) for name in _RECEIVED),
    )
    .select_from(FlowInstance)
    .join(ReceivedFile, col(ReceivedFile.id) == sa.bindparam("received"))
    .join(Unit, col(Unit.code) == sa.bindparam("agency"))
    .outerjoin(
        HumanTask,
        sa.and_(
            col(HumanTask.control_file_id) == FlowInstance.control_file_id,
            col(HumanTask.status) == TaskStatus.OPEN,
        ),
    )
    .where(col(FlowInstance.control_file_id) == sa.bindparam("file"))
    .order_by(col(HumanTask.id))
    .execution_options(populate_existing=True)
)

# A clock is met when nothing waits for it any more; what still runs is told back.
_SETTLE = sa.text("""
WITH met AS (
    UPDATE deadline SET status = 'met', settled_at = :now
    WHERE control_file_id = :file AND status IN ('running', 'suspended')
      AND CASE WHEN engine_task_id IS NULL THEN :ended
               ELSE NOT engine_task_id = ANY(CAST(:waited AS text[])) END
)
SELECT engine_task_id FROM deadline
WHERE control_file_id = :file AND status IN ('running', 'suspended')
""")


@dataclass(slots=True)
class Move:
    """A file under lock, on its way from one wait to the next.

    Attributes:
        tasks: the tasks that were open when the file was locked.
        received: who the file is about, as received.
        unit_name: the agency that it belongs to.
        holder: the doctor who just acted: the next step stays with them where it may.
        proposal: the decision that this command proposes; see ``proposal_of``.
        signals: badges of the tasks that open now.
        rows, entries: what is to be written; ``save`` writes it.
    """

    session: Session
    tools: Tools
    file: ControlFile
    flow: FlowInstance
    tasks: list[HumanTask]
    received: Mapping[str, Any]
    unit_name: str
    has_draft: bool
    pack: Pack
    actor: journal.Actor
    now: datetime
    occasion: Occasion = field(default_factory=Occasion)
    holder: UUID | None = None
    proposal: Proposal | None = None
    signals: tuple[str, ...] = ()
    rows: Gathered = field(default_factory=Gathered)
    entries: list[journal.Entry] = field(default_factory=list)
    letters: int = 0
    _limits: Limits | None = None

    @property
    def limits(self) -> Limits:
        """The law's limits under today's calendar."""
        if self._limits is None:
            self._limits = limits_of(self.session, self.file.jurisdiction)
        return self._limits

    def columns(self) -> dict[str, Any]:
        """Return the file as a mapping of its columns, as it stands now."""
        return {name: getattr(self.file, name) for name in _FILE_COLUMNS}

    def tell(self, action: str, **facts: Any) -> None:
        """Note a journal entry of this move. Codes and ids only."""
        self.entries.append(journal.Entry(self.file.id, action, facts))

    def publish(self, message: outbox.NewMessage) -> None:
        """Note work for later."""
        self.rows.add(OutboxMessage, outbox.row(message, self.now))

    def announce(self, event: str, **facts: str) -> None:
        """Note a thin event for other systems: ids only, never a person."""
        payload = {"event": event, "control_file_id": str(self.file.id), **facts}
        key = f"event:{event}:{self.file.id}:{self.file.version}"
        self.publish(outbox.NewMessage(topic="events.deliver", key=key, payload=payload))

    def proposal_of(self) -> Proposal | None:
        """Return the decision that this command proposes, else the last one proposed before."""
        if self.proposal is None:
            self.proposal = last_proposal(self.session, self.file.id)
        return self.proposal


def begin(
    session: Session,
    tools: Tools,
    control_file_id: UUID,
    *,
    actor: journal.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Move:
    """Lock a file and return it ready to move. Two statements.

    Raises:
        NotFound, StaleControlFile: as ``services.files.lock``.
        InvalidInput: the pack on disk is not the one that the file was opened under.
    """
    file = files.lock(session, control_file_id, expected_version=expected_version)
    values = {
        "file": file.id, "received": file.received_file_id, "agency": file.agency_code,
        "actor": actor.id,
    }  # fmt: skip
    found = session.execute(_AROUND, values).all()
    flow, _, unit_name, has_draft, *received = found[0]
    pack = tools.catalog.get(file.pack, file.flow, flow.pack_hash)
    return Move(
        session, tools, file, flow,
        tasks=[row[1] for row in found if row[1] is not None],
        received=dict(zip(_RECEIVED, received, strict=True)),
        unit_name=unit_name, has_draft=has_draft, pack=pack, actor=actor, now=now,
    )  # fmt: skip


def settle(move: Move, advance: Advance, *, finished: Iterable[UUID] = ()) -> None:
    """Save where the flow stands now, once its operations were carried out.

    Args:
        move: the file under lock; its operations were applied.
        advance: what the engine said.
        finished: tasks that this command ended; their assignments end here.
    """
    finished = tuple(finished)
    file = move.file
    move.flow.state = advance.state
    file.status = advance.status
    if advance.ended:
        move.flow.ended_at = file.closed_at = move.now
    file.version += 1
    open_now = {task.engine_task_id: task for task in move.tasks if task.id not in finished}
    cancelled = _cancel(move, advance, open_now)
    _settle_clocks(move, advance)
    new_ids = _open(move, [task for task in advance.tasks if task.task_id not in open_now])
    if new_ids:
        file.assigned_doctor_id = None
    for task in open_now.values():
        task.file_status = advance.status
    save(move)
    _hand_over(move, finished, cancelled, new_ids)


def save(move: Move) -> None:
    """Write what the move gathered: the rows that changed, then the new ones."""
    for row in journal.extend(move.file, move.entries, actor=move.actor, now=move.now):
        move.rows.add(JournalEntry, row)
    move.entries.clear()
    move.session.flush()
    move.rows.insert(move.session)


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
    values = {
        "now": move.now, "file": move.file.id, "ended": advance.ended, "waited": list(waited),
    }  # fmt: skip
    known = set(move.session.execute(_SETTLE, values).scalars())
    fresh = [w for w in advance.waits if w.kind == "deadline" and w.task_id not in known]
    columns = move.columns() if fresh else {}
    for wait in fresh:
        rule = move.pack.meta.deadlines[wait.name]
        due = move.limits.due(rule.parameter, move.now, move.file.received_on)
        row = rows.deadline_row(columns, wait.name, rule, due, move.now, wait.task_id)
        move.rows.add(Deadline, row)


def _open(move: Move, fresh: list[WaitingTask]) -> list[UUID]:
    """Gather the tasks that are new, each with its own target; return the medical ones."""
    medical = []
    columns = move.columns() if fresh else {}
    for task in fresh:
        target = rows.step_deadline(move.pack, columns, task, move.limits, move.now)
        if target is not None:
            move.rows.add(Deadline, target)
        row = rows.task_row(
            move.pack, columns, task,
            due_at=target["due_at"] if target else None,
            received_at=move.received["received_at"], limits=move.limits, now=move.now,
        )  # fmt: skip
        row["signals"] = list(move.signals)
        move.rows.add(HumanTask, row)
        if row["is_medical"]:
            medical.append(row["id"])
        move.tell("step.opened", step=task.step, level=row["level"])
    return medical


def _hand_over(
    move: Move, finished: tuple[UUID, ...], cancelled: list[UUID], new_ids: list[UUID]
) -> None:
    """Take work off doctors; give new medical tasks to doctors last, under their locks."""
    session = move.session
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
