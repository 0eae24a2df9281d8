"""The flow of points from kinds of files through pools to doctors' days, at least cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from assignment.doctors import FloatArray, IntArray
from assignment.grouping import Grouping, PoolKey
from assignment.horizon import Horizon
from assignment.scoring import Weights

#: The solver counts in whole numbers: a cost of 1.0 is so many of them, per point.
SCALE = 10
#: Per point, in the unit of ``Weights``. Nothing soft is worth a late point or one above target.
LATE = 200.0
ABOVE_TARGET = 80.0
WAITING = 5_000.0
#: Where the price of a load rises, as shares of the target.
_STAIRS = (0.25, 0.5, 0.7, 0.82, 0.9, 0.95, 0.975, 0.99, 1.0)


@dataclass(slots=True)
class Flow:
    """What goes where, in points.

    Attributes:
        to_pool: by kind, points to each of its ways, in their order.
        to_previous: by kind, points back to the previous doctor.
        alone: by kind, points to each doctor it was offered to, in their order.
        from_pool: by pool, its doctors (m,) and the points to each (m,).
    """

    to_pool: dict[int, list[int]]
    to_previous: dict[int, int]
    alone: dict[int, list[int]]
    from_pool: dict[PoolKey, tuple[IntArray, IntArray]]


Numbers = IntArray | FloatArray


class _Arcs:
    """Arcs gathered as columns; each ``add`` returns where its arcs begin."""

    def __init__(self) -> None:
        self._columns: tuple[list[IntArray], ...] = ([], [], [], [])
        self._count = 0

    def add(self, tails: IntArray, heads: IntArray, room: IntArray, costs: Numbers) -> int:
        """Add arcs, (m,) each."""
        begin = self._count
        for column, values in zip(self._columns, (tails, heads, room, costs), strict=True):
            column.append(np.asarray(values, dtype=np.int64))
        self._count += len(tails)
        return begin

    def solver(self) -> SimpleMinCostFlow:
        """Return a solver with all arcs."""
        made = SimpleMinCostFlow()
        made.add_arcs_with_capacity_and_unit_cost(*map(np.concatenate, self._columns))
        return made


class Network:
    """Kinds → pools → (doctor, day) → … → (doctor, last day) → sink; a kind may also wait.

    What is due by day k enters a doctor's chain at k; the arc from k to the next day carries no
    more than the calendar allows until then, and a dear one beside it what is late. The last arcs
    price the load: a convex stair that is steep beyond the target.
    """

    def __init__(
        self, grouping: Grouping, horizon: Horizon, weights: Weights, *, target: float
    ) -> None:
        self.grouping, self.horizon, self.weights = grouping, horizon, weights
        self.doctors, self.days = horizon.minutes.shape
        self._supply = sum(kind.points for kind in grouping.kinds)
        self._first_kind = 1 + self.doctors * self.days
        self._first_pool = self._first_kind + len(grouping.kinds)
        self._arcs = _Arcs()
        self._add_days()
        self._add_loads(target)
        self._pool_begin = self._add_pools()
        self._kind_begin = self._add_kinds()

    def _node(self, doctors: IntArray, day: int) -> IntArray:
        nodes: IntArray = 1 + doctors * self.days + day
        return nodes

    def _add_days(self) -> None:
        everybody = np.arange(self.doctors)
        for day in range(self.days - 1):
            tails, heads = self._node(everybody, day), self._node(everybody, day + 1)
            room = self.horizon.room[:, day]
            self._arcs.add(tails, heads, room, np.zeros(self.doctors))
            late = np.full(self.doctors, round(LATE * SCALE))
            self._arcs.add(tails, heads, np.full(self.doctors, self._supply), late)

    def _add_loads(self, target: float) -> None:
        total = self.horizon.total
        held = self.grouping.eligibility.table.open_points
        tails = self._node(np.arange(self.doctors), self.days - 1)
        below = held.copy()
        steps = [step * target for step in _STAIRS] + [min(1.0, target + 0.004), 1.0]
        for number, step in enumerate(steps):
            upto = np.maximum((total * step).astype(np.int64), below)
            share = step - (step - steps[number - 1]) / 2 if number else step / 2
            price = self.weights.load * share * share
            price += ABOVE_TARGET * max(0, number - len(_STAIRS) + 1)
            costs = np.full(self.doctors, round(price * SCALE))
            self._arcs.add(tails, np.zeros_like(tails), upto - below, costs)
            below = upto

    def _add_pools(self) -> list[int]:
        begins = []
        for number, (key, doctors) in enumerate(self.grouping.pools.items()):
            node = np.full(len(doctors), self._first_pool + number)
            costs = np.array(self.grouping.pool_costs(key.level))[doctors] * SCALE
            room = np.full(len(doctors), self._supply)
            heads = self._node(doctors, key.day)
            begins.append(self._arcs.add(node, heads, room, costs.round()))
        return begins

    def _add_kinds(self) -> list[int]:
        numbers = {key: at for at, key in enumerate(self.grouping.pools)}
        tails, heads, room, costs, begins = [], [], [], [], []
        begin = 0
        for at, kind in enumerate(self.grouping.kinds):
            ends: list[tuple[int, float]] = [(0, WAITING / (1 + kind.priority) - kind.day)]
            ends += [(self._first_pool + numbers[way.pool], way.cost) for way in kind.ways]
            also = kind.alone if kind.previous is None else (*kind.alone, kind.previous)
            ends += [(1 + doctor * self.days + kind.day, cost) for doctor, cost in also]
            tails += [self._first_kind + at] * len(ends)
            heads += [end for end, _ in ends]
            costs += [round(cost * SCALE) for _, cost in ends]
            room += [kind.points] * len(ends)
            begins.append(begin)
            begin += len(ends)
        first = self._arcs.add(*map(np.array, (tails, heads, room, costs)))
        return [first + each for each in begins]

    def solve(self) -> Flow:
        """Return the cheapest flow."""
        solver = self._arcs.solver()
        kinds = self.grouping.kinds
        nodes = np.arange(self._first_kind, self._first_kind + len(kinds))
        supplies = np.array([kind.points for kind in kinds], dtype=np.int64)
        solver.set_nodes_supplies(np.append(nodes, 0), np.append(supplies, -self._supply))
        if solver.solve() != solver.OPTIMAL:
            raise RuntimeError("the flow of the plan has no solution")
        return self._read(solver.flows(np.arange(solver.num_arcs())))

    def _read(self, flows: IntArray) -> Flow:
        found = Flow({}, {}, {}, {})
        for begin, (key, doctors) in zip(
            self._pool_begin, self.grouping.pools.items(), strict=True
        ):
            points = flows[begin : begin + len(doctors)]
            used = points > 0
            if used.any():
                found.from_pool[key] = doctors[used], points[used]
        amounts: Sequence[int] = flows.tolist()
        for at, kind in enumerate(self.grouping.kinds):
            begin = self._kind_begin[at] + 1
            end = begin + len(kind.ways)
            found.to_pool[at] = list(amounts[begin:end])
            begin, end = end, end + len(kind.alone)
            found.alone[at] = list(amounts[begin:end])
            if kind.previous is not None:
                found.to_previous[at] = amounts[end]
        return found
