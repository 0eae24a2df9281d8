"""The guided tour: in a demonstration, role by role, and nowhere else."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from medcontrol import db as database
from medcontrol.model import RoleGrant
from medcontrol.settings import Settings
from medcontrol.vocabulary import Role
from tests.factories import make_principal, make_user, principal_of
from tests.pages.desk import Browser, Fund, open_fund, texts
from tests.pages.people import hire, supervisor
from ui.tour import COOKIE, TOURS
from workflows.tools import Tools

NEXT = "//aside[@class='tour']//a[starts-with(@href, '/tour/')][contains(@class, 'btn')]/@href"


def change(browser: Browser, action: str) -> Any:
    token = browser.page("/me").xpath("//input[@name='csrf_token']/@value")[0]
    data = {"csrf_token": token, "action": action, "next": "/me"}
    return browser.client.post("/tour", data=data)


def visitor(fund: Fund, role: Role) -> Browser:
    """Somebody with a role where it is held; readers are doctors too."""
    regional = role in (Role.COORDINATOR, Role.SUPERVISOR)
    local = role in (Role.DOCTOR, Role.AGENT)
    unit = "MA-06" if regional else "CASA-1" if local else "MA-CENTRAL"
    doctor = hire(fund) if role in (Role.DOCTOR, Role.QUALITY_READER) else None
    with database.transaction() as session:
        user = make_user(session, role, unit, doctor)
        if role is Role.QUALITY_READER:
            also = {"user_id": user.id, "role": Role.DOCTOR, "unit_code": unit}
            session.add(RoleGrant.model_validate(also | {"valid_from": date(2020, 1, 1)}))
            session.flush()
        principal = principal_of(session, user)
    return fund.log_in(principal)


def test_each_step_of_a_role_is_a_page_that_the_role_may_open(fund: Fund) -> None:
    for role, steps in TOURS.items():
        browser = visitor(fund, role)
        for number, step in enumerate(steps, 1):
            page = browser.page(f"/tour/{number}")  # 200, whoever follows the tour
            shown = texts(page, "//aside[@class='tour']//*[@aria-current='step']")
            assert len(shown) == 1, (role, step)


def test_the_tour_goes_on_where_one_was_and_says_one_sentence_about_the_page(fund: Fund) -> None:
    browser = supervisor(fund)

    start = browser.page("/supervision")
    assert start.xpath(NEXT) == ["/tour/1"]
    opened = browser.get("/tour/1")
    assert opened.headers["location"] == "/supervision"
    page = browser.page("/supervision")
    assert "chaque chiffre ouvre sa liste" in texts(page, "//aside[@class='tour']/p")[0]
    assert page.xpath(NEXT) == ["/tour/2"]
    # Out of order is fine too; the end leads to another role.
    for number in (5, 2, 3, 4):
        browser.page(f"/tour/{number}")
    done = browser.page("/supervision")
    assert done.xpath(NEXT) == []
    assert done.xpath("//aside[@class='tour']//form/@action").count("/logout") == 1
    assert browser.get("/tour/6").status_code == 404


def test_the_tour_is_closed_opened_again_at_its_place_and_begun_anew(fund: Fund) -> None:
    browser = supervisor(fund)
    browser.get("/tour/1")

    assert change(browser, "close").headers["location"] == "/me"
    assert browser.page("/me").xpath("//aside[@class='tour']") == []
    assert change(browser, "open").status_code == 303
    assert browser.page("/me").xpath(NEXT) == ["/tour/2"]
    change(browser, "restart")
    assert browser.page("/me").xpath(NEXT) == ["/tour/1"]


def test_whatever_a_cookie_says_the_page_comes(fund: Fund) -> None:
    browser = supervisor(fund)

    for kept in ("supervisor.999", "supervisor.x1-nobody.3", "..--..", "a" * 3000):
        browser.client.cookies.set(COOKIE, kept)
        assert browser.get("/supervision").status_code == 200


def test_a_funds_own_installation_has_no_tour(
    committed: sa.Engine, tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "engine", lambda: committed)
    own = Settings(home=tmp_path, database_url=None, redis_url=None, demo=False)
    with open_fund(committed, tools, own) as fund:
        with database.transaction() as session:
            chief = make_principal(session, Role.SUPERVISOR, "MA-06")
        browser = fund.log_in(chief)

        page = browser.page("/supervision")
        assert page.xpath("//*[@class='tour'] | //form[@action='/tour']") == []
        assert browser.get("/tour/1").status_code == 404
        assert change(browser, "open").status_code == 404
