"""Reassignment (réaffectation): files to doctors or to a pool, with a preview, in one transaction.

Thousands of files go in chunks of this, see ``assignment.reassignments``.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment import levers
from assignment.calendar import horizon
from assignment.deciding import Decision, Desk, Held, back, spread, to_nobody, to_one
from assignment.facts import Plan
from assignment.loading_doctors import load_doctors
from assignment.loading_tasks import load_tasks
from assignment.loads import lock_loads
from assignment.orders import (
    LOCKED,
    NO_OPEN_TASK,
    UNCHANGED,
    Back,
    FileResult,
    LoadChange,
    Origin,
    Reassign,
    ReassignmentResult,
    Target,
    ToDoctor,
    ToDoctors,
    ToEach,
)
from assignment.writing import (
    Occasion,
    close_assignments,
    in_batch,
    tell,
    write_plan,
)
from medcontrol import journal
from medcontrol.clock import civil_date
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.model import Unit
from medcontrol.vocabulary import AssignmentMode, ControlLevel

__all__ = ["NO_OPEN_TASK", "UNCHANGED", "load_pool", "reassign"]

_LOCK = "SELECT id FROM control_file WHERE id = ANY(:ids) ORDER BY id FOR UPDATE"
# Opened: read by its doctor since it was given to them, or begun by them (a draft).
_HELD = sa.text("""
SELECT t.id, t.assigned_doctor_id,
       EXISTS (SELECT 1 FROM assignment a JOIN user_account u ON u.doctor_id = a.doctor_id
               JOIN access_log l ON l.user_id = u.id AND l.control_file_id = t.control_file_id
                                 AND l.at >= a.assigned_at
               WHERE a.human_task_id = t.id AND a.ended_at IS NULL) AS is_opened,
       CASE WHEN :looks_back THEN
         (SELECT coalesce(max(e.number), 0) FROM journal_entry e
          WHERE e.control_file_id = t.control_file_id
            AND NOT (e.action LIKE 'assignment.%' AND e.actor_kind = 'system'))
         ELSE 0 END AS last_work
FROM human_task t JOIN control_file f ON f.id = t.control_file_id
WHERE t.control_file_id = ANY(:ids) AND t.status = 'open' AND t.is_medical
  AND f.jurisdiction = :jurisdiction
  AND (CAST(:tasks AS uuid[]) IS NULL OR t.id = ANY(:tasks))
ORDER BY t.id
""")
# One write a row: who has it, and where it lies.
_STAMP_TASKS = sa.text("""
UPDATE human_task t SET assigned_doctor_id = v.doctor, agency_code = v.agency,
  region_code = v.region, unassigned_reason = NULL, expected_on = NULL
FROM unnest(CAST(:tasks AS uuid[]), CAST(:doctors AS uuid[]), CAST(:agencies AS text[]),
            CAST(:regions AS text[])) AS v(task, doctor, agency, region)
WHERE t.id = v.task AND t.status = 'open'
""")
# What else is open on a file that goes to another place: the agents' own tasks.
_TAKE_ALONG = sa.text("""
UPDATE human_task t SET agency_code = v.agency, region_code = v.region
FROM unnest(CAST(:files AS uuid[]), CAST(:agencies AS text[]), CAST(:regions AS text[]))
     AS v(file, agency, region)
