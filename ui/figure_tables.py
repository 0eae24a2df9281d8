"""Figures as a file: one long table, each value with its unit and its definition."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from medcontrol.queries.csv_export import CSV, as_csv, safe_cell
from ui.i18n import N_, is_right_to_left, translations

#: Media type by form.
TYPES: Mapping[str, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": CSV,
    "parquet": "application/vnd.apache.parquet",
}
_HEADS = (N_("Figure"), N_("Value"), N_("Unit"), N_("Definition"))
_NAMES = ("figure", "value", "unit", "definition")
_WIDTHS = (34, 12, 16)
_DEFINITION_WIDTHS = (30, 16, 110)

#: The keys of a line, then title, value, unit and definition of its figure.
Row = tuple[str | float, ...]
#: Title, unit and definition of figures by code.
Figures = Mapping[str, tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Layout:
    """What the lines of a table are about.

    Attributes:
        heads: message ids of the columns before the figure.
        names: what programs call them.
        widths: in characters, for a sheet.
        figures: every figure that a line may hold, for the sheet of definitions.
    """

    heads: tuple[str, ...]
    names: tuple[str, ...]
    widths: tuple[int, ...]
    figures: Figures

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns, for programs."""
        return (*self.names, *_NAMES)

    def row(
        self, keys: Sequence[str], code: str, value: float, language: str, title: str = ""
    ) -> Row:
        """Return the line of a figure; ``title`` where it says more than the figure's own."""
        say = sayer(language)
        own, unit, definition = self.figures[code]
        return (*keys, title or say(own), value, say(unit), say(definition))


def sayer(language: str) -> Callable[[str], str]:
    """Return what says a message id in a language."""
    return translations(language).gettext


def as_file(form: str, rows: Sequence[Row], layout: Layout, language: str) -> bytes:
    """Return lines as one of ``TYPES``; headings, units and definitions in a language."""
    if form == "parquet":
        return _parquet(rows, layout)
    say = sayer(language)
    heads = [say(head) for head in (*layout.heads, *_HEADS)]
    if form == "csv":
        return as_csv([heads, *rows])
    return _xlsx(rows, heads, layout, language)


def _parquet(rows: Sequence[Row], layout: Layout) -> bytes:
    names = layout.columns
    schema = pa.schema([(name, pa.float64() if name == "value" else pa.string())
                        for name in names])  # fmt: skip
    columns = list(zip(*rows, strict=True)) or [() for _ in names]
    arrays = [pa.array(list(column), type=part.type)
              for column, part in zip(columns, schema, strict=True)]  # fmt: skip
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), buffer)
    return buffer.getvalue()


def _xlsx(rows: Sequence[Row], heads: Sequence[str], layout: Layout, language: str) -> bytes:
    """Return a book: the figures, and a sheet with what each means."""
    say, book = sayer(language), Workbook(write_only=False)
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new book has one
    sheet.title = say(N_("Figures"))
    sheet.append(list(heads[:-1]))
    for row in rows:
        sheet.append([safe_cell(part) if isinstance(part, str) else part for part in row[:-1]])
    sheet.auto_filter.ref = sheet.dimensions
    other = book.create_sheet(say(N_("Definitions")))
    other.append([say(head) for head in (_HEADS[0], _HEADS[2], _HEADS[3])])
    for title, unit, definition in layout.figures.values():
        other.append([say(title), say(unit), say(definition)])
    for each, widths in ((sheet, (*layout.widths, *_WIDTHS)), (other, _DEFINITION_WIDTHS)):
        _dress(each, widths, is_mirrored=is_right_to_left(language))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _dress(sheet: Worksheet, widths: Sequence[int], *, is_mirrored: bool) -> None:
    """Set the heading apart, and columns as wide as what they hold."""
    sheet.sheet_view.rightToLeft = is_mirrored
    sheet.freeze_panes = "A2"
    for cell, width in zip(sheet[1], widths, strict=True):
        cell.font = Font(bold=True)
        sheet.column_dimensions[cell.column_letter].width = width
