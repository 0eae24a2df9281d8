"""CSV files that are handed in: every fault names its line and column (imports)."""

import csv
import io
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import Any, TypeVar

from medcontrol.errors import InvalidInput
from medcontrol.services.code_uses import Codes

MAX_BYTES = 512 * 1024 * 1024
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_HOUR = re.compile(r"[0-2]\d:[0-5]\d", re.ASCII)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:-]{0,63}")

T = TypeVar("T")
Read = Callable[[str], object]


class UnreadableTable(InvalidInput):
    """The file is no table with the columns that are needed."""

    code = "import.unreadable_table"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one cell, or with a whole line when ``column`` is empty."""

    line: int
    column: str
    problem: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column: how a cell is read, and whether it must be there and filled."""

    name: str
    read: Read
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """A row without fault: its line in the file, and a value or None for each column."""

    line: int
    values: Mapping[str, Any]


@dataclass(slots=True)
class Report:
    """What came of one file. ``is_saved`` is false when a fault kept all of it out.

    ``touched``: the codes of the rows that were added or changed, each combination once.
    """

    what: str
    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    is_saved: bool = True
    faults: list[Fault] = field(default_factory=list)
    touched: set[Codes] = field(default_factory=set)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values."""
        counts = {name: getattr(self, name) for name in ("read", "added", "changed", "unchanged")}
        faults = [
            {"line": each.line, "column": each.column, "problem": each.problem}
            for each in self.faults
        ]
        return {"what": self.what, **counts, "saved": self.is_saved, "faults": faults}

    def refuses(self, partial: bool) -> bool:
        """Return whether faults keep the whole file out, and note it."""
        self.faults.sort(key=lambda fault: (fault.line, fault.column))
        self.is_saved = partial or not self.faults
        return not self.is_saved


def read_table(content: bytes, columns: Sequence[Column], report: Report) -> list[Row]:
    """Return the rows that can be read; what can't goes into the report.

    Columns may stand in any order, separated by commas or semicolons. UTF-8, with or without a
    BOM; blank lines are skipped.

    Raises:
        UnreadableTable: no UTF-8, no heading, a column is missing, unknown or given twice.
    """
    if len(content) > MAX_BYTES:
        raise UnreadableTable(f"the file is larger than {MAX_BYTES} bytes")
    text = _decoded(content)
    heading = text.partition("\n")[0]
    delimiter = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        names = _heading(next(reader, []), columns)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                report.read += 1
                rows += _read_row(reader.line_num, cells, names, columns, report)
    except csv.Error as error:
        raise UnreadableTable(f"line {reader.line_num}: {error}") from None
    return rows


def _decoded(content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UnreadableTable(f"line {line} is not UTF-8: save the file as UTF-8") from None
    if "\0" in text:
        raise UnreadableTable("the file holds a NUL character")
    return text


def _heading(cells: Sequence[str], columns: Sequence[Column]) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    known = [column.name for column in columns]
    missing = [c.name for c in columns if c.is_required and c.name not in names]
    unknown = [name for name in names if name not in known]
    twice = sorted({name for name in names if names.count(name) > 1})
    for words, wrong in (("lacks", missing), ("has unknown", unknown), ("repeats", twice)):
        if wrong:
            raise UnreadableTable(
                f"the first line {words}: {', '.join(wrong)}; columns are {', '.join(known)}"
            )
    return names


def _read_row(
    line: int,
    cells: Sequence[str],
    names: Sequence[str],
    columns: Sequence[Column],
    report: Report,
) -> list[Row]:
    if len(cells) == len(names):
        return read_cells(line, dict(zip(names, cells, strict=True)), columns, report)
    report.faults.append(Fault(line, "", f"{len(names)} cells are needed, not {len(cells)}"))
    return []


def read_cells(
    line: int, given: Mapping[str, str], columns: Sequence[Column], report: Report
) -> list[Row]:
    """Return one row, or none when a cell is wrong; what is wrong goes into the report."""
    values: dict[str, Any] = {}
    faults = []
    for column in columns:
        cell = given.get(column.name, "").strip()
        try:
            if column.is_required and not cell:
                raise ValueError("must not be empty")
            values[column.name] = column.read(cell) if cell else None
        except ValueError as error:
            faults.append(Fault(line, column.name, str(error)))
    report.faults += faults
    return [] if faults else [Row(line, values)]


def keep_first(rows: Sequence[Row], key: Sequence[str], report: Report) -> list[Row]:
    """Return the rows whose key was not given on an earlier line; the others are faults."""
    first: dict[tuple[Any, ...], int] = {}
    kept = []
    for row in rows:
        identity = tuple(row.values[name] for name in key)
        if identity in first:
            problem = f"the same {', '.join(key)} stand on line {first[identity]}"
            report.faults.append(Fault(row.line, key[0], problem))
        else:
            first[identity] = row.line
            kept.append(row)
    return kept


def text(longest: int = 200) -> Read:
    """Return a reader of words for people."""

    def read(cell: str) -> str:
        if len(cell) > longest or not cell.isprintable():
            raise ValueError(f"is longer than {longest} characters or holds a control character")
        return cell

    return read


def code(cell: str) -> str:
    """Read a code: 1 to 64 letters without accent, digits, or ``. _ / : -``."""
    if not _CODE.fullmatch(cell):
        raise ValueError(f"{cell[:80]!r} is no code of 1 to 64 letters, digits or . _ / : -")
    return cell


def hour(cell: str) -> time:
    """Read a local hour written as 08:30."""
    try:
        if not _HOUR.fullmatch(cell):
            raise ValueError
        return time.fromisoformat(cell)
    except ValueError:
        raise ValueError(f"{cell[:80]!r} is no hour such as 08:30") from None


def day(cell: str) -> date:
    """Read a civil day written as 2026-11-20."""
    try:
        if not _DAY.fullmatch(cell):
            raise ValueError
        return date.fromisoformat(cell)
    except ValueError:
        raise ValueError(f"{cell[:80]!r} is no day such as 2026-11-20") from None


def flag(cell: str) -> bool:
    """Read ``yes`` or ``no``."""
    found = {"yes": True, "no": False}.get(cell.lower())
    if found is None:
        raise ValueError(f"{cell[:80]!r} is neither yes nor no")
    return found


def whole(lowest: int, highest: int) -> Read:
    """Return a reader of whole numbers between two, both included."""

    def read(cell: str) -> int:
        if not (cell.isascii() and cell.isdecimal() and len(cell) < 10):
            raise ValueError(f"{cell[:80]!r} is no whole number")
        if not lowest <= int(cell) <= highest:
            raise ValueError(f"{cell} is not between {lowest} and {highest}")
        return int(cell)

    return read


def one_of(allowed: Collection[T], *, named: Callable[[T], str] = str) -> Read:
    """Return a reader of the words of a closed list."""
    by_name = {named(item): item for item in allowed}

    def read(cell: str) -> object:
        if cell not in by_name:
            known = ", ".join(sorted(by_name)) if len(by_name) <= 20 else f"{len(by_name)} known"
            raise ValueError(f"{cell[:80]!r} is none of {known}")
        return by_name[cell]

    return read


def word_of(enum: type[StrEnum]) -> Read:
    """Return a reader of the values of one of our closed lists."""
    return one_of(list(enum), named=lambda member: member.value)
