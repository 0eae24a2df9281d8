"""A score in a fund: who puts it to work, what it decides, who may know."""

import json
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol import db as database
from medcontrol.errors import AlreadyDone, Forbidden
from medcontrol.intake import read_lines
from medcontrol.model import (
    CapacitySnapshot,
    ControlFile,
    SelectivityDecision,
    SelectivityRanking,
)
from medcontrol.vocabulary import Lane, Role, ScoreModelStatus
from selectivity.lifecycle.store import in_force
from selectivity.score import store
from tests.factories import NOW, TODAY
from tests.flow_world import MESSAGE, raw
from tests.pages.conftest import fund, pages_settings
from tests.pages.desk import Fund, texts
from tests.pages.people import log_in
from tests.score.past import keep, put_to_work, trained
from workflows.gate import ranking
from workflows.gate.registers import registers
from workflows.gate.simulating import Asked, decide_day
from workflows.gate.single import take_in_one
from workflows.tools import Tools

__all__ = ["fund", "pages_settings"]

PAGE = "/selectivity/model"
CARE = {
    "flow": "ambulatory", "nature": "reimbursement", "ald_number": None, "form": None,
    "provider": {"id": "999200141", "kind": "doctor", "sector": "private"},
    "care": {"from": "2026-11-10", "to": "2026-11-10"}, "currency": "MAD",
    "medical": None,
}  # fmt: skip


def care(number: int, amount: str = "720.00", **more: object) -> bytes:
    lines = [{"no": 1, "act": "Z15", "quantity": "1", "amount": amount, "date": "2026-11-10"}]
    person = MESSAGE["insured"] | {"registration_number": f"{999000200 + number}"}
    return raw(
        **CARE, external_id=f"D-{number}", lines=lines, amount=amount, insured=person, **more
    )


def test_a_second_person_activates_a_model_and_the_one_before_retires(db: Session) -> None:
    first, second = keep(db, "Ada"), keep(db, "Ada")
    assert (store.name_of(first), store.name_of(second)) == ("ma/1", "ma/2")
    assert store.active_model(db, "ma") is None

    with pytest.raises(Forbidden, match="second person"):
        store.activate(db, first.id, by="Ada", now=NOW)
    store.activate(db, first.id, by="Grace", now=NOW)
    store.activate(db, second.id, by="Grace", now=NOW)
    db.refresh(first)
    found = store.active_model(db, "ma")

    assert found is not None
    assert (found.name, found.sha256) == ("ma/2", trained().model.sha256)
    assert first.status is ScoreModelStatus.RETIRED
    with pytest.raises(AlreadyDone):
        store.activate(db, first.id, by="Grace", now=NOW)


@pytest.mark.parametrize(
    "change", ["content = 'x'", "sha256 = 'x'", "trained_as_of = '2020-01-01'", "report = '{}'"]
)
def test_the_text_of_a_model_can_not_be_changed_by_any_program(db: Session, change: str) -> None:
    keep(db)
    db.flush()
    with pytest.raises(sa.exc.DBAPIError, match="never changes"):
        db.execute(sa.text(f"UPDATE score_model SET {change}"))  # noqa: S608 - fixed words


def test_the_newest_model_that_knew_nothing_of_a_day_is_found(db: Session) -> None:
    keep(db)
    as_of = trained().model.trained_as_of

    assert store.model_as_of(db, "ma", as_of) is not None
    assert store.model_as_of(db, "ma", as_of - timedelta(days=1)) is None


def test_an_analyst_reads_the_figures_and_puts_the_score_to_work(fund: Fund) -> None:
    with database.transaction() as session:
        keep(session)
    browser = log_in(fund, Role.ANALYST, "MA-CENTRAL")
    page = browser.page(PAGE)

    assert "ma/1" in texts(page, "//h1")[0]
    assert browser.send(page, "/activate").status_code == 303
    page = browser.page(PAGE)
    assert "En service" in texts(page, "//section[1]//header")[0]
    never = texts(page, "//section[contains(@aria-labelledby, 'limits')]")[0]
    assert "beneficiary_age" in never
    assert "region" in never
    card = browser.get(f"{PAGE}/1/card")
    assert card.text.startswith("# Model card: score ma/1")
    assert trained().model.sha256 in card.text
    assert browser.send(page, "/retire").status_code == 303
    with database.read_only() as session:
        assert store.active_model(session, "ma") is None


def test_nobody_else_sees_the_score_and_only_analysts_change_it(fund: Fund) -> None:
    with database.transaction() as session:
        model_id = keep(session).id
    for role in (Role.AGENT, Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR):
        assert log_in(fund, role).get(PAGE).status_code == 403, role
    reader = log_in(fund, Role.AUDITOR, "MA-CENTRAL")
    page = reader.page(PAGE)
    assert not page.xpath("//form[contains(@action, 'activate')]")
    token = page.xpath("//input[@name='csrf_token']/@value")[0]
    answer = reader.client.post(f"{PAGE}/{model_id}/activate", data={"csrf_token": token})
    assert answer.status_code == 403


