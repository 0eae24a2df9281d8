"""Lists on paper (listes imprimées): a table as PDF, in either direction of writing."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from workflows.letters.rendering import typeset

TEMPLATE = Path(__file__).parent / "printed_list.typ"


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
        InvalidInput: as ``rendering.typeset``.
    """
    data = asdict(made) | {"language": language}
    return typeset(TEMPLATE, TEMPLATE.parent, data, language, tuple(fonts))[0]
