"""Reminders of opinions asked for (relances): ahead of the day, on it, and after it."""

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol import journal, outbox
from medcontrol.clock import civil_date
from medcontrol.legal.loading import law
from medcontrol.model import ControlFile, OpinionRequest
from medcontrol.vocabulary import ControlFileStatus

BEFORE, AFTER = "clocks.opinion_reminder_before_days", "clocks.opinion_reminder_after_days"


def stage_due(due_on: date, today: date, before: int, after: int) -> int:
    """Return how many reminders are due by a day: ahead of it, on it, after it.

    >>> [stage_due(date(2026, 12, 10), date(2026, 12, d), 3, 3) for d in (6, 7, 10, 12, 13)]
    [0, 1, 2, 2, 3]
    """
    days = (due_on - timedelta(days=before), due_on, due_on + timedelta(days=after))
    return sum(today >= day for day in days)


def remind_due(session: Session, *, jurisdiction: str, now: datetime, most: int = 500) -> int:
    """Send the reminders that are due and give up what no flow waits for; return how many.

    Each is an entry of the file's journal, which the timeline shows, and an event for who
    delivers it. May be called any number of times: a reminder goes out once, and days that
    were missed are one reminder.
    """
    today = civil_date(now, jurisdiction)
    numbers = law(jurisdiction)
    before, after = (numbers.number(path, today).value for path in (BEFORE, AFTER))
    rows = session.exec(
        select(OpinionRequest)
        .join(ControlFile, col(ControlFile.id) == OpinionRequest.control_file_id)
        .where(
            col(OpinionRequest.status) == "open",
            sa.or_(
                *(
                    sa.and_(col(OpinionRequest.due_on) <= day, col(OpinionRequest.reminders) < n)
                    for n, day in enumerate(
                        (today + timedelta(days=before), today, today - timedelta(days=after)), 1
                    )
                )
            ),
            col(ControlFile.jurisdiction) == jurisdiction,
        )
        .order_by(col(OpinionRequest.control_file_id))
        .limit(most)
        .with_for_update(of=ControlFile, skip_locked=True)
    ).all()
    for request in rows:
        assert request.due_on is not None  # noqa: S101 - it is open: a check of the table
        stage = stage_due(request.due_on, today, before, after)
        request.reminders = stage
        session.add(request)
        facts = {"request": str(request.id), "stage": stage, "due_on": str(request.due_on)}
        journal.record(
            session, request.control_file_id, "opinion.reminded", facts,
            actor=journal.SYSTEM, now=now,
        )  # fmt: skip
        _announce(session, request, stage, now)
    session.flush()
    return len(rows)


def _announce(session: Session, request: OpinionRequest, stage: int, now: datetime) -> None:
    payload = {"event": "opinion.reminded", "control_file_id": str(request.control_file_id)}
    key = f"event:opinion.reminded:{request.id}:{stage}"
    message = outbox.NewMessage(topic="events.deliver", key=key, payload=payload)
    outbox.publish(session, [message], now=now)


def give_up_stale(session: Session, *, now: datetime, most: int = 500) -> int:
    """End requests whose file went on without them, told in the file's journal; return how many.

    Files that somebody works on are left for the next call.
    """
    rows = session.exec(
        select(OpinionRequest)
        .join(ControlFile, col(ControlFile.id) == OpinionRequest.control_file_id)
        .where(
            col(OpinionRequest.status).in_(("draft", "open")),
            col(ControlFile.status) != ControlFileStatus.AWAITING_OPINION,
        )
        .order_by(col(OpinionRequest.control_file_id))
        .limit(most)
        .with_for_update(of=ControlFile, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for request in rows:
        request.status, request.ended_at = "expired", now
    session.flush()
    entries = [
        journal.Entry(each.control_file_id, "opinion.given_up", {"request": str(each.id)})
        for each in rows
    ]
    journal.record_many(session, entries, actor=journal.SYSTEM, now=now)
    return len(rows)
