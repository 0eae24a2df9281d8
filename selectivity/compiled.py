"""A table compiled once to bit masks, with two executors over the same masks.

Bit *i* of a mask says whether row *i* accepts a value. A file matches the rows whose bits survive
the AND over all columns. The scalar executor uses Python's whole numbers, which have as many bits
as there are rows; the numpy executor looks the same masks up as 64-bit words.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from selectivity.cells import AbsentCell, Cell, CodeCell, FlagCell, IntervalCell, Value
from selectivity.registry import FEATURES, FeatureKind, Registry
from selectivity.tables import Conditions

MISSING = -(2**63)
"""How a missing number, day or flag is written in a column of 64-bit integers."""

Words = Sequence[str | tuple[str, ...] | None]


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of words, each different one written once; what is matched often stands so.

    Attributes:
        words: the different values.
        index: of each file's value in ``words``.
    """

    words: tuple[str | tuple[str, ...] | None, ...]
    index: NDArray[np.intp]

    @classmethod
    def of(cls, values: Words) -> "Coded":
        """Return a column of words in this form."""
        places = _Places()
        index = np.fromiter(map(places.__getitem__, values), dtype=np.intp, count=len(values))
        return cls(tuple(cast(Words, places)), index)

    def part(self, start: int, end: int) -> "Coded":
        """Return the values of some files."""
        return Coded(self.words, self.index[start:end])


Column = NDArray[np.int64] | Words | Coded
"""Values of one feature for many files: integers with ``MISSING``, or words."""

_CACHE_LIMIT = 10_000


class WordColumn:
    """One column of words (a code, or several codes) as masks."""

    def __init__(self, cells: Mapping[int, Cell], rows: int) -> None:
        named = {row: cell for row, cell in cells.items() if isinstance(cell, CodeCell)}
        self.missing = _bits(row for row, cell in cells.items() if cell.accepts(None))
        self._free = _bits(row for row in range(rows) if row not in cells)
        self.missing |= self._free
        self._positive = _bits(row for row, cell in named.items() if not cell.negated)
        self._negative = _bits(row for row, cell in named.items() if cell.negated)
        self._codes: dict[str, int] = {}
        self._prefixes: dict[int, dict[str, int]] = {}
        for row, cell in named.items():
            for code in cell.codes:
                self._codes[code] = self._codes.get(code, 0) | 1 << row
            for prefix in cell.prefixes:
                same_length = self._prefixes.setdefault(len(prefix), {})
                same_length[prefix] = same_length.get(prefix, 0) | 1 << row
        self._cache: dict[Value, int] = {}

    def mask(self, value: Value) -> int:
        """Return which rows accept the value."""
        found = self._cache.get(value)
        if found is None:
            if len(self._cache) >= _CACHE_LIMIT:
                self._cache.clear()
            found = self._cache[value] = self._compute(value)
        return found

    def look_up(self, column: Column, width: int) -> NDArray[np.uint64]:
        """Return the masks of many values, shape (files, width)."""
        coded = column if isinstance(column, Coded) else Coded.of(cast(Words, column))
        table = as_words([self.mask(value) for value in coded.words], width)
        return table.take(coded.index, axis=0)

    def _compute(self, value: Value) -> int:
        if value is None or value == ():
            return self.missing
        hits = 0
        for word in value if isinstance(value, tuple) else (str(value),):
            hits |= self._codes.get(word, 0)
            for length, prefixes in self._prefixes.items():
                hits |= prefixes.get(word[:length], 0)
        return self._free | hits & self._positive | self._negative & ~hits


class _Places(dict[Value, int]):
    """Numbers values as they come: one look at each of many, and a new number only at the first."""

    def __missing__(self, value: Value) -> int:
        place = self[value] = len(self)
        return place


class NumberColumn:
    """One column of numbers, days or flags as masks over elementary intervals."""

    def __init__(self, cells: Mapping[int, Cell], rows: int) -> None:
        free = _bits(row for row in range(rows) if row not in cells)
        self.missing = free | _bits(row for row, cell in cells.items() if cell.accepts(None))
        self._ends = sorted({end for cell in cells.values() for end in _ends(cell)})
        # One value of each elementary interval speaks for all of it.
        samples = [self._ends[0] - 1, *self._ends] if self._ends else [0]
        self._masks = [
            free | _bits(row for row, cell in cells.items() if _takes(cell, sample))
            for sample in samples
        ]

    def mask(self, value: Value) -> int:
        """Return which rows accept the value."""
        if value is None:
            return self.missing
        return self._masks[bisect_right(self._ends, cast(int, value))]

    def look_up(self, column: Column, width: int) -> NDArray[np.uint64]:
        """Return the masks of many values, shape (files, width)."""
        table = as_words([self.missing, *self._masks], width)
        # MISSING lies below every other number, so it falls before the first end.
        ends = np.array([MISSING + 1, *self._ends], dtype=np.int64)
        index = np.searchsorted(ends, cast(NDArray[np.int64], column), side="right")
        return table.take(index, axis=0)


