"""Letters read again (copies): as they left, or as a second copy that says so; their receipts."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel import Session

from medcontrol import journal
from medcontrol.clock import civil_date
from medcontrol.errors import DomainError, Forbidden, InvalidInput, Kind, NotFound
from medcontrol.model import ControlFile, Letter
from medcontrol.policy import Action, Principal, may
from medcontrol.services import files
from medcontrol.vocabulary import LetterReceipt, LetterStatus, Role
from workflows.letters.rendering import render
from workflows.tools import Tools

#: Who may hand out a second copy.
COPIERS = (
    Role.AGENT, Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR, Role.APPEALS_SECRETARY,
)  # fmt: skip


class NotSentYet(DomainError):
    """The letter did not leave; there is nothing to copy or to receive."""

    kind = Kind.CONFLICT
    code = "letter.not_sent"


def render_letter(
    tools: Tools, letter: Letter, file: ControlFile, *, duplicate_on: date | None = None
) -> bytes:
    """Return a letter's PDF by the pack that it was written under: always the same bytes."""
    pack = tools.catalog.get(letter.pack, file.flow)
    return render(
        pack, letter.code, letter.language, letter.context, fonts=tools.fonts,
        duplicate_on=duplicate_on,
    )  # fmt: skip


def find_letter(
    session: Session, principal: Principal, control_file_id: UUID, letter_id: UUID
) -> Letter:
    """Return a letter of a file that somebody may see.

    Raises:
        NotFound: there is none, or the policy hides its file.
    """
    letter = session.get(Letter, letter_id)
    is_there = letter is not None and letter.control_file_id == control_file_id
    if letter is None or not is_there or not may(session, principal, control_file_id, Action.SEE):
        raise NotFound("no such letter")
    return letter


def letter_pdf(session: Session, tools: Tools, letter: Letter) -> bytes:
    """Return a letter as it left or was printed; as it would leave when it waits."""
    if letter.pdf_sha256 is not None and tools.documents.has(letter.pdf_sha256):
        return tools.documents.get(letter.pdf_sha256)
    return render_letter(tools, letter, session.get_one(ControlFile, letter.control_file_id))


def duplicate(
    session: Session,
    tools: Tools,
    principal: Principal,
    control_file_id: UUID,
    letter_id: UUID,
    *,
    now: datetime,
) -> bytes:
    """Return a second copy, marked as such with its day; the journal says who asked for it.

    Raises:
        NotFound: as ``find_letter``.
        Forbidden: a role that only reads.
        NotSentYet: the letter itself did not leave.
    """
    if not principal.has(*COPIERS):
        raise Forbidden("a second copy")
    file = files.lock(session, control_file_id)
    letter = find_letter(session, principal, control_file_id, letter_id)
    if letter.status is not LetterStatus.SENT:
        raise NotSentYet
    day = civil_date(now, file.jurisdiction)
    _note(session, principal, letter, "letter.duplicated", {}, now)
    return render_letter(tools, letter, file, duplicate_on=day)


def note_receipt(
    session: Session,
    principal: Principal,
    control_file_id: UUID,
    letter_id: UUID,
    *,
    receipt: LetterReceipt,
    on: date,
    now: datetime,
) -> None:
    """Note the receipt of a registered letter; a later note corrects an earlier one.

    Raises:
        Forbidden: the agent does not administrate the file.
        NotSentYet: the letter did not leave, or was not registered.
        InvalidInput: a day before it left or after today; ``field`` is ``receipt_on``.
    """
    if not may(session, principal, control_file_id, Action.ADMINISTRATE):
        raise Forbidden("this file is not of your units")
    file = files.lock(session, control_file_id)
    letter = find_letter(session, principal, control_file_id, letter_id)
    if letter.sent_at is None or not letter.is_registered:
        raise NotSentYet
    left = civil_date(letter.sent_at, file.jurisdiction)
    if not left <= on <= civil_date(now, file.jurisdiction):
        raise InvalidInput("between the day it left and today", field="receipt_on")
    letter.receipt, letter.receipt_on = receipt, on
    facts = {"receipt": receipt.value, "on": on.isoformat()}
    _note(session, principal, letter, "letter.receipt", facts, now)


def _note(
    session: Session,
    principal: Principal,
    letter: Letter,
    action: str,
    facts: dict[str, str],
    now: datetime,
) -> None:
    session.flush()
    journal.record(
        session, letter.control_file_id, action,
        {"letter": str(letter.id), "code": letter.code, **facts},
        actor=journal.Actor(principal.kind, principal.name, principal.id), now=now,
    )  # fmt: skip
