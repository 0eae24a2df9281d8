"""The counters: the same at the gate, by import and counted again at night, and never too early."""

import io
from datetime import UTC, datetime, time, timedelta
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol.db import transaction
from medcontrol.driver import run
from medcontrol.errors import InvalidInput
from medcontrol.ids import new_id
from medcontrol.intake import read_lines
from medcontrol.model import (
    BeneficiaryEvent,
    ControlOutcome,
    FeatureBucket,
    PastFile,
    ReceivedFile,
    SelectivityDecision,
)
from medcontrol.vocabulary import ControlResult, Jurisdiction
from selectivity.features import add_history
from selectivity.history.checking import check_counters, merge_buckets
from selectivity.history.importing import Imported, Importer
from selectivity.history.reading import hasher_of
from selectivity.history.writing import entry_of_file, outcome_counted, record_overturn
from selectivity.registry import FEATURES
from tests.history.past import PastLine, features_of, make_past
from workflows.gate.counts import BatchName
from workflows.gate.intake import take_in
from workflows.gate.registers import registers
from workflows.tools import Tools

FILES, DAYS = 260, 110
TODAY = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
# Whether a provider is probed is no counter: the rounds say it.
HISTORY = {name for name, feature in FEATURES.items() if feature.is_history} - {"is_in_probe"}


@pytest.fixture(scope="module")
def past() -> list[PastLine]:
    return make_past(FILES, DAYS)


@pytest.fixture(scope="module")
def expected(past: list[PastLine]) -> dict[str, dict[str, Any]]:
    return {one.message["external_id"]: features_of(past, place) for place, one in enumerate(past)}


def day_by_day(db: Session, tools: Tools, past: list[PastLine]) -> None:
    """Take each day in, in small chunks, and close its controls in the evening."""
    for day in sorted({one.day for one in past} | {o.decided_on for o in past if o.decided_on}):
        evening = datetime.combine(day, time(20), UTC)
        content = b"\n".join(orjson.dumps(one.message) for one in past if one.day == day)
        take_in(
            tools, read_lines(io.BytesIO(content)), batch=BatchName(new_id(), "day"),
            now=lambda evening=evening: evening, chunk_size=2,
        )  # fmt: skip
        for one in past:
            if one.decided_on == day:
                close(db, tools, one)


def close(db: Session, tools: Tools, one: PastLine) -> ControlOutcome:
    file = db.exec(
        select(ReceivedFile).where(ReceivedFile.external_id == one.message["external_id"])
    ).one()
    outcome = ControlOutcome(
        received_file_id=file.id,
        jurisdiction=Jurisdiction.MA,
        result=ControlResult(str(one.result)),
        amount_avoided_cents=1000,
        decided_on=one.decided_on,
        origins=["rule"],
    )
    db.add(outcome)
    db.flush()
    counted = outcome_counted(
        entry_of_file(file, hasher_of(tools.keys)), outcome.id, on=one.decided_on,
        is_hit=outcome.result.is_hit, replaces=False,
    )  # fmt: skip
    run(db, counted)
    return outcome


def bring(tools: Tools, lines: list[bytes]) -> Imported:
    with transaction() as session:
        known = registers(session, tools, TODAY.date())
    importer = Importer(tools.keys, known, TODAY, TODAY.date())
    return importer.run(read_lines(io.BytesIO(b"\n".join(lines))))


def history_of(features: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in features.items() if name in HISTORY}


def test_the_gate_counts_what_a_naive_reader_of_the_past_counts(
    db: Session, tools: Tools, past: list[PastLine], expected: dict[str, dict[str, Any]]
) -> None:
    day_by_day(db, tools, past)

    rows = db.execute(
        sa.select(ReceivedFile.external_id, SelectivityDecision.features).join(
            SelectivityDecision, SelectivityDecision.received_file_id == ReceivedFile.id
        )
    ).all()

    found = {row[0]: history_of(row[1]) for row in rows}
    assert found == expected
    seen = set().union(*expected.values())
    assert seen == HISTORY, "the past of this test shows every feature"
    again = check_counters(tools.keys, today=TODAY.date(), days=3000)
    assert (again.files, again.differences) == (FILES, 0)


