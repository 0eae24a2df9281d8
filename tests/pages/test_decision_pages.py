"""Deciding over HTTP: opinion, draft, letter, undo, hold, pieces, escalation, conflicts."""

import re
from base64 import b64decode
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from lxml import html

from medcontrol import db as database
from medcontrol.model import (
    CompletionRequest,
    ControlFile,
    Decision,
    HumanTask,
    LineOpinion,
    MedicalRecord,
    Opinion,
)
from medcontrol.vocabulary import (
    CompletionKind,
    ControlFileStatus,
    DecisionOutcome,
    LineOutcome,
    MedicalRecordKind,
)
from tests.factories import NOW
from tests.flow_world import MESSAGE
from tests.pages.desk import AMBULATORY, Fund, form_of, texts
from workflows.sweeping import forget_drafts

HTMX = {"HX-Request": "true", "HX-Target": "file-panel"}


def errors(answer: Any) -> list[tuple[str, str]]:
    """Return the fields that a page says are wrong, with the words, from its list of errors."""
    page = html.fromstring(answer.text)
    found = page.xpath("//*[@data-first-error]//li/a")
    for link in found:
        target = link.get("href")[1:]
        assert page.xpath(f"//*[@id='{target}']"), f"nothing on the page is called {target}"
    return [(link.get("href")[1:], link.text_content()) for link in found]


def test_a_decision_is_recorded_and_the_next_file_opens(fund: Fund) -> None:
    first, second = fund.take(), fund.take(external_id="W-2")
    browser = fund.doctor()
    page = browser.page(browser.page("/queue").xpath("//a[@data-open-row]/@href")[0])

    answer = browser.send(page, "/opinion", outcome="granted", reasoning="Critères remplis.")
    onward = browser.page(answer.headers["location"])

    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"/files/{second}?from=")
    assert fund.file(first).outcome is DecisionOutcome.GRANTED
    assert fund.file(first).closed_at == fund.now
    assert first in texts(onward, "//*[@id='toasts']")[0]
    assert onward.xpath("//button[@data-undo='30']")


def test_htmx_is_told_where_to_go_after_a_decision(fund: Fund) -> None:
    reference = fund.take()
    browser = fund.doctor()

    answer = browser.send(browser.page(f"/files/{reference}"), "/opinion", HTMX, outcome="granted")

    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/queue")
    assert fund.file(reference).outcome is DecisionOutcome.GRANTED


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_is_missing_is_said_at_its_field_and_nothing_typed_is_lost(
    fund: Fund, headers: dict[str, str]
) -> None:
    reference = fund.take()
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}")

    answer = browser.send(
        page, "/opinion", headers, outcome="refused_medical", reasoning="À ne pas perdre",
        valid_from="2026-02-31",
    )  # fmt: skip

    assert answer.status_code == 422
    assert [name for name, _ in errors(answer)] == ["motive", "valid_from"]
    again = html.fromstring(answer.text)
    assert again.xpath("//textarea[@id='reasoning']")[0].text.strip() == "À ne pas perdre"
    chosen = "//fieldset[@id='outcome']//input[@checked]/@value"
    assert again.xpath(chosen) == ["refused_medical"]
    assert ("<html" in answer.text) is (headers == {})
    assert fund.rows(Opinion) == []


