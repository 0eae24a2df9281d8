"""Headers of every page, and the check that a form came from our own page."""

import hmac
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSRF_FIELD = "csrf_token"
CSRF_HEADER = "x-csrf-token"

# bpmn-js and Tabler set styles through the CSSOM and bring images as data: addresses; neither
# needs inline script or style.
_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "frame-src 'self'",
    "object-src 'none'",
    "form-action 'self'",
    "base-uri 'none'",
)
CONTENT_SECURITY_POLICY = "; ".join([*_POLICY, "frame-ancestors 'none'"])
# For a document or a letter shown inside our own page.
EMBEDDED_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; object-src 'self'; "
    "frame-ancestors 'self'"
)

HEADERS: Mapping[str, str] = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class SecurityHeaders:
    """ASGI middleware that adds the headers a response does not set itself.

    Pages may not be stored: they name people. What lies under ``/static/`` may.
    """

    def __init__(self, app: ASGIApp, *, is_https: bool = False) -> None:
        """Wrap an application; ``is_https`` adds HSTS."""
        self.app = app
        self.headers = dict(HEADERS)
        if is_https:
            self.headers["strict-transport-security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on and complete the headers of its response."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        caching = (
            "public, max-age=31536000, immutable"
            if scope["path"].startswith("/static/") and b"v=" in scope["query_string"]
            else "no-store"
        )

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", caching)
            await send(message)

        await self.app(scope, receive, send_with_headers)


def is_same_origin(headers: Mapping[str, str], own_host: str) -> bool:
    """Return whether a request that changes something was sent by one of our own pages.

    Browsers say so in ``Sec-Fetch-Site``; older ones in ``Origin``. A request with neither comes
    from no browser; the token decides about it.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or origin.split("://", 1)[-1] == own_host


def is_csrf_token_right(expected: str, given: str | None) -> bool:
    """Compare the token of the session with that of the form or header, in constant time."""
    return bool(given) and hmac.compare_digest(expected.encode(), str(given).encode())
