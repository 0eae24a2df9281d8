"""One file handed in with an idempotency key: the same request again, the same answer."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.db import read_only, transaction
from medcontrol.model import ControlFile, QuarantinedMessage, SelectivityDecision
from medcontrol.services import request_keys
from medcontrol.services.request_keys import Answered
from workflows.gate.quarantine import errors_of
from workflows.gate.single import Kind, TakenIn, take_in_one
from workflows.tools import Tools

_IN_QUARANTINE = ("conflict", "faulty", "already_handled")
File: Any = ControlFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A message as it was sent: by whom, under which key, if any."""

    raw: bytes
    caller_id: UUID
    source_name: str
    key: str | None = None


def hand_in_one(tools: Tools, request: Request, *, now: datetime) -> TakenIn:
    """Take one message in; a request with a key that was answered before changes nothing.

    In transactions of its own: the key first, then the message, then the answer. A crash between
    two of them makes the next request do what is missing.

    Raises:
        InvalidInput: the key is not 1 to 64 visible ASCII characters.
        KeyReused: the key came with another body before.
    """
    if request.key is None:
        return take_in_one(tools, request.raw, source_name=request.source_name, now=now)
    digest = hashlib.sha256(request.raw).digest()
    with transaction() as session:
        claimed = request_keys.claim(session, request.caller_id, request.key, digest, now=now)
    if claimed.answer is not None:
        with read_only() as session:
            return _again(session, claimed.answer)
    taken = take_in_one(tools, request.raw, source_name=request.source_name, now=now)
    subject = taken.received_file_id or taken.quarantine_id
    if subject is not None:
        with transaction() as session:
            request_keys.keep_answer(
                session, claimed.request_id, Answered(taken.kind, subject), digest, now=now
            )
    return taken


def _again(session: Session, answer: Answered) -> TakenIn:
    """Return what was answered, from the rows that it was about."""
    kind = cast("Kind", answer.code)
    if kind in _IN_QUARANTINE:
        row = session.get_one(QuarantinedMessage, answer.subject_id)
        return TakenIn(kind, quarantine_id=row.id, errors=errors_of(row))
    reference = session.execute(
        sa.select(File.reference).where(File.received_file_id == answer.subject_id)
    ).scalar()
    # A file that the night chose is controlled, whatever the gate said of it.
    lane = (
        session.execute(
            sa.select(File.lane).where(File.received_file_id == answer.subject_id)
        ).scalar()
        or session.execute(
            sa.select(col(SelectivityDecision.lane)).where(
                col(SelectivityDecision.received_file_id) == answer.subject_id
            )
        ).scalar()
    )
    return TakenIn(kind, received_file_id=answer.subject_id, reference=reference, lane=lane)
