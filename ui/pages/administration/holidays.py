"""Announced days (jours fériés annoncés): what no calendar can know beforehand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from medcontrol.model import AnnouncedDay
from medcontrol.services.calendar import announce, announced_days, withdraw, working_calendar
from medcontrol.vocabulary import Role
from ui.forms import Errors, day_of, text_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/holidays")
WRITERS = (Role.ADMINISTRATOR, Role.REFERENCE_MANAGER)
_AHEAD = 400  # days of the calendar that are shown


@dataclass(frozen=True, slots=True)
class HolidaysPage:
    """Days that were announced, and the holidays to come as the calendar has them now."""

    announced: Sequence[AnnouncedDay]
    coming: Sequence[tuple[date, str]]
    today: date
    typed: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)


@router.get("")
def show(request: Request, visitor: Me) -> Response:
    """Draw the announced days."""
    visitor.must_have(*WRITERS)
    return _draw(request, visitor, {}, {})


@router.post("")
def add(request: Request, visitor: Me, form: Posted) -> Response:
    """Announce a day as not worked, or as worked although a holiday."""
    visitor.must_have(*WRITERS)
    typed = {name: text_of(form, name, 200) for name in ("day", "name", "is_holiday")}
    day = day_of(form, "day")
    if day is None:
        return _draw(request, visitor, typed, {"day": "date_invalid"})
    try:
        with transaction() as session:
            announce(
                session, visitor.site.jurisdiction, day, typed["name"],
                is_holiday=typed["is_holiday"] != "0",
            )  # fmt: skip
    except InvalidInput as error:
        name = error.field or "name"
        code = "required" if not typed.get(name) else "invalid_input"
        return _draw(request, visitor, typed, {name: code})
    return see_other("/holidays", "saved")


@router.post("/{day}/withdraw")
def take_back(request: Request, visitor: Me, form: Posted, day: date) -> Response:
    """Forget an announcement."""
    visitor.must_have(*WRITERS)
    with transaction() as session:
        withdraw(session, visitor.site.jurisdiction, day)
    return see_other("/holidays", "removed")


def _draw(
    request: Request, visitor: Visitor, typed: Mapping[str, str], errors: Mapping[str, str]
) -> Response:
    with read_only() as session:
        announced = announced_days(session, visitor.site.jurisdiction)
        calendar = working_calendar(session, visitor.site.jurisdiction)
    days = (visitor.today + timedelta(days=number) for number in range(_AHEAD))
    named = ((day, calendar.holiday_name(day)) for day in days)
    page = HolidaysPage(
        announced=[each for each in announced if each.day >= visitor.today.replace(day=1, month=1)],
        coming=[(day, name) for day, name in named if name is not None],
        today=visitor.today,
        typed=typed,
        errors=Errors(errors),
    )
    return render(request, "administration/holidays.html", page, status_code=422 if errors else 200)
