"""Letters printed by an agency together (lots d'impression): one PDF, in order, under a list.

Printing renders before it locks; then files, outbox messages and letters are locked in the order
of every command, and what is no longer waiting stops the whole batch.
"""

import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pypdf import PdfReader, PdfWriter
from sqlmodel import Session, col, select

from medcontrol import journal
from medcontrol.clock import civil_date
from medcontrol.errors import DomainError, Forbidden, InvalidInput, Kind, NotFound
from medcontrol.ids import new_id
from medcontrol.model import ControlFile, Letter, LetterBatch, OutboxMessage, Unit
from medcontrol.policy import Action, Principal, agent_units, visible
from medcontrol.rules.references import make_reference
from medcontrol.services import files
from medcontrol.vocabulary import LetterStatus, LetterWay
from workflows.letters.copies import render_letter
from workflows.letters.sheets import BatchLetter, BatchSheet, print_sheet
from workflows.tools import Tools

PREFIX = "LOT"
MOST_LETTERS = 100
PRINTED_BY_AGENCY = "printed by an agency"
LONGEST_REFERENCE = 64

Batched: Any = Letter


class BatchEmpty(InvalidInput):
    """No letter was chosen."""

    code = "letters.none_chosen"


class BatchTooLarge(InvalidInput):
    """More letters than one batch may hold; print them in several."""

    code = "letters.too_many"


class LettersGone(DomainError):
    """A letter of the choice left or was withdrawn meanwhile; nothing was printed."""

    kind = Kind.CONFLICT
    code = "letters.gone"


class BatchSettled(DomainError):
    """The batch was sent or given up before; nothing was changed."""

    kind = Kind.CONFLICT
    code = "letters.batch_settled"


@dataclass(frozen=True, slots=True)
class _Printed:
    letter: Letter
    file: ControlFile
    pdf: bytes
    sha256: str


