"""Letters for people's accounts go over a real socket, signed, and a receipt is asked for."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from medcontrol.errors import InvalidInput, Unavailable
from medcontrol.ports import AccountLetter
from medcontrol.settings import Settings
from runtime.accounts import HttpAccounts, make_accounts
from runtime.webhooks import read_secret, signature

SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
LETTER = AccountLetter(
    id=UUID(int=7), registration_number="999123456", language="ar", written_on=date(2026, 11, 20)
)


@contextmanager
def portal(status: int, answer: bytes) -> Iterator[tuple[str, list[Any]]]:
    """A portal on a real port that answers every call alike, and what it was sent."""
    calls: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            calls.append((dict(self.headers), body))
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/letters", calls
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def deliver(url: str) -> str:
    made = HttpAccounts(url, read_secret(SECRET), now=lambda: NOW)
    return made.deliver(LETTER, b"%PDF-1.7", idempotency_key="letter:7")


def test_a_letter_is_delivered_signed_and_its_reference_kept() -> None:
    with portal(201, b'{"reference": "P-1"}') as (url, calls):
        reference = deliver(url)

    ((headers, body),) = calls
    sent = json.loads(body)
    stamp = int(NOW.timestamp())
    given = {name.lower(): value for name, value in headers.items()}
    assert reference == "P-1"
    assert given["idempotency-key"] == "letter:7"
    expected = signature(read_secret(SECRET), "letter:7", stamp, body)
    assert given["webhook-signature"] == expected
    assert base64.b64decode(sent["pdf"]) == b"%PDF-1.7"
    assert sent["registration_number"] == "999123456"
    assert "999123456" not in str(headers) + url


@pytest.mark.parametrize(
    ("status", "answer"), [(500, b"{}"), (404, b"{}"), (200, b"{}"), (200, b"thanks")]
)
def test_anything_but_a_receipt_is_tried_again(status: int, answer: bytes) -> None:
    with portal(status, answer) as (url, _), pytest.raises(Unavailable):
        deliver(url)


def test_a_portal_that_is_gone_is_tried_again() -> None:
    with portal(200, b"") as (url, _):
        pass

    with pytest.raises(Unavailable):
        deliver(url)


def test_without_an_address_letters_stay_on_paper_and_without_a_secret_none_leaves() -> None:
    url = "https://portal.example/letters"

    assert make_accounts(Settings(accounts_url=None)) is None
    for wrong in (
        Settings(accounts_url=url, webhook_secret=None),
        Settings(accounts_url="ftp://x", webhook_secret=SecretStr(SECRET)),
    ):
        with pytest.raises(InvalidInput):
            make_accounts(wrong)
    assert make_accounts(Settings(accounts_url=url, webhook_secret=SecretStr(SECRET))) is not None
