"""The pool (bannette): tasks in nobody's hands, and the next one for a doctor who asks."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.batch import rank
from assignment.checker import refusals
from assignment.facts import (
    DoctorFacts,
    Plan,
    PlannedAssignment,
    Rule,
    TaskFacts,
    UnassignedTask,
)
from assignment.loading import horizon, load_doctors, load_tasks
from assignment.loads import lock_loads
from assignment.scoring import Weights
from assignment.writing import Occasion, write_plan
from medcontrol import journal
from medcontrol.clock import civil_date
from medcontrol.errors import NotFound
from medcontrol.vocabulary import AssignmentMode, ControlLevel

WAITING = """
SELECT t.id FROM human_task t JOIN control_file f ON f.id = t.control_file_id
WHERE t.status = 'open' AND t.is_medical AND t.assigned_doctor_id IS NULL
"""
BY_URGENCY = " ORDER BY t.is_urgent DESC, t.due_at, t.id"

#: Tasks that a claim looks at before it says that there is nothing.
CLAIM_DEPTH = 50

_CLAIM = sa.text(
    WAITING
    + """
  AND f.jurisdiction = :jurisdiction AND t.held_until IS NULL
  AND t.flow = ANY(:flows) AND t.level = ANY(:levels) AND t.points <= :room
  AND (:unit_level <> 'local' OR t.agency_code = :unit)
  AND (:unit_level <> 'regional' OR t.region_code = :unit)
  AND NOT (t.id = ANY(:seen))
"""
    + BY_URGENCY
    + " LIMIT 1 FOR UPDATE OF f SKIP LOCKED"
)


def claim_next(
    session: Session,
    doctor_id: UUID,
    *,
    now: datetime,
    jurisdiction: str,
    actor: journal.Actor,
) -> TaskFacts | None:
    """Give a doctor the most urgent task of their unit's pool that they may have.

    Many may claim at once: each gets another task, and nobody goes over capacity. A local
    doctor's pool is the agency's, a regional one's the region's, a central one's all.

    Returns:
        The task, now assigned; None when nothing is left that the doctor may take.

    Raises:
        NotFound: no such doctor in this jurisdiction.
    """
    on = civil_date(now, jurisdiction)
    days = horizon(session, on, jurisdiction)
    found = load_doctors(session, on, jurisdiction, ids=[doctor_id], days=days)
    if not found:
        raise NotFound(f"no doctor {doctor_id}", field="doctor_id")
    doctor = found[0]
    for task in _claimable(session, doctor, jurisdiction):
        if any(refusals(task, doctor, days)):
            continue
        load = lock_loads(session, [doctor_id])[doctor_id]
        current = replace(doctor, open_points=load)
        why = rank(task, [current], Weights(), days=days)
        if isinstance(why, UnassignedTask):
            return None  # filled up by another claim since
        chosen = PlannedAssignment(task, doctor_id, replace(why, rule=Rule.CHOSEN))
        occasion = Occasion(now=now, actor=actor, mode=AssignmentMode.CLAIMED)
        write_plan(session, Plan((chosen,)), occasion)
        return task
    return None


def _claimable(session: Session, doctor: DoctorFacts, jurisdiction: str) -> Iterator[TaskFacts]:
    """Yield locked tasks of the doctor's pool by urgency, skipping those that others hold."""
    unit = doctor.agency or doctor.region
    unit_level = (
        ControlLevel.LOCAL if doctor.agency else ControlLevel.REGIONAL if unit else "central"
    )
    seen: list[UUID] = []
    while len(seen) < CLAIM_DEPTH:
        values = {
            "jurisdiction": jurisdiction,
            "flows": sorted({competence.partition("/")[0] for competence in doctor.competences}),
            "levels": [level for level in ControlLevel if level.rank <= doctor.level.rank],
            "room": doctor.capacity_points - doctor.open_points,
            "unit": unit,
            "unit_level": str(unit_level),
            "seen": seen,
        }
        task_id = session.execute(_CLAIM, values).scalar()
        if task_id is None:
            return
        seen.append(task_id)
        yield from load_tasks(session, [task_id], waiting_only=True)
