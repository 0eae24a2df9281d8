"""Administration over HTTP: doctors, accounts, announced days, stuck messages, access log."""

from datetime import date, timedelta
from typing import Any

import pytest
from lxml import html

from medcontrol import db as database
from medcontrol.model import (
    Absence,
    AccessLog,
    AnnouncedDay,
    Availability,
    CalendarChange,
    Competence,
    Conflict,
    Doctor,
    RoleGrant,
    UserAccount,
)
from medcontrol.services.medical import log_reading
from medcontrol.services.passwords import authenticate
from medcontrol.vocabulary import Role
from tests.factories import NOW, TODAY
from tests.pages.desk import Fund, form_of, texts
from tests.pages.people import administrator, log_in, supervisor, upload

PASSWORD = "cheval-batterie-7"


def errors(page: Any) -> list[str]:
    return [each[1:] for each in page.xpath("//*[@data-first-error]//a/@href")]


ADDRESSES = {
    "/doctors": {Role.ADMINISTRATOR, Role.SUPERVISOR},
    "/doctors/new": {Role.ADMINISTRATOR},
    "/doctors/import": {Role.ADMINISTRATOR},
    "/users": {Role.ADMINISTRATOR},
    "/users/new": {Role.ADMINISTRATOR},
    "/holidays": {Role.ADMINISTRATOR, Role.REFERENCE_MANAGER},
    "/rooms": {Role.ADMINISTRATOR, Role.REFERENCE_MANAGER},
    "/outbox": {Role.ADMINISTRATOR},
    "/incidents": {Role.ADMINISTRATOR},
    "/incidents/runbook": {Role.ADMINISTRATOR},
    "/access-log": {Role.AUDITOR},
    "/quarantine": {
        Role.ADMINISTRATOR, Role.REFERENCE_MANAGER, Role.AGENT, Role.COORDINATOR,
    },
}  # fmt: skip


@pytest.mark.parametrize("role", Role)
def test_each_desk_opens_to_its_roles_and_to_nobody_else(fund: Fund, role: Role) -> None:
    browser = log_in(fund, role, "MA-CENTRAL")

    for address, roles in ADDRESSES.items():
        assert browser.get(address).status_code == (200 if role in roles else 403), address


NEW_DOCTOR = {
    "code": "D-77", "name": "Dr Nadia Berrada", "kind": "salaried", "profession": "doctor",
    "level": "local", "unit": "CASA-1",
}  # fmt: skip


def test_a_doctor_is_created_then_given_competence_hours_and_leave(fund: Fund) -> None:
    browser = administrator(fund)

    created = browser.send(browser.page("/doctors/new"), "/doctors/new", **NEW_DOCTOR)
    page = browser.page(created.headers["location"])
    doctor = next(each for each in fund.rows(Doctor) if each.code == "D-77")
    browser.send(page, "/competences", flow="ald", nature="first", valid_from="2026-11-20")
    browser.send(page, "/week", **{f"minutes-{day}": "240" for day in range(5)})
    browser.send(page, "/absences", first_day="2026-12-01", last_day="2026-12-05", reason="leave")
    browser.send(page, "/conflicts", kind="treats", subject="999123456", valid_from="2026-11-20")
    shown = browser.page("/doctors/D-77").text_content()

    assert created.status_code == 303
    mine = [each for each in fund.rows(Competence) if each.doctor_id == doctor.id]
    assert [(each.flow, each.nature) for each in mine] == [("ald", "first")]
    week = [each for each in fund.rows(Availability) if each.doctor_id == doctor.id]
    assert sorted((each.weekday, each.minutes) for each in week) == [(n, 240) for n in range(5)]
    assert [each.reason for each in fund.rows(Absence)] == ["leave"]
    assert [each.subject for each in fund.rows(Conflict)] == ["999123456"]
    assert "Congé" in shown
    assert "999123456" in shown


