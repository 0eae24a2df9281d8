"""The segments that a scan looks at: every combination of a few features that occurs. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selectivity.history.cases import Cases

Ints = NDArray[np.int64]

#: Bounds of the bands of amounts, in centimes: 100 DH, 300 DH, 1,000 DH …
AMOUNTS = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000)

FEATURES = (
    "flow", "nature", "region", "provider_kind", "provider_sector", "provider_specialty",
    "amount", "provider", "acts",
)  # fmt: skip
"""Features of segments. ``acts`` has several words a file; a segment has one of them."""

_LISTED = "acts"


@dataclass(frozen=True, slots=True)
class Column:
    """One feature of the sampled files as whole numbers.

    Attributes:
        file: place of each entry's file; a file without a value has no entry.
        code: number of the value.
        values: value by number.
    """

    file: Ints
    code: Ints
    values: tuple[Any, ...]


Condition = tuple[tuple[str, Any], ...]
"""Feature and value, in the order of ``FEATURES``; a band of amounts is (from, below)."""


@dataclass(frozen=True, slots=True)
class Group:
    """All segments of one combination of features, as columns of counts.

    ``keys`` are their mixed codes, sorted; ``radix`` and ``names`` turn one back into values.
    """

    names: tuple[str, ...]
    radix: tuple[int, ...]
    keys: Ints
    files: Ints
    hits: Ints


def columns_of(cases: Cases) -> dict[str, Column]:
    """Return the features of cases as columns."""
    snapshots = list(cases.snapshots)  # read once: they lie packed
    found: dict[str, Column] = {}
    for name in FEATURES:
        if name == _LISTED:
            found[name] = _listed([each.get(name) or () for each in snapshots])
        elif name == "amount":
            found[name] = _banded([each.get(name) for each in snapshots])
        elif name in ("flow", "nature", "region", "provider"):
            found[name] = _single(list(getattr(cases, name)))
        else:
            found[name] = _single([each.get(name) for each in snapshots])
    return found


def _single(values: Sequence[Any]) -> Column:
    words = sorted({value for value in values if value is not None})
    number = {value: code for code, value in enumerate(words)}
    file = np.array([p for p, value in enumerate(values) if value is not None], dtype=np.int64)
    code = np.array([number[v] for v in values if v is not None], dtype=np.int64)
    return Column(file, code, tuple(words))


def _listed(values: Sequence[Sequence[str]]) -> Column:
    words = sorted({word for found in values for word in found})
    number = {value: code for code, value in enumerate(words)}
    pairs = [(place, number[w]) for place, found in enumerate(values) for w in set(found)]
    pairs.sort()
    file = np.array([place for place, _ in pairs], dtype=np.int64)
    return Column(file, np.array([code for _, code in pairs], dtype=np.int64), tuple(words))


def _banded(values: Sequence[int | None]) -> Column:
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    file = np.array([place for place, _ in known], dtype=np.int64)
    amounts = np.array([value for _, value in known], dtype=np.int64)
    edges: tuple[int | None, ...] = (None, *AMOUNTS, None)
    bands = tuple((edges[n], edges[n + 1]) for n in range(len(edges) - 1))
    return Column(file, np.searchsorted(np.array(AMOUNTS), amounts, side="right"), bands)


def groups(columns: Mapping[str, Column], hit: NDArray[np.bool_], *, depth: int) -> Iterator[Group]:
    """Yield the segments of every combination of at most ``depth`` features."""
    n = len(hit)
    dense = {name: _dense(column, n) for name, column in columns.items() if name != _LISTED}
    for size in range(1, depth + 1):
        for names in combinations(FEATURES, size):
            mixed = _mixed(names, columns, dense)
            if mixed is None:
                continue
            file, key, radix = mixed
            keys, place, files = np.unique(key, return_inverse=True, return_counts=True)
            hits = np.bincount(place, weights=hit[file], minlength=len(keys)).astype(np.int64)
            yield Group(names, radix, keys, files.astype(np.int64), hits)


def _dense(column: Column, n: int) -> Ints:
    """Return the code of every file, -1 where it has none."""
    found = np.full(n, -1, dtype=np.int64)
    found[column.file] = column.code
    return found


def _mixed(
    names: Sequence[str], columns: Mapping[str, Column], dense: Mapping[str, Ints]
) -> tuple[Ints, Ints, tuple[int, ...]] | None:
    """Return file and mixed code of every entry that has a value of each feature."""
    if _LISTED in names:
        file = columns[_LISTED].file
    else:
        file = np.arange(len(next(iter(dense.values()))), dtype=np.int64)
    key = np.zeros(len(file), dtype=np.int64)
    keep = np.ones(len(file), dtype=bool)
    radix = []
    for name in names:
        codes = columns[_LISTED].code if name == _LISTED else dense[name][file]
        keep &= codes >= 0
        radix.append(max(1, len(columns[name].values)))
        key = key * radix[-1] + codes
    if not keep.any():
        return None
    return file[keep], key[keep], tuple(radix)


def condition(group: Group, key: int, columns: Mapping[str, Column]) -> Condition:
    """Return a segment's features and values."""
    found = []
    for name, size in zip(reversed(group.names), reversed(group.radix), strict=True):
        key, code = divmod(key, size)
        found.append((name, columns[name].values[code]))
    return tuple(reversed(found))


def members(wanted: Condition, columns: Mapping[str, Column], n: int) -> NDArray[np.bool_]:
    """Return which files are in a segment; the empty condition is every file."""
    inside = np.ones(n, dtype=bool)
    for name, value in wanted:
        column = columns[name]
        one = np.zeros(n, dtype=bool)
        one[column.file[column.code == column.values.index(value)]] = True
        inside &= one
    return inside
