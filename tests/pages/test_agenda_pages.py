"""Agendas over HTTP: booking a slot, the week, the list of the day, moves, calendars, rooms."""

from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar
from lxml import html

from medcontrol import db as database
from medcontrol.model import AgendaFeed, Appointment, Letter, Room
from medcontrol.vocabulary import AppointmentState, Role
from tests.pages.desk import Browser, Fund, form_of, texts
from tests.pages.people import administrator, log_in
from tests.pages.test_reception import errors, to_appointment

FREE = "//input[@name='slot']/@value"


def book(fund: Fund, number: int = 0) -> tuple[str, Appointment]:
    """Book the first free slot of a file at the counter."""
    reference = to_appointment(fund)
    browser = fund.agent()
    page = browser.page(f"/reception/files/{reference}")
    answer = browser.send(page, "/appointment", slot=page.xpath(FREE)[number])
    assert answer.status_code == 303, texts(html.fromstring(answer.text), "//main")
    return reference, fund.rows(Appointment)[-1]


def test_a_free_slot_is_booked_with_its_doctor_and_the_person_summoned(fund: Fund) -> None:
    reference = to_appointment(fund)
    browser = fund.agent()
    page = browser.page(f"/reception/files/{reference}")
    slots = page.xpath(FREE)

    browser.send(page, "/appointment", slot=slots[0])

    booked = fund.rows(Appointment)[0]
    assert booked.starts_at.isoformat() == "2026-12-07T07:30:00+00:00", "after the notice"
    assert booked.doctor_id == fund.world.doctor.id == fund.task(reference).assigned_doctor_id
    assert booked.ends_at - booked.starts_at == timedelta(minutes=45)
    assert "convocation" in {each.code for each in fund.rows(Letter)}


def test_a_slot_that_somebody_else_took_is_refused_with_those_that_are_free(fund: Fund) -> None:
    reference = to_appointment(fund)
    browser = fund.agent()
    page = browser.page(f"/reception/files/{reference}")
    slot = page.xpath(FREE)[0]
    with database.transaction() as session:
        other = session.merge(Room(unit_code="CASA-1", code="1", name="Cabinet 1"))
        other.is_active = False
        file = fund.file(reference)
        at, _, doctor = slot.partition("|")
        session.add(
            Appointment.model_validate({
                "control_file_id": file.id, "kind": "examination", "doctor_id": doctor,
                "unit_code": "CASA-1", "place": "x", "registration_number": "other",
                "person_birth_date": "1970-01-01", "starts_at": at,
                "ends_at": "2026-12-07T08:15:00+00:00", "booked_at": fund.now,
            })
        )  # fmt: skip

    answer = browser.send(page, "/appointment", slot=slot)

    drawn = html.fromstring(answer.text)
    assert answer.status_code == 422
    assert errors(drawn) == ["slot"]
    assert slot not in drawn.xpath(FREE)
    assert drawn.xpath(FREE)


def test_before_the_notice_slots_show_only_with_the_persons_consent_which_is_kept(
    fund: Fund,
) -> None:
    reference = to_appointment(fund)
    browser = fund.agent()
    page = browser.page(f"/reception/files/{reference}?early=1")
    early = page.xpath(FREE)[0]
    assert early < "2026-12-05"

    browser.send(page, "/appointment", slot=early)

    assert fund.rows(Appointment)[0].is_early_agreed


def test_the_week_and_the_list_of_the_day_show_who_is_expected_and_nothing_medical(
    fund: Fund,
) -> None:
    reference, booked = book(fund)
    browser = fund.agent()

    week = browser.page("/reception/agenda?day=2026-12-09")
    day = browser.page("/reception/agenda/day?day=2026-12-07")
    by_room = browser.page("/reception/agenda?day=2026-12-09&by=room")

    for page in (week, day, by_room):
        assert reference in page.text_content()
        assert "E11.9" not in page.text_content()
    assert browser.page("/reception/agenda?day=2026-11-20").xpath("//a[@class='entry']") == []
    assert booked.place in day.text_content()
    paper = browser.get("/reception/agenda/day.pdf?day=2026-12-07")
    assert paper.content.startswith(b"%PDF-")
    assert paper.headers["cache-control"] == "no-store"


def test_an_arrival_is_ticked_and_taken_back(fund: Fund) -> None:
    _, booked = book(fund)
    fund.now = booked.starts_at - timedelta(minutes=5)
    browser = fund.agent()

    browser.send(browser.page("/reception/agenda/day"), "/arrival")
    assert fund.rows(Appointment)[0].arrived_at == fund.now
    assert "présent" in browser.page("/reception/agenda/day").text_content()
    browser.send(browser.page("/reception/agenda/day"), "/arrival")
    assert fund.rows(Appointment)[0].arrived_at is None


