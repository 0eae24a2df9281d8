"""Ending what a doctor may take or does not take, and changing the weekly hours, by hand."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.errors import InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.model import (
    Absence,
    Availability,
    Competence,
    Conflict,
    DoctorSuperior,
    DoctorUnit,
)
from medcontrol.services.doctor_history import Said, note

_DAY = timedelta(days=1)
_LONGEST_DAY = 1440
_WITH_VALIDITY: dict[str, Any] = {
    "competences": Competence,
    "conflicts": Conflict,
    "units": DoctorUnit,
    "superiors": DoctorSuperior,
}


def end_line(
    session: Session,
    what: str,
    doctor_id: UUID,
    line_id: UUID,
    *,
    on: date,
    said: Said | None = None,
) -> None:
    """Let a line that has a validity end the day before; one that had not begun is taken back.

    Raises:
        NotFound: the doctor has no such line.
    """
    table = _WITH_VALIDITY[what]
    row = _own(session, table, doctor_id, line_id)
    before = row.model_dump(exclude={"id", "doctor_id"})
    if row.valid_from >= on:
        session.delete(row)
        after = None
    else:
        row.valid_to = on - _DAY
        before, after = {"valid_to": before["valid_to"]}, {"valid_to": row.valid_to}
    note(session, doctor_id, what, before=before, after=after, said=said)


def end_absence(
    session: Session,
    doctor_id: UUID,
    absence_id: UUID,
    *,
    on: date,
    said: Said | None = None,
) -> None:
    """Let an absence end the day before; one that had not begun is taken back.

    Raises:
        NotFound: the doctor has no such absence.
    """
    row = _own(session, Absence, doctor_id, absence_id)
    before = row.model_dump(exclude={"id", "doctor_id"})
    if row.first_day >= on:
        session.delete(row)
        after = None
    else:
        row.last_day = min(row.last_day, on - _DAY)
        before, after = {"last_day": before["last_day"]}, {"last_day": row.last_day}
    note(session, doctor_id, "absences", before=before, after=after, said=said)


def _own(session: Session, table: Any, doctor_id: UUID, line_id: UUID) -> Any:
    row = session.get(table, line_id, with_for_update=True, populate_existing=True)
    if row is None or row.doctor_id != doctor_id:
        raise NotFound("this doctor has no such line")
    return row


def set_week(
    session: Session,
    doctor_id: UUID,
    minutes: Sequence[int],
    starts: Sequence[time | None] = (),
    *,
    since: date,
    said: Said | None = None,
) -> None:
    """Set the minutes of Monday to Sunday from a day on; what was before stays on record.

    ``starts``: the hour from which people are received on each of these days; the opening of the
    working day where none.

    Raises:
        InvalidInput: not seven whole numbers from 0 to 1440 (field ``minutes``).
    """
    if len(minutes) != 7 or any(not 0 <= each <= _LONGEST_DAY for each in minutes):
        raise InvalidInput("seven numbers from 0 to 1440 are needed", field="minutes")
    own = col(Availability.doctor_id) == doctor_id
    session.execute(sa.delete(Availability).where(own, col(Availability.valid_from) >= since))
    still = sa.or_(col(Availability.valid_to).is_(None), col(Availability.valid_to) >= since)
    session.execute(sa.update(Availability).where(own, still).values(valid_to=since - _DAY))
    rows = [
        {
            "id": new_id(),
            "doctor_id": doctor_id,
            "weekday": weekday,
            "minutes": each,
            "from_hour": starts[weekday] if starts else None,
            "valid_from": since,
        }
        for weekday, each in enumerate(minutes)
        if each
    ]
    if rows:
        session.execute(sa.insert(Availability), rows)
    after: dict[str, Any] = {"week": list(minutes), "valid_from": since}
    if any(starts):
        after["starts"] = [f"{each:%H:%M}" if each else None for each in starts]
    note(session, doctor_id, "availabilities", before=None, after=after, said=said)
