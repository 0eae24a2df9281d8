"""Delivering events over HTTP, signed as Standard Webhooks has it (https://www.standardwebhooks.com)."""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

import httpx

from medcontrol.clock import Clock, utc_now
from medcontrol.errors import InvalidInput, Unavailable
from medcontrol.services.events import Subscriber
from medcontrol.settings import Settings

TIMEOUT = httpx.Timeout(3.0, connect=1.0)
SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix that the standard gives to secrets
SECRET_BYTES = 24  # the least that the standard allows


def read_secret(text: str) -> bytes:
    """Return the key of a secret ``whsec_<base64>``, at least 24 bytes.

    Raises:
        InvalidInput: it is not one.
    """
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(SECRET_PREFIX) or len(key) < SECRET_BYTES:
        raise InvalidInput(
            "MEDCONTROL_WEBHOOK_SECRET must be whsec_ and at least 24 bytes as base64",
            field="webhook_secret",
        )
    return key


def signature(secret: bytes, key: str, timestamp: int, body: bytes) -> str:
    """Return the value of ``webhook-signature``: HMAC-SHA256 over id, time and body."""
    signed = f"{key}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()


def signed(secret: bytes, key: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers that say which delivery this is, when, and prove that it is ours."""
    timestamp = int(at.timestamp())
    return {
        "webhook-id": key,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, key, timestamp, body),
    }


class HttpSubscriber:
    """One address that is told every event."""

    def __init__(
        self, url: str, secret: bytes, client: httpx.Client | None = None, now: Clock = utc_now
    ) -> None:
        self._url, self._secret, self._now = url, secret, now
        self._client = client or httpx.Client(timeout=TIMEOUT, follow_redirects=False)

    def deliver(self, key: str, body: bytes) -> None:
        """See ``Subscriber.deliver``."""
        headers = {"content-type": "application/cloudevents+json"}
        headers |= signed(self._secret, key, self._now(), body)
        try:
            answer = self._client.post(self._url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable(f"the subscriber does not answer: {type(error).__name__}") from None
        if not answer.is_success:
            raise Unavailable(f"the subscriber answered {answer.status_code}")


def make_subscriber(settings: Settings) -> Subscriber | None:
    """Return who is told events, if anybody is.

    Raises:
        InvalidInput: the address or the secret can't be used; events never leave unsigned.
    """
    if settings.events_url is None:
        return None
    if not settings.events_url.startswith(("http://", "https://")):
        raise InvalidInput("MEDCONTROL_EVENTS_URL must be an http(s) address", field="events_url")
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
    return HttpSubscriber(settings.events_url, read_secret(secret))
