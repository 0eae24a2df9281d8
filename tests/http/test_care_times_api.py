"""Times of long-term care over HTTP: by month, for those who steer, in their regions."""

import pytest

from medcontrol import db as database
from medcontrol.vocabulary import Role
from tests.care_world import make_care_world, refused
from tests.serving import API, Web

TIMES = f"{API}/care/times"


def test_times_are_told_by_month_to_those_who_steer_and_of_their_regions(web: Web) -> None:
    with database.transaction() as session:
        world = make_care_world(session, web.tools)
    with database.transaction() as world.session:
        refused(world)
    central = web.person(Role.SUPERVISOR, "LU-CENTRAL")

    told = central.get(TIMES, params={"months": 3}).json()
    elsewhere = web.person(Role.SUPERVISOR, "MA-06").get(TIMES).json()

    assert (told["first"], told["last"]) == ("2026-09-01", "2026-11-01")
    [line], [total] = told["lines"], told["totals"]
    assert (line["month"], line["flow"], line["channel"], line["files"]) == (
        "2026-11", "care_reassessment", "administration", 1,
    )  # fmt: skip
    assert (line["decision_median_days"], line["within_target_share"]) == (0, 1.0)
    assert (line["answer_median_days"], total["files"]) == (None, 1)
    assert (elsewhere["first"], elsewhere["lines"], elsewhere["totals"]) == ("2025-12-01", [], [])
    assert web.person(Role.AGENT, "LU-CENTRAL").get(TIMES).status_code == 403
    assert web.program("files:read").get(TIMES).status_code == 403
    assert web.anonymous().get(TIMES).status_code == 401


@pytest.mark.parametrize("months", ["0", "-1", "1000000", "x", "1\0"])
def test_a_number_of_months_that_can_t_be_is_named(web: Web, months: str) -> None:
    answer = web.person(Role.COORDINATOR, "MA-CENTRAL").get(TIMES, params={"months": months})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["path"] == "query/months"
