import json
from datetime import date
from pathlib import Path

import jsonschema_rs
import pytest

import medcontrol.intake
from medcontrol.errors import NotFound
from medcontrol.intake.registers import NATURES
from medcontrol.ports import FileFacts
from medcontrol.vocabulary import Lane, Origin
from selectivity import packaged
from selectivity.checks import blocking, check, check_text
from selectivity.engine import RuleEngine
from selectivity.faults import RuleSetFault
from selectivity.packaged import in_force
from selectivity.reading import parse_rule_set
from selectivity.registry import FEATURES, Sensitivity
from selectivity.tables import RowKind
from tests.unit.selectivity_rules import harbour, row, rule_text


def found(*rows, **members):
    """Return (code, row, column) of every blocking finding."""
    findings = blocking(check_text(rule_text(*rows, **members), source="test.yaml"))
    return {(finding.code, finding.row, finding.column) for finding in findings}


GOOD = row("good", {"amount": {"ge": 1}})


def test_a_sound_rule_set_has_no_findings():
    assert found(GOOD) == set()


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ({"amount": {"ge": 5, "lt": 5}}, "empty_interval"),
        ({"amount": {"gt": 4, "lt": 5}}, "empty_interval"),
        ({"amount": {"in": ["5"]}}, "bad_operator"),
        ({"amount": {"ge": "5"}}, "bad_value"),
        ({"amount": {"ge": 1, "gt": 1}}, "bad_operator"),
        ({"amount": {"outside": {"ge": 1}}}, "negation_without_missing"),
        ({"amount": {"ge": 2**60}}, "bad_value"),
        ({"amount": 5}, "bad_cell"),
        ({"amount": {}}, "bad_cell"),
        ({"amount": {"ge": 1, "missing": "perhaps"}}, "bad_missing"),
        ({"amount": {"ge": 1, "missing": "only"}}, "bad_cell"),
        ({"flow": {"not_in": ["ald"]}}, "negation_without_missing"),
        ({"flow": {"in": ["ald"], "not_in": ["dental"], "missing": "no"}}, "bad_operator"),
        ({"flow": {"in": []}}, "empty_set"),
        ({"flow": {"in": ["aldd"]}}, "unknown_code"),
        ({"channel": {"prefix": ["pigeon"]}}, "unknown_code"),
        ({"acts": {"in_list": ["nowhere@1"]}}, "unknown_list"),
        ({"care_from": {"ge": "2026-02-30"}}, "bad_value"),
        ({"is_urgent": {"is": "yes"}}, "bad_value"),
        ({"turnover": {"ge": 1}}, "unknown_feature"),
        ({"sex": {"in": ["F"]}}, "forbidden_feature"),
        ({"relation": {"in": ["child"]}}, "forbidden_feature"),
    ],
)
def test_a_cell_that_cannot_be_used_is_named_with_row_and_column(cell, code):
    assert (code, "wrong", next(iter(cell))) in found(GOOD, row("wrong", cell))


def test_every_forbidden_feature_is_refused():
    names = [name for name, f in FEATURES.items() if f.sensitive is Sensitivity.FORBIDDEN]
    assert {"sex", "nationality", "language", "address"} <= set(names)
    for name in names:
        assert ("forbidden_feature", "wrong", name) in found(row("wrong", {name: {"in": ["X"]}}))


@pytest.mark.parametrize(
    ("member", "code", "column"),
    [
        ("reason", "no_reason", "reason"),
        ("expires_on", "no_expiry", "expires_on"),
        ("owner", "no_owner", "owner"),
        ("rationale", "no_rationale", "rationale"),
        ("id", "no_id", "id"),
        ("examples", "no_example", "examples.positive"),
        ("examples", "no_example", "examples.negative"),
    ],
)
def test_a_row_without_a_member_is_named(member, code, column):
    rest = {name: value for name, value in GOOD.items() if name != member}
    assert (code, "row 1" if member == "id" else "good", column) in found(rest)


def test_a_member_that_nobody_reads_is_refused():
    assert ("unknown_member", "good", "colour") in found({**GOOD, "colour": "red"})


def test_examples_must_do_what_they_say():
    wrong = {**GOOD, "examples": {"positive": [{"amount": 0}], "negative": [{"amount": 1}]}}
    assert found(wrong) == {
        ("wrong_example", "good", "examples.positive.1"),
        ("wrong_example", "good", "examples.negative.1"),
    }
    typo = {**GOOD, "examples": {"positive": [{"amount": "1"}], "negative": [{"amonut": 0}]}}
    assert {code for code, _, _ in found(typo)} == {"bad_example"}


def test_a_row_that_no_file_can_match_is_dead():
    impossible = row("impossible", {"flow": {"in": ["ald"]}, "nature": {"in": ["invoice"]}})
    assert ("dead_row", "impossible", "") in found(impossible)


def test_a_row_that_a_safe_harbour_always_cancels_is_dead():
    small = harbour("small", {"amount": {"lt": 50000}})
    assert ("dead_row", "tiny", "") in found(small, row("tiny", {"amount": {"lt": 20000}}))
    assert ("dead_row", "some", "") not in found(small, row("some", {"amount": {"lt": 60000}}))


def test_a_row_that_repeats_another_is_dead():
    assert ("dead_row", "again", "") in found(GOOD, row("again", {"amount": {"ge": 1}}))


