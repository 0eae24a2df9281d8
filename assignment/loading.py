"""Facts from the database: doctors with what they hold, and tasks that wait for one."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping
from sqlmodel import Session

from assignment.exclusions import EXPERTISE, LINKED, excluded_from_each
from assignment.facts import Affinity, Conflict, DoctorFacts, TaskFacts, affinity_of
from assignment.readers import reserved_for
from medcontrol.clock import civil_date
from medcontrol.driver import FEW, run
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import ControlLevel, DoctorKind, Profession, StepKind

#: What people give or take counts against so many working days of a doctor, today included;
#: the engine gives less ahead (lever ``wip_days``), except what is urgent.
HORIZON_DAYS = 5
#: Working days over which the engine plans ahead, and says when what waits should be done.
PLANNED_DAYS = 10
#: Steps that must be done by somebody who gave no opinion on the file before.
OTHER_EYES = frozenset(
    {StepKind.SPECIALIST_OPINION, StepKind.SECOND_DOCTOR, StepKind.CENTRAL_OPINION}
)

# One statement: a single assignment must not cost six round trips.
_DOCTORS = sa.text("""
SELECT d.id, d.kind, d.profession, d.level, d.professional_id, d.is_active,
       u.code AS unit, u.level AS unit_level, u.parent_code AS parent,
       coalesce(l.open_points, 0) AS open_points,
       (SELECT json_agg(json_build_array(
                 c.flow || CASE WHEN c.specialty IS NOT NULL
                                THEN '/' || coalesce(c.nature, '') || '/' || c.specialty
                                ELSE coalesce('/' || c.nature, '') END, c.level))
        FROM competence c WHERE c.doctor_id = d.id AND c.valid_from <= :first
          AND (c.valid_to IS NULL OR c.valid_to >= :first)) AS competences,
       ARRAY(SELECT s.unit_code FROM doctor_unit s
             WHERE s.doctor_id = d.id AND s.valid_from <= :first
               AND (s.valid_to IS NULL OR s.valid_to >= :first)) AS units,
       (SELECT json_agg(json_build_array(a.weekday, a.minutes, a.valid_from, a.valid_to))
        FROM availability a WHERE a.doctor_id = d.id AND a.valid_from <= :last
          AND (a.valid_to IS NULL OR a.valid_to >= :first)) AS hours,
       (SELECT json_agg(json_build_array(b.first_day, b.last_day)) FROM absence b
        WHERE b.doctor_id = d.id AND b.first_day <= :last AND b.last_day >= :first) AS absences,
       EXISTS (SELECT 1 FROM absence b WHERE b.doctor_id = d.id AND b.kind = 'planned'
               AND b.first_day > :first AND b.first_day <= :drained) AS drains,
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

_Row = RowMapping | dict[str, Any]
_Day = tuple[date, int, str]  # with its weekday and its ISO text


def horizon(
    session: Session, on: date, jurisdiction: str, length: int = HORIZON_DAYS
) -> tuple[date, ...]:
    """Return the working days over which capacity counts; the first is ``on`` or the next."""
    rows = session.connection().execute(_ANNOUNCED, {"jurisdiction": jurisdiction})
    return _working_days(jurisdiction, frozenset((day, off) for day, off in rows), on, length)


@lru_cache(maxsize=64)
def _working_days(
    jurisdiction: str, announced: frozenset[tuple[date, bool]], on: date, length: int
) -> tuple[date, ...]:
    calendar = WorkingCalendar(jurisdiction, dict(announced))
    eve = on - timedelta(days=1)
    return tuple(calendar.add_working_days(eve, n) for n in range(1, length + 1))


def load_doctors(
    session: Session,
    on: date,
    jurisdiction: str,
    *,
    flows: Collection[str] | None = None,
    ids: Collection[UUID] | None = None,
    days: Sequence[date] | None = None,
    wip_days: float | None = None,
    drain_days: int = 0,
) -> list[DoctorFacts]:
    """Return doctors as assignment sees them on a day, by id. One or two statements, no lock.

    Args:
        session: any; nothing is written.
        on: the civil day of the run.
        jurisdiction: whose doctors.
        flows: only those who have a competence in one of these flows; all when absent.
        ids: only these; all when absent.
        days: the horizon, when the caller has it already.
        wip_days: what the engine may give ahead, in working days; all of the horizon when
            absent. What is urgent may go up to ``HORIZON_DAYS``.
        drain_days: working days before a planned leave from which a doctor gets nothing new.
    """
    days = days or horizon(session, on, jurisdiction)
    rows = session.execute(
        _DOCTORS,
        {
            "first": days[0],
            "last": days[-1],
            "drained": days[min(drain_days, len(days) - 1)],
            "jurisdiction": jurisdiction,
            "ids": None if ids is None else list(ids),
            "flows": None if flows is None else list(flows),
        },
    ).mappings()
    # Dates inside json are ISO text, which sorts as dates do.
    calendar = [(day, day.weekday(), day.isoformat()) for day in days]
    return [_doctor(row, calendar, wip_days) for row in rows]


def _doctor(row: RowMapping, calendar: Sequence[_Day], wip_days: float | None) -> DoctorFacts:
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
        units=frozenset(row["units"]),
        competences=frozenset(name for name, _ in row["competences"] or ()),
        competence_levels=_levels(row["competences"] or ()),
        capacity_points=0 if row["drains"] else _ahead(minutes, wip_days),
        urgent_points=0 if row["drains"] else _ahead(minutes, wip_days and float(HORIZON_DAYS)),
        minutes=tuple(minutes),
        open_points=row["open_points"],
        absent_on=frozenset(
            day for (day, _, _), worked in zip(calendar, minutes, strict=True) if not worked
        ),
        professional_id=row["professional_id"],
        conflicts=tuple(Conflict(kind, subject) for kind, subject in row["conflicts"] or ()),
        active=row["is_active"],
    )


def _ahead(minutes: Sequence[int], days: float | None) -> int:
    return sum(minutes) if days is None else ahead(minutes, days)


def _levels(competences: Sequence[tuple[str, str | None]]) -> dict[str, ControlLevel]:
    """Return up to which level, for competences that say so; the highest of two lines."""
    found: dict[str, ControlLevel] = {}
    for name, code in competences:
        if code is not None:
            level = ControlLevel(code)
            found[name] = max(found.get(name, level), level, key=lambda each: each.rank)
    return found


def ahead(minutes: Sequence[int], days: float) -> int:
    """Return the minutes of the first so many days; of a part of a day, the part.

    >>> ahead([420, 420, 0, 420], 1.5), ahead([420], 2.0)
    (630, 420)
    """
    whole, part = divmod(days, 1)
    last = minutes[int(whole)] if part and int(whole) < len(minutes) else 0
    return sum(minutes[: int(whole)]) + int(last * part)


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
