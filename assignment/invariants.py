"""What must hold of assignment in the database (invariants d'affectation); nothing is changed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.checker import refusals
from assignment.facts import Constraint
from assignment.loading_tasks import load_tasks
from assignment.staff import staff

#: A day that was named and went by: so many days later a newer one must be there.
STALE_DAYS = 4
_CHUNK = 5000
_EXAMPLES = 20
# What a doctor who has a file already may have lost since; reassigning is the supervisor's.
_MAY_CHANGE = frozenset({Constraint.ABSENCE, Constraint.ACTIVE, Constraint.CAPACITY})

#: Never silently without doctor. Each statement returns the ids of what is wrong.
CHECKS: Mapping[str, str] = {
    "task.nobody_and_no_reason": """
        SELECT id::text FROM human_task
        WHERE status = 'open' AND is_medical AND assigned_doctor_id IS NULL
          AND unassigned_reason IS NULL""",
    # Somebody may have it and only lacks time: then a day is named. If nobody may, the reason
    # itself is the alert that supervisors see.
    "task.waits_without_day": """
        SELECT id::text FROM human_task
        WHERE status = 'open' AND is_medical AND assigned_doctor_id IS NULL
          AND unassigned_reason ~ '(^| )capacity:' AND expected_on IS NULL""",
    "task.waits_beyond_its_day": """
        SELECT id::text FROM human_task
        WHERE status = 'open' AND is_medical AND assigned_doctor_id IS NULL
          AND expected_on < CAST(:now AS date) - :stale""",
    "task.other_doctor_than_assignment": """
        SELECT t.id::text FROM human_task t
        LEFT JOIN assignment a ON a.human_task_id = t.id AND a.ended_at IS NULL
        WHERE t.status = 'open' AND t.is_medical
          AND t.assigned_doctor_id IS DISTINCT FROM a.doctor_id""",
    "assignment.open_on_finished_task": """
        SELECT a.id::text FROM assignment a JOIN human_task t ON t.id = a.human_task_id
        WHERE a.ended_at IS NULL AND t.status <> 'open'""",
    "load.differs_from_assignments": """
        SELECT coalesce(l.doctor_id, s.doctor_id)::text FROM doctor_load l
        FULL JOIN (SELECT doctor_id, sum(points) AS points, count(*) AS files FROM assignment
                   WHERE ended_at IS NULL GROUP BY doctor_id) s ON s.doctor_id = l.doctor_id
        WHERE coalesce(l.open_points, 0) <> coalesce(s.points, 0)
           OR coalesce(l.open_files, 0) <> coalesce(s.files, 0)""",
}


@dataclass(slots=True)
class Standing:
    """What stands in the database, checked.

    Attributes:
        assigned: open medical tasks that a doctor has.
        waiting: those that nobody has.
        violations: by code, ids of the first ones.
        counts: by code, how many.
    """

    assigned: int = 0
    waiting: int = 0
    violations: dict[str, list[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def note(self, code: str, subject: str) -> None:
        """Count something that is wrong."""
        self.counts[code] += 1
        examples = self.violations.setdefault(code, [])
        if len(examples) < _EXAMPLES:
            examples.append(subject)


def check_standing(session: Session, *, jurisdiction: str, now: datetime) -> Standing:
    """Hold every open assignment against the hard constraints, and every waiting task.

    A leave or a full week that came later is not a violation: what a doctor has stays with them
    until a supervisor moves it.
    """
    found = Standing()
    session.execute(sa.text("SET LOCAL statement_timeout = '300s'"))
    values = {"now": now, "stale": STALE_DAYS}
    for code, statement in CHECKS.items():
        for subject in session.execute(sa.text(statement), values).scalars():
            found.note(code, subject)
    holders = {row[0]: row[1] for row in session.execute(_OPEN, {"jurisdiction": jurisdiction})}
    held = {task_id: doctor for task_id, doctor in holders.items() if doctor is not None}
    found.assigned, found.waiting = len(held), len(holders) - len(held)
    for code, subject in _ineligible(session, held, jurisdiction, now):
        found.note(code, subject)
    return found


_OPEN = sa.text("""
SELECT t.id, t.assigned_doctor_id FROM human_task t JOIN control_file f ON f.id = t.control_file_id
WHERE t.status = 'open' AND t.is_medical AND f.jurisdiction = :jurisdiction ORDER BY t.id
""")


def _ineligible(
    session: Session, held: Mapping[UUID, UUID], jurisdiction: str, now: datetime
) -> Iterator[tuple[str, str]]:
    """Yield open assignments to doctors who may not have them."""
    known = staff(session, jurisdiction, now)
    doctors = {doctor.id: doctor for doctor in known.doctors}
    ids: Sequence[UUID] = list(held)
    for start in range(0, len(ids), _CHUNK):
        for task in load_tasks(session, ids[start : start + _CHUNK]):
            doctor = doctors.get(held[task.id])
            if doctor is None:
                yield "assignment.unknown_doctor", str(task.id)
                continue
            for constraint, _ in refusals(task, doctor, known.days):
                if constraint not in _MAY_CHANGE:
                    yield f"assignment.{constraint.value}", str(task.id)
