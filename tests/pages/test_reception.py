"""The reception desk over HTTP: registering, completeness, appointments, pieces that arrive."""

from datetime import timedelta
from typing import Any

import orjson
import pytest
from lxml import html

from medcontrol import db as database
from medcontrol.crypto import bind
from medcontrol.model import (
    Appointment,
    CompletionRequest,
    ControlFile,
    Document,
    Letter,
    QuarantinedMessage,
    ReceivedFile,
)
from medcontrol.vocabulary import ControlFileStatus, Role
from tests.pages.desk import Browser, Fund, texts
from tests.pages.people import log_in, upload
from ui.pages.reception.messages import as_decimal, as_quantity

PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
FORM = "/reception/new?flow=ald&nature=renewal"
PERSON = {
    "insured.registration_number": "999123456",
    "insured.family_name": "Alami",
    "insured.given_name": "Amina",
    "insured.birth_date": "1975-03-02",
    "paper.location": "Armoire 3",
    "paper.slip": "B-12",
}
NEW = "/reception/new"


def errors(page: Any) -> list[str]:
    """The fields that the summary of faults points at."""
    return [each[1:] for each in page.xpath("//*[@data-first-error]//a/@href")]


def register(browser: Browser, address: str = FORM, **values: Any) -> Any:
    return browser.send(browser.page(address), NEW, **{**PERSON, **values})


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.SUPERVISOR, Role.ADMINISTRATOR])
@pytest.mark.parametrize("address", ["today", "new"])
def test_the_counter_is_for_agents(fund: Fund, role: Role, address: str) -> None:
    assert log_in(fund, role).get(f"/reception/{address}").status_code == 403


def test_every_open_type_of_file_can_be_chosen(fund: Fund) -> None:
    links = fund.agent().page(NEW).xpath("//main//p[@class='choice-links']/a/@href")

    assert FORM in links
    assert not [each for each in links if "a_posteriori" in each or "fluctuation" in each]
    for each in links:
        assert fund.agent().get(each).status_code == 200


def test_a_paper_file_is_registered_and_goes_through_the_gate(fund: Fund) -> None:
    browser = fund.agent()

    answer = register(browser)
    page = browser.page(answer.headers["location"])
    received = fund.rows(ReceivedFile)

    assert answer.status_code == 303
    assert [(each.source, each.channel, each.flow) for each in received] == [
        ("counter:CASA-1", "paper", "ald")
    ]
    assert received[0].external_id in page.text_content()
    assert received[0].external_id in browser.page("/reception/today").text_content()


def test_the_same_form_sent_twice_registers_once(fund: Fund) -> None:
    browser = fund.agent()
    page = browser.page(FORM)

    first = browser.send(page, NEW, **PERSON)
    fund.now += timedelta(minutes=5)
    second = browser.send(page, NEW, **PERSON)

    assert first.headers["location"] == second.headers["location"]
    assert len(fund.rows(ReceivedFile)) == 1
    assert fund.rows(QuarantinedMessage) == []


def test_other_content_under_the_same_number_gets_a_new_number(fund: Fund) -> None:
    browser = fund.agent()
    page = browser.page(FORM)
    browser.send(page, NEW, **PERSON)

    answer = browser.send(page, NEW, **{**PERSON, "insured.given_name": "Samira"})
    found = html.fromstring(answer.text)
    again = browser.send(found, NEW)

    assert answer.status_code == 422
    assert errors(found) == ["external_id"]
    assert again.status_code == 303
    assert sorted(each.given_name for each in fund.rows(ReceivedFile)) == ["Amina", "Samira"]


def test_faults_are_shown_at_their_fields_and_nothing_typed_is_lost(fund: Fund) -> None:
    browser = fund.agent()
    typed = {
        "insured.registration_number": "12AB",
        "insured.birth_date": "2030-01-01",
        "insured.family_name": "",
        "paper.pages": "many",
        "deposited_on": "2025-01-01",
        "insured.address": '3, rue <des> "Tanneurs"',
    }

    answer = register(browser, **typed)
    page = html.fromstring(answer.text)

    assert answer.status_code == 422
    assert set(errors(page)) == {
        "insured.registration_number", "insured.family_name", "insured.birth_date",
        "paper.pages", "deposited_on",
    }  # fmt: skip
    for name, value in typed.items():
        assert page.xpath(f"//*[@name='{name}']/@value") == [value]
    for name in errors(page):
        control = page.xpath(f"//*[@id='{name}']")[0]
        assert control.get("aria-invalid") == "true"
        assert page.xpath(f"//*[@id='{control.get('aria-describedby').split()[-1]}']")
    assert fund.rows(ReceivedFile) == fund.rows(QuarantinedMessage) == []


