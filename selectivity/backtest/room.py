"""What-if of capacity: so many controls a day, the best first (vanne de capacité, simulée).

The rule of ``selectivity.capacity.valve`` with one pool for the whole fund: what must be
controlled, red files and the random floor are never refused; files that rules target come before
files that only the score speaks for; the rest of the targeted ones goes to blue.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from medcontrol.vocabulary import Lane
from selectivity.backtest.columns import CONTROLLED, RANK, Files, Simulated
from selectivity.gate import rule_worth

Floats = NDArray[np.float64]

_TIE = 1e-9
_NEVER = -1.0


class Score(Protocol):
    """A learned score, as far as a back-test needs it."""

    @property
    def name(self) -> str:
        """Return "ma/3"."""
        ...

    def score(self, snapshots: Sequence[Mapping[str, Any]]) -> Floats:
        """Return the probability that a control finds something, by file."""
        ...

    def worth(self, scores: Floats, snapshots: Sequence[Mapping[str, Any]]) -> Floats:
        """Return the ranking value of scored files, in [0, 1)."""
        ...


def fill(found: Simulated, files: Files, capacity: int, score: Score | None) -> None:
    """Give each day of the files its capacity, in place.

    Args:
        found: what rules and draws alone do; lanes, chances and overflow change.
        files: whole days.
        capacity: controls a day.
        score: chooses among the files that no rule targets; ``None``: nothing fills up.
    """
    priority, chance = _wishes(found, files, score)
    is_bound = found.is_controlled & ((found.lane == RANK[Lane.RED]) | found.is_binding
                                      | found.is_drawn)  # fmt: skip
    asks = (priority >= 0) & ~is_bound & (found.is_controlled | (priority < 1))
    for day in np.unique(files.received_on):
        of_day = files.received_on == day
        left = max(0, capacity - int((is_bound & of_day).sum()))
        _give(found, of_day, asks & of_day, priority, chance, left)


def _wishes(found: Simulated, files: Files, score: Score | None) -> tuple[Floats, Floats]:
    """Return priority (1 to 2 by rule, 0 to 1 by score, negative none) and chance of asking."""
    open_ = ~found.is_binding & ~found.is_harboured & (found.lane != RANK[Lane.RED])
    by_rule = 1.0 - (1.0 - found.chance) / np.maximum(1.0 - found.floor, 1e-12)
    targeted = open_ & (by_rule > 1e-12)
    priority = np.full(len(files), _NEVER)
    chance = np.where(targeted, by_rule, 0.0)
    draw = 1.0 - files.draw.astype(np.float64) / 2**64
    worth = np.zeros(len(files))
    if score is not None and open_.any():
        places = np.flatnonzero(open_)
        chosen = [files.snapshots[place] for place in places.tolist()]
        worth[places] = score.worth(score.score(chosen), chosen)
        priority[open_], chance[open_ & ~targeted] = worth[open_], 1.0
    else:
        matching = found.hits.sum(axis=1)
        for place in np.flatnonzero(targeted).tolist():
            worth[place] = rule_worth(files.snapshots[place], int(matching[place]))
    priority[targeted] = 1.0 + worth[targeted]
    priority[priority >= 0] += draw[priority >= 0] * _TIE
    return priority, chance


def _give(
    found: Simulated,
    of_day: NDArray[np.bool_],
    asks: NDArray[np.bool_],
    priority: Floats,
    chance: Floats,
    left: int,
) -> None:
    """Admit the first ``left`` of those that ask on a day."""
    asking = np.flatnonzero(asks)
    order = asking[np.argsort(-priority[asking], kind="stable")]
    taken, refused = order[:left], order[left:]
    cutoff = 0.0 if not len(refused) else np.nextafter(priority[refused[0]], np.inf)
    raised = taken[found.lane[taken] < CONTROLLED]
    found.lane[raised] = RANK[Lane.ORANGE]
    dropped = refused[found.lane[refused] >= CONTROLLED]
    found.lane[dropped] = RANK[Lane.BLUE]
    found.overflow[dropped] = True
    wishing = of_day & (priority >= 0)
    passes = np.where(priority >= cutoff, chance, 0.0)
    spared = (1.0 - found.floor) * (1.0 - passes)
    found.chance[wishing] = (1.0 - spared)[wishing]
