"""Going along the guided tour of the demonstration; elsewhere these addresses do not exist."""

from dataclasses import replace

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from medcontrol.errors import NotFound
from ui.forms import text_of
from ui.pages.doctor.login import own_path
from ui.tour import COOKIE, Progress, Tour, remember, tour_of
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/tour")
_YEAR = 365 * 24 * 3600


@router.get("/{number:int}")
def open_step(request: Request, visitor: Me, number: int) -> Response:
    """Go to the page of a step, and remember that it was seen."""
    tour = _tour(request, visitor)
    if not 1 <= number <= len(tour.steps):
        raise NotFound(f"no step {number}")
    others = tuple(each for each in tour.progress.seen if each != number)
    response = RedirectResponse(tour.steps[number - 1].address, status_code=303)
    return _keep(response, request, tour, Progress((*others, number)))


@router.post("")
def change(request: Request, visitor: Me, form: Posted) -> Response:
    """Close the tour, open it again where one was, or begin anew."""
    tour = _tour(request, visitor)
    wanted = text_of(form, "action", 16)
    progress = Progress() if wanted == "restart" else replace(
        tour.progress, is_closed=wanted == "close"
    )  # fmt: skip
    response = RedirectResponse(own_path(text_of(form, "next", 2000)), status_code=303)
    return _keep(response, request, tour, progress)


def _tour(request: Request, visitor: Visitor) -> Tour:
    """Return the visitor's tour.

    Raises:
        NotFound: this is no demonstration, or the role has no tour.
    """
    kept = request.cookies.get(COOKIE, "")
    tour = tour_of(visitor.principal.roles, kept) if visitor.site.settings.demo else None
    if tour is None:
        raise NotFound("no guided tour here")
    return tour


def _keep(response: Response, request: Request, tour: Tour, progress: Progress) -> Response:
    kept = remember(request.cookies.get(COOKIE, ""), tour.role, progress)
    response.set_cookie(COOKIE, kept, max_age=_YEAR, httponly=True, samesite="lax")
    return response
