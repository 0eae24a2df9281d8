"""The relay: outbox rows that are due go to the broker (relais)."""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from medcontrol import outbox
from medcontrol.clock import Clock
from medcontrol.db import transaction

#: Hands (topic, message id) to the broker; raises when it can't.
Send = Callable[[str, UUID], None]

CHUNK = 500
UNKNOWN_TOPIC = "outbox.unknown_topic"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the relay does with messages, by topic.

    Attributes:
        topics: those that a task consumes; a message of another topic is dead.
        settled: topics that nobody here consumes, with the note under which they are done.
        first_retry: wait before a message that nobody confirmed is handed over again.
    """

    topics: Collection[str]
    settled: Mapping[str, str]
    first_retry: timedelta = outbox.FIRST_RETRY


@dataclass(slots=True)
class Relayed:
    """What one run did."""

    published: int = 0
    settled: int = 0
    dead: int = 0

    @property
    def total(self) -> int:
        """All messages that were looked at."""
        return self.published + self.settled + self.dead


def relay_once(send: Send, rules: Rules, *, now: Clock, limit: int = CHUNK) -> Relayed:
    """Hand over what is due, at most ``limit`` messages, in one transaction.

    The broker has a message before the row says so: if anything fails in between, the message
    goes twice and its consumer finds it done. If the broker is gone, nothing is saved and the
    next run finds the same messages.
    """
    result = Relayed()
    at = now()
    with transaction() as session:
        due = outbox.take_due(session, now=at, limit=limit, first_retry=rules.first_retry)
        for message in due:
            if message.topic in rules.settled:
                outbox.finish(message, now=at)
                message.last_error = rules.settled[message.topic]
                result.settled += 1
            elif message.topic in rules.topics:
                send(message.topic, message.id)
                result.published += 1
            else:
                outbox.give_up(message, UNKNOWN_TOPIC, now=at)
                result.dead += 1
    return result


def relay_all(send: Send, rules: Rules, *, now: Clock, seconds: float = 10.0) -> Relayed:
    """Hand over what is due until nothing is left or the time is up; the next run goes on."""
    total = Relayed()
    until = time.monotonic() + seconds
    while True:
        part = relay_once(send, rules, now=now)
        total.published += part.published
        total.settled += part.settled
        total.dead += part.dead
        if part.total < CHUNK or time.monotonic() >= until:
            return total
