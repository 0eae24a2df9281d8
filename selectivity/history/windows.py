"""Sums over the days before a day, for many questions at once (fenêtres glissantes)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_DAY_BITS = 22  # ordinals of days stay below 2**20


def ranked(*keys: Ints) -> list[Ints]:
    """Return each array with every key replaced by its rank among the keys of all of them."""
    together = np.concatenate(keys)
    _, places = np.unique(together, return_inverse=True)
    ends = np.cumsum([len(each) for each in keys])[:-1]
    return [part.astype(np.int64) for part in np.split(places, ends)]


def stamped(rank: Ints, day: npt.NDArray[Any]) -> Ints:
    """Return numbers that sort by rank, then day."""
    made: Ints = (rank << _DAY_BITS) | day.astype(np.int64)
    return made


@dataclass(frozen=True, slots=True)
class Total:
    """One sum: the column of the values, and over how many days before the day asked about."""

    column: str
    days: int


def window_sums(
    keys: Ints,
    days: npt.NDArray[Any],
    values: npt.NDArray[Any],
    totals: tuple[Total, ...],
    asked: Ints,
    asked_days: npt.NDArray[Any],
) -> Ints:
    """Return one row for each question and one column for each total.

    Only what lies strictly before the day of the question counts, back to ``Total.days`` days.

    Args:
        keys: whose events they are.
        days: ordinals of the events.
        values: structured array with the columns that totals name.
        totals: what to sum.
        asked: key of each question.
        asked_days: ordinal of each question's day.
    """
    made = np.zeros((len(asked), len(totals)), dtype=np.int64)
    if not len(keys) or not len(asked):
        return made
    rank, wanted = ranked(keys, asked)
    stamps = stamped(rank, days)
    order = np.argsort(stamps, kind="stable")
    stamps = stamps[order]
    end = np.searchsorted(stamps, stamped(wanted, asked_days))
    starts = {
        span: np.searchsorted(stamps, stamped(wanted, asked_days - span))
        for span in {total.days for total in totals}
    }
    sums: dict[str, Ints] = {}
    for place, total in enumerate(totals):
        if total.column not in sums:
            sums[total.column] = running(values[total.column][order])
        summed = sums[total.column]
        made[:, place] = summed[end] - summed[starts[total.days]]
    return made


def running(values: npt.NDArray[Any]) -> Ints:
    """Return the sums of the first 0, 1, 2… values."""
    made = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=made[1:])
    return made


def spread(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Return every place from ``starts`` to before ``ends``, and whose range each belongs to.

    >>> [each.tolist() for each in spread(np.array([3, 5]), np.array([5, 6]))]
    [[0, 0, 1], [3, 4, 5]]
    """
    lengths = np.maximum(ends - starts, 0)
    owner = np.repeat(np.arange(len(starts)), lengths)
    firsts = np.cumsum(lengths) - lengths
    places = np.arange(len(owner)) - np.repeat(firsts, lengths) + np.repeat(starts, lengths)
    return owner, places
