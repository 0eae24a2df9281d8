"""Names of people, made comparable for search and masked for lists."""

import re
import unicodedata

# What decomposition does not reach: ligatures, letters with strokes, and the Arabic letters
# that are written in several ways.
_FOLDED = str.maketrans(
    {
        "Œ": "OE",
        "Æ": "AE",
        "Ø": "O",
        "Ł": "L",
        "Đ": "D",
        "ı": "I",
        "ـ": "",  # tatweel
        "ٱ": "ا",  # alef wasla
        "ى": "ي",  # alef maqsura
        "ی": "ي",  # Farsi yeh
        "ک": "ك",  # Farsi kaf
        "ة": "ه",  # ta marbuta
        "ء": "",  # hamza alone
    }
)
_SEPARATORS = re.compile(r"[\W_]+")
MASK = "•••"


def normalise_name(text: str) -> str:
    """Return a name as it is searched: capitals, no accents, single spaces.

    Arabic loses vowel signs (tashkeel) and tatweel; the forms of alef, ya and ta marbuta are
    unified. Hyphens, apostrophes and other marks become spaces. Applying it twice changes
    nothing.

    Examples:
        >>> normalise_name("  El-Fassi,  Zoé ")
        'EL FASSI ZOE'
        >>> normalise_name("أَحْمَد") == normalise_name("احمد")
        True
    """
    if text.isascii():
        return _SEPARATORS.sub(" ", text).strip().upper()
    decomposed = unicodedata.normalize("NFKD", text.upper())
    letters = "".join(c for c in decomposed if not unicodedata.combining(c) and not _is_sign(c))
    folded = _digits(letters.upper().translate(_FOLDED))
    return _SEPARATORS.sub(" ", folded).strip()


def search_name(*parts: str | None) -> str:
    """Return several names as one searchable text, each word once, in order."""
    words = " ".join(normalise_name(part) for part in parts if part).split()
    return " ".join(dict.fromkeys(words))


def mask_name(text: str) -> str:
    """Return initials for lists seen by people who need no names; hides the length too.

    Examples:
        >>> mask_name("Fatima Zahra El-Alami")
        'F••• Z••• E•••'
    """
    return " ".join(f"{word[0]}{MASK}" for word in text.split())


def mask_number(text: str, shown: int = 3) -> str:
    """Return an identifier with only its last characters; all hidden when it is too short.

    Examples:
        >>> mask_number("999098419")
        '•••419'
    """
    return f"{MASK}{text[-shown:]}" if shown > 0 and len(text) >= 2 * shown else MASK


def _is_sign(character: str) -> bool:
    """Return whether a character is invisible or a vowel sign that has no combining class."""
    return unicodedata.category(character) in ("Mn", "Cf")


def _digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
