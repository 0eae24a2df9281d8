"""Reassignment (réaffectation): files to another doctor or to an agency's pool, with a preview."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.batch import rank
from assignment.checker import refusals
from assignment.facts import (
    Constraint,
    DoctorFacts,
    Plan,
    PlannedAssignment,
    Rule,
    TaskFacts,
    UnassignedTask,
)
from assignment.loading import horizon, load_doctors, load_tasks
from assignment.loads import lock_loads
from assignment.orders import FileResult, LoadChange, Reassign, ReassignmentResult, ToDoctor
from assignment.scoring import Weights
from assignment.writing import (
    Occasion,
    close_assignments,
    free_tasks,
    in_batch,
    tell,
    write_plan,
)
from medcontrol import journal
from medcontrol.clock import civil_date
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.model import Unit
from medcontrol.vocabulary import AssignmentMode, ControlLevel


@dataclass(frozen=True, slots=True)
class _Held:
    """A task with who holds it now."""

    task: TaskFacts
    doctor_id: UUID | None


_LOCK_FILES = sa.text("SELECT id FROM control_file WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")
_HELD = sa.text("""
SELECT t.id, t.control_file_id, t.assigned_doctor_id FROM human_task t
JOIN control_file f ON f.id = t.control_file_id
WHERE t.control_file_id = ANY(:ids) AND t.status = 'open' AND t.is_medical
  AND f.jurisdiction = :jurisdiction
