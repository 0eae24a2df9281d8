import json
import random
from datetime import date

import pytest

from medcontrol.errors import InvalidInput
from medcontrol.ports import SelectivityReason
from medcontrol.vocabulary import ControlLevel, ControlMode, Lane, Origin
from selectivity.draws import RANDOM, Draws, row_purpose
from selectivity.sequence import NEUTRAL
from tests.unit.selectivity_rules import KEY, engine, facts, harbour, message, row

AMBULATORY = {"flow": {"in": ["ambulatory"]}}
EVERYONE = [{"id": "all", "when": {}, "then": {"rate": 10000, "lane": "orange"}}]


def test_a_file_that_nothing_chooses_goes_on_and_keeps_its_draw():
    outcome = engine(row("costly", {"amount": {"ge": 100000}})).decide([facts(1)])[0]

    assert (outcome.lane, outcome.mode, outcome.reasons) == (Lane.GREEN, None, ())
    assert (outcome.level, outcome.origins, outcome.matched_rows) == (ControlLevel.LOCAL, (), ())
    assert len(outcome.draw) == 8
    assert outcome.period == "2026-11"
    assert outcome.features["amount"] == 60000


def test_a_mandatory_row_decides_the_lane_and_the_others_add_level_and_reasons():
    rules = engine(
        row("duty", AMBULATORY, kind="mandatory"),
        row("doubt", AMBULATORY, lane="red", mode="in_person", level="regional"),
    )
    outcome = rules.decide([facts()])[0]

    assert (outcome.lane, outcome.mode) == (Lane.ORANGE, ControlMode.ON_FILE)
    assert outcome.level is ControlLevel.REGIONAL
    assert outcome.origins == (Origin.MANDATORY, Origin.RULE)
    assert [reason.code for reason in outcome.reasons] == ["doubt", "duty"]
    assert outcome.inclusion_probability == 1


def test_among_targeting_rows_the_strongest_lane_and_the_highest_level_win():
    rules = engine(
        row("blue", AMBULATORY, lane="blue", mode=None, level="central"),
        row("orange", AMBULATORY, level="regional"),
        row("red", AMBULATORY, lane="red", mode="in_person"),
    )
    outcome = rules.decide([facts()])[0]

    assert (outcome.lane, outcome.mode) == (Lane.RED, ControlMode.IN_PERSON)
    assert outcome.level is ControlLevel.REGIONAL
    assert outcome.matched_rows == ("blue", "orange", "red")


def test_a_blue_row_lets_the_file_go_on_with_its_reason():
    outcome = engine(row("later", AMBULATORY, lane="blue", mode=None)).decide([facts()])[0]

    assert (outcome.lane, outcome.mode, outcome.origins) == (Lane.BLUE, None, (Origin.RULE,))
    assert outcome.reasons == (SelectivityReason("later", "Motif later"),)


def test_a_safe_harbour_cancels_targeting_but_neither_mandatory_nor_random_control():
    small = harbour("small", {"amount": {"lt": 100000}})
    doubt = row("doubt", AMBULATORY)

    assert engine(small, doubt).decide([facts()])[0].lane is Lane.GREEN
    assert engine(small, doubt).decide([facts(amount="2000.00")])[0].lane is Lane.ORANGE
    drawn = engine(small, doubt, floor=EVERYONE).decide([facts()])[0]
    assert (drawn.lane, drawn.origins) == (Lane.ORANGE, (Origin.RANDOM,))
    duty = engine(small, row("duty", AMBULATORY, kind="mandatory")).decide([facts()])[0]
    assert (duty.lane, duty.matched_rows) == (Lane.ORANGE, ("small", "duty"))


def test_a_file_chosen_by_draw_shows_one_neutral_sentence_and_no_hint_of_chance():
    outcome = engine(row("none", {"amount": {"lt": 0}}), floor=EVERYONE).decide([facts()])[0]

    assert outcome.origins == (Origin.RANDOM,)
    assert outcome.reasons == (NEUTRAL,)
    assert "hasard" not in NEUTRAL.text
    assert "tirage" not in NEUTRAL.text
    assert "score" not in NEUTRAL.text


