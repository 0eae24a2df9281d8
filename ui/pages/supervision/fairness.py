"""Fairness (équité): who was given how much, of what, against what they can do."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from assignment.fairness import HARD_POINTS, Fairness, Line, measure
from medcontrol.db import read_only
from medcontrol.queries.fairness import ComparedDoctor, compared_doctors
from medcontrol.queries.supervision import UnitName
from medcontrol.queries.supervision_scope import supervised_units
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import ControlLevel, Role
from ui.forms import text_of
from ui.rendering import render
from ui.visitors import Me

router = APIRouter(prefix="/supervision/fairness")
_WEEKS = (8, 10, 12)
_FLOWS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class FairnessPage:
    """What the page draws; doctors and lines go together."""

    rows: Sequence[tuple[ComparedDoctor, Line]]
    fairness: Fairness
    units: tuple[UnitName, ...]
    unit: str
    weeks: int
    choices: tuple[int, ...] = _WEEKS
    hard_points: int = HARD_POINTS

    @property
    def flows(self) -> tuple[str, ...]:
        """The kinds of file that stand in the table."""
        return self.fairness.flows[:_FLOWS_SHOWN]


@router.get("")
def show_fairness(request: Request, visitor: Me) -> Response:
    """Compare the doctors of one's units over some weeks."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    query = request.query_params
    unit, typed = text_of(query, "unit", 64), text_of(query, "weeks", 3)
    weeks = int(typed) if typed in map(str, _WEEKS) else _WEEKS[0]
    jurisdiction = visitor.site.jurisdiction
    with read_only() as session:
        doctors = compared_doctors(session, visitor.principal, jurisdiction, unit=unit)
        units = supervised_units(session, visitor.principal, jurisdiction)
        found = measure(
            session, [each.id for each in doctors], today=visitor.today, weeks=weeks,
            calendar=working_calendar(session, jurisdiction),
        )  # fmt: skip
    rows = sorted(
        zip(doctors, found.lines, strict=True),
        key=lambda pair: -(pair[1].total.share or 0.0),
    )
    choices = tuple(each for each in units if each.level is not ControlLevel.CENTRAL)
    page = FairnessPage(rows, found, choices, unit, weeks)
    return render(request, "supervision/fairness.html", page)
