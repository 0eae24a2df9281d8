"""Tasks from the database, with all that says who may have them (tâches à affecter)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping
from sqlmodel import Session

from assignment.exclusions import EXPERTISE, LINKED, excluded_from_each
from assignment.facts import Affinity, TaskFacts, affinity_of
from assignment.readers import reserved_for
from medcontrol.clock import civil_date
from medcontrol.driver import FEW, run
from medcontrol.vocabulary import ControlLevel, Profession, StepKind

#: Steps that must be done by somebody who gave no opinion on the file before.
OTHER_EYES = frozenset(
    {StepKind.SPECIALIST_OPINION, StepKind.SECOND_DOCTOR, StepKind.CENTRAL_OPINION}
)

_Row = RowMapping | dict[str, Any]

# Continuity: who granted the right under review, else who last gave an opinion on this file,
# else on another file of the same person in the same flow. A file that looks at another one again
# has none: it wants other eyes (``exclusions``). The doctors of a linked file are those of the
# flow that it is about; of a commission, its members.
_IN_LINKED = " IN (" + ", ".join(f"'{flow}'" for flow in LINKED) + ")"
_TASKS = f"""
SELECT t.id, t.control_file_id, coalesce(w.flow, v.flow, t.flow) AS flow,
       coalesce(w.nature, v.nature, t.nature) AS nature, v.id IS NOT NULL AS is_linked,
       t.specialty, t.kind, t.step, t.opened_at, f.parent_id, t.professions, t.level,
       t.agency_code, t.region_code, t.points, t.is_urgent, t.due_at,
       t.registration_number, t.reference, t.assigned_doctor_id,
       f.prescriber_id, f.provider_id, f.jurisdiction, f.version, f.entitlement_id,
       f.parent_id IS NOT NULL AND f.flow <> '{EXPERTISE}' AS is_contest,
       (SELECT e.previous_doctor_id FROM entitlement e WHERE e.id = f.entitlement_id)
         AS granting_doctor,
       (SELECT o.doctor_id FROM opinion o
        WHERE o.control_file_id = f.id OR (f.flow = '{EXPERTISE}' AND o.control_file_id = v.id)
        ORDER BY o.given_at DESC LIMIT 1) AS last_opinion,
       (SELECT o.doctor_id FROM control_file p JOIN opinion o ON o.control_file_id = p.id
        WHERE p.registration_number = f.registration_number AND p.flow = f.flow
          AND p.person_birth_date = f.person_birth_date AND p.id <> f.id
        ORDER BY o.given_at DESC LIMIT 1) AS other_opinion,
       -- Who did this very step before, and asked for more, may go on with it.
       ARRAY(SELECT DISTINCT o.doctor_id FROM opinion o
             WHERE o.control_file_id = f.id AND NOT EXISTS (
               SELECT 1 FROM human_task x WHERE x.id = o.human_task_id AND x.id <> t.id
               AND x.step = t.step AND x.kind = t.kind)) AS earlier_opinions,
       CASE WHEN t.kind = 'commission' THEN
         ARRAY(SELECT m.doctor_id FROM commission_member m WHERE m.control_file_id = f.id
               ORDER BY m.is_chair DESC) END AS named
