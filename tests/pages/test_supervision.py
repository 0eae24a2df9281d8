"""A supervisor's desk over HTTP: figures, lists, a doctor's queue, reassignment."""

import csv
import io
from datetime import timedelta
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from lxml import html

from medcontrol import db as database
from medcontrol.model import HumanTask, JournalEntry
from medcontrol.queries.supervision import DueBucket, TaskFilters
from medcontrol.queries.supervision_loading import load_board
from medcontrol.queries.supervision_tasks import load_tasks
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import Role, TaskStatus
from tests.factories import NOW, make_principal
from tests.pages.desk import AMBULATORY, Browser, Fund, texts
from tests.pages.people import hire, log_in, supervisor


def references(page: Any) -> list[str]:
    return texts(page, "//tr[@data-row]//th//bdi[@class='code']")


def numbers(page: Any) -> dict[str, str]:
    """The figures at the top by their words."""
    pairs = page.xpath("//*[contains(@class, 'stat') and ./strong]")
    return {each.xpath("string(span)"): each.xpath("string(strong)") for each in pairs}


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.AGENT, Role.ADMINISTRATOR, Role.AUDITOR])
@pytest.mark.parametrize("address", ["", "/tasks", "/reassign?task=1"])
def test_the_desk_is_for_supervisors_only(fund: Fund, role: Role, address: str) -> None:
    assert log_in(fund, role).get(f"/supervision{address}").status_code == 403


def test_nobody_gets_in_without_a_session(fund: Fund) -> None:
    answer = Browser(fund.app).get("/supervision/tasks?unit=CASA-1")

    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fsupervision%2Ftasks%3Funit%3DCASA-1"


def test_the_board_counts_what_its_lists_show(fund: Fund) -> None:
    for n in range(3):
        fund.take(external_id=f"W-{n}")
    fund.take(external_id="W-9", **AMBULATORY)
    browser = supervisor(fund)

    page = browser.page("/supervision")

    assert numbers(page)["en cours"] == "4"
    assert texts(page, "//table[contains(@class,'matrix')]/tbody/tr/th") == ["Casablanca 1"]
    for link in page.xpath("//table[contains(@class,'matrix')]/tbody//td/a"):
        assert str(len(references(browser.page(link.get("href"))))) == link.text_content().strip()


def test_every_cell_of_the_matrix_is_its_filtered_list(fund: Fund) -> None:
    for n in range(4):
        fund.take(external_id=f"W-{n}")
    with database.transaction() as session:
        principal = make_principal(session, Role.SUPERVISOR, "MA-CENTRAL")
    with database.read_only() as session:
        calendar = working_calendar(session, "ma")
        board = load_board(session, principal, unit="", now=NOW, calendar=calendar)
        for row in board.matrix:
            for bucket in DueBucket:
                found = load_tasks(
                    session, principal, TaskFilters(unit=row.unit.code, bucket=(bucket,)),
                    now=NOW, calendar=calendar,
                )  # fmt: skip
                assert found.paging.total == row.files.get(bucket, 0)

    assert sum(sum(row.files.values()) for row in board.matrix) == 4


def test_a_supervisor_sees_nothing_of_another_region(fund: Fund) -> None:
    reference = fund.take()
    browser = supervisor(fund, "MA-04")

    assert numbers(browser.page("/supervision"))["en cours"] == "0"
    assert references(browser.page("/supervision/tasks?unit=CASA-1")) == []
    task = fund.task(reference)
    answer = browser.get(f"/supervision/reassign?task={task.id}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/supervision")


def test_doctors_elsewhere_stand_apart_and_only_with_files_of_the_unit(fund: Fund) -> None:
    reference = fund.take()
    far, idle = hire(fund, unit_code="MA-04"), hire(fund, unit_code="MA-04")
    with database.transaction() as session:
        session.get_one(HumanTask, fund.task(reference).id).assigned_doctor_id = far.id

    page = supervisor(fund).page("/supervision")

    others = texts(page, "//details[@id='others']//tbody//th//a")
    own = texts(page, "//tbody//th[@class='col-doctor'][not(ancestor::details)]//a")
    assert others == [far.name]
    assert fund.world.doctor.name in own
    assert {far.name, idle.name}.isdisjoint(own)
    assert texts(page, "//h2[@id='doctors-title']/bdi") == [str(len(own))]


