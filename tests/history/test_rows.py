"""Rows of the packaged rules that ask for history, at the gate."""

import io
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from sqlmodel import Session, select

from medcontrol.clock import civil_date
from medcontrol.crypto import bind
from medcontrol.ids import new_id
from medcontrol.intake import read_lines
from medcontrol.model import ReceivedFile, SelectivityDecision
from medcontrol.ports import FileFacts
from selectivity.engine import RuleEngine
from selectivity.packaged import in_force
from tests.flow_world import message
from workflows.gate.counts import BatchName
from workflows.gate.intake import take_in
from workflows.tools import Tools

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)


def sick_leave(number: int, day: str, start: str, end: str, **changes: Any) -> dict[str, Any]:
    found = message(
        external_id=f"R-{number}", flow="sick_leave", nature="prolongation",
        received_at=f"{day}T09:00:00+01:00", care={"from": start, "to": end}, **changes,
    )  # fmt: skip
    for name in ("lines", "amount", "currency", "ald_number"):
        found.pop(name, None)
    return found


def visit(number: int, provider: str = "PRO-1") -> dict[str, Any]:
    lines = [{"no": 1, "act": "K50", "quantity": "1", "amount": "900.00", "date": "2026-11-10"}]
    return message(
        external_id=f"R-{number}", flow="ambulatory", nature="reimbursement", lines=lines,
        amount="900.00", currency="MAD", care={"from": "2026-11-10", "to": "2026-11-10"},
        provider={"id": provider, "kind": "doctor"},
    )  # fmt: skip


def take(db: Session, tools: Tools, messages: list[dict[str, Any]]) -> dict[str, Any]:
    content = b"\n".join(orjson.dumps(one) for one in messages)
    lines = read_lines(io.BytesIO(content))
    counts = take_in(tools, lines, batch=BatchName(new_id(), "rows"), now=lambda: NOW)
    assert counts.accepted == len(messages), counts
    rows = db.exec(select(ReceivedFile, SelectivityDecision).where(
        SelectivityDecision.received_file_id == ReceivedFile.id)).all()  # fmt: skip
    return {file.external_id: (file, decision) for file, decision in rows}


def test_the_second_of_two_equal_files_of_one_delivery_is_seen(db: Session, tools: Tools) -> None:
    decided = take(db, tools, [visit(1), visit(2), visit(3, provider="PRO-2")])

    matched = {name: decision.matched_rows for name, (_, decision) in decided.items()}
    assert "duplicate-elsewhere" not in matched["R-1"]
    assert "duplicate-elsewhere" in matched["R-2"]
    assert "duplicate-elsewhere" not in matched["R-3"]


def test_forty_weeks_of_sick_leave_call_for_an_examination(db: Session, tools: Tools) -> None:
    leaves = [
        sick_leave(1, "2026-01-10", "2026-01-05", "2026-07-31"),  # 208 days
        sick_leave(2, "2026-08-03", "2026-08-01", "2026-10-11"),  # 72: 280 in all
        sick_leave(3, "2026-10-13", "2026-10-12", "2026-10-20"),
    ]

    decided = take(db, tools, leaves)

    matched = {name: decision.matched_rows for name, (_, decision) in decided.items()}
    assert "sick-leave-week-40" not in matched["R-2"]
    assert "sick-leave-week-40" in matched["R-3"]
    assert decided["R-3"][1].features["sick_leave_days_730d"] == 280


@pytest.mark.parametrize("number", [1, 2])
def test_a_replay_needs_no_counters(db: Session, tools: Tools, number: int) -> None:
    messages = [visit(1), visit(2)]
    file, decision = take(db, tools, messages)[f"R-{number}"]
    day = civil_date(file.received_at, "ma")
    engine = RuleEngine(in_force("ma", day), lambda period: tools.keys.derive(f"draw:{period}"))
    assert decision.key_id is not None
    assert decision.medical_features is not None
    medical = orjson.loads(
        tools.keys.decrypt(
            decision.key_id, decision.medical_features, bind("selectivity_decision", file.id)
        )
    )

    again = engine.replay(
        FileFacts(messages[number - 1], day, file.region_code), decision.features, medical
    )

    assert list(again.matched_rows) == decision.matched_rows
    assert again.lane == decision.lane
