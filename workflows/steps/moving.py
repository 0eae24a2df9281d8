"""A file's move through its flow (avancement): read once under lock, written once at the end."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from assignment.facts import Plan
from assignment.service import Occasion as Assigning
from assignment.service import load_tasks, plan_tasks, release, write_plan
from assignment.writing import why_not
from medcontrol import journal, outbox
from medcontrol.driver import Rows, ask
from medcontrol.errors import NotFound, StaleControlFile
from medcontrol.model import (
    ControlFile,
    Deadline,
    FlowInstance,
    HumanTask,
    JournalEntry,
    OutboxMessage,
)
from medcontrol.services.points import Size, Work, tariff
from medcontrol.vocabulary import AssignmentMode, TaskStatus
from workflows.definition.catalog import Pack
from workflows.engine.paths import Advance, Wait, WaitingTask
from workflows.letters.writing import Occasion
from workflows.steps import rows
from workflows.steps.limits import Limits, limits_of
from workflows.steps.lock_questions import BY_FILE, BY_TASK, RECEIVED
from workflows.steps.locked import columns, locked, take_changes
from workflows.steps.proposals import Proposal, last_proposal
from workflows.steps.writing import Gathered
from workflows.tools import Tools

_CLOCKS = b"""
SELECT engine_task_id FROM deadline
WHERE control_file_id = %(file)s AND status IN ('running', 'suspended')
"""
_SIZE = b"""
SELECT (SELECT CAST(d.features->>'line_count' AS int) FROM selectivity_decision d
        WHERE d.received_file_id = f.received_file_id),
       (SELECT count(*) FROM document x WHERE x.received_file_id = f.received_file_id)
FROM control_file f WHERE f.id = %(file)s
"""
# A clock is met when nothing waits for it any more.
_MEET = b"""
UPDATE deadline SET status = 'met', settled_at = %(now)s
WHERE control_file_id = %(file)s AND status IN ('running', 'suspended')
  AND CASE WHEN engine_task_id IS NULL THEN %(ended)s
           ELSE NOT engine_task_id = ANY(%(waited)s) END
"""


@dataclass(slots=True)
class Flow:
    """The engine's state of a file, and when it ended."""

    state: str
    ended_at: datetime | None


