import pytest

from medcontrol.rules.references import (
    Reference,
    WrongCheckDigit,
    WrongReference,
    check_digit,
    make_reference,
)


def test_a_reference_is_printed_with_its_check_digit_and_read_back():
    text = make_reference("ALD", 2026, 123)

    assert text.startswith("ALD-2026-0000123-")
    assert Reference.parse(f"  {text.lower()} ") == Reference("ALD", 2026, 123)


def test_the_published_example_of_the_check_digit():
    assert check_digit("572") == 4
    assert check_digit("5724") == 0


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        (("A", 2026, 1), "prefix"),
        (("ALDAL", 2026, 1), "prefix"),
        (("ald", 2026, 1), "prefix"),
        (("ÀLD", 2026, 1), "prefix"),
        (("ALD", 26, 1), "year"),
        (("ALD", 2026, 0), "number"),
        (("ALD", 2026, 10_000_000), "number"),
    ],
)
def test_a_part_that_can_not_be_printed_is_named(parts, field):
    with pytest.raises(WrongReference) as refusal:
        make_reference(*parts)

    assert refusal.value.field == field


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ALD",
        "ALD-2026-123-4",
        "ALD-2026-0000123",
        "ALD-2026-0000123-17",
        "ALD-٢٠٢٦-0000123-1",
        "ALD-2026-0000000-1",
    ],
)
def test_another_form_is_no_reference(text):
    with pytest.raises(WrongReference):
        Reference.parse(text)


def test_a_mistyped_digit_is_told_apart_from_another_form():
    good = make_reference("INV", 2026, 4711)
    bad = good.replace("4711", "4712")

    with pytest.raises(WrongCheckDigit):
        Reference.parse(bad)
