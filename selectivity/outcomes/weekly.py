"""Which paid files a week draws for later control (tirage hebdomadaire). Pure.

What overflowed for want of doctors comes first, then the others, each by the smallest draws. A
larger quota keeps every file of a smaller one, and the draw is keyed for the week, so nobody can
choose a file's place in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from selectivity.draws import DRAW_RANGE


def week_of(day: date) -> str:
    """Return the ISO week of a day.

    >>> week_of(date(2026, 11, 20))
    '2026-W47'
    """
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def purpose(week: str) -> str:
    """Return the purpose of a week's draw; independent of every other draw of the file."""
    return f"blue:{week}"


@dataclass(frozen=True, slots=True)
class Paid:
    """A paid file of the pool, with its draw of the week."""

    file_id: UUID
    draw: int
    is_overflow: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """A file that the week took.

    Attributes:
        probability: chance of being taken in this week, given the other draws (bottom-k).
    """

    file: Paid
    rank: int
    probability: float


@dataclass(frozen=True, slots=True)
class Week:
    """What a week took, and the chance of those that it did not, by part of the pool."""

    drawn: tuple[Drawn, ...]
    overflow_reach: float
    rest_reach: float


def choose(pool: Sequence[Paid], quota: int) -> Week:
    """Return the files that a week takes.

    Args:
        pool: every paid file that may be drawn; its order has no effect.
        quota: files at most.
    """
    overflow = sorted((f for f in pool if f.is_overflow), key=_order)
    rest = sorted((f for f in pool if not f.is_overflow), key=_order)
    first, first_reach = _smallest(overflow, max(0, quota))
    second, second_reach = _smallest(rest, max(0, quota - len(first)))
    drawn = tuple(
        Drawn(file, rank, chance) for rank, (file, chance) in enumerate([*first, *second], 1)
    )
    return Week(drawn, first_reach, second_reach)


def _order(file: Paid) -> tuple[int, UUID]:
    return file.draw, file.file_id


def _smallest(files: Sequence[Paid], k: int) -> tuple[list[tuple[Paid, float]], float]:
    """Return the k first files, each with its chance, and the chance of the others."""
    if k >= len(files):
        return [(file, 1.0) for file in files], 1.0
    if k <= 0:
        return [], 0.0
    chance = files[k].draw / DRAW_RANGE
    return [(file, chance) for file in files[:k]], files[k - 1].draw / DRAW_RANGE


def cumulated(past: Sequence[float], now: float) -> float:
    """Return the chance of being drawn by now, from the chances of the weeks in the pool.

    >>> cumulated([0.5], 0.5)
    0.75
    """
    spared = 1.0 - now
    for chance in past:
        spared *= 1.0 - chance
    return 1.0 - spared
