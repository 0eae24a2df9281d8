"""How far two doctors agree beyond chance (concordance): Cohen's kappa with its interval.

Sources: J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological
Measurement 20 (1960); J. L. Fleiss, J. Cohen, B. S. Everitt, "Large sample standard errors of
kappa and weighted kappa", Psychological Bulletin 72 (1969). Readings that were drawn at different
rates weigh by the inverse of their chance (Horvitz and Thompson); the standard error then counts
the effective number of pairs (Kish).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Pair:
    """What two doctors decided on one file; ``weight`` is the inverse of its chance, over 0."""

    first: str
    second: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of a set of pairs.

    Attributes:
        pairs: how many were compared.
        effective: how many equally weighing pairs know as much.
        rate: share of pairs with the same outcome, weighted, in [0, 1].
        kappa: agreement beyond chance, in [-1, 1]; None when chance alone explains it all.
        low, high: 95 % interval of kappa, within [-1, 1].
    """

    pairs: int
    effective: float
    rate: float
    kappa: float | None
    low: float | None
    high: float | None


def agreement(pairs: Iterable[Pair], *, fewest: int = 1) -> Agreement | None:
    """Return the agreement of pairs, None with fewer than ``fewest`` of them ("not enough").

    >>> same, other = Pair("granted", "granted"), Pair("refused", "refused")
    >>> agreement([same] * 5 + [other] * 5).kappa
    1.0
    >>> agreement([same], fewest=2) is None
    True
    """
    found = list(pairs)
    if len(found) < max(1, fewest):
        return None
    total = sum(pair.weight for pair in found)
    effective = total**2 / sum(pair.weight**2 for pair in found)
    table: dict[tuple[str, str], float] = defaultdict(float)
    for pair in found:
        table[pair.first, pair.second] += pair.weight / total
    rate = sum(share for (first, second), share in table.items() if first == second)
    kappa, error = _kappa(table, rate, effective)
    if kappa is None or error is None:
        return Agreement(len(found), effective, rate, kappa, None, None)
    low, high = max(-1.0, kappa - Z95 * error), min(1.0, kappa + Z95 * error)
    return Agreement(len(found), effective, rate, kappa, low, high)


def _kappa(
    table: dict[tuple[str, str], float], rate: float, count: float
) -> tuple[float | None, float | None]:
    """Return kappa and its large-sample standard error (Fleiss, Cohen, Everitt 1969)."""
    rows: dict[str, float] = defaultdict(float)
    columns: dict[str, float] = defaultdict(float)
    for (first, second), share in table.items():
        rows[first] += share
        columns[second] += share
    chance = sum(rows[each] * columns[each] for each in rows)
    if 1.0 - chance < 1e-12:  # both always say the same word: nothing to tell from chance
        return None, None
    kappa = (rate - chance) / (1.0 - chance)
    on_diagonal = sum(
        share * (1.0 - (rows[first] + columns[second]) * (1.0 - kappa)) ** 2
        for (first, second), share in table.items()
        if first == second
    )
    off_diagonal = (1.0 - kappa) ** 2 * sum(
        share * (columns[first] + rows[second]) ** 2
        for (first, second), share in table.items()
        if first != second
    )
    inner = on_diagonal + off_diagonal - (kappa - chance * (1.0 - kappa)) ** 2
    return kappa, sqrt(max(0.0, inner) / count) / (1.0 - chance)
