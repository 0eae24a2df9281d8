"""Letters say what their context says, in French and in Arabic, and never more."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from medcontrol.errors import InvalidInput, NotFound
from medcontrol.vocabulary import Jurisdiction
from workflows.definition.catalog import Pack, catalog
from workflows.definition.samples import sample_context
from workflows.letters.answers import currency_of, stated
from workflows.letters.rendering import preview_png, render

FONTS = [Path(__file__).parents[2] / "ui/static/vendor/fonts"]
ALL = [(p, code) for p in catalog() for code in p.meta.letters if p.meta.code != "invalidity"]


@pytest.fixture
def ald() -> Pack:
    return catalog().pack("ma", "ald", date(2026, 3, 2))


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize(("pack", "code"), ALL, ids=lambda part: getattr(part, "key", part))
def test_every_letter_is_one_page_with_a_sample_of_everything(
    pack: Pack, code: str, language: str
) -> None:
    pdf = render(pack, code, language, sample_context(language), fonts=FONTS)

    assert pdf.startswith(b"%PDF-")
    pages = pdf.count(b"/Type /Page\n") + pdf.count(b"/Type/Page/")
    # A calculation is set out whole and stays readable, over the page if need be.
    assert pages == 1 or (pages == 2 and "calculation" in pack.meta.letters[code].says)


def test_the_same_context_gives_the_same_bytes_and_another_one_does_not(ald: Pack) -> None:
    context = sample_context("fr")

    once = render(ald, "refusal", "fr", context, fonts=FONTS)
    twice = render(ald, "refusal", "fr", context, fonts=FONTS)
    other = render(ald, "refusal", "fr", context | {"reference": "ALD-2026-9"}, fonts=FONTS)

    assert once == twice
    assert once != other


def test_a_preview_is_a_picture_of_the_first_page(ald: Pack) -> None:
    small = preview_png(ald, "grant", "ar", sample_context("ar"), fonts=FONTS, ppi=48)

    assert small.startswith(b"\x89PNG")
    assert int.from_bytes(small[16:20], "big") == pytest.approx(210 / 25.4 * 48, abs=2)


@pytest.mark.parametrize(
    "text", ["#panic()", '#read("/etc/passwd")', "$x$", "*gras*", "\\", "</text>", "#let a = 1"]
)
def test_what_people_type_is_text_and_never_markup(ald: Pack, text: str) -> None:
    context = sample_context("fr")
    context = context | {"addressee": {"name": text, "address": [text]}, "place": text}

    assert render(ald, "convocation", "fr", context, fonts=FONTS).startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("code", "change", "field"),
    [
        ("refusal", {"appeal": None}, "appeal"),
        ("completion_request", {"pieces": []}, "pieces"),
        ("convocation", {"appointment": None}, "appointment"),
        ("grant", {"diagnosis": "E10"}, "diagnosis"),
        ("grant", {"decision": {"outcome": "granted"}}, "decision.decided_on"),
        ("refusal", {"appeal": {"days": 0, "address": "x"}}, "appeal.days"),
        ("acknowledgement", {"reference": ""}, "reference"),
    ],
)
def test_a_context_that_lacks_something_or_says_too_much_is_refused_by_name(
    ald: Pack, code: str, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        render(ald, code, "fr", sample_context("fr") | change, fonts=FONTS)

    assert refusal.value.field == field


def test_a_letter_or_language_that_the_pack_does_not_have_is_not_found(ald: Pack) -> None:
    hospital = catalog().pack("ma", "hospital", date(2026, 3, 2))

    for pack, code, language in (
        (ald, "grant", "en"),
        (ald, "no", "fr"),
        (hospital, "dental_agreement", "fr"),
    ):
        with pytest.raises(NotFound):
            render(pack, code, language, sample_context("fr"), fonts=FONTS)


def test_arabic_without_its_font_fails_clearly_instead_of_printing_boxes(
    ald: Pack, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput, match="Noto Naskh Arabic"):
        render(ald, "grant", "ar", sample_context("ar"), fonts=[tmp_path])


@pytest.mark.parametrize(
    ("received", "jurisdiction", "said"),
    [
        ({"currency": None}, Jurisdiction.MA, "1\u202f234,50 DH"),
        ({"currency": None}, Jurisdiction.LU, "1\u202f234,50 EUR"),
        ({"currency": "EUR"}, Jurisdiction.MA, "1\u202f234,50 EUR"),
    ],
)
def test_an_amount_that_a_doctor_typed_is_printed_in_the_money_of_the_request(
    received: dict[str, Any], jurisdiction: Jurisdiction, said: str
) -> None:
    pack = catalog().pack("ma", "care_abroad", date(2026, 3, 2))
    code = next(c for c, each in pack.meta.letters.items() if "ceiling_cents" in each.prints)

    [ceiling] = stated(
        pack, code, {"ceiling_cents": 123_450}, "fr", currency_of(received, jurisdiction)
    )

    assert ceiling["value"] == said