@pytest.mark.parametrize(
    ("values", "field"),
    [({"code": ""}, "code"), ({"name": ""}, "name"), ({"unit": ""}, "unit"),
     ({"unit": "NOWHERE"}, "unit"), ({"level": "x"}, "level"), ({"code": "a b"}, "code")],
)  # fmt: skip
def test_a_doctor_with_a_fault_is_not_saved(fund: Fund, values: dict[str, str], field: str) -> None:
    browser = administrator(fund)
    page = browser.page("/doctors/new")

    answer = browser.send(page, "/doctors/new", **{**NEW_DOCTOR, **values})

    assert answer.status_code == 422
    assert errors(html.fromstring(answer.text)) == [field]
    assert "D-77" not in {each.code for each in fund.rows(Doctor)}


def test_a_code_is_taken_once(fund: Fund) -> None:
    browser = administrator(fund)
    code = fund.world.doctor.code

    answer = browser.send(
        browser.page("/doctors/new"), "/doctors/new", **{**NEW_DOCTOR, "code": code}
    )

    assert errors(html.fromstring(answer.text)) == ["code"]


def test_who_leaves_is_no_longer_listed_unless_asked_for(fund: Fund) -> None:
    browser = administrator(fund)
    doctor = fund.world.doctor
    page = browser.page(f"/doctors/{doctor.code}")

    browser.send(page, f"/doctors/{doctor.code}", name="Dr Salma Idrissi")
    renamed = browser.page(f"/doctors/{doctor.code}")
    assert "Dr Salma Idrissi" in browser.page("/doctors").text_content()
    browser.send(renamed, f"/doctors/{doctor.code}", active=None)

    assert "Dr Salma Idrissi" not in browser.page("/doctors").text_content()
    assert "Dr Salma Idrissi" in browser.page("/doctors?gone=1").text_content()


def test_new_hours_end_the_old_ones_and_stay_on_record(fund: Fund) -> None:
    browser = administrator(fund)
    doctor = fund.world.doctor
    page = browser.page(f"/doctors/{doctor.code}")

    browser.send(page, "/week", **{f"minutes-{n}": "60" for n in range(7)}, since="2026-12-01")

    mine = [each for each in fund.rows(Availability) if each.doctor_id == doctor.id]
    assert {each.valid_to for each in mine if each.minutes == 480} == {date(2026, 11, 30)}
    assert {each.valid_from for each in mine if each.minutes == 60} == {date(2026, 12, 1)}


@pytest.mark.parametrize("minutes", ["1441", "-1", "x", "1.5", "٣"])
def test_impossible_minutes_are_refused_at_their_day(fund: Fund, minutes: str) -> None:
    browser = administrator(fund)
    page = browser.page(f"/doctors/{fund.world.doctor.code}")

    answer = browser.send(page, "/week", **{"minutes-2": minutes})

    assert errors(html.fromstring(answer.text)) == ["minutes-2"]


def test_what_ends_today_no_longer_counts_and_what_had_not_begun_is_taken_back(
    fund: Fund,
) -> None:
    browser = administrator(fund)
    code = fund.world.doctor.code
    page = browser.page(f"/doctors/{code}")
    browser.send(page, "/competences", flow="dental", valid_from="2027-01-01")
    own = [e for e in fund.rows(Competence) if e.doctor_id == fund.world.doctor.id]
    ald = next(each for each in own if each.flow == "ald")
    page = browser.page(f"/doctors/{code}")
    coming = next(each for each in fund.rows(Competence) if each.flow == "dental")

    browser.send(page, f"/competences/{ald.id}/end")
    browser.send(page, f"/competences/{coming.id}/end")

    left = {each.id: each.valid_to for each in fund.rows(Competence)}
    assert left[ald.id] == TODAY - timedelta(days=1)
    assert coming.id not in left


def test_an_absence_the_wrong_way_round_is_refused(fund: Fund) -> None:
    browser = administrator(fund)
    page = browser.page(f"/doctors/{fund.world.doctor.code}")

    answer = browser.send(
        page, "/absences", first_day="2026-12-05", last_day="2026-12-01", reason="leave"
    )

    assert errors(html.fromstring(answer.text)) == ["absences.last_day"]
    assert fund.rows(Absence) == []


