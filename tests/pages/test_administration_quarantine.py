"""Quarantine over HTTP: what is shown to whom, correction, replay."""

from typing import Any

import orjson
import pytest
from lxml import html

from medcontrol.crypto import bind
from medcontrol.intake.correcting import correctable, corrected
from medcontrol.model import AccessLog, QuarantinedMessage, ReceivedFile
from medcontrol.vocabulary import QuarantineStatus, Role
from tests.flow_world import message, raw
from tests.pages.desk import Fund, texts
from tests.pages.people import log_in
from workflows.gate.single import take_in_one


def quarantine(fund: Fund, content: bytes) -> str:
    taken = take_in_one(fund.tools, content, source_name="test", now=fund.now)
    return f"/quarantine/{taken.quarantine_id}"


def lines(fund: Fund) -> list[Any]:
    return fund.rows(QuarantinedMessage)


def test_a_faulty_line_is_listed_with_what_is_wrong(fund: Fund) -> None:
    address = quarantine(fund, raw(agency="NOWHERE-1"))
    browser = fund.agent()

    page = browser.page("/quarantine")

    assert page.xpath("//a[@data-open-row]/@href") == [address]
    assert "Cette agence est inconnue." in page.text_content()
    assert "NOWHERE-1" in texts(browser.page(address), "//bdi[@class='shown']")
    assert browser.page("/quarantine?status=replayed").xpath("//a[@data-open-row]") == []


def test_agents_never_see_medical_members_and_coordinators_do_under_log(fund: Fund) -> None:
    secret = {"diagnoses": [{"icd10": "not-a-code"}], "summary": "Cirrhose"}
    address = quarantine(
        fund, raw(medical=secret, agency="NOWHERE-1", secret_note="immunodepression")
    )

    agents = fund.agent().page(address)
    readings = len(fund.rows(AccessLog))
    doctors = log_in(fund, Role.COORDINATOR, "MA-06").page(address)

    for word in ("Cirrhose", "not-a-code", "immunodepression"):
        assert word not in html.tostring(agents).decode()
    assert "NOWHERE-1" in texts(agents, "//textarea")[0]
    assert "not-a-code" in texts(doctors, "//bdi[@class='shown']")
    assert "Cirrhose" in texts(doctors, "//textarea")[0]
    assert readings == 0
    assert {each.what for each in fund.rows(AccessLog)} == {
        f"quarantine:{address.rsplit('/', 1)[1]}"
    }
    assert doctors.xpath("//form[contains(@action, 'replay')]") == []


def test_a_corrected_line_is_taken_in_with_the_medical_part_it_did_not_show(fund: Fund) -> None:
    address = quarantine(fund, raw(agency="NOWHERE-1"))
    browser = fund.agent()
    page = browser.page(address)
    text = page.xpath("//textarea[@id='text']")[0].text

    answer = browser.send(page, "/replay", do="corrected", text=text.replace("NOWHERE-1", "CASA-1"))
    received = fund.rows(ReceivedFile)[0]
    body = fund.tools.keys.decrypt(
        received.key_id, received.payload, bind("received_file", received.id)
    )

    assert answer.status_code == 303
    assert lines(fund)[0].status is QuarantineStatus.REPLAYED
    assert lines(fund)[0].settled_by == fund.world.agent.name
    assert orjson.loads(body)["medical"] == message()["medical"]


def test_a_correction_that_is_still_wrong_keeps_the_text_and_says_why(fund: Fund) -> None:
    address = quarantine(fund, raw(agency="NOWHERE-1"))
    browser = fund.agent()
    page = browser.page(address)
    text = page.xpath("//textarea[@id='text']")[0].text.replace("NOWHERE-1", "NOWHERE-2")

    answer = browser.send(page, "/replay", do="corrected", text=text)
    found = html.fromstring(answer.text)

    assert answer.status_code == 422
    assert "NOWHERE-2" in texts(found, "//textarea")[0]
    assert lines(fund)[0].status is QuarantineStatus.WAITING


@pytest.mark.parametrize("text", ["", "{", "[1]", "\x00", '{"a": NaN}', "null"])
def test_a_text_that_is_no_object_is_refused_at_its_field(fund: Fund, text: str) -> None:
    address = quarantine(fund, raw(agency="NOWHERE-1"))
    browser = fund.agent()

    answer = browser.send(browser.page(address), "/replay", do="corrected", text=text)

    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text


def test_a_line_can_be_tried_again_as_it_stands(fund: Fund) -> None:
    address = quarantine(fund, raw(agency="NOWHERE-1"))
    browser = fund.agent()

    assert browser.send(browser.page(address), "/replay", do="as_is").status_code == 422


def test_an_unknown_member_is_left_out_only_when_ticked(fund: Fund) -> None:
    address = quarantine(fund, raw(comment="hello"))
    browser = fund.agent()
    page = browser.page(address)

    kept = browser.send(page, "/replay", do="corrected")
    dropped = browser.send(page, "/replay", do="corrected", drop="comment")

    assert page.xpath("//input[@name='drop']/@value") == ["comment"]
    assert kept.status_code == 422
    assert dropped.status_code == 303


def test_a_line_that_is_no_file_is_not_shown_to_agents(fund: Fund) -> None:
    address = quarantine(fund, b'{"medical": {"summary": "Cirrhose"')

    page = fund.agent().page(address)
    doctors = log_in(fund, Role.COORDINATOR, "MA-06").page(address)

    assert "Cirrhose" not in html.tostring(page).decode()
    assert page.xpath("//textarea") == []
    assert "Cirrhose" in texts(doctors, "//textarea")[0]


def test_a_discarded_line_stays_on_record_and_is_settled_once(fund: Fund) -> None:
    address = quarantine(fund, raw(agency="NOWHERE-1"))
    browser = fund.agent()
    page = browser.page(address)

    first = browser.send(page, "/discard")
    second = browser.send(page, "/discard")
    late = browser.send(page, "/replay", do="as_is")

    assert first.status_code == 303
    assert (second.status_code, late.status_code) == (409, 409)
    assert lines(fund)[0].status is QuarantineStatus.DISCARDED


def test_a_coordinator_reads_and_changes_nothing(fund: Fund) -> None:
    address = quarantine(fund, raw(agency="NOWHERE-1"))
    browser = log_in(fund, Role.COORDINATOR, "MA-06")
    token = browser.page(address).xpath("//input[@name='csrf_token']/@value")[0]

    for action in ("replay", "discard"):
        answer = browser.client.post(f"{address}/{action}", data={"csrf_token": token})
        assert answer.status_code == 403


def test_a_line_that_is_not_there_is_not_found(fund: Fund) -> None:
    missing = "/quarantine/01940000-0000-7000-8000-000000000000"

    assert fund.agent().get(missing).status_code == 404


def test_contents_of_documents_are_left_out_of_the_text_and_put_back() -> None:
    document = {"kind": "report", "title": "Titre", "content_base64": "QUJD", "size": 3}
    original = orjson.dumps({"agency": "X", "documents": [document], "medical": {"a": 1}})

    shown = correctable(original, may_read_medical=False)
    merged = corrected(original, shown.text or "", may_read_medical=False)

    assert shown.text is not None
    assert "QUJD" not in shown.text
    assert "Titre" not in shown.text
    assert shown.hidden == ("medical",)
    assert orjson.loads(merged) == orjson.loads(original)
