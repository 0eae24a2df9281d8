"""The administrator sees what fails in groups, tries it again, and reads what each thing became."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from medcontrol import db as database
from medcontrol import outbox
from medcontrol.model import ControlFile, Letter, OutboxMessage
from medcontrol.vocabulary import IncidentKind, RetryOutcome, Role
from runtime import wiring
from runtime.tasks import incidents as tasks
from tests.architecture.source import ROOT
from tests.factories import make_principal
from tests.pages.desk import Browser, Fund, form_of, texts
from tests.pages.people import administrator
from ui.i18n import translations
from ui.incident_words import INCIDENT_LABELS
from ui.runbook import RUNBOOK
from workflows.watching import watch

ROWS = "//table[1]/tbody/tr"


def fail_letters(fund: Fund, number: int, error: str = "unavailable") -> list[UUID]:
    """Take files in whose letters nobody takes; the last one was given up."""
    for nth in range(number):
        fund.take(external_id=f"W-{nth}")
    with database.transaction() as session:
        asked = sa.select(OutboxMessage.id).where(OutboxMessage.topic == "letters.send")
        ids = list(session.execute(asked.order_by(OutboxMessage.id)).scalars())
        for each in ids:
            message = session.get_one(OutboxMessage, each)
            message.attempts, message.published_at = 3, fund.now
            message.next_try_at = fund.now + timedelta(minutes=8)
            outbox.note_failure(session, each, error, now=fund.now)
        outbox.give_up(message, error, now=fund.now)
    return ids


def open_incident(browser: Browser) -> tuple[str, Any]:
    """Follow the only incident of the list."""
    (address,) = browser.page("/incidents").xpath("//tbody/tr/th/a/@href")
    return address, browser.page(address)


def test_what_fails_alike_stands_in_one_line_that_leads_to_its_files(fund: Fund) -> None:
    fail_letters(fund, 3)
    browser = administrator(fund)
    code = fund.rows(Letter)[0].code

    (row,) = browser.page("/incidents").xpath("//tbody/tr")
    _, page = open_incident(browser)

    cells = [" ".join(each.text_content().split()) for each in row]
    assert cells[0].endswith(code)
    assert cells[1].endswith("unavailable")
    assert [cells[4], cells[5], cells[6][:1], cells[7]] == ["3", "3", "2", "1"]
    assert row.xpath(".//a/@href")[1] == f"/incidents/runbook#{IncidentKind.LETTER}"
    shown = texts(page, "//tbody/tr/th/bdi")
    assert sorted(shown) == sorted(each.reference for each in fund.rows(ControlFile))
    assert page.xpath("//tbody//a") == [], "an administrator alone opens no file"
    assert texts(page, "//section[@aria-labelledby='runbook-title']//li")
    assert "Alami" not in page.text_content()


def test_who_may_see_the_files_gets_them_as_links(fund: Fund) -> None:
    fail_letters(fund, 1)
    with database.transaction() as session:
        both = make_principal(session, Role.ADMINISTRATOR, "MA-CENTRAL")
        session.execute(
            sa.text(
                "INSERT INTO role_grant SELECT gen_random_uuid(), user_id, 'supervisor',"
                " 'MA-06', valid_from, valid_to FROM role_grant WHERE user_id = :id"
            ),
            {"id": both.id},
        )
    browser = fund.log_in(both)

    _, page = open_incident(browser)

    (link,) = page.xpath("//tbody//a/@href")
    assert browser.page(link) is not None


def test_ticked_things_are_tried_again_once_and_each_says_what_became_of_it(fund: Fund) -> None:
    ids = fail_letters(fund, 3)
    browser = administrator(fund)
    address, page = open_incident(browser)
    form = form_of(page, "/retry")
    ticked = {"do": "ticked", "item": [str(each) for each in ids]}
    nothing = browser.send(page, "/retry", do="ticked")
    fields = dict(form.form_values()) | ticked
    with database.transaction() as session:
        outbox.finish(session.get_one(OutboxMessage, ids[0]), now=fund.now)

    answers = [browser.client.post(form.action, data=fields) for _ in range(2)]

    assert nothing.headers["location"] == address
    assert len({each.headers["location"] for each in answers}) == 1
    result = answers[0].headers["location"]
    assert len(browser.page(result).xpath("//*[@hx-trigger='every 2s']")) == 1
    with database.transaction() as session:
        outbox.finish(session.get_one(OutboxMessage, ids[1]), now=fund.now)
        later = fund.now + timedelta(seconds=5)
        outbox.note_failure(session, ids[2], "TimeoutError", now=later)
    page = browser.page(result)
    word = {each: translations("fr").gettext(text) for each, text in INCIDENT_LABELS}
    lines = texts(page, ROWS + "/td[1]")
    assert lines == [word[RetryOutcome.FAILED], word[RetryOutcome.GONE], word[RetryOutcome.DONE]]
    assert texts(page, ROWS + "/td[2]")[0].endswith("TimeoutError")
    assert page.xpath("//*[@hx-trigger]/@hx-trigger") == []
    listed = browser.page("/incidents")
    assert result in listed.xpath("//section//tbody//a/@href")
    messages = {row.id: row for row in fund.rows(OutboxMessage)}
    assert [messages[each].dead_at for each in ids] == [None] * 3
    gone = browser.get(address)
    assert gone.headers["location"] == "/incidents", "that error is over"


def test_a_file_that_stands_still_is_driven_again_from_the_page(
    fund: Fund, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = fund.take()
    step = fund.task(reference).step
    with database.transaction() as session:
        session.execute(sa.text("UPDATE human_task SET status = 'cancelled'"))
    watch(fund.tools, now=lambda: fund.now)
    monkeypatch.setattr(wiring, "tools", lambda: fund.tools)
    browser = administrator(fund)
    address, page = open_incident(browser)

    answer = browser.send(page, "/retry", do="all")
    asked = [each for each in fund.rows(OutboxMessage) if each.topic == "incidents.retry"]
    tasks.retry(str(asked[0].id))

    word = {each: translations("fr").gettext(text) for each, text in INCIDENT_LABELS}
    result = browser.page(answer.headers["location"])
    assert texts(result, ROWS + "/td[1]") == [word[RetryOutcome.DONE]]
    assert fund.task(reference).step == step
    assert (
        browser.page("/incidents").xpath("//tbody/tr/th/a[contains(@href, '" + address + "')]")
        == []
    )


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR, Role.DOCTOR])
def test_nobody_else_sees_or_tries_anything(fund: Fund, role: Role) -> None:
    fail_letters(fund, 1)
    address, page = open_incident(administrator(fund))
    with database.transaction() as session:
        principal = make_principal(session, role, "MA-CENTRAL")
    browser = fund.log_in(principal)

    assert browser.get(address).status_code == 403
    fields = dict(form_of(page, "/retry").form_values()) | {"do": "all"}
    assert browser.client.post(f"{address}/retry", data=fields).status_code == 403
    assert all(each.attempts for each in fund.rows(OutboxMessage) if each.topic == "letters.send")


def test_the_runbook_of_the_pages_and_of_the_documents_are_one(fund: Fund) -> None:
    labels = {kind: text for kind, text in INCIDENT_LABELS if isinstance(kind, IncidentKind)}
    written = " ".join((ROOT / "docs" / "runbook.md").read_text("utf-8").split())

    page = administrator(fund).page("/incidents/runbook")

    assert set(RUNBOOK) == set(labels) == set(IncidentKind)
    assert page.xpath("//section/@id") == [kind.value for kind in RUNBOOK]
    for kind, chapter in RUNBOOK.items():
        for text in (labels[kind], chapter.means, *chapter.do, chapter.never):
            assert text in written, text
