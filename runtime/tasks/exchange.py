"""Other systems are told."""

from functools import cache
from uuid import UUID

from celery import shared_task

from medcontrol.clock import utc_now
from medcontrol.db import transaction
from medcontrol.services.events import Subscriber, deliver_event
from medcontrol.settings import settings
from runtime.tasks.failing import noted
from runtime.webhooks import make_subscriber


@cache
def subscriber() -> Subscriber | None:
    """Return who is told events, if anybody is; built once per process."""
    return make_subscriber(settings())


@shared_task(name="events.deliver")
def deliver(message_id: str) -> None:
    """Deliver the event that an outbox message holds."""
    key = UUID(message_id)
    with noted(key), transaction() as session:
        deliver_event(session, key, subscriber=subscriber(), now=utc_now)
