"""Exports of steering: every figure with its unit and its definition."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook
from openpyxl.styles import Font

from medcontrol.queries.csv_export import CSV, as_csv, safe_cell
from medcontrol.queries.steering import Steering
from medcontrol.steering_counts import COUNTS, Cell, Figures
from medcontrol.vocabulary import ControlLevel, DecisionOutcome
from ui.codes import word_for
from ui.i18n import N_, translations
from ui.labels import label_of
from ui.quality_words import FIGURES

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": CSV,
    "parquet": "application/vnd.apache.parquet",
}
_HEADS = (
    N_("Month"), N_("Level"), N_("Flow"), N_("Region"), N_("Figure"), N_("Value"), N_("Unit"),
    N_("Definition"),
)  # fmt: skip
#: Names of the columns for programs.
COLUMNS = ("month", "level", "flow", "region", "figure", "value", "unit", "definition")
Row = tuple[str, str, str, str, str, float, str, str]


@dataclass(frozen=True, slots=True)
class Words:
    """The language of an export, and the names of regions by code."""

    language: str
    regions: Mapping[str, str]

    def say(self, text: str) -> str:
        """Return a message id in the export's language."""
        return translations(self.language).gettext(text)

    def cell(self, cell: Cell) -> tuple[str, str, str]:
        """Return the names of level, flow and region."""
        level, flow, region = cell
        return (
            self.say(label_of(ControlLevel(level))),
            self.say(word_for("flow", flow) or flow),
            self.regions.get(region, region),
        )


def export(form: str, found: Steering, group: str, words: Words) -> bytes:
    """Return the cells as one long table: a line for each month, cell and figure.

    Agreement does not add up, so it stands for the groups of the page (``group``).
    """
    rows = [*_rows(found, words), *_agreements(found, group, words)]
    if form == "csv":
        return as_csv([[words.say(head) for head in _HEADS], *rows])
    if form == "parquet":
        return _parquet(rows)
    return _xlsx(rows, words)


def _rows(found: Steering, words: Words) -> Iterator[Row]:
    for month, cell, figures in found.cells:
        for code, title, value in _figures(figures, words):
            _, unit, definition = FIGURES[code]
            yield (month, *words.cell(cell), title, value, words.say(unit), words.say(definition))


def _agreements(found: Steering, group: str, words: Words) -> Iterator[Row]:
    for line in found.lines:
        cell = [line.key if group == each else "" for each in ("level", "flow", "region")]
        names = [name if code else "" for code, name in zip(cell, _named(cell, words), strict=True)]
        measure = line.agreement
        values: dict[str, float | None] = {
            "readings": line.readings or None,
            "agreement": None if measure is None else round(measure.rate, 4),
            "kappa": None if measure is None or measure.kappa is None else round(measure.kappa, 4),
        }
        month = line.key if group == "month" else ""
        for code, value in values.items():
            if value is not None:
                title, unit, definition = (words.say(part) for part in FIGURES[code])
                yield month, names[0], names[1], names[2], title, value, unit, definition


def _named(cell: list[str], words: Words) -> tuple[str, str, str]:
    level = cell[0] or ControlLevel.LOCAL.value
    return words.cell((level, cell[1], cell[2]))


def _figures(figures: Figures, words: Words) -> Iterator[tuple[str, str, float]]:
    for code in COUNTS:
        yield code, words.say(FIGURES[code][0]), getattr(figures, code)
    for outcome, count in sorted(figures.outcomes.items()):
        known = outcome in {each.value for each in DecisionOutcome}
        name = words.say(label_of(DecisionOutcome(outcome))) if known else outcome
        yield "outcome", f"{words.say(FIGURES['outcome'][0])}: {name}", count
    for code, share in (("median", 0.5), ("p90", 0.9)):
        days = figures.days_below(share)
        if days is not None:
            yield code, words.say(FIGURES[code][0]), days


def _parquet(rows: list[Row]) -> bytes:
    schema = pa.schema([(name, pa.float64() if name == "value" else pa.string())
                        for name in COLUMNS])  # fmt: skip
    columns = list(zip(*rows, strict=True)) or [() for _ in COLUMNS]
    arrays = [pa.array(list(column), type=part.type)
              for column, part in zip(columns, schema, strict=True)]  # fmt: skip
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), buffer)
    return buffer.getvalue()


def _xlsx(rows: list[Row], words: Words) -> bytes:
    book = Workbook(write_only=False)
    sheet = book.active
    assert sheet is not None  # noqa: S101 - a new book has one
    sheet.title = words.say(N_("Figures"))
    sheet.sheet_view.rightToLeft = words.language == "ar"
    sheet.append([words.say(head) for head in _HEADS[:7]])
    for row in rows:
        sheet.append([safe_cell(part) if isinstance(part, str) else part for part in row[:7]])
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    other = book.create_sheet(words.say(N_("Definitions")))
    other.sheet_view.rightToLeft = words.language == "ar"
    other.append([words.say(head) for head in (_HEADS[4], _HEADS[6], _HEADS[7])])
    for title, unit, definition in FIGURES.values():
        other.append([words.say(title), words.say(unit), words.say(definition)])
    for each, widths in ((sheet, (10, 12, 28, 26, 34, 12, 16)), (other, (30, 16, 110))):
        for cell in each[1]:
            cell.font = Font(bold=True)
        for column, width in zip("ABCDEFG", widths, strict=False):
            each.column_dimensions[column].width = width
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
