"""Lists on paper (listes imprimées): a table as PDF, in either direction of writing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import orjson
import typst

from medcontrol.errors import InvalidInput

TEMPLATE = Path(__file__).parent / "printed_list.typ"
FONTS = {"fr": "Libertinus Serif", "ar": "Noto Naskh Arabic", "en": "Libertinus Serif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedList:
    """A list in the reader's language: all text that paper shows.

    Attributes:
        widths: shares of the columns, 0 for as much as is needed.
        codes: numbers of the columns that are read from left to right in every language.
        empty: said instead of rows when there are none.
    """

    fund: str
    title: str
    subtitle: str
    heads: tuple[str, ...]
    widths: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]
    codes: tuple[int, ...] = ()
    empty: str = ""
    footer: str = ""


def as_pdf(made: PrintedList, language: str, fonts: Sequence[Path]) -> bytes:
    """Return a list as PDF.

    Raises:
        InvalidInput: the font of the language is in none of the folders.
    """
    data = asdict(made) | {"font": FONTS[language], "language": language}
    found: bytes | list[bytes] = typst.compile(
        input=str(TEMPLATE), root=str(TEMPLATE.parent), format="pdf", pdf_tags=True,
        font_paths=_fonts(tuple(fonts), FONTS[language]), timestamp=0,
        sys_inputs={"data": orjson.dumps(data).decode()},
    )  # fmt: skip
    return found[0] if isinstance(found, list) else found


@lru_cache(maxsize=4)
def _fonts(folders: tuple[Path, ...], family: str) -> typst.Fonts:
    found = typst.Fonts(include_system_fonts=False, font_paths=[str(each) for each in folders])
    if family not in found.families():
        raise InvalidInput(f"no font {family!r}", field="fonts")
    return found
