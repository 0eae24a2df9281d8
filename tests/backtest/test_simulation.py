"""What numpy says of many files is what the engine says of each."""

import json
from typing import Any

import numpy as np
import pytest

from medcontrol.errors import InvalidInput
from medcontrol.vocabulary import Lane, Origin
from selectivity.backtest.columns import LANES, LEVELS
from selectivity.backtest.run import Backtest, Question, backtest, blocks, files_of
from selectivity.backtest.simulate import Simulator
from selectivity.engine import RuleEngine
from tests.backtest.worlds import AMBULATORY, ROWS, cases_of, identities, many, rules
from tests.unit.selectivity_rules import KEY, row

KEYS = lambda _: KEY  # noqa: E731


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_lanes_levels_chances_and_rows_are_those_of_the_engine(seed: int) -> None:
    files = many(600, seed)
    made = RuleEngine(rules(), KEYS).decide(files)
    cases = cases_of(files, made)

    found = Simulator(rules(), KEYS).run(files_of(cases, identities(files)))

    assert [LANES[rank] for rank in found.lane] == [each.lane for each in made]
    assert {Lane.GREEN, Lane.BLUE, Lane.ORANGE, Lane.RED} == {each.lane for each in made}
    asked = [Origin.EXTERNAL in each.origins for each in made]
    assert [LEVELS[rank] for rank, skip in zip(found.level, asked, strict=True) if not skip] == [
        each.level for each, skip in zip(made, asked, strict=True) if not skip
    ]
    for chance, each in zip(found.chance, made, strict=True):
        if each.lane.is_controlled:
            assert chance == pytest.approx(each.inclusion_probability)
    names = np.array([each["id"] for each in ROWS])
    assert [tuple(names[hits]) for hits in found.hits] == [each.matched_rows for each in made]


def test_files_that_came_in_chunks_are_sent_where_they_went() -> None:
    """A daily quota cuts each chunk elsewhere; the cuts are stored with the decisions."""
    files = many(400, 4, days=1)
    used: dict[tuple[str, Any], int] = {}
    engine, made = RuleEngine(rules(), KEYS), list[Any]()
    for start in range(0, len(files), 50):
        part = engine.decide(files[start : start + 50], quota_used=used)
        for file, outcome in zip(files[start : start + 50], part, strict=True):
            for name in outcome.quota_rows:
                used[name, file.received_on] = used.get((name, file.received_on), 0) + 1
        made += part

    found = backtest(cases_of(files, made), rules(), keys=KEYS, identities=identities(files))

    assert (found.files, found.live, found.reproduced) == (400, 400, 400)


def test_the_transition_matrix_adds_up_to_the_files_and_to_the_lanes() -> None:
    files = many(500, 5)
    cases = cases_of(files, RuleEngine(rules(), KEYS).decide(files))
    other = rules(row("all-private", {"provider_sector": {"in": ["private"]}}), version=2)

    result = backtest(cases, other, base=rules(), keys=KEYS)
    told = result.as_json()

    assert sum(sum(to.values()) for to in told["transitions"].values()) == 500
    for lane in LANES:
        word = lane.value
        assert sum(told["transitions"][word].values()) == told["lanes"][word]["base"]
        assert sum(to[word] for to in told["transitions"].values()) == told["lanes"][word]["files"]
    assert sum(each["controlled"] for each in told["days"]) == told["controlled"]["files"]
    assert json.loads(json.dumps(told)) == told


def test_a_row_says_whom_it_shares_files_with_and_what_it_takes_alone() -> None:
    files = many(300, 6, days=1)
    cases = cases_of(files, RuleEngine(rules(), KEYS).decide(files))
    wide = row("wide", AMBULATORY)
    tried = rules(wide, row("inside", {**AMBULATORY, "amount": {"ge": 98000}}), version=2)

    result = backtest(cases, tried, base=rules(), keys=KEYS)

    amounts = [float(file.message["amount"]) for file in files]
    of_flow = [file.message["flow"] == "ambulatory" for file in files]
    dear = sum(1 for amount, here in zip(amounts, of_flow, strict=True) if here and amount >= 980)
    by_id = {each.row: each for each in result.rows}
    assert by_id["wide"].matched == sum(of_flow)
    assert by_id["wide"].alone == sum(of_flow) - dear
    assert by_id["inside"].alone == 0
    assert {each.row: each.files for each in by_id["inside"].overlap}["red"] == dear


def test_capacity_takes_the_best_and_leaves_the_rest_to_blue() -> None:
    files = many(600, 7, days=2)
    cases = cases_of(files, RuleEngine(rules(), KEYS).decide(files))
    dear = row("dear", {"amount": {"ge": 10000}})
    tried = rules(dear, floor=[{"id": "all", "when": {}, "then": {"rate": 300, "lane": "orange"}}],
                  version=2)  # fmt: skip

    free = backtest(cases, tried, keys=KEYS)
    tight = backtest(cases, tried, keys=KEYS, capacity=60)

    assert free.controlled > 120 == tight.controlled
    assert tight.overflow == free.controlled - tight.controlled == tight.lane(Lane.BLUE)
    assert tight.days[min(tight.days)].controlled == 60
    none = backtest(cases, tried, keys=KEYS, capacity=0)
    drawn = int((np.asarray(cases.draw) < 2**64 * 0.03).sum())
    assert 0 < drawn <= none.controlled < 120


def test_blocks_keep_days_whole_and_give_the_same_figures() -> None:
    files = many(300, 8, days=6)
    cases = cases_of(files, RuleEngine(rules(), KEYS).decide(files))
    parts = blocks(cases, size=60)
    days = [set(cases.received_on[part].tolist()) for part in parts]

    assert len(parts) > 2
    assert sum(len(part) for part in parts) == 300
    assert all(not a & b for n, a in enumerate(days) for b in days[n + 1 :])


def test_a_score_without_capacity_and_a_capacity_below_zero_are_refused() -> None:
    with pytest.raises(InvalidInput):
        Backtest(Question(rules=rules(), keys=KEYS, capacity=-1))
    with pytest.raises(InvalidInput):
        Backtest(Question(rules=rules(), keys=KEYS, score=object()))  # type: ignore[arg-type]
