"""Compares two arms by a metric fixed beforehand, with an interval (comparaison des bras)."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from medcontrol.vocabulary import ExperimentMetric
from selectivity.backtest.estimates import LEAST, Z

DEFAULT_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Closed:
    """One closed control of an arm.

    Attributes:
        unit: whose files stay together: controls of one unit are not independent.
    """

    is_challenger: bool
    unit: str
    is_hit: bool
    avoided: int
    minutes: int | None


@dataclass(frozen=True, slots=True)
class ArmFigures:
    """What the controls of one arm found; ``value`` is the metric, with its standard error."""

    controls: int
    units: int
    hits: int
    minutes: int
    avoided: int
    value: float
    error: float

    def as_json(self) -> dict[str, Any]:
        """Return plain values; money in centimes."""
        return {
            "controls": self.controls, "units": self.units, "hits": self.hits,
            "minutes": self.minutes, "avoided": self.avoided, "value": round(self.value, 4),
            "low": round(max(0.0, self.value - Z * self.error), 4),
            "high": round(self.value + Z * self.error, 4),
        }  # fmt: skip


def compare(closed: Iterable[Closed], metric: ExperimentMetric) -> dict[str, Any]:
    """Return the figures of both arms, their difference and what it says.

    The metric is a ratio of sums (hits or money over controls or minutes); its error is that of a
    ratio estimated from clusters: controls of one provider or beneficiary count together. The
    interval of the difference is the normal one. Under thirty controls or ten units in an arm
    there is not enough data.
    """
    arms: dict[bool, list[Closed]] = {False: [], True: []}
    for each in closed:
        arms[each.is_challenger].append(each)
    champion, challenger = (figures(arms[side], metric) for side in (False, True))
    difference = challenger.value - champion.value
    reach = Z * math.hypot(champion.error, challenger.error)
    low, high = difference - reach, difference + reach
    is_enough = all(arm.controls >= LEAST and arm.units >= 10 for arm in (champion, challenger))
    return {
        "metric": metric.value,
        "champion": champion.as_json(),
        "challenger": challenger.as_json(),
        "difference": {
            "value": round(difference, 4) if is_enough else None,
            "low": round(low, 4) if is_enough else None,
            "high": round(high, 4) if is_enough else None,
        },
        "verdict": verdict(low, high) if is_enough else "not_enough_data",
    }


def verdict(low: float, high: float) -> str:
    """Return what the interval of a difference says.

    >>> verdict(0.1, 0.3), verdict(-0.2, 0.1), verdict(-3, -1)
    ('challenger', 'undecided', 'champion')
    """
    if low > 0:
        return "challenger"
    return "champion" if high < 0 else "undecided"


def figures(closed: list[Closed], metric: ExperimentMetric) -> ArmFigures:
    """Return what one arm found."""
    units: dict[str, tuple[float, float]] = {}
    for each in closed:
        above, below = _parts(each, metric)
        sums = units.get(each.unit, (0.0, 0.0))
        units[each.unit] = (sums[0] + above, sums[1] + below)
    value, error = _ratio(units)
    return ArmFigures(
        controls=len(closed),
        units=len(units),
        hits=sum(each.is_hit for each in closed),
        minutes=sum(_minutes(each) for each in closed),
        avoided=sum(each.avoided for each in closed),
        value=value,
        error=error,
    )


def _parts(each: Closed, metric: ExperimentMetric) -> tuple[float, float]:
    if metric is ExperimentMetric.HIT_RATE:
        return float(each.is_hit), 1.0
    hundred = _minutes(each) / 100
    if metric is ExperimentMetric.HITS_PER_100_POINTS:
        return float(each.is_hit), hundred
    return float(each.avoided), hundred


def _minutes(each: Closed) -> int:
    return each.minutes if each.minutes else DEFAULT_MINUTES


def _ratio(units: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    """Return the ratio of sums over clusters, and its standard error (linearised)."""
    whole = sum(below for _, below in units.values())
    if whole <= 0:
        return 0.0, 0.0
    value = sum(above for above, _ in units.values()) / whole
    count = len(units)
    if count < 2:
        return value, 0.0
    squares = sum((above - value * below) ** 2 for above, below in units.values())
    return value, math.sqrt(squares * count / (count - 1)) / whole
