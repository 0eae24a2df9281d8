"""Doctors from the database, with what they can do and what they hold (médecins)."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import RowMapping
from sqlmodel import Session

from assignment.calendar import HORIZON_DAYS, ahead, horizon, minutes_by_day
from assignment.facts import Conflict, DoctorFacts
from medcontrol.vocabulary import ControlLevel, DoctorKind, Profession

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
    return [_doctor(row, days, wip_days) for row in rows]


def _doctor(row: RowMapping, days: Sequence[date], wip_days: float | None) -> DoctorFacts:
    minutes = minutes_by_day(row["hours"] or (), row["absences"] or (), days)
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
        absent_on=frozenset(day for day, worked in zip(days, minutes, strict=True) if not worked),
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
