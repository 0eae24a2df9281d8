"""What a scanner typed (lecteur de codes): a reference, whatever keyboard the computer has.

A scanner sends keys, not letters. On a French keyboard ``ALD-2026`` arrives as ``QLD)éàé-``, on an
Arabic one in Arabic letters. The check digit says which reading is right.
"""

import re
import unicodedata

from medcontrol.rules.references import Reference, WrongReference

LONGEST = 120
_CODE = re.compile(r"([A-Z]{2,4})\W?([0-9]{4})\W?([0-9]{7})\W?([0-9])")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")

# Character that the keyboard writes to that of the key which the scanner meant (US layout).
_FRENCH = str.maketrans("QAWZ?,&É\"'(-È_ÇÀ)°", "AQZWMM1234567890--")
_ARABIC_PAIRS = {"لا": "B", "لإ": "T", "لأ": "G", "لآ": "B"}
_ARABIC_KEYS = {
    "Q": "ض\u064e", "W": "ص\u064b", "E": "ث\u064f", "R": "ق\u064c", "T": "ف", "Y": "غإ",
    "U": "ع‘", "I": "ه÷", "O": "خ×", "P": "ح؛", "A": "ش\u0650", "S": "س\u064d", "D": "ي]",
    "F": "ب[", "G": "ل", "H": "اأ", "J": "تـ", "K": "ن،", "L": "م/", "Z": "ئ~", "X": "ء\u0652",
    "C": "ؤ}", "V": "ر{", "N": "ىآ", "M": "ة’",
}  # fmt: skip
_ARABIC = {ord(letter): key for key, both in _ARABIC_KEYS.items() for letter in both}


def read_code(text: str) -> str | None:
    """Return the reference that was scanned or typed; None when it is none.

    Small letters, missing hyphens and digits of any script are tolerated.

    Examples:
        >>> read_code(" ald-2026-0000123-1")
        'ALD-2026-0000123-1'
        >>> read_code("ALD202600001231")
        'ALD-2026-0000123-1'
        >>> read_code('QLD)éàé-)àààà&é")&')
        'ALD-2026-0000123-1'
        >>> read_code("ALD-2026-0000123-7") is None
        True
    """
    typed = "".join(_digit(each) for each in text[:LONGEST].strip().upper()).translate(_DASHES)
    arabic = typed
    for pair, key in _ARABIC_PAIRS.items():
        arabic = arabic.replace(pair, key)
    readings = (typed, typed.translate(_FRENCH), arabic.translate(_ARABIC))
    return next((found for each in readings if (found := _reference(each)) is not None), None)


def _digit(character: str) -> str:
    """Return a digit of any script as 0 to 9, anything else as it is."""
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)


def _reference(text: str) -> str | None:
    match = _CODE.fullmatch(text)
    if match is None:
        return None
    try:
        return str(Reference.parse("-".join(match.groups())))
    except WrongReference:
        return None
