"""Silence agrees to nothing, unless a dated parameter of the law says that it does."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlmodel import Session, select

from medcontrol.legal.loading import law
from medcontrol.model import (
    ControlFile,
    ControlOutcome,
    Deadline,
    Decision,
    JournalEntry,
    Letter,
)
from medcontrol.vocabulary import (
    ControlFileStatus,
    ControlResult,
    DeadlineKind,
    DecisionOutcome,
)
from tests.flow_world import World, make_world
from workflows.steps import tacit
from workflows.steps.firing import fire_deadline
from workflows.tools import Tools


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


@pytest.fixture
def silence_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    value = law("ma").flag(tacit.PARAMETER).values[0]
    says_yes = SimpleNamespace(at=lambda _day: SimpleNamespace(value=True, facts=value.facts))
    monkeypatch.setattr(tacit, "law", lambda _: SimpleNamespace(flag=lambda _path: says_yes))


def let_time_pass(world: World, nature: str, **more: Any) -> ControlFile:
    """Open a request for sessions and let its legal time end."""
    lines = [{"no": 1, "act": "AMK8", "quantity": "10", "amount": "800.00"}]
    taken = world.take(
        flow="ambulatory", nature=nature, lines=lines, amount="800.00", currency="MAD",
        control={"required": True}, **more,
    )  # fmt: skip
    file = world.file(taken)
    clocks = world.session.exec(select(Deadline).where(Deadline.control_file_id == file.id)).all()
    legal = next(
        clock
        for clock in clocks
        if clock.engine_task_id is None and clock.kind is DeadlineKind.LEGAL
    )
    later = legal.due_at + timedelta(minutes=1)
    assert fire_deadline(world.session, world.tools, legal.id, now=later)
    world.session.expire_all()
    return world.file(taken)


def test_by_default_a_legal_time_that_ends_decides_nothing(world: World) -> None:
    file = let_time_pass(world, "authorisation")

    assert file.status is ControlFileStatus.AWAITING_CONTROL
    assert world.session.exec(select(Decision)).all() == []
    assert not law("ma").flag(tacit.PARAMETER).at(file.received_on).value


@pytest.mark.usefixtures("silence_agrees")
def test_where_the_law_says_so_silence_grants_and_the_decision_says_why(world: World) -> None:
    file = let_time_pass(world, "authorisation")

    assert file.status is ControlFileStatus.CLOSED
    decision = world.session.exec(select(Decision)).one()
    assert decision.outcome is DecisionOutcome.GRANTED
    assert decision.decided_by is None
    assert decision.decided_with["tacit"]["path"] == tacit.PARAMETER
    actions = world.session.exec(
        select(JournalEntry.action).where(JournalEntry.control_file_id == file.id)
    ).all()
    assert "decision.tacit" in actions
    assert world.session.exec(select(Letter.code).where(Letter.code != "acknowledgement")).all()
    # Nobody looked: selectivity learns nothing from it.
    assert world.session.exec(select(ControlOutcome.result)).all() == [ControlResult.WITHDRAWN]


def test_what_has_to_go_up_waits_for_the_region_whatever_the_law_says(
    world: World, silence_agrees: None
) -> None:
    lines = [{"no": 1, "act": "AMK8", "quantity": "10", "amount": "90000.00"}]
    taken = world.take(
        flow="hospital", nature="authorisation", lines=lines, amount="90000.00", currency="MAD",
        control={"required": True},
    )  # fmt: skip
    file = world.file(taken)
    clock = world.session.exec(
        select(Deadline).where(Deadline.control_file_id == file.id, Deadline.kind == "legal")
    ).first()
    assert clock is not None
    fire_deadline(world.session, world.tools, clock.id, now=clock.due_at + timedelta(minutes=1))
    world.session.expire_all()

    assert world.file(taken).status is not ControlFileStatus.CLOSED
