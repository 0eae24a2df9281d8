"""A doctor's own agenda, and the secret address that a calendar program reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import Forbidden
from medcontrol.model import AgendaFeed
from medcontrol.queries.agenda_loading import load_own_week
from medcontrol.services.agenda_feeds import feed_of, make_feed, revoke_feed
from medcontrol.services.agendas import doctor_days
from medcontrol.services.calendar import working_calendar
from ui.forms import day_of
from ui.notices import see_other
from ui.pages.agenda.week import WeekPage
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/agenda")


@dataclass(frozen=True, slots=True)
class OwnWeekPage:
    """A doctor's week with the address of the calendar; the address is shown once, when made."""

    page: WeekPage
    feed: AgendaFeed | None
    new_address: str = ""


@router.get("")
def show_own(request: Request, visitor: Me) -> Response:
    """Draw the doctor's week."""
    return _draw(request, visitor, "")


@router.post("/feed")
def make(request: Request, visitor: Me, form: Posted) -> Response:
    """Make a new secret address, the old one ends; it is shown on this page only."""
    doctor_id = _doctor(visitor)
    with transaction() as session:
        token = make_feed(session, doctor_id, now=visitor.now)
    root = visitor.site.settings.public_url or str(request.base_url)
    return _draw(request, visitor, f"{root.rstrip('/')}/calendars/{token}.ics")


@router.post("/feed/revoke")
def revoke(request: Request, visitor: Me, form: Posted) -> Response:
    """Let the secret address end."""
    doctor_id = _doctor(visitor)
    with transaction() as session:
        revoke_feed(session, doctor_id, now=visitor.now)
    return see_other("/agenda#calendar", "ended")


def _draw(request: Request, visitor: Visitor, address: str) -> Response:
    doctor_id = _doctor(visitor)
    day = day_of(request.query_params, "day") or visitor.today
    with read_only() as session:
        calendar = working_calendar(session, visitor.site.jurisdiction, visitor.today)

        def known(_: str, days: Sequence[date]) -> Sequence[tuple[UUID, str, frozenset[date]]]:
            return doctor_days(session, calendar, [doctor_id], days)

        week = load_own_week(
            session, visitor.principal, day=day, known=known, now=visitor.now, calendar=calendar
        )
        feed = feed_of(session, doctor_id)
    page = OwnWeekPage(WeekPage(week, visitor.today, "/agenda"), feed, address)
    headers = {"Cache-Control": "no-store"} if address else {}
    return render(request, "agenda/own.html", page, headers=headers)


def _doctor(visitor: Visitor) -> UUID:
    if visitor.principal.doctor_id is None:
        raise Forbidden("only a doctor has an agenda")
    return visitor.principal.doctor_id
