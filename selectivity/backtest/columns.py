"""Files of the past and what rules do with them, as columns of one length (colonnes)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medcontrol.vocabulary import ControlLevel, Lane

LANES = (Lane.GREEN, Lane.BLUE, Lane.ORANGE, Lane.RED)
"""Lanes by rank: an array of lanes holds these places."""

LEVELS = (ControlLevel.LOCAL, ControlLevel.REGIONAL, ControlLevel.CENTRAL)

RANK = {lane: rank for rank, lane in enumerate(LANES)}
CONTROLLED = RANK[Lane.ORANGE]
"""Lanes from this rank on are controlled at once."""

Bits = NDArray[np.uint64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Files:
    """What is simulated: one element of each column is one file.

    Attributes:
        snapshots: features as stored, administrative and medical together.
        received_on: civil day of reception, ``datetime64[D]``.
        draw: random draw of each, ``uint64``.
        period: month of the draw key.
        identities: business identity for the rows' own draws; where it is not known the random
            draw stands in for it: rates hold all the same, but for other files than at the gate.
        external: rank of the lane that an outside tool asked for, -1 where none did.
        external_level: rank of its level.
    """

    snapshots: Sequence[Mapping[str, Any]]
    received_on: NDArray[np.datetime64]
    draw: Bits
    period: NDArray[np.object_]
    identities: Sequence[bytes | None] | None
    external: NDArray[np.int8]
    external_level: NDArray[np.int8]

    def __len__(self) -> int:
        """Return how many files there are."""
        return len(self.snapshots)


@dataclass(frozen=True, slots=True)
class Taken:
    """What one row did: ``places`` of the files that its cells match while it was in force.

    Attributes:
        chance: of being taken by the row, known before the draw; 0 under a safe harbour.
        is_taken: whether it was.
    """

    places: NDArray[np.intp]
    chance: NDArray[np.float64]
    is_taken: Flags


@dataclass(slots=True)
class Simulated:
    """What a rule set does with files.

    Attributes:
        lane: rank of the lane, ``uint8``.
        level: rank of the level, ``uint8``.
        chance: of being controlled, known before any draw.
        hits: matching rows in force, as a matrix (files, rows).
        rows: by row number, what it took.
        is_binding: mandatory, asked for from outside, or come back for later control.
        is_harboured: a safe harbour keeps rules and score away.
        is_drawn: the random floor took it.
        floor: chance of control by the random floor alone.
        overflow: left to blue because nobody had room.
    """

    lane: NDArray[np.uint8]
    level: NDArray[np.uint8]
    chance: NDArray[np.float64]
    hits: Flags
    rows: dict[int, Taken]
    is_binding: Flags
    is_harboured: Flags
    is_drawn: Flags
    floor: NDArray[np.float64]
    overflow: Flags

    @property
    def is_controlled(self) -> Flags:
        """Return which files are controlled at once."""
        return np.asarray(self.lane >= CONTROLLED)
