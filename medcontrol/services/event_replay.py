"""Telling events again that were told before, by the days on which they happened (rejeu)."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import ZONES
from medcontrol.errors import InvalidInput
from medcontrol.model import OutboxMessage
from medcontrol.services.events import NO_SUBSCRIBER

TOPIC = "events.deliver"
LONGEST_SPAN = 92  # days: whoever lost more asks for a copy of the data, not for events

Box: Any = OutboxMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Which events: those of some civil days, both included; of one name, or of all.

    Raises:
        InvalidInput: field ``first`` or ``last``; the span is empty or longer than 92 days.
    """

    first: date
    last: date
    event: str = ""

    def __post_init__(self) -> None:
        """Refuse a span that holds no day, or too many."""
        if self.last < self.first:
            raise InvalidInput("the last day comes before the first", field="last")
        if (self.last - self.first).days >= LONGEST_SPAN:
            raise InvalidInput(f"at most {LONGEST_SPAN} days at once", field="last")


def count_told(session: Session, span: Span, *, jurisdiction: str) -> dict[str, int]:
    """Return how many events of a span were told, or done because nobody wanted any, by name."""
    name = Box.payload["event"].astext
    rows = session.execute(
        sa.select(name, sa.func.count()).where(_told(span, jurisdiction)).group_by(name)
    )
    return dict(sorted((str(event), count) for event, count in rows))


def tell_again(session: Session, span: Span, *, jurisdiction: str, now: datetime) -> int:
    """Let the relay deliver the events of a span once more; return how many.

    Each keeps its id (``webhook-id``) and time, so that a receiver who has it already can tell.
    What waits, was given up or was withdrawn with an undone decision is left alone.
    """
    result = session.connection().execute(
        sa.update(OutboxMessage)
        .where(_told(span, jurisdiction))
        .values(done_at=None, last_error=None, attempts=0, next_try_at=now)
    )
    return int(result.rowcount)


def _told(span: Span, jurisdiction: str) -> sa.ColumnElement[bool]:
    zone = ZONES[jurisdiction]
    since = datetime.combine(span.first, time(), zone)
    until = datetime.combine(span.last + timedelta(days=1), time(), zone)
    parts = [
        Box.topic == TOPIC,
        Box.done_at.is_not(None),
        sa.or_(Box.last_error.is_(None), Box.last_error == NO_SUBSCRIBER),
        Box.created_at >= since,
        Box.created_at < until,
    ]
    if span.event:
        parts.append(Box.payload["event"].astext == span.event)
    return sa.and_(*parts)
