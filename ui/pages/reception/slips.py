"""Slips of physical files: made, filled by scanning, sealed, printed, sent (bordereaux)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response
from sqlmodel import Session
from starlette.datastructures import FormData

from medcontrol.clock import civil_date
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, Kind, NotFound
from medcontrol.queries.paper import SlipDetail
from medcontrol.queries.paper_loading import load_slip, load_slips
from medcontrol.services import paper, paper_reception
from medcontrol.services.paper_moves import Desk
from medcontrol.services.paper_reception import Scan, Scanned
from medcontrol.vocabulary import Role, SlipStatus
from ui.downloads import shown_pdf
from ui.forms import Errors, as_uuid, text_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.letters.sheets import SlipFile, SlipSheet, print_sheet

router = APIRouter(prefix="/reception/slips")
LONGEST = 120


@dataclass(frozen=True, slots=True)
class SlipView:
    """A slip as it is drawn: what may be done, and what the last scan was."""

    slip: SlipDetail
    scanned: Scanned | None = None
    added: str = ""
    error: str = ""  # code of a refusal
    location: str = ""
    carrier: str = ""
    errors: Errors = field(default_factory=Errors)

    @property
    def is_filling(self) -> bool:
        """Whether files may still be put on it."""
        return self.slip.is_sender and self.slip.status is SlipStatus.DRAFT

    @property
    def is_receiving(self) -> bool:
        """Whether its files are looked for now, or turn up afterwards."""
        return self.slip.is_receiver and self.slip.status in (
            SlipStatus.DISPATCHED, SlipStatus.RECEIVED,
        )  # fmt: skip


@router.get("")
def show_all(request: Request, visitor: Me) -> Response:
    """List the slips of the agent's units; a whole number leads straight to its slip."""
    visitor.must_have(Role.AGENT)
    query = text_of(request.query_params, "q", LONGEST)
    with read_only() as session:
        page = load_slips(session, visitor.principal, visitor.site.jurisdiction, query)
    found = [*page.incoming, *page.outgoing]
    if query and len(found) == 1:
        return see_other(f"/reception/slips/{found[0].number}")
    return render(request, "reception/slips.html", page)


@router.post("/new")
def create(visitor: Me, form: Posted) -> Response:
    """Begin a slip."""
    visitor.must_have(Role.AGENT)
    start, end = (text_of(form, name, 64) for name in ("from_unit", "to_unit"))
    with transaction() as session:
        number = paper.create(session, _desk(visitor), start, end).number
    return see_other(f"/reception/slips/{number}")


@router.get("/{number}")
def show(request: Request, visitor: Me, number: str) -> Response:
    """Draw a slip: to be filled, on its way, or to be received."""
    visitor.must_have(Role.AGENT)
    with read_only() as session:
        slip = load_slip(session, visitor.principal, number)
    return render(request, "reception/slip.html", SlipView(slip))


@router.get("/{number}/slip.pdf")
def print_slip(request: Request, visitor: Me, number: str) -> Response:
    """Return the slip to print, with its code and the list of its files."""
    visitor.must_have(Role.AGENT)
    with read_only() as session:
        slip = load_slip(session, visitor.principal, number)
    sheet = SlipSheet(
        number=slip.number,
        from_name=slip.from_name,
        to_name=slip.to_name,
        sealed_on=civil_date(slip.sealed_at or visitor.now, visitor.site.jurisdiction),
        files=[
            SlipFile(
                reference=line.reference,
                registration=line.registration_number,
                received_on=line.received_on,
                pages=line.pages,
                has_envelope=line.has_envelope,
            )
            for line in slip.lines
        ],
    )
    tools = visitor.site.tools
    language = request.state.shell.language
    pdf = print_sheet(sheet, fund=tools.fund_name, language=language, fonts=tools.fonts)
    return shown_pdf(pdf, f"{slip.number}.pdf")


