"""Agendas on the real database: what is offered, booked, moved, kept and missed."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol import db as database
from medcontrol.clock import ZONES
from medcontrol.errors import Forbidden, InvalidInput
from medcontrol.model import Absence, Appointment, ControlFile, JournalEntry, Letter, Room
from medcontrol.services import calendar
from medcontrol.services.agendas import Slot
from medcontrol.services.bookings import NotBooked, OutsideHours, SlotTaken
from medcontrol.vocabulary import (
    AppointmentReason,
    AppointmentState,
    DoctorKind,
    LetterStatus,
    LetterWay,
    Role,
)
from tests.factories import NOW, make_doctor, make_principal
from tests.flow_world import World, make_world
from workflows.letters.marks import LetterWays
from workflows.steps import appointments, booking
from workflows.steps.booking import Offers, Search
from workflows.steps.ending import CompleteStep, PieceAsked, complete_step
from workflows.steps.undoing import undo_decision
from workflows.sweeping import remind_of_appointments
from workflows.tools import Tools

NOTICE_ENDS = date(2026, 12, 5)  # a Saturday, fifteen days after NOW
FIRST_DAY = date(2026, 12, 7)
ZONE = ZONES["ma"]
PIECES = (PieceAsked(kind="other", note="Radiographie"),)


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


def to_book(world: World, number: int = 1, **insured: Any) -> ControlFile:
    """A file whose person has to be seen, at the step that books."""
    taken = world.take(
        external_id=f"A-{number}", flow="invalidity", nature="first", scheme="general",
        control={"required": True, "mode": "in_person"}, paper={"sealed_envelope": True},
        insured={**BASE, "registration_number": f"99912{number:04d}", **insured},
    )  # fmt: skip
    file = world.file(taken)
    if world.task(file).step == "completeness":
        world.end(file, "complete")
    assert world.task(file).step == "appointment"
    return file


BASE = {
    "family_name": "Alami", "given_name": "Amina", "birth_date": "1975-03-02", "language": "fr",
    "address": "3, rue des Tanneurs, Casablanca",
}  # fmt: skip


def offered(world: World, file: ControlFile, **search: Any) -> Offers:
    pack = world.tools.catalog.get(file.pack, file.flow)
    ahead = booking.awaited(world.session, pack, file, world.task(file))
    return booking.offers(world.session, pack, file, ahead, Search(**search), now=world.now)


def taking(slot: Slot, **more: Any) -> dict[str, Any]:
    """What a step that books says of a slot."""
    return {
        "appointment_at": slot.span.starts_at, "with_doctor": slot.doctor_id,
        "room_id": slot.room_id, "place": slot.place, **more,
    }  # fmt: skip


def booked(world: World, file: ControlFile) -> Appointment:
    rows = world.session.exec(
        select(Appointment)
        .where(Appointment.control_file_id == file.id, Appointment.state == "booked")
        .execution_options(populate_existing=True)
    )
    return rows.one()


def book_first(world: World, file: ControlFile, **search: Any) -> Slot:
    slot = offered(world, file, **search).slots[0]
    world.end(file, "booked", **taking(slot))
    return slot


def at(day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, ZONE)


def test_slots_are_offered_from_the_end_of_the_notice_within_the_doctors_hours(
    world: World,
) -> None:
    world.session.add(
        Absence(doctor_id=world.doctor.id, first_day=FIRST_DAY, last_day=FIRST_DAY, reason="leave")
    )
    calendar.announce(world.session, "ma", date(2026, 12, 8), "Fête annoncée")
    found = offered(world, to_book(world))

    assert found.notice_ends_on == NOTICE_ENDS
    first = found.slots[0]
    assert first.span.starts_at == at(date(2026, 12, 9), time(8, 30))
    assert first.span.ends_at - first.span.starts_at == timedelta(minutes=45), "invalidity's own"
    assert {slot.doctor_id for slot in found.slots} == {world.doctor.id}


def test_what_was_booked_is_offered_no_more_and_the_examination_goes_to_that_doctor(
    world: World,
) -> None:
    other = make_doctor(world.session, flows=("invalidity",), minutes=480)
    world.by_doctor[other.id] = make_principal(world.session, Role.DOCTOR, "CASA-1", other)
    # Away this week, back by then: leave of these days does not stand against the appointment.
    world.session.add(
        Absence(
            doctor_id=other.id, first_day=NOW.date(), last_day=date(2026, 12, 2), reason="leave"
        )
    )
    world.session.flush()
    file = to_book(world)
    slot = book_first(world, file, doctor=other.id)

    assert world.task(file).step == "examination"
    assert world.task(file).assigned_doctor_id == other.id
    assert booked(world, file).booked_by == world.agent.id
    again = offered(world, to_book(world, 2), doctor=other.id)
    assert not [each for each in again.slots if each.span.overlaps(slot.span)]
    with pytest.raises(SlotTaken) as refusal:
        world.end(to_book(world, 3), "booked", **taking(slot))
    assert refusal.value.field == "doctor"


def test_nobody_receives_outside_their_hours_or_on_a_day_off(world: World) -> None:
    file = to_book(world)
    for wrong in (
        at(FIRST_DAY, time(7)),
        at(FIRST_DAY, time(16)),
        at(date(2026, 12, 12), time(10)),
    ):
        with pytest.raises(OutsideHours):
            world.end(file, "booked", appointment_at=wrong, with_doctor=world.doctor.id)


def test_before_the_notice_ends_only_with_the_consent_that_is_kept(world: World) -> None:
    file = to_book(world)
    early = taking(offered(world, file, is_early=True).slots[0])
    assert early["appointment_at"].date() == NOW.date()
    with pytest.raises(InvalidInput) as refusal:
        world.end(file, "booked", **early)
    assert refusal.value.field == "agreed"

    world.end(file, "booked", is_early_agreed=True, **early)

    assert booked(world, file).is_early_agreed
    told = [e.facts for e in entries(world, file) if e.action == "appointment.booked"]
    assert [orjson.loads(each)["early_agreed"] for each in told] == [True]


def entries(world: World, file: ControlFile) -> list[JournalEntry]:
    rows = world.session.exec(select(JournalEntry).where(JournalEntry.control_file_id == file.id))
    return sorted(rows, key=lambda entry: entry.number)


def test_a_room_is_one_persons_at_a_time_and_an_accessible_one_is_found(world: World) -> None:
    other = make_doctor(world.session, flows=("invalidity",), minutes=480)
    small = Room(unit_code="CASA-1", code="1", name="Cabinet 1")
    wide = Room(unit_code="CASA-1", code="2", name="Cabinet 2", is_accessible=True)
    world.session.add_all([small, wide])
    world.session.flush()
    first = book_first(world, to_book(world), doctor=world.doctor.id)
    assert first.place.endswith("Cabinet 1")
    second = offered(world, to_book(world, 2), doctor=other.id).slots[0]
    assert (second.span, second.room_id) == (first.span, wide.id)
    wheels = offered(world, to_book(world, 3), doctor=other.id, needs_accessible=True)
    assert {slot.room_id for slot in wheels.slots} == {wide.id}
    small.is_active = False
    world.session.flush()
    book_first(world, to_book(world, 4), doctor=other.id)
    third = offered(world, to_book(world, 5), doctor=world.doctor.id).slots
    assert not [each for each in third if each.span.overlaps(second.span)], "no room is left then"


def test_a_contracted_doctor_receives_in_the_own_practice(world: World) -> None:
    practice = make_doctor(
        world.session, flows=("invalidity",), kind=DoctorKind.CONTRACTED,
        practice_address="12, avenue Hassan II, Casablanca",
    )  # fmt: skip
    world.by_doctor[practice.id] = make_principal(world.session, Role.DOCTOR, "CASA-1", practice)
    file = to_book(world)
    book_first(world, file, doctor=practice.id)

    assert booked(world, file).place == "12, avenue Hassan II, Casablanca"
    letter = world.session.exec(select(Letter).where(Letter.code == "convocation")).one()
    assert letter.context["appointment"]["place"] == "12, avenue Hassan II, Casablanca"


def test_an_appointment_moves_with_its_letter_and_its_doctor_and_the_flow_stays(
    world: World,
) -> None:
    other = make_doctor(world.session, flows=("invalidity",), minutes=480)
    world.by_doctor[other.id] = make_principal(world.session, Role.DOCTOR, "CASA-1", other)
    file = to_book(world)
    book_first(world, file)
    old = booked(world, file)
    pack = world.tools.catalog.get(file.pack, file.flow)
    task = world.task(file)
    ahead = booking.Ahead(task.id, task.step, old.kind, True)
    found = booking.offers(world.session, pack, file, ahead, Search(doctor=other.id), now=world.now)
    command = CompleteStep(
        task_id=task.id, expected_version=None, outcome="", **taking(found.slots[0])
    )

    appointments.reschedule(
        world.session, world.tools, old.id, command, AppointmentReason.DOCTOR_AWAY,
        principal=world.agent, now=world.now,
    )  # fmt: skip

    new = booked(world, file)
    world.session.refresh(old)
    assert (old.state, old.reason) == (AppointmentState.CANCELLED, AppointmentReason.DOCTOR_AWAY)
    assert (new.rescheduled_from, new.doctor_id) == (old.id, other.id)
    assert world.task(file).id == task.id
    assert world.task(file).assigned_doctor_id == other.id
    letters = world.session.exec(select(Letter).where(Letter.control_file_id == file.id)).all()
    assert [each.code for each in letters].count("convocation") == 2
    with pytest.raises(NotBooked):
        appointments.cancel(
            world.session, world.tools, old.id, AppointmentReason.PERSON_ASKED,
            principal=world.agent, now=world.now,
        )  # fmt: skip


def test_a_cancelled_appointment_leaves_the_file_waiting_for_a_date(world: World) -> None:
    file = to_book(world)
    slot = book_first(world, file)
    appointments.cancel(
        world.session, world.tools, booked(world, file).id, AppointmentReason.PERSON_ASKED,
        principal=world.agent, now=world.now,
    )  # fmt: skip

    assert world.task(file).step == "appointment"
    assert slot.span in {each.span for each in offered(world, file).slots}


@pytest.mark.parametrize(
    ("reason", "counted"), [(AppointmentReason.ABSENT, 1), (AppointmentReason.EXCUSED, 0)]
)
def test_an_absence_counts_unless_it_was_excused(
    world: World, reason: AppointmentReason, counted: int
) -> None:
    file = to_book(world)
    slot = book_first(world, file)
    key = booked(world, file).id
    note = {"principal": world.agent}
    with pytest.raises(InvalidInput):
        appointments.note_absence(
            world.session, world.tools, key, reason, now=slot.span.starts_at, **note
        )
    late = slot.span.starts_at + timedelta(minutes=31)
    appointments.note_absence(world.session, world.tools, key, reason, now=late, **note)

    row = world.session.get_one(Appointment, key)
    assert (row.state, row.reason) == (AppointmentState.MISSED, reason)
    assert world.task(file).step == "appointment"
    state = world.session.execute(
        sa.text("SELECT state FROM flow_instance WHERE control_file_id = :id"), {"id": file.id}
    ).scalar_one()
    assert booking.engine.facts_of(state).get("no_shows", 0) == counted


def test_who_arrived_was_there_when_the_examination_ends(world: World) -> None:
    file = to_book(world)
    slot = book_first(world, file)
    key = booked(world, file).id
    with pytest.raises(InvalidInput):
        appointments.arrive(world.session, world.tools, key, principal=world.agent, now=world.now)
    appointments.arrive(
        world.session, world.tools, key, principal=world.agent, now=slot.span.starts_at
    )
    world.now = slot.span.ends_at
    world.end(file, "ask_completion", pieces=PIECES)

    row = world.session.get_one(Appointment, key)
    assert row.state is AppointmentState.ATTENDED
    assert row.arrived_at == slot.span.starts_at


def test_an_agent_of_another_unit_touches_no_appointment_of_this_one(world: World) -> None:
    file = to_book(world)
    slot = book_first(world, file)
    coordinator = world.by_doctor[world.regional.id]
    with pytest.raises(Forbidden):
        appointments.arrive(
            world.session, world.tools, booked(world, file).id, principal=coordinator,
            now=slot.span.starts_at,
        )  # fmt: skip


def test_a_reminder_leaves_once_and_not_for_what_was_booked_the_day_before(world: World) -> None:
    file = to_book(world)
    slot = book_first(world, file)
    near = slot.span.starts_at - timedelta(days=2)
    assert appointments.due_reminders(world.session, "ma", now=world.now) == []
    due = appointments.due_reminders(world.session, "ma", now=near)
    assert due == [(booked(world, file).id, file.id)]
    assert remind_of_appointments(world.tools, "ma", now=lambda: near).done == 1
    assert not appointments.remind(world.session, world.tools, due[0][0], now=near)
    assert appointments.due_reminders(world.session, "ma", now=near) == []
    (letter,) = world.session.exec(select(Letter).where(Letter.code == "appointment_reminder"))
    assert letter.control_file_id == file.id
    assert letter.context["appointment"]["place"] == slot.place
    assert letter.status is LetterStatus.WAITING


def test_a_reminder_goes_to_the_account_and_is_printed_by_no_agency(world: World) -> None:
    ways = {"digital": LetterWays(has_accounts=True), "agency": LetterWays(printed_by="agency")}
    file = to_book(world, digital_consent=True)
    book_first(world, file)
    (row,) = world.session.exec(select(Appointment))
    near = row.starts_at - timedelta(days=2)
    with world.session.begin_nested() as again:
        printed = replace(world.tools, letter_ways=ways["agency"])
        assert appointments.remind(world.session, printed, row.id, now=near)
        assert reminders(world) == []
        again.rollback()
    world.session.expire_all()

    online = replace(world.tools, letter_ways=ways["digital"])
    assert appointments.remind(world.session, online, row.id, now=near)

    assert [letter.way for letter in reminders(world)] == [LetterWay.DIGITAL]


def reminders(world: World) -> list[Letter]:
    return list(world.session.exec(select(Letter).where(Letter.code == "appointment_reminder")))


def test_an_undone_decision_has_its_appointment_again_unless_the_slot_is_taken(
    world: World,
) -> None:
    file, other = (ald_to_book(world, number) for number in (1, 2))
    slot = book_first(world, file)
    before = booked(world, file)
    world.end(file, "granted")
    undo(world, file)
    assert booked(world, file).id == before.id

    world.end(file, "granted")
    world.end(other, "booked", **taking(slot))
    undo(world, file)

    found = world.session.exec(
        select(Appointment).where(Appointment.control_file_id == file.id)
        .execution_options(populate_existing=True)
    ).one()  # fmt: skip
    assert found.state is AppointmentState.ATTENDED
    told = select(JournalEntry.action).where(JournalEntry.control_file_id == file.id)
    assert {"appointment.rebooked", "appointment.slot_gone"} <= set(world.session.exec(told))


def ald_to_book(world: World, number: int) -> ControlFile:
    """A file whose examination decides it."""
    taken = world.take(
        external_id=f"U-{number}", control={"required": True, "mode": "in_person"},
        insured={**BASE, "registration_number": f"99913{number:04d}"},
    )  # fmt: skip
    return world.file(taken)


def undo(world: World, file: ControlFile) -> None:
    undo_decision(
        world.session, world.tools, file.id, expected_version=None,
        principal=world.by_doctor[world.doctor.id], now=world.now + timedelta(seconds=10),
    )  # fmt: skip
    world.session.refresh(file)


@pytest.mark.parametrize("who", ["doctor", "room", "person"])
def test_the_database_itself_books_nobody_twice(world: World, who: str) -> None:
    room = Room(unit_code="CASA-1", code="1", name="Cabinet 1")
    world.session.add(room)
    world.session.flush()
    one = to_book(world)
    book_first(world, one)
    first = booked(world, one)
    other = make_doctor(world.session, flows=("invalidity",))
    values = first.model_dump() | {
        "id": world.doctor.id, "doctor_id": other.id, "room_id": None,
        "registration_number": "another",
    }  # fmt: skip
    same = {
        "doctor": {"doctor_id": first.doctor_id},
        "room": {"room_id": room.id},
        "person": {"registration_number": first.registration_number},
    }
    assert first.room_id == room.id
    with pytest.raises(sa.exc.IntegrityError, match=f"ex_appointment_{who}"):
        world.session.execute(sa.insert(Appointment).values(values | same[who]))


def test_two_agents_never_get_the_same_slot(
    committed: sa.Engine, tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "engine", lambda: committed)  # for the threads
    with database.transaction() as session:
        world = make_world(session, tools)
    with database.transaction() as session:
        world.session = session
        files = [to_book(world, number) for number in range(1, 5)]
        slot = offered(world, files[0]).slots[0]
        tasks = [world.task(file).id for file in files]

    def book(task_id: Any) -> str:
        command = CompleteStep(
            task_id=task_id, expected_version=None, outcome="booked", **taking(slot)
        )
        try:
            with database.transaction() as own:
                complete_step(own, tools, command, principal=world.agent, now=world.now)
        except SlotTaken:
            return "taken"
        return "booked"

    with ThreadPoolExecutor(4) as agents:
        answers = sorted(agents.map(book, tasks))

    assert answers == ["booked", "taken", "taken", "taken"]
    with database.read_only() as session:
        assert len(session.exec(select(Appointment)).all()) == 1
