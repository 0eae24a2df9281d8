"""What intake refuses beside JSON itself: the format, coherence, documents. Nothing else."""

import gettext
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from medcontrol.intake import Faulty, FlowInfo, attachments, check, schema
from medcontrol.intake import faults as words
from medcontrol.intake.showing import faulty_members
from tests.intake_examples import REGISTERS, accept, document, faults, line, message, refuse

DOCS = Path(__file__).parents[2] / "docs" / "intake.md"
PDF = b"%PDF-1.4\n1 0 obj\n"
PNG = b"\x89PNG\r\n\x1a\n rest"


def insured(**members):
    return message()["insured"] | members


def test_an_accepted_line_gives_identity_and_instant_in_utc():
    result = accept(line())

    assert (result.source, result.external_id) == ("si-amo", "AMO-1")
    assert result.received_at == datetime(2026, 11, 20, 7, 28, 30, tzinfo=UTC)
    assert result.message == message()


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"flow": "teleportation"}, ("/flow", "flow.unknown")),
        ({"nature": "orthodontix"}, ("/nature", "nature.unknown")),
        ({"agency": "LUX-1"}, ("/agency", "agency.unknown")),
        ({"jurisdiction": "fr"}, ("/jurisdiction", "value.not_in_list")),
        ({"schema": "medcontrol.intake.v2"}, ("/schema", "value.not_in_list")),
        ({"urgent": "yes"}, ("/urgent", "value.wrong_type")),
        ({"external_id": ""}, ("/external_id", "value.too_short")),
        ({"external_id": "é" * 65}, ("/external_id", "value.too_long")),
        ({"source": "si amo"}, ("/source", "value.wrong_form")),
        ({"source": "si-amo\n"}, ("/source", "value.wrong_form")),
        ({"paper": {"pages": 0}}, ("/paper/pages", "value.too_small")),
        ({"paper": {"pages": 2001}}, ("/paper/pages", "value.too_large")),
        ({"control": {"required": False}}, ("/control/required", "value.not_in_list")),
        ({"amount": "100.31"}, ("/amount", "lines.sum_differs")),
        ({"care": {"from": "2026-11-19", "to": "2026-11-18"}},
         ("/care/to", "care.ends_before_start")),
        ({"care": {"to": "2026-11-18"}}, ("/care/from", "member.missing")),
        ({"insured": insured(birth_date="2026-11-21")},
         ("/insured/birth_date", "birth_date.after_receipt")),
        ({"medical": {"diagnoses": [{"icd10": "k02"}]}},
         ("/medical/diagnoses/0/icd10", "value.wrong_form")),
    ],
)  # fmt: skip
def test_each_wrong_member_is_named(members, expected):
    assert faults(line(**members)) == [expected]


@pytest.mark.parametrize(
    "day", ["2026-02-30", "2025-02-29", "0000-01-01", "2026-1-1", "20260101", "2026-13-01", ""]
)
def test_dates_that_do_not_exist_are_refused_everywhere(day):
    lines = [message()["lines"][0] | {"date": day, "amount": "100.30"}]
    raw = line(lines=lines, care={"from": day}, insured=insured(birth_date=day))

    assert sorted(faults(raw)) == [
        ("/care/from", "date.not_real"),
        ("/insured/birth_date", "date.not_real"),
        ("/lines/0/date", "date.not_real"),
    ]


@pytest.mark.parametrize(
    "instant",
    [
        "2026-11-20T08:28:30", "2026-02-30T08:28:30Z", "2026-11-20 08:28:30Z", "2026-11-20",
        "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-10:00",
        "2016-12-31T23:59:60Z", "2026-11-20T24:00:00Z", "2026-11-20T08:28:30+24:00",
    ],
)  # fmt: skip
def test_instants_that_do_not_exist_or_have_no_offset_are_refused(instant):
    assert faults(line(received_at=instant)) == [("/received_at", "instant.not_real")]


@pytest.mark.parametrize("instant", ["2026-11-20t08:28:30.123456789z", "2026-11-20T23:28:30-05:00"])
def test_every_spelling_of_an_instant_that_the_format_allows_passes(instant):
    assert accept(line(received_at=instant)).received_at.tzinfo is UTC


