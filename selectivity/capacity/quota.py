"""The rolling quota of flows that are answered at once (quota glissant): pure.

Whoever stands at the counter can't wait for the night. The cut-off of a cell is the priority that
as many of the files still to come will pass as there is capacity left.
"""

from collections.abc import Mapping, Sequence

LEAST = 0.02
"""No score below this chance of a finding chooses a file, however much time doctors have."""

_HORIZON = 5  # working days whose capacity a pool holds
_FEW = 50  # files of a cell before its cut-off can be told


def rolling_cutoffs(
    recent: Mapping[str, Sequence[float]],
    today: Mapping[str, int],
    days: int,
    free: Mapping[str, int],
) -> dict[str, float]:
    """Return the least priority by cell; a cell that is too new has none.

    Args:
        recent: priorities of the files of the last days, by cell.
        today: how many of them came in today.
        days: on how many days the others came.
        free: controls that the cell's pool still holds over its horizon.
    """
    found = {}
    for cell, priorities in recent.items():
        if len(priorities) < _FEW or cell not in free:
            continue
        before = len(priorities) - today.get(cell, 0)
        usual = before / days if days else float(len(priorities))
        to_come = max(usual - today.get(cell, 0), usual * 0.1, 1.0)
        found[cell] = max(LEAST, quantile(priorities, free[cell] / _HORIZON / to_come))
    return found


def quantile(priorities: Sequence[float], share: float) -> float:
    """Return the priority that a share of files passes.

    >>> quantile([0.1, 0.2, 0.3, 0.4], 0.5), quantile([0.1, 0.2], 2.0), quantile([0.1], 0.0)
    (0.3, 0.0, 2.0)
    """
    if share >= 1:
        return 0.0
    ordered = sorted(priorities, reverse=True)
    passing = int(share * len(ordered))
    return ordered[passing - 1] if passing else 2.0
