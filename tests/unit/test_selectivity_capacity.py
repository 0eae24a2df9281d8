import json
import random
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medcontrol.ports import Contribution
from medcontrol.vocabulary import ControlLevel, Lane, Origin
from selectivity.capacity.day import DayRules, rank_day
from selectivity.capacity.floor import Drawable, apportion, draw_floor
from selectivity.capacity.quota import LEAST, quantile, rolling_cutoffs
from selectivity.capacity.valve import Valve, Want, cell_name, recorded
from selectivity.capacity.what_if import what_if, with_doctors
from selectivity.draws import DRAW_RANGE
from selectivity.engine import RuleEngine
from selectivity.reading import parse_rule_set
from selectivity.sequence import NEUTRAL
from tests.unit.selectivity_rules import KEY, engine, facts, harbour, row, rule_text

DAY = date(2026, 11, 20)
LOCAL = ControlLevel.LOCAL
DENTAL = {"flow": {"in": ["dental"]}}
ALL = {"amount": {"ge": 0}}


def want(place, priority, *, flow="dental", region="R1", is_bound=False):
    return Want(place, flow, LOCAL, region, priority, is_bound)


def valve(minutes, *, flow="dental", **members):
    pools = {cell_name(flow, LOCAL, "R1"): minutes, cell_name("*", LOCAL, "R1"): minutes}
    return Valve(DAY, pools, {flow: 10}, **members)


wishes = st.lists(
    st.tuples(st.floats(0, 2), st.booleans(), st.sampled_from(["R1", "R2"])), max_size=40
).map(
    lambda found: [
        want(n, priority + n * 1e-7, region=region, is_bound=bound)
        for n, (priority, bound, region) in enumerate(found)
    ]
)


@given(wishes, st.integers(0, 300), st.floats(0, 1.2), st.randoms())
def test_the_valve_keeps_what_is_bound_never_exceeds_and_looks_at_no_order(
    wants, minutes, cutoff, chance
):
    tap = valve(minutes, cutoffs={"dental/local/R1": cutoff})
    made = tap.admit(wants)
    here = [each for each in wants if each.region == "R1"]

    assert all(made.is_in[each.place] for each in wants if each.is_bound)
    bound = sum(each.is_bound for each in here)
    asked = sum(made.is_in[each.place] and not each.is_bound for each in here)
    assert asked * 10 <= max(0, minutes - bound * 10)
    mixed = wants[:]
    chance.shuffle(mixed)
    assert tap.admit(mixed) == made
    passed = [each.priority for each in here if made.is_in[each.place] and not each.is_bound]
    kept_out = [each.priority for each in here if not made.is_in[each.place]]
    if passed and kept_out:
        assert min(passed) >= made.cutoffs["dental/local/R1"] > max(kept_out)


@given(wishes, st.integers(0, 300), st.integers(0, 300))
def test_more_capacity_takes_everybody_that_less_took(wants, minutes, more):
    less = valve(minutes, cutoffs={"dental/local/R1": 0.0}).admit(wants)
    much = valve(minutes + more, cutoffs={"dental/local/R1": 0.0}).admit(wants)

    assert all(much.is_in[place] for place, inside in less.is_in.items() if inside)


def test_a_cell_where_the_fund_has_no_doctor_takes_rules_and_no_score():
    made = valve(0).admit([want(1, 1.4, region="R2"), want(2, 0.9, region="R2")])

    assert made.is_in == {1: True, 2: False}
    assert made.cutoffs == {}


def test_flows_that_share_doctors_do_not_count_them_twice():
    pools = {
        cell_name("dental", LOCAL, "R1"): 30,
        cell_name("hospital", LOCAL, "R1"): 30,
        cell_name("*", LOCAL, "R1"): 30,
    }
    tap = Valve(DAY, pools, {"dental": 10, "hospital": 10})
    made = tap.admit([
        want(n, 1.5 - n / 100, flow="dental" if n % 2 else "hospital") for n in range(10)
    ])  # fmt: skip

    assert sum(made.is_in.values()) == 3


