"""What JSON parsers let pass in silence goes to quarantine, with the member that is wrong."""

import hashlib

import orjson
import pytest

from medcontrol.intake import strict_json
from tests.intake_examples import REGISTERS, accept, faults, line, message, refuse


def with_form(value: bytes) -> bytes:
    return line()[:-1] + b',"form":{"answer":' + value + b"}}"


@pytest.mark.parametrize("constant", [b"NaN", b"Infinity", b"-Infinity"])
def test_nan_and_infinity_are_refused_where_they_stand(constant):
    assert faults(with_form(constant)) == [("/form/answer", "json.not_finite")]


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"18446744073709551616", b"9" * 5000])
def test_numbers_that_cannot_be_kept_exactly_are_refused(number):
    assert faults(with_form(number)) == [("/form/answer", "json.number_too_large")]


@pytest.mark.parametrize("number", [b"18446744073709551615", b"-9223372036854775808", b"0.1"])
def test_ordinary_numbers_in_a_form_pass(number):
    accept(with_form(number))


def test_a_nul_character_is_refused_escaped_or_not():
    escaped = line(external_id="a\0b")
    bare = line().replace(b"Bilan.", b"Bi\0lan.")

    assert faults(escaped) == [("/external_id", "json.nul")]
    assert faults(bare) == [("/medical/summary", "json.nul")]


def test_the_text_backslash_u0000_is_no_nul_character():
    assert accept(line(external_id=r"\u0000")).external_id == r"\u0000"


def test_nul_in_the_name_of_a_member_is_shown_without_it():
    assert ("/form/a\ufffd", "json.nul") in faults(line(form={"a\0": 1}))


@pytest.mark.parametrize("escape", [rb"\ud800", rb"\udc00", rb"\udc00\ud800", rb"\ud800\ud800"])
def test_lone_surrogates_are_refused(escape):
    raw = line().replace(b"Bilan.", escape)

    assert faults(raw) == [("/medical/summary", "json.lone_surrogate")]


def test_a_pair_of_surrogates_is_one_character():
    assert accept(line().replace(b"Bilan.", rb"\ud83d\ude00")).message["medical"] == {
        "diagnoses": [{"icd10": "K02.1", "main": True}],
        "summary": "😀",
    }


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf5\x80"])
def test_bad_utf8_is_refused_and_the_identity_still_read(bad):
    raw = line().replace(b"Bilan.", bad)

    errors = refuse(raw)

    assert [(error.path, error.code) for error in errors] == [("", "line.not_utf8")]
    assert errors[0].expected == f"octet {raw.index(b'summary') + 11}"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (line()[:-1] + b',"amount":"100.30"}', "/amount"),
        (line().replace(b'"main":true', b'"main":true,"m\\u0061in":true'),
         "/medical/diagnoses/0/main"),
        (with_form(b'{"a":[{"b":1,"b":1}]}'), "/form/answer/a/0/b"),
        (with_form(b'{"\\u0022":1,"\\"":1}'), '/form/answer/"'),
        (line(external_id='""')[:-1].replace(b'\\"', b"\\u0022") + b',"source":"si-amo"}',
         "/source"),
    ],
)  # fmt: skip
def test_duplicate_keys_are_refused_at_any_level_even_with_the_same_value(raw, path):
    assert faults(raw) == [(path, "json.duplicate_key")]


def test_escaped_quotation_marks_are_not_taken_for_duplicate_keys():
    raw = line(external_id='a"b').replace(b'\\"', b"\\u0022")

    assert accept(raw).external_id == 'a"b'


@pytest.mark.parametrize("levels", [65, 300, 900, 2_000, 200_000])
@pytest.mark.parametrize("pair", [(b"[", b"]"), (b'{"a":', b"}")])
def test_nesting_beyond_64_is_refused(pair, levels):
    raw = with_form(pair[0] * levels + b"1" + pair[1] * levels)

    assert [code for _, code in faults(raw)] == ["json.too_deep"]
    assert [code for _, code in faults(pair[0] * levels)] == ["json.too_deep"]


def test_nesting_of_64_passes():
    accept(with_form(b"[" * 62 + b"]" * 62))

    assert faults(with_form(b"[" * 63 + b"]" * 63)) == [("/form", "json.too_deep")]


def test_brackets_within_text_are_not_nesting():
    accept(with_form(orjson.dumps('["' * 500)))


def test_a_text_of_200_kilobytes_is_refused_where_the_format_bounds_it():
    long = "x" * 200_000
    raw = line(medical={"summary": long}, authorisation=long, surprise=long)

    assert sorted(faults(raw)) == [
        ("/authorisation", "value.too_long"),
        ("/medical/summary", "value.too_long"),
        ("/surprise", "member.unknown"),
    ]


@pytest.mark.parametrize("values", [b"[],", b"1,", b"[" * 500 + b"]" * 500 + b","])
def test_a_line_of_very_many_values_is_refused_before_it_fills_the_memory(values):
    marks = values.count(b"[") + 1
    raw = b"[" + values * (strict_json.MAX_VALUES // marks + 1) + b"1]"

    assert faults(raw) == [("", "json.too_many_values")]


def test_a_bom_and_a_carriage_return_change_nothing():
    assert accept(b"\xef\xbb\xbf" + line() + b"\r\n") == accept(line())


@pytest.mark.parametrize("raw", [b"", b" ", b"{", b"}", b"nul", b"'a'", b"{}{}", line()[:-1]])
def test_what_is_no_json_is_refused(raw):
    assert faults(raw) == [("", "json.invalid")]


@pytest.mark.parametrize("raw", [b"[]", b"1", b'"text"', b"null", b"true"])
def test_what_is_no_object_is_refused(raw):
    assert faults(raw) == [("", "message.not_object")]


def test_a_bare_control_character_is_no_json():
    assert faults(line().replace(b"Bilan.", b"\x01")) == [("", "json.invalid")]


def test_one_line_with_several_faults_tells_all_of_them():
    raw = line(agency="NOWHERE", amount="1.00", form={}).replace(
        b'"form":{}', b'"form":{"a":NaN,"b":"\\ud800","c":1,"c":2},"surprise":1'
    )

    assert sorted(faults(raw)) == [
        ("/agency", "agency.unknown"),
        ("/amount", "lines.sum_differs"),
        ("/form/a", "json.not_finite"),
        ("/form/b", "json.lone_surrogate"),
        ("/form/c", "json.duplicate_key"),
        ("/surprise", "member.unknown"),
    ]


def test_faults_of_one_line_are_bounded():
    lines = [{"no": "x"}] * 500 + [1] * 100_000

    assert len(refuse(line(lines=lines))) == 50


def test_same_content_in_other_order_and_spacing_has_the_same_content_hash():
    turned = dict(reversed(message().items()))
    spaced = b"\n".join([b" ", orjson.dumps(turned, option=orjson.OPT_INDENT_2)])

    assert accept(spaced).content_hash == accept(line()).content_hash
    assert accept(line(amount="100.30", urgent=True)).content_hash != accept(line()).content_hash
    assert (
        accept(line()).content_hash
        == hashlib.sha256(orjson.dumps(message(), option=orjson.OPT_SORT_KEYS)).digest()
    )


def test_registers_are_not_changed_by_a_check():
    before = repr(REGISTERS)
    accept(line())

    assert repr(REGISTERS) == before
