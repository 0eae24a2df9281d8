"""What a doctor may take and when: competences, units, superiors, hours, absences, conflicts."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from medcontrol.db import transaction
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.queries.doctors_loading import doctors_of, load_doctor
from medcontrol.services.doctor_changes import end_absence, end_line, set_week
from medcontrol.services.doctor_history import Said
from medcontrol.services.doctors import save_line
from medcontrol.vocabulary import Role
from ui.forms import as_day, as_whole, hour_of, text_of
from ui.notices import see_other
from ui.pages.administration.doctors import READERS, draw_sheet
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/doctors/{code}")

_FIELDS = {
    "competences": ("flow", "nature", "specialty", "level", "valid_from", "valid_to"),
    "units": ("unit", "valid_from", "valid_to"),
    "superiors": ("superior", "valid_from", "valid_to"),
    "absences": ("first_day", "last_day", "reason"),
    "conflicts": ("kind", "subject", "valid_from", "valid_to"),
}


@router.post("/week")
def change_week(request: Request, visitor: Me, form: Posted, code: str) -> Response:
    """Set the minutes of each weekday from a day on."""
    visitor.must_have(Role.ADMINISTRATOR)
    names = (*map(_weekday, range(7)), *map(_start, range(7)), "since")
    typed = {name: text_of(form, name, 10) for name in names}
    minutes = [_number(typed[_weekday(day)]) for day in range(7)]
    errors = {_weekday(day): "number_invalid" for day, each in enumerate(minutes) if each is None}
    hours = [hour_of(form, _start(day)) for day in range(7)]
    for day, hour in enumerate(hours):
        if hour is None and typed[_start(day)]:
            errors[_start(day)] = "invalid_input"
    since = visitor.today if not typed["since"] else as_day(typed["since"])
    if since is None or since < visitor.today:
        errors["since"] = "date_past"
    if errors or since is None:
        return draw_sheet(request, visitor, code, typed, errors, "week")
    with transaction() as session:
        own = _doctor_id(session, visitor, code)
        minutes_by_day = [each or 0 for each in minutes]
        set_week(session, own, minutes_by_day, hours, since=since, said=_said(visitor))
    return see_other(f"/doctors/{code}#week", "saved")


@router.post("/{what}")
def add(request: Request, visitor: Me, form: Posted, code: str, what: str) -> Response:
    """Add a competence, a unit, a superior, an absence or a conflict."""
    _must_be_known(visitor, what)
    typed = {name: text_of(form, name, 100) for name in _FIELDS[what]}
    try:
        with transaction() as session:
            _doctor_id(session, visitor, code)
            save_line(session, what, {**typed, "doctor": code}, said=_said(visitor))
    except InvalidInput as error:
        name = error.field or _FIELDS[what][0]
        fault = "invalid_input" if typed.get(name) else "required"
        fault = "date_order" if "is before" in error.detail else fault
        shown = {f"{what}.{key}": value for key, value in typed.items()}
        return draw_sheet(request, visitor, code, shown, {f"{what}.{name}": fault}, what)
    return see_other(f"/doctors/{code}#{what}", "saved")


@router.post("/{what}/{line_id}/end")
def end(
    request: Request, visitor: Me, form: Posted, code: str, what: str, line_id: UUID
) -> Response:
    """Let a line end today; one that had not begun is taken back."""
    _must_be_known(visitor, what)
    with transaction() as session:
        own = _doctor_id(session, visitor, code)
        if what == "absences":
            end_absence(session, own, line_id, on=visitor.today, said=_said(visitor))
        else:
            end_line(session, what, own, line_id, on=visitor.today, said=_said(visitor))
    return see_other(f"/doctors/{code}#{what}", "ended")


def _said(visitor: Visitor) -> Said:
    return Said(who=visitor.principal.id, at=visitor.now)


def _must_be_known(visitor: Visitor, what: str) -> None:
    """Refuse other lists; a supervisor notes absences, an administrator everything."""
    if what not in _FIELDS:
        raise NotFound(f"doctors have no {what}")
    visitor.must_have(*(READERS if what == "absences" else (Role.ADMINISTRATOR,)))


def _doctor_id(session: Session, visitor: Visitor, code: str) -> UUID:
    scope = doctors_of(session, visitor.principal, visitor.site.jurisdiction)
    return load_doctor(session, scope, code, on=visitor.today).id


def _weekday(number: int) -> str:
    return f"minutes-{number}"


def _start(number: int) -> str:
    return f"starts-{number}"


def _number(text: str) -> int | None:
    if not text:
        return 0
    found = as_whole(text)
    return found if found is not None and found <= 1440 else None