@dataclass(slots=True)
class Move:
    """A file under lock, on its way from one wait to the next.

    Attributes:
        tasks: the tasks that were open when the file was locked.
        received: who the file is about, as received.
        unit_name: the agency that it belongs to.
        holder: the doctor who just acted: the next step stays with them where it may.
        is_reserved: the holder's agenda keeps the time of the next step, whatever they hold now.
        proposal: the decision that this command proposes; see ``proposal_of``.
        signals: badges of the tasks that open now.
        rows, entries: what is to be written; ``save`` writes it.
    """

    session: Session
    tools: Tools
    file: ControlFile
    flow: Flow
    tasks: list[HumanTask]
    received: Mapping[str, Any]
    unit_name: str
    has_draft: bool
    pack: Pack
    actor: journal.Actor
    now: datetime
    occasion: Occasion = field(default_factory=Occasion)
    holder: UUID | None = None
    is_reserved: bool = False
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

    def ask(self, question: bytes, **values: Any) -> Rows:
        """Return the rows of one question, in the driver's notation; flushes nothing."""
        return ask(self.session, values, question)[0]

    def columns(self) -> dict[str, Any]:
        """Return the file as a mapping of its columns, as it stands now."""
        return columns(self.file)

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
    control_file_id: UUID | None = None,
    *,
    task_id: UUID | None = None,
    actor: journal.Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Move:
    """Lock a file, named by itself or by one of its tasks, and return it ready to move.

    One round trip.

    Raises:
        NotFound: there is no such file or task.
        StaleControlFile: the file moved since ``expected_version``; nothing may be changed.
        InvalidInput: the pack on disk is not the one that the file was opened under.
    """
    session.flush()
    values = {"id": task_id or control_file_id, "actor": actor.id}
    files, tasks, around = ask(session, values, *(BY_TASK if task_id else BY_FILE))
    if not files:
        raise NotFound(f"no task {task_id}" if task_id else f"no control file {control_file_id}")
    file = locked(ControlFile, files[0])
    if expected_version is not None and file.version != expected_version:
        raise StaleControlFile(f"file is at version {file.version}")
    state, pack_hash, ended_at, unit_name, has_draft, *received = around[0]
    return Move(
        session, tools, file,
        flow=Flow(state, ended_at),
        tasks=[locked(HumanTask, row) for row in tasks],
        received=dict(zip(RECEIVED, received, strict=True)),
        unit_name=unit_name, has_draft=has_draft,
        pack=tools.catalog.get(file.pack, file.flow, pack_hash), actor=actor, now=now,
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


def save(move: Move, *, actor: journal.Actor | None = None) -> None:
    """Write what the move gathered: the rows that changed, then the new ones.

    ``actor`` is who did it, when it is not who began the move.
    """
    for row in journal.extend(move.file, move.entries, actor=actor or move.actor, now=move.now):
        move.rows.add(JournalEntry, row)
    move.entries.clear()
    move.rows.change(ControlFile, move.file.id, take_changes(move.file))
    move.rows.change(FlowInstance, move.file.id, asdict(move.flow))
    for task in move.tasks:
        move.rows.change(HumanTask, task.id, take_changes(task))
    move.session.flush()
    move.rows.write(move.session)


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
    file_id = move.file.id
    timers = [wait for wait in advance.waits if wait.kind == "deadline"]
    if timers:
        known = {row[0] for row in move.ask(_CLOCKS, file=file_id)}
        _start_clocks(move, [wait for wait in timers if wait.task_id not in known])
    move.rows.run(
        _MEET,
        {"now": move.now, "file": file_id, "ended": advance.ended, "waited": list(waited)},
    )


def _start_clocks(move: Move, fresh: list[Wait]) -> None:
    file = move.columns()
    for wait in fresh:
        move.rows.add(Deadline, rows.wait_deadline(move.pack, file, wait, move.limits, move.now))


def _open(move: Move, fresh: list[WaitingTask]) -> list[UUID]:
    """Gather the tasks that are new, each with its own target; return the medical ones."""
    medical = []
    file = move.columns() if fresh else {}
    work = _work(move) if fresh else None
    for task in fresh:
        target = rows.step_deadline(move.pack, file, task, move.limits, move.now)
        if target is not None:
            move.rows.add(Deadline, target)
        row = rows.task_row(
            move.pack, file, task,
            due_at=target["due_at"] if target else None,
            received_at=move.received["received_at"], limits=move.limits, now=move.now, work=work,
        )  # fmt: skip
        row["signals"] = list(move.signals)
        move.rows.add(HumanTask, row)
        if row["is_medical"]:
            medical.append(row["id"])
        move.tell("step.opened", step=task.step, level=row["level"])
    return medical


def _work(move: Move) -> Work:
    """Return what work counts today, and how long this file is where that matters."""
    day = move.limits.calendar.civil_date(move.now)
    found = tariff(move.session, move.file.jurisdiction, day)
    if not found.counts_size:
        return Work(found)
    lines, documents = move.ask(_SIZE, file=move.file.id)[0]
    return Work(found, Size(lines or 0, documents))


def _hand_over(
    move: Move, finished: tuple[UUID, ...], cancelled: list[UUID], new_ids: list[UUID]
) -> None:
    """Take work off doctors; give new medical tasks to doctors last, under their locks."""
    session, now = move.session, move.now
    if finished:
        release(session, finished, now=now, actor=move.actor, reason="done")
    if cancelled:
        release(session, cancelled, now=now, actor=move.actor, reason="cancelled")
    if new_ids:
        plan = plan_tasks(
            session, load_tasks(session, new_ids),
            now=now, jurisdiction=move.file.jurisdiction, holder=move.holder,
            reserved=move.is_reserved,
        )  # fmt: skip
        write_plan(
            session, plan, Assigning(now=now, actor=journal.SYSTEM), stamp=False, journaled=False
        )
        _bear(move, plan)


def _bear(move: Move, plan: Plan) -> None:
    """Let the file and its new tasks bear their doctors, and tell it."""
    for made in plan.assignments:
        move.file.assigned_doctor_id = made.doctor_id
        move.rows.change(HumanTask, made.task.id, {"assigned_doctor_id": made.doctor_id})
        move.tell(
            "assignment.made", task=str(made.task.id), doctor=str(made.doctor_id),
            rule=made.why.rule.value, mode=AssignmentMode.AUTOMATIC.value,
        )  # fmt: skip
    for left in plan.unassigned:
        waits = {"unassigned_reason": why_not(left), "expected_on": left.expected_on}
        move.rows.change(HumanTask, left.task.id, waits)
    save(move, actor=journal.SYSTEM)
