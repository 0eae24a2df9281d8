"""Random lives of files: pruning changes nothing but the size, and no life gets stuck."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow

from medcontrol.vocabulary import ControlFileStatus
from workflows import engine
from workflows.definition.catalog import Pack, catalog
from workflows.definition.conditions import holds
from workflows.definition.layout import lay_out
from workflows.engine import Advance, paths, starts

PACKS = list(catalog())
choices = st.lists(st.integers(min_value=0, max_value=1000), min_size=1, max_size=25)


def keep_everything(top: BpmnWorkflow) -> None:
    """Prune nothing."""


@contextmanager
def whole_states() -> Iterator[None]:
    usual = paths.prune
    paths.prune = keep_everything
    starts._prepared.cache_clear()
    try:
        yield
    finally:
        paths.prune = usual
        starts._prepared.cache_clear()


def opening(pack: Pack, seed: int) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, fact in pack.meta.facts.items():
        if fact.given == "opening":
            known: dict[str, list[Any]] = {"boolean": [False, True], "integer": [1, 2, 3]}
            values = known.get(fact.type, list(fact.values))
            facts[name] = values[seed % len(values)]
            seed //= len(values)
    return facts


def possible(pack: Pack, stands: Advance) -> list[tuple[str, str, str]]:
    """Everything that can happen now, named without ids so that two lives can be compared."""
    nature = engine.facts_of(stands.state).get("nature")
    moves = []
    for task in stands.tasks:
        for name in pack.meta.steps[task.step].outcomes:
            natures = pack.meta.outcomes[name].natures
            if not natures or nature is None or nature in natures:
                moves.append(("step", task.step, name))
    return moves + [(wait.kind, wait.name, "") for wait in stands.waits]


def happen(pack: Pack, stands: Advance, move: tuple[str, str, str]) -> Advance:
    kind, name, outcome = move
    if kind == "step":
        task = next(t for t in stands.tasks if t.step == name)
        return engine.complete(pack, stands.state, task.task_id, {"outcome": outcome})
    if kind == "deadline":
        wait = next(w for w in stands.waits if w.name == name)
        return engine.fire(pack, stands.state, wait.task_id)
    moved = engine.receive(pack, stands.state, name)
    assert moved is not None
    return moved


def live(pack: Pack, numbers: list[int]) -> list[Any]:
    """What can be seen of a life from outside, moment by moment."""
    stands = engine.start(pack, opening(pack, numbers[0]))
    seen: list[Any] = []
    for number in [*numbers, None]:
        moves = possible(pack, stands)
        calls = [(c.step, c.operation, c.arguments) for c in stands.operations]
        seen.append((sorted(moves), calls, stands.status, engine.facts_of(stands.state)))
        if not moves or number is None:
            break
        stands = happen(pack, stands, sorted(moves)[number % len(moves)])
    return seen


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.key)
@settings(max_examples=25, deadline=None)
@given(numbers=choices)
def test_a_pruned_life_is_the_life_of_whole_states(pack: Pack, numbers: list[int]) -> None:
    with whole_states():
        whole = live(pack, numbers)

    assert live(pack, numbers) == whole


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.key)
@settings(max_examples=40, deadline=None)
@given(numbers=choices)
def test_an_open_file_always_waits_for_something(pack: Pack, numbers: list[int]) -> None:
    for moves, _, status, _ in live(pack, numbers):
        assert bool(moves) != (status is ControlFileStatus.CLOSED)


def test_a_state_does_not_grow_with_the_loops_that_it_went_through() -> None:
    pack = next(p for p in PACKS if p.meta.code == "ald")
    stands = engine.start(pack, {})
    sizes = []
    for _ in range(12):
        stands = happen(pack, stands, ("step", "control_on_file", "ask_completion"))
        stands = happen(pack, stands, ("deadline", "completion_reminder", ""))
        stands = happen(pack, stands, ("message", "documents_received", ""))
        sizes.append(len(stands.state))

    assert max(sizes[1:]) - min(sizes[1:]) < 100
    assert sizes[-1] < 8_000


LOOP = """<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" targetNamespace="t">
<process id="ald" isExecutable="true">
  <startEvent id="s"/><exclusiveGateway id="again"/><parallelGateway id="fork"/>
  <userTask id="completeness"/><userTask id="control_on_file"/><parallelGateway id="join"/>
  <userTask id="appointment"/><exclusiveGateway id="enough" default="f9"/><endEvent id="e"/>
  <sequenceFlow id="f1" sourceRef="s" targetRef="again"/>
  <sequenceFlow id="f2" sourceRef="again" targetRef="fork"/>
  <sequenceFlow id="f3" sourceRef="fork" targetRef="completeness"/>
  <sequenceFlow id="f4" sourceRef="fork" targetRef="control_on_file"/>
  <sequenceFlow id="f5" sourceRef="completeness" targetRef="join"/>
  <sequenceFlow id="f6" sourceRef="control_on_file" targetRef="join"/>
  <sequenceFlow id="f7" sourceRef="join" targetRef="appointment"/>
  <sequenceFlow id="f8" sourceRef="appointment" targetRef="enough"/>
  <sequenceFlow id="f9" sourceRef="enough" targetRef="again"/>
  <sequenceFlow id="f10" sourceRef="enough" targetRef="e">
    <conditionExpression xsi:type="tFormalExpression">off_list</conditionExpression></sequenceFlow>
