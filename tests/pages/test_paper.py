"""Slips, scanning, envelopes and letters to print over HTTP; the public page of verification."""

from datetime import timedelta
from typing import Any

import pytest

from medcontrol import db as database
from medcontrol.model import (
    AccessLog,
    Letter,
    LetterBatch,
    PaperSlip,
    Probe,
    ProviderLetter,
    SealedEnvelope,
)
from medcontrol.settings import Settings
from medcontrol.vocabulary import (
    Jurisdiction,
    LetterReceipt,
    LetterStatus,
    ProbeStatus,
    Role,
    SlipStatus,
)
from tests.factories import NOW
from tests.pages.desk import Browser, Fund, texts
from tests.pages.people import log_in
from ui import windows
from ui.pages import verification

SLIPS = "/reception/slips"
PAPER = {"channel": "paper", "form": None, "paper": {"location": "Armoire 3", "pages": 4}}


def region(fund: Fund) -> Browser:
    return log_in(fund, Role.AGENT, "MA-06")


def begin(browser: Browser, to_unit: str = "MA-06") -> str:
    answer = browser.send(browser.page(SLIPS), "/new", to_unit=to_unit)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def scan(browser: Browser, address: str, code: str, action: str = "files", **more: Any) -> Any:
    return browser.send(browser.page(address), f"{action}", scan=code, **more)


def travelling(fund: Fund, *references: str) -> str:
    """The address of a slip with these files on its way to the region."""
    agent = fund.agent()
    address = begin(agent)
    for reference in references:
        assert scan(agent, address, reference).status_code == 200
    for action in ("seal", "dispatch"):
        assert agent.send(agent.page(address), action).status_code == 303
    return address


def test_a_slip_goes_from_the_agency_to_the_region_by_scanner_alone(fund: Fund) -> None:
    one, two = fund.take(external_id="A", **PAPER), fund.take(external_id="B", **PAPER)
    address = travelling(fund, one, two)
    receiver = region(fund)

    found = scan(receiver, address, one, "scan", location="Bac 4")
    wrong = scan(receiver, address, "3017620422003", "scan")
    closed = receiver.send(receiver.page(address), "finish")
    missing = receiver.page(SLIPS)

    assert (found.status_code, wrong.status_code, closed.status_code) == (200, 422, 303)
    assert f"Trouvé : {one}" in found.text
    assert "3017620422003" in wrong.text
    assert fund.rows(PaperSlip)[0].status is SlipStatus.RECEIVED
    assert two in missing.xpath("//section[@aria-labelledby='missing']")[0].text_content()
    assert "1 dossier physique manque" in receiver.page("/reception/today").text_content()
    assert "Bac 4" in receiver.page(f"/reception/scan?scan={one}").text_content()


def test_a_scan_of_the_script_gets_the_list_alone(fund: Fund) -> None:
    reference = fund.take(**PAPER)
    agent = fund.agent()
    page = agent.page(begin(agent))

    answer = agent.send(
        page, "files", headers={"hx-request": "true", "hx-target": "scan-state"}, scan=reference
    )

    assert f"Ajouté : {reference}" in answer.text
    assert "<html" not in answer.text


def test_what_the_scanner_can_t_add_is_said_and_nothing_else_happens(fund: Fund) -> None:
    reference = fund.take(**PAPER)
    agent = fund.agent()
    address = begin(agent)
    scan(agent, address, reference)

    again, unknown = scan(agent, address, reference), scan(agent, address, "ALD-2026-0099999-0")

    assert "déjà sur ce bordereau" in again.text
    assert (again.status_code, unknown.status_code) == (422, 422)
    assert len(agent.page(address).xpath("//tr[@data-reference]")) == 1


@pytest.mark.parametrize("path", ["", "/reception/slips", "/reception/scan", "/reception/letters"])
def test_paper_is_for_agents(fund: Fund, path: str) -> None:
    address = path or travelling(fund, fund.take(**PAPER))

    for browser in (fund.doctor(), log_in(fund, Role.SUPERVISOR, "MA-06")):
        assert browser.get(address).status_code in (403, 404)


def test_other_units_do_not_know_a_slip_and_the_receiver_not_before_it_leaves(fund: Fund) -> None:
    agent = fund.agent()
    address = begin(agent)
    stranger = log_in(fund, Role.AGENT, "RABAT-1")

    assert region(fund).get(address).status_code == 404
    assert stranger.get(address).status_code == 404
    assert stranger.get(f"{address}/slip.pdf").status_code == 404


def test_a_slip_is_found_by_its_number_or_by_a_file_on_it(fund: Fund) -> None:
    reference = fund.take(**PAPER)
    address = travelling(fund, reference)
    number = address.rsplit("/", 1)[1]

    for query in (number, number.lower(), reference):
        assert fund.agent().get(f"{SLIPS}?q={query}").headers["location"] == address
    assert "Aucun bordereau" in fund.agent().page(f"{SLIPS}?q=BRD-2030-0000009-9").text_content()


