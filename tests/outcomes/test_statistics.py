"""Figures against values known from elsewhere, and alerts against worlds with and without cause."""

from dataclasses import asdict
from datetime import date, timedelta

import numpy as np
import orjson
import pytest

from selectivity.outcomes.drift import psi, random_rate, shifts
from selectivity.outcomes.effectiveness import Verdict, effect_from_json, row_effectiveness
from selectivity.outcomes.exact import log_best, upper_tail
from selectivity.outcomes.fairness import Scope, fairness
from selectivity.outcomes.scan import scan
from selectivity.outcomes.settings import Measuring, Scanning
from selectivity.outcomes.statistics import (
    Stratum,
    common_ratio,
    lift,
    median_with_interval,
    weighted_rate,
    wilson,
)
from tests.outcomes.worlds import LAST, Past, people_of, random_days


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [  # Newcombe 1998, table I, and the figures of the design
        (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718), (6, 30, 0.0951, 0.3731),
    ],
)  # fmt: skip
def test_wilson_is_the_published_one(hits: int, n: int, low: float, high: float) -> None:
    found = wilson(hits, n)
    assert [found.low, found.high] == pytest.approx([low, high], abs=5e-5)


def test_no_observation_says_nothing() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)
    assert lift(wilson(3, 10), wilson(0, 0)).includes_one


def test_weighting_by_inverse_probability_gives_the_population_back() -> None:
    rng = np.random.default_rng(3)
    dear = rng.random(40_000) < 0.1
    hit = rng.random(40_000) < np.where(dear, 0.3, 0.02)
    chance = np.where(dear, 1.0, 0.05)
    drawn = rng.random(40_000) < chance
    found = weighted_rate(hit[drawn], chance[drawn])
    assert found.low < hit.mean() < found.high
    assert hit[drawn].mean() > 2 * hit.mean(), "the plain mean would be far off"
    assert found.n < drawn.sum(), "weights cost precision"


def test_exact_tail_and_smallest_p_value_are_those_of_the_hypergeometric_law() -> None:
    # 10 files of 50 with 8 hits in all: P(X >= 4) from the sum of binomial coefficients
    from math import comb

    wanted = sum(comb(8, k) * comb(42, 10 - k) for k in range(4, 9)) / comb(50, 10)
    found = upper_tail(np.array([4, 0]), np.array([10, 10]), 8, 50)
    assert found == pytest.approx([wanted, 1.0])
    assert np.exp(log_best(np.array([3]), 8, 50))[0] == pytest.approx(comb(8, 3) / comb(50, 3))


def test_strata_keep_a_group_from_looking_favoured_for_what_it_asks_for() -> None:
    # within each stratum both are chosen alike; added up, the group seems chosen three times more
    strata = [Stratum(50, 100, 5, 10), Stratum(1, 10, 100, 1000)]
    found = common_ratio(strata)
    assert found is not None
    assert found.value == pytest.approx(1.0)
    assert common_ratio([Stratum(0, 10, 0, 10)]) is None
    none = common_ratio([Stratum(0, 200, 60, 200)])
    assert none is not None
    assert none.high < 0.2


def test_a_median_is_told_with_the_order_statistics_around_it() -> None:
    assert median_with_interval(np.arange(1.0, 101.0)) == (50.5, 41.0, 61.0)
    assert median_with_interval(np.array([])) is None


def test_verdicts_need_thirty_controls_and_an_honest_baseline() -> None:
    past = Past()
    past.many(400, hits=20, chance=0.05)
    past.many(29, hits=29, origins=("rule",), rows=("few",), chance=1.0)
    past.many(100, hits=40, origins=("rule",), rows=("good",), chance=1.0)
    past.many(200, hits=1, origins=("rule",), rows=("bad",), chance=1.0)
    past.many(40, hits=40, origins=("score",), rows=("bad",), chance=1.0)
    past.many(50, hits=50, origins=("mandatory",), chance=1.0)
    past.add(origins=("rule",), rows=("good",), outcome="withdrawn", chance=1.0)
    past.add(origins=(), rows=("good",), lane="green", chance=0.9)
    effects = row_effectiveness(past.cases())
    base = effects[0]
    rows = {each.key: each for each in effects if each.kind == "row"}
    assert base.rate == pytest.approx(0.05, abs=0.01), "what law and score chose is no chance"
    assert rows["few"].verdict is Verdict.NOT_ENOUGH
    assert (rows["good"].verdict, rows["good"].controls) == (Verdict.BETTER, 100)
    assert rows["good"].files == 102
    assert rows["good"].avoided_cents == 40 * 10_000
    assert (rows["bad"].verdict, rows["bad"].hits) == (Verdict.SUSPEND, 1)
    assert all(effect_from_json(each.as_json()) == each for each in effects)
    few = row_effectiveness(past.cases(), settings=Measuring(enough=500))
    assert {each.verdict for each in few if each.kind == "row"} == {Verdict.NOT_ENOUGH}


def test_a_world_without_schemes_is_left_alone_at_the_stated_rate() -> None:
    proposed = [bool(scan(random_days(seed, days=15, a_day=250))) for seed in range(12)]
    assert sum(proposed) <= 1, "stated: at most one scan in twenty"


