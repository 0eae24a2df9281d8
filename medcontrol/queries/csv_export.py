"""Tables as CSV for a spreadsheet, the list of control files among them (export)."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from itertools import chain
from typing import Any

from medcontrol.queries.files import FileRow

CSV = "text/csv; charset=utf-8"
# A spreadsheet runs a cell that begins like this as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = tuple(each.name for each in fields(FileRow) if each.name not in ("doctor_id", "version"))


def as_csv(rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as CSV: UTF-8 with BOM, commas, CRLF; nothing for None, no text as a formula."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(map(_plain, rows))
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _plain(row: Sequence[object]) -> list[object]:
    return [safe_cell(cell) if isinstance(cell, str) else cell for cell in row]


def to_csv(rows: Iterable[FileRow], headings: Mapping[str, str] | None = None) -> bytes:
    """Return files as CSV with a line of headings, as ``as_csv`` writes it.

    Args:
        rows: the files.
        headings: title by column name, where other than the name itself.

    Money is a decimal with a point, days and instants are ISO 8601.
    """
    titles = headings or {}
    heads = [titles.get(name, name) for name in map(_heading, COLUMNS)]
    lines = ([_cell(name, getattr(row, name)) for name in COLUMNS] for row in rows)
    return as_csv(chain((heads,), lines))


def _heading(name: str) -> str:
    return "amount" if name == "amount_cents" else name


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "amount_cents":
        return f"{Decimal(value) / 100:.2f}"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value)


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