def test_lines_are_numbered_summed_and_faults_named_by_their_row(fund: Fund) -> None:
    browser = fund.agent()
    address = "/reception/new?flow=dental&nature=reimbursement"
    lines = {
        "lines.0.act": "D10", "lines.0.amount": "1 234,5", "lines.0.tooth": "11",
        "lines.2.act": "D20", "lines.2.amount": "abc", "lines.2.tooth": "99",
    }  # fmt: skip

    page = html.fromstring(register(browser, address, **lines).text)
    fixed = {"lines.2.amount": "10", "lines.2.tooth": "21", "lines.2.quantity": "1,5"}
    answer = browser.send(page, NEW, **fixed)

    assert set(errors(page)) == {"lines.2.amount", "lines.2.tooth"}
    assert answer.status_code == 303, errors(html.fromstring(answer.text))
    received = fund.rows(ReceivedFile)[0]
    assert received.amount_cents == 124450
    assert [(each["no"], each["quantity"]) for each in received.details["lines"]] == [
        (1, "1"), (2, "1.5"),
    ]  # fmt: skip


def test_a_total_that_is_not_the_sum_is_refused_at_the_total(fund: Fund) -> None:
    address = "/reception/new?flow=ambulatory&nature=reimbursement"
    lines = {"lines.0.act": "C2", "lines.0.amount": "150", "amount": "151"}

    assert errors(html.fromstring(register(fund.agent(), address, **lines).text)) == ["amount"]


def test_more_lines_keep_what_was_typed(fund: Fund) -> None:
    browser = fund.agent()
    address = "/reception/new?flow=dental&nature=reimbursement"

    page = html.fromstring(register(browser, address, do="more", **{"lines.3.act": "D4"}).text)

    assert page.xpath("//*[@name='lines.3.act']/@value") == ["D4"]
    assert page.xpath("//*[@name='lines.8.act']")
    assert errors(page) == []


def test_a_beneficiary_is_sent_only_when_somebody_else_is_meant(fund: Fund) -> None:
    browser = fund.agent()
    child = {
        "beneficiary.relation": "child", "beneficiary.family_name": "Alami",
        "beneficiary.given_name": "Sami", "beneficiary.birth_date": "2015-01-01",
    }  # fmt: skip

    assert register(browser, **child).status_code == 303
    assert errors(html.fromstring(register(browser, **{"beneficiary.relation": "child"}).text))
    assert fund.rows(ReceivedFile)[0].beneficiary_given_name == "Sami"


def test_a_document_survives_a_fault_elsewhere_and_is_stored_with_the_file(fund: Fund) -> None:
    browser = fund.agent()
    page = browser.page(FORM)
    files = [("piece-identity", ("cnie.pdf", PDF, "application/pdf"))]
    wrong = {**PERSON, "insured.birth_date": ""}

    first = html.fromstring(upload(browser, page, NEW, files, **wrong).text)
    answer = browser.send(first, NEW, **{"insured.birth_date": "1975-03-02"})

    assert errors(first) == ["insured.birth_date"]
    assert "cnie.pdf" in first.text_content()
    assert answer.status_code == 303
    document = fund.rows(Document)[0]
    assert (document.kind, document.title, document.is_stored) == ("identity", "cnie.pdf", True)
    assert document.media_type == "application/pdf"
    assert fund.tools.documents.get(document.sha256) == PDF


def test_a_document_of_a_medical_piece_is_kept_medical(fund: Fund) -> None:
    browser = fund.agent()
    files = [("piece-exams", ("bilan.pdf", PDF, "application/pdf"))]

    upload(browser, browser.page(FORM), NEW, files, **PERSON)

    assert fund.rows(Document)[0].document_class == "medical"


def test_nobody_can_ask_for_a_stored_document_by_its_fingerprint(fund: Fund) -> None:
    browser, other = fund.agent(), log_in(fund, Role.AGENT)
    files = [("piece-identity", ("cnie.pdf", PDF, "application/pdf"))]
    wrong = {**PERSON, "insured.birth_date": ""}
    page = html.fromstring(upload(browser, browser.page(FORM), NEW, files, **wrong).text)
    sealed = page.xpath("//input[@name='kept']/@value")[0]

    for forged in (sealed, sealed[:-4] + "AAAA", "x", "é"):
        answer = other.send(other.page(FORM), NEW, **{**PERSON, "kept": forged})
        assert answer.status_code == 303

    assert fund.rows(Document) == []


