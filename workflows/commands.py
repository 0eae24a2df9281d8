"""What people and sweeps do to a control file; each inside the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol import journal
from medcontrol.clock import ZONES
from medcontrol.crypto import bind
from medcontrol.db import transaction
from medcontrol.errors import Forbidden, InvalidInput, NotTheAssignedDoctor, StepNotOpen
from medcontrol.ids import new_id
from medcontrol.model import (
    CompletionRequest,
    Deadline,
    Document,
    HumanTask,
    Message,
)
from medcontrol.policy import Action, Principal, may
from medcontrol.services import medical
from medcontrol.vocabulary import (
    DeadlineStatus,
    DocumentClass,
    MessageAudience,
)
from workflows import effects, engine, letters, moving, steps
from workflows.moving import Move
from workflows.step_records import spelled_pieces
from workflows.steps import (
    Completed,
    CompleteStep,
    LineVerdict,
    PieceAsked,
    actor_of,
    complete_step,
)
from workflows.tools import Tools
from workflows.undoing import undo_decision

LONGEST_HOLD = timedelta(days=120)
SIGNAL_DOCUMENT = "new_document"
SIGNAL_WOKEN = "woken"
SIGNAL_LATE = "late"
SIGNAL_MESSAGE = "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A document that arrives for a file."""

    kind: str
    title: str
    content: bytes
    document_class: DocumentClass


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """A message of a file, decrypted for somebody who may read it."""

    id: UUID
    author_name: str
    audience: MessageAudience
    sent_at: datetime
    text: str


def preview_letter(
    session: Session,
    tools: Tools,
    command: CompleteStep,
    *,
    principal: Principal,
    now: datetime,
    language: str,
) -> bytes | None:
    """Return a picture (PNG) of the letter that this decision would send; nothing stays saved.

    Runs the command in a savepoint that is rolled back.

    Returns:
        None when the outcome sends no letter.

    Raises:
        InvalidInput and the other refusals of ``complete_step``.
    """
    savepoint = session.begin_nested()
    try:
        done = complete_step(session, tools, command, principal=principal, now=now)
        row = session.execute(
            sa.text(
                "SELECT l.code, l.context, l.pack, f.flow FROM letter l"
                " JOIN control_file f ON f.id = l.control_file_id"
                " WHERE l.control_file_id = :id AND l.written_at = :now ORDER BY l.id DESC LIMIT 1"
            ),
            {"id": done.control_file_id, "now": now},
        ).first()
    finally:
        savepoint.rollback()
        session.expire_all()
    if row is None:
        return None
    pack = tools.catalog.get(row[2], row[3])
    return letters.preview_png(pack, row[0], language, row[1], fonts=tools.fonts)


def hold(
    session: Session,
    tools: Tools,
    task_id: UUID,
    *,
    until: date,
    reason: str,
    expected_version: int | None,
    principal: Principal,
    now: datetime,
) -> Completed:
    """Put a task aside until a day (mise en attente); it wakes by itself. Clocks go on.

    Raises:
        InvalidInput: the day is not within the next 120, or the reason is no code.
    """
    move = _begin_task(session, tools, task_id, principal, now, expected_version)
    task = steps.open_task(move, task_id)
    _check_own(task, principal, move)
    zone = ZONES[move.file.jurisdiction]
    wakes_at = datetime.combine(until, time(6, 0), zone)
    if not now < wakes_at <= now + LONGEST_HOLD:
        raise InvalidInput("a hold lasts from 1 to 120 days", field="until")
    if not reason.replace("_", "").isalnum() or len(reason) > 64:
        raise InvalidInput("the reason is a code", field="reason")
    task.held_until, task.hold_reason = wakes_at, reason
    task.signals = [s for s in task.signals if s not in (SIGNAL_WOKEN, SIGNAL_DOCUMENT)]
    return _save(move, "task.held", task=str(task.id), reason=reason, until=until.isoformat())


def wake(
    session: Session,
    tools: Tools,
    task_id: UUID,
    *,
    principal: Principal | None,
    now: datetime,
    signal: str = SIGNAL_WOKEN,
) -> bool:
    """Bring a held task back; False when it was not held (any more)."""
    actor = actor_of(principal) if principal else journal.SYSTEM
    move = moving.begin(session, tools, task_id=task_id, actor=actor, now=now)
    task = next((each for each in move.tasks if each.id == task_id), None)
    if task is None or task.held_until is None:
        return False
    if principal is not None:
        _check_own(task, principal, move)
    _wake_task(task, signal)
    _save(move, "task.woken", task=str(task.id), signal=signal)
    return True


def _wake_task(task: HumanTask, signal: str) -> None:
    task.held_until = task.hold_reason = None
    task.signals = [*(s for s in task.signals if s != signal), signal]