def test_a_supervisor_notes_the_leave_of_own_doctors_and_nothing_else(fund: Fund) -> None:
    code = fund.world.doctor.code
    own, far = supervisor(fund), supervisor(fund, "MA-04")
    page = own.page(f"/doctors/{code}")
    leave = {"first_day": "2026-12-01", "last_day": "2026-12-05", "reason": "leave"}

    assert own.send(page, "/absences", **leave).status_code == 303
    assert [form.action for form in page.forms if "/competences" in form.action] == []
    token = {"csrf_token": form_of(page, "/absences").fields["csrf_token"]}
    refused = own.client.post(f"/doctors/{code}/competences", data={**token, "flow": "dental"})
    assert refused.status_code == 403
    assert far.get(f"/doctors/{code}").status_code == 404
    assert code not in far.page("/doctors").text_content()


CSV = "code,name,kind,profession,level,unit\nX-1,Dr Un,salaried,doctor,local,CASA-1\n"


def test_a_file_is_tried_without_saving_then_imported(fund: Fund) -> None:
    browser = administrator(fund)
    page = browser.page("/doctors/import")
    files = [("file", ("doctors.csv", CSV.encode(), "text/csv"))]

    tried = upload(browser, page, "/doctors/import", files, what="doctors", do="try")
    before = {each.code for each in fund.rows(Doctor)}
    saved = upload(browser, page, "/doctors/import", files, what="doctors", do="save")

    assert "rien n’a été enregistré" in html.fromstring(tried.text).text_content()
    assert "X-1" not in before
    assert "enregistré" in html.fromstring(saved.text).text_content()
    assert "X-1" in {each.code for each in fund.rows(Doctor)}


def test_a_trial_and_an_import_say_what_their_rows_touch(fund: Fund) -> None:
    fund.take()
    fund.take(external_id="W-2")
    browser = administrator(fund)
    page = browser.page("/doctors/import")
    text = f"doctor,flow,nature,valid_from\n{fund.world.doctor.code},ald,first,2026-12-01\n"
    files = [("file", ("c.csv", text.encode(), "text/csv"))]

    for do, title in (("try", "Ce que toucheraient ces lignes"),
                      ("save", "Ce que touchent les lignes modifiées")):  # fmt: skip
        answer = upload(browser, page, "/doctors/import", files, what="competences", do=do)
        shown = html.fromstring(answer.text)
        assert texts(shown, "//*[@id='impact-title']") == [title]
        impact = "//*[@aria-labelledby='impact-title']"
        assert texts(shown, f"{impact}//strong") == ["2", "1"]  # of ma/1: ald-first
        assert "ald-first" in texts(shown, "//p[contains(@class,'hint')]/bdi")
    again = upload(browser, page, "/doctors/import", files, what="competences", do="try")
    assert not html.fromstring(again.text).xpath("//*[@id='impact-title']")


def test_the_report_of_an_import_names_line_and_column(fund: Fund) -> None:
    browser = administrator(fund)
    bad = CSV + "X-2,Dr Deux,salaried,doctor,local,NOWHERE\n"
    files = [("file", ("doctors.csv", bad.encode(), "text/csv"))]
    page = browser.page("/doctors/import")

    answer = upload(browser, page, "/doctors/import", files, what="doctors", do="save")
    report = html.fromstring(answer.text)

    assert texts(report, "//section[@aria-labelledby='report-title']//tbody/tr/th") == ["3"]
    assert "unit" in texts(report, "//section[@aria-labelledby='report-title']//tbody//td")
    assert "X-1" not in {each.code for each in fund.rows(Doctor)}


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a,b\n1,2\n", b""])
def test_a_file_that_is_no_such_table_is_said_to_be_none(fund: Fund, content: bytes) -> None:
    browser = administrator(fund)
    page = browser.page("/doctors/import")
    files = [("file", ("x.csv", content, "text/csv"))]

    answer = upload(browser, page, "/doctors/import", files, what="doctors", do="save")

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_an_account_is_created_with_a_role_and_can_log_in(fund: Fund) -> None:
    browser = administrator(fund)
    values = {"login": "N.Alaoui", "name": "Nora Alaoui", "password": PASSWORD, "language": "ar"}

    created = browser.send(browser.page("/users/new"), "/users/new", **values)
    page = browser.page(created.headers["location"])
    browser.send(page, "/grants", role="agent", unit="CASA-2", valid_from="2026-11-20")
    with database.transaction() as session:
        user = authenticate(session, "n.alaoui", PASSWORD, now=NOW)

    assert user is not None
    assert user.language == "ar"
    granted = [each for each in fund.rows(RoleGrant) if each.user_id == user.id]
    assert [(each.role, each.unit_code) for each in granted] == [(Role.AGENT, "CASA-2")]