WHERE t.control_file_id = v.file AND t.status = 'open' AND t.agency_code <> v.agency
""")


def reassign(
    session: Session,
    command: Reassign,
    *,
    now: datetime,
    jurisdiction: str,
    actor: journal.Actor,
) -> ReassignmentResult:
    """Move files; hard constraints hold, whoever asks.

    Locks the files in the order of ids, then the loads. A refused file stays where it is; the
    others move all the same. One journal entry a file, linked by the batch.

    Raises:
        NotFound: no such doctor or unit in this jurisdiction.
        InvalidInput: the unit has no pool (it is the central body, or closed).
    """
    file_ids = list(dict.fromkeys(command.file_ids))
    free = _lock(session, file_ids, command)
    held = _load_held(session, free, command, jurisdiction)
    mode = command.mode or (AssignmentMode.BULK if len(file_ids) > 1 else AssignmentMode.MANUAL)
    occasion = Occasion(
        now=now, actor=actor, mode=mode, reason=command.note, batch_id=command.batch_id
    )
    run = _Reassignment(session, command, in_batch(occasion), jurisdiction, held)
    run.decide()
    if not command.is_dry_run:
        run.write()
    idle = set(free) - {each.task.control_file_id for each in held}
    rest = [FileResult(each, None, None, None, (NO_OPEN_TASK,)) for each in sorted(idle)]
    busy = sorted(set(file_ids) - set(free))
    rest += [FileResult(each, None, None, None, (LOCKED,)) for each in busy]
    return ReassignmentResult(
        None if command.is_dry_run else run.occasion.batch_id,
        (*run.results(), *rest),
        run.load_changes(),
        command.is_dry_run,
    )


def _lock(session: Session, file_ids: Sequence[UUID], command: Reassign) -> list[UUID]:
    """Lock the files and return those that nobody else holds; all of them when waiting."""
    if command.is_dry_run:
        return list(file_ids)
    statement = sa.text(_LOCK if command.waits else f"{_LOCK} SKIP LOCKED")
    found = set(session.execute(statement, {"ids": list(file_ids)}).scalars())
    return list(file_ids) if command.waits else [each for each in file_ids if each in found]


def _load_held(
    session: Session, file_ids: Collection[UUID], command: Reassign, jurisdiction: str
) -> list[Held]:
    values = {
        "ids": list(file_ids),
        "tasks": None if command.task_ids is None else list(command.task_ids),
        "jurisdiction": jurisdiction,
        "looks_back": isinstance(command.target, Back),
    }
    rows = {row.id: row for row in session.execute(_HELD, values)}
    tasks = sorted(load_tasks(session, rows), key=lambda task: task.urgency)
    return [
        Held(task, row.assigned_doctor_id, row.is_opened, row.last_work)
        for task in tasks
        for row in (rows[task.id],)
    ]


def load_pool(session: Session, unit_code: str, jurisdiction: str) -> Unit:
    """Return a unit that has a pool.

    Raises:
        NotFound: no such unit in this jurisdiction.
        InvalidInput: it is the central body, or closed.
    """
    unit = session.get(Unit, unit_code)
    if unit is None or unit.jurisdiction != jurisdiction:
        raise NotFound(f"no unit {unit_code}", field="unit_code")
    if not unit.is_active or unit.level == ControlLevel.CENTRAL:
        raise InvalidInput(f"unit {unit_code} has no pool", field="unit_code")
    return unit


def _doctors_of(target: Target) -> list[UUID]:
    """Return the doctors whom a target may give files to."""
    if isinstance(target, ToDoctor):
        return [target.doctor_id]
    if isinstance(target, ToDoctors):
        return list(target.doctor_ids)
    if isinstance(target, ToEach):
        return list(dict.fromkeys(target.doctor_of.values()))
    if isinstance(target, Back):
        origins = target.origins.values()
        return list(dict.fromkeys(e.doctor_id for e in origins if e.doctor_id is not None))
    return []


class _Reassignment:
    """One command on its way: what is decided for each task, and the loads that it changes."""

    def __init__(
        self,
        session: Session,
        command: Reassign,
        occasion: Occasion,
        jurisdiction: str,
        held: Sequence[Held],
    ) -> None:
        self.session = session
        self.command = command
        self.occasion = occasion
        self.jurisdiction = jurisdiction
        self.held = held
        self.decisions: list[Decision] = []
        self.unit: Unit | None = None
        self.desk = self._desk()
        self.before = dict(self.desk.points)

    def _desk(self) -> Desk:
        """Read the doctors concerned, their loads locked unless nothing will be written."""
        session, jurisdiction = self.session, self.jurisdiction
        on = civil_date(self.occasion.now, jurisdiction)
        days = horizon(session, on, jurisdiction)
        wanted = _doctors_of(self.command.target)
        ids = {each.doctor_id for each in self.held if each.doctor_id is not None} | {*wanted}
        doctors = load_doctors(session, on, jurisdiction, ids=ids, days=days)
        known = {doctor.id for doctor in doctors}
        for each in wanted:
            if each not in known:
                raise NotFound(f"no doctor {each}", field="doctor_id")
        if not self.command.is_dry_run:
            locked = lock_loads(session, known)
            doctors = [replace(doctor, open_points=locked[doctor.id]) for doctor in doctors]
        return Desk(doctors, days, levers.current(session, on).weights)

    def decide(self) -> None:
        """Decide for each task; nothing is written."""
        target, held = self.command.target, self.held
        if isinstance(target, ToDoctor):
            named = {each.task.id: target.doctor_id for each in held}
            self.decisions = to_one(self.desk, held, named)
        elif isinstance(target, ToEach):
            self.decisions = to_one(self.desk, held, target.doctor_of)
        elif isinstance(target, ToDoctors):
            self.decisions = spread(self.desk, held, target.doctor_ids)
        elif isinstance(target, Back):
            self.decisions = back(self.desk, held, target.origins)
        else:
            self.unit = load_pool(self.session, target.unit_code, self.jurisdiction)
            self.decisions = to_nobody(self.desk, held, self.unit.code)

    def results(self) -> list[FileResult]:
        """Return what becomes of each task."""
        return [
            FileResult(
                each.held.task.control_file_id, each.held.task.id, each.held.doctor_id,
                each.to, each.refused, each.warnings,
            )
            for each in self.decisions
        ]  # fmt: skip

    def load_changes(self) -> tuple[LoadChange, ...]:
        """Return the loads before and after, by doctor."""
        desk = self.desk
        return tuple(
            LoadChange(key, before, desk.points[key], desk.doctors[key].capacity_points)
            for key, before in sorted(self.before.items())
        )

    def write(self) -> None:
        """Save what was decided: places, assignments, loads, journal."""
        moved = [each for each in self.decisions if not each.refused]
        if not moved:
            return
        ids = [each.held.task.id for each in moved]
        close_assignments(self.session, ids, self.occasion, end_reason=self.command.reason)
        self._stamp(moved)
        made = tuple(each.made for each in moved if each.made is not None)
        if made:
            plan = Plan(made)
            write_plan(self.session, plan, self.occasion, stamp=False, journaled=False)
        self._tell(moved)

    def _stamp(self, moved: Sequence[Decision]) -> None:
        """Write on tasks who has them now, and where they lie; files bear it with the journal.

        Raises:
            RuntimeError: a task was done meanwhile: its file was not locked.
        """
        places = [self._place(each) for each in moved]
        values = {
            "tasks": [each.held.task.id for each in moved],
            "files": [each.held.task.control_file_id for each in moved],
            "doctors": [each.made and each.made.doctor_id for each in moved],
            "agencies": [agency for agency, _ in places],
            "regions": [region for _, region in places],
        }
        connection = self.session.connection()
        if connection.execute(_STAMP_TASKS, values).rowcount != len(moved):
            raise RuntimeError("tasks changed under a reassignment")
        if any(
            each.held.task.agency != agency for each, (agency, _) in zip(moved, places, strict=True)
        ):
            connection.execute(_TAKE_ALONG, values)

    def _place(self, each: Decision) -> tuple[str, str]:
        """Return the agency and region of a file after its move."""
        task, target = each.held.task, self.command.target
        if isinstance(target, Back):
            origin: Origin = target.origins[task.id]
            return origin.agency, origin.region
        # A region takes a file of one of its agencies as it is.
        if self.unit is None or self.unit.code in (task.agency, task.region):
            return task.agency, task.region
        local = self.unit.level == ControlLevel.LOCAL
        return self.unit.code, str(self.unit.parent_code if local else self.unit.code)

    def _tell(self, moved: Sequence[Decision]) -> None:
        details: dict[UUID, dict[str, str | None]] = {}
        for each in moved:
            name = "to" if self.unit is None else "pool"
            to = _text(each.to) if self.unit is None else self.unit.code
            holder = each.held.doctor_id
            reason = self.command.reason
            details[each.held.task.id] = {name: to, "from": _text(holder), "reason": reason}
        tasks = [each.held.task for each in moved]
        stamps = {
            each.held.task.control_file_id: journal.Stamp(
                each.made.doctor_id if each.made else None, *self._place(each)
            )
            for each in moved
        }
        tell(self.session, "assignment.changed", tasks, details, self.occasion, stamps=stamps)


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)
