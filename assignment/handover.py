"""Hand-over (relais): what is due while a doctor is absent, with a colleague for each file.

Only what is due during the absence is proposed. Files that the doctor opened stay until a
supervisor releases them, and no file is moved twice within the days of the lever ``settle_days``.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment import levers
from assignment.batch import plan
from assignment.calendar import horizon
from assignment.checker import refusals
from assignment.facts import DoctorFacts, TaskFacts
from assignment.levers import Levers
from assignment.loading_doctors import load_doctors
from assignment.loading_tasks import load_tasks
from assignment.orders import LoadChange
from medcontrol.clock import civil_date
from medcontrol.model import Absence

#: Colleagues offered for a file besides the one that is proposed.
_OFFERED = 12

_HELD = sa.text("""
SELECT t.id, t.reference, t.held_until,
       EXISTS (SELECT 1 FROM user_account u
               JOIN access_log l ON l.user_id = u.id AND l.control_file_id = t.control_file_id
               WHERE u.doctor_id = t.assigned_doctor_id AND l.at >= a.assigned_at) AS is_opened,
       a.mode = 'repair' AND a.assigned_at > :since AS is_settling
FROM human_task t JOIN assignment a ON a.human_task_id = t.id AND a.ended_at IS NULL
WHERE t.assigned_doctor_id = :doctor AND t.status = 'open' AND t.is_medical
""")


@dataclass(frozen=True, slots=True)
class Row:
    """One file of the absent doctor.

    Attributes:
        to: the colleague whom the planner proposes; None when nobody can.
        offered: colleagues who may have it, the proposed one first.
        removed: how many colleagues each constraint eliminated, when nobody is left.
        is_opened: the doctor began with it: frozen unless released.
        is_settling: it was moved by a hand-over a few days ago.
        is_extra: beyond the move budget; it can still be ticked.
    """

    task: TaskFacts
    reference: str
    to: UUID | None = None
    offered: tuple[UUID, ...] = ()
    removed: str = ""
    is_opened: bool = False
    is_settling: bool = False
    is_extra: bool = False

    @property
    def is_proposed(self) -> bool:
        """Whether it moves unless the supervisor says otherwise."""
        return self.to is not None and not (self.is_opened or self.is_settling or self.is_extra)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would move while a doctor is absent.

    Attributes:
        rows: due during the absence, the most urgent first.
        staying: open files that are due later, or on hold until the return.
        loads: the colleagues who would get something.
        budget: files that are proposed at most.
    """

    rows: tuple[Row, ...]
    staying: int
    loads: tuple[LoadChange, ...]
    budget: int


def propose(
    session: Session,
    absence: Absence,
    colleagues: Collection[UUID],
    *,
    jurisdiction: str,
    now: datetime,
) -> Proposal:
    """Propose a colleague for each file that is due while a doctor is absent. Reads only.

    Args:
        session: any.
        absence: whose files.
        colleagues: who may get them.
        jurisdiction: whose calendar.
        now: when.
    """
    today = civil_date(now, jurisdiction)
    steered = levers.current(session, today)
    since = now - timedelta(days=steered.settle_days)
    values = {"doctor": absence.doctor_id, "since": since}
    held = {row.id: row for row in session.execute(_HELD, values)}
    tasks = sorted(load_tasks(session, held), key=lambda task: task.urgency)
    due = [task for task in tasks if _is_due(task, held[task.id], absence, today, jurisdiction)]
    days = horizon(session, today, jurisdiction)
    ids = [each for each in colleagues if each != absence.doctor_id]
    doctors = load_doctors(session, today, jurisdiction, ids=ids, days=days)
    rows = _rows(due, held, doctors, days, steered)
    loads = _loads(rows, {doctor.id: doctor for doctor in doctors})
    return Proposal(tuple(rows), len(tasks) - len(due), loads, steered.move_budget)


def _is_due(task: TaskFacts, row: Any, absence: Absence, today: date, jurisdiction: str) -> bool:
    """Return whether a file can't wait for the return, and can't be done before the leave."""
    if task.due_on is None or task.due_on > absence.last_day:
        return False
    if row.held_until is not None and civil_date(row.held_until, jurisdiction) > absence.last_day:
        return False
    return absence.first_day <= today or task.due_on >= absence.first_day


def _rows(
    tasks: Sequence[TaskFacts],
    held: dict[UUID, Any],
    doctors: Sequence[DoctorFacts],
    days: Sequence[date],
    steered: Levers,
) -> list[Row]:
    result = plan(tasks, doctors, steered.weights, days=days)
    to = {each.task.id: each.doctor_id for each in result.assignments}
    removed = {each.task.id: each.removed for each in result.unassigned}
    rows: list[Row] = []
    proposed = 0
    for task in tasks:
        own = held[task.id]
        why = " ".join(f"{name.value}:{n}" for name, n in removed.get(task.id, {}).items() if n)
        row = Row(
            task, own.reference, to.get(task.id), _offer(task, to.get(task.id), doctors, days),
            why, own.is_opened, own.is_settling,
        )  # fmt: skip
        if row.is_proposed:
            proposed += 1
            row = replace(row, is_extra=proposed > steered.move_budget)
        rows.append(row)
    return rows


def _offer(
    task: TaskFacts, chosen: UUID | None, doctors: Sequence[DoctorFacts], days: Sequence[date]
) -> tuple[UUID, ...]:
    """Return who may have a file: the proposed one, then who is near, then who has room."""
    able = [
        each
        for each in doctors
        if each.open_points + task.points <= each.capacity_points
        and next(refusals(task, each, days), None) is None
    ]
    able.sort(
        key=lambda each: (
            each.id != chosen,
            each.agency != task.agency,
            each.region != task.region,
            each.open_points / each.capacity_points,
            each.id,
        )
    )
    return tuple(each.id for each in able[:_OFFERED])


def _loads(rows: Sequence[Row], doctors: dict[UUID, DoctorFacts]) -> tuple[LoadChange, ...]:
    more: Counter[UUID] = Counter()
    for row in rows:
        if row.is_proposed and row.to is not None:
            more[row.to] += row.task.points
    return tuple(
        LoadChange(
            key, doctors[key].open_points, doctors[key].open_points + points,
            doctors[key].capacity_points,
        )
        for key, points in sorted(more.items())
    )  # fmt: skip
