"""How long reassessments and controls take, by month and by who assessed (durées)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only
from medcontrol.queries.agreement import WATCHERS
from medcontrol.queries.care_times import FLOWS, LONGEST_MONTHS, CareTimes, Times, care_times
from medcontrol.queries.steering import regions_of
from medcontrol.rules.calendar import add_months
from ui.care_codes import TIMES
from ui.forms import Sent, text_of
from ui.rendering import render
from ui.visitors import Me

router = APIRouter(prefix="/long-term-care")
_USUAL_MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class TimesPage:
    """Months asked for, with their lines by flow."""

    first: date
    last: date
    found: CareTimes
    flows: tuple[str, ...] = FLOWS

    @property
    def figures(self) -> Mapping[str, tuple[str, str]]:
        """Title and definition of every figure."""
        return TIMES

    def lines(self, flow: str) -> list[dict[str, Any]]:
        """The lines of a flow, month by month."""
        return _of(self.found.lines, flow)

    def totals(self, flow: str) -> list[dict[str, Any]]:
        """The lines of a flow over all months."""
        return _of(self.found.totals, flow)


@router.get("/times")
def show_times(request: Request, visitor: Me) -> Response:
    """Draw how long the decisions of some months took, in the regions that one steers."""
    visitor.must_have(*WATCHERS)
    first, last = months_of(request.query_params, visitor.today)
    with read_only() as session:
        found = care_times(session, first, last, regions=regions_of(visitor.principal))
    return render(request, "long_term_care/times.html", TimesPage(first, last, found))


def months_of(sent: Sent, today: date) -> tuple[date, date]:
    """Return the months of an address, in order and not too many; the last twelve without one."""
    last = _month(text_of(sent, "last", 7)) or today.replace(day=1)
    first = _month(text_of(sent, "first", 7)) or add_months(last, 1 - _USUAL_MONTHS)
    if last < first:
        first, last = last, first
    return max(first, add_months(last, 1 - LONGEST_MONTHS)), last


def _month(text: str) -> date | None:
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return found if found.year in range(2000, 2101) else None


def _of(lines: tuple[Times, ...], flow: str) -> list[dict[str, Any]]:
    found = [line.as_json() for line in lines if line.flow == flow]
    return [
        each | {"month": date.fromisoformat(f"{each['month']}-01") if each["month"] else None}
        for each in found
    ]
