"""The queue over HTTP: what it lists, filters, takes, holds and exports."""

import csv
import io
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from lxml import html

from medcontrol import db as database
from medcontrol.model import Assignment, Competence, ControlFile, DoctorLoad, HumanTask
from tests.pages.desk import AMBULATORY, Fund, texts


def references(page: Any) -> list[str]:
    return texts(page, "//tr[@data-row]//th//bdi[@class='code']")


def to_the_pool(fund: Fund, reference: str) -> None:
    """Put a file into nobody's hands."""
    file_id = fund.file(reference).id
    with database.transaction() as session:
        for table, column in ((HumanTask, "control_file_id"), (ControlFile, "id")):
            where = getattr(table, column) == file_id
            session.execute(sa.update(table).where(where).values(assigned_doctor_id=None))
        session.execute(sa.delete(Assignment).where(Assignment.control_file_id == file_id))
        session.execute(sa.update(DoctorLoad).values(open_files=0, open_points=0))


def test_queue_lists_what_is_in_my_hands_and_nothing_else(fund: Fund) -> None:
    reference = fund.take()

    assert references(fund.doctor().page("/queue")) == [reference]
    assert references(fund.regional().page("/queue")) == []
    assert references(fund.regional().page("/queue?tab=team")) == [reference]


def test_filters_stand_in_the_address_and_chips_take_them_away(fund: Fund) -> None:
    fund.take()
    other = fund.take(external_id="W-2", **AMBULATORY)
    browser = fund.doctor()

    page = browser.page("/queue?flow=ambulatory&lane=nonsense&size=7&after=")

    assert references(page) == [other]
    away = page.xpath("//a[@class='chip-remove']/@href")
    assert away == ["/queue?tab=todo"]
    assert len(references(browser.page(away[0]))) == 2


def test_a_cursor_that_we_did_not_make_is_a_422(fund: Fund) -> None:
    assert fund.doctor().get("/queue?after=abc").status_code == 422


def test_pages_follow_each_other_without_loss(fund: Fund) -> None:
    small = AMBULATORY  # so that all of them fit into the doctor's next two days
    taken = {fund.take(external_id=f"W-{n}", **small) for n in range(27)}
    browser = fund.doctor()

    first = browser.page("/queue")
    second = browser.page("/queue" + first.xpath("//a[@rel='next']/@href")[0])

    assert len(references(first)) == 25
    assert {*references(first), *references(second)} == taken


def test_htmx_gets_the_list_alone(fund: Fund) -> None:
    reference = fund.take()

    answer = fund.doctor().get("/queue", **{"HX-Request": "true", "HX-Target": "queue-list"})

    assert reference in answer.text
    assert "<html" not in answer.text


def test_next_opens_the_most_urgent_file_of_the_view(fund: Fund) -> None:
    fund.take()
    urgent = fund.take(external_id="W-2", urgent=True, **AMBULATORY)
    browser = fund.doctor()

    answer = browser.send(browser.page("/queue?flow=ambulatory"), "/queue/next")

    assert answer.headers["location"].startswith(f"/files/{urgent}?from=")
    page = browser.page(answer.headers["location"])
    assert texts(page, "//nav[@class='file-neighbours']/bdi") == ["1 / 1"]


def test_next_takes_from_the_pool_when_the_desk_is_empty(fund: Fund) -> None:
    reference = fund.take()
    to_the_pool(fund, reference)
    browser = fund.doctor()

    taken = browser.send(browser.page("/queue"), "/queue/next")
    page = browser.page(taken.headers["location"])

    assert taken.headers["location"].startswith(f"/files/{reference}")
    assert fund.task(reference).assigned_doctor_id == fund.world.doctor.id
    assert "Le dossier est à vous." in texts(page, "//*[@id='toasts']//span")


def test_next_says_when_there_is_nothing_left(fund: Fund) -> None:
    browser = fund.doctor()

    answer = browser.send(browser.page("/queue"), "/queue/next")

    assert answer.headers["location"] == "/queue?tab=todo"
    assert texts(browser.page("/queue"), "//*[@id='toasts']//span") != []
    assert texts(browser.page("/queue"), "//*[@id='toasts']//span") == []  # said once