def test_a_safe_harbour_may_not_touch_a_mandatory_row():
    duty = row("duty", {"flow": {"in": ["ald"]}}, kind="mandatory")
    small = harbour("small", {"amount": {"lt": 50000}})
    apart = harbour("apart", {"flow": {"in": ["dental"]}})

    assert ("contradiction", "duty", "") in found(duty, small)
    assert ("contradiction", "duty", "") not in found(duty, apart)


@pytest.mark.parametrize(
    ("then", "code"),
    [
        ({"lane": "green"}, "bad_lane"),
        ({"lane": "orange", "mode": "in_person"}, "bad_mode"),
        ({"lane": "red", "mode": None}, "bad_mode"),
        ({"lane": "blue"}, "bad_mode"),
        ({"lane": "purple"}, "bad_word"),
        ({"kind": "mandatory", "rate": 5000}, "bad_rate"),
        ({"kind": "mandatory", "daily_quota": 5}, "bad_rate"),
        ({"kind": "mandatory", "lane": "blue", "mode": None}, "bad_lane"),
        ({"rate": 0}, "bad_number"),
        ({"rate": 10001}, "bad_number"),
        ({"kind": "safe_harbour", "lane": None}, "bad_effect"),
    ],
)
def test_an_effect_that_makes_no_sense_is_refused(then, code):
    assert code in {finding[0] for finding in found(row("wrong", {"amount": {"ge": 1}}, **then))}


def test_the_random_floor_must_take_every_file():
    narrow = [{"id": "some", "when": {"amount": {"ge": 1}}, "then": {"rate": 1, "lane": "orange"}}]
    assert ("no_floor", "floor", "") in found(GOOD, floor=narrow)


def test_every_fault_is_reported_at_once_with_the_file():
    text = rule_text(row("one", {"turnover": {"ge": 1}}), row("two", {"amount": {"ge": "x"}}))
    with pytest.raises(RuleSetFault) as fault:
        parse_rule_set(text, source="rules.yaml")
    assert [finding.row for finding in fault.value.findings] == ["one", "two"]
    assert "rules.yaml: two / amount: write a whole number" in str(fault.value)


def test_broken_yaml_and_floats_and_double_keys_are_faults():
    for text in ("rows: [", "rate: 0.5", "code: ma\ncode: lu", "- 1"):
        with pytest.raises(RuleSetFault):
            parse_rule_set(text, source="rules.yaml")


def test_the_hash_ignores_comments_and_changes_with_the_content():
    text = rule_text(GOOD)
    same = parse_rule_set(f"# a comment\n{text}", source="a")
    other = parse_rule_set(text.replace("Motif good", "Motif bon"), source="b")
    assert same.sha256 == parse_rule_set(text, source="c").sha256 != other.sha256


def test_the_packaged_rules_of_morocco_pass_every_check():
    rules = packaged.load("ma", 1)
    assert blocking(check(rules)) == ()
    assert {row.when["flow"].codes for row in rules.rows if "flow" in row.when}
    flows = {code for row in rules.rows if "flow" in row.when for code in row.when["flow"].codes}
    assert flows == {
        "ald", "ambulatory", "hospital", "dental", "medicines", "care_abroad", "conventional",
        "sick_leave", "invalidity", "disability",
    }  # fmt: skip
    assert {row.kind for row in rules.rows} == set(RowKind)
    assert len(rules.reasons()) == len(rules.rows)


def test_the_version_in_force_is_chosen_by_the_day_of_reception():
    assert in_force("ma", date(2026, 11, 20)).name == "ma/1"
    with pytest.raises(NotFound, match="2001-01-01"):
        in_force("ma", date(2001, 1, 1))
    assert in_force("lu", date(2026, 11, 20)).name == "lu/1"


def test_codes_are_compared_without_regard_to_case_or_accent_form():
    upper = json.loads(rule_text(row("act", {"acts": {"in": ["dp60", "prothe\u0300se"]}})))
    rules = parse_rule_set(json.dumps(upper), source="test")
    assert rules.rows[0].when["acts"].codes == {"DP60", "PROTHÈSE"}


def test_about_one_file_in_ten_of_the_sample_day_is_controlled():
    schema = Path(medcontrol.intake.__file__).with_name("intake.v1.schema.json")
    valid = jsonschema_rs.validator_for(schema.read_text(encoding="utf-8"))
    files = []
    for line in (Path(__file__).parents[1] / "data/intake_sample.ndjson").read_bytes().splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if valid.is_valid(message) and message["flow"] in NATURES:
            files.append(FileFacts(message, date(2026, 11, 20)))
    outcomes = RuleEngine(packaged.load("ma", 1), lambda _: b"k" * 32).decide(files)

    share = sum(outcome.lane.is_controlled for outcome in outcomes) / len(outcomes)
    assert len(outcomes) >= 500
    assert 0.08 < share < 0.14
    assert sum(outcome.lane is Lane.BLUE for outcome in outcomes) >= 5
    wanted = [o for f, o in zip(files, outcomes, strict=True) if "control" in f.message]
    assert wanted
    assert all(Origin.EXTERNAL in outcome.origins for outcome in wanted)
    for file, outcome in zip(files, outcomes, strict=True):
        if file.message["flow"] in ("care_abroad", "invalidity"):
            assert Origin.MANDATORY in outcome.origins
            assert outcome.lane.is_controlled