def test_files_paid_the_day_after_wait_for_the_night_which_opens_the_best_once(
    fund: Fund,
) -> None:
    put_to_work()
    for number in range(6):
        take_in_one(fund.tools, care(number, f"{70 + number}0.00"), source_name="t", now=fund.now)
    told = {row.received_file_id: row for row in fund.rows(SelectivityDecision)}
    waiting = [row for row in told.values() if row.lane is Lane.GREEN and row.score is not None]
    assert waiting
    assert {row.model for row in waiting} == {"ma/1"}
    opened = len(fund.rows(ControlFile))

    day = next(iter(told.values())).features["received_on"]
    after = NOW + timedelta(days=1)
    found = ranking.rank_night(fund.tools, "ma", date.fromisoformat(day), now=after)
    again = ranking.rank_night(fund.tools, "ma", date.fromisoformat(day), now=after)

    assert found.by_score == found.opened > 0
    assert again.skipped == "already_ranked"
    rows = fund.rows(SelectivityRanking)
    assert len(fund.rows(ControlFile)) == opened + len(rows) == opened + found.opened
    files = {each.received_file_id: each for each in fund.rows(ControlFile)}
    assert all(files[row.received_file_id].lane is Lane.ORANGE for row in rows)
    assert all(row.origins == ["score"] and row.priority >= row.cutoff for row in rows)
    same = {row.received_file_id: row.lane for row in fund.rows(SelectivityDecision)}
    assert same == {key: row.lane for key, row in told.items()}
    nights = [each for each in fund.rows(CapacitySnapshot) if each.is_night]
    assert [each.sha256 for each in nights] == [rows[0].capacity_hash]
    with pytest.raises(sa.exc.DBAPIError, match="only added"), database.transaction() as session:
        session.execute(sa.text("UPDATE selectivity_ranking SET priority = 0"))


def test_a_night_that_dies_did_nothing_and_the_next_run_does_all(
    fund: Fund, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_to_work()
    for number in range(4):
        take_in_one(fund.tools, care(number), source_name="t", now=fund.now)
    after = NOW + timedelta(days=1)
    with monkeypatch.context() as patch:
        patch.setattr(ranking, "open_files", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ranking.rank_night(fund.tools, "ma", TODAY, now=after)
    assert not fund.rows(SelectivityRanking)
    assert not [each for each in fund.rows(CapacitySnapshot) if each.is_night]

    assert ranking.rank_night(fund.tools, "ma", TODAY, now=after).opened > 0


def test_neither_the_doctor_nor_the_sender_learns_that_a_score_chose_the_file(fund: Fund) -> None:
    put_to_work()
    for number in range(4):
        take_in_one(fund.tools, care(number), source_name="t", now=fund.now)
    ranking.rank_night(fund.tools, "ma", TODAY, now=NOW + timedelta(days=1))
    chosen = {row.received_file_id for row in fund.rows(SelectivityRanking)}
    file = next(each for each in fund.rows(ControlFile) if each.received_file_id in chosen)

    shown = fund.doctor().page(f"/files/{file.reference}").text_content().lower()
    assert file.reference.lower() in shown
    assert "score" not in shown
    assert "hasard" not in shown
    assert "tirage" not in shown
    assert fund.doctor().get(PAGE).status_code == 403


def lines_of(*raws: bytes):  # type: ignore[no-untyped-def]
    import io

    return read_lines(io.BytesIO(b"\n".join(raws)))


def asked(session: Session, capacity: int, **changes: object) -> Asked:
    rules = in_force(session, "ma", TODAY)
    return Asked(**{
        "as_of": TODAY, "capacity": capacity, "floor": None, "rules": rules,
        "score": trained().model, **changes,
    })  # fmt: skip


def test_a_day_is_decided_with_n_controls_and_nothing_is_written(db: Session, tools: Tools) -> None:
    known = registers(db, tools, TODAY)
    raws = [care(n, f"{51 + n * 5}0.00") for n in range(40)]
    made, bad = decide_day(db, tools.keys, known, lines_of(*raws, b"{not json"), asked(db, 10))
    chosen = [each for each in made if each.outcome.lane.is_controlled]

    assert [each.external_id for each in made] == [f"D-{n}" for n in range(40)]
    assert len(chosen) == 10
    assert [each.line for each in bad] == [41]
    for table in ("received_file", "selectivity_decision", "control_file", "past_file"):
        assert db.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() == 0  # noqa: S608
    backwards, _ = decide_day(db, tools.keys, known, lines_of(*raws[::-1]), asked(db, 10))
    assert {each.external_id for each in backwards if each.outcome.lane.is_controlled} == {
        each.external_id for each in chosen
    }
    plain, _ = decide_day(db, tools.keys, known, lines_of(*raws), asked(db, 10, score=None))
    assert sum(each.outcome.lane.is_controlled for each in plain) == 10
    assert all(each.outcome.score is None for each in plain)
    json.dumps([each.outcome.features for each in made])
