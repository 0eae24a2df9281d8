"""From a raw score to a probability: isotonic, centred, as a short list of points (calibrage)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

LEAST_CASES = 200
LEAST_HITS = 10

_OWN = 0.02
"""Share of the raw score in the probability: it keeps the order within a level stretch."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Points of a rising line from raw to calibrated probability.

    Attributes:
        raw, rate: the points, both rising, in [0, 1]; none leaves the raw score as it is.
        why_not: why there are none, for people.
        cases, hits: how many controls drawn at random it rests on.
    """

    raw: tuple[float, ...] = ()
    rate: tuple[float, ...] = ()
    why_not: str | None = None
    cases: int = 0
    hits: int = 0

    def apply(self, raw: Values) -> Values:
        """Return probabilities for raw scores, in [0, 1], in the same order."""
        if not self.raw:
            return raw
        found: Values = (1 - _OWN) * np.interp(raw, self.raw, self.rate) + _OWN * raw
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the calibration as plain values."""
        return {
            "raw": list(self.raw), "rate": list(self.rate), "why_not": self.why_not,
            "cases": self.cases, "hits": self.hits,
        }  # fmt: skip

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Calibration":
        """Return a calibration that was kept as plain values."""
        return cls(
            tuple(values["raw"]), tuple(values["rate"]), values["why_not"], values["cases"],
            values["hits"],
        )  # fmt: skip


def calibrate(raw: Values, is_hit: NDArray[np.bool_]) -> Calibration:
    """Return the calibration that controls drawn at random give.

    Isotonic regression, with each level stretch drawn together to its centre and straight lines
    between centres, so that a higher score stays a higher probability.

    Args:
        raw: scores made by models that did not see the file, shape (cases,).
        is_hit: whether the control found something.
    """
    cases, hits = len(raw), int(is_hit.sum())
    if cases < LEAST_CASES or hits < LEAST_HITS:
        why = (
            f"only {cases} controls drawn at random have a result, {hits} of them a hit:"
            f" {LEAST_CASES} and {LEAST_HITS} are needed"
        )
        return Calibration(why_not=why, cases=cases, hits=hits)
    points = _blocks(raw, is_hit)
    return Calibration(
        tuple(round(float(x), 9) for x, _ in points),
        tuple(round(float(y), 9) for _, y in points),
        None,
        cases,
        hits,
    )


def _blocks(raw: Values, is_hit: NDArray[np.bool_]) -> Sequence[tuple[float, float]]:
    """Return the centre and the rate of each level stretch (pool adjacent violators)."""
    stretches: list[list[float]] = []  # cases, sum of raw scores, hits
    for value, cases, hits in _by_score(raw, is_hit):
        stretches.append([cases, value * cases, hits])
        while len(stretches) > 1 and _rate(stretches[-2]) >= _rate(stretches[-1]):
            last = stretches.pop()
            stretches[-1] = [a + b for a, b in zip(stretches[-1], last, strict=True)]
    return [(total / cases, hits / cases) for cases, total, hits in stretches]


def _rate(stretch: Sequence[float]) -> float:
    return stretch[2] / stretch[0]


def _by_score(raw: Values, is_hit: NDArray[np.bool_]) -> list[tuple[float, float, float]]:
    """Return each score, rising, with its cases and hits: equal scores are one."""
    values, place = np.unique(raw, return_inverse=True)
    cases, hits = np.bincount(place), np.bincount(place, weights=is_hit)
    return list(zip(values.tolist(), cases.tolist(), hits.tolist(), strict=True))
