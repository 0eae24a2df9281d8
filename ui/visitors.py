"""Who sends a request: the session's person, or a way to the login page."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.datastructures import FormData

from medcontrol.clock import civil_date
from medcontrol.db import read_only
from medcontrol.errors import DomainError, Forbidden, Kind
from medcontrol.policy import Principal
from medcontrol.queries.frame import Frame, load_frame
from medcontrol.services import sessions
from medcontrol.vocabulary import Role
from ui.i18n import LANGUAGE_COOKIE, choose_language
from ui.notices import toasts_of
from ui.security import CSRF_FIELD, CSRF_HEADER, is_csrf_token_right, is_same_origin
from ui.shell import Shell, ShellUser, Theme
from ui.site import Site, site_of
from ui.tour import COOKIE as TOUR_COOKIE
from ui.tour import Tour, tour_of

SESSION_COOKIE = "medcontrol_session"
THEME_COOKIE = "medcontrol_theme"
MAX_BODY_BYTES = 80_000_000


class NotLoggedIn(Exception):
    """The page needs a session; ``next`` is where to come back to."""

    def __init__(self, come_back: str) -> None:
        super().__init__(come_back)
        self.come_back = come_back


class FormFromElsewhere(DomainError):
    """The form is too old or was not drawn by us."""

    kind = Kind.FORBIDDEN
    code = "csrf"


class BodyTooLarge(DomainError):
    """What was sent is larger than a form may be."""

    kind = Kind.INVALID
    code = "body_too_large"


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person logged in, at one instant."""

    principal: Principal
    csrf_token: str
    now: datetime
    site: Site

    @property
    def today(self) -> date:
        """The civil day where the fund sits."""
        return civil_date(self.now, self.site.jurisdiction)

    def must_have(self, *roles: Role) -> None:
        """Refuse those who hold none of the roles.

        Raises:
            Forbidden: none is held.
        """
        if not self.principal.has(*roles):
            raise Forbidden(f"one of {', '.join(roles)}")


def current_visitor(request: Request) -> Visitor:
    """Return who sends the request, and put the frame of the page into its state.

    Raises:
        NotLoggedIn: no session, or it ended.
    """
    site = site_of(request)
    now = site.clock()
    token = request.cookies.get(SESSION_COOKIE, "")
    with read_only() as session:
        found = sessions.find(session, token, now=now) if token else None
        if found is None:
            raise NotLoggedIn(_come_back(request))
        frame = load_frame(session, found.principal, now=now, jurisdiction=site.jurisdiction)
    visitor = Visitor(found.principal, found.csrf, now, site)
    request.state.shell = _shell(request, visitor, frame)
    return visitor


def anonymous_shell(request: Request) -> Shell:
    """Return the frame of a page for nobody in particular."""
    site = site_of(request)
    return Shell(
        language=_language(request, None),
        jurisdiction=site.jurisdiction,
        fund_name=site.settings.fund_name,
        path=request.url.path,
        is_demo=site.settings.demo,
    )


def _shell(request: Request, visitor: Visitor, frame: Frame) -> Shell:
    principal = visitor.principal
    language = _language(request, principal.language)
    theme = request.cookies.get(THEME_COOKIE, "")
    return Shell(
        language=language,
        jurisdiction=visitor.site.jurisdiction,
        fund_name=visitor.site.settings.fund_name,
        path=request.url.path,
        user=ShellUser(
            name=principal.name,
            roles=tuple(role for role in Role if role in principal.roles),
            unit_name=frame.unit_name,
            level=frame.level,
            is_doctor=principal.doctor_id is not None,
            is_available=frame.is_available,
            open_files=frame.open_files,
        ),
        csrf_token=visitor.csrf_token,
        notifications=frame.came_back,
        theme=Theme(theme) if theme in set(Theme) else Theme.AUTO,
        has_shortcuts=frame.has_shortcuts,
        is_demo=visitor.site.settings.demo,
        tour=_tour(request, visitor),
        toasts=toasts_of(request, language),
    )


def _tour(request: Request, visitor: Visitor) -> Tour | None:
    if not visitor.site.settings.demo:
        return None
    return tour_of(visitor.principal.roles, request.cookies.get(TOUR_COOKIE, ""))


def _language(request: Request, preferred: str | None) -> str:
    cookie = request.cookies.get(LANGUAGE_COOKIE)
    return choose_language((cookie, preferred), request.headers.get("accept-language", ""))


def _come_back(request: Request) -> str:
    """Return the path to come back to; a form that was posted can't be repeated."""
    if request.method != "GET":
        return "/"
    query = f"?{request.url.query}" if request.url.query else ""
    return quote(request.url.path + query, safe="/?&=%+,:~-._")


Me = Annotated[Visitor, Depends(current_visitor)]


async def posted_form(request: Request, visitor: Me) -> AsyncIterator[FormData]:
    """Yield the fields of a form that one of our own pages sent; its files are closed after.

    Raises:
        FormFromElsewhere: another origin, or the token is not the session's.
        BodyTooLarge: more than ``MAX_BODY_BYTES``, or the length is not said.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
        raise BodyTooLarge
    if not is_same_origin(request.headers, request.headers.get("host", "")):
        raise FormFromElsewhere
    async with request.form(max_fields=20_000, max_files=100, max_part_size=4_000_000) as form:
        token = form.get(CSRF_FIELD) or request.headers.get(CSRF_HEADER)
        if not is_csrf_token_right(visitor.csrf_token, token if isinstance(token, str) else None):
            raise FormFromElsewhere
        yield form


Posted = Annotated[FormData, Depends(posted_form)]
