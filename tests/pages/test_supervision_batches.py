"""Many files over HTTP: moved by a worker, watched, listed, tried again, taken back."""

from datetime import timedelta
from typing import Any

import pytest
from lxml import html

from assignment.running import run_batch
from medcontrol.model import Doctor, OutboxMessage, ReassignmentBatch
from medcontrol.vocabulary import Role
from tests.pages.desk import Browser, Fund, texts
from tests.pages.people import hire, log_in, supervisor
from ui.pages.supervision import reassign as reassign_page


@pytest.fixture
def no_haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file goes to the worker, be it one."""
    monkeypatch.setattr(reassign_page, "AT_ONCE", 0)


def preview(browser: Browser, page: Any, **values: Any) -> Any:
    answer = browser.send(page, "/reassign/preview", **values)
    assert answer.status_code == 200, answer.text
    return html.fromstring(answer.text)


def all_of(browser: Browser, filters: str = "") -> Any:
    return browser.page(f"/supervision/reassign?everything=1&list=%3F{filters}")


def run(fund: Fund) -> None:
    """Do what the worker does."""
    for batch in fund.rows(ReassignmentBatch):
        run_batch(batch.id, now=lambda: fund.now)


def move(fund: Fund, browser: Browser, **values: Any) -> str:
    """Move everything; return the address of the result."""
    shown = preview(browser, all_of(browser), **values)
    answer = browser.send(shown, "/supervision/reassign")
    run(fund)
    return str(answer.headers["location"])


def test_a_worker_moves_what_the_page_only_asks_for(fund: Fund, no_haste: None) -> None:
    files = [fund.take(external_id=f"W-{n}") for n in range(3)]
    other = hire(fund)
    browser = supervisor(fund)
    shown = preview(
        browser, all_of(browser), target="doctor", doctor=str(other.id), reason="workload"
    )

    first = browser.send(shown, "/supervision/reassign").headers["location"]
    again = browser.send(shown, "/supervision/reassign").headers["location"]
    waiting = browser.page(first)
    moved_before = fund.task(files[0]).assigned_doctor_id == other.id
    run(fund)
    done = browser.page(first)

    assert (again, moved_before) == (first, False)
    assert len(fund.rows(ReassignmentBatch)) == 1
    assert [each.topic for each in fund.rows(OutboxMessage)].count("reassignment.run") == 1
    assert waiting.xpath("//progress/@value") == ["0"]
    assert waiting.xpath("//noscript/meta/@http-equiv") == ["refresh"]
    assert {fund.task(each).assigned_doctor_id for each in files} == {other.id}
    assert texts(done, "//section[@aria-labelledby='items-title']//th/a") == sorted(files)


def test_who_watches_gets_the_bar_alone_then_the_whole_page(fund: Fund, no_haste: None) -> None:
    fund.take()
    other = hire(fund)
    browser = supervisor(fund)
    shown = preview(
        browser, all_of(browser), target="doctor", doctor=str(other.id), reason="workload"
    )
    address = browser.send(shown, "/supervision/reassign").headers["location"]
    watching = {"hx-request": "true", "hx-target": "batch-progress"}

    part = browser.get(address, **watching)
    run(fund)
    end = browser.get(address, **watching)

    assert part.text.lstrip().startswith("<section")
    assert "hx-refresh" not in part.headers
    assert end.headers["hx-refresh"] == "true"


def test_a_spread_goes_to_everybody_but_one_and_is_even(fund: Fund) -> None:
    files = [fund.take(external_id=f"W-{n}") for n in range(4)]
    others = [hire(fund) for _ in range(2)]
    away = [fund.world.doctor, fund.world.regional, fund.world.central]
    browser = supervisor(fund)

    shown = preview(
        browser, all_of(browser), target="spread", reason="absence",
        without=[str(each.id) for each in away],
    )  # fmt: skip
    named = set(texts(shown, "//section[@aria-labelledby='moved-title']//td[2]"))
    browser.send(shown, "/supervision/reassign", without=[str(each.id) for each in away])

    held = [fund.task(each).assigned_doctor_id for each in files]
    assert named == {each.name for each in others}
    assert sorted(held.count(each.id) for each in others) == [2, 2]


def test_a_preview_shows_whose_load_changes_warns_and_folds_the_rest_away(fund: Fund) -> None:
    fund.take()
    holder, near = fund.world.doctor, hire(fund)
    far = [hire(fund, unit_code="RABAT-1") for _ in range(2)]
    browser = supervisor(fund, "MA-CENTRAL")
    page, away = all_of(browser), [fund.world.regional.id, fund.world.central.id, holder.id]
    wish = {"target": "spread", "reason": "workload"}

    # One file and all equally free: the near doctor gets it, though the others could.
    shown = preview(browser, page, **wish, without=[str(each) for each in away])
    away.append(near.id)
    abroad = preview(browser, page, **wish, without=[str(each) for each in away])

    loads = "//section[@aria-labelledby='loads-title']"
    warned = "//div[contains(@class, 'notice-warning')]//li"
    assert texts(shown, "//section[@aria-labelledby='moved-title']//td[2]") == [near.name]
    assert set(texts(shown, f"{loads}/div//tbody//th")) == {holder.name, near.name}
    assert set(texts(shown, f"{loads}/details//tbody//th")) == {each.name for each in far}
    assert texts(shown, f"{loads}/details/summary") == ["2 autres médecins restent comme ils sont"]
    assert not texts(shown, warned)
    assert [each.partition(":")[0].strip() for each in texts(abroad, warned)] == [
        "Médecin d’une autre région"
    ]


def test_moves_are_taken_back_within_a_quarter_of_an_hour(fund: Fund) -> None:
    files = [fund.take(external_id=f"W-{n}") for n in range(3)]
    browser = supervisor(fund)
    address = move(fund, browser, target="pool", unit="CASA-2", reason="insured_moved")
    page = browser.page(address)
    moved = {fund.file(each).agency_code for each in files}

    fund.now += timedelta(minutes=15)
    answer = browser.send(page, "/undo")
    run(fund)

    assert moved == {"CASA-2"}
    assert {fund.file(each).agency_code for each in files} == {"CASA-1"}
    assert {fund.task(each).assigned_doctor_id for each in files} == {fund.world.doctor.id}
    assert "Annulation" in browser.page(answer.headers["location"]).text_content()
    assert not browser.page(address).xpath("//form[contains(@action, '/undo')]")
    assert len(texts(browser.page("/supervision/reassignments"), "//tbody/tr")) == 2


def test_after_that_it_is_too_late(fund: Fund) -> None:
    fund.take()
    browser = supervisor(fund)
    address = move(fund, browser, target="pool", unit="CASA-2", reason="insured_moved")
    page = browser.page(address)

    fund.now += timedelta(minutes=15, seconds=1)

    assert browser.send(page, "/undo").status_code == 409
    assert not browser.page(address).xpath("//form[contains(@action, '/undo')]")


def test_what_was_refused_is_filtered_exported_and_tried_again(fund: Fund) -> None:
    files = [fund.take(external_id=f"W-{n}") for n in range(2)]
    other = hire(fund, minutes=fund.task(files[0]).points // 5 + 1)
    browser = supervisor(fund)
    address = move(fund, browser, target="doctor", doctor=str(other.id), reason="workload")
    base = address.partition("?")[0]

    refused = texts(browser.page(f"{base}?reason=capacity"), "//tbody//th/a")
    answer = browser.get(f"{base}/result.csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    page = browser.page(base)
    retried = browser.send(page, "/retry")

    assert len(refused) == 1
    assert len(lines) == 3
    assert sum("Plus de capacité" in line or "capacity:" in line for line in lines) == 1
    assert retried.status_code == 303
    assert texts(browser.page(retried.headers["location"]), "//tbody//th/a") == refused


@pytest.mark.parametrize(
    "address",
    ["/reassignments", "/absences", "/fairness", "/statements", "/levers", "/levers/load"],
)
@pytest.mark.parametrize("role", [Role.DOCTOR, Role.AGENT, Role.ANALYST])
def test_the_pages_are_for_supervisors(fund: Fund, role: Role, address: str) -> None:
    assert log_in(fund, role).get(f"/supervision{address}").status_code == 403


def test_another_supervisor_neither_sees_nor_undoes(fund: Fund) -> None:
    fund.take()
    browser = supervisor(fund)
    page = browser.page(move(fund, browser, target="pool", unit="CASA-2", reason="insured_moved"))
    far, near = supervisor(fund, "MA-04"), supervisor(fund)
    token = near.page("/supervision").xpath("//input[@name='csrf_token']/@value")[0]
    undo = page.xpath("//form[contains(@action, '/undo')]/@action")[0]

    assert far.get(undo.removesuffix("/undo")).status_code == 404
    assert near.get(undo.removesuffix("/undo")).status_code == 200
    assert near.client.post(undo, data={"csrf_token": token}).status_code == 404
    assert len(fund.rows(ReassignmentBatch)) == 1
    assert fund.rows(Doctor)