def test_a_doctors_queue_is_shown_in_the_doctors_order(fund: Fund) -> None:
    for n in range(5):
        fund.take(external_id=f"W-{n}", urgent=n == 3)
    own = references(fund.doctor().page("/queue"))

    page = supervisor(fund).page(f"/supervision/doctors/{fund.world.doctor.id}")

    assert references(page) == own
    assert len(own) == 5
    assert "rien ne peut être décidé" in page.text_content().lower()


def test_a_doctor_that_does_not_exist_is_not_found(fund: Fund) -> None:
    missing = "01940000-0000-7000-8000-000000000000"

    assert supervisor(fund).get(f"/supervision/doctors/{missing}").status_code == 404
    assert supervisor(fund).get("/supervision/doctors/nonsense").status_code == 404


def test_an_unknown_cursor_is_refused_and_unknown_filters_are_left_out(fund: Fund) -> None:
    browser = supervisor(fund)

    assert browser.get("/supervision/tasks?after=zzz").status_code == 422
    assert browser.get("/supervision/tasks?bucket=x&lane=x&sort=x&size=x&flow=%00").is_success


def choose(browser: Browser, *tasks: Any, **more: str) -> Any:
    query = "&".join(f"task={task.id}" for task in tasks)
    more_query = "".join(f"&{name}={value}" for name, value in more.items())
    return browser.page(f"/supervision/reassign?{query}{more_query}")


def test_files_are_moved_to_a_doctor_after_a_preview_that_changes_nothing(fund: Fund) -> None:
    first, second = fund.take(external_id="W-1"), fund.take(external_id="W-2")
    other = hire(fund)
    browser = supervisor(fund)
    page = choose(browser, fund.task(first), fund.task(second))

    answer = browser.send(
        page, "/reassign/preview", target="doctor", doctor=str(other.id), reason="absence"
    )
    preview = html.fromstring(answer.text)

    assert answer.status_code == 200
    assert fund.task(first).assigned_doctor_id == fund.world.doctor.id
    loads = texts(preview, "//section[@aria-labelledby='loads-title']//td[@class='col-number']")
    points = 2 * fund.task(first).points
    assert sorted(loads) == [f"+{points}", f"-{points}"]

    done = browser.send(preview, "/supervision/reassign")
    result = browser.page(done.headers["location"])

    assert done.status_code == 303
    assert [fund.task(each).assigned_doctor_id for each in (first, second)] == [other.id] * 2
    assert numbers(result) == {f"déplacés vers {other.name}": "2", "refusés": "0"}
    reasons = {
        each.facts for each in fund.rows(JournalEntry) if each.action == "assignment.changed"
    }
    assert len(reasons) == 2
    assert all('"reason":"absence"' in each for each in reasons)


def test_a_refused_file_stays_and_says_why(fund: Fund) -> None:
    ald, ambulatory = fund.take(), fund.take(external_id="W-2", **AMBULATORY)
    other = hire(fund, flows=("ald",))
    browser = supervisor(fund)
    page = choose(browser, fund.task(ald), fund.task(ambulatory))
    answer = browser.send(
        page, "/reassign/preview", target="doctor", doctor=str(other.id), reason="workload"
    )
    done = browser.send(html.fromstring(answer.text), "/supervision/reassign")
    result = browser.page(done.headers["location"])

    assert fund.task(ald).assigned_doctor_id == other.id
    assert fund.task(ambulatory).assigned_doctor_id == fund.world.doctor.id
    row = texts(result, "//section[@aria-labelledby='items-title']//tbody/tr[1]/*")
    why = "Pas compétent pour ce type de dossier"
    assert row == [ambulatory, "Resté", fund.world.doctor.name, "", why]


def test_files_are_moved_to_the_pool_of_an_agency(fund: Fund) -> None:
    reference = fund.take()
    browser = supervisor(fund)
    answer = browser.send(
        choose(browser, fund.task(reference)), "/reassign/preview",
        target="pool", unit="CASA-2", reason="insured_moved",
    )  # fmt: skip
    browser.send(html.fromstring(answer.text), "/supervision/reassign")

    file = fund.file(reference)
    assert (file.agency_code, file.assigned_doctor_id) == ("CASA-2", None)
    assert references(browser.page("/supervision/tasks?state=pool&unit=CASA-2")) == [reference]


