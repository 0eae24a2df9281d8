"""Why a row matched a file, or why it did not: cell by cell (case par case)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from medcontrol.errors import NotFound
from selectivity.cells import AbsentCell, Cell, CodeCell, FlagCell, IntervalCell, Missing
from selectivity.features import value_of
from selectivity.registry import FEATURES, Feature, FeatureKind, Registry
from selectivity.tables import Row, RuleSet


@dataclass(frozen=True, slots=True)
class CellVerdict:
    """What one cell says of one file.

    Attributes:
        feature: name of the column.
        expected: the cell in signs that need no translation, "≥ 300000".
        value: the value of the file as stored; ``None`` when missing.
        is_met: whether the cell accepts it.
        is_medical: whether showing the value needs access to medical content.
    """

    feature: str
    expected: str
    value: Any
    is_met: bool
    is_medical: bool


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """What one row says of one file; it matches when all cells are met and it is in force."""

    row: str
    cells: tuple[CellVerdict, ...]
    is_in_force: bool

    @property
    def is_match(self) -> bool:
        """Return whether the row matched."""
        return self.is_in_force and not self.unmet

    @property
    def unmet(self) -> tuple[CellVerdict, ...]:
        """Return the cells that kept the row from matching."""
        return tuple(cell for cell in self.cells if not cell.is_met)


def explain_row(
    rules: RuleSet,
    row_id: str,
    snapshot: Mapping[str, Any],
    received_on: date,
    registry: Registry = FEATURES,
) -> RowVerdict:
    """Return why one row matches a file or not.

    Args:
        rules: the rule set that decided.
        row_id: id of the row.
        snapshot: stored features, administrative and medical together.
        received_on: civil day of reception, for the expiry of the row.
        registry: features that the rules may name.

    Raises:
        NotFound: the rule set has no such row.
    """
    row = next((row for row in rules.rows if row.id == row_id), None)
    if row is None:
        raise NotFound(f"{rules.name} has no row {row_id}", field="row")
    return row_verdict(row, snapshot, received_on, registry)


def near_misses(
    rules: RuleSet,
    snapshot: Mapping[str, Any],
    received_on: date,
    *,
    unmet: int = 1,
    registry: Registry = FEATURES,
) -> list[RowVerdict]:
    """Return the rows that fail by few cells, those of the same flow first to look at.

    Args:
        rules: the rule set that decided.
        snapshot: stored features, administrative and medical together.
        received_on: civil day of reception.
        unmet: most cells that may fail, one at least.
        registry: features that the rules may name.
    """
    verdicts = (row_verdict(row, snapshot, received_on, registry) for row in rules.rows)
    return [verdict for verdict in verdicts if 1 <= len(verdict.unmet) <= unmet]


def describe(cell: Cell, feature: Feature) -> str:
    """Return a cell in signs: "∈ {ald}", "300000 ≤ x < 800000", "= true", "∅"."""
    match cell:
        case AbsentCell():
            return "∅"
        case CodeCell():
            words = [*sorted(cell.lists or cell.codes), *(f"{p}…" for p in sorted(cell.prefixes))]
            text = f"{'∉' if cell.negated else '∈'} {{{', '.join(words)}}}"
        case FlagCell():
            text = f"= {'true' if cell.value else 'false'}"
        case IntervalCell():
            text = _interval(cell, feature)
    return f"{text} ∨ ∅" if cell.missing is Missing.YES else text


def _interval(cell: IntervalCell, feature: Feature) -> str:
    def end(number: int) -> str:
        is_day = feature.kind is FeatureKind.DATE
        return date.fromordinal(number).isoformat() if is_day else str(number)

    if cell.low is not None and cell.high is not None:
        text = f"{end(cell.low)} ≤ x < {end(cell.high)}"
    elif cell.low is not None:
        text = f"≥ {end(cell.low)}"
    else:
        text = f"< {end(cell.high or 0)}"
    return f"¬({text})" if cell.negated else text


def row_verdict(
    row: Row,
    snapshot: Mapping[str, Any],
    received_on: date,
    registry: Registry = FEATURES,
) -> RowVerdict:
    """Return what each cell of a row says of a file, whether or not its rule set can be read."""
    cells = cell_verdicts(row.when, snapshot, registry)
    return RowVerdict(row.id, cells, received_on <= row.expires_on)


def cell_verdicts(
    when: Mapping[str, Cell], snapshot: Mapping[str, Any], registry: Registry = FEATURES
) -> tuple[CellVerdict, ...]:
    """Return what each of some cells says of a file."""
    return tuple(
        CellVerdict(
            feature=name,
            expected=describe(cell, registry[name]),
            value=snapshot.get(name),
            is_met=cell.accepts(value_of(snapshot, name, registry[name].kind)),
            is_medical=registry[name].is_medical,
        )
        for name, cell in when.items()
    )
