"""Parts of drafts: reasons in other languages, forms of conditions, warnings, changes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from medcontrol.errors import InvalidInput, NotFound
from medcontrol.ports import SelectivityReason
from selectivity import packaged
from selectivity.checks import blocking, check
from selectivity.faults import RuleSetFault
from selectivity.lifecycle.editing import duplicate, item, next_list, put, put_list, remove
from selectivity.lifecycle.volumes import volume_findings
from selectivity.overlaps import overlaps
from selectivity.reading import digest, parse_rule_set, read_data
from selectivity.registry import FEATURES
from selectivity.translations import language_of_sentence, sentence, translated
from tests.unit.selectivity_rules import harbour, row, rule_text
from ui.pages.selectivity.cell_forms import cell_form, cells_sent, keep_same
from ui.pages.selectivity.row_forms import examples_sent, examples_typed, row_form
from ui.rule_sentences import RuleSentences

WORDS = RuleSentences("fr", "ma")
LISTS = {"renewed@1": ["CHIMIO", "DIAL"]}


def test_every_packaged_reason_is_said_in_arabic_and_english() -> None:
    rules = packaged.load("ma", 1)

    assert [each.id for each in rules.rows if not (each.reason.ar and each.reason.en)] == []


def test_a_translation_holds_for_its_very_sentence_only() -> None:
    known = translated(
        SelectivityReason("ald_renewal", packaged.load("ma", 1).reasons()["ald_renewal"])
    )
    other = translated(SelectivityReason("ald_renewal", "Une autre phrase."))

    assert known.ar
    assert other.ar is None
    assert (
        sentence({"code": "ald_renewal", "text": "Une autre phrase."}, "ar") == "Une autre phrase."
    )
    stored = {"code": "own", "text": "Phrase", "ar": "جملة"}
    assert [sentence(stored, language) for language in ("fr", "ar", "en")] == [
        "Phrase", "جملة", "Phrase",
    ]  # fmt: skip


def test_translations_of_the_packaged_rules_are_no_part_of_their_hash() -> None:
    data = packaged.data("ma", 1)

    assert packaged.load("ma", 1).sha256 == digest(data)
    assert not any("ar" in each["reason"] for each in data["rows"])
    own = {
        **data,
        "rows": [{**each, "reason": {**each["reason"], "ar": "x"}} for each in data["rows"]],
    }
    assert read_data(own, source="t").sha256 != digest(data)
    assert read_data(own, source="t").rows[0].reason.ar == "x"


def test_a_reason_with_another_member_is_refused() -> None:
    odd = row("odd", {"amount": {"ge": 1}})
    odd["reason"]["de"] = "Grund"
    with pytest.raises(RuleSetFault, match="no such member"):
        parse_rule_set(rule_text(odd), source="t")


CELLS: list[tuple[str, dict[str, Any]]] = [
    ("flow", {"in": ["ald", "dental"]}),
    ("flow", {"not_in": ["ald"], "missing": "yes"}),
    ("acts", {"in": ["C2"], "prefix": ["DP", "Z"], "in_list": ["renewed@1"]}),
    ("acts", {"not_prefix": ["DP"], "missing": "no"}),
    ("amount", {"ge": 300000, "lt": 800050}),
    ("amount", {"gt": 1, "le": 99, "missing": "yes"}),
    ("provider_hit_rate", {"ge": 1250}),
    ("filing_delay", {"lt": -3}),
    ("care_from", {"outside": {"ge": "2026-01-01", "lt": "2026-02-01"}, "missing": "no"}),
    ("is_urgent", {"is": False, "missing": "yes"}),
    ("region", {"missing": "only"}),
]


def sent(form: Any) -> FormData:
    """What a browser sends of the fields of a condition."""
    start = f"c{form.number}-"
    fields = [
        ("feature", form.feature), ("op", "not" if form.is_excluding else "is"),
        ("low", form.low), ("low-sign", form.low_sign), ("high", form.high),
        ("high-sign", form.high_sign), ("flag", form.flag), ("missing", form.missing),
        ("prefixes", ", ".join(form.prefixes)),
    ]  # fmt: skip
    if form.options:
        fields += [("codes", code) for code in form.codes]
    else:
        fields += [("words", ", ".join(form.codes))]
    fields += [("lists", name) for name in form.lists]
    return FormData([(start + name, value) for name, value in fields])


@pytest.mark.parametrize(("name", "cell"), CELLS, ids=lambda each: str(each)[:40])
def test_a_condition_goes_through_its_fields_and_back(name: str, cell: dict[str, Any]) -> None:
    form = cell_form(3, name, cell, LISTS, WORDS)

    assert form.fault is None
    assert cells_sent(sent(form)) == {name: cell}


@given(
    st.sampled_from(["amount", "care_days", "provider_hit_rate"]),
    st.integers(-(10**9), 10**9),
    st.integers(1, 10**9),
    st.sampled_from(["no", "yes"]),
)
def test_any_interval_goes_through_its_fields_and_back(
    name: str, low: int, width: int, missing: str
) -> None:
    cell: dict[str, Any] = {"ge": low, "lt": low + width}
    if missing == "yes":
        cell["missing"] = missing

    assert cells_sent(sent(cell_form(0, name, cell, {}, WORDS))) == {name: cell}


def test_what_is_typed_wrong_is_kept_for_the_checks_to_name() -> None:
    form = FormData([("c0-feature", "amount"), ("c0-op", "is"), ("c0-low", "beaucoup")])

    assert cells_sent(form) == {"amount": {"ge": "beaucoup"}}
    assert cell_form(0, "amount", {"ge": "beaucoup"}, {}, WORDS).fault == "bad_value"
    assert WORDS.conditions({"amount": {"ge": "beaucoup"}}) == ["le montant : à corriger"]


def test_a_condition_that_means_the_same_stays_as_it_stood() -> None:
    before = {"flow": {"in": ["dental", "ald"]}, "amount": {"gt": 99}}
    after = {"flow": {"in": ["ald", "dental"]}, "amount": {"gt": 98}}

    assert keep_same(before, after, {}) == {"flow": before["flow"], "amount": {"gt": 98}}


def test_examples_go_through_text_and_back() -> None:
    for each in packaged.data("ma", 1)["rows"]:
        for side in ("positive", "negative"):
            examples = each["examples"][side]
            assert examples_sent(examples_typed(examples)) == examples, each["id"]


def test_forbidden_features_are_not_offered() -> None:
    offered = {name for name, _ in row_form({"when": {}}, {}, WORDS).addable}

    assert "amount" in offered
    assert {"sex", "nationality", "address"} & offered == set()
    assert all(WORDS.feature(name) for name in FEATURES)


def test_rows_of_a_higher_level_that_can_meet_are_warned_of() -> None:
    wide = row("wide", {"flow": {"in": ["ald"]}}, level="central")
    near = row("near", {"amount": {"ge": 100}})
    apart = row("apart", {"flow": {"in": ["dental"]}, "amount": {"ge": 100}})
    spare = harbour("spare", {"flow": {"in": ["ald"]}})
    blue = row("blue", {"flow": {"in": ["ald"]}}, lane="blue", mode=None, level="regional")
    rules = parse_rule_set(rule_text(wide, near, apart, spare, blue), source="t")

    [found] = overlaps(rules)
    assert (found.row, found.severity, found.detail) == ("near", "warn", "wide (central)")
    assert blocking(check(rules))  # examples of the helper; an overlap is none of them
    assert "overlap" not in {each.code for each in check(rules)}


def result(**changes: Any) -> dict[str, Any]:
    line = {"row": "a", "kind": "targeting", "matched": 10, "taken": 5}
    return {"files": 1000, "overflow": 0, "rows": [{**line, **changes.pop("row", {})}], **changes}


def test_volumes_of_a_back_test_warn() -> None:
    def codes(**changes: Any) -> list[tuple[str, str]]:
        return [(each.code, each.severity) for each in volume_findings(result(**changes))]

    assert codes() == []
    assert codes(row={"matched": 0, "taken": 0}) == [("zero_volume", "warn")]
    assert codes(row={"taken": 51, "matched": 51}) == [("excessive_volume", "warn")]
    assert codes(row={"taken": 51, "matched": 51, "kind": "mandatory"}) == []
    assert codes(overflow=12) == [("over_capacity", "warn")]
    assert codes(files=0, row={"matched": 0}) == []


def test_changes_that_make_no_sense_are_refused() -> None:
    data = packaged.data("ma", 1)
    with pytest.raises(InvalidInput):
        put(data, "rows", None, {"id": "Not a name"})
    with pytest.raises(InvalidInput):
        put(data, "rows", None, {"id": "ald-first"})
    with pytest.raises(NotFound):
        put(data, "rows", "gone", {"id": "gone"})
    with pytest.raises(NotFound):
        remove(data, "rows", "gone")
    with pytest.raises(NotFound):
        next_list(data, "none@1")
    with pytest.raises(InvalidInput):
        put_list(data, "x@1", [])


def test_a_new_part_of_the_floor_stands_before_the_one_that_takes_the_rest() -> None:
    data = put(packaged.data("ma", 1), "floor", None, {"id": "new", "when": {}, "then": {}})

    assert [each["id"] for each in data["floor"]][-2:] == ["new", "others"]


def test_a_copy_has_its_own_name_and_reason() -> None:
    data, name = duplicate(packaged.data("ma", 1), "rows", "ald-first")
    data, second = duplicate(data, "rows", "ald-first")

    assert (name, second) == ("ald-first-2", "ald-first-3")
    assert item(data, "rows", name)["reason"]["msgid"] == "ald_first_2"
    assert blocking(check(read_data(data, source="t"))) != ()  # it repeats the first


@pytest.mark.parametrize(
    ("stored", "language", "spoken"),
    [
        ({"text": "Campagne de la région", "code": "asked"}, "ar", "fr"),
        ({"text": "Campagne de la région", "code": "asked"}, "fr", "fr"),
        ({"text": "حملة مراقبة بالجهة", "code": "asked"}, "fr", "ar"),
        ({"text": "حملة مراقبة بالجهة", "code": "asked"}, "ar", "ar"),
        ({"text": "Campagne", "ar": "حملة", "code": "asked"}, "ar", "ar"),
        ({"text": "Campagne", "ar": "حملة", "code": "asked"}, "en", "fr"),
    ],
)
def test_a_sentence_names_the_language_that_its_author_wrote(
    stored: dict[str, str], language: str, spoken: str
) -> None:
    assert language_of_sentence(stored, language) == spoken
