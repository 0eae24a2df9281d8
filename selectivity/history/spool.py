"""Checked past files between the two passes of an import: on disk, in any order (tampon)."""

import tempfile
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO
from uuid import UUID

import numpy as np
import numpy.typing as npt
import orjson

from selectivity.history.entries import Entries


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a past file beside its entry; JSON values only.

    Medical features are encrypted before they come here.
    """

    line: int
    id: str
    source: str
    external_id: str
    content_hash: str
    jurisdiction: str
    scheme: str
    flow: str
    nature: str
    agency: str
    region: str
    provider: str | None
    sector: str | None
    sex: str | None
    age: int | None
    period: str
    draw: str
    origin: str | None
    chance: float | None
    features: str
    key_id: str | None
    medical: str | None
    result: str | None
    avoided: int
    decided_on: int

    @property
    def identity(self) -> tuple[str, str]:
        """Source and external id: who the file is."""
        return self.source, self.external_id

    @property
    def uuid(self) -> UUID:
        """Id of the row to be."""
        return UUID(self.id)


class Spool:
    """Past files on disk, and in memory only their entries and the order of their arrival."""

    def __init__(self) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the spool
        self._ends: list[int] = []
        self._entries: list[Entries] = []
        self._instants: list[float] = []

    def __len__(self) -> int:
        """Return how many files wait."""
        return len(self._ends)

    def add(self, files: Sequence[Kept], entries: Entries, instants: Sequence[float]) -> None:
        """Keep files in the order in which they were read; instants are seconds of reception."""
        at = self._ends[-1] if self._ends else 0
        for file in files:
            text = orjson.dumps(_members(file))
            self._file.write(text)
            at += len(text)
            self._ends.append(at)
        self._entries.append(entries)
        self._instants.extend(instants)

    def ordered(self, size: int) -> "list[Slice]":
        """Return what waits in slices, by day and instant of reception, then line."""
        if not self._ends:
            return []
        self._file.flush()
        entries = np.concatenate(self._entries)
        order = np.lexsort((np.array(self._instants), entries["day"]))
        ends = np.array(self._ends, dtype=np.int64)
        return [
            Slice(self._file, ends, entries, order[start : start + size])
            for start in range(0, len(order), size)
        ]

    def close(self) -> None:
        """Give the disk back."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Slice:
    """Some files that wait, in the order of their arrival."""

    file: BinaryIO
    ends: npt.NDArray[np.int64]
    entries: Entries
    places: npt.NDArray[np.int64]

    def read(self) -> tuple[list[Kept], Entries]:
        """Return the files and their entries."""
        found = []
        for place in self.places.tolist():
            start = int(self.ends[place - 1]) if place else 0
            self.file.seek(start)
            found.append(Kept(*orjson.loads(self.file.read(int(self.ends[place]) - start))))
        return found, self.entries[self.places]


def _members(file: Kept) -> tuple[Any, ...]:
    """Return the members of a kept file; none of them needs a copy."""
    return tuple(getattr(file, name) for name in Kept.__slots__)


def packed(content: bytes) -> str:
    """Return bytes as text."""
    return b2a_base64(content, newline=False).decode()


def unpacked(text: str) -> bytes:
    """Return the bytes of ``packed``."""
    return a2b_base64(text)