def test_all_results_of_a_list_are_taken_and_kept_as_they_were_previewed(fund: Fund) -> None:
    taken = {fund.take(external_id=f"W-{n}") for n in range(3)}
    other = hire(fund)
    browser = supervisor(fund)
    page = browser.page("/supervision/reassign?everything=1&list=%3Fflow%3Dald")
    fund.now += timedelta(minutes=1)
    later = fund.take(external_id="W-9")
    answer = browser.send(
        page, "/reassign/preview", target="doctor", doctor=str(other.id), reason="workload"
    )
    done = browser.send(html.fromstring(answer.text), "/supervision/reassign")
    result = browser.page(done.headers["location"])

    assert set(texts(result, "//section[@aria-labelledby='items-title']//th/a")) == taken
    assert {fund.task(each).assigned_doctor_id for each in taken} == {other.id}
    assert later not in result.text_content()


def test_what_is_missing_is_said_at_its_field_and_what_was_chosen_is_kept(fund: Fund) -> None:
    browser = supervisor(fund)
    page = choose(browser, fund.task(fund.take()))

    answer = browser.send(page, "/reassign/preview", target="doctor", reason="other")
    found = html.fromstring(answer.text)

    assert answer.status_code == 422
    assert found.xpath("//*[@data-first-error]//a/@href") == ["#doctor", "#note"]
    assert found.xpath("//textarea[@id='note']/@aria-invalid") == ["true"]
    assert found.xpath("//select[@id='reason']/option[@selected]/@value") == ["other"]


def test_the_selection_of_somebody_else_is_none(fund: Fund) -> None:
    reference = fund.take()
    other = hire(fund)
    page = choose(supervisor(fund), fund.task(reference))
    theirs = page.xpath("//input[@name='selection']/@value")[0]
    browser = supervisor(fund, "MA-04")
    own = choose(browser, fund.task(fund.take(external_id="W-2", agency="RABAT-1")))

    values = {"target": "doctor", "doctor": str(other.id), "reason": "workload"}
    answer = browser.send(own, "/reassign/preview", selection=theirs, **values)

    assert answer.status_code == 409
    assert browser.get(f"/supervision/reassign?selection={theirs}").status_code == 409
    assert fund.task(reference).assigned_doctor_id == fund.world.doctor.id


def test_a_selection_is_forgotten_after_an_hour(fund: Fund) -> None:
    browser = supervisor(fund)
    page = choose(browser, fund.task(fund.take()))
    fund.now += timedelta(hours=1, seconds=1)

    answer = browser.send(page, "/reassign/preview", target="pool", unit="CASA-2", reason="absence")

    assert answer.status_code == 409
    assert "trop ancienne" in answer.text


def test_a_target_out_of_reach_is_not_found(fund: Fund) -> None:
    far = hire(fund, unit_code="RABAT-1")
    browser = supervisor(fund)
    page = choose(browser, fund.task(fund.take()))

    for target in ({"doctor": str(far.id)}, {"target": "pool", "unit": "RABAT-1"}):
        values = {"target": "doctor", "reason": "workload", **target}
        assert browser.send(page, "/reassign/preview", **values).status_code == 404


def test_a_form_without_our_token_moves_nothing(fund: Fund) -> None:
    reference = fund.take()
    other = hire(fund)
    browser = supervisor(fund)
    page = choose(browser, fund.task(reference))
    values = {"target": "doctor", "doctor": str(other.id), "reason": "workload"}

    assert browser.send(page, "/reassign/preview", csrf_token="no", **values).status_code == 403
    elsewhere = {"sec-fetch-site": "cross-site"}
    answer = browser.send(page, "/reassign/preview", headers=elsewhere, **values)
    assert answer.status_code == 403


def test_the_transfer_button_of_a_file_leads_to_the_choice(fund: Fund) -> None:
    reference = fund.take()
    page = choose(supervisor(fund), fund.task(reference), back=f"/files/{reference}")

    assert texts(page, "//details//bdi[@class='code']") == [reference]
    assert f"/files/{reference}" in page.xpath("//a/@href")


def test_a_doctor_without_competence_is_offered_last_with_the_reason(fund: Fund) -> None:
    other = hire(fund, flows=("sick_leave",))
    page = choose(supervisor(fund), fund.task(fund.take()))

    rows = texts(page, "//div[@id='doctor']//tbody/tr")
    last = {row[: len(other.name)]: row for row in rows[-2:]}
    assert "Pas compétent" in last[other.name]
    assert "Y est déjà" in last[fund.world.doctor.name]