def test_a_birth_is_compared_with_the_civil_date_where_the_fund_sits():
    raw = line(received_at="2026-11-19T23:30:00Z", insured=insured(birth_date="2026-11-20"))
    winter_night = line(received_at="2026-11-19T22:30:00Z",
                        insured=insured(birth_date="2026-11-20"))  # fmt: skip

    accept(raw)
    assert faults(winter_night) == [("/insured/birth_date", "birth_date.after_receipt")]


def test_an_amount_needs_a_currency():
    without = {name: value for name, value in message().items() if name != "currency"}

    assert faults(json.dumps(without).encode()) == [("/currency", "currency.missing")]


def test_repeated_line_numbers_are_named_where_they_repeat():
    first, second = message()["lines"]

    assert faults(line(lines=[first, second | {"no": 1}])) == [
        ("/lines/1/no", "lines.number_repeated")
    ]


def test_whole_numbers_written_with_a_point_become_whole_numbers():
    raw = line(paper={"pages": 3}, documents=[document(PDF, "application/pdf")])
    pointed = raw.replace(b'"no":1', b'"no":1.0').replace(b'"pages":3', b'"pages":3.0')
    pointed = pointed.replace(b'"size":17', b'"size":17.0')

    result = accept(pointed)

    assert result.content_hash == accept(raw).content_hash
    assert type(result.message["lines"][0]["no"]) is int
    assert type(result.message["paper"]["pages"]) is int


@pytest.mark.parametrize(
    "absent", ["lines", "amount", "currency", "care", "medical", "form", "documents"]
)
def test_what_is_missing_for_the_doctor_is_no_reason_for_quarantine(absent):
    members = {name: value for name, value in message().items() if name != absent}
    if absent == "currency":
        del members["amount"]

    accept(json.dumps(members).encode())


def test_a_file_without_lines_may_have_any_amount():
    accept(line(lines=[], amount="12.00"))


def test_a_known_flow_that_is_not_open_is_told_from_one_of_another_jurisdiction():
    luxembourg = {"jurisdiction": "lu", "agency": "LUX-1", "flow": "fluctuation_control"}

    assert faults(line(**luxembourg, nature="sample")) == [("/flow", "flow.not_open")]
    assert faults(line(flow="care_reassessment", nature="periodic")) == [
        ("/flow", "flow.not_of_jurisdiction")
    ]


def test_a_flow_passes_as_soon_as_its_pack_is_open():
    opened = FlowInfo(frozenset({"lu"}), frozenset({"sample"}), frozenset({"lu"}))
    registers = replace(REGISTERS, flows={"fluctuation_control": opened})
    raw = line(jurisdiction="lu", agency="LUX-1", flow="fluctuation_control", nature="sample")

    assert not isinstance(check(raw, registers), Faulty)


def test_a_later_control_is_a_nature_of_the_flows_that_pay_back():
    accept(line(nature="a_posteriori"))

    assert faults(line(flow="ald", nature="a_posteriori")) == [("/nature", "nature.unknown")]


@pytest.mark.parametrize(
    ("members", "member", "code"),
    [
        ({"sha256": "0" * 64}, "sha256", "document.hash_differs"),
        ({"size": 1}, "size", "document.size_differs"),
        ({"media_type": "image/png"}, "media_type", "document.type_differs"),
        ({"content_base64": "ça"}, "content_base64", "document.not_base64"),
        ({"content_base64": "AAA"}, "content_base64", "document.not_base64"),
        ({"content_base64": "A\nA"}, "content_base64", "document.not_base64"),
    ],
)
def test_a_document_that_is_not_what_is_said_of_it_is_refused(members, member, code):
    said = document(PDF, "application/pdf") | members

    assert faults(line(documents=[said])) == [(f"/documents/0/{member}", code)]


def test_a_document_broken_into_lines_by_the_sender_is_taken():
    said = document(PDF, "application/pdf")
    said["content_base64"] = said["content_base64"][:8] + "\r\n" + said["content_base64"][8:]

    assert accept(line(documents=[said])).documents[0].content == PDF


