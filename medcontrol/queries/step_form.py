"""The form of a step as a page draws it, in plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain

from medcontrol.queries.computed_checks import CheckShown

UPPER = tuple(str(n) for n in chain(range(18, 10, -1), range(21, 29)))
LOWER = tuple(str(n) for n in chain(range(48, 40, -1), range(31, 39)))
UPPER_MILK = tuple(str(n) for n in chain(range(55, 50, -1), range(61, 66)))
LOWER_MILK = tuple(str(n) for n in chain(range(85, 80, -1), range(71, 76)))
TEETH = (UPPER, LOWER, UPPER_MILK, LOWER_MILK)
"""Teeth by ISO 3950 (FDI), row by row as a dentist looks at the person."""
_FREE_ROWS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """A question of the step's form, from the pack, with what was answered.

    Attributes:
        widget: ``choice``, ``list``, ``checkbox``, ``date``, ``number``, ``money``, ``text``,
            ``area``, ``teeth``, ``grid``, ``criteria`` or ``rows``.
        section: heading before it; empty: it stays under the one before.
        rows: of a grid or of criteria: code and title.
        columns: of ``rows``.
        values: what was answered, by part, of the widgets with several parts.
    """

    name: str
    widget: str
    title: str
    section: str = ""
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    columns: tuple["FormField", ...] = ()
    value: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Name of the field on the page."""
        return f"form-{self.name}"

    @property
    def is_answered(self) -> bool:
        """Whether something was typed."""
        return bool(self.value) or any(self.values.values())

    @property
    def row_numbers(self) -> range:
        """Numbers of the rows to draw: those that were filled, and some more."""
        filled = [int(part.partition(".")[0]) + 1 for part in self.values]
        return range(min(20, max(filled, default=0) + _FREE_ROWS))

    @property
    def drawn(self) -> str:
        """What of the question depends on other answers; empty when nothing does."""
        if self.widget == "criteria":
            return " ".join(code for code, _ in self.rows) or "none"
        return str(len(self.row_numbers)) if self.widget == "rows" else ""

    @property
    def teeth(self) -> tuple[tuple[str, ...], ...]:
        """The rows of the chart of teeth."""
        return TEETH


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPart:
    """The form of a step and its checks, drawn again while somebody types.

    ``drawn``: what the page had drawn of the questions that depend on others, by name.
    """

    form: tuple[FormField, ...]
    checks: tuple[CheckShown, ...]
    drawn: Mapping[str, str]
    currency: str

    def error_of(self, _name: str) -> str | None:
        """Nothing was submitted, so nothing is wrong."""
        return None