def test_a_file_drawn_at_random_is_controlled_even_where_a_rule_says_blue():
    rules = engine(row("later", AMBULATORY, lane="blue", mode=None), floor=EVERYONE)
    outcome = rules.decide([facts()])[0]

    assert (outcome.lane, outcome.origins) == (Lane.ORANGE, (Origin.RULE, Origin.RANDOM))
    assert outcome.reasons == (NEUTRAL,)


def test_the_random_lane_of_an_instant_flow_is_blue():
    floor = [
        {"id": "instant", "when": {"flow": {"in": ["ambulatory"]}},
         "then": {"rate": 10000, "lane": "blue"}},
        *EVERYONE,
    ]  # fmt: skip
    assert (
        engine(row("none", {"amount": {"lt": 0}}), floor=floor).decide([facts()])[0].lane
        is Lane.BLUE
    )


def test_the_wish_of_an_outside_tool_is_honoured_with_mode_level_and_reason():
    control = {"required": True, "mode": "in_person", "level": "regional", "reason": "signalement"}
    doubt = row("doubt", AMBULATORY, level="central")
    outcome = engine(doubt).decide([facts(control=control)])[0]

    assert (outcome.lane, outcome.mode) == (Lane.RED, ControlMode.IN_PERSON)
    assert outcome.level is ControlLevel.REGIONAL
    assert SelectivityReason("external", "signalement") in outcome.reasons
    assert outcome.origins == (Origin.RULE, Origin.EXTERNAL)
    assert outcome.inclusion_probability == 1


def test_an_outside_wish_that_says_nothing_more_is_control_on_file_at_local_level():
    rules = engine(harbour("small", AMBULATORY))
    outcome = rules.decide([facts(control={"required": True})])[0]

    assert (outcome.lane, outcome.mode) == (Lane.ORANGE, ControlMode.ON_FILE)
    assert outcome.level is ControlLevel.LOCAL
    assert [reason.code for reason in outcome.reasons] == ["external"]


def test_the_law_outweighs_the_level_that_an_outside_tool_asks_for():
    duty = row("duty", AMBULATORY, kind="mandatory", level="central")
    control = {"required": True, "mode": "on_file", "level": "local"}

    assert engine(duty).decide([facts(control=control)])[0].level is ControlLevel.CENTRAL


def test_later_control_of_a_paid_file_is_mandatory_and_passes_by_targeting_and_chance():
    rules = engine(row("doubt", AMBULATORY, daily_quota=1), floor=EVERYONE)
    outcome = rules.decide([facts(nature="a_posteriori")])[0]

    assert (outcome.lane, outcome.origins) == (Lane.ORANGE, (Origin.MANDATORY,))
    assert [reason.code for reason in outcome.reasons] == ["a_posteriori"]


def test_an_appeal_is_refused_because_it_goes_to_a_second_opinion():
    with pytest.raises(InvalidInput, match="appeals"):
        engine(row("doubt", AMBULATORY)).decide([facts(nature="appeal")])


def test_probabilities_of_independent_origins_multiply():
    floor = [{"id": "all", "when": {}, "then": {"rate": 100, "lane": "orange"}}]
    rules = engine(
        row("some", AMBULATORY, rate=3000), row("few", AMBULATORY, rate=500), floor=floor
    )

    for outcome in rules.decide([facts(number) for number in range(50)]):
        assert outcome.inclusion_probability == pytest.approx(1 - 0.7 * 0.95 * 0.99)


def test_a_blue_row_does_not_make_control_more_likely():
    floor = [{"id": "all", "when": {}, "then": {"rate": 5000, "lane": "orange"}}]
    rules = engine(row("later", AMBULATORY, lane="blue", mode=None), floor=floor)
    outcomes = rules.decide([facts(number) for number in range(40)])

    chances = {outcome.lane: outcome.inclusion_probability for outcome in outcomes}
    assert chances == {Lane.ORANGE: 0.5, Lane.BLUE: 1.0}


def test_the_order_of_the_files_changes_nothing():
    rules = engine(
        row("some", AMBULATORY, rate=5000, daily_quota=7), row("all", AMBULATORY, rate=100)
    )
    files = [facts(number) for number in range(80)]
    mixed = files[:]
    random.Random(7).shuffle(mixed)  # noqa: S311 - an order, not a secret

    by_id = {f.message["external_id"]: o for f, o in zip(files, rules.decide(files), strict=True)}
    for file, outcome in zip(mixed, rules.decide(mixed), strict=True):
        assert outcome == by_id[file.message["external_id"]]


