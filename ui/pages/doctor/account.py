"""One's own settings: language, shortcuts, password, absences."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from assignment.absences import AbsencesOverlap, By, announce, cancel, change, find
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.model import Absence
from medcontrol.queries.own_account import OwnAccount, load_own_account
from medcontrol.services import sessions, users
from medcontrol.services.preferences import save_preferences
from ui.desk_codes import ABSENCES
from ui.forms import day_of, is_ticked, text_of
from ui.i18n import LANGUAGE_COOKIE
from ui.notices import see_other
from ui.rendering import render
from ui.shell import Theme
from ui.visitors import SESSION_COOKIE, THEME_COOKIE, Me, Posted, Visitor

router = APIRouter(prefix="/me")
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class MePage:
    """What the page draws."""

    account: OwnAccount
    today: date
    theme: Theme
    errors: tuple[tuple[str, str], ...] = ()
    absence_reasons: tuple[str, ...] = tuple(ABSENCES)

    def error_of(self, name: str) -> str | None:
        """Return the error code of a field, or None."""
        return dict(self.errors).get(name)


@router.get("")
def show_me(request: Request, visitor: Me) -> Response:
    """Draw one's own settings."""
    return _draw(request, visitor)


def _draw(request: Request, visitor: Visitor, *errors: tuple[str, str]) -> Response:
    with read_only() as session:
        account = load_own_account(session, visitor.principal, visitor.today)
    page = MePage(account, visitor.today, request.state.shell.theme, errors)
    return render(request, "doctor/me.html", page, status_code=422 if errors else 200)


@router.post("/preferences")
def keep_preferences(request: Request, visitor: Me, form: Posted) -> Response:
    """Keep language, shortcuts and colours."""
    language = text_of(form, "language", 8)
    with transaction() as session:
        save_preferences(
            session,
            visitor.principal.id,
            language=language,
            has_shortcuts=is_ticked(form, "shortcuts"),
        )
    response = see_other("/me", "settings.saved")
    response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR, samesite="lax", httponly=True)
    theme = text_of(form, "theme", 8)
    if theme in set(Theme):
        response.set_cookie(THEME_COOKIE, theme, max_age=_YEAR, samesite="lax", httponly=True)
    return response


@router.post("/password")
def change_password(request: Request, visitor: Me, form: Posted) -> Response:
    """Change the password; the old one must be known, other sessions end."""
    old, new = form.get("old"), form.get("new")
    if not isinstance(old, str) or not isinstance(new, str) or form.get("again") != new:
        return _draw(request, visitor, ("again", "password_differs"))
    with read_only() as session:
        login = load_own_account(session, visitor.principal, visitor.today).login
    with transaction() as session:
        # A failure counts as one at the login page.
        user = users.authenticate(session, login, old, now=visitor.now)
    if user is None:
        return _draw(request, visitor, ("old", "password_wrong"))
    try:
        with transaction() as session:
            users.change_password(session, visitor.principal.id, new)
            user = users.by_login(session, login)
            token, _ = sessions.open(session, user, now=visitor.now)
    except InvalidInput:
        return _draw(request, visitor, ("new", "password_weak"))
    response = see_other("/me", "password.changed")
    response.set_cookie(
        SESSION_COOKIE, token, max_age=visitor.site.settings.session_hours * 3600,
        httponly=True, samesite="lax",
        secure=(visitor.site.settings.public_url or "").startswith("https://"),
    )  # fmt: skip
    return response


@router.post("/absences")
def add_absence(request: Request, visitor: Me, form: Posted) -> Response:
    """Announce days on which one takes nothing; files in hand never stand in the way."""
    first, last = day_of(form, "first_day"), day_of(form, "last_day")
    reason, doctor_id = text_of(form, "reason", 64), visitor.principal.doctor_id
    if doctor_id is None or first is None or first < visitor.today:
        return _draw(request, visitor, ("first_day", "date_past"))
    if last is None or last < first:
        return _draw(request, visitor, ("last_day", "date_order"))
    if reason not in ABSENCES:
        return _draw(request, visitor, ("reason", "reason_required"))

    def work(session: Session) -> None:
        announce(session, doctor_id, first_day=first, last_day=last, reason=reason, by=_by(visitor))

    return _attempt(request, visitor, work, "absence.saved")


@router.post("/absences/{absence_id}/change")
def change_absence(request: Request, visitor: Me, form: Posted, absence_id: UUID) -> Response:
    """Let one's own absence end on another day."""
    last = day_of(form, "last_day")

    def work(session: Session) -> None:
        own = _own(session, visitor, absence_id)
        if last is None:
            raise InvalidInput("a day is needed", field="last_day")
        change(session, own.id, first_day=own.first_day, last_day=last, by=_by(visitor))

    return _attempt(request, visitor, work, "saved")


@router.post("/absences/{absence_id}/cancel")
def cancel_absence(request: Request, visitor: Me, form: Posted, absence_id: UUID) -> Response:
    """Take one's own absence back; one that has begun ends the day before."""

    def work(session: Session) -> None:
        cancel(session, _own(session, visitor, absence_id).id, by=_by(visitor))

    return _attempt(request, visitor, work, "absence.cancelled")


def _by(visitor: Visitor) -> By:
    return By(visitor.principal.id, visitor.now, visitor.today)


def _own(session: Session, visitor: Visitor, absence_id: UUID) -> Absence:
    doctor_id = visitor.principal.doctor_id
    if doctor_id is None:
        raise NotFound("only a doctor has absences")
    return find(session, absence_id, doctor_id=doctor_id)


def _attempt(
    request: Request, visitor: Visitor, work: Callable[[Session], None], notice: str
) -> Response:
    """Do something with one's own absences, or show the form again with what is wrong."""
    try:
        with transaction() as session:
            work(session)
    except AbsencesOverlap as refusal:
        return _draw(request, visitor, ("first_day", refusal.code))
    except InvalidInput as refusal:
        field = refusal.field or "first_day"
        fault = "absence.days" if field == "first_day" else "date_order"
        return _draw(request, visitor, (field, fault))
    return see_other("/me", notice)
