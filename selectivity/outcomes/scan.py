"""The search for new schemes among random controls (recherche de segments). Pure.

Every combination of up to three features that occurs in the random sample is tested for more
hits than chance brings. The test is exact (``exact``), the chance that a scan proposes anything
where nothing is there stays below ``Scanning.error`` (Bonferroni over the segments that could
reach significance at all, Tarone 1990; the choice looks at sizes only, never at hits), and a
segment has to stand out of every wider segment that holds it, of every row that covers it, and
without the files of stronger segments, so that one scheme gives one proposal.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from selectivity.history.cases import Cases, select
from selectivity.outcomes.exact import log_best, upper_tail
from selectivity.outcomes.lattice import Column, Condition, Group, columns_of, condition, groups
from selectivity.outcomes.lattice import members as files_of
from selectivity.outcomes.sample import controls_of
from selectivity.outcomes.settings import SCANNING, Scanning
from selectivity.outcomes.statistics import Rate, Ratio, lift, wilson

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of the random sample with more hits than chance brings.

    Attributes:
        condition: features with their values; all must hold.
        window: days of reception that were looked at.
        rate, base: hits inside, and in the rest of the window's random sample.
        lift: one over the other.
        p: exact p-value.
        threshold: what it had to stay below in its scan.
        share: part of all files, weighted by inverse probability.
        avoided_cents: what its random hits did not pay.
        hits: files of the segment that were hits.
    """

    condition: Condition
    window: int
    rate: Rate
    base: Rate
    lift: Ratio
    p: float
    threshold: float
    share: float
    avoided_cents: int
    hits: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class _Window:
    """The random controls of one window."""

    days: int
    cases: Cases
    hit: Mask
    columns: dict[str, Column]
    rows: tuple[Mask, ...]

    @property
    def size(self) -> int:
        return len(self.hit)


@dataclass(frozen=True, slots=True)
class _Found:
    condition: Condition
    p: float
    inside: Mask


def scan(cases: Cases, settings: Scanning = SCANNING) -> list[Segment]:
    """Return the segments that stand out, the most certain first.

    Args:
        cases: files of at least the longest window; only random controls are looked at. The
            windows end with the last day of reception.
        settings: error rate, windows, depth.
    """
    found: dict[Condition, Segment] = {}
    for days in settings.windows:
        window = _window(cases, days)
        if window is None:
            continue
        for segment in _scan_window(window, settings):
            before = found.get(segment.condition)
            if before is None or segment.p < before.p:
                found[segment.condition] = segment
    ordered = sorted(found.values(), key=lambda s: (s.p, s.condition.__repr__()))
    return ordered[: settings.most]


def _window(cases: Cases, days: int) -> _Window | None:
    """Return the random controls of the last days, without those that were asked for."""
    if not len(cases):
        return None
    controls = controls_of(cases)
    recent = cases.received_on > cases.received_on.max() - np.timedelta64(days, "D")
    used = controls.random & controls.counted & ~controls.asked & recent
    hit = controls.hit[used]
    if not hit.any() or hit.all():
        return None
    kept = select(cases, used)
    return _Window(days, kept, hit, columns_of(kept), _row_masks(kept))


def _row_masks(cases: Cases) -> tuple[Mask, ...]:
    rows = sorted({row for found in cases.matched_rows for row in found})
    return tuple(np.array([row in found for found in cases.matched_rows]) for row in rows)


def _scan_window(window: _Window, settings: Scanning) -> list[Segment]:
    files, hits = window.size, int(window.hit.sum())
    tested = list(groups(window.columns, window.hit, depth=settings.depth))
    threshold = _threshold(tested, hits, files, settings)
    kept: list[_Found] = []
    for each in _significant(tested, window, threshold, settings):
        if _stands_alone(each, kept, window, threshold, settings):
            kept.append(each)
    return [_segment(each, window, threshold) for each in kept]


def _threshold(tested: Sequence[Group], hits: int, files: int, settings: Scanning) -> float:
    """Return the p-value that a segment has to stay below (Tarone's bound)."""
    error = settings.error / len(settings.windows)
    sizes = np.concatenate([group.files for group in tested])
    sizes = sizes[sizes >= settings.min_files]
    if not len(sizes):
        return 0.0
    best = np.sort(log_best(sizes, hits, files))

    def able(number: int) -> int:
        """Return how many segments could be significant at this correction."""
        return int(np.searchsorted(best, math.log(error / number), side="right"))

    number = bisect_left(range(1, len(sizes) + 1), True, key=lambda k: able(k) <= k) + 1
    return error / number


def _significant(
    tested: Sequence[Group], window: _Window, threshold: float, settings: Scanning
) -> list[_Found]:
    """Return the segments that beat everything else, their wider segments and rows, in order."""
    total = int(window.hit.sum())
    found = []
    for group in tested:
        large = (group.hits >= settings.min_hits) & (group.files >= settings.min_files)
        places = np.flatnonzero(large & (group.files < window.size))
        if not len(places):
            continue
        p = upper_tail(group.hits[places], group.files[places], total, window.size)
        for place, value in zip(places[p < threshold], p[p < threshold], strict=True):
            wanted = condition(group, int(group.keys[place]), window.columns)
            inside = files_of(wanted, window.columns, window.size)
            if _worst_parent(wanted, inside, window, settings) < settings.narrower:
                found.append(_Found(wanted, float(value), inside))
    return sorted(found, key=lambda f: (f.p, len(f.condition), repr(f.condition)))


def _worst_parent(wanted: Condition, inside: Mask, window: _Window, settings: Scanning) -> float:
    """Return the largest p-value of a segment within each wider one and each covering row."""
    around = [
        files_of((*wanted[:n], *wanted[n + 1 :]), window.columns, window.size)
        for n in range(len(wanted))
        if len(wanted) > 1
    ]
    size = int(inside.sum())
    around += [row for row in window.rows if (row & inside).sum() >= settings.covered * size]
    return max((_within(inside, parent | inside, window.hit) for parent in around), default=0.0)


def _within(inside: Mask, parent: Mask, hit: Mask) -> float:
    """Return the p-value of a segment within the files of a wider one."""
    x, n = np.array([(hit & inside).sum()]), np.array([inside.sum()])
    return float(upper_tail(x, n, int((hit & parent).sum()), int(parent.sum()))[0])


def _stands_alone(
    each: _Found, kept: Sequence[_Found], window: _Window, threshold: float, settings: Scanning
) -> bool:
    """Return whether a segment still stands out without the files of stronger ones."""
    rest = np.ones(window.size, dtype=bool)
    for stronger in kept:
        rest &= ~stronger.inside
    inside = each.inside & rest
    if (window.hit & inside).sum() < settings.min_hits:
        return False
    return _within(inside, rest, window.hit) < threshold


def _segment(each: _Found, window: _Window, threshold: float) -> Segment:
    inside, hit = each.inside, window.hit
    rate = wilson(int((hit & inside).sum()), int(inside.sum()))
    base = wilson(int((hit & ~inside).sum()), int((~inside).sum()))
    weight = 1.0 / np.clip(np.nan_to_num(window.cases.inclusion_probability, nan=1.0), 1e-9, 1.0)
    return Segment(
        condition=each.condition, window=window.days, rate=rate, base=base,
        lift=lift(rate, base), p=each.p, threshold=threshold,
        share=float(weight[inside].sum() / weight.sum()),
        avoided_cents=int(window.cases.amount_avoided[inside & hit].sum()),
        hits=tuple(window.cases.ids[inside & hit]),
    )  # fmt: skip
