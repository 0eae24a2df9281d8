"""The random floor of a day in absolute files (plancher aléatoire): stratified, nested, keyed.

Each stratum gives its smallest draws. A larger floor keeps every file of a smaller one: strata
get their places one after the other, in an order that does not depend on how many there are.
"""

import heapq
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from selectivity.draws import DRAW_RANGE


@dataclass(frozen=True, slots=True)
class Drawable:
    """A file that may be drawn.

    Attributes:
        place: position of the file in the day.
        stratum: whose volume it belongs to.
        draw: its random draw, 0 to 2**64 - 1.
    """

    place: int
    stratum: str
    draw: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the floor says of a file.

    Attributes:
        is_taken: its draw is among the smallest of its stratum.
        probability: chance of being taken, given the other files (bottom-k sampling).
    """

    is_taken: bool
    probability: float


def draw_floor(
    files: Sequence[Drawable], size: int, rates: Mapping[str, int], least: int = 1
) -> dict[int, Drawn]:
    """Return by place what the floor says of every file that may be drawn.

    Args:
        files: of one day.
        size: how many are drawn, unless there are fewer files.
        rates: weight of each stratum a file, such as its rate in ten-thousandths.
        least: places that every stratum gets before any gets more.
    """
    by_stratum: dict[str, list[Drawable]] = defaultdict(list)
    for file in files:
        by_stratum[file.stratum].append(file)
    volumes = {name: len(members) for name, members in by_stratum.items()}
    places = apportion(volumes, size, rates, least)
    found: dict[int, Drawn] = {}
    for name, members in by_stratum.items():
        found |= _smallest(members, places[name])
    return found


def apportion(
    volumes: Mapping[str, int], size: int, rates: Mapping[str, int], least: int = 1
) -> dict[str, int]:
    """Return how many places each stratum gets (highest averages, so that more keeps what was).

    >>> apportion({"a": 900, "b": 90, "c": 10}, 10, {"a": 100, "b": 100, "c": 100})
    {'a': 8, 'b': 1, 'c': 1}
    """
    got = dict.fromkeys(volumes, 0)
    weights = {name: volumes[name] * max(rates.get(name, 1), 1) for name in volumes}
    for _ in range(least):
        for name in sorted(volumes, key=lambda each: (-weights[each], each)):
            if sum(got.values()) < size and got[name] < volumes[name]:
                got[name] += 1
    queue = [(-weights[name] / (got[name] + 1), name) for name in volumes]
    heapq.heapify(queue)
    left = min(size, sum(volumes.values())) - sum(got.values())
    while left > 0 and queue:
        _, name = heapq.heappop(queue)
        if got[name] >= volumes[name]:
            continue
        got[name] += 1
        left -= 1
        heapq.heappush(queue, (-weights[name] / (got[name] + 1), name))
    return got


def _smallest(members: Sequence[Drawable], places: int) -> dict[int, Drawn]:
    """Take the smallest draws of a stratum.

    The chance of a file is the draw that it had to beat, given the others: that keeps estimates
    by inverse probability unbiased.
    """
    ordered = sorted(members, key=lambda each: (each.draw, each.place))
    if places >= len(ordered):
        return {each.place: Drawn(True, 1.0) for each in ordered}
    if places <= 0:
        return {each.place: Drawn(False, 0.0) for each in ordered}
    inside, outside = ordered[places].draw, ordered[places - 1].draw
    return {
        each.place: Drawn(rank < places, (inside if rank < places else outside) / DRAW_RANGE)
        for rank, each in enumerate(ordered)
    }
