from datetime import date

import pytest

from medcontrol.ports import FileFacts
from selectivity.compiled import MISSING
from selectivity.explain import describe, explain_row, near_misses
from selectivity.features import administrative, columns_of, medical, values_of
from selectivity.packaged import in_force
from selectivity.reading import parse_rule_set
from selectivity.registry import FEATURES, Sensitivity
from tests.unit.selectivity_rules import DAY, facts, message, row, rule_text


def line(number, act, amount, **members):
    return {"no": number, "act": act, "quantity": "1", "amount": amount, **members}


def test_money_becomes_whole_centimes_and_days_are_counted_with_both_ends():
    found = administrative(facts(amount="1234.56"))
    assert (found["amount"], found["care_days"], found["filing_delay"]) == (123456, 3, 10)
    assert found["care_weekday"] == date(2026, 11, 10).isoweekday()


def test_lines_are_summed_up():
    lines = [
        line(1, "D10", "10.00", date="2026-11-10", tooth="26"),
        line(2, "d10", "10.00", date="2026-11-10", tooth="26"),
        line(3, "DP60", "99.90", date="2026-11-20", tooth="27", quantity="2.5"),
    ]
    found = administrative(facts(lines=lines))
    assert found["line_count"] == 3
    assert found["highest_quantity"] == 3
    assert found["highest_line"] == 9990
    assert found["repeated_lines"] == 1
    assert found["tooth_count"] == 2
    assert found["lines_outside_care"] == 1
    assert medical(message(lines=lines))["acts"] == ["D10", "DP60"]


@pytest.mark.parametrize(
    ("born", "age"), [("2006-11-20", 20), ("2006-11-21", 19), ("2004-02-29", 22)]
)
def test_the_age_is_that_of_the_beneficiary_on_the_day_of_reception(born, age):
    child = {"relation": "child", "family_name": "A", "given_name": "B", "birth_date": born}
    assert administrative(facts(beneficiary=child))["beneficiary_age"] == age


def test_what_the_message_does_not_say_is_left_out():
    bare = facts(care=None, amount=None, currency=None, provider=None)
    found = administrative(bare)
    assert not {"amount", "care_days", "provider_kind", "line_count", "region"} & set(found)
    assert medical(bare.message) == {}


def test_only_declared_features_of_the_right_class_are_extracted():
    full = message(
        prescriber={"id": "999200141", "specialty": "oncology", "sector": "public"},
        provider={"id": "999200141", "specialty": "oncology", "kind": "doctor", "sector": "own"},
        paper={"pages": 3, "sealed_envelope": True},
        documents=[{"kind": "prescription", "media_type": "x", "sha256": "0" * 64, "size": 1}],
        medical={"diagnoses": [{"icd10": "I10"}], "pathology": "ma-ald-02"},
        lines=[line(1, "C", "1.00", date="2026-11-10", tooth="11")],
    )
    open_ = administrative(FileFacts(full, DAY, "CASABLANCA"))
    secret = medical(full)
    declared = {
        n
        for n, f in FEATURES.items()
        if not f.is_history and f.sensitive is not Sensitivity.FORBIDDEN
    }
    assert set(open_) == {name for name in declared if not FEATURES[name].is_medical}
    assert set(secret) == {name for name in declared if FEATURES[name].is_medical}
    assert open_["is_self_prescribed"] is True


def test_columns_hold_the_missing_mark_and_the_same_values_as_single_files():
    snapshots = [administrative(facts(1)), administrative(facts(2, amount=None, care=None))]
    columns = columns_of(snapshots, ["amount", "care_from", "flow", "document_kinds", "is_urgent"])
    assert columns["amount"].tolist() == [60000, MISSING]
    assert columns["care_from"].tolist() == [date(2026, 11, 10).toordinal(), MISSING]
    assert columns["flow"] == ["ambulatory", "ambulatory"]
    assert columns["document_kinds"] == [(), ()]
    assert columns["is_urgent"].tolist() == [0, 0]
    assert values_of(snapshots[1], ["amount", "flow"]) == {"amount": None, "flow": "ambulatory"}


def test_an_explanation_names_the_cells_that_were_not_met():
    rules = in_force("ma", DAY)
    snapshot = administrative(facts(amount="2999.99"))
    verdict = explain_row(rules, "ambulatory-high-amount", snapshot, DAY)

    assert not verdict.is_match
    assert [(cell.feature, cell.expected, cell.value) for cell in verdict.unmet] == [
        ("amount", "≥ 300000", 299999)
    ]
    assert "ambulatory-high-amount" in [near.row for near in near_misses(rules, snapshot, DAY)]
    better = administrative(facts(amount="3000.00"))
    assert explain_row(rules, "ambulatory-high-amount", better, DAY).is_match
    assert not explain_row(rules, "ambulatory-high-amount", better, date(2099, 1, 1)).is_match


def test_every_form_of_cell_has_a_description():
    cells = {
        "flow": {"not_in": ["ald"], "missing": "yes"},
        "acts": {"prefix": ["DP"], "in": ["C"]},
        "amount": {"ge": 1, "lt": 5},
        "care_from": {"outside": {"gt": "2026-01-01"}, "missing": "no"},
        "is_urgent": {"is": True},
        "region": {"missing": "only"},
    }
    rules = parse_rule_set(rule_text(row("all", cells)), source="test")
    texts = {name: describe(cell, FEATURES[name]) for name, cell in rules.rows[0].when.items()}
    assert texts == {
        "flow": "∉ {ald} ∨ ∅",
        "acts": "∈ {C, DP…}",
        "amount": "1 ≤ x < 5",
        "care_from": "¬(≥ 2026-01-02)",
        "is_urgent": "= true",
        "region": "∅",
    }
