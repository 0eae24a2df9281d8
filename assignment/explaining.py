"""Why a file has its doctor, or none (explication): costs of the chosen and the next, obstacles."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.checker import refusals
from assignment.facts import Constraint, DoctorFacts, TaskFacts
from assignment.ledger import OTHERS_SHOWN, Ledger, cheapest
from assignment.loading_tasks import load_tasks
from assignment.reasons import Candidate, why_of
from assignment.staff import Staff, staff
from medcontrol.errors import NotFound

_TASKS_OF = sa.text("""
SELECT t.id, t.step, t.assigned_doctor_id, t.unassigned_reason, t.expected_on,
       a.mode, a.assigned_at, a.why
FROM human_task t
JOIN control_file f ON f.id = t.control_file_id
LEFT JOIN assignment a ON a.human_task_id = t.id AND a.ended_at IS NULL
WHERE f.id = :file AND t.status = 'open' AND t.is_medical
ORDER BY t.opened_at, t.id
""")
_FILE = sa.text("""
SELECT id FROM control_file WHERE reference = :reference AND jurisdiction = :jurisdiction
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateShown:
    """A doctor with each term of the cost; the smallest total is the best."""

    doctor_id: UUID
    code: str
    name: str
    place: float
    level: float
    continuity: float
    fee: float
    load: float
    total: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskExplained:
    """One open step of a file.

    Attributes:
        doctor: code of who has it. rule, mode, assigned_at: how and when it was given to them.
        first_given_at: a move was taken back at ``assigned_at``; the rule and the terms are of
            this day, when the doctor had been given it.
        chosen: terms of the doctor who has it, as they were then; None where no costs were
            compared: a person chose, or who worked on it goes on.
        others: the next ones, as they were then.
        waits: why nobody has it, as constraints with counts.
        expected_on: the day on which it should be done.
        removed: doctors that each constraint eliminates now, in order.
        candidates: the best now.
        refused: constraints that the doctor who has it no longer meets.
    """

    task_id: UUID
    step: str
    doctor: str | None
    rule: str | None
    mode: str | None
    assigned_at: datetime | None
    first_given_at: datetime | None
    chosen: CandidateShown | None
    others: tuple[CandidateShown, ...]
    waits: str | None
    expected_on: date | None
    removed: dict[str, int]
    candidates: tuple[CandidateShown, ...]
    refused: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def find_file(session: Session, reference: str, jurisdiction: str) -> UUID:
    """Return the file of a reference.

    Raises:
        NotFound: there is none.
    """
    values = {"reference": reference.strip(), "jurisdiction": jurisdiction}
    found = session.execute(_FILE, values).scalar()
    if found is None:
        raise NotFound(f"no control file {reference}", field="reference")
    return UUID(str(found))


def explain(
    session: Session, control_file_id: UUID, *, jurisdiction: str, now: datetime
) -> list[TaskExplained]:
    """Explain each open medical step of a file; nothing is locked or written."""
    rows = session.execute(_TASKS_OF, {"file": control_file_id}).mappings().all()
    known = staff(session, jurisdiction, now)
    tasks = known.patient(load_tasks(session, [row["id"] for row in rows]))
    facts = {task.id: task for task in tasks}
    ids = [doctor.id for doctor in known.doctors]
    doctors = sa.text("SELECT id, code, name FROM doctor WHERE id = ANY(:ids)")
    names = {row.id: row for row in session.execute(doctors, {"ids": ids})}
    ledger = Ledger(known.with_loads(session))
    return [
        _explained(row, facts[row["id"]], known, ledger, names)
        for row in rows
        if row["id"] in facts
    ]


def _explained(
    row: Mapping[Any, Any], task: TaskFacts, known: Staff, ledger: Ledger, names: Mapping[UUID, Any]
) -> TaskExplained:
    removed, candidates = _now(task, ledger)
    why = why_of(row["why"])
    compared = why if why is not None and why.rule.by_cost else None
    holder = row["assigned_doctor_id"]
    at = None if holder is None else ledger.table.position.get(holder)
    return TaskExplained(
        task_id=task.id,
        step=row["step"],
        doctor=names[holder].code if holder in names else None,
        rule=(row["why"] or {}).get("rule"),
        mode=row["mode"],
        assigned_at=row["assigned_at"],
        first_given_at=why.first_given_at if why else None,
        chosen=_shown(compared.chosen, names) if compared else None,
        others=tuple(_shown(each, names) for each in compared.others) if compared else (),
        waits=row["unassigned_reason"] if holder is None else None,
        expected_on=row["expected_on"],
        removed={name.value: count for name, count in removed.items()},
        candidates=tuple(_shown(each, names) for each in candidates),
        refused=() if at is None else _refused(task, ledger.table.rows[at], known.days),
    )


def _now(task: TaskFacts, ledger: Ledger) -> tuple[dict[Constraint, int], list[Candidate]]:
    """Return who falls out now, and the best who stay."""
    group, barred = ledger.eligibility.group(task), ledger.eligibility.barred(task)
    removed = ledger.removed(task, group, barred)
    best: list[Candidate] = []
    costs = ledger.costs(task, group, barred)
    for _ in range(OTHERS_SHOWN + 1):
        at = cheapest(costs)
        if at is None:
            break
        best.append(ledger.candidate(task, group, at))
        costs[at] = float("inf")
    return removed, best


def _refused(task: TaskFacts, doctor: DoctorFacts, days: Sequence[date]) -> tuple[str, ...]:
    return tuple(f"{each.constraint}:{each.detail}" for each in refusals(task, doctor, days))


def _shown(candidate: Candidate, names: Mapping[UUID, Any]) -> CandidateShown:
    known = names.get(candidate.doctor_id)
    terms = {name: round(getattr(candidate, name), 3) for name in Candidate._fields[1:]}
    return CandidateShown(
        doctor_id=candidate.doctor_id,
        code=known.code if known else "",
        name=known.name if known else "",
        **terms,
        total=round(candidate.total, 3),
    )
