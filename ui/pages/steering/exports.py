"""Exports of steering: every figure with its unit and its definition."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from medcontrol.queries.steering import Steering
from medcontrol.steering_counts import COUNTS, Cell, Figures
from medcontrol.vocabulary import ControlLevel, DecisionOutcome
from ui.codes import word_for
from ui.figure_tables import Layout, Row, as_file
from ui.i18n import N_, translations
from ui.labels import label_of
from ui.quality_words import FIGURES

LAYOUT = Layout(
    heads=(N_("Month"), N_("Level"), N_("Flow"), N_("Region")),
    names=("month", "level", "flow", "region"),
    widths=(10, 12, 28, 26),
    figures=FIGURES,
)


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
    return as_file(form, rows, LAYOUT, words.language)


def _rows(found: Steering, words: Words) -> Iterator[Row]:
    for month, cell, figures in found.cells:
        for code, title, value in _figures(figures, words):
            keys = (month, *words.cell(cell))
            yield LAYOUT.row(keys, code, value, words.language, title)


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
                yield LAYOUT.row((month, *names), code, value, words.language)


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
