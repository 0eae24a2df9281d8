"""The file page over HTTP: who sees what, every tab, documents, messages, the way back."""

from base64 import b64encode
from typing import Any

import pytest
import sqlalchemy as sa
from lxml import html

from medcontrol import db as database
from medcontrol.model import AccessLog, DocumentView, MedicalRecord
from medcontrol.queries.file_page import FileTab
from medcontrol.vocabulary import ControlFileStatus, Role
from runtime.demo.generator.documents import make_pdf
from tests.factories import make_principal
from tests.intake_examples import document
from tests.pages.desk import AMBULATORY, Fund, texts
from ui.security import EMBEDDED_POLICY

PDF = make_pdf("Ordonnance", "Metformine 850 mg")


def logged(fund: Fund) -> list[str]:
    return sorted(row.what for row in fund.rows(AccessLog))


@pytest.mark.parametrize("tab", FileTab)
@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_every_tab_is_drawn_in_every_language(fund: Fund, tab: FileTab, language: str) -> None:
    reference = fund.take(**AMBULATORY)
    browser = fund.doctor()
    browser.client.cookies.set("medcontrol_language", language)

    page = browser.page(f"/files/{reference}?tab={tab}")

    assert page.get("lang") == language
    assert page.xpath("//nav[@class='tabs']/a[@aria-current]/@href") == [
        f"/files/{reference}?tab={tab}"
    ]


def test_who_may_not_see_a_file_gets_the_same_404_as_for_none(fund: Fund) -> None:
    reference = fund.take()
    with database.transaction() as session:
        stranger = make_principal(session, Role.AGENT, "FES-1")
    browser = fund.log_in(stranger)

    hidden, absent = browser.get(f"/files/{reference}"), browser.get("/files/ALD-2026-0000000-0")

    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert texts(html.fromstring(hidden.text), "//h1") == texts(
        html.fromstring(absent.text), "//h1"
    )
    for path in ("diagram.bpmn", "documents/018f0000-0000-7000-8000-000000000000", "opinion"):
        assert browser.get(f"/files/{reference}/{path}").status_code == 404


def test_medical_content_is_logged_when_shown_and_hidden_from_agents(fund: Fund) -> None:
    reference = fund.take()

    shown = fund.doctor().page(f"/files/{reference}")
    hidden = fund.agent().page(f"/files/{reference}")

    assert texts(shown, "//ul[@class='diagnoses']/li")[0].startswith("E11.9")
    assert "Suivi régulier." in shown.text_content()
    assert "Suivi régulier." not in hidden.text_content()
    assert "E11.9" not in hidden.text_content()
    assert logged(fund) == ["draft,intake"]


def test_a_tab_without_medical_content_logs_no_reading_of_it(fund: Fund) -> None:
    reference = fund.take()
    page = fund.agent().page(f"/files/{reference}?tab=request")

    assert page is not None
    assert logged(fund) == []


def with_document(fund: Fund, **changes: Any) -> str:
    return fund.take(documents=[document(PDF, "application/pdf") | changes])


def test_a_document_is_shown_inside_the_page_logged_and_ticked(fund: Fund) -> None:
    reference = with_document(fund)
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}?tab=documents")
    link = page.xpath("//a[@data-document]/@href")[0]

    viewer = browser.page(link)
    answer = browser.get(viewer.xpath("//iframe/@src")[0].partition("#")[0])

    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-security-policy"] == EMBEDDED_POLICY
    assert answer.headers["content-disposition"].startswith("inline")
    assert any(what.startswith("document:") for what in logged(fund))
    assert len(fund.rows(DocumentView)) == 1
    assert browser.page(link).xpath("//span[@class='seen']")


def test_a_medical_document_is_not_for_agents_an_administrative_one_is(fund: Fund) -> None:
    medical = with_document(fund)
    open_one = fund.take(external_id="W-2", documents=[
        document(PDF, "application/pdf") | {"confidential": False}
    ])  # fmt: skip
    browser = fund.agent()

    def document_of(reference: str) -> str:
        page = fund.doctor().page(f"/files/{reference}?tab=documents")
        link = page.xpath("//a[@data-document]/@href")[0]
        return f"/files/{reference}/documents/" + link.partition("document=")[2]

    assert browser.get(document_of(medical)).status_code == 403
    assert browser.get(document_of(open_one)).status_code == 200
    crossed = document_of(medical).replace(medical, open_one)
    assert browser.get(crossed).status_code == 404


def test_what_no_browser_should_show_is_downloaded(fund: Fund) -> None:
    content = b"<script>alert(1)</script>"
    reference = fund.take(documents=[document(content, "text/html")])
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}?tab=documents")
    address = page.xpath("//a[@data-document]/@href")[0].partition("document=")[2]

    answer = browser.get(f"/files/{reference}/documents/{address}")

    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")


