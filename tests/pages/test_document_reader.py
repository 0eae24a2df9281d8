"""The document reader: numbers that stay, pages that open, marks that are links or stay text."""

from datetime import timedelta
from typing import Any

from tests.intake_examples import document
from tests.pages.desk import Browser, Fund, texts
from tests.pages.test_file_pages import PDF

OPEN = {"title": "Formulaire", "confidential": False}
REASONS = "Bilan <b>net</b> [Doc 2 p. 3], voir [doc 1, p 1]. Ni [Doc 7 p. 1] ni [Doc 1 p. 0]."
MEDICAL = {"title": "Titre-secret", "confidential": True}


def take(fund: Fund, **changes: Any) -> str:
    """Take in a file with an administrative document, the first, and a medical one."""
    given = [document(PDF, "application/pdf") | OPEN, document(PDF, "application/pdf") | MEDICAL]
    return fund.take(documents=given, **changes)


def links(page: Any) -> list[tuple[str, str]]:
    return [
        (each.text_content(), each.get("href")) for each in page.xpath("//a[@class='mark-link']")
    ]


def shown(browser: Browser, address: str) -> str:
    """Return what the frame of the reader shows."""
    return str(browser.page(address).xpath("//iframe/@src")[0])


def add(fund: Fund, reference: str, name: str) -> None:
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}?tab=documents")
    token = page.xpath("//input[@name='csrf_token']/@value")[0]
    added = browser.client.post(
        f"/files/{reference}/documents", data={"csrf_token": token},
        files={"document": (name, PDF + name.encode())},
    )  # fmt: skip
    assert added.status_code == 303


def test_a_mark_in_reasons_opens_the_document_at_its_page(fund: Fund) -> None:
    reference = take(fund)
    browser = fund.doctor()
    browser.send(
        browser.page(f"/files/{reference}"), "/opinion", outcome="granted",
        reasoning=REASONS,
    )  # fmt: skip

    page = browser.page(f"/files/{reference}?tab=opinions")

    assert [text for text, _ in links(page)] == ["[Doc 2 p. 3]", "[doc 1, p 1]"]
    said = texts(page, "//p[@class='medical-text']")
    assert said == [REASONS]
    viewer = browser.page(links(page)[0][1])
    assert viewer.xpath("//iframe/@title") == ["Titre-secret"]
    assert "#page=3&" in viewer.xpath("//iframe/@src")[0]


def test_a_mark_is_no_link_and_no_title_for_who_may_not_open_the_document(fund: Fund) -> None:
    reference = take(fund)
    doctor = fund.doctor()
    doctor.send(
        doctor.page(f"/files/{reference}?tab=messages"), "/messages",
        text="Comparer [Doc 1 p. 1] et [Doc 2 p. 1]", audience="everyone",
    )  # fmt: skip

    mine = doctor.page(f"/files/{reference}?tab=messages")
    theirs = fund.agent().get(f"/files/{reference}?tab=messages").text

    assert [text for text, _ in links(mine)] == ["[Doc 1 p. 1]", "[Doc 2 p. 1]"]
    assert "Comparer <a" in theirs
    assert "et [Doc 2 p. 1]</p>" in theirs
    assert "Titre-secret" not in theirs


def test_a_document_keeps_its_number_when_a_slower_clock_brings_another(fund: Fund) -> None:
    reference = take(fund)
    add(fund, reference, "a.pdf")
    fund.now -= timedelta(minutes=2)
    add(fund, reference, "b.pdf")

    page = fund.doctor().page(f"/files/{reference}?tab=documents")

    assert texts(page, "//*[@data-document]//strong") == [
        "1. Formulaire", "2. Titre-secret", "3. a.pdf", "4. b.pdf"
    ]  # fmt: skip


def test_the_reader_leads_to_the_neighbours_and_takes_no_impossible_page(fund: Fund) -> None:
    reference = take(fund)
    browser = fund.doctor()
    listed = browser.page(f"/files/{reference}?tab=documents")
    first, second = listed.xpath("//a[@data-document]/@href")
    assert listed.xpath("//a[@data-key='BracketRight']/@href") == [first]

    page = browser.page(first)

    assert page.xpath("//a[@data-key='BracketRight']/@href") == [second]
    assert page.xpath("//a[@data-key='BracketLeft']") == []
    assert browser.page(second).xpath("//a[@data-key='BracketLeft']/@href") == [first]
    assert "#page=12&" in shown(browser, f"{first}&page=12")
    for wrong in ("0", "-1", "10000", "x", "%00"):
        assert "#page=1&" in shown(browser, f"{first}&page={wrong}")


def test_only_who_gives_an_opinion_is_offered_to_quote(fund: Fund) -> None:
    reference = take(fund)
    first = (
        fund.doctor()
        .page(f"/files/{reference}?tab=documents")
        .xpath("//a[@data-document]/@href")[0]
    )

    writes, reads = fund.doctor().page(first), fund.agent().page(first)

    assert writes.xpath("//form/@data-quote") == ["1"]
    assert writes.xpath("//textarea[@data-quotes]/@id")[0] == "reasoning"
    assert "[Doc 1 p. 1]" in writes.xpath("//noscript")[0].text_content()
    assert reads.xpath("//iframe")
    assert reads.xpath("//form[@data-quote]") == []
