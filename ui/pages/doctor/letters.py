"""A file's letters and its sealed envelopes: read again, copied, received, opened."""

from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from medcontrol.db import read_only, transaction
from medcontrol.errors import Forbidden, InvalidInput
from medcontrol.queries.file_loading import open_file
from medcontrol.services import envelopes
from medcontrol.vocabulary import LetterReceipt, Role
from ui.downloads import shown_pdf
from ui.forms import day_of, member_of
from ui.notices import see_other
from ui.visitors import Me, Posted
from workflows.letters import copies as copies

router = APIRouter(prefix="/files/{reference}")


@router.get("/letters/{letter_id}.pdf")
def show_letter(visitor: Me, reference: str, letter_id: UUID) -> Response:
    """Return a letter as it left, or as it would leave."""
    with read_only() as session:
        file = open_file(session, visitor.principal, reference).file
        letter = copies.find_letter(session, visitor.principal, file.id, letter_id)
        pdf = copies.letter_pdf(session, visitor.site.tools, letter)
    return shown_pdf(pdf, f"{file.reference}-{letter.code}.pdf")


@router.get("/letters/{letter_id}/duplicate")
def back_to_letters(visitor: Me, reference: str, letter_id: UUID) -> Response:
    """Lead from the address of a copy that was loaded again to the letters."""
    return RedirectResponse(f"/files/{reference}?tab=letters", status_code=303)


@router.post("/letters/{letter_id}/duplicate")
def make_duplicate(visitor: Me, form: Posted, reference: str, letter_id: UUID) -> Response:
    """Return a second copy, marked as such; the journal says who asked for it."""
    if not visitor.principal.has(*copies.COPIERS):
        raise Forbidden("a second copy")
    with transaction() as session:
        file = open_file(session, visitor.principal, reference).file
        pdf = copies.duplicate(
            session, visitor.site.tools, visitor.principal, file.id, letter_id, now=visitor.now
        )
    return shown_pdf(pdf, f"{file.reference}-duplicata.pdf")


@router.post("/letters/{letter_id}/receipt")
def receive_receipt(visitor: Me, form: Posted, reference: str, letter_id: UUID) -> Response:
    """Note the receipt of a registered letter."""
    visitor.must_have(Role.AGENT)
    receipt, on = member_of(form, "receipt", LetterReceipt), day_of(form, "receipt_on")
    if receipt is None or on is None:
        raise InvalidInput("what the receipt says, and its day", field="receipt_on")
    with transaction() as session:
        file = open_file(session, visitor.principal, reference).file
        copies.note_receipt(
            session, visitor.principal, file.id, letter_id, receipt=receipt, on=on, now=visitor.now
        )
    return see_other(f"/files/{reference}?tab=letters", "letter.receipt")


@router.post("/envelopes/{envelope_id}/open")
def open_envelope(visitor: Me, form: Posted, reference: str, envelope_id: UUID) -> Response:
    """Note that the doctor opens a sealed envelope; on record before anything is read."""
    visitor.must_have(*envelopes.OPENERS)
    with read_only() as session:
        file_id = open_file(session, visitor.principal, reference).file.id
    now = visitor.site.clock
    envelopes.open_envelope(visitor.principal, file_id, envelope_id, now=now)
    return see_other(f"/files/{reference}?tab=letters", "envelope.opened")
