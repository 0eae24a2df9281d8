"""Random numbers as a function of keys (tirages): no state, so order and volume change nothing.

Every thing that is invented (a person, a stay, a line of a bill) has a 64-bit key, and every
question asked about it (which age, which price) a name. The answer depends on these two only.
A hospital stay therefore has the same patient on the day of its authorisation and, weeks later,
on the day of its invoice, without anything being kept in between.

Source: splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
"""

from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST = 0xBF58476D1CE4E5B9
_SECOND = 0x94D049BB133111EB
_U_GOLDEN, _U_FIRST, _U_SECOND = np.uint64(_GOLDEN), np.uint64(_FIRST), np.uint64(_SECOND)
_U11, _U27, _U30, _U31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)


@lru_cache(maxsize=1024)
def _salt(name: str) -> int:
    return _mix_int(crc32(name.encode()) + 1)


def _mix_int(value: int) -> int:
    value = (value + _GOLDEN) & _MASK
    value = ((value ^ (value >> 30)) * _FIRST) & _MASK
    value = ((value ^ (value >> 27)) * _SECOND) & _MASK
    return value ^ (value >> 31)


def _mix(values: Keys) -> Keys:
    mixed = values + _U_GOLDEN
    mixed ^= mixed >> _U30
    mixed *= _U_FIRST
    mixed ^= mixed >> _U27
    mixed *= _U_SECOND
    mixed ^= mixed >> _U31
    return mixed


def key(*parts: int | str) -> int:
    """Return the 64-bit key of a path of integers and names."""
    mixed = 0
    for part in parts:
        number = crc32(part.encode()) if isinstance(part, str) else part
        mixed = _mix_int(mixed ^ (number & _MASK))
    return mixed


def keys(base: int, count: int, first: int = 0) -> Keys:
    """Return ``count`` keys below ``base``; the n-th one is the same for every count."""
    return _mix(np.arange(first, first + count, dtype=np.uint64) ^ np.uint64(base))


def sub_keys(parents: Keys, numbers: Ints) -> Keys:
    """Return the key of the n-th child of each parent (a line of a file)."""
    return _mix(parents ^ _mix(numbers.astype(np.uint64)))


def uniform(of: Keys, name: str) -> Floats:
    """Return one number in [0, 1) for each key and this question."""
    mixed = _mix(of ^ np.uint64(_salt(name)))
    return (mixed >> _U11).astype(np.float64) * 2.0**-53


def integers(of: Keys, name: str, low: int, high: int) -> Ints:
    """Return one integer from ``low`` to ``high``, both included, for each key."""
    return low + (uniform(of, name) * (high - low + 1)).astype(np.int64)


def chance(of: Keys, name: str, probability: float) -> Bools:
    """Return True for each key with this probability."""
    return uniform(of, name) < probability


def pick(of: Keys, name: str, pool: Ints) -> Ints:
    """Return one member of a pool that is not empty for each key, all equally likely."""
    if len(pool) == 0:
        raise ValueError(f"nothing to pick from for {name!r}")
    chosen: Ints = pool[(uniform(of, name) * len(pool)).astype(np.int64)]
    return chosen


def weighted(of: Keys, name: str, weights: Floats) -> Ints:
    """Return an index into ``weights`` for each key, as likely as its weight (> 0 in sum)."""
    cumulated = np.cumsum(weights, dtype=np.float64)
    place = uniform(of, name) * cumulated[-1]
    found: Ints = np.minimum(np.searchsorted(cumulated, place, side="right"), len(weights) - 1)
    return found


def shares(total: int, weights: list[float]) -> list[int]:
    """Split ``total`` by weights so that the parts add up to it (largest remainder)."""
    exact = [total * weight / sum(weights) for weight in weights]
    parts = [int(value) for value in exact]
    order = sorted(range(len(weights)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts


def systematic(total: int, weights: list[float], place: float) -> list[int]:
    """Split ``total`` by weights, rounding at a ``place`` in [0, 1) that turns from day to day.

    Rare kinds so get their files on some days, where largest remainders would never give one.
    """
    cumulated = np.cumsum(weights) / sum(weights) * total
    cumulated[-1] = total
    marks = np.floor(np.concatenate(([0.0], cumulated)) + place).astype(np.int64)
    parts: list[int] = np.diff(marks).tolist()
    return parts