def test_a_snapshot_has_one_hash_however_it_was_built():
    one = valve(30, cutoffs={"a": 0.1, "b": 0.2})
    other = valve(30, cutoffs={"b": 0.2, "a": 0.1})

    assert one.sha256 == other.sha256 != valve(31).sha256
    assert json.loads(json.dumps(one.as_json())) == one.as_json()


class Fixed:
    """A score that is the amount in millions of centimes: what it chooses is easy to tell."""

    name, sha256 = "ma/7", "f" * 64

    def score(self, snapshots):
        return np.array([min(each.get("amount", 0) / 1e6, 1.0) for each in snapshots])

    def worth(self, scores, snapshots):  # noqa: ARG002
        return scores

    def contributions(self, snapshots):
        return [(Contribution("amount", "Montant", 1.0),) for _ in snapshots]


def scored(*rows, floor=None):
    rules = parse_rule_set(rule_text(*rows, floor=floor), source="test")
    return RuleEngine(rules, lambda _: KEY, score=Fixed())


def dental(number, amount, **members):
    return replace(facts(number, flow="dental", amount=f"{amount}.00", **members), region="R1")


NOBODY = row("none", {"amount": {"lt": 0}})


def test_the_score_chooses_what_reaches_the_cut_off_of_its_cell_and_says_nothing_of_it():
    tap = valve(1000, cutoffs={"dental/local/R1": 0.5})
    low, high = scored(NOBODY).decide([dental(1, 4000), dental(2, 6000)], valve=tap)

    assert (low.lane, low.origins, low.contributions) == (Lane.GREEN, (), ())
    assert low.score == 0.4
    assert (high.lane, high.origins) == (Lane.ORANGE, (Origin.SCORE,))
    assert high.reasons == (NEUTRAL,)
    assert high.contributions[0].family == "amount"
    assert (high.model, high.model_hash, high.cutoff) == ("ma/7", "f" * 64, 0.5)
    assert (high.capacity_cell, high.capacity_hash) == ("dental/local/R1", tap.sha256)
    assert high.inclusion_probability == 1


def test_a_file_chosen_by_draw_and_one_chosen_by_score_look_the_same_to_a_doctor():
    everyone = [{"id": "all", "when": {}, "then": {"rate": 10000, "lane": "orange"}}]
    by_draw = scored(NOBODY, floor=everyone).decide([dental(1, 10)])[0]
    tap = valve(1000, cutoffs={"dental/local/R1": 0.5})
    by_score = scored(NOBODY).decide([dental(2, 9000)], valve=tap)[0]

    shown = [(each.lane, each.level, each.mode, each.reasons) for each in (by_draw, by_score)]
    assert shown[0] == shown[1]


def test_a_safe_harbour_cancels_the_score_but_neither_mandatory_nor_random_control():
    small, duty = harbour("small", DENTAL), row("duty", DENTAL, kind="mandatory")
    everyone = [{"id": "all", "when": {}, "then": {"rate": 10000, "lane": "orange"}}]
    tap = valve(1000, cutoffs={"dental/local/R1": 0.1})
    file = dental(1, 9000)

    assert scored(small).decide([file], valve=tap)[0].lane is Lane.GREEN
    assert scored(small).decide([file], valve=tap)[0].score is None
    assert scored(small, duty).decide([file], valve=tap)[0].lane is Lane.ORANGE
    assert scored(small, floor=everyone).decide([file], valve=tap)[0].origins == (Origin.RANDOM,)


def test_every_origin_that_applies_is_stored():
    everyone = [{"id": "all", "when": {}, "then": {"rate": 10000, "lane": "orange"}}]
    tap = valve(1000, cutoffs={"dental/local/R1": 0.1})
    outcome = scored(row("doubt", DENTAL), floor=everyone).decide([dental(1, 9000)], valve=tap)[0]

    assert outcome.origins == (Origin.RULE, Origin.SCORE, Origin.RANDOM)
    assert [each.code for each in outcome.reasons] == ["doubt"]