def test_coordinators_supervise_their_region_too(fund: Fund) -> None:
    reference = fund.take()

    assert references(fund.regional().page("/supervision/tasks")) == [reference]


def test_tasks_without_a_doctor_are_counted_by_the_constraint_that_was_left(fund: Fund) -> None:
    reference = fund.take(
        external_id="W-7",
        flow="dental",
        nature="authorisation",
        lines=[{"no": 1, "act": "C1", "quantity": "1", "amount": "10.00"}],
        amount="10.00",
        currency="MAD",
        control={"required": True},
        form=None,
        prescriber={"id": "P-1"},
    )
    browser = supervisor(fund)
    page = browser.page("/supervision")

    assert numbers(page)["non affectables"] == "1"
    link = page.xpath("//ul[@class='reason-list']//a")[0]
    assert link.text_content() == "Autre profession requise"
    assert references(browser.page(link.get("href"))) == [reference]
    assert references(browser.page("/supervision/tasks?state=unassignable")) == [reference]


def test_the_board_says_what_will_be_late_and_leads_to_it(fund: Fund) -> None:
    start = fund.now
    fund.now = start - timedelta(days=28)  # twenty working days before are measured
    done = fund.take(external_id="W-0")
    with database.transaction() as session:
        task = session.get_one(HumanTask, fund.task(done).id)
        task.status, task.done_at, task.points = TaskStatus.DONE, fund.now, 20
    fund.now = start
    slow = [fund.take(external_id=f"W-{n}") for n in (1, 2)]
    with database.transaction() as session:
        for reference in slow:
            task = session.get_one(HumanTask, fund.task(reference).id)
            task.due_at, task.points = start + timedelta(days=3), 1000
    browser = supervisor(fund)

    page = browser.page("/supervision")

    (link,) = page.xpath("//table[contains(@class,'matrix')]/tbody//a[contains(@href,'breach')]")
    assert link.text_content().strip() == "2"
    assert sorted(references(browser.page(link.get("href")))) == slow
    listed = browser.page(link.get("href"))
    assert "En retard sous 7 jours" in texts(listed, "//*[@class='chip']")[0]


def exported(browser: Browser, query: str = "") -> list[dict[str, str]]:
    content = browser.get(f"/supervision/export/csv{query}").content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content)))


def test_the_boards_figures_leave_as_files_with_what_each_means(fund: Fund) -> None:
    for n in range(3):
        fund.take(external_id=f"W-{n}")
    browser = supervisor(fund)

    lines = exported(browser)
    due = {each["Échéance"]: each["Valeur"] for each in lines
           if each["Indicateur"] == "En cours par échéance"}  # fmt: skip
    page = browser.page("/supervision")
    cells = texts(page, "//table[contains(@class,'matrix')]/tbody/tr[1]/td")

    assert list(due.values()) == cells[:5]
    held = {each["Médecin"]: each["Valeur"] for each in lines if each["Indicateur"] == "En cours"}
    assert held[fund.world.doctor.name] == "3"
    assert all(each["Définition"] and each["Unité"] for each in lines)
    book = openpyxl.load_workbook(io.BytesIO(browser.get("/supervision/export/xlsx").content))
    table = pq.read_table(io.BytesIO(browser.get("/supervision/export/parquet").content))
    assert book.worksheets[0].max_row - 1 == table.num_rows == len(lines)
    assert book.worksheets[1].max_row == 16
    assert browser.get("/supervision/export/exe").status_code == 404


def test_an_export_holds_what_its_page_shows_to_that_person(fund: Fund) -> None:
    fund.take()

    elsewhere = exported(supervisor(fund, "MA-04"))

    assert not [each for each in elsewhere if each["Indicateur"] == "En cours par échéance"]
    assert fund.world.doctor.name not in {each["Médecin"] for each in elsewhere}
    assert exported(supervisor(fund), "?unit=RABAT-1") == []
    for role in (Role.DOCTOR, Role.AGENT, Role.ADMINISTRATOR, Role.AUDITOR):
        assert log_in(fund, role).get("/supervision/export/csv").status_code == 403
