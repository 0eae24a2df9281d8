"""Stored decisions: replayed to the last member, explained to the last cell."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol.clock import utc_now
from medcontrol.crypto import KeyRing
from medcontrol.errors import Forbidden, NotFound
from medcontrol.model import AccessLog, ReceivedFile, ReplayRun, SelectivityDecision
from medcontrol.vocabulary import Role
from runtime.commands.selectivity.explain import _log
from selectivity.records import stored as stored_records
from selectivity.records.explaining import explain
from selectivity.records.explanation import MASKED
from selectivity.records.replay import last_run, replay_sample
from selectivity.records.stored import find, sample
from tests.factories import make_user
from tests.flow_world import MESSAGE, World, make_world
from workflows.tools import Tools

AMBULATORY: dict[str, Any] = {
    "flow": "ambulatory", "nature": "reimbursement", "form": None, "amount": "450.00",
    "currency": "MAD", "medical": {"diagnoses": [{"icd10": "E11.9", "main": True}]},
    "care": {"from": "2026-11-10", "to": "2026-11-12"},
    "provider": {"id": "999200141", "kind": "doctor", "sector": "private",
                 "specialty": "general"},
    "lines": [{"no": 1, "act": "C2", "quantity": "1", "amount": "450.00", "date": "2026-11-11"}],
}  # fmt: skip


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    made = make_world(db, tools)
    for number in range(12):
        born = {"birth_date": f"1975-03-{number + 1:02}"}
        insured = {**MESSAGE["insured"], "registration_number": f"99912{number:04}", **born}
        made.take(external_id=f"A-{number}", **AMBULATORY, insured=insured)
    made.take(external_id="ALD")
    made.take(
        external_id="ASKED", **AMBULATORY | {"control": {"required": True, "mode": "in_person"}}
    )
    return made


def test_what_was_decided_is_decided_again(world: World, keys: KeyRing) -> None:
    report = replay_sample(keys, "ma", number=1000, now=utc_now)

    assert (report.replayed, report.differences) == (14, ())
    run = last_run(world.session, "ma")
    assert run is not None
    assert (run.replayed, run.differences) == (14, 0)


PLANTED: dict[str, Callable[[SelectivityDecision], None]] = {
    "lane": lambda row: setattr(row, "lane", "blue"),
    "draw": lambda row: setattr(row, "draw", b"12345678"),
    "inclusion_probability": lambda row: setattr(row, "inclusion_probability", 0.5),
    "matched_rows": lambda row: setattr(row, "matched_rows", ["no-such-row"]),
    "rules_missing": lambda row: setattr(row, "rule_set_hash", "0" * 64),
    "model_missing": lambda row: setattr(row, "model", "ma/77"),
    "unreadable": lambda row: setattr(row, "medical_features", b"nonsense"),
}


@pytest.mark.parametrize("member", PLANTED)
def test_a_planted_change_is_found_and_raises_the_alarm(
    world: World, keys: KeyRing, member: str, caplog: pytest.LogCaptureFixture
) -> None:
    row = world.session.exec(
        select(SelectivityDecision).join(ReceivedFile).where(ReceivedFile.external_id == "A-3")
    ).one()
    PLANTED[member](row)
    world.session.flush()

    with caplog.at_level(logging.ERROR):
        report = replay_sample(keys, "ma", number=1000, now=utc_now)

    assert [each.name for each in report.differences] == ["test/A-3"]
    assert member in report.differences[0].members
    assert "selectivity.replay_differs" in caplog.text
    kept = world.session.exec(select(ReplayRun)).one()
    assert kept.details[0]["members"] == list(report.differences[0].members)


def test_a_sample_of_a_large_table_is_drawn_by_blocks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.session.execute(sa.text("ANALYZE selectivity_decision"))
    monkeypatch.setattr(stored_records, "_SMALL", -2)

    assert len(sample(world.session, "ma", 5)) == 5


def test_a_chosen_file_is_explained_by_its_row_and_cells(world: World, keys: KeyRing) -> None:
    found = find(world.session, "test/ALD")
    told = explain(world.session, keys, found).as_json()

    assert found.reference is not None
    assert find(world.session, found.reference).received.id == found.received.id
    assert told["decision"]["lane"] in ("orange", "red")
    assert told["decision"]["origins"] == ["mandatory"]
    row = told["rows"][0]
    assert row["match"] is True
    assert {cell["met"] for cell in row["cells"]} == {True}
    assert told["rules"]["known"] is True
    assert 0 <= told["draw"]["u"] < 1
    assert told["draw"]["stratum"]


def test_a_file_that_went_on_says_which_cell_kept_it(world: World, keys: KeyRing) -> None:
    found = next(
        each
        for number in range(12)
        if (each := find(world.session, f"A-{number}")).decision.lane == "green"
    )
    told = explain(world.session, keys, found, with_medical=True).as_json()

    assert found.reference is None
    assert [row["kind"] for row in told["rows"]] == ["safe_harbour"]
    assert told["near_misses"]
    for row in told["near_misses"]:
        unmet = [cell for cell in row["cells"] if not cell["met"]]
        assert len(unmet) == 1
        assert unmet[0]["expected"]


def test_medical_values_are_masked_until_somebody_with_the_right_asks(
    world: World, keys: KeyRing
) -> None:
    found = find(world.session, "ALD")

    masked = explain(world.session, keys, found)
    shown = explain(world.session, keys, found, with_medical=True)

    assert "E11.9" not in str(masked.as_json())
    assert masked.features["main_diagnosis"] == MASKED
    assert shown.features["main_diagnosis"] == "E11.9"
    assert all(
        not cell.is_masked and cell.feature != "main_diagnosis"
        for row in masked.near_misses
        for cell in row.cells
    )


def test_reading_medical_values_is_logged_and_refused_without_the_right(world: World) -> None:
    found = find(world.session, "ALD")
    coordinator = make_user(world.session, Role.COORDINATOR, "MA-06")
    agent = make_user(world.session, Role.AGENT, "CASA-1")

    went_on = next(
        each
        for number in range(12)
        if (each := find(world.session, f"A-{number}")).control_file_id is None
    )

    for file, who in ((found, agent), (went_on, coordinator)):
        with pytest.raises(Forbidden):
            _log(file, who.login)
    _log(found, coordinator.login)

    entry = world.session.exec(select(AccessLog)).one()
    assert (entry.user_id, entry.control_file_id) == (coordinator.id, found.control_file_id)
    assert entry.what == "selectivity"


def test_an_unknown_file_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        find(world.session, "nobody/knows")