def test_lines_are_decided_one_by_one_with_their_motives(fund: Fund) -> None:
    reference = fund.take(**AMBULATORY)
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}")
    motive = page.xpath("//select[@id='line-1-motive']/option[@value != '']/@value")[0]
    lines = {
        "line-1-outcome": "refused",
        "line-1-motive": motive,
        "line-2-outcome": "modified",
        "line-2-motive": motive,
        "line-2-amount": "120,50",
    }

    wrong = browser.send(page, "/opinion", outcome="granted", **lines)
    right = browser.send(page, "/opinion", outcome="partially_granted", **lines)

    assert wrong.status_code == 422
    assert [name for name, _ in errors(wrong)] == ["outcome"]
    assert right.status_code == 303
    found = {row.line_no: row for row in fund.rows(LineOpinion)}
    assert found[1].outcome is LineOutcome.REFUSED
    assert (found[2].motive_code, found[2].amount_cents) == (motive, 12_050)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"line-1-outcome": "accepted"}, "line-2"),
        ({"line-1-outcome": "accepted", "line-2-outcome": "refused"}, "line-2-motive"),
        ({"line-1-outcome": "accepted", "line-2-outcome": "modified"}, "line-2-amount"),
        ({"line-2-outcome": "modified", "line-2-amount": "1e9"}, "line-2-amount"),
        ({"line-2-outcome": "modified", "line-2-amount": "300,01"}, "line-2-amount"),
        ({"line-2-outcome": "modified", "line-2-quantity": "-1"}, "line-2-quantity"),
        ({"line-2-outcome": "nonsense", "line-1-outcome": "accepted"}, "line-2"),
    ],
)
def test_a_wrong_line_is_named(fund: Fund, typed: dict[str, str], field: str) -> None:
    reference = fund.take(**AMBULATORY)
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}")

    answer = browser.send(page, "/opinion", outcome="partially_granted", motive="", **typed)

    assert answer.status_code == 422
    assert field in [name for name, _ in errors(answer)]


def test_granting_lines_that_nobody_touched_accepts_each_of_them(fund: Fund) -> None:
    reference = fund.take(**AMBULATORY)
    browser = fund.doctor()

    browser.send(browser.page(f"/files/{reference}"), "/opinion", outcome="granted")

    assert [row.outcome for row in fund.rows(LineOpinion)] == [LineOutcome.ACCEPTED] * 2


def test_the_forms_answers_are_checked_and_kept_with_the_opinion(fund: Fund) -> None:
    reference = fund.take()
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}")

    wrong = browser.send(page, "/opinion", outcome="granted",
                         **{"form-requested_months": "many"})  # fmt: skip
    right = browser.send(page, "/opinion", outcome="granted",
                         **{"form-pathology": "9", "form-criteria_met": "all"})  # fmt: skip

    assert [name for name, _ in errors(wrong)] == ["form-requested_months"]
    assert right.status_code == 303
    assert fund.rows(Opinion)[0].right_code == "9"


def test_a_validity_beyond_the_list_is_refused_at_its_field(fund: Fund) -> None:
    reference = fund.take()
    browser = fund.doctor()

    answer = browser.send(
        browser.page(f"/files/{reference}"), "/opinion", outcome="granted",
        valid_from="2026-11-20", valid_to="2099-01-01",
    )  # fmt: skip

    assert answer.status_code == 422
    assert errors(answer)[0][0] == "valid_to"


def test_a_file_that_moved_keeps_the_text_and_shows_what_changed(fund: Fund) -> None:
    reference = fund.take()
    browser, other = fund.doctor(), fund.doctor()
    page = browser.page(f"/files/{reference}")
    other.send(other.page(f"/files/{reference}"), "/hold", until="2026-11-27", reason="to_study")

    answer = browser.send(page, "/opinion", outcome="granted", reasoning="Mon texte")

    assert answer.status_code == 409
    shown = html.fromstring(answer.text)
    assert shown.xpath("//textarea[@id='reasoning']")[0].text.strip() == "Mon texte"
    assert texts(shown, "//section[contains(@class, 'conflict')]//p[@class='entry-title']") == [
        "Mis en attente"
    ]
    again = browser.send(shown, "/opinion")  # the page knows the new version now
    assert again.status_code == 303
    assert fund.file(reference).outcome is DecisionOutcome.GRANTED


def test_a_file_that_went_to_somebody_else_keeps_the_text_but_is_not_decided(fund: Fund) -> None:
    reference = fund.take()
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}")
    with database.transaction() as session:
        for table in (HumanTask, ControlFile):
            key = table.control_file_id if table is HumanTask else table.id
            session.execute(
                sa.update(table)
                .where(key == fund.file(reference).id)
                .values(assigned_doctor_id=fund.world.regional.id)
            )

    answer = browser.send(page, "/opinion", outcome="granted", reasoning="Mon texte")

    assert answer.status_code == 409
    shown = html.fromstring(answer.text)
    assert shown.xpath("//textarea[@id='reasoning']")[0].text.strip() == "Mon texte"
    assert fund.rows(Opinion) == []


