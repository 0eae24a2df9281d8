"""How good a score is: measured on files that the measured model never saw (mesures)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


def auc(scores: Values, is_hit: Flags, weights: Values) -> float | None:
    """Return the chance that a hit scores above a file that is none; ties count half.

    Args:
        scores: any order-preserving score, shape (cases,).
        is_hit: what the control found.
        weights: files that each case stands for.
    """
    if is_hit.all() or not is_hit.any():
        return None
    _, place = np.unique(scores, return_inverse=True)
    hits = np.bincount(place, weights=weights * is_hit)
    misses = np.bincount(place, weights=weights * ~is_hit)
    below = np.cumsum(misses) - misses
    area = float((hits * (below + misses / 2)).sum())
    return round(area / float(hits.sum() * misses.sum()), 4)


def lift(scores: Values, is_hit: Flags, weights: Values, share: float) -> float | None:
    """Return how many times more hits the best ``share`` of files holds than chance gives."""
    whole, found = float(weights.sum()), float((weights * is_hit).sum())
    if not found:
        return None
    order = np.argsort(-scores, kind="stable")
    seen = np.cumsum(weights[order])
    inside = order[: max(1, int(np.searchsorted(seen, share * whole, side="right")))]
    rate = float((weights * is_hit)[inside].sum()) / float(weights[inside].sum())
    return round(rate / (found / whole), 2)


def reliability(
    scores: Values, is_hit: Flags, weights: Values, parts: int = 10
) -> list[dict[str, Any]]:
    """Return said and found rates in parts of about the same size, lowest scores first."""
    if not len(scores):
        return []
    order = np.argsort(scores, kind="stable")
    found = []
    for chunk in np.array_split(order, min(parts, len(order))):
        whole = float(weights[chunk].sum())
        found.append(
            {
                "said": round(float((scores * weights)[chunk].sum()) / whole, 5),
                "found": round(float((is_hit * weights)[chunk].sum()) / whole, 5),
                "cases": len(chunk),
                "hits": int(is_hit[chunk].sum()),
            }
        )
    return found


def figures(scores: Values, is_hit: Flags, weights: Values) -> dict[str, Any]:
    """Return AUC, lifts and sizes as plain values."""
    return {
        "cases": len(scores),
        "hits": int(is_hit.sum()),
        "rate": round(float((is_hit * weights).sum() / weights.sum()), 5) if len(scores) else None,
        "auc": auc(scores, is_hit, weights) if len(scores) else None,
        "lift_1": lift(scores, is_hit, weights, 0.01) if len(scores) else None,
        "lift_5": lift(scores, is_hit, weights, 0.05) if len(scores) else None,
    }