def test_an_import_in_any_order_counts_the_same(
    db: Session, tools: Tools, past: list[PastLine], expected: dict[str, dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("selectivity.history.importing.SLICE", 90)
    lines = [orjson.dumps(one.as_json()) for one in past]
    mixed = [*lines[1::3], *lines[0::3], *lines[2::3]]

    # Files of one instant keep the order of their lines: here they have instants of their own.
    counts = bring(tools, mixed)
    again = bring(tools, lines)

    rows = db.execute(sa.select(PastFile.external_id, PastFile.features)).all()
    assert {row[0]: history_of(row[1]) for row in rows} == expected_by_instant(past)
    assert (counts.imported, counts.faulty, counts.conflicts) == (FILES, 0, 0)
    assert (again.imported, again.duplicates) == (0, FILES)
    assert check_counters(tools.keys, today=TODAY.date(), days=3000).differences == 0


def expected_by_instant(past: list[PastLine]) -> dict[str, dict[str, Any]]:
    ordered = sorted(past, key=lambda one: one.message["received_at"])
    return {
        one.message["external_id"]: features_of(ordered, place) for place, one in enumerate(ordered)
    }


def test_what_was_tampered_with_is_found_and_counted_anew(
    db: Session, tools: Tools, past: list[PastLine]
) -> None:
    bring(tools, [orjson.dumps(one.as_json()) for one in past])
    before = counters(db)
    db.execute(sa.text("UPDATE feature_bucket SET hits = hits + 1 WHERE kind = 0 AND controls > 0"))
    db.execute(sa.text("DELETE FROM beneficiary_event WHERE leave_days > 20"))

    found = check_counters(tools.keys, today=TODAY.date(), days=3000)
    mended = check_counters(tools.keys, today=TODAY.date(), days=3000, repair=True)

    assert found.differences > 10
    assert not found.repaired
    assert mended.repaired
    assert check_counters(tools.keys, today=TODAY.date(), days=3000).differences == 0
    assert counters(db) == before


def counters(db: Session) -> list[Any]:
    return db.execute(
        sa.text(
            "SELECT kind, key, day, part, sum(files), sum(amount), sum(log_squares),"
            " sum(newcomers), sum(controls), sum(hits) FROM feature_bucket"
            " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
        )
    ).all()


def test_a_day_that_is_over_becomes_one_row_and_says_the_same(
    db: Session, tools: Tools, past: list[PastLine]
) -> None:
    day_by_day(db, tools, past[:40])
    before, rows = counters(db), db.exec(select(sa.func.count()).select_from(FeatureBucket)).one()

    merged = merge_buckets(db, today=TODAY.date(), days=300)

    after = db.exec(select(sa.func.count()).select_from(FeatureBucket)).one()
    assert counters(db) == before
    assert 0 < merged < rows
    assert after == len(before)


def test_what_a_chunk_adds_goes_with_it(
    db: Session, tools: Tools, past: list[PastLine], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("after the counters were written")

    monkeypatch.setattr("workflows.gate.saving.open_files", broken)

    day_by_day(db, tools, [one for one in past[:9] if not one.result])

    assert db.exec(select(FeatureBucket.key)).all() == []
    assert db.exec(select(BeneficiaryEvent.number)).all() == []


def test_an_overturned_hit_counts_until_the_day_it_is_overturned(
    db: Session, tools: Tools, past: list[PastLine]
) -> None:
    day_by_day(db, tools, [one for one in past[:30] if not one.result])
    (one, *_) = [one for one in past[:30] if not one.result]
    closed = PastLine(one.message, one.day, "rule", "refused", one.day + timedelta(days=3))
    outcome = close(db, tools, closed)
    overturned = one.day + timedelta(days=9)
    outcome.is_overturned, outcome.overturned_on = True, overturned
    record_overturn(db, outcome, hasher_of(tools.keys))

    def hits(until: object) -> int:
        return int(
            db.execute(
                sa.text("SELECT sum(hits) FROM feature_bucket WHERE kind = 0 AND day <= :until"),
                {"until": until},
            ).scalar_one()
        )

    assert (hits(overturned - timedelta(days=1)), hits(overturned)) == (1, 0)
    assert check_counters(tools.keys, today=TODAY.date(), days=3000).differences == 0


def test_results_that_came_later_are_added_to_files_imported_before(
    db: Session, tools: Tools, past: list[PastLine]
) -> None:
    lines = [one.as_json() for one in past]
    bring(tools, [orjson.dumps({"message": line["message"]}) for line in lines])

    counts = bring(tools, [orjson.dumps(line) for line in lines])

    closed = sum(1 for one in past if one.result)
    assert (counts.imported, counts.duplicates, counts.outcomes_added) == (0, FILES, closed)
    assert check_counters(tools.keys, today=TODAY.date(), days=3000).differences == 0


def test_a_column_of_history_that_is_not_whole_is_refused() -> None:
    with pytest.raises(InvalidInput, match="not a whole number"):
        add_history([{}], {"provider_files_30d": [1.5]})