def test_a_step_done_in_another_window_is_a_conflict_too(fund: Fund) -> None:
    reference = fund.take()
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}")
    browser.send(page, "/opinion", outcome="granted")

    answer = browser.send(page, "/opinion", outcome="granted", reasoning="Deux fois")

    assert answer.status_code == 409
    assert "Deux fois" in answer.text
    assert len(fund.rows(Decision)) == 1


def test_a_draft_survives_encrypted_and_only_for_its_author(fund: Fund) -> None:
    reference = fund.take(**AMBULATORY)
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}")
    typed = {"reasoning": "Brouillon secret", "outcome": "granted", "line-2-outcome": "accepted"}

    saved = browser.send(
        page, "/opinion", {"HX-Request": "true", "HX-Target": "draft-state"}, **typed
    )
    form_of(page, "/opinion").action = f"/files/{reference}/draft"
    fragment = browser.send(
        page, "/draft", {"HX-Request": "true", "HX-Target": "draft-state"}, **typed
    )
    plain = browser.send(page, "/draft", **typed)
    again = browser.page(f"/files/{reference}")

    assert saved.status_code == 422  # a line without opinion: the draft below keeps it all
    assert fragment.status_code == 200
    assert "Brouillon enregistré" in fragment.text
    assert plain.headers["location"] == f"/files/{reference}#decide"
    assert again.xpath("//textarea[@id='reasoning']")[0].text.strip() == "Brouillon secret"
    assert again.xpath("//input[@name='line-2-outcome'][@checked]/@value") == ["accepted"]
    drafts = [row for row in fund.rows(MedicalRecord) if row.kind is MedicalRecordKind.DRAFT]
    assert len(drafts) == 1
    assert b"secret" not in drafts[0].content
    seen = fund.regional().page(f"/files/{reference}")
    assert "Brouillon secret" not in seen.text_content()

    browser.send(again, "/opinion", **{"line-1-outcome": "accepted"})
    forget_drafts(now=lambda: fund.now + timedelta(hours=2))
    kinds = {row.kind for row in fund.rows(MedicalRecord)}
    assert MedicalRecordKind.DRAFT not in kinds


def test_the_letter_is_previewed_in_both_languages_and_nothing_is_saved(fund: Fund) -> None:
    reference = fund.take()
    fund.now += timedelta(minutes=1)
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}")
    form_of(page, "/opinion").action = f"/files/{reference}/letter-preview"

    block = browser.send(
        page, "/letter-preview", {"HX-Request": "true", "HX-Target": "letter-pages"},
        outcome="granted",
    )  # fmt: skip
    whole = browser.send(page, "/letter-preview", outcome="granted")
    none = browser.send(page, "/letter-preview", outcome="withdrawn")
    wrong = browser.send(page, "/letter-preview", outcome="refused_medical")

    pictures = html.fromstring(block.text).xpath("//img/@src")
    assert len(pictures) == 2
    for picture in pictures:
        assert b64decode(picture.removeprefix("data:image/png;base64,")).startswith(b"\x89PNG")
    assert "<html" not in block.text
    assert "<html" in whole.text
    assert html.fromstring(none.text).xpath("//div[@id='letter-pages']//img") == []
    assert (none.status_code, wrong.status_code) == (200, 422)
    assert fund.rows(Opinion) == []
    assert fund.file(reference).status is ControlFileStatus.AWAITING_CONTROL


