"""Logging in and out, the language of the screens, and where each role starts."""

from datetime import date
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.datastructures import FormData

from medcontrol.clock import civil_date
from medcontrol.db import read_only, transaction
from medcontrol.errors import NotFound
from medcontrol.model import UserAccount
from medcontrol.queries.frame import count_in_hand
from medcontrol.queries.own_account import load_demo_accounts
from medcontrol.services import sessions, users
from medcontrol.vocabulary import Role
from ui.contexts import DemoAccount, LoginPage
from ui.forms import text_of
from ui.i18n import LANGUAGE_COOKIE, LANGUAGES
from ui.notices import see_other
from ui.rendering import render
from ui.security import is_same_origin
from ui.site import Site, site_of
from ui.visitors import (
    SESSION_COOKIE,
    BodyTooLarge,
    FormFromElsewhere,
    Me,
    Posted,
    anonymous_shell,
)

router = APIRouter()
MAX_LOGIN_BYTES = 20_000
_YEAR = 365 * 24 * 3600
_CONTROLLERS = (Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR, Role.AGENT)
# Where the day of the others begins; of several roles, the first here counts.
_HOMES = (
    (Role.SUPERVISOR, "/supervision"),
    (Role.APPEALS_SECRETARY, "/appeals"),
    (Role.ADMINISTRATOR, "/quarantine"),
    (Role.REFERENCE_MANAGER, "/quarantine"),
    (Role.ANALYST, "/selectivity"),
    (Role.EXPERT, "/missions"),
    (Role.AUDITOR, "/steering"),
)


async def open_form(request: Request) -> FormData:
    """Return the fields of a small form that needs no session; other origins are refused.

    Raises:
        BodyTooLarge: longer than a login can be, or of unknown length.
        FormFromElsewhere: another site's page sent it.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MAX_LOGIN_BYTES:
        raise BodyTooLarge
    if not is_same_origin(request.headers, request.headers.get("host", "")):
        raise FormFromElsewhere
    return await request.form(max_files=0, max_fields=20)


Open = Annotated[FormData, Depends(open_form)]


def own_path(text: str) -> str:
    """Return a path of ours, ``/`` for anything else.

    >>> own_path("//evil.example/queue"), own_path("/queue?tab=back")
    ('/', '/queue?tab=back')
    """
    parts = urlsplit(text)
    is_ours = text.startswith("/") and not parts.netloc and not parts.scheme
    is_plain = text.isprintable() and "\\" not in text and not text.startswith("//")
    return text if is_ours and is_plain else "/"


@router.get("/")
def home(visitor: Me) -> Response:
    """Send each role to the page where its day begins."""
    principal = visitor.principal
    is_controller = principal.doctor_id is not None or principal.has(*_CONTROLLERS)
    found = next((page for role, page in _HOMES if principal.has(role)), "/search")
    return RedirectResponse("/queue" if is_controller else found, status_code=303)


@router.get("/login")
def show_login(request: Request) -> Response:
    """Draw the login page."""
    come_back = own_path(text_of(request.query_params, "next", 2000))
    return _draw(request, LoginPage(next=come_back))


@router.post("/login")
def log_in(request: Request, form: Open) -> Response:
    """Begin a session with login and password."""
    site = site_of(request)
    login, come_back = text_of(form, "login", 64), own_path(text_of(form, "next", 2000))
    given = form.get("password")
    with transaction() as session:
        password = given if isinstance(given, str) else ""
        user = users.authenticate(session, login, password, now=site.clock())
        token = sessions.open(session, user, now=site.clock())[0] if user else None
    if token is None:
        page = LoginPage(next=come_back, login=login, error="login.refused")
        return _draw(request, page, status=401)
    return _begin(site, token, come_back)


@router.post("/login/demo")
def log_in_demo(request: Request, form: Open) -> Response:
    """Begin a session of a demonstration account. Demo mode only.

    Raises:
        NotFound: this is no demonstration, or no such account.
    """
    site = site_of(request)
    if not site.settings.demo:
        raise NotFound("this installation is no demonstration")
    with transaction() as session:
        user: UserAccount = users.by_login(session, text_of(form, "login", 64))
        if not user.is_active:
            raise NotFound("this account is closed", field="login")
        token, _ = sessions.open(session, user, now=site.clock())
    return _begin(site, token, own_path(text_of(form, "next", 2000)))


@router.post("/logout")
def log_out(request: Request, visitor: Me, form: Posted) -> Response:
    """End the session."""
    with transaction() as session:
        sessions.close(session, request.cookies.get(SESSION_COOKIE, ""))
    response = RedirectResponse("/login", status_code=303)
    response.delete_cookie(SESSION_COOKIE)
    return response


@router.post("/language")
def choose_language(request: Request, form: Open) -> Response:
    """Change the language of the screens, and come back to where one was."""
    come_back = own_path(text_of(form, "next", 2000))
    referer = urlsplit(request.headers.get("referer", ""))
    if referer.path == come_back and referer.query:
        come_back = own_path(f"{come_back}?{referer.query}")
    response = see_other(come_back)
    language = text_of(form, "language", 8)
    if language in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR, samesite="lax", httponly=True)
    return response


def _begin(site: Site, token: str, come_back: str) -> Response:
    response = RedirectResponse(come_back, status_code=303)
    response.set_cookie(
        SESSION_COOKIE,
        token,
        max_age=site.settings.session_hours * 3600,
        httponly=True,
        samesite="lax",
        secure=(site.settings.public_url or "").startswith("https://"),
    )
    return response


def _draw(request: Request, page: LoginPage, status: int = 200) -> Response:
    site = site_of(request)
    request.state.shell = anonymous_shell(request)
    if site.settings.demo:
        accounts = _demo_accounts(site)
        page = LoginPage(next=page.next, login=page.login, error=page.error, demo_accounts=accounts)
    return render(request, "login.html", page, status_code=status)


def _demo_accounts(site: Site) -> tuple[DemoAccount, ...]:
    """Return the accounts of one click; a doctor's with the files that their queue lists."""
    on = civil_date(site.clock(), site.jurisdiction)
    with read_only() as session:
        return tuple(
            DemoAccount(
                login=each.login,
                name=each.name,
                role=each.role,
                unit_name=each.unit_name,
                open_files=None if each.open_files is None else _waiting(session, each.login, on),
            )
            for each in load_demo_accounts(session, on)
        )


def _waiting(session: Session, login: str, on: date) -> int | None:
    who = users.principal_for(session, users.by_login(session, login), on)
    return count_in_hand(session, who)
