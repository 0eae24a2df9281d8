"""The last line of defence around the API: sizes of bodies, and failures nobody foresaw."""

import logging
import traceback
from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem
from medcontrol.ids import new_id

_log = logging.getLogger("medcontrol.api")
# SQLSTATE of a lock that was not given in time, a deadlock, a statement that took too long.
_BUSY = frozenset({"55P03", "40P01", "57014"})

ORDINARY_BODY = 1024 * 1024


class BodyLimit:
    """ASGI middleware that refuses a body above the limit of its address, before it is held."""

    def __init__(self, app: ASGIApp, limit_of: Callable[[str], int]) -> None:
        """Wrap an application; ``limit_of`` gives the limit in bytes of a path."""
        self.app, self.limit_of = app, limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, counting what is received."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit, seen = self.limit_of(scope["path"]), 0
        declared = _declared_length(scope)

        async def counted() -> Message:
            nonlocal seen
            if declared > limit:
                raise HTTPException(413, f"the body may have {limit} bytes")
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise HTTPException(413, f"the body may have {limit} bytes")
            return message

        await self.app(scope, counted, send)


class Shield:
    """ASGI middleware that turns an unforeseen failure into a 500 with an id, and logs no content.

    The text of an exception may hold values of a statement, so only its type and the places in
    the code are logged.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on; answer for it when it fails."""
        has_started = False

        async def watched(message: Message) -> None:
            nonlocal has_started
            has_started = has_started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - whatever failed, the caller gets an answer
            response = _answer(scope, error)
            if not has_started and scope["type"] == "http":
                await response(scope, receive, send)


def _answer(scope: Scope, error: Exception) -> Any:
    if isinstance(error, OperationalError):
        code = "busy" if getattr(error.orig, "sqlstate", None) in _BUSY else "unavailable"
        _report("request.unavailable", scope, error, code)
        return problem(503, code, "try again later", headers={"Retry-After": "5"})
    failure_id = str(new_id())
    _report("request.failed", scope, error, failure_id)
    return problem(500, "unexpected", "it was logged under this id", id=failure_id)


def _report(event: str, scope: Scope, error: Exception, failure_id: str) -> None:
    places = [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    route = scope.get("route")
    _log.error(
        "%s %s %s %s at %s",
        event,
        failure_id,
        scope.get("method", ""),
        type(error).__name__,
        " < ".join(reversed(places[-8:])),
        extra={"action": event, "failure_id": failure_id, "route": getattr(route, "path", "")},
    )


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0
