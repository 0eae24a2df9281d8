"""Logging in, out and changing the language over HTTP."""

import dataclasses

import pytest
from lxml import html

from medcontrol import db as database
from medcontrol.model import UserSession
from medcontrol.services.passwords import hash_password
from tests.pages.desk import Browser, Fund, set_password, texts
from ui.pages.doctor.login import own_path
from ui.visitors import SESSION_COOKIE

PASSWORD = "une longue phrase de passe"


@pytest.fixture
def login(fund: Fund) -> str:
    """The local doctor's login, with a password."""
    principal = fund.world.by_doctor[fund.world.doctor.id]
    with database.transaction() as session:
        set_password(session, principal.id, hash_password(PASSWORD, "login"))
        page = Browser(fund.app)
        assert page
    with database.read_only() as session:
        from medcontrol.model import UserAccount

        return session.get_one(UserAccount, principal.id).login


def test_a_page_sends_strangers_to_the_login_and_back(fund: Fund, login: str) -> None:
    reference = fund.take()
    browser = Browser(fund.app)

    away = browser.get(f"/files/{reference}?tab=request")
    page = html.fromstring(browser.get(away.headers["location"]).text)
    back = browser.send(page, "/login", login=login, password=PASSWORD)

    assert away.headers["location"] == f"/login?next=%2Ffiles%2F{reference}%3Ftab%3Drequest"
    assert back.headers["location"] == f"/files/{reference}?tab=request"
    cookie = back.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert browser.get(back.headers["location"]).status_code == 200


def test_a_wrong_password_and_an_unknown_login_get_the_same_answer(fund: Fund, login: str) -> None:
    browser = Browser(fund.app)
    answers = []
    for name in (login, "nobody"):
        page = html.fromstring(browser.get("/login").text)
        answers.append(browser.send(page, "/login", login=name, password="wrong"))

    assert [each.status_code for each in answers] == [401, 401]
    said = [texts(html.fromstring(each.text), "//*[@role='alert']") for each in answers]
    assert said[0] == said[1] != []
    assert fund.rows(UserSession) == []


def test_htmx_without_a_session_is_sent_away_as_a_whole_window(fund: Fund) -> None:
    answer = Browser(fund.app).get("/queue", **{"HX-Request": "true", "HX-Target": "queue-list"})

    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/login?next=%2Fqueue"


def test_logging_out_ends_the_session_on_the_server(fund: Fund) -> None:
    browser = fund.doctor()
    token = browser.client.cookies[SESSION_COOKIE]

    browser.send(browser.page("/queue"), "/logout")
    again = Browser(fund.app)
    again.client.cookies.set(SESSION_COOKIE, token)

    assert again.get("/queue").status_code == 303


def test_a_session_ends_by_itself(fund: Fund) -> None:
    from datetime import timedelta

    browser = fund.doctor()
    fund.now += timedelta(hours=11)

    assert browser.get("/queue").headers["location"] == "/login?next=%2Fqueue"


def test_a_form_without_the_token_or_from_elsewhere_is_refused(fund: Fund) -> None:
    reference = fund.take()
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}")

    no_token = browser.send(page, "/hold", csrf_token="", until="2026-11-27", reason="other")
    elsewhere = browser.send(
        page, "/hold", {"sec-fetch-site": "cross-site"}, until="2026-11-27", reason="other"
    )

    assert (no_token.status_code, elsewhere.status_code) == (403, 403)
    assert fund.task(reference).held_until is None


def test_a_login_from_another_site_is_refused(fund: Fund, login: str) -> None:
    answer = Browser(fund.app).client.post(
        "/login",
        data={"login": login, "password": PASSWORD},
        headers={"origin": "https://evil.example"},
    )

    assert answer.status_code == 403


def test_demo_accounts_open_by_one_click_and_only_in_a_demonstration(fund: Fund) -> None:
    browser = Browser(fund.app)
    page = html.fromstring(browser.get("/login").text)
    logins = page.xpath("//form[@action='/login/demo']//button/@value")
    opened = browser.send(page, "/login/demo", login=logins[0])

    assert len(logins) == 4  # doctor, coordinator, central doctor, agent
    assert opened.headers["location"] == "/"
    assert browser.get("/").headers["location"] == "/queue"

    site = fund.app.state.site
    real = site.settings.model_copy(update={"demo": False})
    fund.app.state.site = dataclasses.replace(site, settings=real)
    assert browser.send(page, "/login/demo", login=logins[0]).status_code == 404
    assert "login/demo" not in browser.get("/login").text


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("en", "ltr"), ("fr", "ltr")])
def test_language_is_kept_and_arabic_runs_from_right_to_left(
    fund: Fund, language: str, direction: str
) -> None:
    browser = fund.doctor()
    page = browser.page("/queue?tab=waiting")

    answer = browser.send(
        page,
        "/language",
        {"referer": "http://testserver/queue?tab=waiting"},
        language=language,
        next="/queue",
    )

    assert answer.headers["location"] == "/queue?tab=waiting"
    again = browser.page("/queue")
    assert (again.get("lang"), again.get("dir")) == (language, direction)


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"],
)
def test_an_address_elsewhere_is_never_gone_to(address: str) -> None:
    assert own_path(address) == "/"


def test_settings_are_kept_and_a_wrong_password_changes_nothing(fund: Fund, login: str) -> None:
    browser = fund.doctor()
    page = browser.page("/me")

    kept = browser.send(page, "/me/preferences", language="ar", theme="dark", shortcuts=None)
    again = browser.page("/me")
    refused = browser.send(again, "/me/password", old="wrong", new=PASSWORD * 2, again=PASSWORD * 2)
    changed = browser.send(again, "/me/password", old=PASSWORD, new=PASSWORD * 2,
                           again=PASSWORD * 2)  # fmt: skip

    assert kept.status_code == 303
    assert (again.get("lang"), again.get("data-theme")) == ("ar", "dark")
    assert again.get("data-shortcuts") == "off"
    assert refused.status_code == 422
    assert changed.status_code == 303
    assert browser.get("/me").status_code == 200


def test_a_doctor_announces_an_absence_with_its_days_in_order(fund: Fund) -> None:
    browser = fund.doctor()
    page = browser.page("/me")
    days = {"first_day": "2026-12-01", "reason": "leave"}

    wrong = browser.send(page, "/me/absences", **days, last_day="2026-11-30")
    right = browser.send(page, "/me/absences", **days, last_day="2026-12-04")

    assert (wrong.status_code, right.status_code) == (422, 303)
    assert len(texts(browser.page("/me"), "//ul[@class='absence-list']/li")) == 1