def test_one_file_alone_and_in_a_batch_gets_the_same_outcome():
    rules = engine(row("costly", {"amount": {"ge": 30000}}), row("other", {"acts": {"in": ["C"]}}))
    files = [facts(number, amount=f"{number * 10}.00") for number in range(60)]

    assert [rules.decide([file])[0] for file in files] == rules.decide(files)


def test_a_decision_is_replayed_identically_from_its_stored_features():
    rules = engine(
        row("some", AMBULATORY, rate=6000, daily_quota=7), row("few", AMBULATORY, rate=900)
    )
    files = [facts(number) for number in range(60)]
    for file, outcome in zip(files, rules.decide(files), strict=True):
        stored = json.loads(json.dumps(outcome.features))
        secret = json.loads(json.dumps(outcome.medical_features))
        assert rules.replay(file, stored, secret) == outcome


def test_an_expired_row_no_longer_matches():
    old = {**row("old", AMBULATORY), "expires_on": "2026-11-20"}
    rules = engine(old)

    assert rules.decide([facts()])[0].matched_rows == ("old",)
    assert rules.decide([facts(received_on=date(2026, 11, 21))])[0].matched_rows == ()


def test_the_same_case_sent_again_next_month_has_the_same_draw():
    rules = engine(row("some", AMBULATORY, rate=3000))
    first = rules.decide([facts(3)])[0]
    again = rules.decide([facts(3, received_on=date(2026, 12, 28), external_id="OTHER",
                                amount="601.00", source="portal")])[0]  # fmt: skip

    assert (again.draw, again.period, again.lane) == (first.draw, first.period, first.lane)


def test_history_counters_reach_the_rules_and_the_record():
    rules = engine(row("often", {"stoppages_365d": {"ge": 4}}))
    outcomes = rules.decide([facts(1), facts(2)], history={"stoppages_365d": [5, None]})

    assert [outcome.lane for outcome in outcomes] == [Lane.ORANGE, Lane.GREEN]
    assert outcomes[0].features["stoppages_365d"] == 5
    assert "stoppages_365d" not in outcomes[1].features


@pytest.mark.parametrize(
    "history",
    [
        {"amount": [1]},
        {"unheard_of": [1]},
        {"stoppages_365d": []},
        {"stoppages_365d": [1.5]},
        {"stoppages_365d": [True]},
    ],
)
def test_a_history_column_that_is_not_declared_or_not_whole_is_refused(history):
    with pytest.raises(InvalidInput) as refusal:
        engine(row("often", AMBULATORY)).decide([facts()], history=history)
    assert refusal.value.field in history


def test_medical_features_are_kept_apart_from_administrative_ones():
    medical = {"diagnoses": [{"icd10": "C50.9", "main": True}], "pathology": "ma-ald-02"}
    lines = [{"no": 1, "act": "CHIMIO", "quantity": "1", "amount": "600.00"}]
    outcome = engine(row("chemo", {"acts": {"in": ["CHIMIO"]}})).decide(
        [facts(medical=medical, lines=lines)]
    )[0]

    assert outcome.lane is Lane.ORANGE
    assert outcome.medical_features == {
        "acts": ["CHIMIO"], "diagnoses": ["C50.9"], "main_diagnosis": "C50.9",
        "pathology": "MA-ALD-02",
    }  # fmt: skip
    assert "CHIMIO" not in json.dumps(outcome.features)


def test_the_message_is_not_changed():
    before = message(1, medical={"diagnoses": [{"icd10": "I10"}]})
    kept = json.dumps(before)
    engine(row("some", AMBULATORY, daily_quota=1)).decide([facts(1)])
    assert json.dumps(before) == kept


def test_the_random_draw_and_the_draw_of_a_row_are_independent():
    draws = Draws(lambda _: KEY)
    cases = [("2026-11", str(number).encode()) for number in range(4000)]
    random_draws = draws.draw_many(cases, RANDOM)
    row_draws = draws.draw_many(cases, row_purpose("some"))
    both = sum(a < 2**63 and b < 2**63 for a, b in zip(random_draws, row_draws, strict=True))
    assert abs(both - 1000) < 3 * (4000 * 0.25 * 0.75) ** 0.5