def test_what_a_rule_wants_and_nobody_has_time_for_goes_on_blue_with_a_trace():
    files = [dental(n, 100 + n) for n in range(5)]
    outcomes = engine(row("doubt", DENTAL)).decide(files, valve=valve(30))

    taken = [each for each in outcomes if each.lane is Lane.ORANGE]
    left = [each for each in outcomes if each.lane is Lane.BLUE]
    assert (len(taken), len(left)) == (3, 2)
    assert all(each.overflow and each.origins == (Origin.RULE,) for each in left)
    assert all(each.reasons[0].code == "doubt" and each.mode is None for each in left)
    assert (
        min(each.priority for each in taken) >= left[0].cutoff > max(each.priority for each in left)
    )


def test_red_mandatory_random_and_outside_wishes_are_never_dropped():
    everyone = [{"id": "all", "when": {}, "then": {"rate": 10000, "lane": "orange"}}]
    closed = valve(0)
    red = row("red", DENTAL, lane="red", mode="in_person")
    for rules in (
        engine(red),
        engine(row("duty", DENTAL, kind="mandatory")),
        engine(NOBODY, floor=everyone),
    ):
        assert rules.decide([dental(1, 10)], valve=closed)[0].lane.is_controlled
    outside = dental(1, 10, control={"required": True})
    assert engine(NOBODY).decide([outside], valve=closed)[0].lane is Lane.ORANGE


def test_with_ample_capacity_rules_alone_decide_as_without_a_valve():
    rules = engine(row("doubt", {"amount": {"ge": 30000}}), row("some", DENTAL, rate=4000))
    files = [dental(n, 100 + n * 10) for n in range(60)]
    plain = rules.decide(files)
    ample = valve(10**6)

    for before, after in zip(plain, rules.decide(files, valve=ample), strict=True):
        same = replace(after, priority=None, cutoff=None, capacity_cell=None, capacity_hash=None)
        assert same == before


def test_without_a_model_and_a_valve_no_outcome_bears_a_trace_of_either():
    for outcome in engine(row("doubt", DENTAL)).decide([dental(n, 50) for n in range(30)]):
        assert (outcome.score, outcome.priority, outcome.cutoff) == (None, None, None)
        assert not outcome.overflow


def test_one_file_is_decided_again_from_its_record():
    tap = valve(40, cutoffs={"dental/local/R1": 0.3})
    rules = scored(row("doubt", {"amount": {"ge": 500000}}))
    files = [dental(n, n * 300) for n in range(30)]
    for file, outcome in zip(files, rules.decide(files, valve=tap), strict=True):
        again = rules.replay(
            file, outcome.features, outcome.medical_features,
            valve=recorded(DAY, outcome.capacity_cell, outcome.cutoff),
        )  # fmt: skip
        assert replace(again, capacity_hash=None) == replace(outcome, capacity_hash=None)


def test_flows_paid_the_day_after_wait_for_the_night_with_their_score():
    tap = valve(1000, cutoffs={"dental/local/R1": 0.1}, nightly=frozenset({"dental"}))
    outcome = scored(NOBODY).decide([dental(1, 9000)], valve=tap)[0]

    assert (outcome.lane, outcome.score, outcome.cutoff) == (Lane.GREEN, 0.9, 1.0)
    assert outcome.capacity_cell == "dental/local/R1"


def test_the_quota_of_the_day_lasts_for_the_day():
    recent = {"hospital/local/R1": [n / 1000 for n in range(1000)]}
    found = rolling_cutoffs(recent, {"hospital/local/R1": 0}, 10, {"hospital/local/R1": 50})
    assert found["hospital/local/R1"] == pytest.approx(0.9)  # 10 a day of 100 that come

    evening = rolling_cutoffs(recent, {"hospital/local/R1": 50}, 10, {"hospital/local/R1": 50})
    assert evening["hospital/local/R1"] < 0.9
    assert rolling_cutoffs(recent, {}, 10, {"hospital/local/R1": 0})["hospital/local/R1"] == 2.0
    assert rolling_cutoffs({"x/local/R1": [0.5] * 10}, {}, 1, {"x/local/R1": 5}) == {}
    ample = rolling_cutoffs(recent, {}, 10, {"hospital/local/R1": 10**6})
    assert ample["hospital/local/R1"] == LEAST


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.floats(0, 1.5))
def test_a_cut_off_lets_no_more_than_its_share_pass(priorities, share):
    distinct = sorted({round(each, 6) for each in priorities})
    passing = sum(each >= quantile(distinct, share) for each in distinct)

    assert passing <= share * len(distinct) or share >= 1


