"""From points that may be split to whole files: who gets which, as near to the flow as can be."""

from collections.abc import Container, Iterable, Sequence
from heapq import heapify, heappop, heappush, heapreplace

import numpy as np

from assignment.doctors import FloatArray, IntArray
from assignment.eligibility import Group
from assignment.grouping import Grouping, Kind, PoolKey
from assignment.horizon import Horizon
from assignment.network import Flow
from assignment.scoring import Weights, load_costs

INFINITE = float("inf")
Limit = FloatArray | IntArray


class Rounding:
    """Files with doctors, and what each doctor holds and has booked.

    Attributes:
        doctor_of: doctor by number of task.
        load: (n,), points that each doctor holds, what they held before included.
    """

    def __init__(
        self,
        grouping: Grouping,
        horizon: Horizon,
        weights: Weights,
        *,
        load: IntArray | None = None,
    ) -> None:
        self.grouping, self.horizon, self.weights = grouping, horizon, weights
        self.tasks, self.points = grouping.tasks, grouping.points
        self.doctor_of: dict[int, int] = {}
        held = grouping.eligibility.table.open_points if load is None else load
        self.load: IntArray = held.copy()

    def follow(self, flow: Flow) -> list[int]:
        """Give whole files where the flow sends points; return the tasks that are left over."""
        left: list[int] = []
        in_pool: dict[PoolKey, list[int]] = {}
        for at, kind in enumerate(self.grouping.kinds):
            rest = kind.numbers
            if kind.direct:
                rest = self._one_by_one(kind, flow.direct[at])
            if kind.previous is not None:
                rest = self._back(kind.previous[0], rest, flow.to_previous[at])
            left += self._into_pools(kind, rest, flow.to_pool[at], in_pool)
        for key, numbers in in_pool.items():
            left += self._share(key, numbers, flow)
        self._book(self.doctor_of)
        return left

    def _book(self, numbers: Iterable[int]) -> None:
        """Book tasks that have their doctors, all at once."""
        rows = [
            (self.doctor_of[number], self.grouping.kind_of[number].day, self.points[number])
            for number in numbers
        ]
        if rows:
            doctors, days, points = np.array(rows, dtype=np.int64).T
            np.add.at(self.load, doctors, points)
            self.horizon.book_many(doctors, days, points)

    def give(self, number: int, doctor: int, day: int) -> None:
        """Give a task to a doctor and book it by its last day."""
        self.doctor_of[number] = doctor
        points = self.points[number]
        self.load[doctor] += points
        self.horizon.book(doctor, day, points)

    def take(self, number: int) -> int:
        """Take a task from its doctor and return the doctor."""
        doctor = self.doctor_of.pop(number)
        points = self.points[number]
        self.load[doctor] -= points
        self.horizon.book(doctor, self.grouping.kind_of[number].day, -points)
        return doctor

    def book_anew(self) -> Horizon:
        """Return a horizon with what doctors have now, after tasks moved between them."""
        table = self.grouping.eligibility.table
        self.horizon, self.load = Horizon(table), table.open_points.copy()
        self._book(self.doctor_of)
        return self.horizon

    def _one_by_one(self, kind: Kind, amounts: Sequence[int]) -> list[int]:
        """Give a file that stands for itself to the doctor who gets all of it; else return it."""
        for (doctor, _), amount in zip(kind.direct, amounts, strict=True):
            if 0 < kind.points == amount:
                self.doctor_of[kind.numbers[0]] = doctor
                return []
        return kind.numbers

    def _back(self, doctor: int, numbers: Sequence[int], amount: int) -> list[int]:
        """Give the previous doctor as many of a kind as the flow does; return the rest."""
        rest = []
        for number in numbers:
            points = self.points[number]
            if 0 < points <= amount:
                amount -= points
                self.doctor_of[number] = doctor
            else:
                rest.append(number)
        return rest

    def _into_pools(
        self,
        kind: Kind,
        numbers: Sequence[int],
        amounts: Sequence[int],
        in_pool: dict[PoolKey, list[int]],
    ) -> list[int]:
        """Put tasks into the pools of their kind, the nearest first; return those for none."""
        left: list[int] = []
        ways = [(way.pool, points) for way, points in zip(kind.ways, amounts, strict=True)]
        ways = [way for way in ways if way[1]]
        at, room = 0, ways[0][1] if ways else 0
        for number in numbers:
            points = self.points[number]
            while at < len(ways) and room * 2 < points:
                at += 1
                room = ways[at][1] + min(room, 0) if at < len(ways) else 0
            if at == len(ways):
                left.append(number)
                continue
            in_pool.setdefault(ways[at][0], []).append(number)
            room -= points
        return left

    def _share(self, key: PoolKey, numbers: list[int], flow: Flow) -> list[int]:
        """Share a pool's tasks out, heavy ones first, each to who is furthest from their share."""
        none = np.zeros(0, np.int64)
        doctors, points = flow.from_pool.get(key, (none, none))
        if not len(doctors):
            return numbers
        heap = list(zip((-points).tolist(), doctors.tolist(), strict=True))
        heapify(heap)
        left: list[int] = []
        barred = self.grouping.barred
        weigh = self.points
        numbers.sort(key=lambda number: -weigh[number])  # stable: urgency within
        for number in numbers:
            weight = weigh[number]
            if -heap[0][0] < weight:
                left.append(number)
            elif number in barred:
                left += self._share_past(heap, number, barred[number])
            else:
                room, doctor = heap[0]
                heapreplace(heap, (room + weight, doctor))
                self.doctor_of[number] = doctor
        return left

    def _share_past(
        self, heap: list[tuple[int, int]], number: int, barred: Container[int]
    ) -> list[int]:
        """Give a task to the first of a heap who is not barred; return it when that fails."""
        passed = []
        while heap and heap[0][1] in barred:
            passed.append(heappop(heap))
        weight, left = self.points[number], [number]
        if heap and -heap[0][0] >= weight:
            room, doctor = heap[0]
            heapreplace(heap, (room + weight, doctor))
            self.doctor_of[number] = doctor
            left = []
        for each in passed:
            heappush(heap, each)
        return left

    def place(
        self,
        numbers: Sequence[int],
        limit: Limit,
        *,
        in_time: bool,
        urgent: Limit | None = None,
    ) -> list[int]:
        """Give each task to the cheapest doctor below a limit; return those who found none.

        Args:
            numbers: tasks, served heavy ones first.
            limit: (n,), points that each doctor may hold.
            in_time: only where nothing that is booked becomes late.
            urgent: (n,), limit for urgent tasks; then tasks are served in order of urgency.
        """
        total = self.horizon.total
        prices = load_costs(self.load, total, self.weights)
        left: list[int] = []
        full: dict[tuple[Group, bool], int] = {}
        for number in sorted(numbers, key=self._heavy) if urgent is None else sorted(numbers):
            kind, points = self.grouping.kind_of[number], self.points[number]
            key = kind.group, kind.priority == 0
            doctor = None
            if points < full.get(key, points + 1):
                allowed = urgent if urgent is not None and kind.priority == 0 else limit
                doctor = self._cheapest(number, kind, prices, allowed, in_time=in_time)
                if doctor is None and number not in self.grouping.barred:
                    full[key] = points
            if doctor is None:
                left.append(number)
                continue
            self.give(number, doctor, kind.day)
            one = slice(doctor, doctor + 1)
            prices[one] = load_costs(self.load[one], total[one], self.weights)
        return left

    def _heavy(self, number: int) -> tuple[int, int]:
        return -self.points[number], number

    def _cheapest(
        self,
        number: int,
        kind: Kind,
        prices: FloatArray,
        limit: Limit,
        *,
        in_time: bool,
    ) -> int | None:
        doctors, points = kind.group.doctors, self.points[number]
        if not len(doctors):
            return None
        costs = kind.group.base + prices[doctors]
        costs[self.load[doctors] + points > limit[doctors]] = INFINITE
        if in_time:
            costs[~self.horizon.in_time(doctors, kind.day, points)] = INFINITE
        for doctor in self.grouping.barred.get(number, ()):
            at = kind.group.find(doctor)
            if at is not None:
                costs[at] = INFINITE
        if kind.previous is not None:
            at = kind.group.at(kind.previous[0])
            costs[at] -= self.weights.continuity
        best = int(costs.argmin())
        return None if costs.item(best) == INFINITE else kind.group.doctors.item(best)