def test_an_appointment_is_moved_with_a_reason_or_cancelled(fund: Fund) -> None:
    reference, booked = book(fund)
    browser = fund.agent()
    address = f"/reception/agenda/appointments/{booked.id}"
    page = browser.page(address)
    slot = page.xpath(FREE)[5]

    without = browser.send(page, "/move", slot=slot)
    assert errors(html.fromstring(without.text)) == ["reason"]
    moved = browser.send(page, "/move", slot=slot, reason="person_asked")
    assert moved.status_code == 303
    old, new = sorted(fund.rows(Appointment), key=lambda each: each.booked_at)
    assert {old.state, new.state} == {AppointmentState.CANCELLED, AppointmentState.BOOKED}
    live = old if old.state is AppointmentState.BOOKED else new
    assert browser.send(page, "/cancel", cancel_reason="person_asked").status_code == 409
    page = browser.page(f"/reception/agenda/appointments/{live.id}")
    assert browser.send(page, "/cancel", cancel_reason="place_closed").status_code == 303
    assert fund.task(reference).step == "appointment"


def test_an_absence_can_be_noted_once_the_person_was_waited_for(fund: Fund) -> None:
    _, booked = book(fund)
    address = f"/reception/agenda/appointments/{booked.id}"
    browser = fund.agent()
    assert not [f for f in browser.page(address).forms if f.action.endswith("/absence")]
    fund.now = booked.starts_at + timedelta(minutes=40)
    browser = fund.agent()

    answer = browser.send(browser.page(address), "/absence", absence="absent")

    assert answer.status_code == 303
    assert fund.rows(Appointment)[0].state is AppointmentState.MISSED


def test_another_agencys_appointment_is_not_found(fund: Fund) -> None:
    _, booked = book(fund)
    stranger = log_in(fund, Role.AGENT, "RABAT-1")

    assert stranger.get(f"/reception/agenda/appointments/{booked.id}").status_code == 404
    assert stranger.get("/reception/agenda").status_code == 200


def test_a_doctors_calendar_tells_no_name_and_ends_when_it_is_revoked(fund: Fund) -> None:
    reference, booked = book(fund)
    browser = fund.doctor()
    page = browser.page("/agenda?day=2026-12-07")
    assert reference in page.text_content()

    made = html.fromstring(browser.send(page, "/agenda/feed").text)
    address = made.get_element_by_id("feed-address").get("value").split("testserver")[-1]
    anybody = Browser(fund.app)
    answer = anybody.get(address)
    entries = Calendar.from_ical(answer.content).walk("VEVENT")

    assert answer.headers["content-type"].startswith("text/calendar")
    assert [each.decoded("dtstart") for each in entries] == [booked.starts_at]
    assert reference in str(entries[0]["summary"])
    assert b"Alami" not in answer.content
    assert b"999123456" not in answer.content
    token = address.removeprefix("/calendars/").removesuffix(".ics")
    assert token not in fund.rows(AgendaFeed)[0].token_hash, "only its hash is kept"
    browser.send(browser.page("/agenda"), "/revoke")
    assert anybody.get(address).status_code == 404


def test_an_agent_has_no_agenda_of_their_own_and_a_doctor_not_the_counters(fund: Fund) -> None:
    assert fund.agent().get("/agenda").status_code == 403
    assert fund.doctor().get("/reception/agenda").status_code == 403


def test_rooms_are_added_and_taken_out_of_use(fund: Fund) -> None:
    browser = administrator(fund)
    room = {"unit": "CASA-1", "code": "C1", "name": "Cabinet 1", "accessible": "1"}

    browser.send(browser.page("/rooms"), "/rooms", **room)
    twice = browser.send(browser.page("/rooms"), "/rooms", **room)
    made = fund.rows(Room)[0]
    page = browser.page("/rooms")
    out = page.xpath(f"//form[@action='/rooms/{made.id}']")[0]
    browser.client.post(out.action, data=dict(out.form_values()))

    assert made.is_accessible
    assert errors(html.fromstring(twice.text)) == ["code"]
    assert not fund.rows(Room)[0].is_active


@pytest.mark.parametrize(
    ("values", "field"),
    [({"unit": ""}, "unit"), ({"code": "a b"}, "code"), ({"name": " "}, "name"),
     ({"unit": "NOWHERE"}, "unit")],
)  # fmt: skip
def test_a_room_that_can_not_be_is_refused_at_its_field(
    fund: Fund, values: dict[str, Any], field: str
) -> None:
    room = {"unit": "CASA-1", "code": "C1", "name": "Cabinet 1", **values}
    browser = administrator(fund)
    form = dict(form_of(browser.page("/rooms"), "/rooms").form_values()) | room

    answer = browser.client.post("/rooms", data=form)

    assert errors(html.fromstring(answer.text)) == [field]
