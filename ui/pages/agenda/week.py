"""The agenda of a unit by week, for each doctor or room (agenda de l'unité)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only
from medcontrol.queries.agenda import AgendaBy, AgendaWeek
from medcontrol.queries.agenda_loading import load_week
from medcontrol.services.agendas import lines_of_unit
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import Role
from ui.forms import day_of, member_of, text_of
from ui.rendering import render
from ui.visitors import Me

router = APIRouter(prefix="/reception/agenda")


@dataclass(frozen=True, slots=True)
class WeekPage:
    """A week, and the ways to the others."""

    week: AgendaWeek
    today: date
    base: str  # the address of this agenda, of a unit or one's own

    def address(self, **changes: str) -> str:
        """Return the address of this week with something else."""
        known = {"unit": self.week.unit, "by": self.week.by.value, "day": str(self.week.days[0])}
        if not self.week.units:
            known = {"day": known["day"]}
        return f"{self.base}?{urlencode({k: v for k, v in (known | changes).items() if v})}"

    @property
    def previous(self) -> str:
        """The week before."""
        return self.address(day=str(self.week.days[0] - timedelta(days=7)))

    @property
    def next(self) -> str:
        """The week after."""
        return self.address(day=str(self.week.days[0] + timedelta(days=7)))


@router.get("")
def show_week(request: Request, visitor: Me) -> Response:
    """Draw the week of one of the agent's agencies."""
    visitor.must_have(Role.AGENT)
    query = request.query_params
    by = member_of(query, "by", AgendaBy) or AgendaBy.DOCTOR
    with read_only() as session:
        calendar = working_calendar(session, visitor.site.jurisdiction, visitor.today)

        def known(unit: str, days: Sequence[date]) -> Sequence[tuple[UUID, str, frozenset[date]]]:
            return lines_of_unit(session, calendar, unit, rooms=by is AgendaBy.ROOM, days=days)

        week = load_week(
            session, visitor.principal, unit=text_of(query, "unit", 64),
            day=day_of(query, "day") or visitor.today,
            by=by, known=known, now=visitor.now, calendar=calendar,
        )  # fmt: skip
    page = WeekPage(week, visitor.today, "/reception/agenda")
    return render(request, "agenda/week.html", page)
