"""Evidence of a file: who read what, for who oversees it; what is taken out can be checked."""

from io import BytesIO
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa
from pypdf import PdfReader

from medcontrol import db as database
from medcontrol.crypto import KeyRing
from medcontrol.errors import InvalidInput
from medcontrol.model import AccessLog
from medcontrol.services import digests, evidence
from medcontrol.vocabulary import Role
from runtime.commands.journal import check_evidence
from tests.factories import NOW
from tests.pages.desk import Fund, texts
from tests.pages.people import log_in, supervisor
from ui.i18n import LANGUAGE_COOKIE


@pytest.fixture
def read(fund: Fund) -> str:
    """A file that its doctor read."""
    reference = fund.take()
    fund.doctor().page(f"/files/{reference}")
    return reference


def test_a_supervisor_sees_who_read_what_of_a_file(fund: Fund, read: str) -> None:
    browser = supervisor(fund)
    journal = browser.page(f"/files/{read}?tab=journal")

    assert f"/files/{read}/evidence" in journal.xpath("//a/@href")
    page = browser.page(f"/files/{read}/evidence")
    rows = texts(page, "//tbody/tr")
    assert len(rows) == 1
    assert fund.world.by_doctor[fund.world.doctor.id].name in rows[0]
    assert "ce qui a été reçu" in rows[0]
    assert not page.xpath("//*[@role='alert']")


def test_who_does_not_oversee_a_file_gets_no_evidence_of_it(fund: Fund, read: str) -> None:
    address = f"/files/{read}/evidence"
    assert address not in fund.doctor().page(f"/files/{read}?tab=journal").xpath("//a/@href")
    for part in ("", ".json", ".pdf"):
        assert fund.doctor().get(address + part).status_code == 403
        assert log_in(fund, Role.ANALYST, "MA-CENTRAL").get(address + part).status_code == 403
        assert supervisor(fund, "MA-01").get(address + part).status_code == 404
    assert {each.purpose for each in fund.rows(AccessLog)} == {"file_page"}


def test_what_is_taken_out_is_logged_and_can_be_checked_without_the_installation(
    fund: Fund, read: str, keys: KeyRing, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    auditor = log_in(fund, Role.AUDITOR, "MA-CENTRAL")
    log = auditor.page("/access-log")
    address = next(each for each in log.xpath("//tbody//a/@href") if read in each)
    assert auditor.get(address).status_code == 200

    with database.transaction() as session:
        assert len(digests.sign_days(session, keys, "ma", now=NOW.replace(day=21))) == 1
    answer = auditor.get(f"{address}.json")

    found, faults = evidence.check(answer.content, digests.public_key(keys))
    assert faults == ()
    assert [each["what"] for each in found["readings"]] == ["draft,intake", "evidence"]
    assert len(found["signed_days"]) == 1
    assert "Suivi" not in answer.text
    assert "Alami" not in answer.text
    file, key = tmp_path / "evidence.json", digests.public_key(keys).hex()
    file.write_bytes(answer.content)
    check_evidence(str(file), public_key=key, as_json=False)
    assert f"evidence of {read}" in capsys.readouterr().out


def test_evidence_that_was_changed_is_found(fund: Fund, read: str, keys: KeyRing) -> None:
    content = supervisor(fund).get(f"/files/{read}/evidence.json").content
    trusted = digests.public_key(keys)
    whole = orjson.loads(content)
    whole["evidence"]["journal"][1]["facts"] = "{}"

    _, faults = evidence.check(orjson.dumps(whole), trusted)
    _, others = evidence.check(content, digests.public_key(KeyRing.in_memory()))

    assert faults == ("wrong signature", "wrong hash", "the journal does not hold at entry 2")
    assert others == ("wrong signature",)
    for wrong in (b"", b"[]", b'{"evidence": {}, "signature": "", "sha256": ""}'):
        with pytest.raises(InvalidInput):
            evidence.check(wrong, trusted)


def test_a_journal_that_was_changed_is_said_on_the_page(fund: Fund, read: str) -> None:
    with database.transaction() as session:
        session.execute(sa.text("UPDATE journal_entry SET facts = '{}' WHERE number = 2"))

    page = supervisor(fund).page(f"/files/{read}/evidence")

    assert "2" in texts(page, "//*[@role='alert']")[0]


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_paper_names_the_hash_of_the_file_and_every_entry(
    fund: Fund, read: str, language: str
) -> None:
    browser = supervisor(fund)
    browser.client.cookies.set(LANGUAGE_COOKIE, language)
    entries = browser.get(f"/files/{read}/evidence.json").json()["evidence"]["journal"]

    pages = PdfReader(BytesIO(browser.get(f"/files/{read}/evidence.pdf").content)).pages
    paper = "".join("".join(page.extract_text() for page in pages).split())

    assert read in paper
    assert "SHA-256" in paper
    assert "\u200b" not in paper  # a hash that is copied is the hash
    assert [each["hash"][:16] for each in entries if each["hash"][:16] not in paper] == []
