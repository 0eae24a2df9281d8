"""The list of the day: what is to be checked, booked, awaited, and what was registered."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from medcontrol.db import read_only
from medcontrol.queries.reception_loading import find_reference, load_day
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import Role
from ui.rendering import render
from ui.visitors import Me

router = APIRouter(prefix="/reception")


@router.get("/today")
def show_day(request: Request, visitor: Me) -> Response:
    """Draw the list of the agent's units."""
    visitor.must_have(Role.AGENT)
    with read_only() as session:
        calendar = working_calendar(session, visitor.site.jurisdiction)
        page = load_day(session, visitor.principal, now=visitor.now, calendar=calendar)
    return render(request, "reception/day.html", page)


@router.get("/tasks/{task_id}")
def open_task(visitor: Me, task_id: UUID) -> Response:
    """Lead from a step to the page of its file, where it is done."""
    with read_only() as session:
        reference = find_reference(session, visitor.principal, task_id)
    return RedirectResponse(f"/reception/files/{reference}", status_code=303)
