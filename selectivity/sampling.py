"""Which of the files that match a row are taken: its rate and its daily quota (quota du jour)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from selectivity.draws import DRAW_RANGE, Draws, bound, row_purpose
from selectivity.tables import WHOLE, Row

QuotaUsed = Mapping[tuple[str, date], int]
"""Files that a row already took on a day, by (row id, day of reception)."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that matches a sampled row.

    Attributes:
        place: position of the file in the batch.
        case: (period, identity) of its draws.
        day: civil day of reception, whose quota it would use.
        stored_cut: the cut of an earlier decision, when it is replayed.
    """

    place: int
    case: tuple[str, bytes]
    day: date
    stored_cut: int | None = None


@dataclass(frozen=True, slots=True)
class Sampled:
    """Whether a row took a file.

    Attributes:
        is_taken: the draw lies below the cut.
        cut: first draw that is not taken, of this file's own; ``cut / 2**64`` is its chance.
    """

    is_taken: bool
    cut: int

    @property
    def probability(self) -> float:
        """Return the chance of being taken, in [0, 1]."""
        return self.cut / DRAW_RANGE


def is_sampled(row: Row) -> bool:
    """Return whether the row takes only some of the files that match."""
    return row.rate < WHOLE or row.daily_quota is not None


def sample(
    row: Row, candidates: Sequence[Candidate], draws: Draws, quota_used: QuotaUsed
) -> dict[int, Sampled]:
    """Return for each candidate, by place, whether the row takes it.

    The rate takes draws below it; a quota then keeps the smallest draws of the day. Draws that
    tie at the cut are all left out, so that order never counts and the quota is never exceeded.
    Where the quota binds, the chance of a file is the draw that it had to beat, given the other
    files (bottom-k sampling), which keeps inverse-probability estimates unbiased.
    """
    numbers = draws.draw_many((c.case for c in candidates), row_purpose(row.id))
    limit = bound(row.rate)
    cuts = _cuts(row, candidates, numbers, quota_used)
    found: dict[int, Sampled] = {}
    for candidate, number in zip(candidates, numbers, strict=True):
        cut = candidate.stored_cut
        if cut is None:
            inside, outside = cuts.get(candidate.day, (limit, limit))
            cut = inside if number < inside else outside
        found[candidate.place] = Sampled(number < cut, cut)
    return found


def _cuts(
    row: Row, candidates: Sequence[Candidate], numbers: Sequence[int], used: QuotaUsed
) -> dict[date, tuple[int, int]]:
    """Return by day the cut for files inside the quota and for those left out."""
    if row.daily_quota is None:
        return {}
    limit = bound(row.rate)
    by_day: dict[date, list[int]] = {}
    for candidate, number in zip(candidates, numbers, strict=True):
        by_day.setdefault(candidate.day, []).append(number)
    cuts = {}
    for day, drawn in by_day.items():
        left = max(0, row.daily_quota - used.get((row.id, day), 0))
        smallest = sorted(number for number in drawn if number < limit)
        if left == 0:
            cuts[day] = (0, 0)
        elif len(smallest) > left:
            cuts[day] = (smallest[left], smallest[left - 1])
    return cuts
