"""Postponements of reviews as their pages show them: the list, and one with each right."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import NotFound
from medcontrol.model import Entitlement, EntitlementEvent, ReviewPostponement
from medcontrol.policy import Action, Principal, visible_rights
from medcontrol.vocabulary import EntitlementChange

SHOWN = 300

Batch: Any = ReviewPostponement
Event: Any = EntitlementEvent
Right: Any = Entitlement


@dataclass(frozen=True, slots=True, kw_only=True)
class PostponementRow:
    """A postponement in the list; counts are of all its rights."""

    id: UUID
    requested_label: str
    requested_at: datetime
    days: int
    reason: str
    note: str | None
    moved: int
    refused: int
    undone: int
    undone_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostponedRight:
    """A right of a postponement that the reader may see."""

    number: str
    before: date
    after: date
    is_undone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PostponementPage:
    """One postponement. Refused rights are shown by number and reason.

    ``is_whole``: whether the reader has all rights that it moved, and so may take it back.
    """

    row: PostponementRow
    rights: tuple[PostponedRight, ...]
    refused: tuple[tuple[str, str], ...]
    is_whole: bool


def _row(batch: ReviewPostponement) -> PostponementRow:
    return PostponementRow(
        id=batch.id, requested_label=batch.requested_label, requested_at=batch.requested_at,
        days=batch.days, reason=batch.reason, note=batch.note, moved=batch.moved,
        refused=len(batch.refused), undone=batch.undone, undone_at=batch.undone_at,
    )  # fmt: skip


def _seen(principal: Principal) -> Any:
    """The postponements of rights that one may postpone, and one's own that moved none."""
    of_mine = (
        sa.select(Event.id)
        .join(Entitlement, Right.id == Event.entitlement_id)
        .where(Event.batch_id == Batch.id, visible_rights(principal, Action.REASSIGN))
        .correlate(ReviewPostponement)
    )
    return sa.or_(Batch.requested_by == principal.id, of_mine.exists())


def recent_postponements(
    session: Session, principal: Principal, jurisdiction: str, *, since: datetime
) -> tuple[PostponementRow, ...]:
    """Return the postponements since an instant that touch the reader's units, the last first."""
    rows = session.execute(
        sa.select(ReviewPostponement)
        .where(Batch.requested_at >= since, Batch.jurisdiction == jurisdiction, _seen(principal))
        .order_by(Batch.requested_at.desc())
        .limit(SHOWN)
    ).scalars()
    return tuple(_row(row) for row in rows)


def load_postponement(session: Session, principal: Principal, batch_id: UUID) -> PostponementPage:
    """Return one postponement with the rights of it that the reader may see.

    Raises:
        NotFound: there is none, or nothing of it is the reader's.
    """
    batch = session.execute(
        sa.select(ReviewPostponement).where(Batch.id == batch_id, _seen(principal))
    ).scalar()
    if batch is None:
        raise NotFound(f"no postponement {batch_id}")
    rows = session.execute(
        sa.select(Event.change, Event.before, Event.after, Right.number, Event.entitlement_id)
        .join(Entitlement, Right.id == Event.entitlement_id)
        .where(Event.batch_id == batch_id, visible_rights(principal, Action.REASSIGN))
        .order_by(Right.number)
    ).all()
    undone = {
        row.entitlement_id for row in rows if row.change is EntitlementChange.POSTPONEMENT_UNDONE
    }
    moved = [row for row in rows if row.change is EntitlementChange.POSTPONED]
    return PostponementPage(
        row=_row(batch),
        rights=tuple(
            PostponedRight(
                number=row.number,
                before=date.fromisoformat(row.before["opens_on"]),
                after=date.fromisoformat(row.after["opens_on"]),
                is_undone=row.entitlement_id in undone,
            )
            for row in moved[:SHOWN]
        ),
        refused=_refused(session, principal, batch),
        is_whole=len(moved) == batch.moved,
    )


def _refused(
    session: Session, principal: Principal, batch: ReviewPostponement
) -> tuple[tuple[str, str], ...]:
    why = {each["number"]: each["why"] for each in batch.refused}
    seen = session.execute(
        sa.select(Right.number)
        .where(Right.number.in_(list(why)), visible_rights(principal, Action.REASSIGN))
        .order_by(Right.number)
        .limit(SHOWN)
    ).scalars()
    return tuple((number, why[number]) for number in seen)
