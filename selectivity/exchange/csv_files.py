"""A rule set as one CSV file: the sheets below each other, each line begun by its sheet."""

import csv
import io

from selectivity.exchange.sheets import (
    MOST_COLUMNS,
    MOST_LINES,
    Content,
    Sheet,
    from_sheets,
    to_sheets,
)
from selectivity.faults import Finding, RuleSetFault
from selectivity.registry import FEATURES, Registry
from selectivity.tables import RuleSet

MOST_BYTES = 4 * 1024 * 1024


def to_csv(content: Content) -> bytes:
    """Return a rule set as CSV: UTF-8 with BOM, commas, CRLF; no cell runs as a formula."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    for name, sheet in to_sheets(content).items():
        writer.writerow([name, *sheet.headings])
        writer.writerows([name, *line] for line in sheet.lines)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def from_csv(
    data: bytes, *, source: str = "CSV", registry: Registry = FEATURES
) -> tuple[Content, RuleSet]:
    """Return the rule set of a CSV file: commas, semicolons or tabs, as spreadsheets save it.

    Raises:
        RuleSetFault: with every fault, each naming sheet, line and column.
    """
    return from_sheets(_sheets(_decoded(data, source), source), _place, source=source,
                       registry=registry)  # fmt: skip


def _decoded(data: bytes, source: str) -> str:
    if len(data) > MOST_BYTES:
        raise _unreadable(source, f"the file may have {MOST_BYTES} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unreadable(source, "no UTF-8: save it as “CSV UTF-8”") from None


def _sheets(text: str, source: str) -> dict[str, Sheet]:
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    heads: dict[str, tuple[list[str], int]] = {}
    lines: dict[str, list[list[str]]] = {}
    numbers: dict[str, list[int]] = {}
    try:
        for record in reader:
            name, *cells = [cell.replace("\r\n", "\n").strip() for cell in record] or [""]
            if not name and not any(cells):
                continue
            if reader.line_num > MOST_LINES or len(cells) > MOST_COLUMNS:
                raise _unreadable(source, f"line {reader.line_num}: too many lines or columns")
            if name not in heads:
                heads[name] = cells, reader.line_num
                lines[name], numbers[name] = [], []
            else:
                missing = len(heads[name][0]) - len(cells)
                lines[name].append(cells + [""] * missing)
                numbers[name].append(reader.line_num)
    except csv.Error as fault:
        raise _unreadable(source, f"line {reader.line_num}: {fault}") from None
    return {
        name: Sheet(headings, lines[name], numbers[name], head)
        for name, (headings, head) in heads.items()
    }


def _place(sheet: str, number: int, column: int) -> str:
    """Name a cell; the column of the sheet's name is the first one."""
    return f"sheet {sheet}, line {number}, column {column + 2}"


def _unreadable(source: str, message: str) -> RuleSetFault:
    return RuleSetFault(source, [Finding("bad_file", message)])
