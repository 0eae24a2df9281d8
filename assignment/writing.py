"""Assignments on paper: rows, loads, tasks, files and journal in step, for one or for thousands."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.facts import Plan, PlannedAssignment, UnassignedTask
from assignment.loads import move_loads, moves_of
from medcontrol import journal
from medcontrol.copying import codes_text, copy_rows, ids_text, insertion
from medcontrol.driver import FEW, Statement, run
from medcontrol.ids import new_id
from medcontrol.model import Assignment
from medcontrol.vocabulary import AssignmentMode

MADE = "assignment.made"
# Set only where nobody was quicker; the count says so.
_TAKE_TASKS = sa.text("""
UPDATE human_task t
SET assigned_doctor_id = v.doctor, unassigned_reason = NULL, expected_on = NULL
FROM unnest(CAST(:tasks AS uuid[]), CAST(:doctors AS uuid[])) AS v(task, doctor)
WHERE t.id = v.task AND t.status = 'open' AND t.assigned_doctor_id IS NULL
""")
_TAKE_TASK = b"""
UPDATE human_task SET assigned_doctor_id = %(doctor)s, unassigned_reason = NULL, expected_on = NULL
WHERE id = %(task)s AND status = 'open' AND assigned_doctor_id IS NULL
"""
_SAY_WHY_NOT = sa.text("""
UPDATE human_task t SET unassigned_reason = v.reason, expected_on = v.expected_on
FROM unnest(CAST(:tasks AS uuid[]), CAST(:reasons AS text[]), CAST(:days AS date[]))
     AS v(task, reason, expected_on)
WHERE t.id = v.task AND t.assigned_doctor_id IS NULL
  AND (t.unassigned_reason, t.expected_on) IS DISTINCT FROM (v.reason, v.expected_on)
""")
# One statement: a decision must not cost one more round trip to move a load.
_CLOSE = """
WITH ended AS (
    UPDATE assignment SET ended_at = %(now)s, end_reason = %(reason)s
    WHERE human_task_id {which} AND ended_at IS NULL
    RETURNING control_file_id, human_task_id, doctor_id, points
), taken AS (
    SELECT doctor_id, sum(points) AS points, count(*) AS files FROM ended GROUP BY doctor_id
), moved AS (
    UPDATE doctor_load l
    SET open_points = greatest(0, l.open_points - t.points),
        open_files = greatest(0, l.open_files - t.files)
    FROM taken t WHERE l.doctor_id = t.doctor_id
)
SELECT control_file_id, human_task_id, doctor_id, points FROM ended
"""
_CLOSE_ALL = _CLOSE.format(which="= ANY(%(tasks)s)").encode()
_CLOSE_ONE = _CLOSE.format(which="= %(task)s").encode()
_FREE_TASKS = sa.text("UPDATE human_task SET assigned_doctor_id = NULL WHERE id = ANY(:tasks)")
_FREE_FILES = sa.text("""
UPDATE control_file SET assigned_doctor_id = NULL, version = version + 1 WHERE id = ANY(:files)
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """When, how, by whom and why assignments are made; the same for all of one command.

    Attributes:
        mode: automatic, claimed, manual, bulk or repair.
        reason: what a supervisor said; none when the engine decides.
        batch_id: links the assignments and journal entries of one command over many files.
    """

    now: datetime
    actor: journal.Actor
    mode: AssignmentMode = AssignmentMode.AUTOMATIC
    reason: str | None = None
    batch_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """An assignment that was closed. ``id`` is the task's."""

    control_file_id: UUID
    id: UUID
    doctor_id: UUID
    points: int


def write_plan(
    session: Session, plan: Plan, occasion: Occasion, *, stamp: bool = True, journaled: bool = True
) -> None:
    """Save a plan whose loads are locked: assignments, loads, tasks, files, journal.

    Args:
        session: the caller's transaction; nothing is committed.
        plan: tasks that were open and without doctor when they were read under lock.
        occasion: what all of them share.
        stamp: whether tasks and files are in the database and are to bear their doctor. A bulk
            opening that copies them in after planning gives them the doctor itself.
        journaled: whether to write ``assignment.made`` for each; a reassignment tells it itself,
            and stamps its files with it.

    Raises:
        RuntimeError: a task was assigned or done meanwhile: the caller did not lock its file.
    """
    write = _write_few if len(plan.assignments) <= FEW else _write_many
    write(session, plan.assignments, occasion, stamp=stamp, journaled=journaled)
    if stamp:
        say_why_not(session, plan.unassigned)


def _write_few(
    session: Session,
    made: Sequence[PlannedAssignment],
    occasion: Occasion,
    *,
    stamp: bool,
    journaled: bool,
) -> None:
    """Write a few assignments in one round trip, after one that reads the journals' ends."""
    if not made:
        return
    session.flush()
    taking: list[Statement] = []
    if stamp:
        taking = [(_TAKE_TASK, {"task": each.task.id, "doctor": each.doctor_id}) for each in made]
    rows = [_row(each, occasion) for each in made]
    others = [insertion(Assignment, rows), *moves_of(loads_of(made))]
    if journaled:
        others += _told(session, made, occasion, stamp=stamp)
    done = run(session, [*taking, *others])
    _all_taken(sum(each.rowcount for each in done[: len(taking)]), len(taking))


