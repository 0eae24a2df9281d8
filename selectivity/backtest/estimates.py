"""What controls of the past say of files that were not controlled: inverse-probability estimates.

Every file had a known chance of control (``pi``), at least that of the random floor. A control
that found something stands for ``1 / pi`` files like it (Horvitz and Thompson), so the hits of any
other set of files can be estimated, whatever rules chose those that were controlled. What is asked
is not whether a rule set would have taken a controlled file (its draw is the one that got it
controlled) but the chance ``c`` with which it would have: the estimate is the sum of
``c × hit / pi``.

Assumptions, said with every result:

* the chances of control are those that were recorded, and none is zero;
* files were drawn independently of each other (true of the keyed draws; a little pessimistic where
  a daily quota binds);
* controls that are still open will find as often as those of the same kind that closed;
* a control finds what there is: doctors' severity is not corrected for.

Intervals: each of two classes of outcomes (certain control, drawn control) gets the Wilson interval
of its Hájek rate at Kish's effective number, scaled to files, with the correction for a finite
population where nearly all were looked at; the classes are combined by their distances to the
estimate (Zou and Donner's MOVER), which keeps room above zero where nothing was found yet.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST = 30
"""Fewer outcomes than this say nothing."""

Z = 1.959964
_SHARE = 0.05
_CERTAIN = 0.999

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval of 95 %.

    Attributes:
        value, low, high: ``None`` when there is not enough data.
        outcomes: closed controls that it rests on.
        is_enough: whether that is enough to say anything.
    """

    value: float | None
    low: float | None
    high: float | None
    outcomes: int
    is_enough: bool

    def as_json(self) -> dict[str, Any]:
        """Return the figure as plain values, rounded to what it is worth."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Closed controls with a known chance of control; each array is as long as there are.

    Attributes:
        pi: chance of having been controlled and closed, in (0, 1].
        is_certain: control was certain (a mandatory row, a rule without rate).
        is_hit: what is paid changed.
        avoided: centimes.
    """

    pi: Floats
    is_certain: NDArray[np.bool_]
    is_hit: NDArray[np.bool_]
    avoided: Floats

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.pi)


def closed_pi(pi: Floats, is_closed: NDArray[np.bool_]) -> Floats:
    """Return the chance of control and of being closed by now, for controlled files.

    Args:
        pi: chance of control of every controlled file.
        is_closed: whether its outcome is known.

    Returns:
        One value for each closed one: ``pi`` times the share of its class that closed.
    """
    found = pi.copy()
    for certain in (True, False):
        members = (pi >= _CERTAIN) == certain
        if members.any():
            found[members] *= is_closed[members].mean()
    return found[is_closed]


def is_certain(pi: Floats) -> NDArray[np.bool_]:
    """Return which files were controlled for certain."""
    return np.asarray(pi >= _CERTAIN)


def hits(outcomes: Outcomes, chance: Floats) -> Estimate:
    """Return how many hits a selection catches, each file taken with its ``chance``."""
    value, low, high = _total(outcomes, chance)
    return _said(outcomes, chance, value, low, high)


def hit_difference(outcomes: Outcomes, chance: Floats, base: Floats) -> Estimate:
    """Return how many more hits one selection catches than another."""
    more, less = np.maximum(chance - base, 0.0), np.maximum(base - chance, 0.0)
    gained, gained_low, gained_high = _total(outcomes, more)
    lost, lost_low, lost_high = _total(outcomes, less)
    value = gained - lost
    low = value - math.hypot(gained - gained_low, lost_high - lost)
    high = value + math.hypot(gained_high - gained, lost - lost_low)
    if not (more > 0).any() and not (less > 0).any():
        return Estimate(0.0, 0.0, 0.0, 0, True)
    return _said(outcomes, np.maximum(more, less), value, low, high)


def hit_rate(outcomes: Outcomes, chance: Floats) -> Estimate:
    """Return the share of a selection that a control would find wrong (Hájek)."""
    weights = chance / outcomes.pi
    total = float(weights.sum())
    if total <= 0:
        return Estimate(None, None, None, 0, False)
    rate = float((weights * outcomes.is_hit).sum()) / total
    low, high = wilson(rate, total**2 / float((weights**2).sum()))
    return _said(outcomes, chance, rate, low, high)


def avoided(outcomes: Outcomes, chance: Floats) -> Estimate:
    """Return the centimes that a selection keeps from being paid, by normal approximation."""
    worth = chance * outcomes.avoided
    value = float((worth / outcomes.pi).sum())
    spread = math.sqrt(float((worth**2 * (1 - outcomes.pi) / outcomes.pi**2).sum()))
    return _said(outcomes, chance, value, max(0.0, value - Z * spread), value + Z * spread)


def wilson(rate: float, number: float) -> tuple[float, float]:
    """Return the interval of a rate seen in ``number`` looks.

    >>> [round(end, 3) for end in wilson(0.2, 30)]
    [0.095, 0.373]
    """
    if number <= 0:
        return 0.0, 1.0
    square = Z * Z / number
    centre = (rate + square / 2) / (1 + square)
    reach = Z / (1 + square) * math.sqrt(rate * (1 - rate) / number + square / (4 * number))
    return max(0.0, centre - reach), min(1.0, centre + reach)


def _total(outcomes: Outcomes, chance: Floats) -> tuple[float, float, float]:
    """Return estimate and ends of a number of hits."""
    value, below, above = 0.0, 0.0, 0.0
    for certain in (True, False):
        members = (outcomes.is_certain == certain) & (chance > 0)
        if not members.any():
            continue
        weights = chance[members] / outcomes.pi[members]
        total = float(weights.sum())
        part = float((weights * outcomes.is_hit[members]).sum())
        low, high = wilson(part / total, total**2 / float((weights**2).sum()))
        left = math.sqrt(float(1.0 - (weights * outcomes.pi[members]).sum() / total))
        value += part
        below += ((part - low * total) * left) ** 2
        above += ((high * total - part) * left) ** 2
    return value, max(0.0, value - math.sqrt(below)), value + math.sqrt(above)


def _said(outcomes: Outcomes, chance: Floats, value: float, low: float, high: float) -> Estimate:
    """Return an estimate, or that there is not enough data for one."""
    used = chance > 0
    number = int(used.sum())
    weights = chance / outcomes.pi
    whole = float(weights.sum())
    is_enough = number >= LEAST
    for certain in (True, False):
        members = used & (outcomes.is_certain == certain)
        if whole > 0 and float(weights[members].sum()) / whole > _SHARE:
            is_enough = is_enough and int(members.sum()) >= LEAST
    if not is_enough:
        return Estimate(None, None, None, number, False)
    return Estimate(value, low, high, number, True)
