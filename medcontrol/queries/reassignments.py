"""Reassignments of many files as their pages show them: progress, result by file, history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session

from medcontrol.errors import NotFound
from medcontrol.model import ControlFile, Doctor, ReassignmentBatch, ReassignmentItem
from medcontrol.policy import Action, Principal, visible
from medcontrol.vocabulary import BatchKind, BatchStatus, ItemStatus

SHOWN = 300
_RECENT = 40

Batch: Any = ReassignmentBatch
Item: Any = ReassignmentItem
Files: Any = ControlFile
Doctors: Any = Doctor
From: Any = aliased(Doctor)
To: Any = aliased(Doctor)

_FIRST_REFUSAL = sa.func.split_part(Item.refusals[1], ":", 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow:
    """A batch in the list."""

    id: UUID
    kind: BatchKind
    status: BatchStatus
    requested_label: str
    requested_at: datetime
    reason: str
    total: int
    moved: int
    refused: int
    undone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """One file of a batch."""

    reference: str
    status: ItemStatus
    from_doctor: str | None
    to_doctor: str | None
    refusals: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchPage:
    """One batch: figures of all its files, rows of those that the reader may see."""

    row: BatchRow
    note: str | None
    pool: str | None
    doctors: tuple[str, ...]
    is_own: bool
    finished_at: datetime | None
    parent_id: UUID | None
    undone_by: UUID | None
    reasons: dict[str, int]
    warnings: dict[str, int]
    items: tuple[ItemRow, ...] = ()
    chosen: int = 0

    @property
    def waiting(self) -> int:
        """Files that were not looked at yet."""
        return self.row.total - self.row.moved - self.row.refused - self.row.undone

    @property
    def settled(self) -> int:
        """Files that were dealt with."""
        return self.row.total - self.waiting

    @property
    def can_retry(self) -> int:
        """Refused files that another try may move."""
        if self.row.kind is BatchKind.UNDO or self.row.status is not BatchStatus.DONE:
            return 0
        final = ("unchanged", "no_open_task")
        return sum(count for reason, count in self.reasons.items() if reason not in final)

    def can_undo(self, now: datetime, within: timedelta) -> bool:
        """Whether the reader may still take the moves back."""
        return (
            self.is_own
            and self.row.kind is not BatchKind.UNDO
            and self.row.moved > 0
            and self.undone_by is None
            and self.finished_at is not None
            and now <= self.finished_at + within
        )


def _rows() -> sa.Select[Any]:
    def number(status: ItemStatus) -> sa.ScalarSelect[int]:
        return (
            sa.select(sa.func.count())
            .where(Item.batch_id == Batch.id, Item.status == status)
            .correlate(ReassignmentBatch)
            .scalar_subquery()
        )

    return sa.select(
        Batch.id, Batch.kind, Batch.status, Batch.requested_label, Batch.requested_at,
        Batch.reason, Batch.total, number(ItemStatus.MOVED).label("moved"),
        number(ItemStatus.REFUSED).label("refused"), number(ItemStatus.UNDONE).label("undone"),
    )  # fmt: skip


def _known_to(principal: Principal) -> sa.ColumnElement[bool]:
    """Batches of one's own, and those that moved a file that one supervises."""
    seen = (
        sa.select(Item.batch_id)
        .join(ControlFile, Files.id == Item.control_file_id)
        .where(Item.batch_id == Batch.id, visible(principal, ControlFile, Action.REASSIGN))
        .correlate(ReassignmentBatch)
    )
    return sa.or_(Batch.requested_by == principal.id, seen.exists())


def recent_batches(
    session: Session, principal: Principal, *, since: datetime
) -> tuple[BatchRow, ...]:
    """Return the batches of some time, the last first; 40 at most."""
    rows = session.execute(
        _rows()
        .where(Batch.requested_at >= since, _known_to(principal))
        .order_by(Batch.requested_at.desc(), Batch.id.desc())
        .limit(_RECENT)
    )
    return tuple(BatchRow(**row) for row in rows.mappings())


