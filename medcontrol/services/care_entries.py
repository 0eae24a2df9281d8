"""People of long-term care who enter an establishment (entrée en établissement)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.errors import AlreadyDone, InvalidInput
from medcontrol.ids import new_id
from medcontrol.model import CareEntry
from medcontrol.services.care_lock import lock_person

#: The flow that an entry opens.
CARE: Final = "care_reassessment"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """An entry to record; it takes the place of an earlier one into the same establishment."""

    registration_number: str
    establishment_id: str
    entered_on: date
    source: str


def record_entry(session: Session, entry: NewEntry, *, today: date, now: datetime) -> UUID:
    """Keep an entry; a corrected day replaces the one that was known.

    Raises:
        AlreadyDone: this entry is on record.
        InvalidInput: the day is to come.
    """
    if entry.entered_on > today:
        raise InvalidInput(f"{entry.entered_on} is to come", field="entered_on")
    lock_person(session, entry.registration_number)
    known = session.exec(
        select(CareEntry).where(
            CareEntry.registration_number == entry.registration_number,
            CareEntry.establishment_id == entry.establishment_id,
            col(CareEntry.replaced_at).is_(None),
        )
    ).first()
    if known is not None:
        if known.entered_on == entry.entered_on:
            raise AlreadyDone("this entry is on record", field="entered_on")
        known.replaced_at = now
        session.flush()
    made = CareEntry(
        id=new_id(), registration_number=entry.registration_number,
        establishment_id=entry.establishment_id, entered_on=entry.entered_on,
        source=entry.source, recorded_at=now,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made.id


def last_entry(session: Session, registration_number: str) -> date | None:
    """Return the day on which somebody last entered an establishment; none when not known."""
    return session.execute(
        sa.select(sa.func.max(col(CareEntry.entered_on))).where(
            col(CareEntry.registration_number) == registration_number,
            col(CareEntry.replaced_at).is_(None),
        )
    ).scalar()
