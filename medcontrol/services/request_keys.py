"""Idempotency keys of requests: the same request again gets the same answer, and does nothing."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol import inbox
from medcontrol.errors import DomainError, InvalidInput, Kind
from medcontrol.ids import new_id
from medcontrol.model import InboxMessage

# No sender's ``source`` can begin with this sign, so keys and files never meet in the inbox.
_KEYS = "#key:"
_ANSWERS = "#answer:"
_KEY = re.compile(r"[\x21-\x7e]{1,64}")


class KeyReused(DomainError):
    """This idempotency key came with another body before."""

    kind = Kind.CONFLICT
    code = "idempotency.key_reused"


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered to a request before: a code, and the id of what it was about."""

    code: str
    subject_id: UUID


@dataclass(frozen=True, slots=True)
class Claimed:
    """A key in its caller's hands; ``answer`` when the request was answered before."""

    request_id: UUID
    answer: Answered | None


def claim(
    session: Session, caller_id: UUID, key: str, body_hash: bytes, *, now: datetime
) -> Claimed:
    """Claim a key for a body, or find what was answered; keys of other callers don't matter.

    A request that died before its answer was kept is simply done again. Commit before the work
    begins, so that a second request finds the key.

    Raises:
        InvalidInput: not 1 to 64 visible ASCII characters.
        KeyReused: the key came with another body before.
    """
    if not _KEY.fullmatch(key):
        raise InvalidInput("1 to 64 visible ASCII characters", field="Idempotency-Key")
    request_id = new_id()
    identity = inbox.Identity(f"{_KEYS}{caller_id}", key, body_hash, request_id)
    known = inbox.claim(session, [identity], now=now)[request_id]
    if known is None:
        return Claimed(request_id, None)
    if known.content_hash != body_hash:
        raise KeyReused(field="Idempotency-Key")
    return Claimed(known.subject_id, _answer(session, known.subject_id))


def keep_answer(
    session: Session, request_id: UUID, answer: Answered, body_hash: bytes, *, now: datetime
) -> None:
    """Keep what was answered, for the next time; the first answer stays."""
    if _answer(session, request_id) is None:
        identity = inbox.Identity(
            f"{_ANSWERS}{answer.code}", str(request_id), body_hash, answer.subject_id
        )
        inbox.claim(session, [identity], now=now)


def _answer(session: Session, request_id: UUID) -> Answered | None:
    row = session.execute(
        sa.select(col(InboxMessage.source), col(InboxMessage.subject_id))
        .where(
            col(InboxMessage.external_id) == str(request_id),
            col(InboxMessage.source).in_([f"{_ANSWERS}{code}" for code in ANSWER_CODES]),
        )
        .order_by(col(InboxMessage.seen_at))
        .limit(1)
    ).first()
    return Answered(row[0].removeprefix(_ANSWERS), row[1]) if row else None


#: What can be answered to one file handed in; see ``workflows.gate.single.TakenIn``.
ANSWER_CODES = ("accepted", "duplicate", "conflict", "faulty", "already_handled")
