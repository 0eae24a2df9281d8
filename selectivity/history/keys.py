"""Keyed hashes that stand for people, professionals and acts in the counters (empreintes)."""

import hashlib
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from medcontrol.crypto import KeyRing

Ints = npt.NDArray[np.int64]

_KEPT = 200_000
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Kind(IntEnum):
    """Whose counters a bucket holds; stored, so a number never changes its sense."""

    ALL = 0  # everything of a jurisdiction
    PROVIDER = 1  # part: flow
    PRESCRIBER = 2  # part: provider
    ACT = 3  # the dearest act of a file
    PEER = 4  # flow, nature, kind and specialty of the provider
    SEGMENT = 5  # flow, nature and region


class Hasher:
    """Turns words into 64-bit numbers that only this installation can make again.

    Two people out of ten million share a number with a chance of 3 in a million.
    """

    def __init__(self, keys: KeyRing) -> None:
        self._key = keys.derive("history")
        self._kept: dict[tuple[str, ...], int] = {}

    def number(self, *words: str) -> int:
        """Return the number of some words, the first of which says what they are."""
        text = "\x1f".join(words).upper().encode()
        digest = hashlib.blake2b(text, digest_size=8, key=self._key).digest()
        return int.from_bytes(digest, "big", signed=True)

    def kept(self, *words: str) -> int:
        """Return the same; remembered, for words that come often."""
        found = self._kept.get(words)
        if found is None:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            found = self._kept[words] = self.number(*words)
        return found


def mixed(*parts: npt.ArrayLike) -> Ints:
    """Return whole numbers made into one, place by place, so that order counts (splitmix64)."""
    with np.errstate(over="ignore"):
        made = np.zeros((), dtype=np.uint64)
        for part in parts:
            made = (made + np.asarray(part).astype(np.int64).view(np.uint64)) + _GOLDEN
            made = (made ^ (made >> np.uint64(30))) * _FIRST
            made = (made ^ (made >> np.uint64(27))) * _SECOND
            made = made ^ (made >> np.uint64(31))
    return np.asarray(made, dtype=np.uint64).view(np.int64)
