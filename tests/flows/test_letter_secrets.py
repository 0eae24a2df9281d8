"""Who is not the insured person learns less; whoever holds a letter can verify it."""

import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from pypdf import PdfReader

from medcontrol.settings import Settings
from medcontrol.vocabulary import LetterWay
from workflows.definition.catalog import Pack, catalog
from workflows.definition.samples import sample_context
from workflows.letters.context import LetterContext
from workflows.letters.marks import (
    ALPHABET,
    CODE_LENGTH,
    LetterWays,
    letter_ways,
    new_code,
    read_typed_code,
    spelled_code,
    told_to,
    verification,
    way_of,
)
from workflows.letters.qr import qr_svg
from workflows.letters.rendering import render

ROOT = Path(__file__).parents[2]
FONTS = [ROOT / "ui/static/vendor/fonts"]
# Words that no other text has, where a letter's context points at an illness.
SECRETS = {"flow": "ZZFLUX", "motive": "ZZMOTIF", "line": "ZZLIGNE", "right": "ZZDROIT"}
EMPLOYERS = [
    (pack, code)
    for pack in catalog()
    for code, letter in pack.meta.letters.items()
    if letter.recipient == "employer"
]
OTHERS = [
    (pack, code)
    for pack in catalog()
    for code, letter in pack.meta.letters.items()
    if letter.recipient in ("provider", "specialist", "expert")
]


def telling(language: str) -> dict[str, Any]:
    """A sample context whose every sensible member is a word of its own."""
    context = sample_context(language)
    decision = context["decision"] | {
        "motives": [SECRETS["motive"]],
        "entitlement_number": SECRETS["right"],
        "lines": [
            context["decision"]["lines"][0] | {"label": SECRETS["line"], "motive": "ZZMOTIF"}
        ],
    }
    return context | {"flow": SECRETS["flow"], "decision": decision}


def text_of(pdf: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize(("pack", "code"), EMPLOYERS, ids=lambda part: getattr(part, "key", part))
def test_an_employer_learns_neither_the_kind_of_file_nor_its_motive(
    pack: Pack, code: str, language: str
) -> None:
    told = told_to("employer", telling(language), language)

    text = text_of(render(pack, code, language, told, fonts=FONTS))

    assert [secret for secret in SECRETS.values() if secret in text] == []


def test_there_are_letters_to_employers_and_to_other_third_parties() -> None:
    assert EMPLOYERS
    assert len(OTHERS) > 5


@pytest.mark.parametrize(("pack", "code"), OTHERS, ids=lambda part: getattr(part, "key", part))
def test_no_letter_to_a_third_party_prints_an_answer_about_health(pack: Pack, code: str) -> None:
    """What a form asks may be medical; only what a letter names is printed, and it is listed."""
    printed = set(pack.meta.letters[code].prints)

    assert printed <= {"stay_kind", "days_granted", "return_on", "questions", "mission"}


def test_a_context_has_no_place_for_anything_medical() -> None:
    names = orjson.dumps(LetterContext.model_json_schema()).decode()

    for word in ("diagnos", "icd", "pathology", "reasoning", "summary", "severity"):
        assert word not in names.lower()


def test_employers_keep_what_their_letters_need() -> None:
    told = told_to("employer", telling("fr"), "fr")

    assert told["flow"] == "Contrôle médical"
    assert set(told["decision"]) == {"outcome", "decided_on", "valid_from", "valid_to"}
    assert told_to("insured", telling("fr"), "fr") == telling("fr")


def test_codes_are_long_random_and_read_as_people_type_them() -> None:
    codes = {new_code() for _ in range(200)}

    assert len(codes) == 200
    assert all(len(code) == CODE_LENGTH and set(code) <= set(ALPHABET) for code in codes)
    for code in codes:
        assert read_typed_code(f" {spelled_code(code).lower()} ") == code
    for wrong in ("", "x" * 19, "é" * 20, "\u0660" * 20, "0" * 21):
        assert read_typed_code(wrong) == ""


def test_the_qr_code_holds_the_public_address_of_the_installation() -> None:
    ways = letter_ways(Settings(public_url="https://controle.example/", host="x", port=1))
    group = verification(ways, "0" * CODE_LENGTH)

    assert group is not None
    assert group["address"] == f"https://controle.example/verify/{'0' * CODE_LENGTH}"
    assert verification(LetterWays(), "x") is None
    assert qr_svg(group["address"]) == qr_svg(group["address"])
    assert qr_svg(group["address"]).startswith("<svg")


def test_a_registered_letter_is_never_digital() -> None:
    ways = LetterWays(has_accounts=True)
    person: dict[str, Any] = {"channel": "portal", "recipient": "insured", "has_consent": True}

    assert way_of(ways, is_registered=True, **person) is LetterWay.CARRIER
    assert way_of(ways, is_registered=False, **person) is LetterWay.DIGITAL
    assert way_of(
        ways, is_registered=False, channel="portal", recipient="provider", has_consent=True
    ) is LetterWay.CARRIER  # fmt: skip
