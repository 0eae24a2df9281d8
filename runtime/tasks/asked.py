"""Work that an outbox message asks for and that takes transactions of its own."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from medcontrol import outbox
from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.model import OutboxMessage
from runtime.tasks.failing import noted


def carry_out(message_id: str, work: Callable[[Mapping[str, Any]], object]) -> None:
    """Do a message's work unless it is done, then mark it; a run that was killed comes again.

    Args:
        message_id: as the broker has it.
        work: gets the payload; what it refuses or fails at is noted, and tried again when due.

    Raises:
        TaskFailed: it failed by anything but a refusal.
    """
    key = UUID(message_id)
    with noted(key):
        payload = _payload(key)
        if payload is None:
            return
        work(payload)
        with transaction() as session:
            waiting = outbox.begin(session, key)
            if waiting is not None:
                outbox.finish(waiting, now=utc_now())


def _payload(key: UUID) -> Mapping[str, Any] | None:
    with read_only() as session:
        message = session.get(OutboxMessage, key)
        if message is None or message.done_at is not None:
            return None
        return dict(message.payload)
