"""Whether rows can match at all, can match together, or cover each other; by finite samples.

A cell only distinguishes finitely many classes of values. One sample of each class of both rows,
and the missing value, stand for everything that could come in.
"""

from collections.abc import Iterator
from itertools import combinations

from medcontrol.intake.registers import NATURES
from selectivity.cells import Cell, CodeCell, IntervalCell, Value
from selectivity.registry import FEATURES, FeatureKind, Registry
from selectivity.tables import Conditions

_UNKNOWN_WORD = "\x00"
_PAIRS = tuple((flow, nature) for flow, natures in NATURES.items() for nature in sorted(natures))
_PAIRED = ("flow", "nature")


def can_match(row: Conditions, registry: Registry = FEATURES) -> bool:
    """Return whether some file could match the row."""
    return can_meet(row, row, registry)


def can_meet(one: Conditions, other: Conditions, registry: Registry = FEATURES) -> bool:
    """Return whether some file could match both rows."""
    if not any(_takes_pair(one, pair) and _takes_pair(other, pair) for pair in _PAIRS):
        return False
    return all(
        any(_takes(one, name, value) and _takes(other, name, value) for value in values)
        for name, values in _samples(one, other, registry)
    )


def covers(wide: Conditions, narrow: Conditions, registry: Registry = FEATURES) -> bool:
    """Return whether every file that matches ``narrow`` matches ``wide`` as well."""
    if any(_takes_pair(narrow, pair) and not _takes_pair(wide, pair) for pair in _PAIRS):
        return False
    return all(
        _takes(wide, name, value) or not _takes(narrow, name, value)
        for name, values in _samples(wide, narrow, registry)
        for value in values
    )


def pairs_of(row: Conditions) -> frozenset[tuple[str, str]]:
    """Return the flows with their natures that the row lets through."""
    return frozenset(pair for pair in _PAIRS if _takes_pair(row, pair))


def _takes_pair(row: Conditions, pair: tuple[str, str]) -> bool:
    return all(_takes(row, name, word) for name, word in zip(_PAIRED, pair, strict=True))


def _takes(row: Conditions, name: str, value: Value) -> bool:
    cell = row.when.get(name)
    return cell is None or cell.accepts(value)


def _samples(
    one: Conditions, other: Conditions, registry: Registry
) -> Iterator[tuple[str, list[Value]]]:
    """Yield each column that either row names, with samples of all its classes."""
    for name in sorted({*one.when, *other.when} - set(_PAIRED)):
        cells = [row.when[name] for row in (one, other) if name in row.when]
        feature = registry[name]
        if feature.kind is FeatureKind.FLAG:
            yield name, [None, False, True]
        elif feature.kind in (FeatureKind.INTEGER, FeatureKind.DATE):
            yield name, _numbers(cells)
        else:
            yield name, _words(cells, feature.domain, feature.kind)


def _numbers(cells: list[Cell]) -> list[Value]:
    ends = {
        end
        for cell in cells
        if isinstance(cell, IntervalCell)
        for end in (cell.low, cell.high)
        if end is not None
    }
    return [None, *sorted({end - 1 for end in ends} | ends | {0})]


def _words(cells: list[Cell], domain: frozenset[str] | None, kind: FeatureKind) -> list[Value]:
    named = {
        word
        for cell in cells
        if isinstance(cell, CodeCell)
        for word in (*cell.codes, *cell.prefixes)
    }
    words = sorted(named | {_UNKNOWN_WORD} if domain is None else domain)
    if kind is FeatureKind.CODE:
        return [None, *words]
    # Two words are enough to satisfy one positive cell of each row at once.
    return [None, *((word,) for word in words), *combinations(words, 2)]
