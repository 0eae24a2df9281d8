"""Reports on paper (rapports imprimés): facts and tables under headings, as PDF."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from medcontrol.typesetting import typeset

TEMPLATE = Path(__file__).parent / "report.typ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a report, in the reader's language.

    Attributes:
        facts: pairs of a name and what it is.
        heads, rows: a table; none without heads.
        widths: shares of its columns, 0 for as much as is needed.
        codes: numbers of the columns that are read from left to right in every language.
        note: said below.
    """

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    heads: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    codes: tuple[int, ...] = ()
    note: str = ""


def report_pdf(
    title: str,
    sections: Sequence[Section],
    *,
    fund: str,
    footer: str,
    language: str,
    fonts: Sequence[Path],
) -> bytes:
    """Return a report as PDF; ``footer`` stands on each page.

    Raises:
        InvalidInput: as ``medcontrol.typesetting``.
    """
    data = {
        "fund": fund, "title": title, "footer": footer, "language": language,
        "sections": [asdict(each) for each in sections],
    }  # fmt: skip
    return typeset(TEMPLATE, TEMPLATE.parent, data, language, fonts)[0]
