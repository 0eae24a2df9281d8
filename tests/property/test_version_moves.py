"""A file that moves to another version of its pack goes on as if nothing had happened."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from tests.property.test_flow_engine import (
    LOOP,
    PACKS,
    _LoopPack,
    choices,
    happen,
    opening,
    possible,
)
from workflows import engine
from workflows.definition.bpmn import read
from workflows.definition.catalog import Pack
from workflows.engine import Advance
from workflows.versions.transplant import CannotMove, transplant


def copy_of(pack: Pack) -> Pack:
    """The same under another hash: the next version, without any difference."""
    return replace(pack, digest=pack.digest[::-1], key=pack.key + "0")


def same_ids(pack: Pack) -> dict[str, str | None]:
    return {name: name for name in read(pack.bpmn()).nodes}


def seen(pack: Pack, stands: Advance) -> Any:
    calls = [(c.step, c.operation, c.arguments) for c in stands.operations]
    facts = engine.facts_of(stands.state)
    return sorted(possible(pack, stands)), calls, stands.status, stands.ended, facts


def live_twice(pack: Pack, other: Pack, numbers: list[int]) -> None:
    """Live, move at every moment, and compare what both lives look like."""
    stays = moves = engine.start(pack, opening(pack, numbers[0]))
    here, mapping = pack, same_ids(pack)
    for number in numbers:
        there = other if here is pack else pack
        if moves.ended:
            break
        moved = transplant(there, moves.state, mapping)
        assert {t.task_id for t in moved.tasks} == {t.task_id for t in moves.tasks}
        assert {w.task_id for w in moved.waits} == {w.task_id for w in moves.waits}
        assert moved.operations == ()
        moves, here = moved, there
        options = sorted(possible(pack, stays))
        assert sorted(possible(here, moves)) == options
        chosen = options[number % len(options)]
        stays, moves = happen(pack, stays, chosen), happen(here, moves, chosen)
        assert seen(here, moves) == seen(pack, stays)


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.key)
@settings(max_examples=6, deadline=None)
@given(numbers=choices)
def test_a_life_under_changing_copies_is_the_life_under_one(pack: Pack, numbers: list[int]) -> None:
    live_twice(pack, copy_of(pack), numbers)


@settings(max_examples=15, deadline=None)
@given(numbers=choices)
def test_branches_that_wait_for_each_other_move_too(numbers: list[int]) -> None:
    real = next(p for p in PACKS if p.meta.code == "ald")
    looping = replace(_LoopPack.of(real), digest="loop")

    live_twice(looping, copy_of(looping), numbers)
    assert "parallelGateway" in LOOP


def test_a_place_without_a_counterpart_is_refused_by_name() -> None:
    pack = next(p for p in PACKS if p.meta.code == "ald")
    stands = engine.start(pack, {})

    with pytest.raises(CannotMove) as refusal:
        transplant(copy_of(pack), stands.state, same_ids(pack) | {stands.tasks[0].step: None})

    assert (refusal.value.reason, refusal.value.about) == ("no_place", stands.tasks[0].step)
