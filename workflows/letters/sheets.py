"""Sheets of the desk as PDF (feuilles): slips, covers of physical files, lists of print batches.

Data reach the templates as JSON, never as markup. No sheet names an illness or a kind of file.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from workflows.letters.qr import qr_svg
from workflows.letters.rendering import typeset

TEMPLATES = Path(__file__).parent / "sheet_templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipFile:
    """A physical file on a slip."""

    reference: str
    registration: str
    received_on: date
    pages: int | None
    has_envelope: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipSheet:
    """A slip; ``from_name`` and ``to_name`` are the units'."""

    number: str
    from_name: str
    to_name: str
    sealed_on: date
    files: Sequence[SlipFile]

    def data(self) -> dict[str, Any]:
        """Return what the template prints."""
        return {
            "number": self.number,
            "from": self.from_name,
            "to": self.to_name,
            "sealed_on": self.sealed_on,
            "files": [asdict(each) for each in self.files],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverSheet:
    """The first sheet of a physical file, which is scanned wherever it goes."""

    number: str
    person: str
    registration: str
    agency: str
    received_on: date
    pages: int | None
    has_envelope: bool

    def data(self) -> dict[str, Any]:
        """Return what the template prints."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLetter:
    """A letter of a batch; ``pages`` as printed."""

    reference: str
    addressee: str
    language: str
    pages: int
    is_registered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchSheet:
    """The list on top of a batch of letters."""

    number: str
    unit: str
    printed_on: date
    letters: Sequence[BatchLetter]

    def data(self) -> dict[str, Any]:
        """Return what the template prints."""
        return {
            "number": self.number,
            "unit": self.unit,
            "printed_on": self.printed_on,
            "letters": [asdict(each) for each in self.letters],
        }


_TEMPLATE = {SlipSheet: "slip", CoverSheet: "cover", BatchSheet: "batch"}


def print_sheet(
    sheet: SlipSheet | CoverSheet | BatchSheet, *, fund: str, language: str, fonts: Sequence[Path]
) -> bytes:
    """Return a sheet as PDF, its number as a QR code on it; the same sheet is the same bytes.

    Args:
        sheet: what it says.
        fund: name of the fund.
        language: ``fr``, ``ar`` or ``en``.
        fonts: folders with the fonts.
    """
    data = sheet.data() | {"fund": fund, "language": language, "qr": qr_svg(sheet.number)}
    template = TEMPLATES / f"{_TEMPLATE[type(sheet)]}.typ"
    return typeset(template, TEMPLATES, data, language, tuple(fonts))[0]
