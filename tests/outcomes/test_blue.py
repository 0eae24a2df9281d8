"""Paid files that come back: a keyed draw every week, what overflowed first."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from medcontrol.ids import new_id
from medcontrol.model import (
    BlueDraw,
    BlueWeek,
    ControlFile,
    ControlOutcome,
    SelectivityDecision,
)
from medcontrol.vocabulary import ControlResult, Lane, LineOutcome
from selectivity.outcomes.weekly import Paid, choose
from tests.factories import NOW, TODAY
from tests.flow_world import World, make_world, raw
from tests.outcomes.test_coded_results import LINES, verdict
from workflows.gate.blue import draw_week, write_draw
from workflows.gate.blue_check import verify_week
from workflows.gate.single import take_in_one
from workflows.tools import Tools

draws = st.lists(
    st.tuples(st.integers(0, 2**64 - 1), st.booleans()), unique_by=lambda d: d[0], max_size=40
)


@given(draws, st.integers(0, 45))
def test_what_overflowed_comes_first_then_the_smallest_draws_and_more_quota_keeps_all(
    files: list[tuple[int, bool]], quota: int
) -> None:
    pool = [Paid(new_id(), draw, overflow) for draw, overflow in files]
    week, more = choose(pool, quota), choose(list(reversed(pool)), quota + 1)
    taken = [each.file for each in week.drawn]
    assert len(taken) == min(quota, len(pool))
    assert taken == [each.file for each in more.drawn][: len(taken)]
    assert taken == sorted(pool, key=lambda f: (not f.is_overflow, f.draw))[:quota]
    for each in week.drawn:  # the chance of a file is the draw that it had to beat
        assert each.probability == 1.0 or each.file.draw / 2**64 <= each.probability
    if any(not f.is_overflow for f in taken):
        assert all(f in taken for f in pool if f.is_overflow)


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


def paid(world: World, number: int, *, overflow: bool = False, **changes: Any) -> Any:
    """A file that went on blue."""
    message = {
        "flow": "ambulatory", "nature": "reimbursement", "medical": None, "form": None,
        "provider": {"id": f"P-{number}", "kind": "paramedical"}, "lines": LINES,
        "amount": "1200.00", "currency": "MAD", "external_id": f"PAID-{number}",
        "care": {"from": "2026-11-02"}, **changes,
    }  # fmt: skip
    taken = take_in_one(world.tools, raw(**message), source_name="test", now=NOW)
    decision = world.session.get_one(SelectivityDecision, taken.received_file_id)
    assert not decision.lane.is_controlled
    decision.lane, decision.overflow = Lane.BLUE, overflow
    world.session.flush()
    return taken.received_file_id


def test_a_week_is_drawn_once_and_opens_controls_after_payment(world: World) -> None:
    first = [paid(world, n) for n in range(3)]
    late = paid(world, 9, overflow=True)
    world.now = NOW + timedelta(hours=1)
    done = draw_week(world.tools, "ma", now=lambda: world.now)
    assert done is not None
    assert (done.week, done.is_new, done.pool, done.overflow) == ("2026-W47", True, 4, 1)
    assert (done.drawn, done.opened, done.bound_by) == (4, 4, "capacity")
    rows = world.session.exec(select(BlueDraw).order_by(col(BlueDraw.rank))).all()
    assert rows[0].received_file_id == late
    assert {row.received_file_id for row in rows} == {*first, late}
    files = world.session.exec(
        select(ControlFile).where(ControlFile.nature == "a_posteriori")
    ).all()
    assert {file.received_file_id for file in files} == {row.later_file_id for row in rows}

    again = draw_week(world.tools, "ma", now=lambda: world.now)
    assert again is not None
    assert (again.is_new, again.opened) == (False, 0)
    assert verify_week(world.session, world.tools.keys, "ma", "2026-W47") == (4, [])


def test_a_run_that_died_after_the_draw_is_finished_by_the_next(world: World) -> None:
    paid(world, 1)
    write_draw(world.session, world.tools.keys, "ma", TODAY, NOW + timedelta(hours=1))
    assert world.session.exec(select(BlueDraw)).one().later_file_id is None
    done = draw_week(world.tools, "ma", now=lambda: NOW + timedelta(hours=2))
    assert done is not None
    assert (done.is_new, done.drawn, done.opened) == (False, 1, 1)
    world.session.expire_all()
    assert world.session.exec(select(BlueDraw)).one().later_file_id is not None


def test_what_is_found_afterwards_is_an_anomaly_of_the_paid_file_to_be_recovered(
    world: World,
) -> None:
    paid(world, 1)
    draw_week(world.tools, "ma", now=lambda: NOW + timedelta(hours=1))
    world.session.expire_all()
    row = world.session.exec(select(BlueDraw)).one()
    file = world.session.exec(
        select(ControlFile).where(ControlFile.received_file_id == row.later_file_id)
    ).one()
    lines = (verdict(1, LineOutcome.REFUSED), verdict(2, LineOutcome.ACCEPTED))
    world.end(file, "partially_granted", lines=lines, reasoning="Vu.", motive_code="med.other_care")
    outcome = world.session.exec(select(ControlOutcome)).one()
    assert outcome.received_file_id == row.received_file_id, "the paid file teaches, once"
    assert outcome.result is ControlResult.CONFIRMED_ANOMALY
    world.session.refresh(row)
    assert (row.recovery_cents, row.recovery_on) == (30_000, TODAY)


def test_an_old_file_and_one_of_a_right_are_not_drawn_and_no_doctor_means_no_draw(
    db: Session, tools: Tools
) -> None:
    world = make_world(db, tools)
    paid(world, 1, received_at="2025-10-01T09:30:00+01:00", care={"from": "2025-09-02"})
    done = draw_week(tools, "ma", now=lambda: NOW + timedelta(hours=1))
    assert done is not None
    assert done.pool == 0
    db.execute(sa.text("UPDATE doctor SET is_active = false"))
    db.execute(sa.delete(BlueWeek))
    paid(world, 2)
    done = draw_week(tools, "ma", now=lambda: NOW + timedelta(hours=1))
    assert done is not None
    assert (done.pool, done.quota, done.bound_by) == (1, 0, "capacity")


def test_a_draw_that_somebody_changed_is_found(world: World) -> None:
    paid(world, 1)
    draw_week(world.tools, "ma", now=lambda: NOW + timedelta(hours=1))
    world.session.execute(sa.update(BlueDraw).values(draw=b"\0" * 8))
    count, wrong = verify_week(world.session, world.tools.keys, "ma", "2026-W47")
    assert count == 1
    assert [each.fault for each in wrong] == ["the stored draw is not its own"]
