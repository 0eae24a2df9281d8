"""Files of the past as columns, live and imported together."""

from datetime import date, timedelta

import numpy as np
import orjson
import pytest
from sqlmodel import Session

from medcontrol.crypto import KeyRing
from medcontrol.model import ControlOutcome, ReceivedFile
from medcontrol.vocabulary import ControlResult, Jurisdiction
from selectivity.history.cases import is_hit, read_cases, select
from tests.factories import NOW, TODAY
from tests.flow_world import raw
from workflows.gate.single import take_in_one
from workflows.tools import Tools


@pytest.fixture
def taken(db: Session, tools: Tools) -> list[ReceivedFile]:
    """Three files of today, the first of whom was refused."""
    found = []
    for number in range(3):
        made = take_in_one(tools, raw(external_id=f"H-{number}"), source_name="test", now=NOW)
        row = db.get(ReceivedFile, made.received_file_id)
        assert row is not None
        found.append(row)
    return found


def outcome(file: ReceivedFile, result: ControlResult, **changes: object) -> ControlOutcome:
    return ControlOutcome.model_validate(
        {
            "received_file_id": file.id,
            "jurisdiction": Jurisdiction.MA,
            "result": result,
            "amount_avoided_cents": 12_345,
            "decided_on": TODAY,
            "origins": ["rule"],
            **changes,
        }
    )


def read(db: Session, keys: KeyRing, **options: bool):  # type: ignore[no-untyped-def]
    return read_cases(db, keys, jurisdiction="ma", since=TODAY, until=TODAY, **options)


def test_live_files_come_with_features_draw_and_the_outcome_that_stands(
    db: Session, keys: KeyRing, taken: list[ReceivedFile]
) -> None:
    refused = outcome(taken[0], ControlResult.REFUSED)
    overturned = outcome(
        taken[1], ControlResult.REFUSED, is_overturned=True, overturned_on=date(2026, 12, 1)
    )
    db.add_all([refused, overturned])
    db.flush()

    cases = read(db, keys)

    by_id = {file_id: place for place, file_id in enumerate(cases.ids)}
    places = [by_id[file.id] for file in taken]
    assert [cases.outcome[place] for place in places] == ["refused", "conform", None]
    assert [int(cases.amount_avoided[place]) for place in places] == [12_345, 0, 0]
    assert str(cases.decided_on[places[1]]) == "2026-12-01"
    assert np.isnat(cases.decided_on[places[2]])
    assert is_hit(cases.outcome)[places].tolist() == [True, False, False]
    assert cases.snapshots[0]["flow"] == cases.flow[0]
    assert cases.draw.dtype == np.uint64
    assert set(cases.received_on.tolist()) == {TODAY}


def test_medical_features_are_there_only_when_asked_for(
    db: Session, keys: KeyRing, taken: list[ReceivedFile]
) -> None:
    plain, full = read(db, keys), read(db, keys, with_medical=True)

    assert "main_diagnosis" not in orjson.dumps(list(plain.snapshots)).decode()
    assert all("main_diagnosis" in snapshot for snapshot in full.snapshots)


def test_cases_can_be_limited_to_days_to_outcomes_and_to_places(
    db: Session, keys: KeyRing, taken: list[ReceivedFile]
) -> None:
    db.add(outcome(taken[2], ControlResult.CONFORM))
    db.flush()
    yesterday = TODAY - timedelta(days=1)

    assert [*read(db, keys, controlled_only=True).ids] == [taken[2].id]
    assert len(read_cases(db, keys, jurisdiction="ma", since=yesterday, until=yesterday)) == 0
    cases = read(db, keys)
    some = select(cases, cases.outcome == "conform")
    assert [*some.ids] == [taken[2].id]
    assert some.snapshots[0] == cases.snapshots[cases.ids.tolist().index(taken[2].id)]