@pytest.mark.parametrize(
    ("values", "field"),
    [({"login": "é"}, "login"), ({"login": ""}, "login"), ({"name": ""}, "name"),
     ({"password": "short"}, "password"), ({"password": "n.alaoui-2026-x"}, "password"),
     ({"doctor_code": "NONE"}, "doctor_code")],
)  # fmt: skip
def test_an_account_with_a_fault_is_not_created(
    fund: Fund, values: dict[str, str], field: str
) -> None:
    browser = administrator(fund)
    given = {"login": "n.alaoui", "name": "Nora", "password": PASSWORD, **values}

    answer = browser.send(browser.page("/users/new"), "/users/new", **given)
    page = html.fromstring(answer.text)

    assert answer.status_code == 422
    assert errors(page) == [field]
    assert page.xpath("//input[@type='password']/@value") == []
    assert "n.alaoui" not in {each.login for each in fund.rows(UserAccount)}


def test_closing_an_account_ends_its_sessions_at_once(fund: Fund) -> None:
    browser, agent = administrator(fund), fund.agent()
    address = f"/users/{fund.world.agent.id}"
    assert agent.get("/reception/today").status_code == 200

    browser.send(browser.page(address), "/state", do="close")
    closed = agent.get("/reception/today")
    browser.send(browser.page(address), "/state", do="open")

    assert closed.headers["location"].startswith("/login")
    assert agent.get("/reception/today").status_code == 303
    assert fund.agent().get("/reception/today").status_code == 200


def test_nobody_closes_their_own_account(fund: Fund) -> None:
    browser = administrator(fund)
    me = next(each.user_id for each in fund.rows(RoleGrant) if each.role is Role.ADMINISTRATOR)

    answer = browser.send(browser.page(f"/users/{me}"), "/state", do="close")

    assert errors(html.fromstring(answer.text)) == ["state"]
    assert browser.get("/users").status_code == 200


def test_a_new_password_ends_the_logins_and_a_weak_one_is_refused(fund: Fund) -> None:
    browser, agent = administrator(fund), fund.agent()
    page = browser.page(f"/users/{fund.world.agent.id}")

    weak = browser.send(page, "/password", password="aaaaaaaaaaaaaa")
    assert agent.get("/reception/today").status_code == 200
    strong = browser.send(page, "/password", password=PASSWORD)

    assert errors(html.fromstring(weak.text)) == ["password"]
    assert strong.status_code == 303
    assert agent.get("/reception/today").status_code == 303


def test_a_role_that_ends_opens_nothing_from_then_on(fund: Fund) -> None:
    browser, agent = administrator(fund), fund.agent()
    page = browser.page(f"/users/{fund.world.agent.id}")
    held = next(e for e in fund.rows(RoleGrant) if e.user_id == fund.world.agent.id)

    browser.send(page, f"/grants/{held.id}/end")

    assert agent.get("/reception/today").status_code == 403