@router.post("/{number}/files")
def add_file(request: Request, visitor: Me, form: Posted, number: str) -> Response:
    """Put the scanned file on the slip."""
    visitor.must_have(Role.AGENT)
    scan = text_of(form, "scan", LONGEST)
    added, error = "", ""
    try:
        with transaction() as session:
            slip = load_slip(session, visitor.principal, number)
            added = paper.add(session, _desk(visitor), slip.id, scan)
    except DomainError as refusal:
        error = _shown(refusal)
    return _after_scan(request, visitor, number, added=added, error=error)


@router.post("/{number}/scan")
def receive_file(request: Request, visitor: Me, form: Posted, number: str) -> Response:
    """Look a scanned file up on the slip that arrived."""
    visitor.must_have(Role.AGENT)
    scan, location = text_of(form, "scan", LONGEST), text_of(form, "location", LONGEST)
    scanned, error = None, ""
    try:
        with transaction() as session:
            slip = load_slip(session, visitor.principal, number)
            desk = _desk(visitor)
            scanned = paper_reception.scan(session, desk, slip.id, scan, location)
    except DomainError as refusal:
        error = _shown(refusal)
    return _after_scan(request, visitor, number, scanned=scanned, error=error, location=location)


@router.post("/{number}/remove")
def remove_file(visitor: Me, form: Posted, number: str) -> Response:
    """Take a file off the slip."""
    file_id = as_uuid(text_of(form, "file", 40)) or visitor.principal.id

    def work(session: Session, slip: SlipDetail) -> None:
        paper.remove(session, _desk(visitor), slip.id, file_id)

    return _do(visitor, number, work, "saved")


@router.post("/{number}/{command}")
def act(visitor: Me, form: Posted, number: str, command: str) -> Response:
    """Seal, fill again, send, give up or close the reception of a slip."""

    def work(session: Session, slip: SlipDetail) -> None:
        COMMANDS[command](session, _desk(visitor), slip, form)

    if command not in COMMANDS:
        raise NotFound(f"no command {command!r} of a slip")
    return _do(visitor, number, work, f"slip.{command}")


COMMANDS: dict[str, Callable[[Session, Desk, SlipDetail, FormData], object]] = {
    "seal": lambda session, desk, slip, _: paper.seal(session, desk, slip.id),
    "reopen": lambda session, desk, slip, _: paper.reopen(session, desk, slip.id),
    "dispatch": lambda session, desk, slip, form: paper.dispatch(
        session, desk, slip.id, text_of(form, "carrier", LONGEST)
    ),
    "cancel": lambda session, desk, slip, _: paper.cancel(session, desk, slip.id),
    "finish": lambda session, desk, slip, _: paper_reception.finish(session, desk, slip.id),
}


def _desk(visitor: Visitor) -> Desk:
    return Desk(visitor.principal, visitor.now)


def _do(
    visitor: Visitor, number: str, work: Callable[[Session, SlipDetail], None], notice: str
) -> Response:
    visitor.must_have(Role.AGENT)
    with transaction() as session:
        slip = load_slip(session, visitor.principal, number)
        work(session, slip)
    return see_other(f"/reception/slips/{slip.number}", notice)


def _shown(refusal: DomainError) -> str:
    """Return the code of a refusal that the person at the scanner can do something about."""
    if refusal.kind is Kind.UNAVAILABLE or refusal.field is None:
        raise refusal
    return "paper.not_yours" if refusal.kind is Kind.NOT_FOUND else refusal.code


def _after_scan(
    request: Request,
    visitor: Visitor,
    number: str,
    *,
    scanned: Scanned | None = None,
    added: str = "",
    error: str = "",
    location: str = "",
) -> Response:
    """Draw the slip after a scan: whole, or the part that changes for the scanner's script."""
    with read_only() as session:
        slip = load_slip(session, visitor.principal, number)
    view = SlipView(slip, scanned=scanned, added=added, error=error, location=location)
    is_good = not error and (scanned is None or scanned.result in (Scan.FOUND, Scan.AGAIN))
    return render(request, "reception/slip.html", view, status_code=200 if is_good else 422)