ORDER BY t.id
""")
_MOVE_TASKS = sa.text("""
UPDATE human_task SET agency_code = :agency, region_code = :region, unassigned_reason = NULL
WHERE control_file_id = ANY(:files) AND status = 'open'
""")
_MOVE_FILES = sa.text("""
UPDATE control_file SET agency_code = :agency, region_code = :region, version = version + 1
WHERE id = ANY(:files)
""")
NO_OPEN_TASK = "no_open_task"
UNCHANGED = "unchanged"


def reassign(
    session: Session,
    command: Reassign,
    *,
    now: datetime,
    jurisdiction: str,
    actor: journal.Actor,
) -> ReassignmentResult:
    """Move files to a doctor or a pool; hard constraints hold, whoever asks.

    Locks the files in the order of ids, then the loads. A refused file stays where it is; the
    others move all the same. One journal entry a file, linked by the batch.

    Raises:
        NotFound: no such doctor or unit in this jurisdiction.
        InvalidInput: the unit has no pool (it is the central body, or closed).
    """
    file_ids = list(dict.fromkeys(command.file_ids))
    if not command.is_dry_run:
        session.execute(_LOCK_FILES, {"ids": file_ids})
    held = _load_held(session, file_ids, jurisdiction)
    mode = AssignmentMode.BULK if len(file_ids) > 1 else AssignmentMode.MANUAL
    occasion = in_batch(Occasion(now=now, actor=actor, mode=mode, reason=command.note))
    run = _Reassignment(session, command, occasion, jurisdiction, held)
    if isinstance(command.target, ToDoctor):
        run.to_doctor(command.target.doctor_id)
    else:
        run.to_pool(_load_pool(session, command.target.unit_code, jurisdiction))
    idle = set(file_ids) - {each.task.control_file_id for each in held}
    nothing = [FileResult(each, None, None, None, (NO_OPEN_TASK,)) for each in sorted(idle)]
    return ReassignmentResult(
        None if command.is_dry_run else occasion.batch_id,
        (*run.results, *nothing),
        run.load_changes(),
        command.is_dry_run,
    )


def _load_held(session: Session, file_ids: Collection[UUID], jurisdiction: str) -> list[_Held]:
    values = {"ids": list(file_ids), "jurisdiction": jurisdiction}
    holders = {row.id: row.assigned_doctor_id for row in session.execute(_HELD, values)}
    tasks = sorted(load_tasks(session, holders), key=lambda task: task.urgency)
    return [_Held(task, holders[task.id]) for task in tasks]


def _load_pool(session: Session, unit_code: str, jurisdiction: str) -> Unit:
    unit = session.get(Unit, unit_code)
    if unit is None or unit.jurisdiction != jurisdiction:
        raise NotFound(f"no unit {unit_code}", field="unit_code")
    if not unit.is_active or unit.level == ControlLevel.CENTRAL:
        raise InvalidInput(f"unit {unit_code} has no pool", field="unit_code")
    return unit


class _Reassignment:
    """One command on its way: results by task, and the loads that it changes."""

    def __init__(
        self,
        session: Session,
        command: Reassign,
        occasion: Occasion,
        jurisdiction: str,
        held: Sequence[_Held],
    ) -> None:
        self.session = session
        self.command = command
        self.occasion = occasion
        self.jurisdiction = jurisdiction
        self.held = held
        self.results: list[FileResult] = []
        self.before: dict[UUID, DoctorFacts] = {}
        self.after: dict[UUID, int] = {}
        on = civil_date(occasion.now, jurisdiction)
        self.on, self.days = on, horizon(session, on, jurisdiction)

    def _load(self, *more: UUID) -> None:
        """Read the doctors concerned, their loads locked unless nothing will be written."""
        ids = {each.doctor_id for each in self.held if each.doctor_id is not None} | {*more}
        doctors = load_doctors(self.session, self.on, self.jurisdiction, ids=ids, days=self.days)
        known = [doctor.id for doctor in doctors]
        locked = {} if self.command.is_dry_run else lock_loads(self.session, known)
        for doctor in doctors:
            load = locked.get(doctor.id, doctor.open_points)
            self.before[doctor.id] = replace(doctor, open_points=load)
            self.after[doctor.id] = load

    def load_changes(self) -> tuple[LoadChange, ...]:
        """Return the loads before and after, by doctor."""
        return tuple(
            LoadChange(each.id, each.open_points, self.after[each.id], each.capacity_points)
            for each in sorted(self.before.values(), key=lambda doctor: doctor.id)
        )

    def _note(self, each: _Held, to: UUID | None, refused: tuple[str, ...]) -> None:
        task = each.task
        self.results.append(FileResult(task.control_file_id, task.id, each.doctor_id, to, refused))
        if refused:
            return
        if each.doctor_id is not None:
            self.after[each.doctor_id] -= task.points
        if to is not None:
            self.after[to] += task.points

    def to_doctor(self, doctor_id: UUID) -> None:
        """Give each task to the doctor, as far as constraints and capacity allow."""
        self._load(doctor_id)
        if doctor_id not in self.before:
            raise NotFound(f"no doctor {doctor_id}", field="doctor_id")
        doctor = self.before[doctor_id]
        made: list[PlannedAssignment] = []
        moved: list[_Held] = []
        for each in self.held:
            current = replace(doctor, open_points=self.after[doctor_id])
            refused = tuple(_refusals(each, current, self.days))
            if not refused:
                moved.append(each)
                made.append(_chosen(each.task, current, self.days))
            self._note(each, doctor_id, refused)
        if moved and not self.command.is_dry_run:
            self._end(moved)
            write_plan(self.session, Plan(tuple(made)), self.occasion, journaled=False)
            self._tell(moved, {"to": str(doctor_id)})

    def to_pool(self, unit: Unit) -> None:
        """Put each task into the unit's pool, its file with it."""
        self._load()
        moved: list[_Held] = []
        for each in self.held:
            there = unit.code in (each.task.agency, each.task.region)
            refused = (UNCHANGED,) if there and each.doctor_id is None else ()
            self._note(each, None, refused)
            if not refused:
                moved.append(each)
        if moved and not self.command.is_dry_run:
            self._end(moved)
            self._move_files(moved, unit)
            self._tell(moved, {"pool": unit.code})

    def _move_files(self, moved: Sequence[_Held], unit: Unit) -> None:
        region = unit.parent_code if unit.level == ControlLevel.LOCAL else unit.code
        values: dict[str, object] = {"agency": unit.code, "region": region}
        # A region takes a file of one of its agencies as it is.
        abroad = [e for e in moved if unit.code not in (e.task.agency, e.task.region)]
        values["files"] = [each.task.control_file_id for each in abroad]
        self.session.execute(_MOVE_TASKS, values)
        self.session.execute(_MOVE_FILES, values)

    def _end(self, moved: Sequence[_Held]) -> None:
        ids = [each.task.id for each in moved]
        ended = close_assignments(self.session, ids, self.occasion, end_reason=self.command.reason)
        free_tasks(self.session, ended)

    def _tell(self, moved: Sequence[_Held], target: dict[str, str]) -> None:
        details = {
            each.task.id: {
                **target,
                "from": None if each.doctor_id is None else str(each.doctor_id),
                "reason": self.command.reason,
            }
            for each in moved
        }
        tasks = [each.task for each in moved]
        tell(self.session, "assignment.changed", tasks, details, self.occasion)


def _refusals(each: _Held, doctor: DoctorFacts, days: Sequence[date]) -> Iterator[str]:
    if each.doctor_id == doctor.id:
        yield UNCHANGED
        return
    for constraint, detail in refusals(each.task, doctor, days):
        yield f"{constraint.value}:{detail}"
    if doctor.open_points + each.task.points > doctor.capacity_points:
        yield f"{Constraint.CAPACITY.value}:{doctor.open_points + each.task.points}"


def _chosen(task: TaskFacts, doctor: DoctorFacts, days: Sequence[date]) -> PlannedAssignment:
    why = rank(task, [doctor], Weights(), days=days)
    if isinstance(why, UnassignedTask):  # the two statements of the rules disagree: a bug
        raise RuntimeError(f"{task.id} passed the checker but not eligibility: {why.removed}")
    return PlannedAssignment(task, doctor.id, replace(why, rule=Rule.CHOSEN))