def test_an_empty_document_is_refused_at_its_field(fund: Fund) -> None:
    browser = fund.agent()
    files = [("piece-identity", ("cnie.pdf", b"", "application/pdf"))]

    page = html.fromstring(upload(browser, browser.page(FORM), NEW, files, **PERSON).text)

    assert errors(page) == ["documents"]


def test_an_agent_registers_at_their_own_counter_only(fund: Fund) -> None:
    assert register(fund.agent(), agency="RABAT-1").status_code == 403
    regional = log_in(fund, Role.AGENT, "MA-06")
    assert register(regional, agency="CASA-2").status_code == 303
    assert fund.rows(ReceivedFile)[0].agency_code == "CASA-2"


def test_a_file_of_another_counter_is_not_found(fund: Fund) -> None:
    address = register(fund.agent()).headers["location"]

    assert log_in(fund, Role.AGENT, "RABAT-1").get(address).status_code == 404


def test_an_earlier_day_of_deposit_starts_the_clocks(fund: Fund) -> None:
    register(fund.agent(), deposited_on="2026-11-16")

    assert fund.rows(ReceivedFile)[0].received_at.isoformat() == "2026-11-16T11:00:00+00:00"


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("1 234,5", "1234.50"), ("12", "12.00"), ("1e5", "1e5"), ("-3", "-3"), ("1.234", "1.234"),
     ("9" * 400, "9" * 400), ("٣", "٣")],
)  # fmt: skip
def test_amounts_are_read_as_people_type_them_and_never_guessed(typed: str, sent: str) -> None:
    assert as_decimal(typed) == sent
    assert as_quantity("") == "1"


def to_check(fund: Fund) -> str:
    """Take in a file whose completeness the agent has to check."""
    return fund.take(form=None, external_id="K-1")


def test_the_list_of_the_day_leads_to_what_is_to_be_done(fund: Fund) -> None:
    reference = to_check(fund)
    browser = fund.agent()

    page = browser.page("/reception/today")

    assert f"/reception/files/{reference}" in page.xpath("//a/@href")
    assert browser.page(f"/reception/files/{reference}").xpath(
        "//form[contains(@action, 'completeness')]"
    )


def test_the_button_of_the_file_page_leads_to_the_checklist(fund: Fund) -> None:
    reference = to_check(fund)
    browser = fund.agent()
    links = browser.page(f"/files/{reference}").xpath("//a[contains(@href, '/reception/')]/@href")
    task = next(each for each in links if "/tasks/" in each)

    assert browser.get(task).headers["location"] == f"/reception/files/{reference}"
    assert log_in(fund, Role.AGENT, "RABAT-1").get(task).status_code == 404


def test_a_complete_file_goes_to_the_doctor(fund: Fund) -> None:
    reference = to_check(fund)
    browser = fund.agent()
    page = browser.page(f"/reception/files/{reference}")

    answer = browser.send(
        page, "/completeness", outcome="complete", rights_open="1", identity_checked="1"
    )

    assert answer.status_code == 303
    assert fund.file(reference).status is ControlFileStatus.AWAITING_CONTROL
    assert fund.task(reference).assigned_doctor_id == fund.world.doctor.id


def ask_for_pieces(fund: Fund, browser: Browser, reference: str) -> Any:
    return browser.send(
        browser.page(f"/reception/files/{reference}"), "/completeness", outcome="incomplete",
        **{"piece.form": "missing", "note.form": "Signée", "piece.identity": "incorrect",
           "piece.exams": "present", "piece.confidential_envelope": "present",
           "piece.prescription": "present", "piece.hospital_report": "present"},
    )  # fmt: skip


def test_pieces_are_asked_for_by_letter_and_bring_the_file_back(fund: Fund) -> None:
    reference = to_check(fund)
    browser = fund.agent()

    assert ask_for_pieces(fund, browser, reference).status_code == 303
    assert fund.file(reference).status is ControlFileStatus.AWAITING_COMPLETION
    asked = fund.rows(CompletionRequest)[0]
    assert asked.kind == "incomplete"
    assert asked.pieces == [
        {"kind": "form", "note": "Signée"}, {"kind": "identity", "note": ""},
    ]  # fmt: skip
    assert "completion_request" in {each.code for each in fund.rows(Letter)}
    assert reference in browser.page("/reception/today").text_content()

    page = browser.page(f"/reception/files/{reference}")
    files = [("piece-form", ("form.pdf", PDF, "application/pdf"))]
    answer = upload(browser, page, "/documents", files)

    assert answer.status_code == 303
    assert fund.file(reference).status is not ControlFileStatus.AWAITING_COMPLETION
    assert [each.kind for each in fund.rows(Document)] == ["form"]