def _write_many(
    session: Session,
    made: Sequence[PlannedAssignment],
    occasion: Occasion,
    *,
    stamp: bool,
    journaled: bool,
) -> None:
    """Write many assignments by COPY and statements over arrays."""
    copy_rows(session, Assignment, [_row(each, occasion) for each in made])
    move_loads(session, loads_of(made))
    if stamp:
        values = {
            "tasks": ids_text(each.task.id for each in made),
            "doctors": ids_text(each.doctor_id for each in made),
        }
        _all_taken(session.connection().execute(_TAKE_TASKS, values).rowcount, len(made))
    if journaled:
        holders = _holders(made) if stamp else None
        tell(session, MADE, [each.task for each in made], _details(made), occasion, stamps=holders)


def _told(
    session: Session, made: Sequence[PlannedAssignment], occasion: Occasion, *, stamp: bool
) -> list[Statement]:
    """Return the statements that journal a few assignments."""
    entries = _entries(MADE, [each.task for each in made], _details(made), occasion)
    return journal.appended(
        session, entries, actor=occasion.actor, now=occasion.now,
        stamps=_holders(made) if stamp else None,
    )  # fmt: skip


def _details(made: Sequence[PlannedAssignment]) -> dict[UUID, Mapping[str, str | None]]:
    return {
        each.task.id: {"doctor": str(each.doctor_id), "rule": each.why.rule.value} for each in made
    }


def _holders(made: Sequence[PlannedAssignment]) -> dict[UUID, journal.Stamp]:
    return {each.task.control_file_id: journal.Stamp(each.doctor_id) for each in made}


def _all_taken(taken: int, wanted: int) -> None:
    if taken != wanted:
        raise RuntimeError(f"{wanted - taken} tasks changed under the plan")


def loads_of(made: Sequence[PlannedAssignment]) -> dict[UUID, tuple[int, int]]:
    """Return the points and files that a plan adds to each doctor."""
    points, files = Counter[UUID](), Counter[UUID]()
    for each in made:
        points[each.doctor_id] += each.task.points
        files[each.doctor_id] += 1
    return {doctor: (points[doctor], files[doctor]) for doctor in files}


def why_not(left: UnassignedTask) -> str:
    """Return the constraints that eliminated doctors, with counts: ``level:3 place:9``."""
    return " ".join(f"{name.value}:{n}" for name, n in left.removed.items() if n) or "no_doctor"


def say_why_not(session: Session, left: Sequence[UnassignedTask]) -> None:
    """Save why tasks wait in the pool, and until when; their files are locked by the caller."""
    if left:
        values: dict[str, Any] = {
            "tasks": ids_text(each.task.id for each in left),
            "reasons": codes_text(why_not(each) for each in left),
            "days": [each.expected_on for each in left],
        }
        session.execute(_SAY_WHY_NOT, values)


def _row(each: PlannedAssignment, occasion: Occasion) -> dict[str, Any]:
    return {
        "id": new_id(),
        "control_file_id": each.task.control_file_id,
        "human_task_id": each.task.id,
        "doctor_id": each.doctor_id,
        "mode": occasion.mode,
        "points": each.task.points,
        "assigned_at": occasion.now,
        "assigned_by": occasion.actor.id,
        "reason": occasion.reason,
        "batch_id": occasion.batch_id,
        "why": each.why.as_json(),
    }


class Subject(Protocol):
    """A task of a file: of a plan, or of an assignment that ended."""

    @property
    def id(self) -> UUID:
        """The task."""

    @property
    def control_file_id(self) -> UUID:
        """Its file."""


def tell(
    session: Session,
    action: str,
    subjects: Sequence[Subject],
    details: Mapping[UUID, Mapping[str, str | None]],
    occasion: Occasion,
    *,
    stamps: Mapping[UUID, journal.Stamp] | None = None,
) -> None:
    """Journal one entry a task, linked to the command's batch. Codes and ids only.

    ``stamps``: whose hands the files are in and where they lie, written with the journal's head.
    """
    entries = _entries(action, subjects, details, occasion)
    journal.record_many(session, entries, actor=occasion.actor, now=occasion.now, stamps=stamps)


def _entries(
    action: str,
    subjects: Sequence[Subject],
    details: Mapping[UUID, Mapping[str, str | None]],
    occasion: Occasion,
) -> list[journal.Entry]:
    more: dict[str, str | None] = {"mode": occasion.mode.value}
    if occasion.batch_id is not None:
        more["batch"] = str(occasion.batch_id)
    return [
        journal.Entry(
            each.control_file_id, action, {"task": str(each.id), **details[each.id], **more}
        )
        for each in subjects
    ]


def close_assignments(
    session: Session, task_ids: Collection[UUID], occasion: Occasion, *, end_reason: str
) -> list[Ended]:
    """Close the open assignments of tasks and take them off their doctors' loads.

    The tasks keep their doctor's name: who did it stays readable. See ``free_tasks``.
    """
    values = {"now": occasion.now, "reason": end_reason}
    session.flush()
    if len(task_ids) <= FEW:
        closing = [(_CLOSE_ONE, values | {"task": each}) for each in task_ids]
    else:
        closing = [(_CLOSE_ALL, values | {"tasks": list(task_ids)})]
    return [Ended(*row) for done in run(session, closing) for row in done.fetchall()]


def free_tasks(session: Session, ended: Sequence[Ended]) -> None:
    """Put the tasks of closed assignments, and their files, into nobody's hands."""
    session.execute(_FREE_TASKS, {"tasks": [each.id for each in ended]})
    session.execute(_FREE_FILES, {"files": [each.control_file_id for each in ended]})


def in_batch(occasion: Occasion) -> Occasion:
    """Return the occasion with an id that links what one command does to many files."""
    return occasion if occasion.batch_id is not None else replace(occasion, batch_id=new_id())
