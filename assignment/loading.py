"""Facts from the database: doctors with what they hold, and tasks that wait for one."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping
from sqlmodel import Session

from assignment.facts import Conflict, DoctorFacts, TaskFacts
from medcontrol.clock import civil_date
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import ControlLevel, DoctorKind, Profession, StepKind

#: Capacity is what a doctor works within so many working days, today included.
HORIZON_DAYS = 5
#: Steps that must be done by somebody who gave no opinion on the file before.
OTHER_EYES = frozenset(
    {StepKind.SPECIALIST_OPINION, StepKind.SECOND_DOCTOR, StepKind.CENTRAL_OPINION}
)

# One statement: a single assignment must not cost six round trips.
_DOCTORS = sa.text("""
SELECT d.id, d.kind, d.profession, d.level, d.professional_id, d.is_active,
       u.code AS unit, u.level AS unit_level, u.parent_code AS parent,
       coalesce(l.open_points, 0) AS open_points,
       ARRAY(SELECT c.flow || coalesce('/' || c.nature, '') FROM competence c
             WHERE c.doctor_id = d.id AND c.valid_from <= :first
               AND (c.valid_to IS NULL OR c.valid_to >= :first)) AS competences,
       (SELECT json_agg(json_build_array(a.weekday, a.minutes, a.valid_from, a.valid_to))
        FROM availability a WHERE a.doctor_id = d.id AND a.valid_from <= :last
          AND (a.valid_to IS NULL OR a.valid_to >= :first)) AS hours,
       (SELECT json_agg(json_build_array(b.first_day, b.last_day)) FROM absence b
        WHERE b.doctor_id = d.id AND b.first_day <= :last AND b.last_day >= :first) AS absences,
       (SELECT json_agg(json_build_array(x.kind, x.subject)) FROM conflict x
        WHERE x.doctor_id = d.id AND x.valid_from <= :first
          AND (x.valid_to IS NULL OR x.valid_to >= :first)) AS conflicts
FROM doctor d
JOIN unit u ON u.code = d.unit_code
LEFT JOIN doctor_load l ON l.doctor_id = d.id
WHERE u.jurisdiction = :jurisdiction
  AND (CAST(:ids AS uuid[]) IS NULL OR d.id = ANY(:ids))
  AND (CAST(:flows AS text[]) IS NULL OR EXISTS (
        SELECT 1 FROM competence c WHERE c.doctor_id = d.id AND c.flow = ANY(:flows)))
