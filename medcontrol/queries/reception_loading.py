"""Reading what the reception desk works from, within what its agents administrate."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import NotFound
from medcontrol.model import (
    Appointment,
    CompletionRequest,
    ControlFile,
    Deadline,
    Document,
    HumanTask,
    SelectivityDecision,
    Unit,
)
from medcontrol.policy import Action, Principal, visible
from medcontrol.queries.counter import Received, load_registered
from medcontrol.queries.due_dates import Days, Task
from medcontrol.queries.file_loading import OpenFile
from medcontrol.queries.paper_loading import load_missing
from medcontrol.queries.reception import (
    Booking,
    Desk,
    PieceHere,
    ReceptionDay,
    Waiting,
    Work,
)
from medcontrol.queries.worklist_loading import TASK_COLUMNS, queue_row
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import (
    ControlFileStatus,
    DeadlineStatus,
    DocumentClass,
    StepKind,
    TaskStatus,
)

_SHOWN = 30

File: Any = ControlFile
Decided: Any = SelectivityDecision
Booked: Any = Appointment
Clock: Any = Deadline
Asked: Any = CompletionRequest
Doc: Any = Document
Units: Any = Unit


def load_day(
    session: Session, principal: Principal, *, now: datetime, calendar: WorkingCalendar
) -> ReceptionDay:
    """Return what waits at the reception desk of the agent's units."""
    days = Days(now, calendar)
    waiting, total = _load_waiting(session, principal, calendar)
    start = days.end_of_yesterday
    return ReceptionDay(
        today=days.today,
        work=tuple(
            _load_work(session, principal, kind, days)
            for kind in (StepKind.COMPLETENESS, StepKind.APPOINTMENT)
        ),
        waiting=waiting,
        waiting_total=total,
        bookings=_load_bookings(session, principal, start, days.end_of_today),
        registered=load_registered(session, principal, Received.recorded_at > start),
        missing_paper=len(load_missing(session, principal)),
    )


def _load_work(session: Session, principal: Principal, kind: StepKind, days: Days) -> Work:
    where = sa.and_(
        Task.status == TaskStatus.OPEN,
        Task.kind == kind,
        visible(principal, HumanTask, Action.ADMINISTRATE),
    )
    total = session.execute(sa.select(sa.func.count()).select_from(HumanTask).where(where))
    rows = session.execute(
        sa.select(*TASK_COLUMNS, sa.null().label("assigned_to"))
        .where(where)
        .order_by(Task.due_at, Task.id)
        .limit(_SHOWN)
    )
    return Work(
        kind=kind, total=total.scalar_one(), rows=tuple(queue_row(row, days) for row in rows)
    )


def _load_waiting(
    session: Session, principal: Principal, calendar: WorkingCalendar
) -> tuple[tuple[Waiting, ...], int]:
    where = sa.and_(
        File.status == ControlFileStatus.AWAITING_COMPLETION,
        visible(principal, ControlFile, Action.ADMINISTRATE),
    )
    total = session.execute(sa.select(sa.func.count()).select_from(ControlFile).where(where))
    rows = session.execute(
        sa.select(
            File.reference, File.person_name, File.flow,
            _asked_at().label("asked_at"), _answer_by().label("answer_by"),
        )
        .where(where)
        .order_by(_answer_by().nulls_last(), File.reference)
        .limit(_SHOWN)
    )  # fmt: skip
    found = tuple(
        Waiting(
            reference=row.reference,
            person_name=row.person_name,
            flow=row.flow,
            asked_on=row.asked_at and calendar.civil_date(row.asked_at),
            answer_by=row.answer_by and calendar.civil_date(row.answer_by),
        )
        for row in rows
    )
    return found, total.scalar_one()


def _asked_at() -> sa.ScalarSelect[Any]:
    return (
        sa.select(sa.func.max(Asked.requested_at))
        .where(Asked.control_file_id == File.id, Asked.answered_at.is_(None))
        .correlate(ControlFile)
        .scalar_subquery()
    )


def _answer_by() -> sa.ScalarSelect[Any]:
    """The last of the running clocks that fire something: the reminder comes before it."""
    return (
        sa.select(sa.func.max(Clock.due_at))
        .where(
            Clock.control_file_id == File.id,
            Clock.status == DeadlineStatus.RUNNING,
            Clock.engine_task_id.is_not(None),
        )
        .correlate(ControlFile)
        .scalar_subquery()
    )


def _load_bookings(
    session: Session, principal: Principal, after: datetime, until: datetime
) -> tuple[Booking, ...]:
    rows = session.execute(
        sa.select(
            File.reference, File.person_name, File.flow, Units.name.label("unit_name"),
            Booked.starts_at,
        )
        .join(ControlFile, File.id == Booked.control_file_id)
        .join(Unit, Units.code == Booked.unit_code)
        .where(
            Booked.state == "booked",
            Booked.beside_id.is_(None),
            Booked.starts_at > after,
            Booked.starts_at <= until,
            visible(principal, ControlFile, Action.ADMINISTRATE),
        )
        .order_by(Booked.starts_at, File.reference)
        .limit(100)
    )  # fmt: skip
    return tuple(Booking(**row) for row in rows.mappings())


def find_reference(session: Session, principal: Principal, task_id: UUID) -> str:
    """Return the reference of the file that a step of the reception desk belongs to.

    Raises:
        NotFound: there is no such step, or it is another unit's.
    """
    found = session.execute(
        sa.select(Task.reference).where(
            Task.id == task_id, visible(principal, HumanTask, Action.ADMINISTRATE)
        )
    ).scalar()
    if found is None:
        raise NotFound(f"no step {task_id}")
    return str(found)


def load_desk(
    session: Session,
    principal: Principal,
    opened: OpenFile,
    *,
    now: datetime,
    calendar: WorkingCalendar,
) -> Desk:
    """Return what an agent has to know of a file: pieces, what was asked for, bookings near."""
    asked = session.execute(
        sa.select(Asked.pieces, Asked.requested_at)
        .where(Asked.control_file_id == opened.file.id, Asked.answered_at.is_(None))
        .order_by(Asked.requested_at)
    ).all()
    answer_by = session.execute(
        sa.select(_answer_by()).select_from(ControlFile).where(File.id == opened.file.id)
    ).scalar()
    return Desk(
        documents=_load_documents(session, opened.received.id),
        asked=tuple(piece for row in asked for piece in row.pieces),
        asked_on=calendar.civil_date(asked[-1].requested_at) if asked else None,
        answer_by=calendar.civil_date(answer_by) if asked and answer_by else None,
        bookings=_load_bookings(session, principal, now, now + timedelta(days=45)),
    )


def _load_documents(session: Session, received_id: UUID) -> tuple[PieceHere, ...]:
    rows = session.execute(
        sa.select(Doc.kind, Doc.title, Doc.document_class, Doc.size, Doc.added_at, Doc.is_stored)
        .where(Doc.received_file_id == received_id)
        .order_by(Doc.added_at, Doc.id)
    )
    return tuple(
        PieceHere(
            kind=row.kind,
            title=row.title if row.document_class == DocumentClass.ADMINISTRATIVE else None,
            document_class=DocumentClass(row.document_class),
            size=row.size,
            added_at=row.added_at,
            is_stored=row.is_stored,
        )
        for row in rows
    )