</process></definitions>"""


@settings(max_examples=30, deadline=None)
@given(order=st.lists(st.booleans(), min_size=2, max_size=6))
def test_a_parallel_join_in_a_loop_waits_for_both_branches_each_time(order: list[bool]) -> None:
    real = next(p for p in PACKS if p.meta.code == "ald")
    pack = replace(_LoopPack.of(real), digest="loop")
    stands = engine.start(pack, {})
    for first in order:
        steps = ["completeness", "control_on_file"]
        outcomes = {"completeness": "complete", "control_on_file": "granted"}
        for step in steps if first else reversed(steps):
            assert not any(t.step == "appointment" for t in stands.tasks)
            stands = happen(pack, stands, ("step", step, outcomes[step]))
        assert [t.step for t in stands.tasks] == ["appointment"]
        stands = happen(pack, stands, ("step", "appointment", "booked"))
        assert {t.step for t in stands.tasks} == set(steps)


class _LoopPack(Pack):
    """A pack with a diagram of its own, everything else as the real one."""

    __slots__ = ()

    @classmethod
    def of(cls, pack: Pack) -> "_LoopPack":
        return cls(pack.key, pack.root, pack.folder, pack.common, pack.digest, pack.flow, pack.meta)

    def bpmn(self) -> str:
        return LOOP


@given(lane=st.sampled_from(["red", "orange"]), count=st.integers(0, 4), flag=st.booleans())
def test_a_condition_means_what_python_means(lane: str, count: int, flag: bool) -> None:
    condition = "lane == 'red' and (count >= 2 or not flag) and lane in ('red', 'blue')"

    found = holds(condition, {"lane": lane, "count": count, "flag": flag})

    assert found == (lane == "red" and (count >= 2 or not flag))


def test_laying_out_twice_gives_the_same_diagram() -> None:
    for pack in PACKS:
        once = lay_out(pack.bpmn())

        assert lay_out(once) == once
        assert Path(pack.folder / "flow.bpmn").read_text("utf-8") == once


def test_a_reminder_at_the_end_of_what_was_guessed_still_leads_to_its_letter() -> None:
    pack = next(pack for pack in PACKS if pack.key == "ma/expertise/1")
    stands = engine.start(pack, {"nature": "in_person"})
    for step, facts in (
        ("expert_naming", {"outcome": "named", "in_person": True}),
        ("appointment", {"outcome": "booked"}),
    ):
        task = next(each for each in stands.tasks if each.step == step)
        stands = engine.complete(pack, stands.state, task.task_id, facts)
    for deadline, letter in (
        ("report_reminder", "report_reminder"),
        ("report_limit", "report_overdue"),
    ):
        wait = next(each for each in stands.waits if each.name == deadline)
        stands = engine.fire(pack, stands.state, wait.task_id)
        assert [c.arguments["letter"] for c in stands.operations] == [letter]