def _begin_task(
    session: Session, tools: Tools, task_id: UUID, principal: Principal, now: datetime,
    expected_version: int | None,
) -> Move:  # fmt: skip
    return moving.begin(
        session, tools, task_id=task_id, actor=actor_of(principal), now=now,
        expected_version=expected_version,
    )  # fmt: skip


def _check_own(task: HumanTask, principal: Principal, move: Move) -> None:
    if task.is_medical and task.assigned_doctor_id != principal.doctor_id:
        raise NotTheAssignedDoctor
    if not task.is_medical and not may(move.session, principal, move.file.id, Action.ADMINISTRATE):
        raise Forbidden("this file belongs to another unit")


def _save(move: Move, action: str, **facts: object) -> Completed:
    """Save a change that does not move the flow."""
    move.file.version += 1
    move.tell(action, **facts)
    moving.save(move)
    return steps.completed(move)


def add_documents(
    session: Session,
    tools: Tools,
    file_id: UUID,
    documents: Sequence[NewDocument],
    *,
    by: Principal | journal.Actor,
    now: datetime,
) -> Completed:
    """Add documents to a file, wake who waits for them, and tell the flow.

    A document that comes when nothing waits for it is kept and journaled all the same.

    Raises:
        InvalidInput: no document, or an empty or too large one.
    """
    if not documents:
        raise InvalidInput("there is no document", field="documents")
    actor = by if isinstance(by, journal.Actor) else actor_of(by)
    move = moving.begin(session, tools, file_id, actor=actor, now=now)
    if isinstance(by, Principal) and not _may_add(session, by, file_id):
        raise Forbidden("this file belongs to another unit")
    for document in documents:
        stored = tools.documents.put(document.content)
        row = Document(
            received_file_id=move.file.received_file_id, kind=document.kind, title=document.title,
            document_class=document.document_class, media_type=stored.media_type,
            sha256=stored.sha256, size=stored.size, is_stored=True, added_at=now,
        )  # fmt: skip
        session.add(row)
        move.tell("document.added", document=str(row.id), kind=document.kind)
    _signal(move, SIGNAL_DOCUMENT)
    return _receive(move, "documents_received")


def _may_add(session: Session, principal: Principal, file_id: UUID) -> bool:
    return may(session, principal, file_id, Action.ADMINISTRATE) or may(
        session, principal, file_id, Action.CONTROL
    )


def _signal(move: Move, signal: str) -> None:
    for task in move.tasks:
        _wake_task(task, signal) if task.held_until else _add_signal(task, signal)


def _add_signal(task: HumanTask, signal: str) -> None:
    if signal not in task.signals:
        task.signals = [*task.signals, signal]


def _receive(move: Move, message: str) -> Completed:
    advance = engine.receive(move.pack, move.flow.state, message)
    if advance is None:
        return _save(move, "message.late", message=message)
    move.session.execute(
        sa.update(CompletionRequest)
        .where(
            col(CompletionRequest.control_file_id) == move.file.id,
            col(CompletionRequest.answered_at).is_(None),
        )
        .values(answered_at=move.now)
    )
    move.tell("message.received", message=message)
    move.session.flush()
    move.holder = move.file.assigned_doctor_id
    effects.carry_out(move, advance)
    move.signals = (SIGNAL_DOCUMENT,)
    moving.settle(move, advance)
    return steps.completed(move)


def waive_completion(
    session: Session,
    tools: Tools,
    file_id: UUID,
    *,
    expected_version: int | None,
    principal: Principal,
    now: datetime,
) -> Completed:
    """Go on without the pieces that were asked for.

    Raises:
        Forbidden: neither the file's doctor nor an agent of its unit.
        StepNotOpen: the file does not wait for pieces.
    """
    move = moving.begin(
        session, tools, file_id, actor=actor_of(principal), now=now,
        expected_version=expected_version,
    )  # fmt: skip
    if not _may_add(session, principal, file_id):
        raise Forbidden("this file is not yours")
    advance = engine.receive(move.pack, move.flow.state, "completion_waived")
    if advance is None:
        raise StepNotOpen("the file does not wait for pieces")
    move.tell("completion.waived")
    move.session.flush()
    move.holder = principal.doctor_id
    effects.carry_out(move, advance)
    moving.settle(move, advance)
    return steps.completed(move)


