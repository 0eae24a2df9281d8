"""Many reviews postponed by a supervisor (report): within their window, with a reason, undoable.

The opening moves, never the right: its last day stays, and a review that opens later still opens
before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import civil_date
from medcontrol.errors import AlreadyDone, DomainError, InvalidInput, Kind, NotFound
from medcontrol.journal import Actor
from medcontrol.model import Entitlement, EntitlementEvent, ReviewPostponement
from medcontrol.policy import Action, Principal, visible_rights
from medcontrol.queries.rights import RightFilters, chosen
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.services.calendar import working_calendar
from medcontrol.services.entitlements import Changed, days_of, record
from medcontrol.vocabulary import EntitlementChange, EntitlementStatus, Jurisdiction
from workflows.definition.catalog import Catalog
from workflows.rights.spreading import Windows

MOST = 5_000
MOST_DAYS = 366

Right: Any = Entitlement
Event: Any = EntitlementEvent


class TooManyRights(DomainError):
    """More rights than one postponement takes; narrow the filter."""

    code = "postponement.too_many"


class PostponementUndone(DomainError):
    """It was taken back before; nothing was changed."""

    kind = Kind.CONFLICT
    code = "postponement.undone"


class PostponementNotWhole(DomainError):
    """Some of its rights are of other units; who has them all may. Nothing was changed."""

    kind = Kind.FORBIDDEN
    code = "postponement.not_whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Postpone:
    """What a supervisor wants; ``id`` is drawn with the preview, so that twice is once."""

    id: UUID
    right_ids: Sequence[UUID]
    days: int
    reason: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """A review that opens later."""

    number: str
    before: date
    after: date


@dataclass(frozen=True, slots=True)
class Refused:
    """A review that stays where it is, and the code of why."""

    number: str
    why: str


@dataclass(frozen=True, slots=True)
class Postponed:
    """What a postponement did, or would do."""

    moved: tuple[Moved, ...]
    refused: tuple[Refused, ...]


def rights_of(
    session: Session, principal: Principal, filters: RightFilters, jurisdiction: str
) -> list[UUID]:
    """Return the rights that a supervisor's filters leave.

    Raises:
        TooManyRights: more than one postponement takes.
    """
    where = chosen(principal, filters, jurisdiction)
    found = session.execute(sa.select(Right.id).where(where).limit(MOST + 1)).scalars().all()
    if len(found) > MOST:
        raise TooManyRights(f"more than {MOST} rights")
    return list(found)


def postpone(
    session: Session, catalog: Catalog, principal: Principal, command: Postpone, *,
    jurisdiction: Jurisdiction, now: datetime, is_dry_run: bool = False,
) -> Postponed:  # fmt: skip
    """Open reviews later, each within its window; those that can't stay and say why.

    Locks the rights in the order of ids. One journal entry and one event a right. A day that is
    not worked becomes the next one that is, or the last one before the window ends.

    Raises:
        InvalidInput: days or reason (fields ``days``, ``reason``).
        TooManyRights: more than one postponement takes.
        AlreadyDone: this command was carried out before.
    """
    _check(session, command, is_dry_run=is_dry_run)
    today = civil_date(now, jurisdiction)
    windows = Windows(catalog, jurisdiction, today)
    calendar = working_calendar(session, jurisdiction)
    changes, moved, refused = [], [], []
    for right in _locked(session, principal, command.right_ids, jurisdiction):
        day, why = _later(right, command.days, today, windows, calendar)
        if day is None:
            refused.append(Refused(right.number, why))
            continue
        assert right.opens_on is not None  # noqa: S101 - else it was refused
        moved.append(Moved(right.number, right.opens_on, day))
        if not is_dry_run:
            changes.append(_move(right, day, command, now))
    if not is_dry_run:
        _keep(session, command, principal, jurisdiction, now, len(moved), refused)
        session.flush()
        actor = Actor(principal.kind, principal.name, principal.id)
        record(session, changes, actor=actor, now=now)
    return Postponed(tuple(moved), tuple(refused))


def _check(session: Session, command: Postpone, *, is_dry_run: bool) -> None:
    if not 1 <= command.days <= MOST_DAYS:
        raise InvalidInput(f"1 to {MOST_DAYS} days", field="days")
    if not command.reason:
        raise InvalidInput("a reason is needed", field="reason")
    if len(command.right_ids) > MOST:
        raise TooManyRights(f"more than {MOST} rights")
    if is_dry_run:
        return
    # A form sent twice at once waits here for itself.
    session.execute(
        sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:id, 0))"), {"id": str(command.id)}
    )
    if session.get(ReviewPostponement, command.id) is not None:
        raise AlreadyDone("this was postponed before")


def _locked(
    session: Session, principal: Principal, ids: Sequence[UUID], jurisdiction: str
) -> Sequence[Entitlement]:
    """Return the rights that one may postpone, under lock; others don't exist for the reader."""
    return session.execute(
        sa.select(Entitlement)
        .where(
            Right.id.in_(list(ids)),
            Right.jurisdiction == jurisdiction,
            visible_rights(principal, Action.REASSIGN),
        )
        .order_by(Right.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalars().all()  # fmt: skip


def _later(
    right: Entitlement, days: int, today: date, windows: Windows, calendar: WorkingCalendar
) -> tuple[date | None, str]:
    """Return the day on which a review opens instead, or the code of why it can't."""
    if right.status is EntitlementStatus.ENDED:
        return None, "right_ended"
    if right.status is EntitlementStatus.UNDER_REVIEW:
        return None, "review_open"
    if right.opens_on is None:
        return None, "no_review"
    if right.opens_on <= today:
        return None, "due_now"
    _, last = windows.of(right, right.planned_on or right.opens_on)
    wanted = right.opens_on + timedelta(days=days)
    if wanted > last:
        return None, "past_window"
    for day in [*_span(wanted, last, 1), *_span(wanted, right.opens_on + timedelta(days=1), -1)]:
        if calendar.is_working_day(day):
            return day, ""
    return None, "past_window"


def _span(first: date, last: date, step: int) -> list[date]:
    """Return the days from one to another, both included, forwards or backwards."""
    count = (last - first).days * step
    return [first + timedelta(days=n * step) for n in range(count + 1)]


def _move(right: Entitlement, day: date, command: Postpone, now: datetime) -> Changed:
    before = days_of(right)
    right.planned_on = right.planned_on or right.opens_on
    right.opens_on, right.placed_at = day, now
    return Changed(
        right_id=right.id, number=right.number, change=EntitlementChange.POSTPONED,
        before=before, after=days_of(right), batch_id=command.id, reason=command.reason,
    )  # fmt: skip


def _keep(
    session: Session, command: Postpone, principal: Principal, jurisdiction: Jurisdiction,
    now: datetime, moved: int, refused: Sequence[Refused],
) -> None:  # fmt: skip
    session.add(
        ReviewPostponement(
            id=command.id, jurisdiction=jurisdiction, requested_by=principal.id,
            requested_label=principal.name, requested_at=now, days=command.days,
            reason=command.reason, note=command.note.strip() or None, moved=moved,
            refused=[{"number": each.number, "why": each.why} for each in refused],
        )
    )  # fmt: skip


def undo(
    session: Session, principal: Principal, postponement_id: UUID, *, now: datetime
) -> Postponed:
    """Open postponed reviews on the day on which they would have, or tomorrow if that is past.

    A review that opened or moved since stays as it is, and says why. All or nothing: what is
    taken back once can't be again, so that a part would leave the rest postponed for good.

    Raises:
        NotFound: no such postponement, or another fund's.
        PostponementUndone: it was taken back before.
        PostponementNotWhole: the reader may postpone only some of its rights.
    """
    batch = session.get(ReviewPostponement, postponement_id, with_for_update=True,
                        populate_existing=True)  # fmt: skip
    if batch is None:
        raise NotFound(f"no postponement {postponement_id}")
    if batch.undone_at is not None:
        raise PostponementUndone
    today = civil_date(now, batch.jurisdiction)
    earlier = _days_before(session, batch.id)
    rights = _locked(session, principal, list(earlier), batch.jurisdiction)
    if len(rights) < len(earlier):
        raise PostponementNotWhole
    changes, moved, refused = [], [], []
    for right in rights:
        was, became = earlier[right.id]
        why = _since(right, became, today)
        if why:
            refused.append(Refused(right.number, why))
            continue
        back = max(was, today + timedelta(days=1))
        moved.append(Moved(right.number, became, back))
        changes.append(_move_back(right, back, batch.id))
    batch.undone_at, batch.undone_by, batch.undone = now, principal.id, len(moved)
    session.flush()
    record(session, changes, actor=Actor(principal.kind, principal.name, principal.id), now=now)
    return Postponed(tuple(moved), tuple(refused))


def _days_before(session: Session, batch_id: UUID) -> dict[UUID, tuple[date, date]]:
    rows = session.execute(
        sa.select(Event.entitlement_id, Event.before, Event.after).where(
            Event.batch_id == batch_id, Event.change == EntitlementChange.POSTPONED
        )
    )
    return {
        row.entitlement_id: (
            date.fromisoformat(row.before["opens_on"]), date.fromisoformat(row.after["opens_on"])
        )
        for row in rows
    }  # fmt: skip


def _since(right: Entitlement, became: date, today: date) -> str:
    if right.status is not EntitlementStatus.ACTIVE:
        return "review_open" if right.status is EntitlementStatus.UNDER_REVIEW else "right_ended"
    if right.opens_on != became:
        return "moved_since"
    return "due_now" if became <= today else ""


def _move_back(right: Entitlement, day: date, batch_id: UUID) -> Changed:
    before = days_of(right)
    right.opens_on = day
    if right.planned_on == day:
        right.planned_on = None
    return Changed(
        right_id=right.id, number=right.number, change=EntitlementChange.POSTPONEMENT_UNDONE,
        before=before, after=days_of(right), batch_id=batch_id,
    )  # fmt: skip
