"""Reviews spread over the days on which they may open (lissage), within the doctors' free time."""

import heapq
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple


class Cell(NamedTuple):
    """Who would do it and when: a pool of doctors (a region), a flow, a day."""

    pool: str
    flow: str
    day: date


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """So many reviews alike, which may open from ``first`` to ``last``, both included.

    ``key`` tells them from others of the same days; the plan does not look at it.
    """

    pool: str
    flow: str
    planned: date
    first: date
    last: date
    count: int
    key: str = ""


@dataclass(frozen=True, slots=True)
class Room:
    """What pools can do, in minutes a day.

    Attributes:
        by_flow: of the doctors who may do a flow; a doctor of several flows counts in each.
        in_all: of all doctors of a pool, each counted once.
        cost: minutes of one review, by flow, at least 1.
        is_worked: whether a day is a working day; nothing is moved to one that is not.
    """

    by_flow: Mapping[Cell, int]
    in_all: Mapping[tuple[str, date], int]
    cost: Mapping[str, int]
    is_worked: Callable[[date], bool]


Placed = dict[date, int]


def spread(dues: Sequence[Due], room: Room, held: Mapping[Cell, int]) -> list[Placed]:
    """Return for each of ``dues`` how many open on which day; the sum is its count.

    Those with the fewest days to choose from come first. Each goes to the day nearest to the
    planned one that still has room, an earlier one before a later one; where no day has room, to
    the day that is least overdone. When that would do more beyond the pools' time than the plan
    as it was, everything stays as planned. The same input gives the same plan, whatever its order.

    Args:
        dues: what is to be placed.
        room: the pools' time.
        held: reviews that open on a day and are not moved, by cell.
    """
    in_order = sorted(range(len(dues)), key=lambda n: (_choices(dues[n]), dues[n]))
    plan = _Plan(room, held)
    found: list[Placed] = [{} for _ in dues]
    for number in in_order:
        found[number] = plan.place(dues[number])
    as_planned = _Plan(room, held)
    for due in dues:
        as_planned.add(Cell(due.pool, due.flow, due.planned), due.count)
    if plan.overdone() > as_planned.overdone():
        return [{due.planned: due.count} for due in dues]
    return found


def _choices(due: Due) -> int:
    return (due.last - due.first).days


@lru_cache(maxsize=4096)
def _days(planned: date, first: date, last: date) -> tuple[date, ...]:
    """Return the days from ``first`` to ``last``, those near ``planned`` first."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return tuple(sorted(days, key=lambda day: (abs((day - planned).days), day)))


class _Plan:
    """Minutes taken so far."""

    def __init__(self, room: Room, held: Mapping[Cell, int]) -> None:
        self.room = room
        self.of_flow: Counter[Cell] = Counter()
        self.of_all: Counter[tuple[str, date]] = Counter()
        for cell, count in held.items():
            self.add(cell, count)

    def add(self, cell: Cell, count: int) -> None:
        minutes = count * self._cost(cell.flow)
        self.of_flow[cell] += minutes
        self.of_all[cell.pool, cell.day] += minutes

    def place(self, due: Due) -> Placed:
        placed: Counter[date] = Counter()
        left = due.count
        days = [d for d in _days(due.planned, due.first, due.last) if self.room.is_worked(d)]
        for day in days:
            if not left:
                break
            fits = min(left, self._fits(Cell(due.pool, due.flow, day)))
            self._take(due, day, fits, placed)
            left -= fits
        if left:
            self._overflow(due, left, days, placed)
        return dict(placed)

    def _take(self, due: Due, day: date, count: int, placed: Counter[date]) -> None:
        if count:
            self.add(Cell(due.pool, due.flow, day), count)
            placed[day] += count

    def _overflow(self, due: Due, left: int, days: Sequence[date], placed: Counter[date]) -> None:
        """Share out what fits nowhere over the days, those least overdone first."""
        open_days = [day for day in days if self._capacity(Cell(due.pool, due.flow, day))]
        if not open_days:
            self._take(due, due.planned, left, placed)
            return
        order = [(self._load(due, day), rank, day) for rank, day in enumerate(open_days)]
        heapq.heapify(order)
        for _ in range(left):
            _, rank, day = order[0]
            self._take(due, day, 1, placed)
            heapq.heapreplace(order, (self._load(due, day), rank, day))

    def _load(self, due: Due, day: date) -> float:
        cell = Cell(due.pool, due.flow, day)
        return self.of_flow[cell] / self._capacity(cell)

    def _capacity(self, cell: Cell) -> int:
        return min(self.room.by_flow.get(cell, 0), self.room.in_all.get((cell.pool, cell.day), 0))

    def _fits(self, cell: Cell) -> int:
        free = min(
            self.room.by_flow.get(cell, 0) - self.of_flow[cell],
            self.room.in_all.get((cell.pool, cell.day), 0) - self.of_all[cell.pool, cell.day],
        )
        return max(0, free) // self._cost(cell.flow)

    def _cost(self, flow: str) -> int:
        return max(1, self.room.cost.get(flow, 1))

    def overdone(self) -> int:
        """Return the minutes beyond what pools and their doctors of a flow can do."""
        flows = (max(0, m - self.room.by_flow.get(cell, 0)) for cell, m in self.of_flow.items())
        pools = (max(0, m - self.room.in_all.get(cell, 0)) for cell, m in self.of_all.items())
        return sum(flows) + sum(pools)
