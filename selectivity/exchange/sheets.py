"""A rule set as five sheets of cells (feuilles), and back, with the place of every fault.

``set`` has a member a line, ``rows`` a rule, ``floor`` a stratum, ``lists`` a word of a list, and
``examples`` an example. A blank cell is a member that is not there, so nothing is filled in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from selectivity.exchange.notation import (
    BadNotation,
    read_text,
    read_value,
    write_text,
    write_value,
)
from selectivity.faults import Finding, RuleSetFault
from selectivity.reading import read_data
from selectivity.registry import FEATURES, Registry
from selectivity.tables import RuleSet

Content = dict[str, Any]
"""A rule set as plain data, as its YAML has it; what its SHA-256 is made of."""

SHEETS = ("set", "rows", "floor", "lists", "examples")
MOST_LINES, MOST_COLUMNS = 20_000, 300

_THEN = ("kind", "lane", "level", "mode", "rate", "daily_quota")
_ROW_HEAD = ("id", *_THEN)
_ROW_TAIL = (
    "reason.msgid", "reason.fr", "reason.ar", "reason.en", "rationale", "owner", "expires_on",
)  # fmt: skip
RESERVED = frozenset({*_ROW_HEAD, *_ROW_TAIL})
"""Headings of the sheet of rows that no feature may be called."""

TEXTS: Mapping[str, frozenset[str]] = {
    "set": frozenset({"member"}),
    "rows": frozenset({"id", *_ROW_TAIL}),
    "floor": frozenset({"id"}),
    "lists": frozenset({"list", "code"}),
    "examples": frozenset({"row", "side"}),
}
"""Headings whose cells are texts; all others hold values."""

_FLOOR_HEAD = ("id", "rate", "lane", "level")
_SET_TEXTS = frozenset({"code", "valid_from"})

Cells = dict[str, str]
"""One line by heading; blank cells are left out."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of texts.

    Attributes:
        headings: of the columns, in order.
        lines: the cells of each line, "" for a blank one, each as long as the headings.
        numbers: where each line stands in its file; counted from the headings when empty.
        head: where the headings stand.
    """

    headings: Sequence[str]
    lines: Sequence[Sequence[str]]
    numbers: Sequence[int] = ()
    head: int = 1

    def number_of(self, line: int) -> int:
        """Return the number under which a person finds a line."""
        return self.numbers[line] if self.numbers else line + 2


Place = Callable[[str, int, int], str]
"""Names a cell by sheet, line number and column from 0, as the program shows it that made it."""


def to_sheets(content: Content) -> dict[str, Sheet]:
    """Return the sheets of a rule set that could be read."""
    lists = content.get("lists")
    members = {name: content[name] for name in ("code", "version", "valid_from")}
    if "lists" in content and not lists:
        members["lists"] = lists
    found = {
        "set": _sheet(("member", "value"), _member_lines(members)),
        "rows": _sheet((*_ROW_HEAD, *_ROW_TAIL), map(_row_cells, content["rows"])),
        "floor": _sheet(_FLOOR_HEAD, map(_floor_cells, content["floor"])),
    }
    if lists:
        found["lists"] = _sheet(("list", "code"), _list_lines(lists))
    found["examples"] = _sheet(("row", "side"), _example_lines(content["rows"]))
    return found


def from_sheets(
    sheets: Mapping[str, Sheet], place: Place, *, source: str, registry: Registry = FEATURES
) -> tuple[Content, RuleSet]:
    """Return what sheets hold, as data and checked by the readers of YAML.

    Raises:
        RuleSetFault: with every fault, each naming sheet, line and column.
    """
    reading = _Reading(place)
    content = reading.content(sheets)
    if reading.faults:
        raise RuleSetFault(source, reading.faults)
    try:
        return content, read_data(content, source=source, registry=registry)
    except RuleSetFault as fault:
        raise RuleSetFault(source, [reading.placed(each) for each in fault.findings]) from None


def _sheet(head: Sequence[str], lines: Iterable[Cells]) -> Sheet:
    """Return lines as a table: the given headings first, then the others as they come."""
    kept = list(lines)
    others = dict.fromkeys(name for cells in kept for name in cells if name not in head)
    headings = (*head, *others)
    return Sheet(headings, [[cells.get(name, "") for name in headings] for cells in kept])


def _member_lines(members: Mapping[str, Any]) -> Iterator[Cells]:
    for name, value in members.items():
        shown = write_text(value) if name in _SET_TEXTS else write_value(value)
        yield {"member": name, "value": shown}


def _row_cells(row: Mapping[str, Any]) -> Cells:
    cells = {"id": write_text(row["id"])}
    cells |= {name: write_value(value) for name, value in row["then"].items()}
    cells |= {f"reason.{name}": write_text(text) for name, text in row["reason"].items()}
    cells |= {name: write_text(row[name]) for name in ("rationale", "owner", "expires_on")}
    return cells | {name: write_value(cell) for name, cell in row["when"].items()}


def _floor_cells(stratum: Mapping[str, Any]) -> Cells:
    cells = {"id": write_text(stratum["id"])}
    cells |= {name: write_value(value) for name, value in stratum["then"].items()}
    return cells | {name: write_value(cell) for name, cell in stratum["when"].items()}


def _list_lines(lists: Mapping[str, Sequence[str]]) -> Iterator[Cells]:
    for name, codes in lists.items():
        for code in codes:
            yield {"list": write_text(name), "code": write_text(code)}
        if not codes:
            yield {"list": write_text(name)}


def _example_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[Cells]:
    for row in rows:
        for side, examples in row["examples"].items():
            for example in examples:
                values = {_as_heading(name): write_value(v) for name, v in example.items()}
                yield {"row": write_text(row["id"]), "side": side, **values}


def _as_heading(name: str) -> str:
    """Return a feature as a heading; in marks where it is no word, or one that leads a line."""
    return f'"{name}"' if name in ("row", "side") else write_value(name)


@dataclass(slots=True)
class _Reading:
    """One pass over the sheets; notes faults with their place and goes on."""

    place: Place
    faults: list[Finding] = field(default_factory=list)
    _where: dict[tuple[str, str], str] = field(default_factory=dict)

    def content(self, sheets: Mapping[str, Sheet]) -> Content:
        for name in sheets:
            if name not in SHEETS:
                allowed = ", ".join(SHEETS)
                self._note("unknown_sheet", f"there is no sheet {name!r} in a rule set: {allowed}")
        for name in ("set", "rows", "floor", "examples"):
            if name not in sheets:
                self._note("no_sheet", f"the sheet {name!r} is missing")
        content = self._members(sheets)
        if "lists" in sheets:
            content["lists"] = self._lists(sheets)
        content["rows"] = self._table("rows", sheets, "row", self._row)
        content["floor"] = self._table("floor", sheets, "stratum", self._stratum)
        self._examples(sheets, content["rows"])
        return content

    def placed(self, finding: Finding) -> Finding:
        """Return a finding of the readers with the cell that it is about."""
        column = finding.column
        keys = [column, f"{column}.fr", column.rpartition(".")[0], "id", ""]
        for key in keys:
            where = self._where.get((finding.row, key))
            if where is not None:
                row = f"{where} ({finding.row})" if finding.row else where
                return Finding(finding.code, finding.message, row, column, finding.severity)
        return finding

    def _note(self, code: str, message: str, where: str = "", column: str = "") -> None:
        self.faults.append(Finding(code, message, where, column))

    def _lines(self, name: str, sheets: Mapping[str, Sheet]) -> Iterator[tuple[int, Cells]]:
        """Yield the lines that are not blank with their numbers; notes cells without heading."""
        sheet = sheets.get(name)
        if sheet is None:
            return
        columns = self._columns(name, sheet)
        for index, line in enumerate(sheet.lines):
            number = sheet.number_of(index)
            for at, cell in enumerate(line):
                if cell and at not in columns:
                    where = self.place(name, number, at)
                    self._note("no_heading", "the column has no heading", where)
            cells = {heading: line[at] for at, heading in columns.items() if line[at]}
            if cells:
                yield number, cells

    def _columns(self, name: str, sheet: Sheet) -> dict[int, str]:
        columns: dict[int, str] = {}
        for at, heading in enumerate(sheet.headings):
            if not heading:
                continue
            if heading in columns.values():
                where = self.place(name, sheet.head, at)
                self._note("heading_twice", f"the heading {heading!r} stands twice", where)
            columns[at] = heading
        return columns

    def _at(self, sheets: Mapping[str, Sheet], name: str, number: int, heading: str) -> str:
        headings = list(sheets[name].headings)
        return self.place(name, number, headings.index(heading) if heading in headings else 0)

    def _read(self, text: str, heading: str, where: str, *, is_text: bool) -> Any:
        try:
            return read_text(text) if is_text else read_value(text)
        except BadNotation as fault:
            self._note("bad_cell", str(fault), where, heading)
            return None

    def _values(
        self, sheets: Mapping[str, Sheet], name: str, number: int, cells: Cells
    ) -> dict[str, Any]:
        return {
            heading: self._read(
                text,
                heading,
                self._at(sheets, name, number, heading),
                is_text=heading in TEXTS[name],
            )
            for heading, text in cells.items()
        }

    def _members(self, sheets: Mapping[str, Sheet]) -> Content:
        content: Content = {}
        for number, cells in self._lines("set", sheets):
            name = cells.get("member", "")
            where = self._at(sheets, "set", number, "value")
            if name in content:
                self._note("member_twice", f"{name!r} stands twice", where)
            if name in ("rows", "floor"):
                self._note("unknown_member", f"{name!r} is a sheet of its own", where)
            is_text = name in _SET_TEXTS
            content[name] = self._read(cells.get("value", ""), name, where, is_text=is_text)
            self._where["", name] = where
        return content

    def _lists(self, sheets: Mapping[str, Sheet]) -> dict[str, list[Any]]:
        lists: dict[str, list[Any]] = {}
        for number, cells in self._lines("lists", sheets):
            values = self._values(sheets, "lists", number, cells)
            where = self._at(sheets, "lists", number, "list")
            for heading in sorted(set(values) - {"list", "code"}):
                self._note("unknown_member", f"no such column: {heading}", where)
            name = values.get("list")
            if not isinstance(name, str):
                self._note("bad_list", "write the name of the list, name@1", where)
                continue
            self._where.setdefault(("", f"lists.{name}"), where)
            codes = lists.setdefault(name, [])
            if "code" in values:
                codes.append(values["code"])
        return lists

    def _table(
        self,
        name: str,
        sheets: Mapping[str, Sheet],
        what: str,
        build: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> list[dict[str, Any]]:
        found = []
        for number, cells in self._lines(name, sheets):
            values = self._values(sheets, name, number, cells)
            # Faults name a row by its id, or by its place where it has none.
            row = values.get("id")
            found.append(build(values))
            key = row if isinstance(row, str) and row else f"{what} {len(found)}"
            for heading in (*sheets[name].headings, ""):
                self._where[key, heading] = self._at(sheets, name, number, heading)
        return found

    def _row(self, values: dict[str, Any]) -> dict[str, Any]:
        plain = ("id", "rationale", "owner", "expires_on")
        row: dict[str, Any] = {name: values.pop(name) for name in plain if name in values}
        row["then"] = {name: values.pop(name) for name in _THEN if name in values}
        reason = [name for name in values if name.startswith("reason.")]
        row["reason"] = {name.removeprefix("reason."): values.pop(name) for name in reason}
        return {**row, "when": values, "examples": {}}

    def _stratum(self, values: dict[str, Any]) -> dict[str, Any]:
        stratum: dict[str, Any] = {"id": values.pop("id")} if "id" in values else {}
        then = {name: values.pop(name) for name in _FLOOR_HEAD if name in values}
        return {**stratum, "then": then, "when": values}

    def _examples(self, sheets: Mapping[str, Sheet], rows: list[dict[str, Any]]) -> None:
        by_id = {row["id"]: row for row in rows if isinstance(row.get("id"), str)}
        for number, cells in self._lines("examples", sheets):
            values = self._values(sheets, "examples", number, cells)
            where = self._at(sheets, "examples", number, "row")
            row, side = values.pop("row", None), values.pop("side", None)
            if row not in by_id or not isinstance(side, str):
                self._note("bad_example", "name a row of the sheet rows, and its side", where)
                continue
            sides = by_id[row]["examples"].setdefault(side, [])
            sides.append({_heading_name(name): value for name, value in values.items()})
            self._where.setdefault((row, side), where)
            self._where[row, f"examples.{side}.{len(sides)}"] = where


def _heading_name(heading: str) -> str:
    """Return the feature that a heading of the examples names."""
    try:
        return str(read_text(heading))
    except BadNotation:
        return heading