def test_a_decision_is_undone_from_the_toast_in_time_and_not_later(fund: Fund) -> None:
    reference = fund.take()
    browser = fund.doctor()
    answer = browser.send(
        browser.page(f"/files/{reference}"), "/opinion", outcome="granted", reasoning="Stade III."
    )
    toast = browser.page(answer.headers["location"])
    address = toast.xpath("//form[contains(@action, '/undo')]/@action")[0]

    late = fund.now
    undone = browser.send(toast, address.replace("?", r"\?"))

    assert undone.headers["location"] == f"/files/{reference}"
    page = browser.page(f"/files/{reference}")
    assert form_of(page, "/opinion") is not None
    assert fund.file(reference).closed_at is None
    assert "Stade III." in texts(page, "//textarea[@name='reasoning']"), "nothing is typed twice"
    opinions = browser.page(f"/files/{reference}?tab=opinions")
    assert "annulé" in texts(opinions, "//article")[0]

    browser.send(page, "/opinion", outcome="granted")
    closed = browser.page(f"/files/{reference}")
    fund.now = late + timedelta(seconds=31)
    browser.send(closed, "/undo")
    assert fund.file(reference).closed_at is not None
    said = texts(browser.page(f"/files/{reference}"), "//*[@id='toasts']//span")
    assert said == ["Trop tard pour annuler : le courrier est parti."]

    kept = len(fund.rows(MedicalRecord))
    forget_drafts(now=lambda: fund.now + timedelta(hours=2))
    assert len(fund.rows(MedicalRecord)) == kept - 1


def test_a_file_whose_decision_is_undone_keeps_its_queue_and_shows_no_dead_right(
    fund: Fund,
) -> None:
    numbers = ("999000001", "999000002")
    for number in numbers:
        fund.take(external_id=number, insured=dict(MESSAGE["insured"], registration_number=number))
    browser = fund.doctor()
    start = browser.page("/queue?tab=todo&sort=age").xpath("//a[@data-open-row]/@href")[0]
    page = browser.page(start)
    before = browser.page(start + "&tab=summary").text_content()
    assert "1 / 2" in " ".join(before.split())
    answer = browser.send(page, "/opinion", outcome="granted", reasoning="Stade III.")
    toast = browser.page(answer.headers["location"])
    address = toast.xpath("//form[contains(@action, '/undo')]/@action")[0]

    undone = browser.send(toast, re.escape(address))

    reference = start.split("/")[2].split("?")[0]
    assert "sort%3Dage" in undone.headers["location"]
    back = browser.page(undone.headers["location"])
    assert "1 / 2" in " ".join(back.text_content().split())
    assert back.xpath("//a[starts-with(@href, '/queue') and contains(@href, 'sort=age')]")
    assert texts(back, "//ul[@class='rights']/li") == []
    (badge,) = back.xpath("//a[contains(@href, 'tab=opinions')]")
    assert not any(each.isdigit() for each in badge.text_content())
    assert fund.file(reference).closed_at is None


def test_an_address_that_is_not_there_is_refused_in_the_language_of_who_asks(fund: Fund) -> None:
    answer = fund.doctor().get("/nowhere", **{"accept-language": "en"})

    assert answer.status_code == 404
    assert "Revenir" in answer.text


def test_a_held_file_leaves_the_desk_and_is_taken_up_again(fund: Fund) -> None:
    reference = fund.take()
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}")

    wrong = browser.send(page, "/hold", until="2026-11-20", reason="to_study")
    far = browser.send(page, "/hold", until="2027-11-20", reason="to_study")
    held = browser.send(page, "/hold", until="2026-11-27", reason="to_study")

    assert [name for name, _ in errors(wrong)] == ["hold-until"]
    assert [name for name, _ in errors(far)] == ["hold-until"]
    assert held.headers["location"] == "/queue"
    assert fund.task(reference).held_until is not None
    browser.send(browser.page(f"/files/{reference}"), "/release")
    assert fund.task(reference).held_until is None


def test_a_request_for_pieces_stops_the_clock_until_it_is_waived(fund: Fund) -> None:
    reference = fund.take()
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}")

    nothing = browser.send(page, "/completion-requests", note="Récent")
    other = browser.send(page, "/completion-requests", piece="other")
    asked = browser.send(
        page, "/completion-requests", piece="exams", kind="incorrect", note="Moins de six mois"
    )

    assert [name for name, _ in errors(nothing)] == ["piece"]
    assert "Récent" in html.fromstring(nothing.text).xpath("//textarea[@name='note']")[0].text
    assert [name for name, _ in errors(other)] == ["completion-note"]
    assert asked.status_code == 303
    request = fund.rows(CompletionRequest)[0]
    assert request.kind is CompletionKind.INCORRECT
    assert request.pieces == [{"kind": "exams", "note": "Moins de six mois"}]
    waiting = browser.page(f"/files/{reference}")
    assert "Délai suspendu" in waiting.text_content()

    browser.send(waiting, "/waive-completion")
    assert fund.file(reference).status is ControlFileStatus.AWAITING_CONTROL


