"""Granted rights as pages show them: those whose review is near, and one with all that happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import NotFound
from medcontrol.model import ControlFile, Entitlement, EntitlementEvent, Unit
from medcontrol.model.entitlement import is_annulled
from medcontrol.policy import Action, Principal, visible, visible_rights
from medcontrol.queries.filters import address_of
from medcontrol.queries.keyset import Key, Keyset
from medcontrol.queries.worklist import Paging
from medcontrol.rules.reviews import is_kept_open
from medcontrol.vocabulary import (
    ActorKind,
    ControlFileStatus,
    DecisionOutcome,
    EntitlementChange,
    EntitlementStatus,
    Relation,
)

COUNT_LIMIT = 10_000
_MOST_EVENTS = 200

Right: Any = Entitlement
Units: Any = Unit
Event: Any = EntitlementEvent
File: Any = ControlFile


@dataclass(frozen=True, slots=True, kw_only=True)
class RightFilters:
    """What the address of the list of coming reviews says; empty means no restriction."""

    unit: str = ""
    flow: str = ""
    first: date | None = None
    last: date | None = None
    size: int = 50
    after: str = ""

    def address(self, **changes: object) -> str:
        """Return the query string of these filters with changes, ``?`` included."""
        return address_of(self, changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class RightRow:
    """A right whose review will open. ``planned_on``: the day by the rules, when it was moved."""

    id: UUID
    number: str
    flow: str
    person_name: str
    unit_name: str
    valid_to: date | None
    next_review_on: date | None
    opens_on: date
    planned_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RightList:
    """A page of rights whose review will open, the first to open first."""

    filters: RightFilters
    rows: tuple[RightRow, ...]
    paging: Paging


RightValue = date | EntitlementStatus | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RightEvent:
    """Something that happened to a right; ``moved`` are names with what was and what is."""

    at: datetime
    change: EntitlementChange
    actor_kind: ActorKind
    actor_label: str
    reason: str | None
    batch_id: UUID | None
    file_reference: str | None
    moved: tuple[tuple[str, RightValue, RightValue], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RightFile:
    """A control file about a right, that the reader may see."""

    reference: str
    nature: str
    received_on: date
    status: ControlFileStatus
    closed_at: datetime | None
    outcome: DecisionOutcome | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RightPage:
    """One right with its history, the last first; ``code`` is what pricing needs, no diagnosis."""

    number: str
    flow: str
    code: str | None
    status: EntitlementStatus
    person_name: str
    registration_number: str
    relation: Relation | None
    unit_name: str
    valid_from: date
    valid_to: date | None
    next_review_on: date | None
    opens_on: date | None
    planned_on: date | None
    milestone: str | None
    review_since: date | None
    suspended_on: date | None
    resumed_on: date | None
    granted_at: datetime
    is_annulled: bool  # the decision that opened it was undone: it never was one
    events: tuple[RightEvent, ...]
    files: tuple[RightFile, ...]

    @property
    def is_kept_open(self) -> bool:
        """Whether a pending review keeps it in force beyond its last day."""
        return is_kept_open(self.status, self.valid_to, self.review_since)


def chosen(principal: Principal, filters: RightFilters, jurisdiction: str) -> Any:
    """Return the predicate of the rights that a supervisor's filters leave."""
    parts: list[Any] = [
        Right.status == EntitlementStatus.ACTIVE,
        Right.opens_on.is_not(None),
        Right.jurisdiction == jurisdiction,
        visible_rights(principal, Action.REASSIGN),
    ]
    if filters.unit:
        below = sa.select(Units.code).where(Units.parent_code == filters.unit)
        parts.append(sa.or_(Right.agency_code == filters.unit, Right.agency_code.in_(below)))
    if filters.flow:
        parts.append(Right.flow == filters.flow)
    if filters.first:
        parts.append(Right.opens_on >= filters.first)
    if filters.last:
        parts.append(Right.opens_on <= filters.last)
    return sa.and_(*parts)


