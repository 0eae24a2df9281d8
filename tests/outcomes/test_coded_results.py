"""What a closed control leaves for selectivity, and what takes it back."""

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from medcontrol.model import ControlFile, ControlOutcome, FeatureBucket
from medcontrol.vocabulary import (
    ControlResult,
    LineOutcome,
    Origin,
)
from selectivity.history.cases import read_cases
from selectivity.history.keys import Kind
from tests.factories import NOW, TODAY
from tests.flow_world import World, make_world
from workflows.effects.outcomes import avoided_of, overturn
from workflows.steps.command import LineVerdict
from workflows.steps.undoing import undo_decision
from workflows.tools import Tools

LINES = [
    {"no": 1, "act": "B100", "quantity": "2", "amount": "300.00"},
    {"no": 2, "act": "KINE", "quantity": "10", "amount": "900.00"},
]
ASKED = {
    "flow": "ambulatory", "nature": "reimbursement", "medical": None, "form": None,
    "provider": {"id": "P-77", "kind": "paramedical"}, "lines": LINES, "amount": "1200.00",
    "currency": "MAD", "control": {"required": True},
}  # fmt: skip


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


def outcomes(session: Session) -> list[ControlOutcome]:
    rows = session.exec(select(ControlOutcome).order_by(col(ControlOutcome.id)))
    return list(rows.all())


def counted(session: Session) -> tuple[int, int]:
    """Controls and hits in the counters of everything."""
    session.flush()
    rows = session.exec(select(FeatureBucket).where(FeatureBucket.kind == Kind.ALL)).all()
    return sum(row.controls for row in rows), sum(row.hits for row in rows)


def decided(world: World, outcome: str, *lines: LineVerdict, number: int = 1) -> ControlOutcome:
    taken = world.take(**ASKED, external_id=f"O-{number}")
    file = world.file(taken)
    more = {"motive_code": "med.other_care"} if outcome not in ("granted", "withdrawn") else {}
    world.end(file, outcome, lines=lines, reasoning="Vu.", **more)
    return outcomes(world.session)[-1]


def verdict(no: int, outcome: LineOutcome, **more: object) -> LineVerdict:
    motive = None if outcome is LineOutcome.ACCEPTED else "med.other_care"
    return LineVerdict(line_no=no, outcome=outcome, motive_code=motive, **more)  # type: ignore[arg-type]


def test_a_refusal_avoids_the_whole_amount_and_names_origin_doctor_and_minutes(
    world: World,
) -> None:
    lines = [verdict(1, LineOutcome.REFUSED), verdict(2, LineOutcome.REFUSED)]
    row = decided(world, "refused_medical", *lines)
    assert row.result is ControlResult.REFUSED
    assert row.amount_avoided_cents == 120_000
    assert Origin.EXTERNAL.value in row.origins
    assert row.inclusion_probability == pytest.approx(1.0)
    assert row.minutes
    assert row.doctor_id == world.doctor.id
    assert row.decided_on == TODAY
    assert counted(world.session) == (1, 1)


def test_less_of_one_line_is_a_reduction_of_what_was_not_granted(world: World) -> None:
    lines = [verdict(1, LineOutcome.ACCEPTED), verdict(2, LineOutcome.MODIFIED, quantity="6")]
    row = decided(world, "partially_granted", *lines)
    assert (row.result, row.amount_avoided_cents) == (ControlResult.REDUCED, 36_000)


def test_a_request_taken_back_says_nothing_of_the_control(world: World) -> None:
    row = decided(world, "withdrawn")
    assert (row.result, row.amount_avoided_cents) == (ControlResult.WITHDRAWN, 0)
    assert not row.result.is_hit


def test_a_decision_undone_takes_its_hit_back_and_the_next_one_replaces_it(world: World) -> None:
    refused = [verdict(1, LineOutcome.REFUSED), verdict(2, LineOutcome.REFUSED)]
    first = decided(world, "refused_medical", *refused)
    assert first.control_file_id is not None
    doctor = world.by_doctor[world.doctor.id]
    undo_decision(
        world.session, world.tools, first.control_file_id, expected_version=None,
        principal=doctor, now=NOW + timedelta(seconds=5),
    )  # fmt: skip
    assert first.is_overturned
    assert counted(world.session) == (1, 0)

    file = world.session.get_one(ControlFile, first.control_file_id)
    granted = (verdict(1, LineOutcome.ACCEPTED), verdict(2, LineOutcome.ACCEPTED))
    world.end(file, "granted", lines=granted, reasoning="Revu.")
    second = outcomes(world.session)[-1]
    assert second.replaces_id == first.id
    assert second.result is ControlResult.CONFORM
    assert counted(world.session) == (1, 0), "one control, and nothing found"


def test_an_appeal_that_is_granted_counts_against_what_chose_the_file(
    world: World, tools: Tools
) -> None:
    refused = [verdict(1, LineOutcome.REFUSED), verdict(2, LineOutcome.REFUSED)]
    row = decided(world, "refused_medical", *refused)
    assert row.control_file_id is not None
    assert overturn(world.session, tools.keys, row.control_file_id, on=TODAY)
    assert not overturn(world.session, tools.keys, row.control_file_id, on=TODAY), "only once"
    world.session.flush()
    cases = read_cases(
        world.session, tools.keys, jurisdiction="ma", since=TODAY, until=TODAY,
        controlled_only=True,
    )  # fmt: skip
    assert list(cases.outcome) == ["conform"]
    assert list(cases.amount_avoided) == [0]
    assert counted(world.session) == (1, 0)


def test_amounts_granted_above_the_request_avoid_nothing() -> None:
    more = LineVerdict(line_no=1, outcome=LineOutcome.MODIFIED, amount_cents=99_999)
    assert avoided_of([more], LINES) == 0
