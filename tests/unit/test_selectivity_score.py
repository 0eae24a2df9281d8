import json
import math
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medcontrol.errors import InvalidInput, Unavailable
from selectivity.history.cases import Cases, select
from selectivity.score import learners
from selectivity.score.calibration import calibrate
from selectivity.score.families import TEXTS, allowed, refused
from selectivity.score.fitting import GlassSettings, TreeSettings
from selectivity.score.measures import auc, lift
from selectivity.score.model import ScoreModel, Value, read
from selectivity.score.training import Trained, Training, fit
from tests.unit.selectivity_cases import AS_OF, make_cases

QUICK = Training(AS_OF, glass=None, folds=2, trees=TreeSettings(trees=60, rate=0.1))


@cache
def past() -> Cases:
    return make_cases(2000)


@cache
def trained() -> Trained:
    return fit(past(), QUICK)


def model() -> ScoreModel:
    return trained().model


def test_the_same_cases_give_the_same_model_bit_by_bit():
    again = fit(make_cases(2000), QUICK).model

    assert again.text == model().text
    assert again.sha256 == model().sha256


def test_a_model_read_back_from_its_text_scores_the_same():
    files = past().snapshots[:50]
    again = read(model().text, "ma/1")

    assert again.score(files).tolist() == model().score(files).tolist()
    assert (again.features, again.trained_as_of) == (model().features, AS_OF)
    with pytest.raises(InvalidInput, match="model"):
        read("{}", "ma/1")


def test_it_tells_bad_files_from_good_ones_it_never_saw():
    unseen = make_cases(seed=8)
    hits = np.array([each != "conform" for each in unseen.outcome])
    found = auc(model().score(unseen.snapshots), hits, np.ones(len(hits)))

    assert found is not None
    assert found > 0.75
    assert trained().report["measured"]["random"]["auc"] > 0.75


@given(
    place=st.integers(0, 1999),
    name=st.sampled_from(["provider_hit_rate", "repeated_lines", "duplicate_files_90d"]),
    more=st.integers(1, 5000),
)
def test_more_of_what_points_up_never_lowers_the_score(place, name, more):
    before = dict(past().snapshots[place])
    before.setdefault(name, 0)
    after = {**before, name: before[name] + more}
    low, high = model().score([before, after])

    assert high >= low


def test_contributions_add_up_to_the_score_and_name_no_value():
    files = past().snapshots[:40]
    raw = model().raw(model().encoding.matrix(files))
    for margin, parts in zip(raw, model().contributions(files), strict=True):
        whole = sum(each.value for each in parts) + model().base
        assert whole == pytest.approx(math.log(margin / (1 - margin)), abs=1e-6)
        assert [abs(each.value) for each in parts] == sorted(
            (abs(each.value) for each in parts), reverse=True
        )
        assert {each.text_fr for each in parts} <= set(TEXTS.values())
        assert not any(act in each.text_fr for each in parts for act in ("K20", "Z15"))


@pytest.mark.parametrize(
    "name",
    ["sex", "nationality", "relation", "family_name", "beneficiary_age", "region", "agency",
     "scheme", "segment_hit_rate", "unheard_of"],
)  # fmt: skip
def test_what_the_registry_forbids_can_not_be_learned_from(name):
    with pytest.raises(InvalidInput) as refusal:
        fit(past(), replace(QUICK, features=("amount", name)))
    assert refusal.value.field == name
    assert name not in allowed()


def test_age_and_region_move_no_score_although_they_stand_in_the_snapshot():
    file = dict(past().snapshots[0])
    other = {**file, "beneficiary_age": 99, "region": "R9", "agency": "X", "scheme": "general"}

    assert model().score([file])[0] == model().score([other])[0]
    assert {"beneficiary_age", "region", "sex"} <= set(refused())


def test_only_the_random_sample_calibrates():
    cases = past()
    drawn = np.array(["random" in each for each in cases.origins])
    found = trained().report["calibration"]
    assert (found["cases"], found["method"]) == (int(drawn.sum()), "isotonic")

    chosen = cases.outcome.copy()
    chosen[~drawn] = "conform"  # whatever targeted controls found
    chosen[np.flatnonzero(~drawn)[:80]] = "refused"
    other = fit(replace(cases, outcome=chosen), QUICK).report["calibration"]
    assert (other["cases"], other["hits"]) == (found["cases"], found["hits"])


