"""The two learners: boosted trees with monotone constraints, and a glass box that challenges them.

Both are text: trees as LightGBM writes them, the glass box as one table of points per column.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from medcontrol.errors import Unavailable
from selectivity.score.encoding import Matrix

if TYPE_CHECKING:
    import lightgbm

Values = NDArray[np.float64]

NO_LIBGOMP = (
    "the score needs libgomp, which this machine lacks: install it (Debian: apt-get install"
    " libgomp1), or let rules decide alone (MEDCONTROL_SELECTIVITY_SCORE=off)"
)


class Learner(Protocol):
    """Trained numbers in, numbers out."""

    def margins(self, matrix: Matrix) -> Values:
        """Return the log-odds of each row."""
        ...

    def parts(self, matrix: Matrix) -> tuple[NDArray[np.float64], float]:
        """Return what each column adds to the log-odds, (rows, columns), and the base."""
        ...

    def as_json(self) -> dict[str, Any]:
        """Return the learner as plain values."""
        ...


def load_lightgbm() -> Any:
    """Return the module lightgbm.

    Raises:
        Unavailable: its library can't be loaded here; says what is missing.
    """
    try:
        import lightgbm
    except OSError as error:
        why = NO_LIBGOMP if "gomp" in str(error) else f"LightGBM can't be loaded: {error}"
        raise Unavailable(why) from None
    return lightgbm


@dataclass(frozen=True)
class Trees:
    """Boosted trees, read from the text that LightGBM writes."""

    text: str

    @cached_property
    def _booster(self) -> "lightgbm.Booster":
        made: lightgbm.Booster = load_lightgbm().Booster(model_str=self.text)
        return made

    def margins(self, matrix: Matrix) -> Values:
        """Return the log-odds of each row."""
        if not len(matrix):
            return np.zeros(0)
        return np.asarray(self._booster.predict(matrix, raw_score=True, num_threads=1), dtype=float)

    def parts(self, matrix: Matrix) -> tuple[NDArray[np.float64], float]:
        """Return what each column adds to the log-odds, (rows, columns), and the base."""
        if not len(matrix):
            return np.zeros((0, matrix.shape[1])), 0.0
        found = np.asarray(self._booster.predict(matrix, pred_contrib=True, num_threads=1))
        return found[:, :-1], float(found[0, -1])

    def as_json(self) -> dict[str, Any]:
        """Return the trees as LightGBM writes them."""
        return {"trees": self.text}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Trees":
        """Return trees that were kept as plain values."""
        return cls(values["trees"])


@dataclass(frozen=True)
class GlassBox:
    """An additive model: each column has a table, and the tables are added up.

    Attributes:
        intercept: log-odds before any column.
        tables: per column its kind ("number" or "word"), cuts or words, and scores: the first
            is for a missing value, the last for a word never seen.
    """

    intercept: float
    tables: Sequence[tuple[str, Sequence[float], Sequence[float]]]

    def margins(self, matrix: Matrix) -> Values:
        """Return the log-odds of each row."""
        parts, base = self.parts(matrix)
        found: Values = parts.sum(axis=1) + base
        return found

    def parts(self, matrix: Matrix) -> tuple[NDArray[np.float64], float]:
        """Return what each column adds to the log-odds, (rows, columns), and the base."""
        found = np.zeros(matrix.shape)
        for place, (kind, keys, scores) in enumerate(self.tables):
            found[:, place] = np.asarray(scores)[_bins(matrix[:, place], kind, keys)]
        return found, self.intercept

    def as_json(self) -> dict[str, Any]:
        """Return the tables as plain values."""
        tables = [[kind, list(keys), list(scores)] for kind, keys, scores in self.tables]
        return {"intercept": self.intercept, "tables": tables}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "GlassBox":
        """Return tables that were kept as plain values."""
        tables = [(kind, tuple(keys), tuple(scores)) for kind, keys, scores in values["tables"]]
        return cls(values["intercept"], tables)


def _bins(column: Values, kind: str, keys: Sequence[float]) -> NDArray[np.intp]:
    """Return the place of each value in a table of scores."""
    missing = np.isnan(column)
    if kind == "number":
        found = np.searchsorted(np.asarray(keys), np.where(missing, 0.0, column), side="right") + 1
    else:
        places = {key: place + 1 for place, key in enumerate(keys)}
        unknown = len(keys) + 1
        found = np.array([places.get(value, unknown) for value in column.tolist()], dtype=np.intp)
    return np.where(missing, 0, found).astype(np.intp)


LEARNERS: Mapping[str, type[Trees] | type[GlassBox]] = {"lightgbm": Trees, "ebm": GlassBox}