@lru_cache(maxsize=20_000)
def ordinal(day: str) -> int:
    """Return the number of a civil day written as 2026-11-20."""
    return date.fromisoformat(day).toordinal()


_READ: Mapping[FeatureKind, Callable[[Any], Value]] = {
    FeatureKind.DATE: ordinal,
    FeatureKind.CODES: tuple,
}
"""How a value of a snapshot becomes one that rules compare; the others are that already."""

_KINDS: Mapping[FeatureKind, type[WordColumn] | type[NumberColumn]] = {
    FeatureKind.CODE: WordColumn,
    FeatureKind.CODES: WordColumn,
    FeatureKind.INTEGER: NumberColumn,
    FeatureKind.DATE: NumberColumn,
    FeatureKind.FLAG: NumberColumn,
}


class CompiledTable:
    """All rows of a table, ready to be matched with one file or with many.

    Every hit is collected; which one counts is not decided here.
    """

    def __init__(self, rows: Sequence[Conditions], registry: Registry = FEATURES) -> None:
        self.rows = tuple(rows)
        by_feature: dict[str, dict[int, Cell]] = {}
        for number, row in enumerate(self.rows):
            for name, cell in row.when.items():
                by_feature.setdefault(name, {})[number] = cell
        self.columns: dict[str, WordColumn | NumberColumn] = {
            name: _KINDS[registry[name].kind](cells, len(self.rows))
            for name, cells in by_feature.items()
        }
        self._all = (1 << len(self.rows)) - 1
        self._masks: list[tuple[str, Callable[[Value], int], Callable[[Any], Value] | None]] = [
            (name, column.mask, _READ.get(registry[name].kind))
            for name, column in self.columns.items()
        ]

    def match(self, values: Mapping[str, Value]) -> int:
        """Return the rows that one file matches, as bits. A feature left out is missing."""
        hits = self._all
        for name, mask, _ in self._masks:
            hits &= mask(values.get(name))
            if not hits:
                break
        return hits

    def match_snapshot(self, snapshot: Mapping[str, Any]) -> int:
        """Return the same for a snapshot of features, whose days are texts and words lists."""
        hits = self._all
        for name, mask, read in self._masks:
            value = snapshot.get(name)
            hits &= mask(value if read is None or value is None else read(value))
            if not hits:
                break
        return hits

    def match_batch(self, columns: Mapping[str, Column], files: int) -> NDArray[np.uint64]:
        """Return the rows that many files match, as 64-bit words of shape (files, words).

        Args:
            columns: by feature, each as long as ``files``; all features of the table.
            files: how many files there are.
        """
        width = word_count(self._all)
        hits = np.repeat(as_words([self._all], width), files, axis=0)
        for name, column in self.columns.items():
            hits &= column.look_up(columns[name], width)
        return hits

    def match_masks(self, columns: Mapping[str, Column], files: int) -> list[int]:
        """Return the same as ``match`` for many files: one whole number of bits each."""
        words = self.match_batch(columns, files)
        size, data, masks = 8 * words.shape[1], words.tobytes(), [0] * files
        for place in np.flatnonzero(words.any(axis=1)).tolist():
            masks[place] = int.from_bytes(data[size * place : size * (place + 1)], "little")
        return masks


def as_words(masks: Sequence[int], width: int) -> NDArray[np.uint64]:
    """Return masks as little-endian 64-bit words, shape (masks, width)."""
    data = b"".join(mask.to_bytes(8 * width, "little") for mask in masks)
    return np.frombuffer(data, dtype="<u8").reshape(len(masks), width)


def word_count(mask: int) -> int:
    """Return how many 64-bit words hold the mask, one at least.

    >>> word_count(0), word_count(2**64 - 1), word_count(2**64)
    (1, 1, 2)
    """
    return max(1, -(-mask.bit_length() // 64))


def rows_of(mask: int) -> list[int]:
    """Return the row numbers of a mask in ascending order.

    >>> rows_of(0b1010)
    [1, 3]
    """
    rows = []
    while mask:
        low = mask & -mask
        rows.append(low.bit_length() - 1)
        mask ^= low
    return rows


def _bits(rows: Iterable[int]) -> int:
    mask = 0
    for row in rows:
        mask |= 1 << row
    return mask


def _ends(cell: Cell) -> tuple[int, ...]:
    if isinstance(cell, IntervalCell):
        return tuple(end for end in (cell.low, cell.high) if end is not None)
    return (0, 1, 2) if isinstance(cell, FlagCell) else ()


def _takes(cell: Cell, sample: int) -> bool:
    if isinstance(cell, FlagCell):
        return sample in (0, 1) and cell.accepts(bool(sample))
    return not isinstance(cell, AbsentCell) and cell.accepts(sample)
