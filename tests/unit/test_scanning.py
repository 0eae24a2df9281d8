"""A scanner's keys are read as the reference that was printed, whatever the keyboard."""

import pytest

from medcontrol.rules.references import make_reference
from medcontrol.rules.scanning import _ARABIC_KEYS, read_code

REFERENCES = [make_reference(prefix, 2026, 1234567 + n) for n, prefix in enumerate(
    ("ALD", "IJM", "BRD", "LOT", "PI", "QWAZ", "HOSP", "EXP", "MK"))]  # fmt: skip
AZERTY = str.maketrans("AQZWM1234567890-", "QAWZ?&é\"'(-è_çà)")


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_reference_is_read_from_every_keyboard(reference: str) -> None:
    arabic = "".join(_ARABIC_KEYS.get(each, each)[0] for each in reference)
    arabic = arabic.replace("B", "لا")
    shifted = "".join(_ARABIC_KEYS.get(each, each)[-1] for each in reference)
    eastern = reference.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))

    typed = (
        reference, reference.lower(), f" {reference}\r\n", reference.replace("-", ""),
        reference.replace("-", "–"), reference.translate(AZERTY), arabic, eastern,
    )  # fmt: skip

    assert {read_code(each) for each in typed} == {reference}
    if "B" not in reference and "T" not in reference:
        assert read_code(shifted) == reference


@pytest.mark.parametrize(
    "text", ["", "hello", "3017620422003", "ALD-2026-0000123-2", "ALD-2026-123", "\x00", "é" * 500]
)
def test_anything_else_is_no_reference(text: str) -> None:
    assert read_code(text) is None
