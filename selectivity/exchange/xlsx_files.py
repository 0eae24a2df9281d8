"""A rule set as a workbook (classeur XLSX). What comes in is a stranger's file: bounded, no macro.

Nothing in a workbook is run: formulas, macros and links to elsewhere are refused, not ignored.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from medcontrol.errors import InvalidInput
from medcontrol.vocabulary import ControlLevel, ControlMode, Lane
from selectivity.exchange.sheets import (
    MOST_COLUMNS,
    MOST_LINES,
    TEXTS,
    Content,
    Sheet,
    from_sheets,
    to_sheets,
)
from selectivity.faults import Finding, RuleSetFault
from selectivity.registry import FEATURES, Registry
from selectivity.tables import RowKind, RuleSet

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_BYTES = 4 * 1024 * 1024
MOST_UNPACKED = 16 * 1024 * 1024
_MOST_PARTS = 200
_MOST_CELLS = 500_000
_LONGEST = 32_767  # what a cell of a workbook can hold
_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,14}")
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_CHOICES = {"kind": RowKind, "lane": Lane, "level": ControlLevel, "mode": ControlMode}


def to_xlsx(content: Content) -> bytes:
    """Return a rule set as a workbook, one sheet for each part.

    Raises:
        InvalidInput: a text is longer than a cell of a workbook can be.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, sheet in to_sheets(content).items():
        _write(book.create_sheet(name), name, sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write(page: Worksheet, name: str, sheet: Sheet) -> None:
    for number, line in enumerate((sheet.headings, *sheet.lines), 1):
        for at, text in enumerate(line, 1):
            if not text:
                continue
            if len(text) > _LONGEST:
                place = f"{name}!{get_column_letter(at)}{number}"
                raise InvalidInput(f"{place} has more than {_LONGEST} signs: export YAML or CSV")
            cell = page.cell(number, at)
            is_text = sheet.headings[at - 1] in TEXTS[name] or number == 1
            if _NUMBER.fullmatch(text) and not is_text:
                cell.value = int(text)
            else:
                # As a text, whatever it begins with, and so that typing keeps it one.
                cell.value, cell.data_type, cell.number_format = text, "s", "@"
            cell.alignment = Alignment(vertical="top", wrap_text=len(text) > 40)
            cell.font = Font(bold=number == 1)
    page.freeze_panes = "B2"
    for at, heading in enumerate(sheet.headings, 1):
        longest = max((len(line[at - 1]) for line in sheet.lines), default=0)
        page.column_dimensions[get_column_letter(at)].width = min(
            60, max(10, len(heading) + 2, longest + 2)
        )
        if name in ("rows", "floor") and heading in _CHOICES:
            _offer(page, get_column_letter(at), [*_CHOICES[heading]])


def _offer(page: Worksheet, letter: str, words: Sequence[str]) -> None:
    """Let a spreadsheet offer the words that a column takes."""
    choice = DataValidation(type="list", formula1=f'"{",".join(words)}"', allow_blank=True)
    page.add_data_validation(choice)
    choice.add(f"{letter}2:{letter}2000")


def from_xlsx(
    data: bytes, *, source: str = "XLSX", registry: Registry = FEATURES
) -> tuple[Content, RuleSet]:
    """Return the rule set of a workbook.

    Raises:
        RuleSetFault: no workbook, one that could harm, or one with faults; each fault names
            sheet and cell ("sheet rows, cell F7").
    """
    _inspect(data, source)
    try:
        book = load_workbook(io.BytesIO(data), data_only=False, keep_links=False)
        pages = list(book.worksheets)
    except Exception as fault:  # noqa: BLE001 - openpyxl raises whatever a broken part leads to
        raise _refused(source, f"no readable workbook ({type(fault).__name__})") from None
    faults: list[Finding] = []
    sheets = {page.title: _sheet(page, source, faults) for page in pages if _is_used(page)}
    if faults:
        raise RuleSetFault(source, faults)
    return from_sheets(sheets, _place, source=source, registry=registry)


def _inspect(data: bytes, source: str) -> None:
    """Refuse what must not be opened: by size, by kind, by what is inside."""
    if len(data) > MOST_BYTES:
        raise _refused(source, f"the file may have {MOST_BYTES} bytes")
    if data.startswith(_OLD_OFFICE):
        raise _refused(source, "an old or locked workbook: save it as .xlsx, without password")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            members = parts.infolist()
            if len(members) > _MOST_PARTS or sum(m.file_size for m in members) > MOST_UNPACKED:
                raise _refused(source, f"unpacked, it has more than {MOST_UNPACKED} bytes")
            for member in members:
                _inspect_part(member.filename, parts.read(member), source)
    except RuleSetFault:
        raise
    except Exception as fault:  # noqa: BLE001 - zipfile raises whatever a broken part leads to
        raise _refused(source, f"no workbook ({type(fault).__name__})") from None


def _inspect_part(name: str, content: bytes, source: str) -> None:
    lower = name.lower()
    if "vbaproject" in lower or "macrosheet" in lower or lower.endswith(".bin"):
        raise _refused(source, "it holds macros: save it as .xlsx")
    if "externallink" in lower or "/embeddings/" in lower:
        raise _refused(source, "it links to another file")
    if lower.endswith((".xml", ".rels", ".vml")):
        is_utf8 = not content.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00"))
        if not is_utf8 or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
            raise _refused(source, f"{name} is no part that a spreadsheet writes")


def _is_used(page: Worksheet) -> bool:
    return any(cell.value is not None for cell in page._cells.values())  # sparse


def _sheet(page: Worksheet, source: str, faults: list[Finding]) -> Sheet:
    lines, columns = page.max_row, page.max_column
    if lines > MOST_LINES or columns > MOST_COLUMNS or lines * columns > _MOST_CELLS:
        last = f"{get_column_letter(columns)}{lines}"
        raise _refused(source, f"sheet {page.title} reaches to {last}; delete what is not used")
    found = [list(_texts(page, number, columns, faults)) for number in range(1, lines + 1)]
    return Sheet(found[0], found[1:])


def _texts(page: Worksheet, number: int, columns: int, faults: list[Finding]) -> Iterator[str]:
    for at in range(1, columns + 1):
        cell = page._cells.get((number, at))
        try:
            yield "" if cell is None else _text(cell.value, cell.data_type)
        except ValueError as fault:
            faults.append(Finding("bad_cell", str(fault), _place(page.title, number, at - 1)))
            yield ""


def _text(value: Any, data_type: str) -> str:
    """Return what a cell shows, as it is written in YAML."""
    if data_type == "f":
        raise ValueError("a formula; write its value")
    if data_type == "e":
        raise ValueError(f"the spreadsheet's own error {value}")
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if value.is_integer():
            return str(int(value))
        case datetime() if (value.hour, value.minute, value.second) == (0, 0, 0):
            return value.date().isoformat()
        case date() if not isinstance(value, datetime):
            return value.isoformat()
        case str():
            return value.replace("\r\n", "\n").strip()
    raise ValueError(f"{value} is no text, whole number or day")


def _place(sheet: str, number: int, column: int) -> str:
    return f"sheet {sheet}, cell {get_column_letter(column + 1)}{number}"


def _refused(source: str, message: str) -> RuleSetFault:
    return RuleSetFault(source, [Finding("bad_file", message)])