ORDER BY d.id
""")
_ANNOUNCED = sa.text("SELECT day, is_holiday FROM announced_day WHERE jurisdiction = :jurisdiction")

_Day = tuple[date, int, str]  # with its weekday and its ISO text


def horizon(session: Session, on: date, jurisdiction: str) -> tuple[date, ...]:
    """Return the working days over which capacity counts; the first is ``on`` or the next."""
    rows = session.connection().execute(_ANNOUNCED, {"jurisdiction": jurisdiction})
    return _working_days(jurisdiction, frozenset((day, off) for day, off in rows), on)


@lru_cache(maxsize=64)
def _working_days(
    jurisdiction: str, announced: frozenset[tuple[date, bool]], on: date
) -> tuple[date, ...]:
    calendar = WorkingCalendar(jurisdiction, dict(announced))
    eve = on - timedelta(days=1)
    return tuple(calendar.add_working_days(eve, n) for n in range(1, HORIZON_DAYS + 1))


def load_doctors(
    session: Session,
    on: date,
    jurisdiction: str,
    *,
    flows: Collection[str] | None = None,
    ids: Collection[UUID] | None = None,
    days: Sequence[date] | None = None,
) -> list[DoctorFacts]:
    """Return doctors as assignment sees them on a day, by id. One or two statements, no lock.

    Args:
        session: any; nothing is written.
        on: the civil day of the run.
        jurisdiction: whose doctors.
        flows: only those who have a competence in one of these flows; all when absent.
        ids: only these; all when absent.
        days: the horizon, when the caller has it already.
    """
    days = days or horizon(session, on, jurisdiction)
    rows = session.execute(
        _DOCTORS,
        {
            "first": days[0],
            "last": days[-1],
            "jurisdiction": jurisdiction,
            "ids": None if ids is None else list(ids),
            "flows": None if flows is None else list(flows),
        },
    ).mappings()
    # Dates inside json are ISO text, which sorts as dates do.
    calendar = [(day, day.weekday(), day.isoformat()) for day in days]
    return [_doctor(row, calendar) for row in rows]


def _doctor(row: RowMapping, calendar: Sequence[_Day]) -> DoctorFacts:
    minutes = _minutes(row["hours"] or (), row["absences"] or (), calendar)
    is_local = row["unit_level"] == ControlLevel.LOCAL
    is_central = row["unit_level"] == ControlLevel.CENTRAL
    return DoctorFacts(
        id=row["id"],
        kind=DoctorKind(row["kind"]),
        profession=Profession(row["profession"]),
        level=ControlLevel(row["level"]),
        agency=row["unit"] if is_local else None,
        region=row["parent"] if is_local else None if is_central else row["unit"],
        competences=frozenset(row["competences"]),
        capacity_points=sum(minutes),
        open_points=row["open_points"],
        absent_on=frozenset(
            day for (day, _, _), worked in zip(calendar, minutes, strict=True) if not worked
        ),
        professional_id=row["professional_id"],
        conflicts=tuple(Conflict(kind, subject) for kind, subject in row["conflicts"] or ()),
        active=row["is_active"],
    )


def minutes_by_day(
    hours: Sequence[tuple[int, int, str, str | None]],
    absences: Sequence[tuple[str, str]],
    days: Sequence[date],
) -> list[int]:
    """Return how long a doctor works on each day; 0 on leave.

    Args:
        hours: weekday, minutes, first and last day (ISO text) of each line of the calendar.
        absences: first and last day of each leave.
        days: as many as are asked for.
    """
    return _minutes(hours, absences, [(day, day.weekday(), day.isoformat()) for day in days])


def _minutes(
    hours: Sequence[tuple[int, int, str, str | None]],
    absences: Sequence[tuple[str, str]],
    calendar: Sequence[_Day],
) -> list[int]:
    """Return how long a doctor works on each day; 0 on leave."""
    worked = [0] * len(calendar)
    for weekday, minutes, first, last in hours:
        for number, (_, that, iso) in enumerate(calendar):
            if weekday == that and first <= iso and (last is None or iso <= last):
                worked[number] += minutes
    for first, last in absences:
        for number, (_, _, iso) in enumerate(calendar):
            if first <= iso <= last:
                worked[number] = 0
    return worked


# Continuity: who granted the right under review, else who last gave an opinion on this file,
# else on another file of the same person in the same flow.
_TASKS = """
SELECT t.id, t.control_file_id, t.flow, t.nature, t.kind, t.professions, t.level,
       t.agency_code, t.region_code, t.points, t.is_urgent, t.due_at,
       t.registration_number, t.reference, t.assigned_doctor_id,
       f.prescriber_id, f.provider_id, f.jurisdiction,
       coalesce(
         (SELECT e.previous_doctor_id FROM entitlement e WHERE e.id = f.entitlement_id),
         (SELECT o.doctor_id FROM opinion o WHERE o.control_file_id = f.id
          ORDER BY o.given_at DESC LIMIT 1),
         (SELECT o.doctor_id FROM control_file p JOIN opinion o ON o.control_file_id = p.id
          WHERE p.registration_number = f.registration_number AND p.flow = f.flow
            AND p.person_birth_date = f.person_birth_date AND p.id <> f.id
          ORDER BY o.given_at DESC LIMIT 1)) AS previous_doctor,
       ARRAY(SELECT DISTINCT o.doctor_id FROM opinion o
             WHERE o.control_file_id = f.id) AS earlier_opinions,
       ARRAY(SELECT DISTINCT o.doctor_id FROM opinion o
             WHERE o.control_file_id = f.parent_id) AS contested_opinions
FROM human_task t JOIN control_file f ON f.id = t.control_file_id
WHERE t.status = 'open' AND t.is_medical
"""


def load_tasks(
    session: Session, ids: Collection[UUID], *, waiting_only: bool = False
) -> list[TaskFacts]:
    """Return the facts of open medical tasks, by id; others are left out. One statement.

    Args:
        session: any.
        ids: human tasks.
        waiting_only: leave out those that a doctor has. Meant for after their files were
            locked: a task may have been taken while the lock was waited for.
    """
    free = " AND t.assigned_doctor_id IS NULL" if waiting_only else ""
    statement = sa.text(f"{_TASKS}{free} AND t.id = ANY(:ids) ORDER BY t.id")
    return [task_facts(row) for row in session.execute(statement, {"ids": list(ids)}).mappings()]


def task_facts(row: RowMapping | dict[str, Any]) -> TaskFacts:
    """Return the facts of one row of ``load_tasks``."""
    step = StepKind(row["kind"])
    excluded = dict.fromkeys(row["contested_opinions"], "author_of_contested_opinion")
    if step in OTHER_EYES:
        excluded.update(dict.fromkeys(row["earlier_opinions"], "earlier_opinion"))
    due: datetime = row["due_at"]
    return TaskFacts(
        id=row["id"],
        control_file_id=row["control_file_id"],
        flow=row["flow"],
        nature=row["nature"],
        step=step,
        professions=frozenset(Profession(code) for code in row["professions"]),
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
        previous_doctor=None if row["previous_doctor"] in excluded else row["previous_doctor"],
        excluded=excluded,
    )
