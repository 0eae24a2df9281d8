"""The HTML application: pages, static files, headers, and refusals drawn as pages."""

import logging
import pkgutil
from importlib import import_module
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from medcontrol.clock import Clock, utc_now
from medcontrol.errors import DomainError, Kind
from medcontrol.ids import new_id
from medcontrol.presence import make_presences
from medcontrol.settings import Settings
from ui import pages
from ui.contexts import ErrorPage
from ui.forms import is_clean
from ui.rendering import STATIC, render
from ui.security import SecurityHeaders
from ui.site import Site
from ui.visitors import NotLoggedIn, anonymous_shell, current_visitor
from workflows.tools import Tools

_LOG = logging.getLogger(__name__)
_STATUS = {
    Kind.NOT_FOUND: 404,
    Kind.FORBIDDEN: 403,
    Kind.CONFLICT: 409,
    Kind.INVALID: 422,
    Kind.UNAVAILABLE: 503,
}


def create_app(tools: Tools, settings: Settings, *, clock: Clock = utc_now) -> FastAPI:
    """Return the application that draws the screens; the composition root mounts it at ``/``."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.site = Site(tools, settings, clock, make_presences(settings))
    is_https = (settings.public_url or "").startswith("https://")
    app.add_middleware(SecurityHeaders, is_https=is_https)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    for router in _routers():
        app.include_router(router, dependencies=[Depends(_readable)])
    app.add_exception_handler(NotLoggedIn, _to_login)
    app.add_exception_handler(DomainError, _refused)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _broken)
    return app


async def _readable(request: Request) -> None:
    """Know nothing under an address with characters that no text of ours has, such as NUL.

    Asynchronous, as it waits for nothing: no page needs one more turn of a thread for it.
    """
    if not is_clean(request.scope["path"]):
        raise HTTPException(404)


def _routers() -> list[APIRouter]:
    """Return the router of every package and module of ``ui.pages``."""
    found = (
        import_module(f"ui.pages.{each.name}") for each in pkgutil.iter_modules(pages.__path__)
    )
    return [module.router for module in found if hasattr(module, "router")]


def _to_login(request: Request, error: Exception) -> Response:
    assert isinstance(error, NotLoggedIn)  # noqa: S101 - registered for these
    query = "" if error.come_back == "/" else f"?{urlencode({'next': error.come_back})}"
    if request.headers.get("hx-request") == "true":
        # A fragment can't be a login page: htmx goes there with the whole window.
        return Response(status_code=401, headers={"HX-Redirect": f"/login{query}"})
    return RedirectResponse(f"/login{query}", status_code=303)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)  # noqa: S101 - registered for these
    page = ErrorPage(
        status=_STATUS[error.kind], code=error.code, field=error.field, back=_back(request)
    )
    return _draw(request, page)


def _unreadable(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for these
    place = error.errors()[0]["loc"]
    is_address = place[0] == "path"
    field = None if is_address else ".".join(str(part) for part in place[1:])
    status, code = (404, "not_found") if is_address else (422, "invalid_input")
    return _draw(request, ErrorPage(status=status, code=code, field=field, back=_back(request)))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for these
    code = {403: "forbidden", 404: "not_found"}.get(error.status_code, "invalid_input")
    _recognise(request)
    response = _draw(request, ErrorPage(status=error.status_code, code=code, back=_back(request)))
    response.headers.update(error.headers or {})
    return response


def _broken(request: Request, error: Exception) -> Response:
    """A fault of ours: recorded under a number, without what the request held."""
    incident: UUID = new_id()
    _LOG.error("incident %s on %s", incident, request.scope["path"], exc_info=error)
    return _draw(request, ErrorPage(status=500, code="internal", incident=str(incident)))


def _recognise(request: Request) -> None:
    """Draw a refusal of an address in the frame and language of whoever is logged in."""
    try:
        current_visitor(request)
    except NotLoggedIn:
        return
    except Exception:  # noqa: BLE001 - the page must come, if need be without a name on it
        _LOG.warning("nobody recognised on a refusal")


def _draw(request: Request, page: ErrorPage) -> Response:
    if not hasattr(request.state, "shell"):
        request.state.shell = anonymous_shell(request)
    return render(request, "error.html", page, status_code=page.status)


def _back(request: Request) -> str:
    """Return the page of ours that the request came from, the first page when unknown."""
    referer = request.headers.get("referer", "")
    own = str(request.base_url).rstrip("/")
    path = referer.removeprefix(own)
    is_ours = referer.startswith(own) and path.startswith("/") and path != request.url.path
    return path if is_ours else "/"