def waiting(principal: Principal, unit: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the predicates of letters that an agent of a unit may print now.

    All of its files' letters that wait: those meant for agencies, and those that nobody carried
    yet. One whose decision can still be undone is not among them.
    """
    in_unit = sa.or_(col(ControlFile.agency_code) == unit, col(ControlFile.region_code) == unit)
    if unit not in agent_units(principal):
        return (sa.false(),)
    return (
        in_unit,
        visible(principal, ControlFile, Action.ADMINISTRATE),
        col(Letter.status) == LetterStatus.WAITING,
        col(Letter.batch_id).is_(None),
        sa.or_(col(Letter.ready_at).is_(None), col(Letter.ready_at) <= now),
    )


def print_batch(
    session: Session,
    tools: Tools,
    principal: Principal,
    *,
    unit: str,
    letter_ids: Collection[UUID],
    language: str,
    now: datetime,
) -> LetterBatch:
    """Print letters together: render, take them from every other way, keep the PDF.

    Args:
        session: a transaction of this call's own.
        tools: packs, fonts and where the PDF is kept.
        principal: an agent of the unit.
        unit: whose letters.
        letter_ids: which; printed in the order in which they were written.
        language: of the list on top.
        now: the instant.

    Raises:
        BatchEmpty, BatchTooLarge: nothing was printed.
        LettersGone: one of them is not there to be printed any more.
    """
    if not letter_ids:
        raise BatchEmpty(field="letters")
    if len(letter_ids) > MOST_LETTERS:
        raise BatchTooLarge(f"{len(letter_ids)} letters; {MOST_LETTERS} at most", field="letters")
    found = _rendered(session, tools, principal, unit, letter_ids, now)
    if len(found) != len(set(letter_ids)):
        raise LettersGone(field="letters")
    serial = session.execute(sa.text("SELECT nextval('letter_batch_serial')")).scalar_one()
    number = make_reference(PREFIX, now.year, serial)
    pdf = _one_pdf(session, tools, number, unit, found, language, now)
    batch = LetterBatch(
        id=new_id(), number=number, unit_code=unit, letters=len(found), printed_at=now,
        printed_by=principal.id, pdf_sha256=tools.documents.put(pdf).sha256,
    )  # fmt: skip
    session.add(batch)
    session.flush()
    _take(session, batch, found, principal)
    return batch


def send_batch(
    session: Session,
    principal: Principal,
    batch_id: UUID,
    *,
    references: Mapping[UUID, str],
    now: datetime,
) -> LetterBatch:
    """Note that the letters of a batch left, all in one go.

    Args:
        session: the caller's transaction.
        principal: an agent of the unit that printed them.
        batch_id: which.
        references: the carrier's number of each registered letter, by letter.
        now: the instant.

    Raises:
        BatchSettled: it left, or was given up before.
        InvalidInput: a registered letter has no number; ``field`` is ``reference.<letter id>``.
    """
    batch = _open_batch(session, principal, batch_id)
    letters = letters_of(session, batch.id)
    for letter in letters:
        given = references.get(letter.id, "").strip()[:LONGEST_REFERENCE]
        if letter.is_registered and not given:
            raise InvalidInput("a registered letter has a number", field=f"reference.{letter.id}")
        letter.status, letter.sent_at = LetterStatus.SENT, now
        letter.carrier_reference = given or batch.number
    batch.sent_at = now
    _tell(session, letters, "letter.sent", batch, principal, now)
    return batch


def give_up_batch(
    session: Session, principal: Principal, batch_id: UUID, *, now: datetime
) -> LetterBatch:
    """Take back a batch that did not leave: its letters wait to be printed again.

    Raises:
        BatchSettled: it left, or was given up before.
    """
    batch = _open_batch(session, principal, batch_id)
    letters = letters_of(session, batch.id)
    for letter in letters:
        letter.batch_id = letter.batch_position = letter.pdf_sha256 = None
    batch.cancelled_at = now
    _tell(session, letters, "letter.unprinted", batch, principal, now)
    return batch


def letters_of(session: Session, batch_id: UUID) -> Sequence[Letter]:
    """Return the letters of a batch, in its order."""
    return session.exec(
        select(Letter).where(Letter.batch_id == batch_id).order_by(col(Letter.batch_position))
    ).all()


def find_batch(session: Session, principal: Principal, number: str) -> LetterBatch:
    """Return a batch of one of the agent's units by its number.

    Raises:
        NotFound: there is none, or it is another unit's.
    """
    batch = session.exec(select(LetterBatch).where(LetterBatch.number == number)).first()
    if batch is None or batch.unit_code not in agent_units(principal):
        raise NotFound(f"no batch {number}")
    return batch


def _rendered(
    session: Session, tools: Tools, principal: Principal, unit: str, ids: Collection[UUID],
    now: datetime,
) -> list[_Printed]:  # fmt: skip
    rows = session.execute(
        sa.select(Batched, ControlFile)
        .join(ControlFile, col(ControlFile.id) == Batched.control_file_id)
        .where(Batched.id.in_(list(ids)), *waiting(principal, unit, now))
        .order_by(Batched.written_at, Batched.id)
    ).all()
    printed = []
    for letter, file in rows:
        pdf = render_letter(tools, letter, file)
        printed.append(_Printed(letter, file, pdf, tools.documents.put(pdf).sha256))
    return printed


def _one_pdf(
    session: Session, tools: Tools, number: str, unit: str, found: Sequence[_Printed],
    language: str, now: datetime,
) -> bytes:  # fmt: skip
    place = session.get_one(Unit, unit)
    readers = [PdfReader(io.BytesIO(each.pdf)) for each in found]
    sheet = BatchSheet(
        number=number,
        unit=place.name,
        printed_on=civil_date(now, place.jurisdiction),
        letters=[
            BatchLetter(
                reference=each.file.reference,
                addressee=each.letter.context["addressee"]["name"],
                language=each.letter.language,
                pages=len(reader.pages),
                is_registered=each.letter.is_registered,
            )
            for each, reader in zip(found, readers, strict=True)
        ],
    )
    top = print_sheet(sheet, fund=tools.fund_name, language=language, fonts=tools.fonts)
    writer, out = PdfWriter(), io.BytesIO()
    for reader in (PdfReader(io.BytesIO(top)), *readers):
        writer.append(reader, import_outline=False)
    writer.compress_identical_objects()
    writer.write(out)
    return out.getvalue()


def _take(
    session: Session, batch: LetterBatch, found: Sequence[_Printed], principal: Principal
) -> None:
    """Take the letters from every other way they might leave by."""
    for file_id in sorted({each.file.id for each in found}):
        files.lock(session, file_id)
    keys = [f"letter:{each.letter.id}" for each in found]
    pending = col(OutboxMessage.key).in_(keys), col(OutboxMessage.done_at).is_(None)
    session.execute(
        sa.select(col(OutboxMessage.id)).where(*pending).order_by(col(OutboxMessage.id))
        .with_for_update()
    )  # fmt: skip
    for position, each in enumerate(found, start=1):
        letter = each.letter
        session.refresh(letter, with_for_update=True)
        if letter.status is not LetterStatus.WAITING or letter.batch_id is not None:
            raise LettersGone(field="letters")
        letter.batch_id, letter.batch_position = batch.id, position
        letter.pdf_sha256, letter.way = each.sha256, LetterWay.AGENCY
    session.execute(
        sa.update(OutboxMessage)
        .where(*pending)
        .values(done_at=batch.printed_at, last_error=PRINTED_BY_AGENCY)
    )
    letters = [each.letter for each in found]
    _tell(session, letters, "letter.printed", batch, principal, batch.printed_at)


def _open_batch(session: Session, principal: Principal, batch_id: UUID) -> LetterBatch:
    """Lock a batch that was neither sent nor given up, and the files of its letters."""
    batch = session.get(LetterBatch, batch_id, with_for_update=True, populate_existing=True)
    if batch is None:
        raise NotFound("no such batch")
    if batch.unit_code not in agent_units(principal):
        raise Forbidden(f"an agent of {batch.unit_code}")
    if batch.sent_at is not None or batch.cancelled_at is not None:
        raise BatchSettled
    for file_id in sorted({each.control_file_id for each in letters_of(session, batch.id)}):
        files.lock(session, file_id)
    return batch


def _tell(
    session: Session, letters: Sequence[Letter], action: str, batch: LetterBatch,
    principal: Principal, now: datetime,
) -> None:  # fmt: skip
    session.flush()
    entries = [
        journal.Entry(
            each.control_file_id,
            action,
            {"letter": str(each.id), "code": each.code, "batch": batch.number},
        )
        for each in letters
    ]
    actor = journal.Actor(principal.kind, principal.name, principal.id)
    journal.record_many(session, entries, actor=actor, now=now)
