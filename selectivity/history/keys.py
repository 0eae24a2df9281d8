"""Keyed hashes that stand for people, professionals and acts in the counters (empreintes)."""

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Context:
    """Numbers of a jurisdiction, flow, nature and region, and of what comes within them."""

    whole: int
    flow: int
    segment: int
    acts: dict[str, int] = field(default_factory=dict)
    peers: dict[tuple[str, str], int] = field(default_factory=dict)


class Hasher:
    """Turns words into 64-bit numbers that only this installation can make again.

    Two people out of ten million share a number with a chance of 3 in a million. What comes often
    is remembered, so a process keeps one hasher.
    """

    def __init__(self, keys: KeyRing) -> None:
        self._base = hashlib.blake2b(digest_size=8, key=keys.derive("history"))
        self._contexts: dict[tuple[str, str, str, str], Context] = {}
        self._professionals: dict[tuple[str, str], int] = {}

    def number(self, *words: str) -> int:
        """Return the number of some words, the first of which says what they are."""
        made = self._base.copy()
        made.update("\x1f".join(words).upper().encode())
        return int.from_bytes(made.digest(), "big", signed=True)

    def context(self, place: str, flow: str, nature: str, region: str) -> Context:
        """Return the numbers that files of a kind and region share."""
        words = (place, flow, nature, region)
        found = self._contexts.get(words)
        if found is None:
            found = self._contexts[words] = Context(
                self.number("all", place),
                self.number("flow", flow),
                self.number("segment", *words),
            )
        return found

    def act(self, context: Context, words: tuple[str, str, str], code: str) -> int:
        """Return the number of an act in a jurisdiction, flow and nature."""
        found = context.acts.get(code)
        if found is None:
            _make_room(context.acts)
            found = context.acts[code] = self.number("act", *words, code)
        return found

    def peer(self, context: Context, words: tuple[str, str, str], like: tuple[str, str]) -> int:
        """Return the number of the providers of a kind and specialty."""
        found = context.peers.get(like)
        if found is None:
            _make_room(context.peers)
            found = context.peers[like] = self.number("peer", *words, *like)
        return found

    def professional(self, place: str, code: str) -> int:
        """Return the number of a provider or prescriber; the same person has one number."""
        found = self._professionals.get((place, code))
        if found is None:
            _make_room(self._professionals)
            found = self._professionals[place, code] = self.number("provider", place, code)
        return found


def _make_room(kept: dict[Any, int]) -> None:
    """Forget all when somebody sends ever new codes."""
    if len(kept) >= _KEPT:
        kept.clear()


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
