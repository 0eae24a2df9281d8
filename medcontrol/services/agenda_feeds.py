"""Agendas that a doctor's calendar program reads: a secret address, revocable (iCalendar).

An entry says when and where, of what kind, and the file's reference. No name, nothing medical:
calendar programs copy what they read to places that nobody knows.
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from icalendar import Calendar, Event
from sqlmodel import Session, col, select

from medcontrol.errors import NotFound
from medcontrol.ids import new_id
from medcontrol.model import AgendaFeed
from medcontrol.vocabulary import AppointmentKind

_PAST, _AHEAD = timedelta(days=30), timedelta(days=365)
_ENTRIES = sa.text("""
SELECT a.id, a.kind, a.starts_at, a.ends_at, a.place, a.booked_at, f.reference
FROM appointment a JOIN control_file f ON f.id = a.control_file_id
WHERE a.doctor_id = :doctor AND a.state IN ('booked', 'attended')
  AND a.starts_at >= :since AND a.starts_at < :until
ORDER BY a.starts_at, a.id
""")


def make_feed(session: Session, doctor_id: UUID, *, now: datetime) -> str:
    """Make a new secret address; one that was there is revoked. Returns the token, shown once.

    What is kept is its hash: nobody who reads the database can read the agenda with it.
    """
    revoke_feed(session, doctor_id, now=now)
    token = secrets.token_urlsafe(32)
    session.add(AgendaFeed(id=new_id(), doctor_id=doctor_id, token_hash=_hash(token), made_at=now))
    session.flush()
    return token


def revoke_feed(session: Session, doctor_id: UUID, *, now: datetime) -> bool:
    """Let the doctor's secret address end; False when there was none."""
    result = session.connection().execute(
        sa.update(AgendaFeed)
        .where(col(AgendaFeed.doctor_id) == doctor_id, col(AgendaFeed.revoked_at).is_(None))
        .values(revoked_at=now)
    )
    return bool(result.rowcount)


def feed_of(session: Session, doctor_id: UUID) -> AgendaFeed | None:
    """Return the address in use of a doctor, if any; the token itself is known to nobody."""
    return session.exec(
        select(AgendaFeed).where(
            AgendaFeed.doctor_id == doctor_id, col(AgendaFeed.revoked_at).is_(None)
        )
    ).first()


def read_feed(
    session: Session, token: str, *, titles: Mapping[AppointmentKind, str], now: datetime,
    today: date,
) -> bytes:  # fmt: skip
    """Return the agenda behind a token as iCalendar (RFC 5545), the last month and a year ahead.

    Args:
        session: a writing one: the day of the last reading is kept.
        token: the secret part of the address.
        titles: what each kind of appointment is called.
        now: the instant.
        today: the civil day.

    Raises:
        NotFound: no such token, or it was revoked, or the doctor left.
    """
    feed = session.exec(
        select(AgendaFeed).where(
            AgendaFeed.token_hash == _hash(token), col(AgendaFeed.revoked_at).is_(None)
        )
    ).first()
    active = sa.text("SELECT is_active FROM doctor WHERE id = :id")
    if feed is None or not session.execute(active, {"id": feed.doctor_id}).scalar():
        raise NotFound("no such calendar")
    if feed.last_read_on != today:
        feed.last_read_on = today
        session.flush()
    values = {"doctor": feed.doctor_id, "since": now - _PAST, "until": now + _AHEAD}
    calendar = Calendar()
    calendar.add("prodid", "-//medcontrol//agenda//FR")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for row in session.execute(_ENTRIES, values):
        calendar.add_component(_entry(row, titles))
    return bytes(calendar.to_ical())


def _entry(row: sa.Row[tuple[object, ...]], titles: Mapping[AppointmentKind, str]) -> Event:
    entry = Event()
    entry.add("uid", f"{row.id}@medcontrol")
    entry.add("dtstamp", row.booked_at)
    entry.add("dtstart", row.starts_at)
    entry.add("dtend", row.ends_at)
    kind = AppointmentKind(row.kind)
    entry.add("summary", f"{titles[kind]} {row.reference}")
    if kind is not AppointmentKind.VISIT:  # the home of somebody says who it is
        entry.add("location", row.place)
    entry.add("class", "PRIVATE")
    return entry


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