def test_a_role_of_another_account_is_not_ended_through_this_one(fund: Fund) -> None:
    browser = administrator(fund)
    page = browser.page(f"/users/{fund.world.agent.id}")
    token = form_of(page, "/grants").fields["csrf_token"]
    other = next(e for e in fund.rows(RoleGrant) if e.user_id != fund.world.agent.id)

    answer = browser.client.post(
        f"/users/{fund.world.agent.id}/grants/{other.id}/end", data={"csrf_token": token}
    )

    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("values", "field"),
    [({"unit": ""}, "unit"), ({"unit": "NOWHERE"}, "unit"), ({"role": "king"}, "role"),
     ({"valid_from": ""}, "valid_from"), ({"valid_to": "2020-01-01"}, "valid_to"),
     ({"valid_to": "x"}, "valid_to")],
)  # fmt: skip
def test_a_role_with_a_fault_is_not_given(fund: Fund, values: dict[str, str], field: str) -> None:
    browser = administrator(fund)
    page = browser.page(f"/users/{fund.world.agent.id}")
    given = {"role": "auditor", "unit": "CASA-1", "valid_from": "2026-11-20", **values}

    answer = browser.send(page, "/grants", **given)

    assert errors(html.fromstring(answer.text)) == [field]
    assert Role.AUDITOR not in {each.role for each in fund.rows(RoleGrant)}


def test_a_day_is_announced_and_withdrawn(fund: Fund) -> None:
    browser = administrator(fund)

    given = {"day": "2026-12-24", "name": "Jour chômé"}
    shown = browser.send(browser.page("/holidays"), "/holidays", **given)
    assert fund.rows(AnnouncedDay) == [], "what it moves is shown first"
    browser.client.post("/holidays", data=confirmation(html.fromstring(shown.text)))
    page = browser.page("/holidays")
    assert "Jour chômé" in page.text_content()
    shown = browser.send(page, "/withdraw")
    assert len(fund.rows(AnnouncedDay)) == 1
    asked = html.fromstring(shown.text)
    browser.client.post("/holidays/2026-12-24/withdraw", data=confirmation(asked))

    assert fund.rows(AnnouncedDay) == []
    assert [each.is_holiday for each in fund.rows(CalendarChange)] == [True, None]


def confirmation(page: Any) -> dict[str, str]:
    """The fields of the form that confirms a change of the calendar."""
    return dict(page.get_element_by_id("confirm-change").form_values())


def test_open_deadlines_that_a_day_moves_are_counted_by_type_before_it_is_announced(
    fund: Fund,
) -> None:
    fund.take(channel="paper", paper={"sealed_envelope": True})
    browser = administrator(fund)
    form = {"day": "2026-11-23", "name": "Aïd"}

    page = html.fromstring(browser.send(browser.page("/holidays"), "/holidays", **form).text)
    fund.take(external_id="W-2", channel="paper", paper={"sealed_envelope": True})
    late = browser.client.post("/holidays", data=confirmation(page))

    assert texts(page, "//section[@id='impact']//tbody/tr/th") == ["ALD"]
    assert texts(page, "//section[@id='impact']//tbody/tr/td")[:2] == ["1", "1"]
    assert late.status_code == 422
    assert fund.rows(AnnouncedDay) == [], "another number would move than was shown"


@pytest.mark.parametrize(
    ("values", "field"),
    [({"day": ""}, "day"), ({"name": ""}, "name"), ({"day": "1600-01-01"}, "day")],
)  # fmt: skip
def test_a_day_with_a_fault_is_not_announced(
    fund: Fund, values: dict[str, str], field: str
) -> None:
    browser = administrator(fund)
    given = {"day": "2026-12-24", "name": "Jour chômé", **values}

    answer = browser.send(browser.page("/holidays"), "/holidays", **given)

    assert errors(html.fromstring(answer.text)) == [field]


def test_the_auditor_sees_who_read_what_and_filters_it(fund: Fund) -> None:
    reference = fund.take()
    reader = fund.world.by_doctor[fund.world.doctor.id]
    log_reading(reader, fund.file(reference).id, "intake", "file_page", now=lambda: NOW)
    browser = log_in(fund, Role.AUDITOR, "MA-CENTRAL")

    rows = texts(browser.page(f"/access-log?reference={reference}"), "//tbody/tr")

    assert len(rows) == 1
    assert reference in rows[0]
    assert reader.name in rows[0]
    assert texts(browser.page(f"/access-log?who={reader.name[:6]}"), "//tbody/tr") == rows
    assert texts(browser.page("/access-log?first_day=2026-11-21"), "//tbody/tr") == []
    assert len(texts(browser.page("/access-log?last_day=2026-11-20"), "//tbody/tr")) == len(
        fund.rows(AccessLog)
    )
