"""Reading one control file for its page: who it is, where it stands, what the reader may do."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from medcontrol.errors import NotFound
from medcontrol.model import (
    ControlFile,
    Decision,
    Doctor,
    Document,
    HumanTask,
    Message,
    Opinion,
    ReceivedFile,
    Unit,
)
from medcontrol.policy import QUALITY, Action, Principal, blinded, visible
from medcontrol.queries.due_dates import Days, due_of
from medcontrol.queries.file_page import FileAction, FileCounts, FileHeader, Neighbours
from medcontrol.queries.file_tabs import Person
from medcontrol.queries.worklist import QueueFilters
from medcontrol.queries.worklist_loading import chosen_tasks, keyset_of
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import ASKS_FOR_PIECES, MessageAudience, TaskStatus

NEIGHBOURS_WITHIN = 2_000  # a file deeper in its queue shows no neighbours

# Columns of the tables, not values of a row.
File: Any = ControlFile
Task: Any = HumanTask
Received: Any = ReceivedFile
Names: Any = Doctor
Units: Any = Unit


class Words(Protocol):
    """What a pack calls its codes, in the reader's language. A code it does not know stays."""

    def step(self, code: str) -> str:
        """Title of a step."""
        ...

    def outcome(self, code: str) -> str:
        """Title of an outcome."""
        ...

    def motive(self, code: str) -> str:
        """Wording of a coded motive."""
        ...

    def deadline(self, code: str) -> str:
        """Title of a clock."""
        ...

    def document(self, code: str) -> str:
        """Title of a kind of document."""
        ...


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file as somebody opened it: its row, the step that is open, and what they may do."""

    file: ControlFile
    task: HumanTask | None
    received: ReceivedFile
    unit_name: str
    doctor_name: str | None
    allowed: frozenset[Action]

    @property
    def is_medical_readable(self) -> bool:
        """Whether the reader may read medical content."""
        return Action.READ_MEDICAL in self.allowed


def open_file(session: Session, principal: Principal, reference: str) -> OpenFile:
    """Return a file by its reference, with every right of the reader, in one statement.

    When several steps are open, the reader's own comes first, then the one due first.

    Raises:
        NotFound: there is none, or the policy hides it: the two can't be told apart.
    """
    others = [action for action in Action if action is not Action.SEE]
    each: Any = aliased(HumanTask)
    task = (
        sa.select(each.id)
        .where(each.control_file_id == File.id, each.status == TaskStatus.OPEN)
        .order_by((each.assigned_doctor_id == principal.doctor_id).desc().nulls_last())
        .order_by(each.due_at)
        .limit(1)
        .correlate(ControlFile)
        .scalar_subquery()
    )
    row = session.execute(
        sa.select(
            ControlFile,
            HumanTask,
            ReceivedFile,
            Units.name,
            Names.name,
            *(visible(principal, ControlFile, action).label(action) for action in others),
        )
        .join(ReceivedFile, Received.id == File.received_file_id)
        .join(Unit, Units.code == File.agency_code)
        .outerjoin(HumanTask, Task.id == task)
        .outerjoin(Doctor, Names.id == File.assigned_doctor_id)
        .where(File.reference == reference, visible(principal, ControlFile))
    ).one_or_none()
    if row is None:
        raise NotFound(f"no control file {reference}", field="reference")
    file, open_task, received, unit_name, doctor_name, *rights = row
    allowed = {action for action, right in zip(others, rights, strict=True) if right}
    return OpenFile(
        file, open_task, received, unit_name, doctor_name, frozenset({Action.SEE, *allowed})
    )


def header_of(
    opened: OpenFile,
    principal: Principal,
    words: Words,
    *,
    now: datetime,
    calendar: WorkingCalendar,
    neighbours: Neighbours | None = None,
) -> FileHeader:
    """Return the two lines above the page."""
    file, task = opened.file, opened.task
    held = task.held_until if task else None
    mine = principal.doctor_id is not None and file.assigned_doctor_id == principal.doctor_id
    return FileHeader(
        control_file_id=file.id,
        version=file.version,
        reference=file.reference,
        scheme=file.scheme,
        flow=file.flow,
        nature=file.nature,
        lane=file.lane,
        level=file.level,
        mode=file.mode,
        status=file.status,
        step_title=words.step(task.step) if task else None,
        is_urgent=file.is_urgent,
        due=due_of(file.due_at, calendar.civil_date(now), calendar, file.status),
        person=_person(opened),
        unit_name=opened.unit_name,
        assigned_to=opened.doctor_name,
        is_mine=mine,
        task_id=task.id if task else None,
        expected_on=task.expected_on if task else None,
        held_until=None if held is None else calendar.civil_date(held),
        hold_reason=task.hold_reason if task else None,
        outcome=file.outcome,
        neighbours=neighbours,
    )


def _person(opened: OpenFile) -> Person:
    file, received = opened.file, opened.received
    insured = received.details.get("insured", {})
    return Person(
        name=file.person_name,
        birth_date=file.person_birth_date,
        registration_number=file.registration_number,
        national_id=file.national_id,
        sex=received.sex,
        relation=received.relation,
        insured_name=file.insured_name if received.relation else None,
        language=received.language,
        address=insured.get("address"),
        phone=insured.get("phone"),
    )


def actions_of(
    opened: OpenFile, principal: Principal, step_outcomes: Collection[str]
) -> frozenset[FileAction]:
    """Return what the reader may do now; the commands check again.

    Args:
        opened: the file with the reader's rights.
        principal: the reader.
        step_outcomes: outcomes that the pack gives the open step.
    """
    task, may = opened.task, opened.allowed
    actions: set[FileAction] = set()
    if Action.CONTROL in may or Action.ADMINISTRATE in may:
        actions |= {FileAction.WRITE_MESSAGE, FileAction.ADD_DOCUMENT}
    if task is None:
        return frozenset(actions)
    if Action.REASSIGN in may and task.is_medical:
        actions.add(FileAction.TRANSFER)
    if task.is_medical and task.assigned_doctor_id is None and principal.doctor_id is not None:
        actions.add(FileAction.CLAIM)
    if Action.CONTROL in may if task.is_medical else Action.ADMINISTRATE in may:
        actions.add(FileAction.HOLD if task.held_until is None else FileAction.RELEASE)
        actions.add(FileAction.GIVE_OPINION if task.is_medical else FileAction.CHECK_COMPLETENESS)
        if not set(ASKS_FOR_PIECES).isdisjoint(step_outcomes):
            actions.add(FileAction.REQUEST_COMPLETION)
        if "escalate" in step_outcomes:
            actions.add(FileAction.ESCALATE)
    return frozenset(actions)


def others_of_person(principal: Principal, opened: OpenFile) -> sa.ColumnElement[bool]:
    """The person's other files that the reader learns of: one predicate for count and list.

    Who may read this file's medical content reads one line about each of the others, wherever it
    was handled: the past is part of the control. Opening one stays a matter of the policy. What
    a second reader may not know yet is left out.
    """
    scope = sa.true() if opened.is_medical_readable else visible(principal, ControlFile)
    same = File.registration_number == opened.file.registration_number
    apart = [File.flow != QUALITY]
    if (hidden := blinded(principal)) is not None:
        apart.append(File.id.not_in(hidden))
    return sa.and_(same, File.id != opened.file.id, scope, *apart)


def _is_undone() -> sa.ColumnElement[bool]:
    """Return the predicate of opinions whose decision was taken back: they bear the same time."""
    return sa.exists().where(
        col(Decision.control_file_id) == col(Opinion.control_file_id),
        col(Decision.decided_at) == col(Opinion.given_at),
        col(Decision.undone_at).is_not(None),
    )


def load_counts(session: Session, principal: Principal, opened: OpenFile) -> FileCounts:
    """Return the figures beside the tabs, in one statement."""
    file = opened.file
    readable = opened.is_medical_readable
    message: Any = Message
    wanted = {
        "documents": sa.select(sa.func.count()).where(
            col(Document.received_file_id) == file.received_file_id
        ),
        "history": sa.select(sa.func.count()).where(others_of_person(principal, opened)),
        "opinions": sa.select(sa.func.count()).where(
            col(Opinion.control_file_id) == file.id, sa.not_(_is_undone())
        ),
        "messages": sa.select(sa.func.count()).where(
            message.control_file_id == file.id,
            sa.true() if readable else message.audience == MessageAudience.EVERYONE,
        ),
    }
    row = session.execute(
        sa.select(*(count.scalar_subquery().label(name) for name, count in wanted.items()))
    ).one()
    return FileCounts(**row._mapping)


def load_neighbours(
    session: Session,
    principal: Principal,
    filters: QueueFilters,
    reference: str,
    *,
    now: datetime,
    calendar: WorkingCalendar,
) -> Neighbours | None:
    """Return the files before and after one in the queue it was opened from; None outside it."""
    where = chosen_tasks(principal, filters, Days(now, calendar))
    order = keyset_of(filters).ascending()
    queue = (
        sa.select(Task.reference, sa.func.row_number().over(order_by=order).label("position"))
        .where(where)
        .order_by(*order)
        .limit(NEIGHBOURS_WITHIN)
        .subquery()
    )
    by_position = queue.c.position
    ranked = sa.select(
        queue.c.reference,
        by_position,
        sa.func.lag(queue.c.reference).over(order_by=by_position).label("before"),
        sa.func.lead(queue.c.reference).over(order_by=by_position).label("behind"),
        sa.func.count().over().label("total"),
    ).subquery()
    row = session.execute(
        sa.select(ranked).where(ranked.c.reference == reference).limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Neighbours(
        queue_address="/queue" + filters.address(),
        position=row.position,
        total=row.total,
        previous_reference=row.before,
        next_reference=row.behind,
    )
