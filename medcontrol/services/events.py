"""Telling another system what happened: thin events, ids only (événements)."""

from typing import Any, Protocol
from uuid import UUID

import orjson
from sqlmodel import Session

from medcontrol import outbox
from medcontrol.clock import Clock
from medcontrol.errors import InvalidInput
from medcontrol.model import OutboxMessage

NO_SUBSCRIBER = "no subscriber"
SOURCE = "urn:medcontrol"
TYPE_PREFIX = "org.medcontrol."


class Subscriber(Protocol):
    """Takes events."""

    def deliver(self, key: str, body: bytes) -> None:
        """Deliver one event; ``key`` is the same for the same event, always.

        Raises:
            Unavailable: it was not taken; call again later.
        """
        ...


def cloud_event(message: OutboxMessage) -> dict[str, Any]:
    """Return the event of a message as CloudEvents 1.0.

    The payload goes out as it is, so only ids and codes may be in it.

    Raises:
        InvalidInput: the payload names no event, or holds something other than text and numbers.
    """
    data = dict(message.payload)
    name = data.pop("event", None)
    if not isinstance(name, str):
        raise InvalidInput("an event has a name", field="event")
    for member, value in data.items():
        if not isinstance(value, str | int | bool | None):
            raise InvalidInput("an event holds ids and codes only", field=member)
    subject = data.get("control_file_id") or data.get("entitlement_id")
    return {
        "specversion": "1.0",
        "id": message.key,
        "source": SOURCE,
        "type": TYPE_PREFIX + name,
        "time": message.created_at.isoformat(),
        **({"subject": subject} if subject else {}),
        "datacontenttype": "application/json",
        "data": data,
    }


def deliver_event(
    session: Session, message_id: UUID, *, subscriber: Subscriber | None, now: Clock
) -> bool:
    """Deliver the event of an outbox message; return whether somebody took it now.

    Without a subscriber the message is done, with a note that says so.

    Raises:
        Unavailable: the subscriber did not take it; call again later.
        InvalidInput: as ``cloud_event``.
    """
    message = outbox.begin(session, message_id)
    if message is None:
        return False
    if subscriber is not None:
        subscriber.deliver(message.key, orjson.dumps(cloud_event(message)))
    outbox.finish(message, now=now())
    if subscriber is None:
        message.last_error = NO_SUBSCRIBER
    return subscriber is not None
