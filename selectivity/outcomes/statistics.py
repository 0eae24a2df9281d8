"""Rates and ratios with their intervals (intervalles de confiance). Pure; 95 % unless said.

Sources: Wilson 1927; Kish 1965 (effective size of a weighted sample); Hájek 1971 (ratio form of
inverse-probability weighting); Katz 1978 (log interval of a ratio of rates); Mantel and Haenszel
1959 with the variance of Greenland and Robins 1985 (ratio over strata).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Z95 = 1.959963984540054
_NORMAL = NormalDist()


def z_of(error: float) -> float:
    """Return how many standard deviations leave ``error`` outside, both sides together."""
    return _NORMAL.inv_cdf(1 - error / 2)


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its interval, from ``n`` observations (effective ones when weighted)."""

    hits: float
    n: float
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two rates with its interval; ``high`` is infinite where nothing bounds it."""

    value: float
    low: float
    high: float

    @property
    def includes_one(self) -> bool:
        """Whether the interval does not tell the two rates apart."""
        return self.low <= 1.0 <= self.high


def wilson(hits: float, n: float, z: float = Z95) -> Rate:
    """Return a rate with Wilson's score interval; no observations give 0 with [0, 1].

    >>> found = wilson(6, 30)
    >>> round(found.low, 3), round(found.high, 3)
    (0.095, 0.373)
    """
    if n <= 0:
        return Rate(0.0, 0.0, 0.0, 0.0, 1.0)
    share = min(max(hits / n, 0.0), 1.0)
    centre = share + z * z / (2 * n)
    spread = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return Rate(
        hits, n, share, max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
    )


def weighted_rate(
    is_hit: NDArray[np.bool_], probability: NDArray[np.float64], z: float = Z95
) -> Rate:
    """Return the rate in the population from a sample drawn with known probabilities.

    Hájek's estimate; its interval is Wilson's at Kish's effective size. Files whose probability
    is unknown or nought stand for nobody and are left out.
    """
    known = np.isfinite(probability) & (probability > 0)
    if not known.any():
        return wilson(0, 0, z)
    weight = 1.0 / probability[known]
    total = float(weight.sum())
    share = float(weight[is_hit[known]].sum()) / total
    size = total * total / float((weight * weight).sum())
    return wilson(share * size, size, z)


def lift(rate: Rate, base: Rate, z: float = Z95) -> Ratio:
    """Return how many times ``base`` a rate is (Katz); half a hit is added where one has none."""
    if rate.n <= 0 or base.n <= 0:
        return Ratio(0.0, 0.0, math.inf)
    extra = 0.5 if rate.hits <= 0 or base.hits <= 0 else 0.0
    first, second = rate.hits + extra, base.hits + extra
    log = math.log((first / (rate.n + extra)) / (second / (base.n + extra)))
    variance = 1 / first - 1 / (rate.n + extra) + 1 / second - 1 / (base.n + extra)
    spread = z * math.sqrt(max(variance, 0.0))
    value = rate.value / base.value if base.value > 0 else (math.inf if rate.value else 0.0)
    return Ratio(value, math.exp(log - spread), math.exp(log + spread))


@dataclass(frozen=True, slots=True)
class Stratum:
    """Two groups within one stratum: events and files of the group, then of the others."""

    events: float
    files: float
    other_events: float
    other_files: float


def common_ratio(strata: Sequence[Stratum], z: float = Z95) -> Ratio | None:
    """Return the ratio of rates that the strata have in common; ``None`` when there is none.

    Comparing within strata keeps a group that asks for other benefits from looking favoured or
    harassed for that alone. Where one side has no event at all, strata are added up instead, with
    half an event on both sides (Haldane).
    """
    up = down = variance = 0.0
    both_sides = [each for each in strata if each.files and each.other_files]
    for each in both_sides:
        both = each.files + each.other_files
        up += each.events * each.other_files / both
        down += each.other_events * each.files / both
        events = each.events + each.other_events
        variance += (
            events * each.files * each.other_files - each.events * each.other_events * both
        ) / (both * both)
    if up <= 0 and down <= 0:
        return None
    if up <= 0 or down <= 0:
        own = sum(each.events for each in both_sides), sum(each.files for each in both_sides)
        other = (
            sum(each.other_events for each in both_sides),
            sum(each.other_files for each in both_sides),
        )
        return lift(wilson(*own), wilson(*other), z)
    value = up / down
    spread = z * math.sqrt(max(variance, 0.0) / (up * down))
    return Ratio(value, value * math.exp(-spread), value * math.exp(spread))


def median_with_interval(
    values: NDArray[np.float64], z: float = Z95
) -> tuple[float, float, float] | None:
    """Return the median and its distribution-free interval (order statistics)."""
    n = len(values)
    if not n:
        return None
    ordered = np.sort(values)
    reach = z * math.sqrt(n) / 2
    low = max(0, math.floor(n / 2 - reach))
    high = min(n - 1, math.ceil(n / 2 + reach))
    return float(np.median(ordered)), float(ordered[low]), float(ordered[high])
