"""Absences (congés) announced, moved and taken back. Files in hand never stand in the way.

What a doctor on leave has in hand is dealt with by a hand-over, see ``assignment.handover``.
On return nothing comes back by itself, so that nothing is doubled.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import DomainError, InvalidInput, Kind, NotFound
from medcontrol.ids import new_id
from medcontrol.model import Absence, DoctorChange
from medcontrol.vocabulary import AbsenceKind, AbsenceStatus

_REASON = re.compile(r"[a-z][a-z0-9_]{0,63}")
_DAY = timedelta(days=1)
#: How long ago an absence may have begun when it is entered.
LATEST_ENTRY = timedelta(days=31)
_LONGEST = timedelta(days=730)

# One announcement of a doctor's at a time, so that two can't overlap.
_LOCK = sa.text("SELECT pg_advisory_xact_lock(7140008, hashtext(:doctor))")
_OVERLAPS = sa.text("""
SELECT 1 FROM absence WHERE doctor_id = :doctor AND first_day <= :last AND last_day >= :first
  AND id <> :own LIMIT 1
""")


class AbsencesOverlap(DomainError):
    """The doctor is absent on some of these days already; change that absence."""

    kind = Kind.CONFLICT
    code = "absence.overlaps"


@dataclass(frozen=True, slots=True)
class By:
    """Who enters something, and when; ``today`` is the civil day of ``at``."""

    user_id: UUID | None
    at: datetime
    today: date


def announce(
    session: Session,
    doctor_id: UUID,
    *,
    first_day: date,
    last_day: date,
    reason: str,
    by: By,
    kind: AbsenceKind | None = None,
) -> Absence:
    """Enter days on which a doctor takes nothing, both included.

    Nothing new is given to the doctor on these days, and before a planned absence for as long
    as the lever ``drain_days`` says.

    Args:
        session: the caller's transaction.
        doctor_id: whose.
        first_day: at most ``LATEST_ENTRY`` ago.
        last_day: not before it.
        reason: a code: ``leave``, ``sick``…
        by: who enters it.
        kind: planned when it begins after today and nobody says otherwise.

    Raises:
        InvalidInput: names the field.
        AbsencesOverlap: with another absence of this doctor.
        NotFound: no such doctor.
    """
    _check(first_day, last_day, by.today)
    if not _REASON.fullmatch(reason):
        raise InvalidInput("a code of lower-case letters, digits and _", field="reason")
    if session.execute(_IS_DOCTOR, {"id": doctor_id}).scalar() is None:
        raise NotFound(f"no doctor {doctor_id}", field="doctor")
    absence = Absence(
        id=new_id(), doctor_id=doctor_id, first_day=first_day, last_day=last_day, reason=reason,
        kind=kind or _kind(first_day, by.today), status=AbsenceStatus.ANNOUNCED,
        entered_by=by.user_id, entered_at=by.at,
    )  # fmt: skip
    _refuse_overlap(session, absence)
    session.add(absence)
    _note(session, absence, None, _facts(absence), by)
    return absence


_IS_DOCTOR = sa.text("SELECT 1 FROM doctor WHERE id = :id")


def change(
    session: Session, absence_id: UUID, *, first_day: date, last_day: date, by: By
) -> Absence:
    """Move, shorten or extend an absence. One that grows has to be handed over anew.

    Raises:
        InvalidInput: names the field; the beginning of one that has begun stays.
        AbsencesOverlap: with another absence of this doctor.
        NotFound: no such absence.
    """
    absence = _locked(session, absence_id)
    if first_day != absence.first_day:
        if absence.first_day < by.today:
            raise InvalidInput("it has begun", field="first_day")
        _check(first_day, last_day, by.today)
    elif last_day < first_day or last_day - first_day > _LONGEST:
        raise InvalidInput("the end precedes the start, or is years away", field="last_day")
    before = _facts(absence)
    grows = first_day < absence.first_day or last_day > absence.last_day
    absence.first_day, absence.last_day = first_day, last_day
    if grows:
        absence.status = AbsenceStatus.ANNOUNCED
    _refuse_overlap(session, absence)
    if _facts(absence) != before:
        _note(session, absence, before, _facts(absence), by)
    return absence


def cancel(session: Session, absence_id: UUID, *, by: By) -> None:
    """Take an absence back: whole when it has not begun, else it ends the day before.

    Files that were handed over stay where they are.

    Raises:
        NotFound: no such absence.
    """
    absence = _locked(session, absence_id)
    before = _facts(absence)
    if absence.first_day >= by.today:
        session.delete(absence)
        _note(session, absence, before, None, by)
    elif absence.last_day >= by.today:
        absence.last_day = by.today - _DAY
        _note(session, absence, before, _facts(absence), by)


def mark_handed_over(session: Session, absence_id: UUID) -> None:
    """Note that a supervisor dealt with what is due during an absence.

    Raises:
        NotFound: no such absence.
    """
    _locked(session, absence_id).status = AbsenceStatus.HANDED_OVER
    session.flush()


def find(session: Session, absence_id: UUID, *, doctor_id: UUID | None = None) -> Absence:
    """Return an absence, of one doctor only when one is given.

    Raises:
        NotFound: no such absence, or another doctor's.
    """
    absence = session.get(Absence, absence_id)
    if absence is None or (doctor_id is not None and absence.doctor_id != doctor_id):
        raise NotFound(f"no absence {absence_id}", field="absence")
    return absence


def _check(first_day: date, last_day: date, today: date) -> None:
    if first_day < today - LATEST_ENTRY:
        raise InvalidInput("it began too long ago", field="first_day")
    if first_day > today + _LONGEST:
        raise InvalidInput("it begins years from now", field="first_day")
    if last_day < first_day or last_day - first_day > _LONGEST:
        raise InvalidInput("the end precedes the start, or is years away", field="last_day")


def _kind(first_day: date, today: date) -> AbsenceKind:
    return AbsenceKind.PLANNED if first_day > today else AbsenceKind.UNPLANNED


def _refuse_overlap(session: Session, absence: Absence) -> None:
    session.execute(_LOCK, {"doctor": str(absence.doctor_id)})
    values = {
        "doctor": absence.doctor_id, "first": absence.first_day, "last": absence.last_day,
        "own": absence.id,
    }  # fmt: skip
    if session.execute(_OVERLAPS, values).scalar() is not None:
        raise AbsencesOverlap(field="first_day")


def _locked(session: Session, absence_id: UUID) -> Absence:
    absence = session.get(Absence, absence_id, with_for_update=True, populate_existing=True)
    if absence is None:
        raise NotFound(f"no absence {absence_id}", field="absence")
    return absence


def _facts(absence: Absence) -> dict[str, Any]:
    return {
        "first_day": absence.first_day.isoformat(),
        "last_day": absence.last_day.isoformat(),
        "reason": absence.reason,
        "kind": absence.kind.value,
    }


def _note(
    session: Session,
    absence: Absence,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    by: By,
) -> None:
    row = DoctorChange(
        id=new_id(), doctor_id=absence.doctor_id, what="absences", before=before, after=after,
        changed_at=by.at, who=by.user_id,
    )  # fmt: skip
    session.add(row)
    session.flush()