def fire_deadline(session: Session, tools: Tools, deadline_id: UUID, *, now: datetime) -> bool:
    """Do what a clock that fell due asks for; False when there is nothing (left) to do.

    May be called any number of times: the flow is moved once.
    """
    file_id = session.execute(
        sa.select(Deadline.control_file_id).where(Deadline.id == deadline_id)  # type: ignore[call-overload]
    ).scalar()
    if file_id is None:
        return False
    move = moving.begin(session, tools, file_id, actor=journal.SYSTEM, now=now)
    clock = session.get_one(Deadline, deadline_id, populate_existing=True)
    if clock.status is not DeadlineStatus.RUNNING or clock.due_at > now:
        return False
    clock.status, clock.settled_at = DeadlineStatus.FIRED, now
    move.tell("deadline.passed", deadline=clock.name, kind=clock.kind.value)
    if move.pack.meta.deadlines[clock.name].scope != "wait" or clock.engine_task_id is None:
        _signal_late(move, clock.engine_task_id)
        _save(move, "deadline.reported", deadline=clock.name)
        return True
    try:
        advance = engine.fire(move.pack, move.flow.state, clock.engine_task_id)
    except StepNotOpen:
        _save(move, "deadline.overtaken", deadline=clock.name)
        return True
    _recall_request(move)
    session.flush()
    effects.carry_out(move, advance)
    moving.settle(move, advance)
    return True


def _signal_late(move: Move, engine_task_id: str | None) -> None:
    for task in move.tasks:
        if engine_task_id in (None, task.engine_task_id):
            _add_signal(task, SIGNAL_LATE)


def _recall_request(move: Move) -> None:
    """Let a reminder name the pieces again that are still awaited."""
    request = move.session.exec(
        select(CompletionRequest)
        .where(
            CompletionRequest.control_file_id == move.file.id,
            col(CompletionRequest.answered_at).is_(None),
        )
        .order_by(col(CompletionRequest.requested_at).desc())
        .limit(1)
    ).first()
    if request is None:
        return
    move.occasion.pieces = spelled_pieces(move.pack, request.pieces, move.received.get("language"))
    due = move.limits.due("clocks.complement_days", request.requested_at, move.file.received_on)
    move.occasion.answer_by = move.limits.calendar.civil_date(due.at)


def write_message(
    session: Session,
    tools: Tools,
    file_id: UUID,
    text: str,
    audience: MessageAudience,
    *,
    principal: Principal,
    now: datetime,
) -> UUID:
    """Write a message to the others who work on the file; encrypted.

    Raises:
        InvalidInput: empty, or longer than 4,000 characters.
        Forbidden: the file, or messages among doctors, are not for this person.
    """
    body = text.strip()
    if not 0 < len(body) <= 4000:
        raise InvalidInput("a message has 1 to 4,000 characters", field="text")
    wanted = Action.READ_MEDICAL if audience is MessageAudience.DOCTORS else Action.SEE
    if not may(session, principal, file_id, wanted):
        raise Forbidden("this file is not yours to write about")
    move = moving.begin(session, tools, file_id, actor=actor_of(principal), now=now)
    message_id = new_id()
    key_id, sealed = tools.keys.encrypt(body.encode(), bind("message", message_id))
    session.add(
        Message(
            id=message_id, control_file_id=file_id, author_id=principal.id,
            author_name=principal.name, audience=audience, sent_at=now, key_id=key_id,
            content=sealed,
        )
    )  # fmt: skip
    for task in move.tasks:
        if task.assigned_doctor_id != principal.doctor_id or principal.doctor_id is None:
            _add_signal(task, SIGNAL_MESSAGE)
    move.tell("message.written", message=str(message_id), audience=audience.value)
    moving.save(move)
    return message_id


def read_messages(
    principal: Principal, tools: Tools, file_id: UUID, *, now: datetime
) -> list[ReadMessage]:
    """Return the messages of a file that this person may read, oldest first.

    Those among doctors are medical content: reading them is logged first.

    Raises:
        Forbidden: the file is not for this person.
    """
    with transaction() as session:
        if not may(session, principal, file_id, Action.SEE):
            raise Forbidden("this file is not yours to read")
        rows = session.exec(
            select(Message).where(Message.control_file_id == file_id).order_by(col(Message.sent_at))
        ).all()
        reads_medical = may(session, principal, file_id, Action.READ_MEDICAL)
    if not reads_medical:
        rows = [row for row in rows if row.audience is MessageAudience.EVERYONE]
    elif any(row.audience is MessageAudience.DOCTORS for row in rows):
        medical.log_reading(principal, file_id, "messages", "file_page", now=lambda: now)
    return [
        ReadMessage(
            row.id, row.author_name, row.audience, row.sent_at,
            tools.keys.decrypt(row.key_id, row.content, bind("message", row.id)).decode(),
        )
        for row in rows
    ]  # fmt: skip


__all__ = [
    "CompleteStep", "Completed", "LineVerdict", "NewDocument", "PieceAsked",
    "ReadMessage", "add_documents", "complete_step", "fire_deadline", "hold", "preview_letter",
    "read_messages", "undo_decision", "waive_completion", "wake", "write_message",
]  # fmt: skip
