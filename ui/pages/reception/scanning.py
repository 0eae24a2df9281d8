"""Any code under the scanner: a slip opens, a physical file shows where it is and may be placed."""

from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, Forbidden, Kind, NotFound
from medcontrol.policy import Action
from medcontrol.queries.file_loading import OpenFile, open_file
from medcontrol.queries.letters import own_units
from medcontrol.queries.paper import FilePaper
from medcontrol.queries.paper_loading import cover_facts, load_paper
from medcontrol.rules.scanning import read_code
from medcontrol.services import envelopes, paper
from medcontrol.services.paper_moves import Desk
from medcontrol.vocabulary import Role
from ui.downloads import shown_pdf
from ui.forms import Errors, text_of
from ui.notices import see_other
from ui.pages.reception.slips import LONGEST
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.letters.sheets import CoverSheet, print_sheet

router = APIRouter(prefix="/reception")


@dataclass(frozen=True, slots=True)
class ScanPage:
    """What was scanned, and where that file is."""

    units: dict[str, str]
    typed: str = ""
    opened: OpenFile | None = None
    paper: FilePaper | None = None
    errors: Errors = field(default_factory=Errors)


@router.get("/scan")
def scan(request: Request, visitor: Me) -> Response:
    """Open the slip, or show the physical file, whose code was scanned."""
    visitor.must_have(Role.AGENT)
    typed = text_of(request.query_params, "scan", LONGEST)
    reference = read_code(typed) if typed else None
    if reference is not None and reference.startswith(f"{paper.PREFIX}-"):
        return see_other(f"/reception/slips/{reference}")
    return _draw(request, visitor, typed, reference)


@router.post("/scan")
def place(request: Request, visitor: Me, form: Posted) -> Response:
    """Note on which shelf the file lies."""
    visitor.must_have(Role.AGENT)
    typed = text_of(form, "scan", LONGEST)
    unit, location = text_of(form, "unit", 64), text_of(form, "location", LONGEST)
    try:
        with transaction() as session:
            desk = Desk(visitor.principal, visitor.now)
            reference = paper.place(session, desk, unit, typed, location)
    except DomainError as refusal:
        if refusal.kind not in (Kind.INVALID, Kind.CONFLICT):
            raise
        errors = Errors({"scan": refusal.code})
        return _draw(request, visitor, typed, read_code(typed), errors)
    return see_other(f"/reception/scan?scan={reference}", "paper.placed")


@router.get("/files/{reference}/cover.pdf")
def print_cover(request: Request, visitor: Me, reference: str) -> Response:
    """Return the first sheet of a physical file, with its code."""
    visitor.must_have(Role.AGENT)
    with read_only() as session:
        opened = _administrated(session, visitor, reference)
        received_on, pages, has_envelope = cover_facts(session, opened.file)
    sheet = CoverSheet(
        number=opened.file.reference,
        person=opened.file.person_name,
        registration=opened.file.registration_number,
        agency=opened.unit_name,
        received_on=received_on,
        pages=pages,
        has_envelope=has_envelope,
    )
    tools = visitor.site.tools
    language = request.state.shell.language
    pdf = print_sheet(sheet, fund=tools.fund_name, language=language, fonts=tools.fonts)
    return shown_pdf(pdf, f"{opened.file.reference}.pdf")


@router.post("/files/{reference}/envelopes")
def register_envelope(visitor: Me, form: Posted, reference: str) -> Response:
    """Note that a sealed envelope lies in the physical file."""
    visitor.must_have(Role.AGENT)
    with transaction() as session:
        opened = _administrated(session, visitor, reference)
        envelopes.register(session, visitor.principal, opened.file.id, now=visitor.now)
    return see_other(f"/files/{reference}?tab=letters", "envelope.registered")


def _administrated(session: Session, visitor: Visitor, reference: str) -> OpenFile:
    opened = open_file(session, visitor.principal, reference)
    if Action.ADMINISTRATE not in opened.allowed:
        raise Forbidden("this file is not of your units")
    return opened


def _draw(
    request: Request,
    visitor: Visitor,
    typed: str,
    reference: str | None,
    errors: Errors | None = None,
) -> Response:
    errors = errors or Errors()
    opened = found = None
    with read_only() as session:
        units = dict(own_units(session, visitor.principal, visitor.site.jurisdiction))
        if typed and reference is None:
            errors["scan"] = "paper.unreadable"
        elif reference is not None:
            try:
                opened = _administrated(session, visitor, reference)
                found = load_paper(session, opened.file)
            except (NotFound, Forbidden):
                errors["scan"] = "paper.not_yours"
    page = ScanPage(units, typed, opened, found, errors)
    return render(request, "reception/scan.html", page, status_code=422 if errors else 200)
