"""Granted rights for the system that pays (export des droits): every change once, in order.

A right that changes loses its number (a trigger sees to it, whatever statement changes it) and
gets the next free one when somebody asks. Numbers are given by one transaction at a time, only to
what is committed, so that a reader who asks for what comes after the last number that he saw
misses nothing, and sees again only what changed again. A right whose decision waits for its second
reading waits with it; one whose decision was undone before anybody saw it gets no number at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import Entitlement
from medcontrol.model.entitlement import is_annulled
from medcontrol.policy import Principal, visible_rights
from medcontrol.reference.rate_classes import rate_class, rate_of
from medcontrol.rules.reviews import is_kept_open
from medcontrol.vocabulary import Annulled, EntitlementStatus, Relation

LARGEST_PAGE = 10_000
#: Rights numbered at once; the reader of a first export asks several times.
_AT_ONCE = 20_000
_LOCK = 7_140_014  # any number, the same for every reader

_NUMBER = sa.text("""
WITH waiting AS (
  SELECT w.id FROM entitlement w
  WHERE w.feed_no IS NULL AND NOT EXISTS (
    SELECT FROM second_reading r WHERE r.control_file_id = w.control_file_id
      AND r.held_until IS NOT NULL AND r.hold_end IS NULL)
    AND NOT (w.status = 'ended' AND EXISTS (
      SELECT FROM entitlement_event v WHERE v.entitlement_id = w.id
        AND v.change = 'ended' AND v.reason = :unseen))
  ORDER BY w.id LIMIT :most
  FOR UPDATE OF w SKIP LOCKED
)
UPDATE entitlement e SET feed_no = nextval('entitlement_feed') FROM waiting w WHERE e.id = w.id
""")

Right: Any = Entitlement


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedRight:
    """A right as the paying system gets it: code, rate and days; nothing else that is medical.

    Attributes:
        change: number of its last change; ascends.
        code: of the right, such as the pathology of a long-term illness.
        rate: what the fund pays for the class today, in ten-thousandths.
        valid_to: last day granted; none, for life or until a review decides.
        open_until: last day on which it is in force as known now; none, until told otherwise:
            for life, or while a review that began in time is pending. Of a suspended right the
            eve of the suspension; of an annulled one the eve of its first day.
        suspended_on: first day that is not paid because the person did not come.
        resumed_on: the day from which it is paid again; none, it is not yet.
        is_annulled: the decision that granted it was undone: it never was one, nothing is paid.
    """

    change: int
    number: str
    flow: str
    code: str | None
    rate_class: str | None
    rate: int | None
    registration_number: str
    relation: Relation | None
    beneficiary_birth_date: date | None
    valid_from: date
    valid_to: date | None
    open_until: date | None
    suspended_on: date | None
    resumed_on: date | None
    status: EntitlementStatus
    is_annulled: bool


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Rights in the order of their changes; ``next`` is where the following page starts."""

    rights: tuple[ExportedRight, ...]
    next: int
    has_more: bool


def changes(
    session: Session, principal: Principal, *, jurisdiction: str, after: int, size: int, today: date
) -> FeedPage:
    """Return the rights that changed after a number, in order; numbers what was not yet.

    Args:
        session: the caller's transaction; its numbers count once it is committed.
        principal: the reader; only rights of its units.
        jurisdiction: of the fund.
        after: ``next`` of the page before; 0 for everything.
        size: at most so many rights, up to ``LARGEST_PAGE``.
        today: whose rates are given.
    """
    session.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    values = {"most": _AT_ONCE, "unseen": Annulled.UNSEEN.value}
    numbered = session.connection().execute(_NUMBER, values).rowcount
    rows = session.execute(
        sa.select(Entitlement, is_annulled(Annulled.SEEN).label("annulled"))
        .where(
            Right.feed_no > after,
            Right.jurisdiction == jurisdiction,
            visible_rights(principal),
        )
        .order_by(Right.feed_no)
        .limit(min(size, LARGEST_PAGE) + 1)
        .execution_options(populate_existing=True)
    ).all()  # fmt: skip
    has_more = len(rows) > size or numbered == _AT_ONCE
    found = _exported(rows[:size], jurisdiction, today)
    return FeedPage(found, found[-1].change if found else after, has_more)


def _exported(rows: Sequence[Any], jurisdiction: str, today: date) -> tuple[ExportedRight, ...]:
    rates: dict[str, int] = {}
    found = []
    for row, annulled in rows:
        name = rate_class(jurisdiction, row.flow, row.right_code)
        if name is not None and name not in rates:
            rates[name] = rate_of(jurisdiction, name, today)
        found.append(_right(row, name, None if name is None else rates[name], annulled))
    return tuple(found)


def _right(
    row: Entitlement, name: str | None, rate: int | None, is_annulled: bool
) -> ExportedRight:
    assert row.feed_no is not None  # noqa: S101 - the query asks for it
    return ExportedRight(
        change=row.feed_no,
        number=row.number,
        flow=row.flow,
        code=row.right_code,
        rate_class=name,
        rate=rate,
        registration_number=row.registration_number,
        relation=None if row.relation is None else Relation(row.relation),
        beneficiary_birth_date=row.beneficiary_birth_date,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        open_until=_eve(row.valid_from) if is_annulled else _open_until(row),
        suspended_on=row.suspended_on,
        resumed_on=row.resumed_on,
        status=row.status,
        is_annulled=is_annulled,
    )


def _open_until(row: Entitlement) -> date | None:
    if row.status is EntitlementStatus.SUSPENDED and row.suspended_on is not None:
        return _eve(row.suspended_on)
    is_open = is_kept_open(row.status, row.valid_to, row.review_since)
    return None if is_open else row.valid_to


def _eve(day: date) -> date:
    return day - timedelta(days=1)
