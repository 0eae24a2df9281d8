"""Control files as CSV for a spreadsheet (export)."""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any

from medcontrol.queries.files import FileRow

# A spreadsheet runs a cell that begins like this as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = tuple(each.name for each in fields(FileRow) if each.name not in ("doctor_id", "version"))


def to_csv(rows: Iterable[FileRow], headings: Mapping[str, str] | None = None) -> bytes:
    """Return files as CSV: UTF-8 with BOM, commas, CRLF, a line of headings.

    Args:
        rows: the files.
        headings: title by column name, where other than the name itself.

    Money is a decimal with a point, days and instants are ISO 8601.
    """
    titles = headings or {}
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([titles.get(name, name) for name in map(_heading, COLUMNS)])
    for row in rows:
        writer.writerow([_cell(name, getattr(row, name)) for name in COLUMNS])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _heading(name: str) -> str:
    return "amount" if name == "amount_cents" else name


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "amount_cents":
        return f"{Decimal(value) / 100:.2f}"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return safe_cell(str(value))


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
