"""Pieces that arrive for a file, or that it goes on without (arrivée de pièces)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol import journal
from medcontrol.errors import Forbidden, InvalidInput, StepNotOpen
from medcontrol.model import CompletionRequest, ControlFile, Deadline, Document
from medcontrol.policy import Action, Principal, may
from medcontrol.vocabulary import DeadlineKind, DeadlineStatus, DocumentClass
from workflows import effects, engine
from workflows.steps import moving, signals
from workflows.steps.command import Completed
from workflows.steps.ending import actor_of, completed, save_change
from workflows.steps.firing import fire_deadline
from workflows.steps.moving import Move
from workflows.tools import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDocument:
    """A document that arrives for a file."""

    kind: str
    title: str
    content: bytes
    document_class: DocumentClass


def stored(tools: Tools, document: NewDocument, received_file_id: UUID, now: datetime) -> Document:
    """Keep a document's bytes and return its row, for the caller to save."""
    kept = tools.documents.put(document.content)
    return Document(
        received_file_id=received_file_id, kind=document.kind, title=document.title,
        document_class=document.document_class, media_type=kept.media_type,
        sha256=kept.sha256, size=kept.size, is_stored=True, added_at=now,
    )  # fmt: skip


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
    for each in _passed(session, tools, file_id, now):
        fire_deadline(session, tools, each, now=now)
    move = moving.begin(session, tools, file_id, actor=actor, now=now)
    if isinstance(by, Principal) and not _may_add(session, by, file_id):
        raise Forbidden("this file belongs to another unit")
    for document in documents:
        row = stored(tools, document, move.file.received_file_id, now)
        session.add(row)
        move.tell("document.added", document=str(row.id), kind=document.kind)
    _announce(move)
    return _receive(move, "documents_received")


def _passed(session: Session, tools: Tools, file_id: UUID, now: datetime) -> list[UUID]:
    """Return the legal limits of what the file waits for that have passed, the earliest first.

    What comes after its limit is late by the day, whether or not the sweeper came by since.
    """
    running = session.exec(
        select(Deadline)
        .where(
            Deadline.control_file_id == file_id,
            Deadline.status == DeadlineStatus.RUNNING,
            Deadline.kind == DeadlineKind.LEGAL,
            Deadline.due_at <= now,
            col(Deadline.engine_task_id).is_not(None),
        )
        .order_by(col(Deadline.due_at))
        .execution_options(populate_existing=True)
    ).all()
    if not running:
        return []
    file = session.get_one(ControlFile, file_id)
    rules = tools.catalog.get(file.pack, file.flow).meta.deadlines
    return [each.id for each in running if rules[each.name].scope == "wait"]


def _may_add(session: Session, principal: Principal, file_id: UUID) -> bool:
    return may(session, principal, file_id, Action.ADMINISTRATE) or may(
        session, principal, file_id, Action.CONTROL
    )


def _announce(move: Move) -> None:
    """Let the open tasks show that a document came; one on hold wakes, and says why."""
    for task in move.tasks:
        if task.held_until is None:
            signals.add(task, signals.DOCUMENT)
            continue
        signals.wake(task, signals.WOKEN_BY_DOCUMENT)
        move.tell("task.woken", task=str(task.id), signal=signals.WOKEN_BY_DOCUMENT)


def _receive(move: Move, message: str) -> Completed:
    advance = engine.receive(move.pack, move.flow.state, message)
    if advance is None:
        return save_change(move, "message.late", message=message)
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
    move.signals = (signals.DOCUMENT,)
    moving.settle(move, advance)
    return completed(move)


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
    return completed(move)