def test_a_question_goes_to_the_specialist_and_comes_back_with_the_answer(fund: Fund) -> None:
    reference = fund.take()
    browser = fund.doctor()
    page = browser.page(f"/files/{reference}")

    silent = browser.send(page, "/escalations", reasoning="  ")
    asked = browser.send(page, "/escalations", reasoning="Insulinothérapie justifiée ?")

    assert [name for name, _ in errors(silent)] == ["escalate-question"]
    assert asked.status_code == 303
    colleague = fund.regional()
    opinions = colleague.page(f"/files/{reference}?tab=opinions")
    assert "Insulinothérapie justifiée ?" in opinions.text_content()
    colleague.send(opinions, "/opinion", outcome="advised", reasoning="Oui.")

    back = browser.page(f"/files/{reference}?tab=opinions")
    assert "Oui." in back.text_content()
    assert fund.task(reference).assigned_doctor_id == fund.world.doctor.id


def test_an_invalidity_pension_is_decided_at_three_levels_on_the_same_pages(fund: Fund) -> None:
    reference = fund.take(flow="invalidity", scheme="general", medical=None, form=None)
    from tests.flow_world import World
    from workflows.commands import CompleteStep, complete_step

    assert isinstance(fund.world, World)
    task = fund.task(reference)
    with database.transaction() as session:
        complete_step(
            session, fund.tools,
            CompleteStep(task_id=task.id, expected_version=None, outcome="booked",
                         appointment_at=NOW + timedelta(days=20)),
            principal=fund.world.agent, now=fund.now,
        )  # fmt: skip
    address = f"/files/{reference}"
    doctor, regional, central = fund.doctor(), fund.regional(), fund.central()

    doctor.send(doctor.page(address), "/opinion", outcome="granted", reasoning="Examen",
                **{"form-third_person_aid": "1"})  # fmt: skip
    page = regional.page(address)
    assert page.xpath("//ol[@class='line-opinions']") == []
    regional.send(page, "/opinion", outcome="agreed", reasoning="D'accord")
    central.send(central.page(address), "/opinion", outcome="granted")
    while fund.file(reference).closed_at is None:
        holder = fund.task(reference).assigned_doctor_id
        who = central if holder == fund.world.central.id else regional
        answer = who.send(who.page(address), "/opinion", outcome="signed")
        assert answer.status_code == 303, errors(answer)

    assert fund.file(reference).outcome is DecisionOutcome.GRANTED


def test_who_does_not_hold_the_file_decides_nothing(fund: Fund) -> None:
    reference = fund.take()
    page = fund.doctor().page(f"/files/{reference}")
    agent, colleague = fund.agent(), fund.regional()
    token = colleague.page("/queue").xpath("//input[@name='csrf_token']/@value")[0]
    agents = agent.page("/queue").xpath("//input[@name='csrf_token']/@value")[0]

    by_colleague = colleague.send(page, "/opinion", outcome="granted", csrf_token=token)
    by_agent = agent.send(page, "/opinion", outcome="granted", csrf_token=agents)
    draft = colleague.client.post(f"/files/{reference}/draft", data={"csrf_token": token})

    assert (by_colleague.status_code, by_agent.status_code) == (409, 403)
    assert draft.status_code == 403
    assert fund.rows(Opinion) == []


@pytest.mark.parametrize("size", [20_000, 60_000])
def test_a_long_text_is_cut_never_a_fault(fund: Fund, size: int) -> None:
    reference = fund.take()
    browser = fund.doctor()

    answer = browser.send(
        browser.page(f"/files/{reference}"), "/opinion", outcome="granted",
        reasoning="é" * size + "\x00",
    )  # fmt: skip

    assert answer.status_code == 303
