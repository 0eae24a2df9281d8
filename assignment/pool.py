"""The pool (bannette): tasks in nobody's hands, and the next one for a doctor who asks."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlmodel import Session

from assignment.batch import rank
from assignment.calendar import HORIZON_DAYS
from assignment.checker import refusals
from assignment.exclusions import LINKED
from assignment.facts import DoctorFacts, Plan, PlannedAssignment, TaskFacts, UnassignedTask
from assignment.loading_tasks import load_tasks
from assignment.loads import lock_load
from assignment.reasons import Rule
from assignment.staff import staff
from assignment.writing import Occasion, write_plan
from medcontrol import journal
from medcontrol.driver import ask
from medcontrol.errors import NotFound
from medcontrol.vocabulary import AssignmentMode, ControlLevel

WAITING = """
SELECT t.id FROM human_task t JOIN control_file f ON f.id = t.control_file_id
WHERE t.status = 'open' AND t.is_medical AND t.assigned_doctor_id IS NULL
"""
BY_URGENCY = " ORDER BY t.is_urgent DESC, t.due_at, t.id"

_FIRST_FREE = b" LIMIT 1 FOR UPDATE OF f SKIP LOCKED"

#: Tasks that a claim looks at before it says that there is nothing.
CLAIM_DEPTH = 50

_CLAIM = b"""
  AND f.jurisdiction = %(jurisdiction)s AND t.held_until IS NULL AND t.kind <> 'quality_reading'
  AND t.flow = ANY(%(flows)s) AND t.level = ANY(%(levels)s) AND t.points <= %(capacity)s - coalesce(
    (SELECT l.open_points FROM doctor_load l WHERE l.doctor_id = %(doctor)s), 0)
  AND NOT (t.id = ANY(%(seen)s))
"""
# One statement for each kind of pool: an index serves each, in the order of urgency.
_CLAIMS = {
    level: WAITING.encode() + of_unit + _CLAIM + BY_URGENCY.encode() + _FIRST_FREE
    for level, of_unit in (
        (ControlLevel.LOCAL, b" AND t.agency_code = %(unit)s"),
        (ControlLevel.REGIONAL, b" AND t.region_code = %(unit)s"),
        (ControlLevel.CENTRAL, b""),
    )
}


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
    known = staff(session, jurisdiction, now)
    table, days = known.eligibility.table, known.days[:HORIZON_DAYS]
    at = table.position.get(doctor_id)
    if at is None:
        raise NotFound(f"no doctor {doctor_id}", field="doctor_id")
    # Whoever asks for more has time: what counts is the longer horizon.
    free = table.rows[at]
    doctor = replace(free, capacity_points=max(free.capacity_points, free.urgent_points))
    for task in _claimable(session, doctor, jurisdiction):
        if any(refusals(task, doctor, days)):
            continue
        load = lock_load(session, doctor_id)
        current = replace(doctor, open_points=load)
        why = rank(task, [current], known.levers.weights, days=days)
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
    pool = ControlLevel.REGIONAL if unit else ControlLevel.CENTRAL
    claim = _CLAIMS[ControlLevel.LOCAL if doctor.agency else pool]
    highest = max(each.rank for each in (doctor.level, *doctor.competence_levels.values()))
    seen: list[UUID] = []
    while len(seen) < CLAIM_DEPTH:
        values = {
            "jurisdiction": jurisdiction,
            "flows": sorted(
                {competence.partition("/")[0] for competence in doctor.competences} | {*LINKED}
            ),
            "levels": [level for level in ControlLevel if level.rank <= highest],
            "capacity": doctor.capacity_points,
            "doctor": doctor.id,
            "unit": unit,
            "seen": seen,
        }
        (found,) = ask(session, values, claim)
        if not found:
            return
        seen.append(found[0][0])
        yield from load_tasks(session, seen[-1:], waiting_only=True)