def test_incomplete_without_a_piece_keeps_what_was_ticked(fund: Fund) -> None:
    reference = to_check(fund)
    browser = fund.agent()
    page = browser.page(f"/reception/files/{reference}")
    present = {
        name: "present" for name in page.xpath("//input[@type='radio']/@name") if "piece." in name
    }

    answer = browser.send(page, "/completeness", outcome="incomplete", note="À voir", **present)
    found = html.fromstring(answer.text)

    assert answer.status_code == 422
    assert errors(found) == ["pieces"]
    assert found.xpath("//input[@name='outcome'][@checked]/@value") == ["incomplete"]
    assert texts(found, "//textarea[@id='note']") == ["À voir"]


def test_a_refusal_needs_its_motive(fund: Fund) -> None:
    reference = to_check(fund)
    browser = fund.agent()
    page = browser.page(f"/reception/files/{reference}")

    refused = browser.send(page, "/completeness", outcome="refused_administrative")
    done = browser.send(
        page, "/completeness", outcome="refused_administrative", motive_code="adm.rights_closed"
    )

    assert errors(html.fromstring(refused.text)) == ["motive_code"]
    assert done.status_code == 303
    assert fund.file(reference).outcome == "refused_administrative"


def test_agents_are_offered_administrative_motives_only(fund: Fund) -> None:
    page = fund.agent().page(f"/reception/files/{to_check(fund)}")

    motives = page.xpath("//select[@id='motive_code']/option/@value")
    assert "adm.rights_closed" in motives
    assert [each for each in motives if each.startswith("med")] == []


def test_a_file_that_moved_meanwhile_keeps_the_agents_text(fund: Fund) -> None:
    reference = to_check(fund)
    browser, colleague = fund.agent(), fund.agent()
    page = browser.page(f"/reception/files/{reference}")
    colleague.send(
        colleague.page(f"/reception/files/{reference}"), "/completeness", outcome="complete"
    )

    answer = browser.send(page, "/completeness", outcome="withdrawn", note="Retrait")

    assert answer.status_code == 409
    assert "Retrait" in html.fromstring(answer.text).text_content()
    assert fund.file(reference).outcome is None


def test_after_a_change_elsewhere_the_kept_form_can_be_sent_again(fund: Fund) -> None:
    reference = to_check(fund)
    browser = fund.agent()
    page = browser.page(f"/reception/files/{reference}")
    with database.transaction() as session:
        session.get_one(ControlFile, fund.file(reference).id).version += 1

    stale = browser.send(page, "/completeness", outcome="complete", note="Vu au guichet")
    again = html.fromstring(stale.text)
    done = browser.send(again, "/completeness")

    assert stale.status_code == 409
    assert texts(again, "//textarea[@id='note']") == ["Vu au guichet"]
    assert done.status_code == 303
    assert fund.file(reference).status is ControlFileStatus.AWAITING_CONTROL


def test_another_agencys_file_is_not_found(fund: Fund) -> None:
    reference = to_check(fund)

    assert (
        log_in(fund, Role.AGENT, "RABAT-1").get(f"/reception/files/{reference}").status_code == 404
    )


def test_doctors_have_no_business_at_the_counter(fund: Fund) -> None:
    reference = fund.take()

    assert fund.doctor().get(f"/reception/files/{reference}").status_code == 403


def test_agents_never_read_what_a_medical_document_is_called(fund: Fund) -> None:
    document = {
        "kind": "report", "title": "Séropositivité", "media_type": "application/pdf",
        "sha256": "0" * 64, "size": 9,
    }  # fmt: skip
    reference = fund.take(form=None, documents=[document])

    text = fund.agent().page(f"/reception/files/{reference}").text_content()

    assert "Séropositivité" not in text
    assert "E11.9" not in text


def in_person(fund: Fund) -> str:
    """Take in a file that waits for an appointment."""
    return fund.take(
        external_id="P-1", flow="invalidity", nature="first", scheme="general",
        control={"required": True, "mode": "in_person"}, paper={"sealed_envelope": True},
    )  # fmt: skip


