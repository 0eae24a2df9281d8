"""Everything administrative that hangs on one control file, for programs that read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import (
    ControlFile,
    Deadline,
    Decision,
    Document,
    JournalEntry,
    Letter,
    LineOpinion,
    Opinion,
    ReceivedFile,
)
from medcontrol.policy import Action, Principal
from medcontrol.queries.files import FileRow, allowed_actions, find_file
from medcontrol.queries.tasks import TaskRow, tasks_of
from medcontrol.vocabulary import (
    ActorKind,
    DeadlineKind,
    DeadlineStatus,
    DecisionOutcome,
    DocumentClass,
    LetterStatus,
    LineOutcome,
)

# Columns of the tables, not values of a row.
Entry: Any = JournalEntry
Received: Any = ReceivedFile
Given: Any = Decision
Says: Any = Opinion
Lines: Any = LineOpinion
Clock: Any = Deadline
Post: Any = Letter
Piece: Any = Document
File: Any = ControlFile


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRow:
    """How a control ended, and with which pack, parameters and rules it was decided."""

    id: UUID
    outcome: DecisionOutcome
    motive_code: str | None
    valid_from: date | None
    valid_to: date | None
    decided_at: datetime
    decided_with: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineOpinionRow:
    """The opinion on one line of the request."""

    opinion_id: UUID
    line_no: int
    outcome: LineOutcome
    motive_code: str | None
    quantity: str | None
    amount_cents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRow:
    """A letter that waits, left, or was withdrawn."""

    id: UUID
    code: str
    language: str
    recipient: str
    status: LetterStatus
    written_at: datetime
    sent_at: datetime | None
    carrier_reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineRow:
    """A clock of the file with the parameter of law it comes from."""

    name: str
    kind: DeadlineKind
    status: DeadlineStatus
    starts_at: datetime
    due_at: datetime
    parameter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceRow:
    """A document; the title of a medical one is medical and left out."""

    id: UUID
    kind: str
    title: str | None
    document_class: DocumentClass
    media_type: str
    size: int
    is_stored: bool
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    """An entry of the journal: codes and ids."""

    number: int
    at: datetime
    action: str
    actor_kind: ActorKind
    actor_label: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """What was asked, as received; administrative members only."""

    source: str
    external_id: str
    received_at: datetime
    care_from: date | None
    care_to: date | None
    currency: str | None
    lines: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDetail:
    """One control file, without anything medical; ``may`` is what the reader may do with it."""

    file: FileRow
    request: RequestRow
    may: tuple[Action, ...]
    tasks: tuple[TaskRow, ...]
    deadlines: tuple[DeadlineRow, ...]
    decisions: tuple[DecisionRow, ...]
    line_opinions: tuple[LineOpinionRow, ...]
    letters: tuple[LetterRow, ...]
    documents: tuple[PieceRow, ...]


def load_detail(session: Session, principal: Principal, control_file_id: UUID) -> FileDetail:
    """Return one file with what hangs on it.

    Raises:
        NotFound: there is none, or the policy hides it.
    """
    file = find_file(session, principal, control_file_id)
    received_id = sa.select(File.received_file_id).where(File.id == control_file_id)
    received = session.execute(
        sa.select(Received).where(Received.id == received_id.scalar_subquery())
    ).scalar_one()
    mine = allowed_actions(session, principal, control_file_id)
    return FileDetail(
        file=file,
        request=_request(received),
        may=tuple(action for action in Action if action in mine),
        tasks=tasks_of(session, control_file_id),
        deadlines=_deadlines(session, control_file_id),
        decisions=_decisions(session, control_file_id),
        line_opinions=_line_opinions(session, control_file_id),
        letters=_letters(session, control_file_id),
        documents=_documents(session, received.id),
    )


def _request(received: Any) -> RequestRow:
    return RequestRow(
        source=received.source,
        external_id=received.external_id,
        received_at=received.received_at,
        care_from=received.care_from,
        care_to=received.care_to,
        currency=received.currency,
        lines=tuple(received.details.get("lines", ())),
    )


def _plain(kind: type[Any], row: Any) -> Any:
    """Return a row as the dataclass whose field names are its columns."""
    return kind(**row._mapping)


def _of_file(
    session: Session, kind: type[Any], table: Any, file_id: UUID, order: Sequence[Any]
) -> tuple[Any, ...]:
    columns = [getattr(table, name) for name in kind.__dataclass_fields__]
    statement = sa.select(*columns).where(table.control_file_id == file_id).order_by(*order)
    return tuple(_plain(kind, row) for row in session.execute(statement))


def _deadlines(session: Session, file_id: UUID) -> tuple[DeadlineRow, ...]:
    return _of_file(session, DeadlineRow, Clock, file_id, [Clock.due_at, Clock.id])


def _decisions(session: Session, file_id: UUID) -> tuple[DecisionRow, ...]:
    return _of_file(session, DecisionRow, Given, file_id, [Given.decided_at, Given.id])


def _letters(session: Session, file_id: UUID) -> tuple[LetterRow, ...]:
    return _of_file(session, LetterRow, Post, file_id, [Post.written_at, Post.id])


def _line_opinions(session: Session, file_id: UUID) -> tuple[LineOpinionRow, ...]:
    columns = [getattr(Lines, name) for name in LineOpinionRow.__dataclass_fields__]
    statement = (
        sa.select(*columns)
        .join(Opinion, Says.id == Lines.opinion_id)
        .where(Says.control_file_id == file_id)
        .order_by(Says.given_at, Lines.line_no)
    )
    return tuple(_plain(LineOpinionRow, row) for row in session.execute(statement))


def _documents(session: Session, received_id: UUID) -> tuple[PieceRow, ...]:
    rows = session.execute(
        sa.select(Piece).where(Piece.received_file_id == received_id).order_by(Piece.id)
    ).scalars()
    return tuple(
        PieceRow(
            id=row.id,
            kind=row.kind,
            title=row.title if row.document_class == DocumentClass.ADMINISTRATIVE else None,
            document_class=DocumentClass(row.document_class),
            media_type=row.media_type,
            size=row.size,
            is_stored=row.is_stored,
            added_at=row.added_at,
        )
        for row in rows
    )


def load_journal(
    session: Session, principal: Principal, control_file_id: UUID
) -> tuple[JournalRow, ...]:
    """Return the journal of a file, oldest first.

    Raises:
        NotFound: there is no such file, or the policy hides it.
    """
    find_file(session, principal, control_file_id)
    rows = session.execute(
        sa.select(Entry).where(Entry.control_file_id == control_file_id).order_by(Entry.number)
    ).scalars()
    return tuple(
        JournalRow(
            number=row.number,
            at=row.at,
            action=row.action,
            actor_kind=row.actor_kind,
            actor_label=row.actor_label,
            facts=orjson.loads(row.facts),
        )
        for row in rows
    )
