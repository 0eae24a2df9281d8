"""Letters printed by the agency: chosen, one PDF, marked as sent in one go (lots d'impression)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, InvalidInput, Kind
from medcontrol.queries.letters import (
    BatchLine,
    BatchRow,
    WaitingLetter,
    load_batch_lines,
    load_batches,
    load_waiting,
    own_units,
)
from medcontrol.vocabulary import Role
from ui.downloads import shown_pdf
from ui.forms import Errors, as_uuid, text_of, uuids_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from ui.words import PackWords
from workflows.letters import batches as batches
from workflows.letters.batches import MOST_LETTERS

router = APIRouter(prefix="/reception/letters")


@dataclass(frozen=True, slots=True)
class LettersPage:
    """The letters that wait at a unit, and the batches that were printed."""

    unit: str
    units: Mapping[str, str]
    waiting: tuple[WaitingLetter, ...]
    titles: Mapping[str, str]  # of letters, by id
    batches: tuple[BatchRow, ...]
    chosen: frozenset[str] = frozenset()
    most: int = MOST_LETTERS
    errors: Errors = field(default_factory=Errors)


@dataclass(frozen=True, slots=True)
class BatchPage:
    """A batch with its letters, and the numbers that were typed for registered ones."""

    batch: BatchRow
    lines: tuple[BatchLine, ...]
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Errors = field(default_factory=Errors)

    @property
    def is_open(self) -> bool:
        """Whether it was neither sent nor given up."""
        return self.batch.sent_at is None and self.batch.cancelled_at is None


@router.get("")
def show(request: Request, visitor: Me) -> Response:
    """List what may be printed now, and what was."""
    visitor.must_have(Role.AGENT)
    return _draw(request, visitor, text_of(request.query_params, "unit", 64))


@router.post("/print")
def print_chosen(request: Request, visitor: Me, form: Posted) -> Response:
    """Put the chosen letters into one PDF."""
    visitor.must_have(Role.AGENT)
    unit, chosen = text_of(form, "unit", 64), uuids_of(form, "letter")
    try:
        with transaction() as session:
            number = batches.print_batch(
                session, visitor.site.tools, visitor.principal, unit=unit, letter_ids=chosen,
                language=request.state.shell.language, now=visitor.now,
            ).number  # fmt: skip
    except DomainError as refusal:
        if refusal.kind not in (Kind.INVALID, Kind.CONFLICT):
            raise
        errors = Errors({"letters": refusal.code})
        kept = frozenset(str(each) for each in chosen)
        return _draw(request, visitor, unit, kept, errors)
    return see_other(f"/reception/letters/batches/{number}", "letters.printed")


@router.get("/batches/{number}")
def show_batch(request: Request, visitor: Me, number: str) -> Response:
    """Draw a batch: its PDF, what it holds, and whether it left."""
    visitor.must_have(Role.AGENT)
    return _draw_batch(request, visitor, number)


@router.get("/batches/{number}/letters.pdf")
def print_again(visitor: Me, number: str) -> Response:
    """Return the PDF of a batch: the same bytes, however often it is printed."""
    visitor.must_have(Role.AGENT)
    with read_only() as session:
        batch = batches.find_batch(session, visitor.principal, number)
    pdf = visitor.site.tools.documents.get(batch.pdf_sha256)
    return shown_pdf(pdf, f"{batch.number}.pdf")


@router.post("/batches/{number}/sent")
def mark_sent(request: Request, visitor: Me, form: Posted, number: str) -> Response:
    """Note that all letters of the batch left."""
    visitor.must_have(Role.AGENT)
    typed = {name: text_of(form, name, 64) for name in form if name.startswith("reference.")}
    given = {as_uuid(name.removeprefix("reference.")): text for name, text in typed.items()}
    references = {letter: text for letter, text in given.items() if letter is not None}
    try:
        with transaction() as session:
            batch = batches.find_batch(session, visitor.principal, number)
            batches.send_batch(
                session, visitor.principal, batch.id, references=references, now=visitor.now
            )
    except InvalidInput as refusal:
        errors = Errors({refusal.field or "letters": "letters.number_required"})
        return _draw_batch(request, visitor, number, typed, errors)
    return see_other(f"/reception/letters/batches/{number}", "letters.sent")


@router.post("/batches/{number}/give-up")
def give_up(visitor: Me, form: Posted, number: str) -> Response:
    """Take a batch back that was not sent: its letters wait again."""
    visitor.must_have(Role.AGENT)
    with transaction() as session:
        batch = batches.find_batch(session, visitor.principal, number)
        batches.give_up_batch(session, visitor.principal, batch.id, now=visitor.now)
    return see_other("/reception/letters", "letters.given_up")


def _draw(
    request: Request,
    visitor: Visitor,
    unit: str,
    chosen: frozenset[str] = frozenset(),
    errors: Errors | None = None,
) -> Response:
    with read_only() as session:
        units = own_units(session, visitor.principal, visitor.site.jurisdiction)
        unit = unit if unit in units else next(iter(units), "")
        where = batches.waiting(visitor.principal, unit, visitor.now)
        found = load_waiting(session, where)
        printed = load_batches(session, visitor.principal)
    titles = {str(each.id): _title(visitor, request, each) for each in found}
    page = LettersPage(unit, units, found, titles, printed, chosen, errors=errors or Errors())
    return render(request, "reception/letters.html", page, status_code=422 if errors else 200)


def _title(visitor: Visitor, request: Request, letter: WaitingLetter) -> str:
    pack = visitor.site.tools.catalog.get(letter.pack, letter.flow)
    return PackWords(pack, request.state.shell.language).letter(letter.code)


def _draw_batch(
    request: Request,
    visitor: Visitor,
    number: str,
    typed: Mapping[str, str] | None = None,
    errors: Errors | None = None,
) -> Response:
    with read_only() as session:
        batch = batches.find_batch(session, visitor.principal, number)
        (row,) = load_batches(session, visitor.principal, number=batch.number)
        lines = load_batch_lines(session, batch.id)
    page = BatchPage(row, lines, typed or {}, errors or Errors())
    return render(request, "reception/batch.html", page, status_code=422 if errors else 200)