def test_slip_and_cover_are_printed_without_a_word_of_illness(fund: Fund) -> None:
    import io

    from pypdf import PdfReader

    reference = fund.take(**PAPER)
    address = travelling(fund, reference)
    agent = fund.agent()

    pdfs = [agent.get(f"{address}/slip.pdf"), agent.get(f"/reception/files/{reference}/cover.pdf")]

    for answer in pdfs:
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
        assert reference in text
        assert not [word for word in ("Affection", "E11.9", "Diab", "Suivi") if word in text]


def test_only_the_doctor_opens_the_envelope_and_agents_see_when(fund: Fund) -> None:
    given = {"location": "A", "sealed_envelope": True}
    reference = fund.take(channel="paper", paper=given)
    tab = f"/files/{reference}?tab=letters"
    agent, doctor = fund.agent(), fund.doctor()
    envelope = fund.rows(SealedEnvelope)[0]
    with database.transaction() as session:
        session.get_one(
            type(fund.file(reference)), fund.file(reference).id
        ).assigned_doctor_id = fund.world.doctor.id
    action = f"/files/{reference}/envelopes/{envelope.id}/open"
    before = agent.page(tab)

    forced = agent.client.post(action, data=csrf(before))
    opened = doctor.send(doctor.page(tab), "open")
    again = doctor.client.post(action, data=csrf(doctor.page(tab)))

    assert "Fermé" in before.text_content()
    assert not before.xpath("//form[contains(@action, '/open')]")
    assert (forced.status_code, opened.status_code, again.status_code) == (403, 303, 409)
    assert f"envelope:{envelope.id}" in [each.what for each in fund.rows(AccessLog)]
    assert fund.world.doctor.name in agent.page(tab).text_content()


def csrf(page: Any) -> dict[str, str]:
    return {"csrf_token": page.xpath("//input[@name='csrf_token']/@value")[0]}


def test_letters_are_printed_together_sent_and_printed_again(fund: Fund) -> None:
    references = [fund.take(external_id=f"L-{n}") for n in range(3)]
    fund.now = NOW + timedelta(minutes=2)
    agent = fund.agent()
    page = agent.page("/reception/letters")
    ids = page.xpath("//input[@name='letter']/@value")

    nothing = agent.send(page, "print")
    answer = agent.client.post("/reception/letters/print", data={
        **csrf(page), "unit": "CASA-1", "letter": ids})  # fmt: skip
    address = answer.headers["location"]
    first = agent.get(f"{address}/letters.pdf")
    sent = agent.send(agent.page(address), "sent")
    second = agent.get(f"{address}/letters.pdf")

    assert nothing.status_code == 422
    assert len(ids) == len(references)
    assert sent.status_code == 303
    assert first.content == second.content
    assert {each.status for each in fund.rows(Letter)} == {LetterStatus.SENT}
    assert not agent.page("/reception/letters").xpath("//input[@name='letter']")
    assert "Envoyé" in agent.page(f"/files/{references[0]}?tab=letters").text_content()
    assert log_in(fund, Role.AGENT, "RABAT-1").get(address).status_code == 404


def test_a_registered_letter_asks_for_its_number_and_its_receipt(fund: Fund) -> None:
    reference = fund.take()
    with database.transaction() as session:
        letter = session.get_one(Letter, fund.rows(Letter)[0].id)
        letter.is_registered = True
    agent = fund.agent()
    page = agent.page("/reception/letters")
    chosen = {**csrf(page), "unit": "CASA-1", "letter": [str(letter.id)]}
    sent_to = agent.client.post("/reception/letters/print", data=chosen).headers["location"]

    without = agent.send(agent.page(sent_to), "sent")
    typed: dict[str, Any] = {f"reference.{letter.id}": "RR 77 MA"}
    agent.send(agent.page(sent_to), "sent", **typed)
    tab = f"/files/{reference}?tab=letters"
    answer = agent.send(agent.page(tab), "receipt", receipt="unclaimed")

    assert (without.status_code, answer.status_code) == (422, 303)
    assert fund.rows(Letter)[0].receipt is LetterReceipt.UNCLAIMED
    assert "Non réclamé" in agent.page(tab).text_content()


def test_a_batch_given_up_lets_its_letters_wait_again(fund: Fund) -> None:
    fund.take()
    agent = fund.agent()
    page = agent.page("/reception/letters")
    ids = page.xpath("//input[@name='letter']/@value")
    address = agent.client.post("/reception/letters/print", data={
        **csrf(page), "unit": "CASA-1", "letter": ids}).headers["location"]  # fmt: skip

    agent.client.post(f"{address}/give-up", data=csrf(agent.page(address)))

    assert fund.rows(LetterBatch)[0].cancelled_at is not None
    assert agent.page("/reception/letters").xpath("//input[@name='letter']/@value") == ids


