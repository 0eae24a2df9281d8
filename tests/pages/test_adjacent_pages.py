"""The secretary's desk, the expert's, and opinions asked of me, over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from medcontrol import db as database
from medcontrol.model import (
    Appeal,
    ControlFile,
    Expert,
    ExpertMission,
    ExternalRecourse,
    HumanTask,
    JournalEntry,
    OpinionRequest,
)
from medcontrol.policy import Principal
from medcontrol.services.users import principal_for
from medcontrol.vocabulary import ControlLevel, Role
from tests.factories import make_doctor, make_principal, make_user
from tests.flow_world import FLOWS
from tests.pages.desk import Browser, Fund, texts
from tests.pages.people import administrator, log_in
from workflows.commands import CompleteStep, complete_step
from workflows.tools import Tools


def end(fund: Fund, reference: str, who: Principal, outcome: str, **more: Any) -> None:
    task = fund.task(reference)
    command = CompleteStep(task_id=task.id, expected_version=None, outcome=outcome, **more)
    with database.transaction() as session:
        complete_step(session, fund.tools, command, principal=who, now=fund.now)


def refused(fund: Fund) -> str:
    reference = fund.take()
    doctor = fund.world.by_doctor[fund.world.doctor.id]
    end(fund, reference, doctor, "refused_medical", motive_code="med.not_justified")
    fund.now += timedelta(hours=1)
    return reference


def secretary(fund: Fund) -> Browser:
    return log_in(fund, Role.APPEALS_SECRETARY, "MA-06")


def register(fund: Fund, browser: Browser, **more: Any) -> str:
    reference = refused(fund)
    page = browser.page(f"/appeals/new?file={reference}")
    answer = browser.send(page, "/appeals", reasons="Mon état s’est aggravé.", **more)
    assert answer.status_code == 303, texts(page, "//*[@role='alert']")
    return str(answer.headers["location"]).removeprefix("/appeals/")


def regional(fund: Fund) -> Principal:
    return fund.world.by_doctor[fund.world.regional.id]


def an_expert(fund: Fund) -> tuple[Expert, Browser]:
    with database.transaction() as session:
        user = make_user(session, Role.EXPERT, "MA-CENTRAL")
        expert = Expert(
            code="E1", name="Pr Karim Bennis", specialty="cardiology", list_kind="court",
            user_id=user.id,
        )  # fmt: skip
        session.add(expert)
        session.flush()
        who = principal_for(session, user, fund.now.date())
        session.expunge(expert)
    return expert, fund.log_in(who)


def test_an_appeal_is_found_registered_admitted_and_stands_in_the_list(fund: Fund) -> None:
    browser = secretary(fund)
    reference = refused(fund)
    found = browser.page("/appeals?q=999123456")
    assert reference in " ".join(texts(found, "//tbody//th"))
    page = browser.page(f"/appeals/new?file={reference}")
    wrong = browser.send(page, "/appeals", reasons="")
    assert wrong.status_code == 422
    answer = browser.send(page, "/appeals", reasons="Mon état s’est aggravé.")
    address = answer.headers["location"]
    page = browser.page(address)
    assert "Intact" in page.text_content() or "intact" in page.text_content()
    without = browser.send(page, "/step", outcome="admissible")
    assert without.status_code == 422
    assert browser.send(page, "/step", outcome="admissible", standing="1").status_code == 303

    assert address.removeprefix("/appeals/") in " ".join(texts(browser.page("/appeals"), "//th"))
    assert fund.task(address.removeprefix("/appeals/")).kind == "counter_examination"
    assert "aggravé" not in browser.page(address).text_content()


@pytest.mark.parametrize("role", [Role.AGENT, Role.DOCTOR, Role.EXPERT, Role.ANALYST])
def test_the_secretarys_desk_is_for_the_secretary_and_who_oversees(fund: Fund, role: Role) -> None:
    browser = log_in(fund, role)
    for address in ("/appeals", "/appeals/new?file=X"):
        assert browser.get(address).status_code == 403


def test_a_hearing_names_three_doctors_none_of_whom_took_part(fund: Fund) -> None:
    browser = secretary(fund)
    reference = register(fund, browser)
    page = browser.page(f"/appeals/{reference}")
    browser.send(page, "/step", outcome="admissible", standing="1")
    end(fund, reference, regional(fund), "to_commission")
    with database.transaction() as session:
        three = [
            make_doctor(session, flows=FLOWS, level=ControlLevel.REGIONAL, unit_code="MA-04")
            for _ in range(3)
        ]
        ids = [str(each.id) for each in three]
    page = browser.page(f"/appeals/{reference}")
    barred = page.xpath("//select[@name='chair']/option[@disabled]/@value")
    assert {str(fund.world.doctor.id), str(fund.world.regional.id)} <= set(barred)
    day = str((fund.now + timedelta(days=20)).date())
    form = {
        "version": fund.file(reference).version, "day": day, "hour": "09:30", "place": "Salle 4",
        "csrf_token": page.xpath("//input[@name='csrf_token']/@value")[0],
    }  # fmt: skip
    address = f"/appeals/{reference}/step"
    early = browser.client.post(
        address, data=form | {"chair": ids[0], "member": ids[1:], "day": str(fund.now.date())}
    )
    assert early.status_code == 422
    two = browser.client.post(address, data=form | {"chair": ids[0], "member": [ids[1]]})
    assert two.status_code == 422
    author = browser.client.post(
        address,
        data=form | {"chair": str(fund.world.doctor.id), "member": ids[1:]},
    )
    assert author.status_code == 422
    good = browser.client.post(address, data=form | {"chair": ids[0], "member": ids[1:]})
    assert good.status_code == 303, good.text
    seats = texts(
        browser.page(f"/appeals/{reference}"), "//section[.//h2[@id='members-title']]//th"
    )
    assert len([each for each in seats if each.startswith("Dr Test")]) == 3

    page = browser.page(f"/appeals/{reference}")
    assert browser.send(page, "/observations", text="J’ai de nouveaux examens.").status_code == 303
    assert fund.task(reference).kind == "commission"


def expertise(fund: Fund) -> str:
    browser = secretary(fund)
    reference = register(fund, browser)
    browser.send(browser.page(f"/appeals/{reference}"), "/step", outcome="admissible", standing="1")
    end(fund, reference, regional(fund), "expertise")
    with database.read_only() as session:
        found = select(ControlFile.reference).where(ControlFile.flow == "expertise")
        return session.exec(found).one()


def test_an_expert_is_named_reports_and_sees_nothing_any_more(fund: Fund) -> None:
    reference = expertise(fund)
    expert, expert_browser = an_expert(fund)
    doctor = fund.regional()
    page = doctor.page(f"/expertises/{reference}/naming")
    wrong = doctor.send(page, "/naming", expert=str(expert.id), questions=" ")
    assert wrong.status_code == 422
    answer = doctor.send(
        page, "/naming", expert=str(expert.id), questions="Première ?\nSeconde ?", give_up=None
    )
    assert answer.status_code == 303, answer.text
    mission = fund.rows(ExpertMission)[0]

    listed = expert_browser.page("/missions")
    assert reference in listed.text_content()
    page = expert_browser.page(f"/missions/{mission.id}")
    assert texts(page, "//ol[@class='questions']/li") == ["Première ?", "Seconde ?"]
    for closed in (f"/files/{reference}", "/queue", "/appeals", "/experts"):
        assert expert_browser.get(closed).status_code in (403, 404), closed
    assert "Alami" not in expert_browser.page(f"/search?q={reference}").text_content()
    incomplete = expert_browser.send(page, "/report", report="Examen…")
    assert incomplete.status_code == 422
    assert "Examen…" in incomplete.text
    done = expert_browser.send(page, "/report", report="Examen…", conclusions="Oui aux deux.")
    assert done.status_code == 303
    assert expert_browser.get(f"/missions/{mission.id}").status_code == 404


def test_an_expert_who_declines_says_why(fund: Fund) -> None:
    reference = expertise(fund)
    expert, browser = an_expert(fund)
    doctor = fund.regional()
    doctor.send(
        doctor.page(f"/expertises/{reference}/naming"), "/naming", expert=str(expert.id),
        questions="Première ?", give_up=None,
    )  # fmt: skip
    mission = fund.rows(ExpertMission)[0]
    page = browser.page(f"/missions/{mission.id}")
    assert browser.send(page, "/decline", note="").status_code == 422
    assert browser.send(page, "/decline", note="Lien familial.").status_code == 303
    assert fund.task(reference).kind == "expert_naming"


def test_an_opinion_is_written_read_answered_and_taken_back(fund: Fund, tools: Tools) -> None:
    browser = secretary(fund)
    reference = register(fund, browser)
    browser.send(browser.page(f"/appeals/{reference}"), "/step", outcome="admissible", standing="1")
    end(fund, reference, regional(fund), "ask_opinion")
    with database.transaction() as session:
        far = make_doctor(session, flows=FLOWS, level=ControlLevel.REGIONAL, unit_code="MA-04")
        asked = make_principal(session, Role.DOCTOR, "MA-04", far)
        far_id = far.id
    request = fund.rows(OpinionRequest)[0]
    doctor = fund.regional()
    assert reference in doctor.page("/opinions").text_content()
    page = doctor.page(f"/opinions/{request.id}/write")
    barred = page.xpath("//select[@id='whom']//option[@disabled]/@value")
    assert f"doctor:{fund.world.doctor.id}" in barred
    assert doctor.send(page, "/write", question="Une question ?", whom="").status_code == 422
    sent = doctor.send(
        page, "/write", question="Une question ?", whom=f"doctor:{far_id}", is_pseudonymised="1"
    )
    assert sent.status_code == 303, sent.text

    other = fund.log_in(asked)
    page = other.page(f"/opinions/{request.id}")
    assert "Une question ?" in page.text_content()
    assert "Alami" not in page.text_content()
    assert other.get(f"/files/{reference}").status_code == 404
    assert other.send(page, "/answer", opinion="  ").status_code == 422
    assert other.send(page, "/answer", opinion="Oui.").status_code == 303
    assert other.get(f"/opinions/{request.id}").status_code == 404
    assert fund.task(reference).signals == ["opinion_received"]


def test_a_supervisor_sees_the_late_opinions_of_the_region_and_takes_one_back(fund: Fund) -> None:
    test_an_opinion = secretary(fund)
    reference = register(fund, test_an_opinion)
    test_an_opinion.send(
        test_an_opinion.page(f"/appeals/{reference}"), "/step", outcome="admissible", standing="1"
    )
    from workflows.linked.opinion_asks import OpinionAsk

    with database.transaction() as session:
        far = make_doctor(session, flows=FLOWS, level=ControlLevel.REGIONAL, unit_code="MA-04")
        far_id = far.id
    opinion = OpinionAsk(question="Oui ?", doctor_id=far_id)
    end(fund, reference, regional(fund), "ask_opinion", opinion=opinion)
    boss = log_in(fund, Role.SUPERVISOR, "MA-06")
    fund.now += timedelta(days=15, hours=1)
    boss = log_in(fund, Role.SUPERVISOR, "MA-06")
    fund.now += timedelta(days=1)
    boss = log_in(fund, Role.SUPERVISOR, "MA-06")
    page = boss.page("/opinions")
    assert reference in " ".join(texts(page, "//section[.//h2[@id='late-title']]//th"))
    assert boss.send(page, "/revoke").status_code == 303
    elsewhere = log_in(fund, Role.SUPERVISOR, "RABAT-1")
    assert reference not in elsewhere.page("/opinions").text_content()


def test_an_administrator_keeps_the_list_of_experts_with_ties_and_statement(fund: Fund) -> None:
    browser = administrator(fund)
    with database.transaction() as session:
        login = make_user(session, Role.EXPERT, "MA-CENTRAL").login
        other = make_user(session, Role.DOCTOR).login
    page = browser.page("/experts")
    values = {"code": "E7", "name": "Pr Bennis", "specialty": "cardiology", "on_file": "750,00"}
    assert browser.send(page, "/experts", **values, login=other).status_code == 422
    assert browser.send(page, "/experts", **(values | {"on_file": "cher"})).status_code == 422
    answer = browser.send(page, "/experts", **values, login=login)
    assert answer.status_code == 303, answer.text
    assert fund.rows(Expert)[0].on_file_cents == 75_000
    sheet = browser.page(answer.headers["location"])
    tie = {"kind": "treats", "subject": "999123456"}
    assert browser.send(sheet, "/conflicts", **tie).status_code == 303
    sheet = browser.page(answer.headers["location"])
    assert "999123456" in sheet.text_content()
    assert browser.send(sheet, "/end").status_code == 303
    for role in (Role.AGENT, Role.DOCTOR, Role.EXPERT):
        assert log_in(fund, role).get("/experts").status_code == 403
    reader = log_in(fund, Role.SUPERVISOR)
    assert not reader.page("/experts").xpath("//form[@action='/experts']")


def test_nothing_of_another_is_found_by_its_number(fund: Fund) -> None:
    browser = an_expert(fund)[1]
    nowhere = "00000000-0000-7000-8000-000000000000"
    for address in ("/missions/", "/opinions/"):
        assert browser.get(address + nowhere).status_code == 404
    assert browser.get("/missions/not-an-id").status_code == 404
    assert fund.rows(Appeal) == fund.rows(HumanTask) == []


def test_an_agent_puts_the_fee_on_the_statement(fund: Fund) -> None:
    reference = expertise(fund)
    expert, browser = an_expert(fund)
    doctor = fund.regional()
    doctor.send(
        doctor.page(f"/expertises/{reference}/naming"), "/naming", expert=str(expert.id),
        questions="Première ?", give_up=None,
    )  # fmt: skip
    mission = fund.rows(ExpertMission)[0]
    page = browser.page(f"/missions/{mission.id}")
    browser.send(page, "/report", report="Examen…", conclusions="Oui.")
    agent = fund.agent()
    page = agent.page(f"/reception/tasks/{fund.task(reference).id}")
    assert "600,00" in page.text_content()
    assert agent.send(page, "/fee", outcome="owed").status_code == 303
    assert fund.file(reference).outcome == "concluded"
    sheet = administrator(fund).page(f"/experts/{expert.id}")
    assert "600,00" in sheet.text_content()
    assert reference in sheet.text_content()


def test_a_doctor_maintains_and_votes_in_the_panel_of_the_file(fund: Fund) -> None:
    browser = secretary(fund)
    reference = register(fund, browser)
    browser.send(browser.page(f"/appeals/{reference}"), "/step", outcome="admissible", standing="1")
    doctor = fund.regional()
    page = doctor.page(f"/files/{reference}")
    motives = page.xpath("//select[@name='motive']/option/@value")
    assert "med.appeal_grounded" in motives
    sent = doctor.send(
        page, "/opinion", outcome="maintained", motive="med.appeal_grounded", reasoning="Revu."
    )
    assert sent.status_code == 303, texts(html_of(sent), "//*[@role='alert']")
    assert fund.file(reference).status == "awaiting_observations"


def html_of(answer: Any) -> Any:
    from lxml import html

    return html.fromstring(answer.text)


def test_a_recourse_outside_the_fund_is_recorded_with_its_outcome(fund: Fund) -> None:
    browser = secretary(fund)
    reference = register(fund, browser)
    with database.read_only() as session:
        appeal = session.exec(select(ControlFile).where(ControlFile.reference == reference)).one()
    admit = {"outcome": "admissible", "standing": "1"}
    browser.send(browser.page(f"/appeals/{reference}"), f"/appeals/{reference}/step", **admit)
    end(fund, reference, regional(fund), "overturned")
    page = browser.page(f"/appeals/{reference}")
    today = fund.now.date().isoformat()

    wrong = browser.send(page, f"/appeals/{reference}/recourses", body="anam")
    assert wrong.status_code == 422
    filed = {"body": "anam", "recourse_filed_on": today, "case_number": "A-12/26"}
    assert browser.send(page, f"/appeals/{reference}/recourses", **filed).status_code == 303
    again = browser.send(page, f"/appeals/{reference}/recourses", **filed)
    assert again.status_code == 422
    with database.read_only() as session:
        row = session.exec(select(ExternalRecourse)).one()
    page = browser.page(f"/appeals/{reference}")
    assert "A-12/26" in " ".join(texts(page, "//section[@aria-labelledby='recourses-title']"))
    settled = {"recourse_outcome": "partly_overturned", "decided_on": today}
    target = f"/appeals/{reference}/recourses/{row.id}"
    assert browser.send(page, target, **settled).status_code == 303
    with database.read_only() as session:
        row = session.exec(select(ExternalRecourse)).one()
        told = select(JournalEntry.action).where(JournalEntry.control_file_id == appeal.id)
        actions = set(session.exec(told))
    assert (row.outcome, row.decided_on) == ("partly_overturned", fund.now.date())
    assert {"recourse.recorded", "recourse.settled"} <= actions