def test_a_document_announced_without_content_is_taken_as_announced():
    said = document(PDF, "application/pdf")
    del said["content_base64"]

    assert accept(line(documents=[said])).documents[0].content is None


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "Application/PDF"), (b"\xef\xbb\xbf junk " + PDF, "application/pdf"),
        (PNG, "image/png"), (b"\xff\xd8\xff\xe0", "image/jpg"), (b"II*\0", "image/tiff"),
        (b"\0" * 128 + b"DICM", "application/dicom"), (b"RIFF\0\0\0\0WEBP", "image/webp"),
        (b"PK\3\4", "application/vnd.oasis.opendocument.text"), (PNG, "application/octet-stream"),
        ("Été".encode("latin-1"), "text/plain"), ("é".encode("utf-16"), "text/plain"),
        (b"BMI 32", "text/plain; charset=utf-8"), (b"<a/>", "application/fhir+xml"),
        (b"<svg/>", "image/svg+xml"), (b' {"a":1}', "application/fhir+json"),
        (b"\0\1\2", "audio/basic"),
    ],
)  # fmt: skip
def test_contents_agree_with_their_type(content, media_type):
    assert attachments.agrees_with_type(content, media_type)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "image/png"), (PNG, "application/pdf"), (PNG, "text/plain"), (PNG, "audio/basic"),
        (b"hello", "application/pdf"), (b"hello", "image/jpeg"), (b"a\0b", "text/csv"),
        (b"hello", "application/xml"), (b"hello", "application/json"), (PDF, ""),
        (b"hello", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
)  # fmt: skip
def test_contents_that_contradict_their_type_are_found(content, media_type):
    assert not attachments.agrees_with_type(content, media_type)


def test_errors_never_hold_the_value_and_say_which_are_medical():
    secret = "secret-of-the-patient"
    raw = line(
        agency=secret,
        medical={"diagnoses": [{"icd10": secret}], "summary": 1},
        surprise=secret,
        insured=insured(registration_number=secret),
    )

    errors = refuse(raw)

    assert secret not in repr(errors)
    assert {error.path for error in errors if error.medical} == {
        "/medical/diagnoses/0/icd10",
        "/medical/summary",
        "/surprise",
    }


def test_the_page_shows_medical_members_only_to_those_with_the_right():
    raw = line(agency="NOWHERE", medical={"summary": 7}, documents="none")
    errors = refuse(raw)

    assert faulty_members(raw, errors, may_read_medical=False) == {"/agency": "NOWHERE"}
    assert faulty_members(raw, errors, may_read_medical=True) == {
        "/agency": "NOWHERE",
        "/medical/summary": "7",
        "/documents": "none",
    }
    assert faulty_members(b"{", refuse(b"{"), may_read_medical=True) == {}


def test_the_page_shows_long_values_cut_and_absent_ones_not_at_all():
    raw = line(agency="x" * 300, lines=[{"no": 1}], amount="1.00")

    shown = faulty_members(raw, refuse(raw), may_read_medical=True)

    assert shown == {"/agency": "x" * 200 + "…"}


def test_pointers_escape_and_shorten_the_names_of_members():
    assert words.to_pointer(("a/b~c", 3, "x" * 100, "\0")) == f"/a~1b~0c/3/{'x' * 80}…/\ufffd"


def test_every_administrative_member_of_the_format_is_known_as_such():
    top = set(schema.SCHEMA["properties"])

    assert top == words.ADMINISTRATIVE | {"medical", "form"}


def test_every_code_is_described_for_integrators():
    described = set(re.findall(r"^\| `([a-z_]+\.[a-z0-9_]+)` \|", DOCS.read_text("utf-8"), re.M))

    assert described == set(words.MESSAGES)


def test_sentences_are_message_ids_of_their_own():
    assert words.N_("Bonjour") == "Bonjour"
    assert len(set(words.MESSAGES.values())) == len(words.MESSAGES)
    assert gettext.NullTranslations().gettext(words.MESSAGES["line.too_long"])
