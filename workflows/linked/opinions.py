"""Opinions that come back (avis extérieurs): asked, reminded, answered, revoked.

Who is asked sees the question, the documents chosen and, unless the request is pseudonymised,
whom it is about; nothing else of the file, and that only while the request is open.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.errors import DomainError, Forbidden, InvalidInput, Kind, NotFound
from medcontrol.model import OpinionRequest
from medcontrol.policy import Action, Principal, may
from medcontrol.services import medical
from medcontrol.vocabulary import ControlFileStatus, MedicalRecordKind
from workflows import effects, engine
from workflows.linked.opinion_asks import OpinionAsk, write_ask
from workflows.linked.opinion_reading import is_asked
from workflows.steps import moving, signals
from workflows.steps.ending import actor_of, save_change
from workflows.steps.moving import Move
from workflows.tools import Tools

RECEIVED = "opinion_received"
_MOST_ANSWER = 20_000


class RequestEnded(DomainError):
    """The opinion is not awaited any more."""

    kind = Kind.CONFLICT
    code = "opinion.ended"


def send_request(
    session: Session, tools: Tools, request_id: UUID, asked: OpinionAsk, *,
    principal: Principal, now: datetime,
) -> OpinionRequest:  # fmt: skip
    """Send a request that its step had left to be written.

    Raises:
        NotFound: no such request. RequestEnded: sent before, or over.
        Forbidden: neither who asks nor a controller of the file.
        InvalidInput, ConflictOfInterest: see ``write_ask``.
    """
    move, request = _begin(session, tools, request_id, principal, now)
    if not _may_steer(session, principal, request):
        raise Forbidden("somebody else asks this")
    if request.status != "draft":
        raise RequestEnded("this request was sent before, or is over")
    request.asked_by = principal.id
    write_ask(session, tools, move.file, request, asked, now=now)
    save_change(move, "opinion.asked", request=str(request.id), due_on=str(request.due_on))
    return request


def _begin(
    session: Session, tools: Tools, request_id: UUID, principal: Principal, now: datetime
) -> tuple[Move, OpinionRequest]:
    """Lock a request's file, then the request."""
    file_id = session.execute(
        sa.select(col(OpinionRequest.control_file_id)).where(col(OpinionRequest.id) == request_id)
    ).scalar()
    if file_id is None:
        raise NotFound("there is no such request")
    move = moving.begin(session, tools, file_id, actor=actor_of(principal), now=now)
    request = session.get_one(
        OpinionRequest, request_id, with_for_update=True, populate_existing=True
    )
    return move, request


def _may_steer(session: Session, principal: Principal, request: OpinionRequest) -> bool:
    """Who asks, who has the file now, and who supervises its unit may send or revoke."""
    if request.asked_by == principal.id or (
        principal.doctor_id is not None and principal.doctor_id == request.asking_doctor_id
    ):
        return True
    return any(
        may(session, principal, request.control_file_id, action)
        for action in (Action.CONTROL, Action.REASSIGN)
    )


def answer_request(
    session: Session, tools: Tools, request_id: UUID, text: str, *,
    principal: Principal, now: datetime,
) -> None:  # fmt: skip
    """Give the opinion asked for: it is kept encrypted with the file, and wakes it.

    Raises:
        NotFound: no such request, or not theirs.
        RequestEnded: revoked or given up meanwhile, or the file is closed.
        InvalidInput: empty, or longer than 20,000 characters.
    """
    move, request = _begin(session, tools, request_id, principal, now)
    if request.status != "open":
        raise RequestEnded("the opinion is not awaited any more")
    if not is_asked(session, principal, request):
        raise NotFound("there is no such request")
    if move.file.status is ControlFileStatus.CLOSED:
        raise RequestEnded("the file was closed meanwhile")
    if not 0 < len(text.strip()) <= _MOST_ANSWER:
        raise InvalidInput("an opinion has 1 to 20,000 characters", field="opinion")
    request.answer_id = medical.write(
        session, tools.keys, move.file.id, MedicalRecordKind.OUTSIDE_OPINION,
        {"request": str(request.id), "opinion": text.strip(), "by": principal.name},
        author_id=principal.id, now=now,
    )  # fmt: skip
    request.status, request.ended_at = "answered", now
    session.add(request)
    session.flush()
    _wake(move, "opinion_given", request)


def revoke_request(
    session: Session, tools: Tools, request_id: UUID, *, principal: Principal, now: datetime
) -> None:
    """Take a request back: who was asked sees nothing any more, and the file goes on.

    Raises:
        NotFound, Forbidden: no such request, or not theirs to take back.
        RequestEnded: answered, revoked or over before.
    """
    move, request = _begin(session, tools, request_id, principal, now)
    if not _may_steer(session, principal, request):
        raise Forbidden("somebody else asks this")
    if request.status not in ("draft", "open"):
        raise RequestEnded("the request is over")
    request.status, request.ended_at = "revoked", now
    session.add(request)
    session.flush()
    _wake(move, "opinion_revoked", request)


def _wake(move: Move, message: str, request: OpinionRequest) -> None:
    """Tell the flow; when it went on meanwhile, its open tasks show the badge all the same."""
    is_answer = message == "opinion_given"
    advance = engine.receive(move.pack, move.flow.state, message)
    if advance is None:
        if is_answer:
            for task in move.tasks:
                signals.wake(task, RECEIVED)
        save_change(move, "message.late", message=message, request=str(request.id))
        return
    move.tell("message.received", message=message, request=str(request.id))
    move.session.flush()
    move.holder = request.asking_doctor_id
    move.signals = (RECEIVED,) if is_answer else ()
    effects.carry_out(move, advance)
    moving.settle(move, advance)
