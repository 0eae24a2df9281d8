"""The least possible worst utilisation of a run (borne): no plan can do better."""

from collections import Counter

import numpy as np
from ortools.graph.python.max_flow import SimpleMaxFlow

from assignment.doctors import IntArray
from assignment.eligibility import Group
from assignment.grouping import Grouping
from assignment.horizon import Horizon

_STEPS = 12  # halvings of [0, 1]: the bound is known to 1/4096
_FEW_BARRED = 300  # above, files with doctors of their own count as if nobody were barred


class Bound:
    """Files may be split and nobody's place counts: what is needed at least of the busiest doctor.

    Attributes:
        demand: points of all files that somebody may do.
        placed: points of them that fit at all.
        utilisation: the least worst utilisation at which that many fit; 0 without files.
    """

    def __init__(self, grouping: Grouping, horizon: Horizon) -> None:
        self._total = horizon.total
        self._held = grouping.eligibility.table.open_points
        supplies = _supplies(grouping)
        self.demand = sum(supplies.values())
        self._build(supplies)
        self.placed = self._flow(1.0)
        self.utilisation = self._least() if self.placed else 0.0

    def _build(self, supplies: dict[bytes, int]) -> None:
        n = len(self._total)
        heads, tails, capacities = [], [], []
        for node, (mask, points) in enumerate(supplies.items(), 2 + n):
            doctors = np.flatnonzero(np.frombuffer(mask, dtype=np.bool_))
            tails += [np.zeros(1, np.int64), np.full(len(doctors), node)]
            heads += [np.full(1, node), doctors + 2]
            capacities += [np.full(1, points), np.full(len(doctors), points)]
        self._solver = SimpleMaxFlow()
        # Node 0 gives, node 1 takes, then doctors, then the sets of files.
        self._sinks = self._solver.add_arcs_with_capacity(
            np.arange(n) + 2, np.ones(n, np.int64), np.zeros(n, np.int64)
        )
        if tails:
            self._solver.add_arcs_with_capacity(
                np.concatenate(tails), np.concatenate(heads), np.concatenate(capacities)
            )
        self._is_empty = not tails or not n

    def _flow(self, utilisation: float) -> int:
        """Return how many points fit when nobody's load goes beyond a utilisation."""
        if self._is_empty:
            return 0
        room = (self._total * utilisation).astype(np.int64) - self._held
        self._solver.set_arcs_capacity(self._sinks, np.maximum(room, 0))
        if self._solver.solve(0, 1) != self._solver.OPTIMAL:
            raise RuntimeError("the flow of the bound has no solution")
        return int(self._solver.optimal_flow())

    def _least(self) -> float:
        low, high = 0.0, 1.0
        for _ in range(_STEPS):
            middle = (low + high) / 2
            if self._flow(middle) == self.placed:
                high = middle
            else:
                low = middle
        return high


def _supplies(grouping: Grouping) -> dict[bytes, int]:
    """Return the points of files by who may do them, as a mask of doctors."""
    found: Counter[bytes] = Counter()
    masks: dict[Group, bytes] = {}
    n = len(grouping.eligibility.table)
    for kind in grouping.kinds:
        if kind.group not in masks:
            masks[kind.group] = _mask(n, kind.group.doctors)
        found[masks[kind.group]] += kind.points
    if len(grouping.barred) <= _FEW_BARRED:
        for number, barred in grouping.barred.items():
            group, points = grouping.kind_of[number].group, grouping.points[number]
            found[masks[group]] -= points
            left = [d for d in group.doctors.tolist() if d not in barred]
            found[_mask(n, np.array(left, dtype=np.int64))] += points
    return {mask: points for mask, points in found.items() if points and any(mask)}


def _mask(n: int, doctors: IntArray) -> bytes:
    mask = np.zeros(n, dtype=np.bool_)
    mask[doctors] = True
    return mask.tobytes()
