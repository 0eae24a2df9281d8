"""Control files as rows of a list (dossiers de contrôle), within the policy."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import NotFound
from medcontrol.model import ControlFile, Doctor
from medcontrol.policy import Action, Principal, visible
from medcontrol.queries.keyset import Key, Keyset
from medcontrol.vocabulary import (
    Channel,
    ControlFileStatus,
    ControlLevel,
    ControlMode,
    DecisionOutcome,
    Lane,
    Scheme,
)

LARGEST_PAGE = 200

# Columns of the tables, not values of a row.
File: Any = ControlFile
Names: Any = Doctor

# The latest opened first. An id never repeats, so no row is shown twice or left out.
ORDER = Keyset(Key(File.opened_at, is_descending=True), Key(File.id, is_descending=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """What lists, searches and exports show of a control file; administrative content only.

    Money in centimes. ``version`` is what a command must give back as ``expected_version``.
    """

    control_file_id: UUID
    reference: str
    scheme: Scheme
    flow: str
    nature: str
    channel: Channel
    level: ControlLevel
    mode: ControlMode
    lane: Lane
    status: ControlFileStatus
    is_urgent: bool
    agency_code: str
    region_code: str
    doctor_id: UUID | None
    doctor_name: str | None
    person_name: str
    person_birth_date: date
    insured_name: str
    registration_number: str
    national_id: str | None
    prescriber_id: str | None
    provider_id: str | None
    amount_cents: int | None
    received_on: date
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    outcome: DecisionOutcome | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesPage:
    """A page of control files; ``first`` counts from 1, cursors are opaque."""

    rows: tuple[FileRow, ...]
    first: int
    previous: str | None
    next: str | None


_SAME_NAME = (
    "reference", "scheme", "flow", "nature", "channel", "level", "mode", "lane", "status",
    "is_urgent", "agency_code", "region_code", "person_name", "person_birth_date", "insured_name",
    "registration_number", "national_id", "prescriber_id", "provider_id", "amount_cents",
    "received_on", "opened_at", "due_at", "closed_at", "outcome", "version",
)  # fmt: skip
COLUMNS = (
    File.id.label("control_file_id"),
    File.assigned_doctor_id.label("doctor_id"),
    Names.name.label("doctor_name"),
    *(getattr(File, name) for name in _SAME_NAME),
)


def rows_statement(*where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the statement whose rows ``to_row`` reads; no order, no limit."""
    return sa.select(*COLUMNS).outerjoin(Doctor, Names.id == File.assigned_doctor_id).where(*where)


def to_row(row: Any) -> FileRow:
    """Return a row of ``rows_statement`` as a plain value."""
    return FileRow(
        control_file_id=row.control_file_id,
        doctor_id=row.doctor_id,
        doctor_name=row.doctor_name,
        **{name: getattr(row, name) for name in _SAME_NAME},
    )


def load_page(
    session: Session, *where: sa.ColumnElement[bool], after: str = "", size: int = 50
) -> FilesPage:
    """Return the page of files that a cursor points to; ``size`` is cut to 1–200.

    Raises:
        InvalidInput: the cursor was not made here (field ``after``).
    """
    size = min(max(size, 1), LARGEST_PAGE)
    found = ORDER.page(session, rows_statement(*where), after=after, size=size)
    return FilesPage(
        rows=tuple(to_row(row) for row in found.rows),
        first=found.first,
        previous=found.previous,
        next=found.next,
    )


def list_files(
    session: Session, principal: Principal, *, after: str = "", size: int = 50
) -> FilesPage:
    """Return a page of every file that the principal may see, the latest opened first."""
    return load_page(session, visible(principal), after=after, size=size)


def count_files(session: Session, principal: Principal) -> int:
    """Return how many files the principal may see."""
    statement = sa.select(sa.func.count()).select_from(ControlFile).where(visible(principal))
    return int(session.execute(statement).scalar_one())


def find_file(session: Session, principal: Principal, control_file_id: UUID) -> FileRow:
    """Return one file.

    Raises:
        NotFound: there is none, or the policy hides it: the two can't be told apart.
    """
    row = session.execute(
        rows_statement(File.id == control_file_id, visible(principal))
    ).one_or_none()
    if row is None:
        raise NotFound(f"no control file {control_file_id}", field="control_file_id")
    return to_row(row)


def allowed_actions(
    session: Session, principal: Principal, control_file_id: UUID
) -> frozenset[Action]:
    """Return what the principal may do with a file, in one statement; empty when it is hidden."""
    row = session.execute(
        sa.select(*(visible(principal, ControlFile, each).label(each) for each in Action)).where(
            File.id == control_file_id
        )
    ).one_or_none()
    if row is None:
        return frozenset()
    return frozenset(action for action, is_allowed in zip(Action, row, strict=True) if is_allowed)