def load_batch(
    session: Session,
    principal: Principal,
    batch_id: UUID,
    *,
    status: ItemStatus | None = None,
    reason: str = "",
    limit: int | None = SHOWN,
) -> BatchPage:
    """Return a batch with the rows that a filter leaves, refused ones first.

    Raises:
        NotFound: no such batch, or none of its files is for this reader.
    """
    row = session.execute(_rows().where(Batch.id == batch_id, _known_to(principal))).mappings()
    found = row.one_or_none()
    if found is None:
        raise NotFound(f"no batch {batch_id}", field="batch")
    batch = session.get_one(ReassignmentBatch, batch_id)
    where = [Item.batch_id == batch_id]
    if status is not None:
        where.append(Item.status == status)
    if reason:
        where.append(reason == _FIRST_REFUSAL)
    items = _items(session, principal, where, limit)
    names = _names(session, [UUID(each) for each in batch.target.get("doctors", ())])
    return BatchPage(
        row=BatchRow(**found),
        note=batch.note,
        pool=batch.target.get("pool"),
        doctors=names,
        is_own=batch.requested_by == principal.id,
        finished_at=batch.finished_at,
        parent_id=batch.parent_id,
        undone_by=_undone_by(session, batch_id),
        reasons=_count(session, batch_id, _FIRST_REFUSAL, Item.status == ItemStatus.REFUSED),
        warnings=_count(session, batch_id, sa.func.unnest(Item.warnings), sa.true()),
        items=items,
        chosen=_number(session, where),
    )


def _items(
    session: Session, principal: Principal, where: Sequence[Any], limit: int | None
) -> tuple[ItemRow, ...]:
    order = sa.case({ItemStatus.REFUSED: 0, ItemStatus.WAITING: 1}, value=Item.status, else_=2)
    may = sa.or_(
        visible(principal, ControlFile, Action.REASSIGN),
        # What one moved away oneself stays readable in one's own result.
        Item.batch_id.in_(sa.select(Batch.id).where(Batch.requested_by == principal.id)),
    )
    rows = session.execute(
        sa.select(
            Item.reference, Item.status, From.name.label("from_doctor"),
            To.name.label("to_doctor"), Item.refusals, Item.warnings,
        )
        .join(ControlFile, Files.id == Item.control_file_id)
        .outerjoin(From, From.id == Item.from_doctor_id)
        .outerjoin(To, To.id == Item.to_doctor_id)
        .where(*where, may)
        .order_by(order, Item.reference)
        .limit(limit)
    )  # fmt: skip
    return tuple(
        ItemRow(
            reference=row.reference, status=row.status, from_doctor=row.from_doctor,
            to_doctor=row.to_doctor, refusals=tuple(row.refusals), warnings=tuple(row.warnings),
        )
        for row in rows
    )  # fmt: skip


def _number(session: Session, where: Sequence[Any]) -> int:
    return int(
        session.execute(sa.select(sa.func.count(Item.human_task_id)).where(*where)).scalar_one()
    )


def _count(
    session: Session, batch_id: UUID, what: Any, where: sa.ColumnElement[bool]
) -> dict[str, int]:
    inner = sa.select(what.label("code")).where(Item.batch_id == batch_id, where).subquery()
    number = sa.func.count()
    rows = session.execute(
        sa.select(inner.c.code, number).group_by(inner.c.code).order_by(number.desc(), inner.c.code)
    )
    return {row[0]: row[1] for row in rows if row[0]}


def _names(session: Session, ids: Sequence[UUID]) -> tuple[str, ...]:
    rows = session.execute(
        sa.select(Doctors.name).where(Doctors.id.in_(ids)).order_by(Doctors.name)
    )
    return tuple(rows.scalars())


def _undone_by(session: Session, batch_id: UUID) -> UUID | None:
    return session.execute(
        sa.select(Batch.id).where(Batch.parent_id == batch_id, Batch.kind == BatchKind.UNDO)
    ).scalar()
