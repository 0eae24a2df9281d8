"""Periodic controls on a supervisor's screen: forecast, list, postponement, a right's history."""

import csv
import io
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lxml import html
from sqlmodel import select

from medcontrol import db as database
from medcontrol.model import Entitlement
from medcontrol.vocabulary import Role
from tests.integration.test_reviews_to_come import A_DAY, MONDAY, coming
from tests.pages.desk import Browser, Fund, texts
from tests.pages.people import log_in, supervisor

PERIODIC = "/supervision/periodic"


def fill(count: int = 3, **changes: Any) -> None:
    with database.transaction() as session:
        for n in range(count):
            coming(session, **{"number": f"ETM-2021-{n:07d}", **changes})


def numbers(page: Any) -> list[str]:
    return texts(page, "//tbody//th//bdi[@class='code']")


def opening(number: str) -> Any:
    with database.read_only() as session:
        found = select(Entitlement.opens_on).where(Entitlement.number == number)
        return session.exec(found).one()


@pytest.mark.parametrize("address", ["", "/rights", "/forecast.csv", "/postponements"])
def test_only_those_who_steer_a_unit_look_ahead(fund: Fund, address: str) -> None:
    browser = log_in(fund, Role.AGENT)

    assert browser.get(PERIODIC + address).status_code == 403


def test_the_forecast_shows_months_as_spread_and_as_planned_and_as_csv(fund: Fund) -> None:
    fill(A_DAY + 10)
    browser = supervisor(fund)

    page = browser.page(f"{PERIODIC}?flow=ald")
    rows = list(csv.DictReader(io.StringIO(browser.get(f"{PERIODIC}/forecast.csv").text[1:])))

    figures = texts(page, "//section[@class='stats']//strong")
    assert figures == [str(A_DAY + 10), str(A_DAY + 10), str(A_DAY)]
    assert texts(page, "//tbody/tr/th") == ["Casablanca 1"]
    assert len(rows) == 12
    assert {row["unit"] for row in rows} == {"CASA-1"}
    (month,) = (row for row in rows if int(row["planned"]))
    assert (month["month"], month["planned"], month["spread"]) == (
        f"{MONDAY:%Y-%m}", str(A_DAY + 10), str(A_DAY + 10),
    )  # fmt: skip
    assert page.xpath("//*[local-name()='rect' and @class='chart-room']")


def test_what_is_planned_on_days_off_counts_for_the_next_working_day(fund: Fund) -> None:
    saturday, sunday = MONDAY + timedelta(days=5), MONDAY + timedelta(days=6)
    fill(3, day=saturday)
    fill(1, day=sunday, number="ETM-2021-0000009")
    fill(1, day=MONDAY + timedelta(days=8), number="ETM-2021-0000010")  # after a public holiday
    browser = supervisor(fund)

    page = browser.page(f"{PERIODIC}?flow=ald")

    # All four of the weekend open on the Friday before; left alone they would wait until Tuesday.
    assert texts(page, "//section[@class='stats']//strong") == ["5", "5", "4"]
    assert "stat-good" in html.tostring(page).decode()


def test_ticked_reviews_are_previewed_postponed_and_taken_back(fund: Fund) -> None:
    fill(2)
    fill(1, number="ETM-2021-0000009", valid_to=MONDAY + timedelta(days=3))
    browser = supervisor(fund)
    page = browser.page(f"{PERIODIC}/rights?flow=ald")
    ids = [each.get("value") for each in page.xpath("//input[@name='right']")]

    asked = browser.page(browser.send(page, "/choose", right=ids).headers["location"])
    filled = {"days": "8", "reason": "absence", "note": "Congrès"}
    preview = browser.send(asked, "/preview", **filled)
    shown = browser_page(preview)
    untouched = opening("ETM-2021-0000000")
    done = browser.client.post(
        f"{PERIODIC}/postpone", data=dict(shown.forms[-1].form_values()) | filled
    )
    result = browser.page(done.headers["location"])

    assert len(ids) == 3
    assert "s’ouvriraient plus tard" in preview.text
    assert untouched == MONDAY
    assert opening("ETM-2021-0000000") == MONDAY + timedelta(days=8)
    assert opening("ETM-2021-0000009") == MONDAY
    assert numbers(result) == ["ETM-2021-0000000", "ETM-2021-0000001", "ETM-2021-0000009"]
    assert "dernier jour du droit" in result.text_content()

    browser.send(result, "/undo")
    assert opening("ETM-2021-0000000") == MONDAY
    assert texts(browser.page(f"{PERIODIC}/postponements"), "//tbody/tr/td[6]") != ["–"]


def browser_page(answer: Any) -> Any:
    assert answer.status_code == 200, answer.text
    return html.fromstring(answer.text)


def test_all_results_of_a_filter_are_postponed_without_sending_their_ids(fund: Fund) -> None:
    fill(60)
    fill(1, number="OTHER-UNIT", agency_code="RABAT-1")
    browser = supervisor(fund)
    page = browser.page(f"{PERIODIC}/rights?flow=ald&size=25")

    asked = browser.page(browser.send(page, "/choose", everything="1").headers["location"])
    preview = browser_page(browser.send(asked, "/preview", days="1", reason="workload"))

    assert texts(asked, "//h1") == ["Reporter 60 révisions"]
    assert texts(preview, "//section[@class='stats']//strong") == ["60", "0"]


def test_what_is_missing_is_said_at_its_field_and_nothing_moves(fund: Fund) -> None:
    fill(1)
    browser = supervisor(fund)
    page = browser.page(f"{PERIODIC}/rights")
    ids = [each.get("value") for each in page.xpath("//input[@name='right']")]
    asked = browser.page(browser.send(page, "/choose", right=ids).headers["location"])

    answer = browser.send(asked, "/preview", days="0", reason="other")

    assert answer.status_code == 422
    assert 'id="days-error"' in answer.text
    assert 'id="note-error"' in answer.text
    assert opening("ETM-2021-0000000") == MONDAY


@pytest.mark.parametrize(
    ("role", "unit", "status"),
    [
        (Role.AGENT, "CASA-1", 200),
        (Role.SUPERVISOR, "MA-06", 200),
        (Role.AGENT, "RABAT-1", 404),
        (Role.DOCTOR, "CASA-1", 404),  # no file of the right was ever theirs
        (Role.ADMINISTRATOR, "MA-CENTRAL", 403),
    ],
)
def test_a_rights_page_is_for_its_unit(fund: Fund, role: Role, unit: str, status: int) -> None:
    fill(1)

    assert log_in(fund, role, unit).get("/rights/ETM-2021-0000000").status_code == status


def test_a_rights_history_tells_grant_review_and_files(fund: Fund) -> None:
    reference = fund.take()
    with database.transaction() as session:
        fund.world.session = session
        file = fund.world.file(cast("Any", SimpleNamespace(reference=reference)))
        fund.world.walk(file, "granted")
        number = session.exec(select(Entitlement.number)).one()
    browser: Browser = fund.agent()

    page = browser.page(f"/rights/{number}")

    assert texts(page, "//table[1]/tbody/tr/td[1]")[0] == f"Droit accordé {reference}"
    assert numbers(page)[-1] == reference
    assert "ma-ald-09" in page.text_content()
    assert "Diabète" not in page.text_content()
