"""The queue (file de travail), and the next file."""

from dataclasses import replace
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session

from assignment.service import claim_next
from medcontrol.db import read_only, transaction
from medcontrol.errors import NotFound
from medcontrol.queries.saved_views import ViewsOfList, load_views, opens_with
from medcontrol.queries.worklist import QueueFilters, QueueRow, QueueTab
from medcontrol.queries.worklist_loading import count_each, load_queue
from medcontrol.queries.worklist_selection import select_rows
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import Role
from ui.forms import text_of
from ui.notices import see_other
from ui.pages.doctor.filters import filters_in, filters_of
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.steps.ending import actor_of

router = APIRouter()
PATH = "/queue"
WORKERS = (
    Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR, Role.AGENT, Role.SUPERVISOR,
)  # fmt: skip


@router.get("/queue")
def show_queue(request: Request, visitor: Me) -> Response:
    """Draw the queue of the person logged in, or of a doctor whom they supervise."""
    visitor.must_have(*WORKERS)
    with read_only() as session:
        if not request.url.query and (chosen := opens_with(session, visitor.principal, PATH)):
            return RedirectResponse(PATH + chosen, status_code=303)
        page = load_queue(
            session,
            visitor.principal,
            filters_of(request.query_params),
            now=visitor.now,
            calendar=working_calendar(session, visitor.site.jurisdiction),
        )
        page = replace(page, saved=_saved(session, visitor))
    return render(request, "queue.html", page)


def _saved(session: Session, visitor: Visitor) -> ViewsOfList:
    """Return the views at the side, each with how many files it holds now for this person."""
    found = load_views(session, visitor.principal, PATH)
    counts = count_each(
        session, visitor.principal, [filters_in(view.address) for view in found.views],
        now=visitor.now, calendar=working_calendar(session, visitor.site.jurisdiction),
    )  # fmt: skip
    return found.counted(counts)


@router.post("/queue/next")
def open_next(visitor: Me, form: Posted) -> Response:
    """Open the most urgent file of the view; an empty desk takes one from the unit's pool."""
    visitor.must_have(*WORKERS)
    filters = replace(filters_in(text_of(form, "filters", 2000)), after="", doctor=None)
    with transaction() as session:
        row = _first(session, visitor, filters)
        if row is not None:
            return see_other(address_of_file(row.reference, filters))
        claimed = _claim(session, visitor)
        found = None if claimed is None else _first(session, visitor, QueueFilters())
    if found is None:
        return see_other("/queue" + filters.address(), "queue.empty")
    return see_other(address_of_file(found.reference, QueueFilters()), "file.claimed")


def _first(session: Session, visitor: Visitor, filters: QueueFilters) -> QueueRow | None:
    """Return the first row of the view, else of the desk as a whole."""
    calendar = working_calendar(session, visitor.site.jurisdiction)
    for view in (filters, QueueFilters(tab=QueueTab.TODO)):
        rows = select_rows(
            session, visitor.principal, view, now=visitor.now, calendar=calendar, limit=1
        )
        if rows:
            return rows[0]
    return None


def _claim(session: Session, visitor: Visitor) -> object | None:
    if visitor.principal.doctor_id is None:
        return None
    try:
        return claim_next(
            session,
            visitor.principal.doctor_id,
            now=visitor.now,
            jurisdiction=visitor.site.jurisdiction,
            actor=actor_of(visitor.principal),
        )
    except NotFound:  # a doctor of another jurisdiction, or one who has left
        return None


def address_of_file(reference: str, filters: QueueFilters) -> str:
    """Return a file's address that remembers the queue it was opened from."""
    return f"/files/{reference}?" + urlencode({"from": filters.address()})