def load_rights(
    session: Session, principal: Principal, filters: RightFilters, jurisdiction: str
) -> RightList:
    """Return a page of the rights whose review will open, by that day.

    Raises:
        InvalidInput: the cursor is not one of ours (field ``after``).
    """
    where = chosen(principal, filters, jurisdiction)
    statement = (
        sa.select(
            Right.id, Right.number, Right.flow, Right.family_name, Right.given_name,
            Right.beneficiary_family_name, Right.beneficiary_given_name,
            Units.name.label("unit_name"), Right.valid_to, Right.next_review_on,
            Right.opens_on, Right.planned_on,
        )
        .join(Unit, Units.code == Right.agency_code)
        .where(where)
    )  # fmt: skip
    keyset = Keyset(Key(Right.opens_on), Key(Right.id))
    found = keyset.page(session, statement, after=filters.after, size=filters.size)
    some = sa.select(Right.id).where(where).limit(COUNT_LIMIT + 1).subquery()
    total = session.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    last = found.first + len(found.rows) - 1
    return RightList(
        filters=filters,
        rows=tuple(_row(row) for row in found.rows),
        paging=Paging(
            first=found.first if found.rows else 0,
            last=last if found.rows else 0,
            total=min(total, COUNT_LIMIT),
            is_total_exact=total <= COUNT_LIMIT,
            previous=found.previous,
            next=found.next,
        ),
    )


def _row(row: Any) -> RightRow:
    return RightRow(
        id=row.id, number=row.number, flow=row.flow, person_name=_name(row),
        unit_name=row.unit_name, valid_to=row.valid_to, next_review_on=row.next_review_on,
        opens_on=row.opens_on, planned_on=row.planned_on,
    )  # fmt: skip


def _name(row: Any) -> str:
    """Return whom a right is for."""
    if row.beneficiary_family_name:
        return f"{row.beneficiary_family_name} {row.beneficiary_given_name}"
    return f"{row.family_name} {row.given_name}"


def load_right(session: Session, principal: Principal, number: str) -> RightPage:
    """Return one right with what happened to it and the files about it that one may see.

    Raises:
        NotFound: there is none, or not for this reader.
    """
    if not number.isprintable():  # no column holds it
        raise NotFound("no such right")
    found = session.execute(
        sa.select(Entitlement, Units.name, is_annulled().label("is_annulled"))
        .join(Unit, Units.code == Right.agency_code)
        .where(Right.number == number, visible_rights(principal))
    ).first()
    if found is None:
        raise NotFound(f"no right {number}")
    row, unit_name, annulled = found
    files = _files(session, principal, row)
    return RightPage(
        number=row.number, flow=row.flow, code=row.right_code, status=row.status,
        person_name=_name(row), registration_number=row.registration_number,
        relation=None if row.relation is None else Relation(row.relation), unit_name=unit_name,
        valid_from=row.valid_from, valid_to=row.valid_to, next_review_on=row.next_review_on,
        opens_on=row.opens_on, planned_on=row.planned_on, milestone=row.milestone,
        review_since=row.review_since, suspended_on=row.suspended_on, resumed_on=row.resumed_on,
        granted_at=row.granted_at, is_annulled=annulled,
        events=_events(session, row.id, {file.id: file.reference for file in files}),
        files=tuple(
            RightFile(
                reference=file.reference, nature=file.nature, received_on=file.received_on,
                status=file.status, closed_at=file.closed_at, outcome=file.outcome,
            )
            for file in files
        ),
    )  # fmt: skip


def _files(session: Session, principal: Principal, right: Entitlement) -> Sequence[Any]:
    # By the person first: files have no index of rights.
    return session.execute(
        sa.select(
            File.id, File.reference, File.nature, File.received_on, File.status,
            File.closed_at, File.outcome,
        )
        .where(
            File.registration_number == right.registration_number,
            File.entitlement_id == right.id,
            visible(principal),
        )
        .order_by(File.received_on.desc(), File.id.desc())
    ).all()  # fmt: skip


def _events(
    session: Session, right_id: UUID, references: dict[UUID, str]
) -> tuple[RightEvent, ...]:
    rows = session.execute(
        sa.select(EntitlementEvent)
        .where(Event.entitlement_id == right_id)
        .order_by(Event.id.desc())
        .limit(_MOST_EVENTS)
    ).scalars()
    return tuple(
        RightEvent(
            at=row.at, change=row.change, actor_kind=row.actor_kind, actor_label=row.actor_label,
            reason=row.reason, batch_id=row.batch_id,
            file_reference=references.get(row.control_file_id) if row.control_file_id else None,
            moved=tuple(
                (name, _read(name, row.before.get(name)), _read(name, value))
                for name, value in row.after.items()
            ),
        )
        for row in rows
    )  # fmt: skip


def _read(name: str, value: str | None) -> RightValue:
    """Turn a value of the journal back into that of its column."""
    if value is None or name == "milestone":
        return value
    return EntitlementStatus(value) if name == "status" else date.fromisoformat(value)
