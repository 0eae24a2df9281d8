"""The list of the day: what is to be checked, booked, awaited, and what was registered."""

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only
from medcontrol.queries.reception_loading import load_day
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