def test_a_document_that_is_added_comes_to_the_file(fund: Fund) -> None:
    reference = fund.take()
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}?tab=documents")
    token = page.xpath("//input[@name='csrf_token']/@value")[0]
    address = f"/files/{reference}/documents"

    added = browser.client.post(
        address, data={"csrf_token": token}, files={"document": ("bilan.pdf", PDF)}
    )
    empty = browser.client.post(
        address, data={"csrf_token": token}, files={"document": ("vide.pdf", b"")}
    )

    assert added.headers["location"] == f"/files/{reference}?tab=documents"
    assert empty.status_code == 422
    assert texts(browser.page(f"/files/{reference}?tab=documents"), "//*[@data-document]//strong")
    assert fund.task(reference).signals == ["new_document"]


def test_messages_among_doctors_stay_among_doctors(fund: Fund) -> None:
    reference = fund.take()
    doctor, agent = fund.doctor(), fund.agent()
    page = doctor.page(f"/files/{reference}?tab=messages")

    doctor.send(page, "/messages", text="Pour le spécialiste", audience="doctors")
    sent = doctor.send(page, "/messages", text="Pièce à l'accueil ?", audience="everyone")
    too_long = doctor.send(page, "/messages", text="x" * 4001, audience="everyone")

    assert sent.headers["location"] == f"/files/{reference}?tab=messages"
    assert too_long.status_code == 422
    seen = {
        name: texts(browser.page(f"/files/{reference}?tab=messages"), "//p[@class='message-text']")
        for name, browser in (("doctor", doctor), ("agent", agent))
    }
    assert seen["agent"] == ["Pièce à l'accueil ?"]
    assert seen["doctor"] == ["Pour le spécialiste", "Pièce à l'accueil ?"]


def test_the_diagram_is_that_of_the_files_own_pack(fund: Fund) -> None:
    reference = fund.take()
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}?tab=flow")

    answer = browser.get(page.xpath("//*[@id='diagram']/@data-source")[0])

    assert answer.headers["content-type"] == "application/xml"
    tree = html.fromstring(answer.content)
    steps = page.xpath("//*[@data-state='current']/@data-element")
    assert steps == ["control_on_file"]
    assert tree.xpath(f"//*[@id='{steps[0]}']")


def test_journal_says_in_words_what_happened_without_ids(fund: Fund) -> None:
    reference = fund.take()

    page = fund.doctor().page(f"/files/{reference}?tab=journal")
    assigned = fund.doctor().page(f"/files/{reference}?tab=journal&kind=assignment")

    entries = texts(page, "//li[contains(@class, 'entry')]//p[@class='entry-title']")
    assert {"Dossier ouvert", "Courrier rédigé", "Affecté"} <= {e.split(" Dr")[0] for e in entries}
    assert "Accusé de réception" in page.text_content()
    assert len(texts(assigned, "//p[@class='entry-title']")) == 1


def test_the_address_of_a_form_leads_back_to_the_file(fund: Fund) -> None:
    reference = fund.take()

    answer = fund.doctor().get(f"/files/{reference}/opinion")

    assert answer.headers["location"] == f"/files/{reference}"


def test_an_agents_step_is_done_at_the_reception(fund: Fund) -> None:
    reference = fund.take(channel="paper", medical=None)
    task = fund.task(reference)

    page = fund.agent().page(f"/files/{reference}")

    assert fund.file(reference).status is ControlFileStatus.AWAITING_COMPLETENESS
    assert f"/reception/tasks/{task.id}" in page.xpath("//a/@href")
    assert page.xpath("//form[contains(@action, '/opinion')]") == []


def test_a_file_comes_with_its_neighbours_in_the_queue(fund: Fund) -> None:
    for number in range(3):
        fund.take(external_id=f"W-{number}")
    browser = fund.doctor()
    links = browser.page("/queue").xpath("//a[@data-open-row]/@href")

    page = browser.page(links[1])

    around = page.xpath("//nav[@class='file-neighbours']//a[@data-shift-key]/@href")
    assert [each.split("?")[0] for each in around] == [
        links[0].split("?")[0], links[2].split("?")[0]
    ]  # fmt: skip


def test_nothing_medical_is_stored_in_clear(fund: Fund) -> None:
    reference = fund.take()
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}")
    browser.send(page, "/opinion", None, reasoning="SECRET-7", outcome="granted")

    with database.read_only() as session:
        for table in ("medical_record", "journal_entry", "opinion", "decision", "letter"):
            rows = session.execute(sa.text(f"SELECT * FROM {table}")).all()  # noqa: S608
            assert "SECRET-7" not in str(rows)
    assert len(fund.rows(MedicalRecord)) >= 2
    assert b64encode(b"SECRET-7")


def test_an_optional_piece_that_did_not_come_is_not_shown_as_a_fault(fund: Fund) -> None:
    page = fund.doctor().page(f"/files/{fund.take()}")

    pieces = page.xpath("//ul[@class='pieces']/li")
    optional = [each for each in pieces if "facultative" in each.text_content()]
    required = [each for each in pieces if each not in optional]
    assert optional
    assert required
    assert {each.get("class") for each in optional} == {"piece piece-absent"}
    assert all("Non fournie" in each.text_content() for each in optional)
    assert {each.get("class") for each in required} == {"piece piece-missing"}
    assert all("Manquante" in each.text_content() for each in required)
