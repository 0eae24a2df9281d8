"""Events told again by an administrator: counted first, once each, under the same ids."""

from datetime import timedelta
from typing import Any

import pytest
from lxml import html
from sqlmodel import select

from medcontrol import db as database
from medcontrol import outbox
from medcontrol.model import OutboxMessage
from medcontrol.services.events import deliver_event
from medcontrol.vocabulary import Role
from tests.factories import NOW
from tests.pages.desk import Fund, texts
from tests.pages.people import administrator, log_in

DAY = NOW.date().isoformat()


class Receiver:
    """Takes everything, and keeps the ids in order."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def deliver(self, key: str, body: bytes) -> None:
        assert key.encode() in body
        self.ids.append(key)


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


def happened(key: str, event: str, **changes: Any) -> None:
    """An event that was told, unless something else is said of it."""
    with database.transaction() as session:
        message = outbox.NewMessage(topic="events.deliver", key=key, payload={"event": event})
        outbox.publish(session, [message], now=NOW)
    with database.transaction() as session:
        row = session.exec(select(OutboxMessage).where(OutboxMessage.key == key)).one()
        for name, value in ({"done_at": NOW, "attempts": 1} | changes).items():
            setattr(row, name, value)


def deliver_due(receiver: Receiver, fund: Fund) -> None:
    """What the relay and its worker do."""
    with database.transaction() as session:
        due = [each.id for each in outbox.take_due(session, now=fund.now)]
    for each in due:
        with database.transaction() as session:
            deliver_event(session, each, subscriber=receiver, now=lambda: fund.now)


def test_told_events_of_a_span_are_told_once_more_with_their_ids(
    fund: Fund, receiver: Receiver
) -> None:
    happened("event:told", "file.opened")
    happened("event:nobody", "file.opened", last_error="no subscriber")
    happened("event:other", "file.closed")
    happened("event:undone", "file.opened", last_error="withdrawn")
    happened("event:before", "file.opened", created_at=NOW - timedelta(days=2))
    happened("event:waits", "file.opened", done_at=None, next_try_at=NOW + timedelta(days=9))
    browser = administrator(fund)

    page = browser.page(f"/outbox?first={DAY}&last={DAY}&event=file.opened")
    assert texts(page, "//section[@aria-labelledby='replay-title']//tbody/tr/*") == [
        "file.opened", "2",
    ]  # fmt: skip
    deliver_due(receiver, fund)
    assert receiver.ids == [], "counting tells nobody"

    answer = browser.send(page, "/outbox/replay")
    deliver_due(receiver, fund)
    deliver_due(receiver, fund)

    assert answer.status_code == 303
    assert sorted(receiver.ids) == ["event:nobody", "event:told"]
    said = texts(browser.page("/outbox"), "//*[@id='toasts']//span")
    assert said == ["Événements qui seront renvoyés : 2"]


@pytest.mark.parametrize(
    ("first", "last", "field"),
    [("", DAY, "first"), (DAY, "2026-02-31", "last"), (DAY, "2026-11-01", "last"),
     ("2026-01-01", DAY, "last")],
)  # fmt: skip
def test_days_that_are_none_or_too_many_are_named_at_their_field(
    fund: Fund, first: str, last: str, field: str
) -> None:
    answer = administrator(fund).get(f"/outbox?first={first}&last={last}")

    assert answer.status_code == 422
    links = html.fromstring(answer.text).xpath("//*[@role='alert']//a/@href")
    assert links == [f"#{field}"]


def test_only_administrators_tell_events_again(fund: Fund) -> None:
    browser = log_in(fund, Role.SUPERVISOR, "MA-CENTRAL")
    token = browser.page("/supervision").xpath("//input[@name='csrf_token']/@value")[0]
    sent = {"csrf_token": token, "first": DAY, "last": DAY}

    assert browser.client.post("/outbox/replay", data=sent).status_code == 403