def test_an_appointment_is_booked_and_the_person_summoned(fund: Fund) -> None:
    reference = to_appointment(fund)
    browser = fund.agent()
    page = browser.page(f"/reception/files/{reference}")
    assert "15 jours entre convocation et examen" in page.text_content()

    answer = browser.send(page, "/appointment", day="2026-12-14", hour="10:30", place="Cabinet 4")

    assert answer.status_code == 303
    booked = fund.rows(Appointment)[0]
    assert booked.starts_at.isoformat() == "2026-12-14T09:30:00+00:00"
    assert "convocation" in {each.code for each in fund.rows(Letter)}


@pytest.mark.parametrize(
    ("values", "field"),
    [({"day": "2026-11-24"}, "day"), ({"day": "2026-12-13"}, "day"), ({"day": ""}, "slot"),
     ({"day": "2026-11-20", "hour": "07:00", "agreed": "1"}, "day"), ({"place": " "}, "place")],
)  # fmt: skip
def test_an_appointment_that_can_not_be_is_refused_at_its_field(
    fund: Fund, values: dict[str, str], field: str
) -> None:
    reference = to_appointment(fund)
    browser = fund.agent()
    usual = {"day": "2026-12-14", "hour": "10:30", "place": "Cabinet 4"}

    answer = browser.send(
        browser.page(f"/reception/files/{reference}"), "/appointment", **{**usual, **values}
    )

    assert answer.status_code == 422
    assert errors(html.fromstring(answer.text)) == [field]
    assert fund.rows(Appointment) == []


def test_a_person_who_agrees_may_come_before_the_notice_ends(fund: Fund) -> None:
    reference = to_appointment(fund)
    browser = fund.agent()
    values = {"day": "2026-11-24", "hour": "10:30", "place": "Cabinet 4", "agreed": "1"}

    answer = browser.send(browser.page(f"/reception/files/{reference}"), "/appointment", **values)

    assert answer.status_code == 303


def to_appointment(fund: Fund) -> str:
    """Walk a file to its appointment, past completeness when it starts there."""
    reference = in_person(fund)
    if fund.task(reference).step == "completeness":
        browser = fund.agent()
        page = browser.page(f"/reception/files/{reference}")
        browser.send(page, "/completeness", outcome="complete")
    assert fund.file(reference).status is ControlFileStatus.AWAITING_APPOINTMENT
    return reference


def test_documents_that_nobody_waited_for_are_added_all_the_same(fund: Fund) -> None:
    reference = fund.take()
    browser = fund.agent()
    page = browser.page(f"/reception/files/{reference}")
    files = [("piece-other", ("note.pdf", PDF, "application/pdf"))]

    answer = upload(browser, page, "/documents", files, **{"other-title": "Attestation"})
    empty = browser.send(browser.page(f"/reception/files/{reference}"), "/documents")

    assert answer.status_code == 303
    assert fund.rows(Document)[0].title == "Attestation"
    assert errors(html.fromstring(empty.text)) == ["documents"]


def test_what_the_counter_sends_can_be_read_back_from_the_record(fund: Fund) -> None:
    register(fund.agent(), **{"paper.sealed_envelope": "1", "urgent": "1"})
    row = fund.rows(ReceivedFile)[0]
    body = fund.tools.keys.decrypt(row.key_id, row.payload, bind("received_file", row.id))

    message = orjson.loads(body)
    assert message["paper"] == {
        "location": "Armoire 3", "slip": "B-12", "sealed_envelope": True,
    }  # fmt: skip
    assert message["urgent"] is True


def test_the_agent_says_whether_the_disability_card_is_valid(fund: Fund) -> None:
    reference = fund.take(flow="disability", scheme="general", medical=None, form=None)
    browser = fund.agent()
    page = browser.page(f"/reception/files/{reference}")

    assert page.xpath("//input[@name='form-card_issued_on']/@type") == ["date"]
    wrong = browser.send(
        page, "/completeness",
        **{"outcome": "complete", "form-card_valid": "1", "form-card_issued_on": "2021-02-30"},
    )  # fmt: skip
    answer = browser.send(
        page, "/completeness",
        **{"outcome": "complete", "form-card_valid": "1", "form-card_issued_on": "2021-02-28"},
    )  # fmt: skip

    assert (wrong.status_code, answer.status_code) == (422, 303)
    assert fund.file(reference).status is ControlFileStatus.AWAITING_CONTROL