def test_a_scheme_of_two_files_in_a_thousand_is_found_within_thirty_working_days() -> None:
    found = 0
    for seed in range(2, 7):
        cases = random_days(seed, days=45, a_day=400, scheme=0.002, since=15)
        segments = scan(cases)
        wanted = {("acts", "A12"), ("region", "MA-04"), ("provider_kind", "clinic"),
                  ("flow", "hospital")}  # fmt: skip
        found += any(len(wanted & set(each.condition)) >= 2 for each in segments)
        assert len(segments) <= 2, "one scheme, one proposal"
    assert found >= 4, "the others had too few hits by then and are found later"


def test_a_segment_that_a_row_covers_is_not_proposed_again() -> None:
    def past(rows: tuple[str, ...]) -> Past:
        made = Past()
        rng = np.random.default_rng(5)
        for n in range(3000):
            in_scheme = n % 50 == 0
            made.add(
                outcome="refused" if rng.random() < (0.6 if in_scheme else 0.04) else "conform",
                region="MA-01" if in_scheme else f"MA-{2 + n % 8:02d}",
                rows=rows if in_scheme else (), day=LAST - np.timedelta64(n % 30, "D"),
            )  # fmt: skip
        return made

    new = scan(past(()).cases())
    assert [each.condition for each in new] == [(("region", "MA-01"),)]
    assert new[0].lift.low > 3
    assert len(new[0].hits) == int(new[0].rate.hits)
    assert scan(past(("covers",)).cases()) == []
    assert scan(past(()).cases(), Scanning(min_hits=1000)) == []


def test_a_group_chosen_more_and_found_wrong_less_raises_an_alert() -> None:
    past = Past()
    for sex, chosen, hits, spared in (("F", 600, 30, 1400), ("M", 200, 60, 1800)):
        past.many(chosen, hits=hits, sex=sex, origins=("rule",), chance=1.0,
                  decided=LAST + np.timedelta64(4, "D"))  # fmt: skip
        for _ in range(spared):
            past.add(sex=sex, origins=(), lane="green")
    past.many(500, hits=500, sex="F", origins=("mandatory",))
    lines = {(each.group, each.scope): each for each in fairness(people_of(past.cases()))}
    harmed = lines["F", Scope.RULES]
    assert harmed.is_alert
    assert harmed.files == 2000, "mandatory control is nobody's choice"
    assert harmed.selection_ratio is not None
    assert harmed.selection_ratio[0] == pytest.approx(3.0)
    assert harmed.outcome_ratio is not None
    assert harmed.outcome_ratio[0] == pytest.approx((30 / 600) / (60 / 200))
    assert harmed.days == (4.0, 4.0, 4.0)
    assert not lines["M", Scope.RULES].is_alert
    assert not lines["F", Scope.SCORE].is_alert


def test_groups_treated_alike_raise_no_alert() -> None:
    rng = np.random.default_rng(11)
    past = Past()
    for _ in range(6000):
        sex, region = rng.choice(["F", "M"]), f"MA-{rng.integers(1, 7):02d}"
        if rng.random() < 0.2:
            past.many(1, hits=int(rng.random() < 0.1), sex=sex, region=region, origins=("rule",))
        else:
            past.add(sex=sex, region=region, origins=(), lane="green")
    assert not any(each.is_alert for each in fairness(people_of(past.cases())))


def test_drift_is_seen_in_shares_amounts_and_the_random_rate() -> None:
    assert psi(np.array([50.0, 50.0]), np.array([20.0, 80.0])) == pytest.approx(0.4159, abs=1e-4)
    rng = np.random.default_rng(2)
    before = [{"flow": "dental", "amount": int(a)} for a in rng.normal(1000, 100, 900)]
    same = [{"flow": "dental", "amount": int(a)} for a in rng.normal(1000, 100, 500)]
    moved = [{"flow": "dental", "amount": int(a)} for a in rng.normal(1200, 100, 500)]
    assert max(each.psi for each in shifts(before, same)) < 0.1
    first = shifts(before, moved)[0]
    assert (first.feature, first.psi > 0.25) == ("amount", True)
    assert shifts(before, moved[:50]) == []
    orjson.dumps([asdict(each) for each in shifts(before, moved)])  # as the night keeps them

    past = Past()
    start = date(2026, 8, 1)
    for n in range(4000):
        day = start + timedelta(days=n // 50)
        rate = 0.05 if n < 3000 else 0.15
        past.add(outcome="refused" if rng.random() < rate else "conform",
                 day=np.datetime64(day), decided=np.datetime64(day))  # fmt: skip
    sums = random_rate(past.cases(), reference_until=start + timedelta(days=39))
    orjson.dumps([each.as_json() for each in sums])
    up = next(each for each in sums if each.direction == "up")
    assert up.alarm_on is not None
    assert start + timedelta(days=60) <= up.alarm_on <= start + timedelta(days=70)
    assert next(each for each in sums if each.direction == "down").alarm_on is None
