"""The list of the day: who is expected, who is here, and the same on paper (liste du jour)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.queries.agenda import Booked, DayList
from medcontrol.queries.agenda_loading import load_day_list
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import Role
from ui.downloads import shown_pdf
from ui.formats import Formats
from ui.forms import day_of, is_ticked, text_of
from ui.i18n import babel_locale, translations
from ui.labels import label_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.letters.printed_lists import PrintedList, as_pdf
from workflows.steps.appointments import arrive

router = APIRouter(prefix="/reception/agenda")


@dataclass(frozen=True, slots=True)
class DayPage:
    """A day, and the ways to the others."""

    list: DayList
    today: date

    def address(self, day: date, path: str = "day") -> str:
        """Return the address of another day, or of this one on paper."""
        return f"/reception/agenda/{path}?{urlencode({'unit': self.list.unit, 'day': str(day)})}"

    @property
    def previous(self) -> str:
        """The day before."""
        return self.address(self.list.on - timedelta(days=1))

    @property
    def next(self) -> str:
        """The day after."""
        return self.address(self.list.on + timedelta(days=1))


@router.get("/day")
def show_day(request: Request, visitor: Me) -> Response:
    """Draw the list of a day."""
    return render(request, "agenda/day.html", DayPage(_load(request, visitor), visitor.today))


@router.get("/day.pdf")
def print_day(request: Request, visitor: Me) -> Response:
    """Return the list of a day as PDF, without anything medical."""
    found = _load(request, visitor)
    language = request.state.shell.language
    made = _on_paper(found, visitor, language)
    content = as_pdf(made, language, visitor.site.tools.fonts)
    return shown_pdf(content, f"list-{found.unit}-{found.on:%Y-%m-%d}.pdf")


@router.post("/appointments/{appointment_id}/arrival")
def tick(request: Request, visitor: Me, form: Posted, appointment_id: UUID) -> Response:
    """Tick that somebody arrived, or take the tick back."""
    visitor.must_have(Role.AGENT)
    with transaction() as session:
        arrive(
            session, visitor.site.tools, appointment_id, principal=visitor.principal,
            now=visitor.now, is_here=is_ticked(form, "here"),
        )  # fmt: skip
    back = urlencode({"unit": text_of(form, "unit", 64), "day": str(visitor.today)})
    return see_other(f"/reception/agenda/day?{back}#row-{appointment_id}")


def _load(request: Request, visitor: Visitor) -> DayList:
    visitor.must_have(Role.AGENT)
    query = request.query_params
    with read_only() as session:
        calendar = working_calendar(session, visitor.site.jurisdiction, visitor.today)
        return load_day_list(
            session, visitor.principal, unit=text_of(query, "unit", 64),
            day=day_of(query, "day") or visitor.today, now=visitor.now, calendar=calendar,
        )  # fmt: skip


def _on_paper(found: DayList, visitor: Visitor, language: str) -> PrintedList:
    _: Callable[[str], str] = translations(language).gettext
    formats = Formats(babel_locale(language), visitor.site.jurisdiction)
    unit = next((each.name for each in found.units if each.code == found.unit), "")
    return PrintedList(
        fund=visitor.site.tools.fund_name,
        title=_("People expected"),
        subtitle=f"{unit} · {formats.full_day(found.on)}",
        heads=(_("Hour"), _("File"), _("Person"), _("Kind"), _("Doctor"), _("Place"),
               _("Arrived at")),
        widths=(0, 0, 2, 0, 2, 3, 0),
        codes=(0, 1, 6),
        rows=tuple(_row(each, formats, _) for each in found.rows),
        empty=_("Nobody is expected on this day."),
        footer=_("For the counter only. Destroy after use."),
    )  # fmt: skip


def _row(each: Booked, formats: Formats, gettext: Callable[[str], str]) -> tuple[str, ...]:
    return (
        formats.time(each.starts_at), each.reference, each.person_name,
        gettext(label_of(each.kind)), each.doctor_name or "–", each.place,
        formats.time(each.arrived_at) if each.arrived_at else "",
    )  # fmt: skip
