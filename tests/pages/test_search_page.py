"""The search page over HTTP: what it understands, what it finds, what it exports."""

import csv
import io
from typing import Any

import pytest

from medcontrol.vocabulary import Role
from tests.pages.desk import AMBULATORY, Fund, texts
from tests.pages.people import log_in, supervisor


def references(page: Any) -> set[str]:
    return set(texts(page, "//tr[@data-row]//th//bdi[@class='code']"))


def exported(answer: Any) -> set[str]:
    rows = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    return {row["reference"] for row in rows}


def test_an_empty_search_asks_for_a_criterion(fund: Fund) -> None:
    fund.take()

    page = supervisor(fund).page("/search")

    assert references(page) == set()
    assert "au moins un critère" in page.text_content()


@pytest.mark.parametrize(
    ("q", "name"),
    [("999123456", "registration_number"), ("999 123 456", "registration_number"),
     ("alami", "name"), ("العلمي amina", "name"), ("ald-2026-", "reference"),
     ("BK12345", "national_id"), ("ZZ-900001", "provider")],
)  # fmt: skip
def test_the_field_of_the_top_bar_is_understood(fund: Fund, q: str, name: str) -> None:
    page = supervisor(fund).page(f"/search?q={q}")

    filled = {each.get("name") for each in page.xpath("//main//input[@value!='']")}
    assert name in filled - {"urgent"}


def test_a_whole_file_number_opens_the_file(fund: Fund) -> None:
    reference = fund.take()

    answer = supervisor(fund).get(f"/search?q={reference.lower()}")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/files/{reference}")


def provided(number: str) -> dict[str, Any]:
    """Members of a message whose care came from a provider of this number."""
    provider = {"id": number, "name": "Clinique Atlas", "kind": "clinic"}
    return AMBULATORY | {"provider": provider}


def test_a_number_is_a_providers_when_no_file_of_an_insured_person_has_it(fund: Fund) -> None:
    reference = fund.take(external_id="W-2", **provided("999200069"))

    found = supervisor(fund).page("/search?q=999200069")
    hidden = supervisor(fund, "MA-04").page("/search?q=999200069")

    assert references(found) == {reference}
    assert found.xpath("//input[@id='provider']/@value") == ["999200069"]
    assert references(hidden) == set()
    assert hidden.xpath("//input[@id='registration_number']/@value") == ["999200069"]


def years(page: Any) -> list[tuple[str, list[str]]]:
    """Return the line of years: each year with its files, the open ones with a star."""
    found = []
    for year in page.xpath("//li[@class='timeline-year']"):
        files = year.xpath(".//li[contains(@class, 'timeline-file')]")
        found.append((year.findtext(".//bdi"), [
            each.xpath("./a/@href")[0].removeprefix("/files/")
            + ("*" if "is-open" in each.get("class") else "") for each in files
        ]))  # fmt: skip
    return found


def test_all_files_of_one_person_that_one_may_see_stand_on_a_line_of_years(fund: Fund) -> None:
    ald = fund.take()
    doctor = fund.doctor()
    doctor.send(doctor.page(f"/files/{ald}"), "/opinion", outcome="granted", reasoning="Suivi.")
    old = fund.take(external_id="W-2", received_at="2025-12-30T09:00:00+01:00", **AMBULATORY)
    other = {"registration_number": "999123457", "family_name": "Alami", "given_name": "Omar",
             "birth_date": "1980-01-01"}  # fmt: skip
    away = fund.take(external_id="W-3", agency="RABAT-1", **AMBULATORY)
    browser = supervisor(fund)
    expected = [("2025", [f"{old}*"]), ("2026", [ald])]

    assert years(browser.page("/search?q=999123456")) == expected
    assert years(browser.page("/search?name=alami&flow=ald")) == expected
    everything = log_in(fund, Role.SUPERVISOR, "MA-CENTRAL").page("/search?q=999123456")
    assert years(everything)[1] == ("2026", [ald, f"{away}*"])
    fund.take(external_id="W-4", insured=other, **AMBULATORY)
    assert years(browser.page("/search?name=alami")) == []
    assert years(browser.page("/search?q=999123457")) == []


def test_criteria_narrow_together_and_the_export_holds_the_same_files(fund: Fund) -> None:
    ald = fund.take()
    fund.take(external_id="W-2", **AMBULATORY)
    browser = supervisor(fund)

    found = browser.page("/search?name=ala&flow=ald&received_from=2026-11-01")
    link = found.xpath("//a[contains(@href, 'export.csv')]/@href")[0]

    assert references(found) == {ald}
    assert exported(browser.get(link)) == {ald}
    assert references(browser.page("/search?name=alami")) > {ald}
    assert references(browser.page("/search?name=alami&received_to=2026-11-01")) == set()


@pytest.mark.parametrize(
    ("role", "unit", "sees"),
    [(Role.SUPERVISOR, "MA-04", False), (Role.AGENT, "CASA-1", True),
     (Role.AGENT, "RABAT-1", False), (Role.ADMINISTRATOR, "MA-CENTRAL", False)],
)  # fmt: skip
def test_only_what_the_policy_shows_is_found_and_exported(
    fund: Fund, role: Role, unit: str, sees: bool
) -> None:
    reference = fund.take()
    browser = log_in(fund, role, unit)
    expected = {reference} if sees else set()

    assert references(browser.page("/search?name=alami")) == expected
    assert exported(browser.get("/search/export.csv?name=alami")) == expected


@pytest.mark.parametrize(
    "query", ["received_from=2026-02-31", "due_from=2026-02-01&due_to=2026-01-01"]
)
def test_a_day_that_can_not_be_is_named_at_its_field(fund: Fund, query: str) -> None:
    answer = supervisor(fund).get(f"/search?{query}")

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.parametrize("query", ["name=%00", "status=x&lane=y", "after=zzz&name=a", "flow=%ff"])
def test_nonsense_gives_no_fault_of_ours(fund: Fund, query: str) -> None:
    browser = supervisor(fund)

    assert browser.get(f"/search?{query}").status_code in (200, 422)
    assert browser.get(f"/search/export.csv?{query}").status_code in (200, 422)
