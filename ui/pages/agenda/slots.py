"""Choosing a free slot (créneau): how it is looked for, shown by day, and read back."""

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from sqlmodel import Session

from medcontrol.clock import civil_date
from medcontrol.model import ControlFile
from medcontrol.services.agendas import Slot
from medcontrol.services.bookings import SlotTaken
from medcontrol.vocabulary import AppointmentKind
from ui.forms import Sent, as_day, as_uuid, day_of, is_ticked, text_of
from ui.visitors import Visitor
from workflows.definition.catalog import Pack
from workflows.steps import booking
from workflows.steps.booking import Ahead, Offers, Receiver, Search

_SHOWN = 120
_OF_A_DAY = 200  # more than a day has


@dataclass(frozen=True, slots=True)
class SlotDay:
    """The free slots of a day."""

    on: date
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True)
class SlotPicker:
    """What can be chosen, and how it was looked for."""

    kind: AppointmentKind
    days: tuple[SlotDay, ...]
    doctors: tuple[Receiver, ...]
    doctor: UUID | None
    first_day: date
    notice_ends_on: date
    is_early: bool
    needs_accessible: bool
    chosen: str

    @property
    def is_visit(self) -> bool:
        """Whether the doctor goes to the person."""
        return self.kind is AppointmentKind.VISIT

    def value(self, slot: Slot) -> str:
        """Return how a form names a slot; ``chosen_of`` reads it back."""
        return f"{slot.span.starts_at.isoformat()}|{slot.doctor_id}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A slot as a form names it."""

    starts_at: datetime
    doctor_id: UUID


def chosen_of(form: Sent) -> Chosen | None:
    """Return the slot that a form names; None when it names none that can be read."""
    at, _, doctor = text_of(form, "slot", 100).partition("|")
    doctor_id = as_uuid(doctor)
    try:
        starts_at = datetime.fromisoformat(at)
    except ValueError:
        return None
    is_known = starts_at.tzinfo is not None and as_day(at[:10]) is not None
    return Chosen(starts_at, doctor_id) if doctor_id and is_known else None


def search_of(sent: Sent) -> Search:
    """Return how slots are looked for, as the address or the form says."""
    return Search(
        doctor=as_uuid(text_of(sent, "doctor", 40)),
        everybody=text_of(sent, "doctor", 40) == "all",
        first_day=day_of(sent, "from"),
        is_early=is_ticked(sent, "early"),
        needs_accessible=is_ticked(sent, "accessible"),
        limit=_SHOWN,
    )


def picker_of(
    session: Session, visitor: Visitor, pack: Pack, file: ControlFile, ahead: Ahead, sent: Sent
) -> SlotPicker:
    """Return the free slots for a page."""
    search = search_of(sent)
    found = booking.offers(session, pack, file, ahead, search, now=visitor.now)
    jurisdiction = visitor.site.jurisdiction

    def day(slot: Slot) -> date:
        return civil_date(slot.span.starts_at, jurisdiction)

    days = tuple(SlotDay(on, tuple(slots)) for on, slots in groupby(found.slots, key=day))
    return SlotPicker(
        found.kind, days, found.doctors, search.doctor or _usual(search, found),
        search.first_day or (visitor.today if search.is_early else found.notice_ends_on),
        found.notice_ends_on, search.is_early, search.needs_accessible,
        text_of(sent, "slot", 100),
    )  # fmt: skip


def _usual(search: Search, found: Offers) -> UUID | None:
    return None if search.everybody else found.own


def find_slot(
    session: Session, visitor: Visitor, pack: Pack, file: ControlFile, ahead: Ahead, sent: Sent,
    chosen: Chosen,
) -> Slot:  # fmt: skip
    """Return the slot that was chosen as it is now, with a room that is free.

    Raises:
        SlotTaken: it is not free any more.
    """
    asked = search_of(sent)
    search = Search(
        doctor=chosen.doctor_id,
        first_day=civil_date(chosen.starts_at, visitor.site.jurisdiction),
        is_early=asked.is_early,
        needs_accessible=asked.needs_accessible,
        limit=_OF_A_DAY,
    )
    found = booking.offers(session, pack, file, ahead, search, now=visitor.now)
    for slot in found.slots:
        if slot.span.starts_at == chosen.starts_at:
            return slot
    raise SlotTaken("the slot is not free any more", field="slot")
