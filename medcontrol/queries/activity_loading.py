"""Reading what happened on a file: documents, opinions, messages, its way."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, select

from medcontrol.model import (
    Deadline,
    Decision,
    Doctor,
    Document,
    DocumentView,
    HumanTask,
    LineOpinion,
    Message,
    Opinion,
)
from medcontrol.policy import Principal
from medcontrol.queries.due_dates import due_of
from medcontrol.queries.file_loading import OpenFile, Words
from medcontrol.queries.file_tabs import (
    ClockRow,
    DocumentRow,
    FlowStep,
    FlowTab,
    MessageRow,
    OpinionRow,
    StepState,
)
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import (
    ControlFileStatus,
    DeadlineKind,
    DeadlineStatus,
    DocumentClass,
    LineOutcome,
    MessageAudience,
    TaskStatus,
)

# Columns of the tables, not values of a row.
Task: Any = HumanTask
Doc: Any = Document
Seen: Any = DocumentView
Decided: Any = Decision
Names: Any = Doctor
Said: Any = Opinion
Line: Any = LineOpinion
Clock: Any = Deadline

_TONES = {
    "granted": "grant", "agreed": "grant", "complete": "grant", "partially_granted": "partial",
    "refused_medical": "refuse", "refused_administrative": "refuse", "disagreed": "refuse",
}  # fmt: skip


def tone_of(outcome: str) -> str:
    """Return how an outcome is coloured: ``grant``, ``partial``, ``refuse`` or ``neutral``."""
    return _TONES.get(outcome, "neutral")


def load_documents(
    session: Session, principal: Principal, opened: OpenFile, words: Words
) -> tuple[DocumentRow, ...]:
    """Return the file's documents in the order they came, with whether the reader has read them.

    A document's number is its place in the order of ids: they are drawn under the file's lock and
    no document ever leaves, so what was cited as [Doc 3 p. 2] stays document 3. Copies beside a
    linked file keep the order, hence the numbers.
    """
    by_me = sa.exists().where(Seen.document_id == Doc.id, Seen.user_id == principal.id)
    rows = session.execute(
        sa.select(Document, by_me)
        .where(Doc.received_file_id == opened.file.received_file_id)
        .order_by(Doc.id)
    )
    return tuple(
        DocumentRow(
            id=row.id,
            number=number,
            kind=row.kind,
            title=row.title or words.document(row.kind),
            document_class=DocumentClass(row.document_class),
            media_type=row.media_type,
            size=row.size,
            added_at=row.added_at,
            is_stored=row.is_stored,
            may_open=opened.is_medical_readable or row.document_class != DocumentClass.MEDICAL,
            seen_by_me=is_seen,
        )
        for number, (row, is_seen) in enumerate(rows, start=1)
    )


def load_opinions(
    session: Session, opened: OpenFile, words: Words, reasoning: Mapping[UUID, str]
) -> tuple[OpinionRow, ...]:
    """Return the opinions given, newest first.

    Args:
        session: a read-only transaction.
        opened: the file with the reader's rights.
        words: titles of the pack.
        reasoning: texts that ``services.medical`` let the reader see, by record id.
    """
    rows = session.execute(
        sa.select(Opinion, Names.name, Task.level)
        .join(Doctor, Names.id == Said.doctor_id)
        .outerjoin(HumanTask, Task.id == Said.human_task_id)
        .where(Said.control_file_id == opened.file.id)
        .order_by(Said.given_at.desc(), Said.id.desc())
    ).all()
    lines = _load_lines(session, [row[0].id for row in rows], words)
    undone = _undone_at(session, opened)
    return tuple(
        OpinionRow(
            is_undone=opinion.given_at in undone,
            step_title=words.step(opinion.step),
            level=level or opened.file.level,
            doctor_name=name,
            given_at=opinion.given_at,
            outcome_title=words.outcome(opinion.outcome),
            tone=tone_of(opinion.outcome),
            reasoning=reasoning.get(opinion.reasoning_id),
            lines=lines.get(opinion.id, ()),
        )
        for opinion, name, level in rows
    )


def _undone_at(session: Session, opened: OpenFile) -> set[datetime]:
    """Return when decisions were made that were taken back; their opinions bear the same time."""
    undone = sa.select(Decided.decided_at).where(
        Decided.control_file_id == opened.file.id, Decided.undone_at.is_not(None)
    )
    return set(session.execute(undone).scalars())


def _load_lines(
    session: Session, opinions: list[UUID], words: Words
) -> dict[UUID, tuple[tuple[int, LineOutcome, str | None], ...]]:
    found: dict[UUID, list[tuple[int, LineOutcome, str | None]]] = {}
    rows = session.exec(
        select(LineOpinion).where(Line.opinion_id.in_(opinions)).order_by(Line.line_no)
    )
    for row in rows:
        motive = None if row.motive_code is None else words.motive(row.motive_code)
        found.setdefault(row.opinion_id, []).append((row.line_no, row.outcome, motive))
    return {opinion_id: tuple(lines) for opinion_id, lines in found.items()}


def load_messages(
    session: Session,
    principal: Principal,
    opened: OpenFile,
    open_text: Callable[[Message], str],
) -> tuple[MessageRow, ...]:
    """Return the messages that the reader belongs to the audience of, oldest first.

    ``open_text`` decrypts one; it is called only for those that are shown.
    """
    message: Any = Message
    to_all = message.audience == MessageAudience.EVERYONE
    rows = session.exec(
        select(Message)
        .where(
            message.control_file_id == opened.file.id,
            sa.true() if opened.is_medical_readable else to_all,
        )
        .order_by(message.sent_at, message.id)
    )
    return tuple(
        MessageRow(
            author_name=row.author_name,
            audience=row.audience,
            sent_at=row.sent_at,
            text=open_text(row),
            is_mine=row.author_id == principal.id,
        )
        for row in rows
    )


def load_flow(
    session: Session,
    opened: OpenFile,
    words: Words,
    diagram_address: str,
    *,
    today: date,
    calendar: WorkingCalendar,
) -> FlowTab:
    """Return the way walked so far, and the clocks that run or stand still."""
    done_by: Any = aliased(Doctor)
    rows = session.execute(
        sa.select(Task.step, Task.status, Task.done_at, Task.opened_at, Task.outcome)
        .add_columns(sa.func.coalesce(done_by.name, Names.name).label("by"))
        .outerjoin(Doctor, Names.id == Task.assigned_doctor_id)
        .outerjoin(done_by, done_by.id == Task.done_by_doctor_id)
        .where(Task.control_file_id == opened.file.id, Task.status != TaskStatus.CANCELLED)
        .order_by(Task.opened_at, Task.id)
    )
    steps = tuple(
        FlowStep(
            element_id=row.step,
            title=words.step(row.step),
            state=StepState.DONE if row.status is TaskStatus.DONE else StepState.CURRENT,
            by=row.by,
            at=row.done_at or row.opened_at,
            outcome=words.outcome(row.outcome) if row.outcome else None,
        )
        for row in rows
    )
    return FlowTab(
        pack=opened.file.pack,
        diagram_address=diagram_address,
        steps=steps,
        clocks=_load_clocks(session, opened, words, today, calendar),
    )


def _load_clocks(
    session: Session, opened: OpenFile, words: Words, today: date, calendar: WorkingCalendar
) -> tuple[ClockRow, ...]:
    rows = session.exec(
        select(Deadline)
        .where(
            Clock.control_file_id == opened.file.id,
            sa.or_(
                Clock.status.in_([DeadlineStatus.RUNNING, DeadlineStatus.SUSPENDED]),
                # What passed without moving the flow is still what the file is late against.
                sa.and_(Clock.status == DeadlineStatus.FIRED, Clock.engine_task_id.is_(None)),
            ),
        )
        .order_by(Clock.due_at)
    )
    awaiting = {
        DeadlineStatus.RUNNING: ControlFileStatus.AWAITING_CONTROL,
        DeadlineStatus.SUSPENDED: ControlFileStatus.AWAITING_COMPLETION,
        DeadlineStatus.FIRED: ControlFileStatus.AWAITING_CONTROL,
    }
    return tuple(
        ClockRow(
            name=words.deadline(row.name),
            is_legal=row.kind is DeadlineKind.LEGAL,
            due=due_of(row.due_at, today, calendar, awaiting[row.status]),
            amount=row.amount,
            unit=row.unit,
            parameter=row.parameter,
        )
        for row in rows
    )
