"""Letters and events on their way out: what is in a request, and what counts as a receipt."""

import base64
import hashlib
import hmac
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
import orjson
import pytest
from pydantic import SecretStr

from medcontrol.errors import InvalidInput, Unavailable
from medcontrol.model import OutboxMessage
from medcontrol.services.events import cloud_event
from medcontrol.settings import Settings
from runtime.logs import LineFormatter
from runtime.post import FolderPost, HttpPost, make_post
from runtime.webhooks import HttpSubscriber, make_subscriber, read_secret, signature

LETTER = UUID(int=7)
KEY = f"letter:{LETTER}"
SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)

Answer = Callable[[httpx.Request], httpx.Response]


def client(answer: Answer) -> httpx.Client:
    return httpx.Client(transport=httpx.MockTransport(answer))


def carrier(answer: Answer) -> HttpPost:
    return HttpPost("http://carrier.test/letters", client(answer))


def receipt(_: httpx.Request) -> httpx.Response:
    return httpx.Response(201, json={"reference": "R-1"})


def test_a_letter_goes_out_as_pdf_under_its_key_and_nothing_names_the_person() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return receipt(request)

    reference = carrier(answer).send(LETTER, b"%PDF", idempotency_key=KEY, recipient="insured")

    (request,) = seen
    assert reference == "R-1"
    assert (request.content, request.headers["idempotency-key"]) == (b"%PDF", KEY)
    assert str(request.url) == "http://carrier.test/letters"
    assert request.headers["content-type"] == "application/pdf"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(409, json={"reference": "R-1"}),
        httpx.Response(302, headers={"location": "http://elsewhere.test"}),
        httpx.Response(200, text="ok"),
        httpx.Response(200, json=["R-1"]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"reference": ""}),
        httpx.Response(200, json={"reference": 1}),
        httpx.Response(200, json={"reference": "x" * 201}),
        httpx.Response(200, json={"reference": "a\0b"}),
    ],
)
def test_anything_but_a_reference_is_no_receipt(answer: httpx.Response) -> None:
    with pytest.raises(Unavailable):
        carrier(lambda _: answer).send(LETTER, b"%PDF", idempotency_key=KEY, recipient="insured")


def test_a_carrier_that_does_not_answer_is_unavailable_and_its_words_are_not_repeated() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("Amina Alami", request=request)

    with pytest.raises(Unavailable) as refusal:
        carrier(answer).send(LETTER, b"%PDF", idempotency_key=KEY, recipient="insured")

    assert "Amina" not in str(refusal.value)


def test_the_print_room_finds_each_letter_once_whole_and_private(tmp_path: Path) -> None:
    post = FolderPost(tmp_path / "outgoing")

    references = {
        post.send(LETTER, b"%PDF", idempotency_key=KEY, recipient="insured") for _ in range(2)
    }

    (file,) = (tmp_path / "outgoing").iterdir()
    assert references == {f"outgoing/{LETTER}.pdf"}
    assert (file.name, file.read_bytes()) == (f"{LETTER}.pdf", b"%PDF")
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_can_not_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "outgoing").write_text("a file")

    with pytest.raises(Unavailable):
        FolderPost(tmp_path / "outgoing").send(
            LETTER, b"%PDF", idempotency_key=KEY, recipient="insured"
        )


def test_the_settings_say_how_letters_leave(tmp_path: Path) -> None:
    assert isinstance(make_post(Settings(home=tmp_path, post_url=None)), FolderPost)
    assert isinstance(make_post(Settings(home=tmp_path, post_url="https://c.test")), HttpPost)
    with pytest.raises(InvalidInput) as refusal:
        make_post(Settings(home=tmp_path, post_url="ftp://c.test"))
    assert refusal.value.field == "post_url"


def event_message(**payload: object) -> OutboxMessage:
    return OutboxMessage(
        topic="events.deliver", key="event:file.opened:1", payload=payload, created_at=NOW,
        next_try_at=NOW,
    )  # fmt: skip


def test_an_event_is_thin() -> None:
    event = cloud_event(event_message(event="file.opened", control_file_id="1"))

    assert event == {
        "specversion": "1.0",
        "id": "event:file.opened:1",
        "source": "urn:medcontrol",
        "type": "org.medcontrol.file.opened",
        "time": "2026-11-20T09:00:00+00:00",
        "subject": "1",
        "datacontenttype": "application/json",
        "data": {"control_file_id": "1"},
    }


@pytest.mark.parametrize(
    ("payload", "field"), [({"id": "1"}, "event"), ({"event": "x", "person": {}}, "person")]
)
def test_an_event_without_a_name_or_with_more_than_ids_is_refused(
    payload: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        cloud_event(event_message(**payload))

    assert refusal.value.field == field


def test_the_receiver_of_an_event_can_check_who_sent_it() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    subscriber = HttpSubscriber(
        "http://events.test", read_secret(SECRET), client(answer), now=lambda: NOW
    )
    subscriber.deliver("event:1", b"{}")

    (request,) = seen
    stamp = str(int(NOW.timestamp()))
    signed = f"{request.headers['webhook-id']}.{stamp}.".encode() + request.content
    expected = base64.b64encode(hmac.new(b"k" * 24, signed, hashlib.sha256).digest()).decode()
    assert request.headers["webhook-id"] == "event:1"
    assert request.headers["webhook-timestamp"] == stamp
    assert request.headers["webhook-signature"] == f"v1,{expected}"


def test_the_signature_is_that_of_the_example_in_the_standard() -> None:
    """The published vector of Standard Webhooks' reference libraries."""
    secret = read_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    found = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')

    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("status", [302, 400, 410, 503])
def test_a_subscriber_that_does_not_take_an_event_gets_it_again(status: int) -> None:
    subscriber = HttpSubscriber(
        "http://events.test", b"k" * 24, client(lambda _: httpx.Response(status))
    )

    with pytest.raises(Unavailable):
        subscriber.deliver("event:1", b"{}")


@pytest.mark.parametrize("secret", [None, "", "secret", "whsec_", "whsec_!!", "whsec_c2hvcnQ="])
def test_events_never_leave_without_a_good_secret(secret: str | None) -> None:
    configured = Settings(
        events_url="https://events.test", webhook_secret=SecretStr(secret) if secret else None
    )

    with pytest.raises(InvalidInput) as refusal:
        make_subscriber(configured)

    assert refusal.value.field == "webhook_secret"


def test_nobody_is_told_events_unless_an_address_is_set() -> None:
    assert make_subscriber(Settings(events_url=None)) is None


def test_a_logged_error_shows_its_place_and_never_its_text() -> None:
    text = "Key (family_name)=(Alami) already exists"
    try:
        raise ValueError(text)
    except ValueError:
        record = logging.LogRecord(
            "runtime", logging.ERROR, __file__, 1, "task.failed", None, sys.exc_info()
        )
    record.message_id = "7"

    line = LineFormatter().format(record)

    head = line.splitlines()[0]
    assert head.endswith('ERROR runtime task.failed {"message_id":"7"}')
    assert orjson.loads(head[head.index("{") :]) == {"message_id": "7"}
    assert line.splitlines()[-1] == "ValueError"
    assert "test_outgoing.py" in line
    assert "Alami" not in line