def test_a_letter_is_read_as_it_left_and_copied_as_a_copy(fund: Fund) -> None:
    reference = fund.take()
    letter = fund.rows(Letter)[0]
    agent = fund.agent()
    address = f"/files/{reference}/letters/{letter.id}"

    waiting = agent.client.post(f"{address}/duplicate", data=csrf(agent.page("/reception/today")))
    with database.transaction() as session:
        session.get_one(Letter, letter.id).status = LetterStatus.SENT
    copy = agent.client.post(f"{address}/duplicate", data=csrf(agent.page("/reception/today")))

    assert waiting.status_code == 409
    assert agent.get(f"{address}.pdf").content.startswith(b"%PDF")
    assert copy.content.startswith(b"%PDF")
    assert copy.content != agent.get(f"{address}.pdf").content
    assert log_in(fund, Role.AGENT, "RABAT-1").get(f"{address}.pdf").status_code == 404
    assert log_in(fund, Role.SUPERVISOR, "MA-06").client.post(
        f"{address}/duplicate", data={}
    ).status_code == 403  # fmt: skip


# --- Whoever holds a letter ---------------------------------------------------------------------


@pytest.fixture
def anybody(fund: Fund, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """A browser of nobody, in an office that asked nothing yet."""
    monkeypatch.setattr(verification, "_asked", windows.Window(seconds=60, most_keys=100))
    return Browser(fund.app)


def test_a_genuine_letter_is_told_from_nothing_but_its_code(fund: Fund, anybody: Browser) -> None:
    reference = fund.take()
    letter = fund.rows(Letter)[0]
    assert letter.verification_code is not None
    before = anybody.page(f"/verify/{letter.verification_code}")
    with database.transaction() as session:
        session.get_one(Letter, letter.id).status = LetterStatus.SENT

    page = anybody.page(f"/verify?code={letter.verification_code.lower()}")
    text = page.xpath("//main")[0].text_content()

    assert "authentique" not in before.text_content()
    assert "authentique" in text
    assert reference[-5:] in text
    for secret in (reference, "ALD", "Alami", "999123456", letter.code, "Affection", "Accusé"):
        assert secret not in text


def test_letters_of_every_kind_and_codes_of_no_letter_get_the_same_words(
    fund: Fund, anybody: Browser
) -> None:
    fund.take(external_id="1")
    kinds = {"grant": 0, "refusal": 0}
    answers = []
    letter = fund.rows(Letter)[0]
    for code in kinds:
        with database.transaction() as session:
            row = session.get_one(Letter, letter.id)
            row.status, row.code = LetterStatus.SENT, code
        answers.append(texts(anybody.page(f"/verify/{letter.verification_code}"), "//main"))

    unknown = [
        texts(anybody.page(f"/verify/{code}"), "//section")
        for code in ("0" * 20, "x", "'; DROP TABLE letter;--", letter.id)
    ]

    assert answers[0] == answers[1]
    assert len({tuple(each) for each in unknown}) == 1


@pytest.mark.parametrize(
    ("language", "word"), [("fr", "Vérifier"), ("ar", "تحقق"), ("en", "Verify")]
)
def test_the_public_page_speaks_three_languages(anybody: Browser, language: str, word: str) -> None:
    answer = anybody.get("/verify", **{"accept-language": language})

    assert f'lang="{language}"' in answer.text
    assert word in answer.text
    assert "noindex" in answer.headers["x-robots-tag"]


def test_who_asks_too_often_waits(fund: Fund, anybody: Browser, pages_settings: Settings) -> None:
    limit = pages_settings.verify_per_minute

    codes = [anybody.get("/verify/AAAA").status_code for _ in range(limit + 1)]
    fund.now = NOW + timedelta(minutes=1)

    assert codes == [200] * limit + [429]
    assert anybody.get("/verify/AAAA").status_code == 200


def test_a_letter_to_a_provider_is_verified_by_the_same_page(fund: Fund, anybody: Browser) -> None:
    probe = Probe(
        jurisdiction=Jurisdiction.MA, provider_id="P", flow="ambulatory", sample_size=20,
        max_rounds=3, threshold=1000, pause_days=30, language="fr", status=ProbeStatus.EDUCATION,
        started_at=NOW,
    )  # fmt: skip
    letter = ProviderLetter(
        probe_id=probe.id, round=1, code="education", language="fr", status=LetterStatus.SENT,
        context={"reference": "PRB-AAAAAA-BBBB"}, written_at=NOW, verification_code="Z" * 20,
    )  # fmt: skip
    with database.transaction() as session:
        session.add(probe)
        session.flush()
        session.add(letter)

    text = anybody.page(f"/verify/{'Z' * 20}").xpath("//main")[0].text_content()

    assert "authentique" in text
    assert "-BBBB" in text
    assert "PRB" not in text
