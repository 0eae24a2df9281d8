"""The file page (page du dossier), its diagram, and the way back from an address of a form."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from medcontrol.db import read_only
from medcontrol.presence import Reader
from medcontrol.queries.file_loading import open_file
from medcontrol.queries.file_page import FileTab, Presence
from medcontrol.queries.file_tabs import JournalKind
from ui.forms import as_uuid, member_of, text_of, whole_of
from ui.pages.doctor.reading import read_page
from ui.pages.doctor.tabs import Wanted
from ui.rendering import render
from ui.visitors import Me, Visitor

router = APIRouter(prefix="/files/{reference}")


@dataclass(frozen=True, slots=True)
class PresencePart:
    """Who else has the file open."""

    readers: Sequence[Reader]


@router.get("")
def show_file(request: Request, visitor: Me, reference: str) -> Response:
    """Draw a file on one of its tabs."""
    query = request.query_params
    wanted = Wanted(
        reference=reference,
        tab=member_of(query, "tab", FileTab) or FileTab.SUMMARY,
        document=as_uuid(text_of(query, "document", 40)),
        page=whole_of(query, "page"),
        journal_kind=member_of(query, "kind", JournalKind),
        open_action=text_of(query, "open", 40),
        origin=text_of(query, "from", 2000),
    )
    page = read_page(visitor, request.state.shell.language, wanted)
    others = tuple(
        Presence(name=each.name, since=each.since)
        for each in _readers(visitor, page.header.control_file_id)
    )
    page = replace(page, header=replace(page.header, presence=others))
    return render(request, "file.html", page)


@router.get("/presence")
def show_presence(request: Request, visitor: Me, reference: str) -> Response:
    """Say who else has the file open; an open page asks every few seconds."""
    with read_only() as session:
        file_id = open_file(session, visitor.principal, reference).file.id
    return render(request, "file/_presence.html", PresencePart(_readers(visitor, file_id)))


def _readers(visitor: Visitor, file_id: UUID) -> list[Reader]:
    """Note that the visitor has a file open; return who else has."""
    who = visitor.principal
    return visitor.site.presences.note(file_id, who.id, who.name, now=visitor.now)


@router.get("/diagram.bpmn")
def show_diagram(visitor: Me, reference: str) -> Response:
    """Return the diagram of the flow that the file was opened under, layout included."""
    with read_only() as session:
        file = open_file(session, visitor.principal, reference).file
    pack = visitor.site.tools.catalog.get(file.pack, file.flow)
    return Response(pack.bpmn(), media_type="application/xml")


@router.get("/{form}")
def come_back(request: Request, visitor: Me, reference: str, form: str) -> Response:
    """Lead from the address of a form, loaded again or in another language, to the file."""
    origin = text_of(request.query_params, "from", 2000)
    query = "?" + urlencode({"from": origin}) if origin else ""
    with read_only() as session:
        known = open_file(session, visitor.principal, reference).file.reference
    return RedirectResponse(f"/files/{known}{query}", status_code=303)
