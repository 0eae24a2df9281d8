"""Exact tests on counts, for many segments at once (loi hypergéométrique). Pure numpy.

Given how many files and hits there are in all, the hits of a segment that has nothing to do with
them follow the hypergeometric law, whatever the common rate is: nothing is estimated, so the
error rate holds exactly.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Logs = NDArray[np.float64]

_SMALL = 1e-12


@lru_cache(maxsize=8)
def _log_factorials(up_to: int) -> Logs:
    found = np.zeros(up_to + 1)
    np.cumsum(np.log(np.arange(1, up_to + 1, dtype=np.float64)), out=found[1:])
    return found


def _log_choose(table: Logs, n: Counts, k: Counts) -> Logs:
    return table[n] - table[k] - table[n - k]  # type: ignore[no-any-return]


def log_point(x: Counts, n: Counts, hits: int, files: int) -> Logs:
    """Return the log chance of exactly ``x`` hits in segments of ``n`` files.

    Args:
        x: hits of each segment, possible ones.
        n: files of each segment.
        hits: hits in all.
        files: files in all.
    """
    table = _log_factorials(files)
    whole = np.full_like(n, hits)
    rest = np.full_like(n, files - hits)
    return (
        _log_choose(table, whole, x)
        + _log_choose(table, rest, n - x)
        - _log_choose(table, np.full_like(n, files), n)
    )


def log_best(n: Counts, hits: int, files: int) -> Logs:
    """Return the log of the smallest p-value that segments of ``n`` files could ever have."""
    return log_point(np.minimum(n, hits), n, hits, files)


def upper_tail(x: Counts, n: Counts, hits: int, files: int) -> NDArray[np.float64]:
    """Return the chance of at least ``x`` hits in segments of ``n`` files, each in [0, 1].

    Terms fall from ``x`` on when it lies above the mean; other segments get 1, none is asked for.
    """
    p = np.ones(len(x))
    above = x * files > n * hits
    if not above.any():
        return p
    x, n = x[above], n[above]
    term = np.exp(log_point(x, n, hits, files))
    total, j = term.copy(), x.astype(np.float64)
    room = files - hits - n
    for _ in range(files):
        term = term * (hits - j) * (n - j) / ((j + 1) * (room + j + 1))
        total += term
        j += 1
        if (term <= _SMALL * total).all():
            break
    p[above] = np.minimum(total, 1.0)
    return p
