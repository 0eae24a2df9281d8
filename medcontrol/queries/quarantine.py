"""Lines in quarantine as lists and pages show them; the bytes themselves stay encrypted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import NotFound
from medcontrol.intake import FieldError
from medcontrol.model import IntakeBatch, QuarantinedMessage
from medcontrol.queries.files import LARGEST_PAGE
from medcontrol.queries.keyset import Key, Keyset
from medcontrol.vocabulary import QuarantineReason, QuarantineStatus, Role

# Who corrects what did not pass. Faulty lines have no agency one could trust.
READERS = frozenset({Role.AGENT, Role.REFERENCE_MANAGER, Role.ADMINISTRATOR, Role.COORDINATOR})
WRITERS = frozenset({Role.AGENT, Role.REFERENCE_MANAGER, Role.ADMINISTRATOR})
MEDICAL_READERS = frozenset({Role.COORDINATOR})

# Columns of the tables, not values of a row.
Line: Any = QuarantinedMessage
Batch: Any = IntakeBatch

_ORDER = Keyset(Key(Line.quarantined_at, is_descending=True), Key(Line.id, is_descending=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineRow:
    """A line that did not pass: where it came from and what is wrong, never a value of it."""

    id: UUID
    batch_id: UUID | None
    batch_name: str
    line_no: int
    reason: QuarantineReason
    status: QuarantineStatus
    source: str | None
    external_id: str | None
    errors: tuple[FieldError, ...]
    size: int
    quarantined_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    received_file_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinePage:
    """A page of the quarantine, the latest first."""

    rows: tuple[QuarantineRow, ...]
    first: int
    previous: str | None
    next: str | None


_PLAIN = (
    "id", "batch_id", "batch_name", "line_no", "reason", "status", "source", "external_id",
    "size", "quarantined_at", "settled_at", "settled_by", "received_file_id",
)  # fmt: skip
_COLUMNS = (*(getattr(Line, name) for name in _PLAIN), Line.errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineFilters:
    """Which lines: of a state, of a reason, of one batch, of one program's deliveries."""

    status: QuarantineStatus | None = None
    reason: QuarantineReason | None = None
    batch_id: UUID | None = None
    client_id: UUID | None = None
    client_batch_name: str | None = None


def list_lines(
    session: Session, filters: QuarantineFilters, *, after: str = "", size: int = 50
) -> QuarantinePage:
    """Return a page of lines; ``size`` is cut to 1–200.

    Raises:
        InvalidInput: the cursor was not made here (field ``after``).
    """
    size = min(max(size, 1), LARGEST_PAGE)
    statement = sa.select(*_COLUMNS).where(_matching(filters))
    found = _ORDER.page(session, statement, after=after, size=size)
    return QuarantinePage(
        rows=tuple(_row(row) for row in found.rows),
        first=found.first,
        previous=found.previous,
        next=found.next,
    )


def count_lines(session: Session, filters: QuarantineFilters) -> int:
    """Return how many lines there are."""
    statement = sa.select(sa.func.count()).select_from(Line).where(_matching(filters))
    return int(session.execute(statement).scalar_one())


def find_line(
    session: Session, quarantine_id: UUID, filters: QuarantineFilters | None = None
) -> QuarantineRow:
    """Return one line.

    Raises:
        NotFound: there is none, or it is not among those of the filters.
    """
    where = _matching(filters or QuarantineFilters())
    row = session.execute(sa.select(*_COLUMNS).where(Line.id == quarantine_id, where)).one_or_none()
    if row is None:
        raise NotFound(f"no quarantined line {quarantine_id}", field="quarantine_id")
    return _row(row)


def _matching(filters: QuarantineFilters) -> sa.ColumnElement[bool]:
    parts: list[sa.ColumnElement[bool]] = [sa.true()]
    for name in ("status", "reason", "batch_id"):
        value = getattr(filters, name)
        if value is not None:
            parts.append(getattr(Line, name) == value)
    if filters.client_id is not None:
        own = sa.select(Batch.id).where(Batch.client_id == filters.client_id)
        parts.append(sa.or_(Line.batch_id.in_(own), Line.batch_name == filters.client_batch_name))
    return sa.and_(*parts)


def _row(row: Any) -> QuarantineRow:
    errors = tuple(
        FieldError(each["path"], each["code"], each["message"], each["medical"], each["expected"])
        for each in row.errors
    )
    return QuarantineRow(errors=errors, **{name: getattr(row, name) for name in _PLAIN})