def test_calibrated_scores_say_about_what_controls_find():
    unseen = make_cases(6000, seed=9)
    hits = np.array([each != "conform" for each in unseen.outcome])
    said = model().score(unseen.snapshots)

    assert said.mean() == pytest.approx(hits.mean(), abs=0.04)


def test_too_small_a_random_sample_leaves_scores_uncalibrated_and_says_why():
    found = calibrate(np.linspace(0, 1, 150), np.arange(150) % 3 == 0)

    assert not found.raw
    assert "only 150 controls drawn at random" in (found.why_not or "")
    assert found.apply(np.array([0.3])).tolist() == [0.3]


@pytest.mark.parametrize("seed", range(5))
def test_calibration_never_turns_an_order_round(seed):
    rng = np.random.default_rng(seed)
    raw = rng.random(400) ** 3
    found = calibrate(raw, rng.random(400) < raw)
    ordered = found.apply(np.linspace(0, 1, 101))

    assert (np.diff(ordered) > 0).all()
    assert ((ordered >= 0) & (ordered <= 1)).all()
    ends = np.interp(found.raw, found.raw, found.rate)
    assert (np.diff(ends) > 0).all()


def test_results_of_the_day_itself_and_later_teach_nothing():
    cases = past()
    early = AS_OF - timedelta(days=60)
    some = fit(cases, replace(QUICK, as_of=early))
    later = cases.decided_on >= np.datetime64(early)
    outcome = cases.outcome.copy()
    outcome[later] = np.where(outcome[later] == "conform", "refused", "conform")

    assert fit(replace(cases, outcome=outcome), replace(QUICK, as_of=early)).model.text == (
        some.model.text
    )
    assert some.report["cases"] == int((~later).sum())


def test_too_few_results_are_refused_with_the_number_needed():
    with pytest.raises(InvalidInput, match=r"299 closed controls.*300 controls with 30 hits"):
        fit(select(past(), np.arange(299)), QUICK)
    with pytest.raises(InvalidInput, match="0 closed controls"):
        fit(past(), replace(QUICK, as_of=date(2020, 1, 1)))


def test_a_lucky_draw_counts_for_so_many_files_and_no_more():
    weights = trained().report["weights"]
    drawn = sum("random" in each for each in past().origins)

    assert weights["clipped"] == drawn  # each stands for more than the limit
    assert weights["effective_cases"] < len(past())


def test_the_challenger_is_fitted_on_the_same_cases_and_compared():
    cases = make_cases(1200)
    made = fit(cases, replace(QUICK, glass=GlassSettings(rounds=60)))
    assert made.challenger is not None
    files = cases.snapshots[:200]

    assert made.report["challenger"]["all"]["cases"] == made.report["measured"]["all"]["cases"]
    again = read(made.challenger.text, "glass")
    assert again.kind == "ebm"
    assert again.score(files).tolist() == made.challenger.score(files).tolist()
    assert json.loads(made.challenger.text)["kind"] == "ebm"
    parts = again.contributions(files[:1])[0]
    raw = again.raw(again.encoding.matrix(files[:1]))[0]
    whole = sum(each.value for each in parts) + again.base
    assert whole == pytest.approx(math.log(raw / (1 - raw)), abs=1e-6)


def test_the_ranking_value_weighs_money_as_the_fund_wishes_and_no_more_than_the_cap():
    small, large, huge = ({"amount": cents} for cents in (10_000, 1_000_000, 900_000_000))
    scores = np.array([0.2, 0.1, 0.1])

    assert Value(0.0).of(scores, [small, large, huge]).tolist() == [0.2, 0.1, 0.1]
    ranked = Value(0.5, 1_000_000).of(scores, [small, large, huge])
    assert ranked[1] == ranked[2] > ranked[0]


def test_a_machine_without_libgomp_says_what_to_install(monkeypatch):
    import builtins

    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name == "lightgbm":
            raise OSError("libgomp.so.1: cannot open shared object file")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(Unavailable, match="libgomp1"):
        learners.load_lightgbm()


def test_measures_agree_with_counting_pairs_by_hand():
    scores = np.array([0.9, 0.8, 0.8, 0.1])
    hits = np.array([True, False, True, False])

    assert auc(scores, hits, np.ones(4)) == 0.875
    assert lift(scores, hits, np.ones(4), 0.25) == 2.0
    assert auc(scores, np.ones(4, dtype=bool), np.ones(4)) is None
