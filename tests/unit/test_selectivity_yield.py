"""The simulated year of ``benchmarks.selectivity_yield`` is fair: nobody peeks, nothing varies."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from benchmarks._yield_cases import civil, matrix_of, snapshots_of
from benchmarks._yield_ways import Learning, Scored, least_draws
from benchmarks._yield_world import STRONG, Day, Fund
from benchmarks.selectivity_yield import strategies
from selectivity.capacity.floor import Drawable, draw_floor
from selectivity.score.fitting import TreeSettings
from selectivity.score.training import Training

FILES, DAYS, SEED = 1_200, 18, 3
HOW = Learning(every=7, cases=600, trees=TreeSettings(trees=8, leaves=4, rate=0.3))


def days() -> Iterator[Day]:
    return Fund(STRONG, SEED, DAYS).year(FILES)


def test_the_same_seed_makes_the_same_year() -> None:
    for one, again in zip(days(), days(), strict=True):
        assert (one.draw == again.draw).all()
        assert (one.is_found == again.is_found).all()
        assert all((one.seen[name] == again.seen[name]).all() for name in one.seen)


@pytest.fixture(scope="module")
def honest() -> tuple[list[np.ndarray], Scored]:
    way = strategies(Fund(STRONG, SEED, DAYS), SEED, FILES, HOW)["score"]
    assert isinstance(way, Scored)
    return [np.sort(way.choose(day, 100)) for day in days()], way


@pytest.mark.parametrize("name", ["random", "openimis", "rules", "score"])
def test_no_strategy_reads_what_it_did_not_control(
    name: str, honest: tuple[list[np.ndarray], Scored]
) -> None:
    """Results of all other files, and the truth, are turned around: nothing may change."""
    make = strategies(Fund(STRONG, SEED, DAYS), SEED, FILES, HOW)
    again = strategies(Fund(STRONG, SEED, DAYS), SEED, FILES, HOW)[name]
    for place, day in enumerate(days()):
        chosen = honest[0][place] if name == "score" else np.sort(make[name].choose(day, 100))
        hidden = np.ones(len(day), dtype=bool)
        hidden[chosen] = False
        turned = replace(
            day, chance=1 - day.chance, scheme=day.scheme * 0, is_wrong=~day.is_wrong,
            is_found=day.is_found ^ hidden, avoided=np.where(hidden, 9_999, day.avoided),
        )  # fmt: skip
        assert (np.sort(again.choose(turned, 100)) == chosen).all()


def test_a_score_that_knows_all_does_change_when_other_results_do() -> None:
    """So the test above can fail: the same turn shows where labels are read."""
    found = []
    for is_turned in (False, True):
        way = strategies(Fund(STRONG, SEED, DAYS), SEED, FILES, HOW)["all_known"]
        chosen = [
            np.sort(way.choose(replace(day, is_found=day.is_found ^ is_turned), 100))
            for day in days()
        ]
        found.append(np.concatenate(chosen))
    assert (found[0] != found[1]).any()


def test_a_result_counts_only_from_the_day_it_is_known(
    honest: tuple[list[np.ndarray], Scored],
) -> None:
    _, way = honest
    assert way.model is not None
    known = way.notes.known(15, 60, 10_000, np.random.default_rng(1))
    assert known is not None
    assert len(known)
    assert (known.decided_on < civil(15)).all()
    told = sum(int((each["known"] < 15).sum()) for each in way.notes.days)
    assert len(known) == told


def test_columns_are_read_as_the_score_reads_snapshots(
    honest: tuple[list[np.ndarray], Scored],
) -> None:
    _, way = honest
    assert way.model is not None
    day = next(days())
    seen = day.seen | way.notes.rates(day.seen)
    ours, theirs = (
        matrix_of(way.model.encoding, seen),
        way.model.encoding.matrix(snapshots_of(seen)),
    )
    assert np.allclose(ours, theirs, equal_nan=True)


def test_the_year_learns_with_the_weights_of_production() -> None:
    assert Learning().clip == Training(as_of=date(2026, 1, 1)).clip == 2.0
    assert Learning().half_life == Training(as_of=date(2026, 1, 1)).half_life


def test_the_floor_is_that_of_a_day_in_production() -> None:
    day = next(days())
    drawable = [Drawable(place, "all", draw) for place, draw in enumerate(day.draw.tolist())]
    drawn = draw_floor(drawable, 40, {})
    taken = {place for place, each in drawn.items() if each.is_taken}
    places, beaten = least_draws(day, 40)
    assert taken == set(places.tolist())
    assert drawn[int(places[0])].probability == pytest.approx(beaten)