def test_a_coordinator_claims_a_file_of_the_pool_from_its_page(fund: Fund) -> None:
    reference = fund.take()
    to_the_pool(fund, reference)
    browser = fund.regional()

    answer = browser.send(browser.page(f"/files/{reference}"), "/claim")

    assert answer.status_code == 303
    assert fund.task(reference).assigned_doctor_id == fund.world.regional.id


def test_a_file_that_is_not_for_me_is_not_claimed_and_i_am_told(fund: Fund) -> None:
    reference = fund.take()
    to_the_pool(fund, reference)
    with database.transaction() as session:
        session.execute(sa.delete(Competence).where(Competence.doctor_id == fund.world.regional.id))
    browser = fund.regional()

    browser.send(browser.page(f"/files/{reference}"), "/claim")

    assert fund.task(reference).assigned_doctor_id is None
    assert texts(browser.page("/queue"), "//*[@id='toasts']//span") != []


def _tasks(page: Any) -> list[UUID]:
    return page.xpath("//input[@name='task'][@form='bulk']/@value")


def test_several_files_are_put_on_hold_and_come_under_their_tab(fund: Fund) -> None:
    taken = {fund.take(external_id=f"W-{n}") for n in range(3)}
    browser = fund.doctor()
    page = browser.page("/queue")

    asked = browser.client.post(
        "/queue/bulk",
        data={
            "csrf_token": page.xpath("//form[@id='bulk']//input[@name='csrf_token']/@value"),
            "filters": "?",
            "action": "hold",
            "task": _tasks(page)[:2],
        },
    )
    form = html.fromstring(asked.text).xpath("//form[@action='/queue/hold']")[0]
    fields: dict[str, Any] = {}
    for name, value in form.form_values():
        fields.setdefault(name, []).append(value)
    early = browser.client.post("/queue/hold", data=fields | {"until": "2026-11-20"})
    done = browser.client.post("/queue/hold", data=fields | {"until": "2026-11-27"})

    assert asked.status_code == 200
    assert early.status_code == 422
    assert done.headers["location"] == "/queue?tab=todo"
    left, held = references(browser.page("/queue")), browser.page("/queue?tab=waiting")
    assert len(left) == 1
    assert {*left, *references(held)} == taken


def test_ticked_rows_of_others_are_left_out(fund: Fund) -> None:
    reference = fund.take()
    task = fund.task(reference)
    browser = fund.central()
    page = browser.page("/queue")
    token = page.xpath("//input[@name='csrf_token']/@value")[0]

    answer = browser.client.post(
        "/queue/bulk",
        data={"csrf_token": token, "filters": "?", "action": "export", "task": [str(task.id)]},
    )

    assert answer.status_code == 303  # nothing was selected


def test_an_export_is_a_table_without_formulas(fund: Fund) -> None:
    reference = fund.take(insured={
        "registration_number": "999123456", "family_name": "=Alami", "given_name": "Amina",
        "birth_date": "1975-03-02", "language": "fr",
    })  # fmt: skip
    browser = fund.doctor()
    page = browser.page("/queue")
    token = page.xpath("//input[@name='csrf_token']/@value")[0]

    answer = browser.client.post(
        "/queue/bulk",
        data={"csrf_token": token, "filters": "?", "action": "export", "everything": "1"},
    )

    heads, row = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    found = dict(zip(heads, row, strict=True))
    assert answer.headers["content-disposition"].startswith("attachment")
    assert found["Dossier"] == reference
    assert row[1].startswith("'=") or "=" not in row[1]


@pytest.mark.parametrize("path", ["/queue?doctor={doctor}"])
def test_another_doctors_queue_is_for_those_who_supervise(fund: Fund, path: str) -> None:
    address = path.format(doctor=fund.world.doctor.id)

    assert fund.central().get(address).status_code == 403
    assert fund.regional().get(address).status_code == 200
