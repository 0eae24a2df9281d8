"""Letters as the desk, a file's page and the public see them (courriers): never what they say."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import civil_date
from medcontrol.model import ControlFile, Letter, LetterBatch, OutboxMessage, Unit
from medcontrol.policy import Principal, agent_units
from medcontrol.vocabulary import Jurisdiction, LetterReceipt, LetterStatus, LetterWay

_SHOWN = 200

Post: Any = Letter
File: Any = ControlFile
Batch: Any = LetterBatch
Units: Any = Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLetter:
    """A letter of a file; ``failure`` is why its last try to leave failed, as a code."""

    id: UUID
    code: str
    language: str
    recipient: str
    status: LetterStatus
    way: LetterWay
    written_at: datetime
    ready_at: datetime | None
    sent_at: datetime | None
    carrier_reference: str | None
    is_registered: bool
    receipt: LetterReceipt | None
    receipt_on: date | None
    batch: str | None
    failure: str | None
    is_given_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingLetter:
    """A letter that an agency may print."""

    id: UUID
    reference: str
    person_name: str
    flow: str
    pack: str
    code: str
    language: str
    way: LetterWay
    is_registered: bool
    written_at: datetime
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """A batch that was printed."""

    id: UUID
    number: str
    unit_code: str
    unit_name: str
    letters: int
    printed_at: datetime
    sent_at: datetime | None
    cancelled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLine:
    """A letter in a batch."""

    id: UUID
    position: int
    reference: str
    addressee: str
    language: str
    is_registered: bool
    carrier_reference: str | None


@dataclass(frozen=True, slots=True)
class Genuine:
    """All that whoever holds a letter is told: it is ours, of this day, about a masked file."""

    written_on: date
    reference: str


def _failure() -> Any:
    message: Any = OutboxMessage
    return message.last_error.label("failure"), message.dead_at.is_not(None).label("is_given_up")


def _with_message(statement: Any) -> Any:
    message: Any = OutboxMessage
    return statement.outerjoin(
        OutboxMessage,
        sa.and_(
            message.key == sa.literal("letter:") + sa.cast(Post.id, sa.Text),
            message.done_at.is_(None),
            Post.status == LetterStatus.WAITING,
        ),
    )


def load_file_letters(session: Session, control_file_id: UUID) -> tuple[FileLetter, ...]:
    """Return the letters of a file, the latest first; those of undone decisions are left out."""
    statement = sa.select(
        Post.id, Post.code, Post.language, Post.recipient, Post.status, Post.way, Post.written_at,
        Post.ready_at, Post.sent_at, Post.carrier_reference, Post.is_registered, Post.receipt,
        Post.receipt_on, Batch.number.label("batch"), *_failure(),
    ).select_from(Letter).outerjoin(LetterBatch, Batch.id == Post.batch_id)  # fmt: skip
    rows = session.execute(
        _with_message(statement)
        .where(Post.control_file_id == control_file_id, Post.status != LetterStatus.CANCELLED)
        .order_by(Post.written_at.desc(), Post.id.desc())
        .limit(_SHOWN)
    ).mappings()
    return tuple(FileLetter(**row) for row in rows)


def load_waiting(
    session: Session, where: tuple[sa.ColumnElement[bool], ...]
) -> tuple[WaitingLetter, ...]:
    """Return letters that may be printed, in the order of a batch; ``where`` says whose."""
    statement = sa.select(
        Post.id, File.reference, File.person_name, File.flow, Post.pack, Post.code, Post.language,
        Post.way, Post.is_registered, Post.written_at, _failure()[0],
    ).select_from(Letter).join(ControlFile, File.id == Post.control_file_id)  # fmt: skip
    rows = session.execute(
        _with_message(statement).where(*where).order_by(Post.written_at, Post.id).limit(_SHOWN)
    ).mappings()
    return tuple(WaitingLetter(**row) for row in rows)


def load_batches(
    session: Session, principal: Principal, *, number: str | None = None
) -> tuple[BatchRow, ...]:
    """Return the batches of the reader's units, the latest first; or the one of a number."""
    named = sa.true() if number is None else Batch.number == number
    rows = session.execute(
        sa.select(
            Batch.id, Batch.number, Batch.unit_code, Units.name.label("unit_name"), Batch.letters,
            Batch.printed_at, Batch.sent_at, Batch.cancelled_at,
        )
        .join(Unit, Units.code == Batch.unit_code)
        .where(Batch.unit_code.in_(agent_units(principal)), named)
        .order_by(Batch.printed_at.desc(), Batch.id.desc())
        .limit(30)
    ).mappings()  # fmt: skip
    return tuple(BatchRow(**row) for row in rows)


def load_batch_lines(session: Session, batch_id: UUID) -> tuple[BatchLine, ...]:
    """Return the letters of a batch, in its order."""
    rows = session.execute(
        sa.select(
            Post.id, Post.batch_position, File.reference, Post.context, Post.language,
            Post.is_registered, Post.carrier_reference,
        )
        .join(ControlFile, File.id == Post.control_file_id)
        .where(Post.batch_id == batch_id)
        .order_by(Post.batch_position)
    )  # fmt: skip
    return tuple(
        BatchLine(
            id=row.id,
            position=row.batch_position,
            reference=row.reference,
            addressee=row.context["addressee"]["name"],
            language=row.language,
            is_registered=row.is_registered,
            carrier_reference=row.carrier_reference,
        )
        for row in rows
    )


def own_units(session: Session, principal: Principal, jurisdiction: str) -> Mapping[str, str]:
    """Return the units at which somebody is an agent, name by code."""
    rows = session.execute(
        sa.select(Units.code, Units.name)
        .where(Units.code.in_(agent_units(principal)), Units.jurisdiction == jurisdiction)
        .order_by(Units.name)
    )
    return {row[0]: row[1] for row in rows}


# Letters of files, and those to providers about a round of controls.
_VERIFY = sa.text("""
SELECT l.written_at, l.context->>'reference' AS reference, f.jurisdiction
FROM letter l JOIN control_file f ON f.id = l.control_file_id
WHERE l.verification_code = :code AND l.status = 'sent'
UNION ALL
SELECT p.written_at, p.context->>'reference', b.jurisdiction
FROM provider_letter p JOIN probe b ON b.id = p.probe_id
WHERE p.verification_code = :code AND p.status = 'sent'
""")


def verify(session: Session, code: str) -> Genuine | None:
    """Return what the public may know of the letter that carries a code; None for any other.

    One statement whatever the code is. A letter that was withdrawn or did not leave yet is not
    told from one that never was.
    """
    row = session.execute(_VERIFY, {"code": code}).first()
    if row is None:
        return None
    day = civil_date(row.written_at, Jurisdiction(row.jurisdiction))
    return Genuine(day, masked(row.reference))


def masked(reference: str) -> str:
    """Return the end of a reference: its beginning names the kind of file.

    >>> masked("ALD-2026-0000123-1")
    '•••• 123-1'
    """
    return f"•••• {reference[-5:]}"