FROM human_task t JOIN control_file f ON f.id = t.control_file_id
LEFT JOIN control_file v ON v.id = f.parent_id AND f.flow{_IN_LINKED}
LEFT JOIN control_file w ON w.id = v.parent_id AND v.flow{_IN_LINKED}
WHERE t.status = 'open' AND t.is_medical
"""  # noqa: S608 - words of ours
_FREE = " AND t.assigned_doctor_id IS NULL"
_THESE = " AND t.id = ANY(:ids) ORDER BY t.id"
_OPEN_TASKS = sa.text(f"{_TASKS}{_THESE}")
_FREE_TASKS = sa.text(f"{_TASKS}{_FREE}{_THESE}")
# Planned once for each connection; the plan takes ten times as long as the answer.
_ONE_TASK = f"{_TASKS} AND t.id = %(id)s".encode()
_ONE_FREE = f"{_TASKS}{_FREE} AND t.id = %(id)s".encode()


def load_tasks(
    session: Session, ids: Collection[UUID], *, waiting_only: bool = False
) -> list[TaskFacts]:
    """Return the facts of open medical tasks, by id; others are left out. One round trip.

    Args:
        session: any.
        ids: human tasks.
        waiting_only: leave out those that a doctor has. Meant for after their files were
            locked: a task may have been taken while the lock was waited for.
    """
    if len(ids) <= FEW:
        one = _ONE_FREE if waiting_only else _ONE_TASK
        found = run(session, [(one, {"id": each}) for each in sorted(ids)])
        names = [column.name for column in found[0].description or ()] if found else []
        return _facts(
            session, [dict(zip(names, row, strict=True)) for each in found for row in each]
        )
    many = _FREE_TASKS if waiting_only else _OPEN_TASKS
    return _facts(session, session.execute(many, {"ids": list(ids)}).mappings().all())


def load_as_if(session: Session, task_id: UUID, **other: Any) -> TaskFacts | None:
    """Return the facts of an open task as if it were another step; None when it is not open.

    For what is arranged before its step opens, such as an appointment.

    Args:
        session: any.
        task_id: an open task, medical or not.
        **other: ``kind``, ``level``, ``specialty`` and ``professions`` of the step to come.
    """
    text = _TASKS.replace(" AND t.is_medical", "").replace("t.kind = 'commission'", ":kind")
    values = {"id": task_id, "kind": other["kind"] == StepKind.COMMISSION}
    row = session.execute(sa.text(f"{text} AND t.id = :id"), values).mappings().one_or_none()
    return None if row is None else _facts(session, [{**row, **other}])[0]


def load_snapshot(
    session: Session, ids: Collection[UUID]
) -> tuple[list[TaskFacts], dict[UUID, int]]:
    """Return the facts of waiting tasks, and the version of each one's file."""
    rows = session.execute(_FREE_TASKS, {"ids": list(ids)}).mappings().all()
    return _facts(session, rows), {row["id"]: row["version"] for row in rows}


def _facts(session: Session, rows: Sequence[_Row]) -> list[TaskFacts]:
    """Return the facts of rows, after asking whom files about another one are kept from."""
    # Apart from the rest: PostgreSQL takes longer to plan this than to do all else.
    about = {row["control_file_id"] for row in rows if row["parent_id"] is not None}
    excluded = excluded_from_each(session, about)
    return [
        task_facts(with_readers(session, row), excluded.get(row["control_file_id"], {}))
        for row in rows
    ]


def with_readers(session: Session, row: _Row) -> _Row:
    """Return the row of a second reading with those who may have it; others as they are."""
    if row["kind"] != StepKind.QUALITY_READING:
        return row
    day = civil_date(row["opened_at"], row["jurisdiction"])
    found = dict(row)
    return found | {"named": list(reserved_for(session, found, day=day))}


def task_facts(row: _Row, kept_from: Mapping[UUID, str]) -> TaskFacts:
    """Return the facts of one row of ``load_tasks``, whose file is kept from some doctors."""
    step = StepKind(row["kind"])
    excluded = dict(kept_from)
    if step in OTHER_EYES:
        excluded.update(dict.fromkeys(row["earlier_opinions"], "earlier_opinion"))
    named = row["named"]
    previous, affinity = (None, None) if row["is_contest"] else _previous(row)
    if named and (step is StepKind.COMMISSION or len(named) == 1):
        previous, affinity = named[0], Affinity.COMPLEMENT
    due: datetime = row["due_at"]
    return TaskFacts(
        id=row["id"],
        control_file_id=row["control_file_id"],
        flow=row["flow"],
        nature=row["nature"],
        specialty=row["specialty"],
        step=step,
        professions=frozenset(
            () if row["is_linked"] else (Profession(code) for code in row["professions"])
        ),
        level=ControlLevel(row["level"]),
        agency=row["agency_code"],
        region=row["region_code"],
        in_person=row["kind"] == StepKind.EXAMINATION,
        points=row["points"],
        priority=0 if row["is_urgent"] else 1,
        due_on=civil_date(due, row["jurisdiction"]),
        registration_number=row["registration_number"],
        prescriber_id=row["prescriber_id"],
        provider_id=row["provider_id"],
        previous_doctor=None if previous in excluded else previous,
        affinity=None if previous in excluded else affinity,
        excluded=excluded,
        reserved=None if named is None else frozenset(named),
    )


def _previous(row: _Row) -> tuple[UUID | None, Affinity | None]:
    """Return who followed the person, and what sort of return this is."""
    if row["granting_doctor"] is not None:
        return row["granting_doctor"], Affinity.RENEWAL
    if row["last_opinion"] is not None:
        return row["last_opinion"], Affinity.COMPLEMENT
    if row["other_opinion"] is not None:
        return row["other_opinion"], affinity_of(row["nature"])
    return None, None
