"""The flow of points from kinds of files through pools to doctors' days, at least cost."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from assignment.doctors import FloatArray, IntArray
from assignment.grouping import Grouping, PoolKey
from assignment.horizon import Horizon
from assignment.scoring import Weights
from medcontrol.vocabulary import ControlLevel

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
        direct: by kind, points to each doctor it was offered to one by one, in their order.
        from_pool: by pool, its doctors (m,) and the points to each (m,).
    """

    to_pool: dict[int, list[int]]
    to_previous: dict[int, int]
    direct: dict[int, list[int]]
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
    price the load: a convex stair that is steep beyond the target. A day on which nothing falls
    due is no link of the chain: it asks for nothing that the next one does not.
    """

    def __init__(
        self, grouping: Grouping, horizon: Horizon, weights: Weights, *, target: float
    ) -> None:
        self.grouping, self.horizon, self.weights = grouping, horizon, weights
        self.doctors = len(horizon.total)
        last = horizon.minutes.shape[1] - 1
        self._days = sorted({kind.day for kind in grouping.kinds} | {last})
        self._link = {day: link for link, day in enumerate(self._days)}
        self._supply = sum(grouping.points)
        self._first_kind = 1 + self.doctors * len(self._days)
        self._first_pool = self._first_kind + len(grouping.kinds)
        self._arcs = _Arcs()
        self._add_days()
        self._add_loads(target)
        self._pool_begin = self._add_pools()
        self._kind_begin = self._add_kinds()

    def _add_days(self) -> None:
        everybody = np.arange(self.doctors)
        for link, day in enumerate(self._days[:-1]):
            tails = 1 + everybody * len(self._days) + link
            room = self.horizon.room[:, day]
            self._arcs.add(tails, tails + 1, room, np.zeros(self.doctors))
            late = np.full(self.doctors, round(LATE * SCALE))
            self._arcs.add(tails, tails + 1, np.full(self.doctors, self._supply), late)

    def _add_loads(self, target: float) -> None:
        total = self.horizon.total
        held = self.grouping.eligibility.table.open_points
        tails = (1 + np.arange(self.doctors)) * len(self._days)
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
        """Add the arcs from pools to doctors; return where those of each pool begin."""
        pools = self.grouping.pools
        if not pools:
            return []
        doctors = np.concatenate(list(pools.values()))
        sizes = np.array([len(each) for each in pools.values()])
        links = np.array([self._link.get(key.day, 0) for key in pools])
        levels = np.array([key.level.rank for key in pools])
        costs = np.array([self.grouping.pool_costs(level) for level in ControlLevel])
        first = self._arcs.add(
            np.repeat(np.arange(self._first_pool, self._first_pool + len(pools)), sizes),
            1 + doctors * len(self._days) + np.repeat(links, sizes),
            np.full(len(doctors), self._supply),
            (costs[np.repeat(levels, sizes), doctors] * SCALE).round(),
        )
        return [first, *(first + sizes.cumsum()[:-1]).tolist()]

    def _add_kinds(self) -> list[int]:
        """Add the arcs from kinds; return where those of each kind begin: waiting comes first."""
        numbers = {key: self._first_pool + at for at, key in enumerate(self.grouping.pools)}
        heads: list[int] = []
        costs: list[float] = []
        begins: list[int] = []
        for kind in self.grouping.kinds:
            begins.append(len(heads))
            heads.append(0)
            costs.append(WAITING / (1 + kind.priority) - kind.day)
            for way in kind.ways:
                heads.append(numbers[way.pool])
                costs.append(way.cost)
            one_by_one = kind.direct
            if kind.previous is not None:
                one_by_one = (*kind.direct, kind.previous)
            link = 1 + self._link[kind.day]
            for doctor, cost in one_by_one:
                heads.append(doctor * len(self._days) + link)
                costs.append(cost)
        sizes = np.diff(np.array([*begins, len(heads)]))
        tails = np.arange(self._first_kind, self._first_pool).repeat(sizes)
        room = np.array([kind.points for kind in self.grouping.kinds]).repeat(sizes)
        first = self._arcs.add(tails, np.array(heads), room, (np.array(costs) * SCALE).round())
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
            if kind.direct:
                begin, end = end, end + len(kind.direct)
                found.direct[at] = list(amounts[begin:end])
            if kind.previous is not None:
                found.to_previous[at] = amounts[end]
        return found
