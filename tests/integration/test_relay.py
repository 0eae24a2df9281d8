"""The relay hands over what is due until its consumer says that it is done."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol import db as database
from medcontrol import outbox
from medcontrol.errors import Unavailable
from medcontrol.model import OutboxMessage
from medcontrol.outbox import NewMessage
from runtime.relay import UNKNOWN_TOPIC, Rules, relay_all, relay_once
from tests.factories import NOW

WAIT = timedelta(seconds=60)
RULES = Rules(
    topics={"letters.send"}, settled={"events.deliver": "no subscriber"}, first_retry=WAIT
)


class Broker:
    """Keeps what it was given; with ``is_gone`` it takes ``takes`` messages and then fails."""

    def __init__(self, takes: int | None = None) -> None:
        self.sent: list[tuple[str, UUID]] = []
        self.takes = takes

    def send(self, topic: str, message_id: UUID) -> None:
        if self.takes is not None and len(self.sent) >= self.takes:
            raise Unavailable("no broker")
        self.sent.append((topic, message_id))


def publish(session: Session, *keys: str, topic: str = "letters.send", **more: object) -> None:
    rows = [NewMessage(topic=topic, key=key, payload={}, **more) for key in keys]  # type: ignore[arg-type]
    outbox.publish(session, rows, now=NOW)
    session.commit()


def message(session: Session, key: str = "a") -> OutboxMessage:
    found = select(OutboxMessage).where(OutboxMessage.key == key)
    return session.exec(found.execution_options(populate_existing=True)).one()


def relay(broker: Broker, at: datetime = NOW, limit: int = 500) -> int:
    return relay_once(broker.send, RULES, now=lambda: at, limit=limit).published


def test_a_message_is_handed_over_under_its_own_id_and_not_before_its_time(db: Session) -> None:
    publish(db, "a", not_before=NOW + timedelta(seconds=30))
    broker = Broker()

    early = relay(broker)
    due = relay(broker, NOW + timedelta(seconds=30))

    assert (early, due) == (0, 1)
    assert broker.sent == [("letters.send", message(db).id)]


def test_what_nobody_confirmed_is_handed_over_again_at_growing_intervals(db: Session) -> None:
    publish(db, "a")
    broker = Broker()
    times = [0, 59, 60, 179, 180, 419, 420]

    counts = [relay(broker, NOW + timedelta(seconds=seconds)) for seconds in times]

    assert counts == [1, 0, 1, 0, 1, 0, 1]
    assert len(set(broker.sent)) == 1


def test_what_is_done_or_withdrawn_is_never_handed_over_again(db: Session) -> None:
    publish(db, "done", "letter:withdrawn")
    broker = Broker()
    outbox.finish(message(db, "done"), now=NOW)
    outbox.withdraw(db, ["letter:withdrawn"], now=NOW)
    db.commit()

    assert relay(broker, NOW + timedelta(days=1)) == 0


def test_a_broker_that_fails_half_way_leaves_everything_due(db: Session) -> None:
    publish(db, "a", "b", "c")

    with pytest.raises(Unavailable):
        relay(Broker(takes=2))

    again = Broker()
    assert relay(again) == 3
    assert message(db).attempts == 1


def test_a_topic_that_nobody_knows_is_dead_and_says_why(db: Session) -> None:
    publish(db, "a", topic="no.such")
    broker = Broker()

    result = relay_once(broker.send, RULES, now=lambda: NOW)

    found = message(db)
    assert (result.dead, broker.sent) == (1, [])
    assert (found.dead_at, found.last_error) == (NOW, UNKNOWN_TOPIC)


def test_events_that_nobody_wants_are_done_without_the_broker(db: Session) -> None:
    publish(db, "a", topic="events.deliver")
    broker = Broker()

    result = relay_once(broker.send, RULES, now=lambda: NOW)

    found = message(db)
    assert (result.settled, broker.sent) == (1, [])
    assert (found.done_at, found.last_error) == (NOW, "no subscriber")


def test_a_message_that_never_succeeds_ends_where_somebody_sees_it_and_can_be_revived(
    db: Session,
) -> None:
    publish(db, "a")
    broker = Broker()
    at = NOW
    for _ in range(outbox.MAX_ATTEMPTS + 1):
        relay(broker, at)
        at += outbox.LONGEST_RETRY
    dead = message(db)

    assert len(broker.sent) == outbox.MAX_ATTEMPTS
    assert dead.dead_at is not None
    assert outbox.revive(db, dead.id, now=at)
    db.commit()
    assert relay(broker, at) == 1


def test_one_run_goes_on_until_nothing_is_left(db: Session) -> None:
    publish(db, *(f"k{number}" for number in range(1203)))
    broker = Broker()

    result = relay_all(broker.send, RULES, now=lambda: NOW)

    assert result.published == 1203
    assert len(set(broker.sent)) == 1203


def test_two_relays_at_once_hand_over_each_message_once(committed: sa.Engine) -> None:
    with database.transaction() as session:
        rows = [NewMessage(topic="letters.send", key=f"k{n}", payload={}) for n in range(200)]
        outbox.publish(session, rows, now=NOW)
    together = Barrier(2, timeout=60)

    def run(broker: Broker) -> None:
        with database.using(committed):
            together.wait()
            while relay(broker, limit=20):
                pass

    brokers = [Broker(), Broker()]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(run, brokers))

    sent: Sequence[tuple[str, UUID]] = [each for broker in brokers for each in broker.sent]
    assert len(sent) == len(set(sent)) == 200
    with database.read_only() as session:
        attempts = session.exec(select(col(OutboxMessage.attempts))).all()
    assert set(attempts) == {1}
