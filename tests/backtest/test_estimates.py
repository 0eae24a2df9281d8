"""Estimates of what was not controlled, against a truth that the tests know."""

from typing import Any

import numpy as np
import pytest

from selectivity.backtest.estimates import (
    Outcomes,
    avoided,
    closed_pi,
    hit_difference,
    hit_rate,
    hits,
    is_certain,
    wilson,
)

FILES, FLOOR_RATE = 20_000, 0.02


class World:
    """A fund whose truth is known: a rule controls some files, the floor draws some of all."""

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        self.x = draw.random(FILES)
        self.is_wrong = draw.random(FILES) < 0.04 + 0.4 * (self.x > 0.95)
        self.pi = np.where(self.x > 0.97, 1.0, np.where(self.x > 0.9, 0.3, FLOOR_RATE))
        self.u = np.random.default_rng(seed + 10_000).random(FILES)
        self.candidate = np.where(self.x > 0.93, 1.0, FLOOR_RATE)

    def outcomes(self, closing: Any = None) -> tuple[Outcomes, np.ndarray]:
        controlled = self.u < self.pi
        closed = np.ones(controlled.sum(), bool) if closing is None else closing(controlled.sum())
        pi = self.pi[controlled]
        return (
            Outcomes(
                pi=closed_pi(pi, closed),
                is_certain=is_certain(pi[closed]),
                is_hit=self.is_wrong[controlled][closed],
                avoided=np.where(self.is_wrong[controlled][closed], 1e4, 0.0),
            ),
            np.flatnonzero(controlled)[closed],
        )


def runs(number: int, closing: Any = None) -> list[tuple[World, Outcomes, np.ndarray]]:
    found = []
    for seed in range(number):
        world = World(seed)
        outcomes, places = world.outcomes(closing)
        found.append((world, outcomes, places))
    return found


@pytest.mark.parametrize("share_closed", [1.0, 0.6])
def test_estimates_are_unbiased_and_their_intervals_hold_the_truth(share_closed: float) -> None:
    draw = np.random.default_rng(0)
    errors, covered, missing = [], [], []
    for world, outcomes, places in runs(150, lambda n: draw.random(n) < share_closed):
        for chance in (world.candidate, 1.0 - world.candidate):
            truth = float((chance * world.is_wrong).sum())
            found = hits(outcomes, chance[places])
            assert found.value is not None
            assert found.low is not None
            assert found.high is not None
            errors.append((found.value - truth) / truth)
            covered.append(found.low <= truth <= found.high)
            missing.append(found.high - found.low)

    spread = np.std(errors) / np.sqrt(len(errors))
    assert abs(np.mean(errors)) < 4 * spread
    assert np.mean(covered) > 0.91
    assert np.mean(missing) > 0


def test_the_difference_of_two_selections_is_estimated_with_its_interval() -> None:
    errors, covered = [], []
    for world, outcomes, places in runs(120):
        truth = float(((world.candidate - world.pi) * world.is_wrong).sum())
        found = hit_difference(outcomes, world.candidate[places], world.pi[places])
        assert found.value is not None
        assert found.low is not None
        assert found.high is not None
        errors.append(found.value - truth)
        covered.append(found.low <= truth <= found.high)

    assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(len(errors))
    assert np.mean(covered) > 0.91


def test_counting_the_taken_files_instead_of_their_chances_would_be_wrong() -> None:
    """The draw that got a file controlled is the candidate's own: it would have taken them all."""
    naive, right = [], []
    for world, outcomes, places in runs(60):
        truth = float((world.candidate * world.is_wrong).sum())
        taken = (world.u < world.candidate).astype(float)
        naive.append(float((hits(outcomes, taken[places]).value or 0.0) - truth))
        right.append(float((hits(outcomes, world.candidate[places]).value or 0.0) - truth))

    assert np.mean(naive) > 5 * abs(np.mean(right))


def test_a_rate_and_the_money_are_those_of_the_whole_fund() -> None:
    rates, money = [], []
    for world, outcomes, places in runs(80):
        chance = world.candidate
        rate = hit_rate(outcomes, chance[places]).value
        worth = avoided(outcomes, chance[places]).value
        assert rate is not None
        assert worth is not None
        rates.append(rate - float((chance * world.is_wrong).sum() / chance.sum()))
        money.append(worth / float((chance * world.is_wrong * 10_000).sum()) - 1)

    assert abs(np.mean(rates)) < 0.005
    assert abs(np.mean(money)) < 0.02


def test_few_outcomes_say_nothing() -> None:
    world = World(1)
    outcomes, places = world.outcomes()
    few = Outcomes(*(getattr(outcomes, name)[:29] for name in outcomes.__slots__))

    found = hits(few, world.candidate[places][:29])

    assert (found.value, found.is_enough, found.outcomes) == (None, False, 29)
    assert hit_rate(few, np.zeros(29)).is_enough is False


def test_many_certain_outcomes_do_not_speak_for_the_few_that_were_drawn() -> None:
    pi = np.r_[np.ones(500), np.full(5, 0.01)]
    outcomes = Outcomes(pi, is_certain(pi), np.zeros(505, bool), np.zeros(505))

    assert hits(outcomes, np.ones(505)).is_enough is False
    assert hits(outcomes, is_certain(pi).astype(float)).value == 0.0


def test_nothing_found_so_far_is_not_nothing_to_find() -> None:
    pi = np.full(300, 0.01)
    outcomes = Outcomes(pi, is_certain(pi), np.zeros(300, bool), np.zeros(300))

    found = hits(outcomes, np.ones(300))

    assert found.value == 0.0
    assert found.high is not None
    assert 200 < found.high < 600


def test_an_interval_of_a_rate_is_wilsons() -> None:
    low, high = wilson(15 / 100, 100)

    assert (round(low, 3), round(high, 3)) == (0.093, 0.233)
    assert wilson(0.0, 0) == (0.0, 1.0)
