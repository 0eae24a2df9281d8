"""Free time of control doctors (capacité) by competence, level, region and day, in points.

What selectivity's valve measures its day against. A point is a minute.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.calendar import minutes_by_day
from medcontrol.vocabulary import ControlLevel


class CapacityCell(NamedTuple):
    """Whose time it is.

    Attributes:
        competence: code of a flow that the doctor may control, whole or in part.
        level: up to which the doctor may control it. Their time counts at this level only.
        region: where they work; None for a doctor of the centre.
        day: a day of the calendar.
    """

    competence: str
    level: ControlLevel
    region: str | None
    day: date


_DOCTORS = sa.text("""
SELECT d.id, d.level, coalesce(l.open_points, 0) AS open_points,
       CASE u.level WHEN 'local' THEN u.parent_code WHEN 'regional' THEN u.code END AS region,
       (SELECT json_agg(json_build_array(c.flow, coalesce(c.level, d.level)))
        FROM competence c WHERE c.doctor_id = d.id AND c.valid_from <= :last
          AND (c.valid_to IS NULL OR c.valid_to >= :first)) AS competences,
       (SELECT json_agg(json_build_array(a.weekday, a.minutes, a.valid_from, a.valid_to))
        FROM availability a WHERE a.doctor_id = d.id AND a.valid_from <= :last
          AND (a.valid_to IS NULL OR a.valid_to >= :first)) AS hours,
       (SELECT json_agg(json_build_array(b.first_day, b.last_day)) FROM absence b
        WHERE b.doctor_id = d.id AND b.first_day <= :last AND b.last_day >= :first) AS absences
FROM doctor d
JOIN unit u ON u.code = d.unit_code
LEFT JOIN doctor_load l ON l.doctor_id = d.id
WHERE u.jurisdiction = :jurisdiction AND d.is_active AND NOT d.id = ANY(:without)
ORDER BY d.id
""")


class _Doctor(NamedTuple):
    level: ControlLevel
    region: str | None
    competences: frozenset[tuple[str, ControlLevel]]
    free: tuple[int, ...]


class FreeTime(NamedTuple):
    """The minutes that doctors still have.

    Attributes:
        cells: by cell. A doctor who may control several flows counts in each, so cells of one
            day must not be added up.
        totals: by doctors' level, region and day, each doctor counted once.
    """

    cells: dict[CapacityCell, int]
    totals: dict[tuple[ControlLevel, str | None, date], int]


def free_time(
    session: Session,
    jurisdiction: str,
    days: Sequence[date],
    *,
    without: Collection[UUID] = (),
) -> FreeTime:
    """Return the minutes that doctors still have. One statement.

    The calendar (hours, part-time, contracted days) less leave and training, less what a doctor
    holds already, which is worked off from the first of ``days`` on.

    Args:
        session: any; nothing is written.
        jurisdiction: whose doctors.
        days: working days, ascending, today or the next working day first.
        without: doctors to leave out, for a what-if.
    """
    cells: Counter[CapacityCell] = Counter()
    totals: Counter[tuple[ControlLevel, str | None, date]] = Counter()
    for doctor in _doctors(session, jurisdiction, days, without):
        for day, minutes in zip(days, doctor.free, strict=True):
            totals[doctor.level, doctor.region, day] += minutes
            for flow, level in doctor.competences:
                cells[CapacityCell(flow, level, doctor.region, day)] += minutes
    return FreeTime(dict(cells), dict(totals))


def _doctors(
    session: Session, jurisdiction: str, days: Sequence[date], without: Collection[UUID]
) -> Iterator[_Doctor]:
    if not days:
        return
    values = {
        "first": days[0],
        "last": days[-1],
        "jurisdiction": jurisdiction,
        "without": list(without),
    }
    for row in session.execute(_DOCTORS, values).mappings():
        minutes = minutes_by_day(row["hours"] or (), row["absences"] or (), days)
        yield _Doctor(
            ControlLevel(row["level"]),
            row["region"],
            frozenset((flow, ControlLevel(level)) for flow, level in row["competences"] or ()),
            tuple(_left(minutes, row["open_points"])),
        )


def _left(minutes: Sequence[int], held: int) -> Iterator[int]:
    """Yield what is left of each day once what is held was worked off from the first on.

    >>> list(_left([60, 0, 60], 80))
    [0, 0, 40]
    """
    for each in minutes:
        worked = min(each, held)
        held -= worked
        yield each - worked
