"""The least possible worst utilisation of a run (borne): no plan can do better."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from ortools.graph.python.max_flow import SimpleMaxFlow

from assignment.doctors import BoolArray, IntArray
from assignment.eligibility import Group
from assignment.grouping import Grouping
from assignment.horizon import Horizon

_STEPS = 12  # halvings of [0, 1]: the bound is known to 1/4096
_FEW_BARRED = 300  # above, files with doctors of their own count as if nobody were barred


# Points by who may do them, as a mask of doctors, and by the last day on which they are in time.
_Supplies = dict[tuple[bytes, int], int]


class Bound:
    """Files may be split and nobody's place counts: what is needed at least of the busiest doctor.

    Attributes:
        demand: points of all files that somebody may do.
        placed: points of them that fit at all.
        utilisation: the least worst utilisation at which that many fit; 0 without files.
        late_points: points that are late at least in any plan that places so many.
    """

    def __init__(self, grouping: Grouping, horizon: Horizon) -> None:
        self._horizon, self._total = horizon, horizon.total
        self._held = grouping.eligibility.table.open_points
        supplies = _supplies(grouping)
        self.demand = sum(supplies.values())
        self._is_empty = not supplies or not len(self._total)
        self._build(supplies)
        self.placed = self._flow(1.0)
        self.utilisation = self._least() if self.placed else 0.0
        self.late_points = max(0, self.placed - self._most_in_time(supplies))

    def _build(self, supplies: _Supplies) -> None:
        n = len(self._total)
        by_mask: Counter[bytes] = Counter()
        for (mask, _), points in supplies.items():
            by_mask[mask] += points
        self._solver = SimpleMaxFlow()
        # Node 0 gives, node 1 takes, then doctors, then the sets of files.
        self._sinks = self._solver.add_arcs_with_capacity(
            np.arange(n) + 2, np.ones(n, np.int64), np.zeros(n, np.int64)
        )
        heads = [np.flatnonzero(_doctors(mask)) + 2 for mask in by_mask]
        _add_sets(self._solver, 2 + n, heads, list(by_mask.values()))

    def _most_in_time(self, supplies: _Supplies) -> int:
        """Return how many points can be done by their last day.

        A doctor is a chain of the days on which anything is due, which carries from one to the
        next what the calendar holds until then.
        """
        if self._is_empty:
            return 0
        n, room = self._horizon.room.shape[0], self._horizon.room
        days = sorted({day for _, day in supplies} | {room.shape[1] - 1})
        first = {day: 2 + at * n for at, day in enumerate(days)}
        solver, everybody = SimpleMaxFlow(), np.arange(n)
        for at, day in enumerate(days):
            is_last = at == len(days) - 1
            heads = np.ones(n, np.int64) if is_last else everybody + first[days[at + 1]]
            solver.add_arcs_with_capacity(everybody + first[day], heads, room[:, day])
        heads = [np.flatnonzero(_doctors(mask)) + first[day] for mask, day in supplies]
        _add_sets(solver, 2 + n * len(days), heads, list(supplies.values()))
        return _solved(solver)

    def _flow(self, utilisation: float) -> int:
        """Return how many points fit when nobody's load goes beyond a utilisation."""
        if self._is_empty:
            return 0
        room = (self._total * utilisation).astype(np.int64) - self._held
        self._solver.set_arcs_capacity(self._sinks, np.maximum(room, 0))
        return _solved(self._solver)

    def _least(self) -> float:
        low, high = 0.0, 1.0
        for _ in range(_STEPS):
            middle = (low + high) / 2
            if self._flow(middle) == self.placed:
                high = middle
            else:
                low = middle
        return high


def _add_sets(
    solver: SimpleMaxFlow, first: int, heads: Sequence[IntArray], points: Sequence[int]
) -> None:
    """Add a node for each set of files, from ``first`` on: its points come from node 0."""
    if not heads:
        return
    nodes = first + np.arange(len(heads))
    solver.add_arcs_with_capacity(np.zeros(len(heads), np.int64), nodes, np.array(points))
    sizes = [len(each) for each in heads]
    solver.add_arcs_with_capacity(
        nodes.repeat(sizes), np.concatenate(heads), np.array(points).repeat(sizes)
    )


def _solved(solver: SimpleMaxFlow) -> int:
    if solver.solve(0, 1) != solver.OPTIMAL:
        raise RuntimeError("the flow of the bound has no solution")
    return int(solver.optimal_flow())


def _supplies(grouping: Grouping) -> _Supplies:
    """Return the points of files that somebody may do."""
    found: Counter[tuple[bytes, int]] = Counter()
    masks: dict[Group, bytes] = {}
    n = len(grouping.eligibility.table)
    for kind in grouping.kinds:
        if kind.group not in masks:
            masks[kind.group] = _mask(n, kind.group.doctors)
        found[masks[kind.group], kind.day] += kind.points
    if len(grouping.barred) <= _FEW_BARRED:
        for number, barred in grouping.barred.items():
            kind, points = grouping.kind_of[number], grouping.points[number]
            found[masks[kind.group], kind.day] -= points
            left = [d for d in kind.group.doctors.tolist() if d not in barred]
            found[_mask(n, np.array(left, dtype=np.int64)), kind.day] += points
    return {key: points for key, points in found.items() if points and any(key[0])}


def _mask(n: int, doctors: IntArray) -> bytes:
    mask = np.zeros(n, dtype=np.bool_)
    mask[doctors] = True
    return mask.tobytes()


def _doctors(mask: bytes) -> BoolArray:
    return np.frombuffer(mask, dtype=np.bool_)
