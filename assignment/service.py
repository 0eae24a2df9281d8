"""Assigning in the database (affectation): bulk, single, from the pool, on a doctor's demand."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.batch import plan_over
from assignment.calendar import HORIZON_DAYS
from assignment.checker import check
from assignment.eligibility import Eligibility
from assignment.facts import DoctorFacts, Plan, TaskFacts
from assignment.loading_doctors import load_doctors
from assignment.loading_tasks import load_tasks
from assignment.loads import lock_loads
from assignment.online import keep, plan_one_by_one, with_loads
from assignment.orders import (
    FileResult,
    LoadChange,
    Reassign,
    ReassignmentResult,
    ToDoctor,
    ToPool,
)
from assignment.pool import BY_URGENCY, WAITING, claim_next
from assignment.reassignment import reassign
from assignment.scoring import Weights
from assignment.staff import Staff, doctors_by_id, staff
from assignment.writing import Ended, Occasion, close_assignments, free_tasks, tell, write_plan
from medcontrol import journal
from medcontrol.vocabulary import AssignmentMode

__all__ = [
    "FileResult", "LoadChange", "Occasion", "Reassign", "ReassignmentResult", "ToDoctor", "ToPool",
    "assign_tasks", "assign_waiting", "claim_next", "find_waiting", "load_doctors", "load_tasks",
    "plan_tasks", "reassign", "release", "write_plan",
]  # fmt: skip

#: Up to so many tasks are placed one by one, each holding one doctor's load and never waiting
#: long; above, all loads are locked together.
FEW = 4
#: Points of a doctor whose agenda keeps the time already: more than anybody ever holds.
_ROOM = 10_000_000


def assign_tasks(
    session: Session,
    tasks: Sequence[TaskFacts],
    *,
    now: datetime,
    jurisdiction: str,
    actor: journal.Actor,
    mode: AssignmentMode = AssignmentMode.AUTOMATIC,
    holder: UUID | None = None,
    weights: Weights | None = None,
) -> Plan:
    """Give each task to a doctor and save it all in the caller's transaction.

    The tasks' files are locked by the caller or were inserted by this transaction. Call it
    late: other assignments wait for the loads until the transaction ends.

    Args:
        session: the caller's transaction.
        tasks: open medical tasks without doctor.
        now: when.
        jurisdiction: whose doctors.
        actor: who, for the journal.
        mode: how it is called in the history.
        holder: the doctor who just worked on the file, when a single task follows: goes on with
            it if every constraint allows, without looking for a better one.
        weights: other than the usual ones.

    Returns:
        What was written. Tasks without a doctor stay in the pool with the reason; they are
        tried again by ``assign_waiting``.
    """
    result = plan_tasks(
        session, tasks, now=now, jurisdiction=jurisdiction, holder=holder, weights=weights
    )
    write_plan(session, result, Occasion(now=now, actor=actor, mode=mode))
    return result


def plan_tasks(
    session: Session,
    tasks: Sequence[TaskFacts],
    *,
    now: datetime,
    jurisdiction: str,
    holder: UUID | None = None,
    reserved: bool = False,
    weights: Weights | None = None,
) -> Plan:
    """Plan tasks and lock the loads that the plan counts on; ``write_plan`` saves it.

    ``holder`` and ``weights`` are as for ``assign_tasks``; ``reserved`` says that the holder's
    agenda keeps the time of the task, so that neither load nor leave of these days stands
    against it.

    Raises:
        RuntimeError: the plan did not pass the independent check; nothing may be written.
    """
    if not tasks:
        return Plan()
    known = staff(session, jurisdiction, now)
    if weights is not None and weights != known.levers.weights:
        compiled = Eligibility(known.eligibility.table, weights)
        known = replace(known, eligibility=compiled)
    tasks = known.patient(tasks)
    if holder is not None and len(tasks) == 1:
        kept = _keep(session, known, tasks[0], holder, jurisdiction, reserved)
        if kept is not None:
            return kept
    eligibility = known.with_loads(session)
    if len(tasks) <= FEW:
        result, loads = plan_one_by_one(session, tasks, eligibility)
    else:
        loads = lock_loads(session, [doctor.id for doctor in known.doctors])
        result = plan_over(known.eligibility.with_loads(loads), tasks)
    doctors = {each.doctor_id: loads[each.doctor_id] for each in result.assignments}
    approve(result, tasks, with_loads(doctors_by_id(eligibility, list(doctors)), doctors), known)
    return result


def _keep(
    session: Session,
    known: Staff,
    task: TaskFacts,
    holder: UUID,
    jurisdiction: str,
    reserved: bool,
) -> Plan | None:
    """Plan a task for who just worked on its file; they are held to the longer horizon."""
    days = known.days[:HORIZON_DAYS]
    own = load_doctors(session, known.on, jurisdiction, ids=[holder], days=days)
    if own and reserved:
        own = [replace(own[0], absent_on=frozenset(), capacity_points=_ROOM, urgent_points=_ROOM)]
    kept = keep(session, task, own[0], days, known.levers.weights) if own else None
    if kept is None or check(kept[0], [task], [kept[1]], days):
        return None
    return kept[0]


def approve(
    result: Plan, tasks: Sequence[TaskFacts], doctors: Sequence[DoctorFacts], known: Staff
) -> int:
    """Let the independent checker see a plan; return how many violations it found: none.

    Raises:
        RuntimeError: it found something; nothing may be written.
    """
    violations = check(result, tasks, doctors, known.days)
    if violations:
        raise RuntimeError(f"assignment plan refused by its checker: {violations[:3]}")
    return len(violations)


def find_waiting(
    session: Session, jurisdiction: str, *, region: str | None = None, agency: str | None = None
) -> list[UUID]:
    """Return the medical tasks in nobody's hands, the most urgent first. No lock.

    Give them to ``assign_waiting`` in chunks, each in a transaction of its own.
    """
    statement = WAITING + " AND f.jurisdiction = :jurisdiction"
    if region is not None:
        statement += " AND t.region_code = :region"
    if agency is not None:
        statement += " AND t.agency_code = :agency"
    values = {"jurisdiction": jurisdiction, "region": region, "agency": agency}
    return list(session.execute(sa.text(statement + BY_URGENCY), values).scalars())


def assign_waiting(
    session: Session,
    task_ids: Collection[UUID],
    *,
    now: datetime,
    jurisdiction: str,
    actor: journal.Actor,
    weights: Weights | None = None,
) -> Plan:
    """Give doctors to tasks of the pool, leaving out those that somebody else works on now.

    Locks the files; their lock covers their tasks. Used by beat, and when absences end or
    capacity frees up.
    """
    lock = sa.text(WAITING + " AND t.id = ANY(:ids) ORDER BY f.id FOR UPDATE OF f SKIP LOCKED")
    locked = session.execute(lock, {"ids": list(task_ids)}).scalars().all()
    return assign_tasks(
        session,
        load_tasks(session, locked, waiting_only=True),
        now=now,
        jurisdiction=jurisdiction,
        actor=actor,
        weights=weights,
    )


def release(
    session: Session,
    task_ids: Collection[UUID],
    *,
    now: datetime,
    actor: journal.Actor,
    reason: str,
    to_pool: bool = False,
) -> list[Ended]:
    """Close the assignments of tasks and take them off their doctors' loads.

    Call it before anything is assigned in the same transaction. A task without an open
    assignment is left alone, so that it may be called twice.

    Args:
        session: the caller's transaction; the files are locked by the caller.
        task_ids: tasks that are done, cancelled or given back.
        now: when.
        actor: who, for the journal.
        reason: code kept with the assignment: ``done``, ``cancelled``, ``returned``…
        to_pool: also put tasks and files into nobody's hands, and journal it. Leave it out
            when a task is done: then what the doctor did stands in the journal already.
    """
    occasion = Occasion(now=now, actor=actor)
    ended = close_assignments(session, task_ids, occasion, end_reason=reason)
    if to_pool and ended:
        free_tasks(session, ended)
        details = {each.id: {"doctor": str(each.doctor_id), "reason": reason} for each in ended}
        tell(session, "assignment.ended", ended, details, occasion)
    return ended
