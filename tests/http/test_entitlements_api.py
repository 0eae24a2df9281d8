"""What the paying system gets of granted rights: every change once, in order, nothing medical."""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol import db as database
from medcontrol.model import Entitlement
from medcontrol.vocabulary import EntitlementStatus, Role
from tests.factories import TODAY
from tests.integration.test_periodic import make_right
from tests.serving import API, Web

ADDRESS = f"{API}/entitlements"
WHOLE_FUND = "MA-CENTRAL"


@pytest.fixture
def rights(web: Web) -> list[Entitlement]:
    assert web.app
    with database.transaction() as session:
        return [make_right(session, "ald", number=f"ETM-2026-{n:07d}") for n in range(7)]


def pages(caller: Any, size: int, after: int = 0) -> Iterator[list[dict[str, Any]]]:
    while True:
        answer = caller.get(ADDRESS, params={"after": after, "size": size}).json()
        yield answer["rights"]
        if not answer["has_more"]:
            return
        after = answer["next"]


def change(number: str, **values: Any) -> None:
    with database.transaction() as session:
        session.execute(
            sa.update(Entitlement).where(col(Entitlement.number) == number).values(**values)
        )


@pytest.mark.usefixtures("rights")
def test_pages_neither_skip_nor_repeat_a_right_that_stands_still_while_others_change(
    web: Web,
) -> None:
    caller = web.program("entitlements:read", unit=WHOLE_FUND)
    seen: list[dict[str, Any]] = []

    for page in pages(caller, size=2):
        if not seen:  # after the first page: one that was read, and one that was not yet
            change(page[0]["number"], valid_to=TODAY + timedelta(days=900))
            change("ETM-2026-0000006", status=EntitlementStatus.ENDED)
        seen += page

    numbers = [each["number"] for each in seen]
    changed = seen[0]["number"]
    assert sorted(set(numbers)) == [f"ETM-2026-{n:07d}" for n in range(7)]
    assert {number for number in numbers if numbers.count(number) > 1} == {changed}
    assert numbers[-1] in (changed, "ETM-2026-0000006")
    assert [each for each in seen if each["number"] == changed][-1]["valid_to"] == str(
        TODAY + timedelta(days=900)
    )
    assert [each["change"] for each in seen] == sorted(each["change"] for each in seen)


def test_what_commits_late_comes_later_and_is_not_lost(
    web: Web, rights: list[Entitlement], committed: sa.Engine
) -> None:
    """A long transaction holds a row while others are read past it."""
    caller = web.program("entitlements:read", unit=WHOLE_FUND)
    held = rights[3].number
    (before,) = pages(caller, 100)
    with Session(committed) as slow:
        slow.execute(sa.text("UPDATE entitlement SET right_code = 'ma-ald-39'"
                             " WHERE number = :n"), {"n": held})  # fmt: skip
        change(rights[5].number, valid_to=TODAY)
        (first,) = pages(caller, 100, after=before[-1]["change"])
        slow.commit()
    (second,) = pages(caller, 100, after=first[-1]["change"])

    assert [each["number"] for each in first] == [rights[5].number]
    assert [(each["number"], each["rate_class"]) for each in second] == [(held, "alc")]


def test_an_export_holds_code_rate_and_days_and_nothing_else_that_is_medical(
    web: Web, rights: list[Entitlement]
) -> None:
    change(rights[0].number, right_code="ma-ald-17")
    caller = web.program("entitlements:read", unit=WHOLE_FUND)

    found = {each["number"]: each for each in next(pages(caller, 100))}

    assert found[rights[0].number] | {"change": 0} == {
        "change": 0, "number": rights[0].number, "flow": "ald", "code": "ma-ald-17",
        "rate_class": "alc", "rate": 10_000, "registration_number": "999123456",
        "relation": None, "beneficiary_birth_date": None,
        "valid_from": str(TODAY - timedelta(days=300)), "valid_to": str(TODAY + timedelta(days=60)),
        "open_until": str(TODAY + timedelta(days=60)), "suspended_on": None, "resumed_on": None,
        "status": "active", "is_annulled": False,
    }  # fmt: skip
    assert found[rights[1].number]["rate_class"] == "ald"
    assert found[rights[1].number]["rate"] == 9_500


@pytest.mark.parametrize(
    ("since", "open_until"),
    [(TODAY - timedelta(days=5), None), (TODAY + timedelta(days=61), TODAY + timedelta(days=60))],
)
def test_a_right_is_open_while_a_timely_review_is_pending_and_only_then(
    web: Web, rights: list[Entitlement], since: date, open_until: date | None
) -> None:
    change(rights[0].number, status=EntitlementStatus.UNDER_REVIEW, review_since=since)
    caller = web.program("entitlements:read", unit=WHOLE_FUND)

    found = {each["number"]: each for each in next(pages(caller, 100))}

    assert found[rights[0].number]["open_until"] == (open_until and str(open_until))
    assert found[rights[0].number]["valid_to"] == str(TODAY + timedelta(days=60))


@pytest.mark.usefixtures("rights")
def test_csv_and_ndjson_say_the_same_and_where_to_go_on(web: Web) -> None:
    caller = web.program("entitlements:read", unit=WHOLE_FUND)
    as_json = caller.get(ADDRESS, params={"size": 3}).json()

    as_csv = caller.get(ADDRESS, params={"size": 3, "format": "csv"})
    lines = caller.get(ADDRESS, params={"size": 3, "format": "ndjson"})

    rows = list(csv.DictReader(io.StringIO(as_csv.text)))
    numbers = [each["number"] for each in as_json["rights"]]
    assert [row["number"] for row in rows] == numbers
    assert [line.split(b'"number":"')[1][:16].decode() for line in lines.content.splitlines()] == (
        numbers
    )
    assert as_csv.headers["next-after"] == lines.headers["next-after"] == str(as_json["next"])
    assert as_csv.headers["has-more"] == "true"


def test_a_program_sees_the_rights_of_its_units_and_people_see_none_here(
    web: Web, rights: list[Entitlement]
) -> None:
    change(rights[0].number, agency_code="RABAT-1")
    region = web.program("entitlements:read", unit="MA-06", name="casa")
    agency = web.program("entitlements:read", unit="RABAT-1", name="rabat")

    assert len(next(pages(region, 100))) == 6
    assert [each["number"] for each in next(pages(agency, 100))] == [rights[0].number]
    assert web.program("files:read", name="other").get(ADDRESS).status_code == 403
    assert web.person(Role.SUPERVISOR, "MA-CENTRAL").get(ADDRESS).status_code == 403
