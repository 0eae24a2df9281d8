"""Whether files, score and random hit rate are still what they were (dérive). Pure.

Sources: the population stability index of credit scoring, with its usual bounds 0.1 and 0.25;
Page 1954 for the cumulative sum, Lorden 1971 for its bound on false alarms.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selectivity.history.cases import Cases, select
from selectivity.outcomes.sample import controls_of
from selectivity.outcomes.settings import MEASURING, Measuring
from selectivity.registry import FEATURES, FeatureKind

SCORE = "score"
_BINS = 10
_WORDS = 20
_SMALL = 1e-4  # share given to an empty bin, so that the index stays finite


@dataclass(frozen=True, slots=True)
class Shift:
    """How far one feature moved.

    Attributes:
        feature: its name, or ``score``.
        psi: population stability index of the last week against the weeks before.
        bins: label, share before and share now; the bins that moved most come first.
    """

    feature: str
    psi: float
    bins: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Cusum:
    """The random hit rate, followed file by file in the order of decisions.

    Attributes:
        direction: ``up`` or ``down``.
        rate: hit rate of the reference.
        ratio: change that is looked for.
        statistic, limit: where the sum stands; at the limit the rate has moved.
        path: the sum at the end of each day, for a chart.
        alarm_on: first day on which it passed the limit, if it still counts.
    """

    direction: str
    rate: float
    ratio: float
    statistic: float
    limit: float
    path: tuple[tuple[str, float], ...]
    alarm_on: date | None

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self) | {"alarm_on": self.alarm_on.isoformat() if self.alarm_on else None}


def psi(before: NDArray[np.float64], now: NDArray[np.float64]) -> float:
    """Return the index of two sets of counts over the same bins; 0 when either is empty.

    >>> psi(np.array([50.0, 50.0]), np.array([50.0, 50.0]))
    0.0
    """
    if before.sum() == 0 or now.sum() == 0:
        return 0.0
    p = np.maximum(before / before.sum(), _SMALL)
    q = np.maximum(now / now.sum(), _SMALL)
    return float(((q - p) * np.log(q / p)).sum())


def shifts(
    before: Sequence[Mapping[str, Any]],
    now: Sequence[Mapping[str, Any]],
    *,
    scores: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None,
    settings: Measuring = MEASURING,
) -> list[Shift]:
    """Return the shift of every feature that occurs, the largest first.

    Args:
        before: snapshots of the reference weeks.
        now: snapshots of the week in question.
        scores: scores of the same two sets, where a model is in use.
        settings: below ``psi_files`` in either set nothing is said.
    """
    if min(len(before), len(now)) < settings.psi_files:
        return []
    names = sorted({name for each in (*before, *now) for name in each} & FEATURES.keys())
    found = [
        _shift(name, [each.get(name) for each in before], [each.get(name) for each in now])
        for name in names
        if FEATURES[name].kind is not FeatureKind.DATE
    ]
    if scores is not None and min(map(len, scores)) >= settings.psi_files:
        found.append(_numbers(SCORE, list(scores[0]), list(scores[1])))
    return sorted(found, key=lambda shift: (-shift.psi, shift.feature))


def _shift(name: str, before: Sequence[Any], now: Sequence[Any]) -> Shift:
    if FEATURES[name].kind is FeatureKind.INTEGER:
        return _numbers(name, before, now)
    return _words(name, before, now)


def _numbers(name: str, before: Sequence[Any], now: Sequence[Any]) -> Shift:
    """Compare over tenths of the reference; what is missing is a bin of its own."""
    known = np.array([value for value in before if value is not None], dtype=float)
    edges = known
    if len(known):
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))

    def place(value: Any) -> int:
        return -1 if value is None else int(np.searchsorted(edges, value, side="right"))

    labels = {-1: "—"} | {n: _between(edges, n) for n in range(len(edges) + 1)}
    return _compare(name, [place(v) for v in before], [place(v) for v in now], labels.__getitem__)


def _between(edges: NDArray[np.float64], n: int) -> str:
    low = f"{edges[n - 1]:g}" if n else ""
    high = f"{edges[n]:g}" if n < len(edges) else ""
    return f"{low}–{high}" if low and high else (f"< {high}" if high else f"≥ {low}")


def _words(name: str, before: Sequence[Any], now: Sequence[Any]) -> Shift:
    """Compare over the commonest words of the reference; the others are one bin."""

    def word(value: Any) -> str:
        if value is None:
            return "—"
        return ",".join(value) if isinstance(value, list | tuple) else str(value)

    first, second = [word(value) for value in before], [word(value) for value in now]
    words, counts = np.unique(np.array(first, dtype=object).astype(str), return_counts=True)
    common = set(words[np.argsort(-counts, kind="stable")][:_WORDS])

    def bin_of(found: str) -> str:
        return found if found in common else "…"

    return _compare(name, [bin_of(w) for w in first], [bin_of(w) for w in second], str)


def _compare(
    name: str, before: Sequence[Any], now: Sequence[Any], label: Callable[[Any], str]
) -> Shift:
    bins = sorted(set(before) | set(now), key=str)
    number = {each: place for place, each in enumerate(bins)}
    p = np.bincount([number[each] for each in before], minlength=len(bins)).astype(float)
    q = np.bincount([number[each] for each in now], minlength=len(bins)).astype(float)
    moved = sorted(range(len(bins)), key=lambda n: -abs(q[n] / q.sum() - p[n] / p.sum()))
    shown = tuple(
        (label(bins[n]), round(float(p[n] / p.sum()), 4), round(float(q[n] / q.sum()), 4))
        for n in moved[:5]
    )
    return Shift(name, psi(p, q), shown)


def random_rate(
    cases: Cases, *, reference_until: date, settings: Measuring = MEASURING
) -> list[Cusum]:
    """Return the two cumulative sums of the random hit rate since the reference ended.

    Args:
        cases: files of the whole window.
        reference_until: outcomes known up to this day give the rate; later ones are followed.
        settings: change that is looked for, and files between two false alarms.
    """
    found = controls_of(cases)
    used = found.random & found.counted & ~found.asked
    kept, hit = select(cases, used), found.hit[used]
    order = np.lexsort((kept.received_on, kept.decided_on))
    decided, hit = kept.decided_on[order], hit[order]
    first = decided <= np.datetime64(reference_until)
    if first.sum() < settings.enough or (~first).sum() < settings.enough:
        return []
    # Half a hit keeps a reference without any from making every hit an alarm.
    rate = float((hit[first].sum() + 0.5) / (first.sum() + 1))
    return [
        _cusum(direction, rate, ratio, decided[~first], hit[~first], settings)
        for direction, ratio in (("up", settings.cusum_ratio), ("down", 1 / settings.cusum_ratio))
    ]


def _cusum(
    direction: str,
    rate: float,
    ratio: float,
    decided: NDArray[np.datetime64],
    hit: NDArray[np.bool_],
    settings: Measuring,
) -> Cusum:
    other = min(rate * ratio, 0.999)
    gain, loss = math.log(other / rate), math.log((1 - other) / (1 - rate))
    limit = math.log(settings.cusum_run)
    walk = np.concatenate([[0.0], np.cumsum(np.where(hit, gain, loss))])
    sums = (walk - np.minimum.accumulate(walk))[1:]
    last = np.append(decided[1:] != decided[:-1], True)
    path = tuple(
        (str(day), round(float(value), 3))
        for day, value in zip(decided[last], sums[last], strict=True)
    )
    above = np.flatnonzero(sums >= limit)
    since = date.fromisoformat(str(decided[above[0]])) if len(above) else None
    return Cusum(direction, rate, ratio, float(sums[-1]), limit, path, since)
