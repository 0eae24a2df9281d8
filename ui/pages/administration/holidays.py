"""Announced days (jours fériés annoncés): what no calendar can know beforehand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from medcontrol.model import AnnouncedDay, CalendarChange
from medcontrol.services.calendar import announced_days, checked, working_calendar
from medcontrol.vocabulary import Role
from ui.forms import Errors, day_of, text_of, whole_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.steps.calendar_changes import CalendarChangedSince, last_changes, make
from workflows.steps.calendar_impact import Impact, preview
from workflows.steps.calendar_reach import Change

router = APIRouter(prefix="/holidays")
WRITERS = (Role.ADMINISTRATOR, Role.REFERENCE_MANAGER)
_AHEAD = 400  # days of the calendar that are shown


@dataclass(frozen=True, slots=True)
class HolidaysPage:
    """Days that were announced, the holidays to come, and what a change would move."""

    announced: Sequence[AnnouncedDay]
    coming: Sequence[tuple[date, str]]
    today: date
    typed: Mapping[str, str]
    impact: Impact | None = None
    changes: Sequence[CalendarChange] = ()
    errors: Mapping[str, str] = field(default_factory=dict)


@router.get("")
def show(request: Request, visitor: Me) -> Response:
    """Draw the announced days."""
    visitor.must_have(*WRITERS)
    return _draw(request, visitor, {}, {})


@router.post("")
def add(request: Request, visitor: Me, form: Posted) -> Response:
    """Announce a day, worked or not: what it moves is shown first, then confirmed."""
    visitor.must_have(*WRITERS)
    typed = {name: text_of(form, name, 200) for name in ("day", "name", "is_holiday")}
    day = day_of(form, "day")
    if day is None:
        return _draw(request, visitor, typed, {"day": "date_invalid"})
    try:
        name = checked(day, typed["name"])
    except InvalidInput as error:
        wrong = error.field or "name"
        code = "required" if not typed.get(wrong) else "invalid_input"
        return _draw(request, visitor, typed, {wrong: code})
    change = Change(
        jurisdiction=visitor.site.jurisdiction, day=day, is_holiday=typed["is_holiday"] != "0",
        name=name,
    )  # fmt: skip
    return _answer(request, visitor, form, change, typed)


@router.post("/{day}/withdraw")
def take_back(request: Request, visitor: Me, form: Posted, day: date) -> Response:
    """Forget an announcement: what it moves is shown first, then confirmed."""
    visitor.must_have(*WRITERS)
    change = Change(jurisdiction=visitor.site.jurisdiction, day=day, is_holiday=None)
    return _answer(request, visitor, form, change, {})


def _answer(
    request: Request, visitor: Visitor, form: FormData, change: Change, typed: Mapping[str, str]
) -> Response:
    """Show what a change moves, or make it once that was confirmed."""
    expected = whole_of(form, "expected")
    if expected is None:
        return _draw(request, visitor, typed, {}, change)
    try:
        with transaction() as session:
            make(session, change, by=visitor.principal.id, now=visitor.now, expected=expected)
    except CalendarChangedSince as error:
        return _draw(request, visitor, typed, {"day": error.code}, change)
    return see_other("/holidays", "calendar.changed")


def _draw(
    request: Request,
    visitor: Visitor,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    change: Change | None = None,
) -> Response:
    with read_only() as session:
        announced = announced_days(session, visitor.site.jurisdiction)
        calendar = working_calendar(session, visitor.site.jurisdiction)
        impact = preview(session, change, now=visitor.now) if change is not None else None
        changes = last_changes(session, visitor.site.jurisdiction)
    days = (visitor.today + timedelta(days=number) for number in range(_AHEAD))
    named = ((day, calendar.holiday_name(day)) for day in days)
    page = HolidaysPage(
        announced=[each for each in announced if each.day >= visitor.today.replace(day=1, month=1)],
        coming=[(day, name) for day, name in named if name is not None],
        today=visitor.today,
        typed=typed,
        impact=impact,
        changes=changes,
        errors=Errors(errors),
    )
    return render(request, "administration/holidays.html", page, status_code=422 if errors else 200)