@given(
    st.dictionaries(st.sampled_from("abcde"), st.integers(0, 50), min_size=1),
    st.integers(0, 80),
)
def test_a_larger_floor_keeps_every_stratum_what_it_had(volumes, size):
    rates = dict.fromkeys(volumes, 100)
    less, more = apportion(volumes, size, rates), apportion(volumes, size + 1, rates)

    assert sum(less.values()) == min(size, sum(volumes.values()))
    assert all(more[name] >= less[name] for name in volumes)


def test_the_floor_is_nested_and_its_chances_are_unbiased():
    chance = random.Random(4)  # noqa: S311 - an order, not a secret
    estimates = []
    for _ in range(300):
        files = [Drawable(n, "s", chance.randrange(DRAW_RANGE)) for n in range(60)]
        ten, twenty = draw_floor(files, 10, {"s": 1}), draw_floor(files, 20, {"s": 1})
        assert {n for n, each in ten.items() if each.is_taken} <= {
            n for n, each in twenty.items() if each.is_taken
        }
        estimates.append(sum(1 / each.probability for each in ten.values() if each.is_taken))
    assert sum(estimates) / 300 == pytest.approx(60, rel=0.05)


def ranked(outcomes, worth, capacity, floor=None, strata=None):
    return [
        each.outcome
        for each in rank_day(
            outcomes, strata or ["all"] * len(outcomes), worth, DayRules(capacity, floor)
        )
    ]


@given(st.integers(0, 60), st.integers(0, 20), st.booleans())
def test_a_day_controls_exactly_as_many_files_as_there_are_controls(capacity, floor, has_score):
    rules = engine(
        row("duty", {"amount": {"lt": 30000}}, kind="mandatory"),
        row("doubt", {"amount": {"ge": 50000}}),
        harbour("small", {"amount": {"ge": 40000, "lt": 50000}}),
    )
    outcomes = rules.decide([dental(n, 200 + n * 10) for n in range(40)])
    worth = [n / 100 if has_score else None for n in range(40)]
    made = ranked(outcomes, worth, capacity, min(floor, capacity))
    duties = sum(Origin.MANDATORY in each.origins for each in outcomes)
    drawn = min(floor, capacity, 40 - duties)

    chosen = [each for each in made if each.lane.is_controlled]
    assert len(chosen) == min(40, max(capacity, duties + drawn))
    assert sum(Origin.RANDOM in each.origins for each in chosen) >= drawn
    assert all(each.reasons for each in chosen)
    assert all(
        after.lane.is_controlled
        for before, after in zip(outcomes, made, strict=True)
        if Origin.MANDATORY in before.origins
    )


def test_by_score_the_best_files_are_chosen_and_by_rules_the_targeted_ones():
    outcomes = engine(row("doubt", {"amount": {"ge": 50000}})).decide(
        [dental(n, 100 * (1 + n % 9)) for n in range(30)]
    )
    worth = [random.Random(n).random() for n in range(30)]  # noqa: S311 - an order
    best = sorted(range(30), key=lambda n: -worth[n])[:8]
    made = ranked(outcomes, worth, 8, 0)
    assert sorted(best) == [n for n, each in enumerate(made) if each.lane.is_controlled]

    by_rule = ranked(outcomes, [None] * 30, 8, 0)
    chosen = [each for each in by_rule if each.lane.is_controlled]
    assert all(each.origins == (Origin.RULE,) for each in chosen)
    left = [each for each in by_rule if each.overflow]
    assert left
    assert {each.lane for each in left} == {Lane.BLUE}


def test_three_doctors_away_leave_less_room_and_overflow_more():
    wants = [want(n, 1.0 + n / 100) for n in range(20)]
    now, later = (what_if(wants, with_doctors(valve(150), 5, n)) for n in (5, 2))

    assert (now.controlled, now.overflow) == (15, 5)
    assert (later.controlled, later.overflow) == (6, 14)
    assert later.cutoffs["dental/local/R1"] > now.cutoffs["dental/local/R1"]
