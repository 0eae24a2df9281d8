"""A trained score as text: what it reads, its trees, its calibration, its ranking value."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medcontrol.errors import InvalidInput
from medcontrol.ports import Contribution
from selectivity.score.calibration import Calibration
from selectivity.score.encoding import Encoding, Matrix
from selectivity.score.families import TEXTS, Family, role_of
from selectivity.score.learners import LEARNERS, Learner

FORMAT = "medcontrol.score/1"

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Value:
    """The ranking value of a file: P × (min(amount, cap) / cap) ** alpha.

    Attributes:
        alpha: 0 ranks by the chance of a finding alone, 1 by the money expected. A fund's choice.
        cap_cents: no amount counts for more, so that large bills don't take all capacity.
    """

    alpha: float = 0.0
    cap_cents: int = 5_000_000

    def of(self, scores: Values, snapshots: Sequence[Mapping[str, Any]]) -> Values:
        """Return the ranking value of scored files, in [0, 1)."""
        if self.alpha == 0:
            return scores
        cents = np.array([max(each.get("amount") or 0, 100) for each in snapshots], dtype=float)
        found: Values = scores * (np.minimum(cents, self.cap_cents) / self.cap_cents) ** self.alpha
        return found


@dataclass(frozen=True)
class ScoreModel:
    """One trained score.

    Attributes:
        name: "ma/3"; given when it is stored, no part of the text.
        text: canonical JSON of all that decides a score.
        kind: "lightgbm" or "ebm".
        trained_as_of: it has seen results known before that day, none later.
        encoding, calibration, value, learner: the parts of the text, ready for use.
    """

    name: str
    text: str
    kind: str
    trained_as_of: date
    encoding: Encoding
    calibration: Calibration
    ranking: Value
    learner: Learner

    @cached_property
    def sha256(self) -> str:
        """Return the hash of the text, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @cached_property
    def features(self) -> tuple[str, ...]:
        """Return the registered features that it reads, without the norms made of them."""
        columns = (each for each in self.encoding.columns if each.kind != "norm")
        return tuple(dict.fromkeys(column.feature for column in columns))

    def score(self, snapshots: Sequence[Mapping[str, Any]]) -> Values:
        """Return the calibrated probability that a control finds something, by file."""
        return self.calibration.apply(self.raw(self.encoding.matrix(snapshots)))

    def raw(self, matrix: Matrix) -> Values:
        """Return the score before calibration, in [0, 1]."""
        margins = self.learner.margins(matrix)
        found: Values = 1.0 / (1.0 + np.exp(-margins))
        return found

    def worth(self, scores: Values, snapshots: Sequence[Mapping[str, Any]]) -> Values:
        """Return the ranking value of scored files, in [0, 1)."""
        return self.ranking.of(scores, snapshots)

    def value(self, snapshots: Sequence[Mapping[str, Any]]) -> Values:
        """Return the ranking value of files, in [0, 1)."""
        return self.worth(self.score(snapshots), snapshots)

    def contributions(
        self, snapshots: Sequence[Mapping[str, Any]]
    ) -> list[tuple[Contribution, ...]]:
        """Return what each score is made of, by family, strongest first.

        With ``base`` they add up to the log-odds before calibration. Texts name families, never
        a value of the file: some features are of class medical.
        """
        parts, _ = self.learner.parts(self.encoding.matrix(snapshots))
        sums = parts @ self._by_family
        return [_told(row) for row in sums]

    @cached_property
    def base(self) -> float:
        """Return the log-odds before any feature is looked at."""
        _, base = self.learner.parts(np.full((1, len(self.encoding.columns)), np.nan))
        return base

    @cached_property
    def _by_family(self) -> NDArray[np.float64]:
        """Return the matrix that adds columns up to families."""
        families = list(Family)
        found = np.zeros((len(self.encoding.columns), len(families)))
        for place, column in enumerate(self.encoding.columns):
            found[place, families.index(role_of(column.feature).family)] = 1.0
        return found


def _told(row: NDArray[np.float64]) -> tuple[Contribution, ...]:
    """Return the families that say something, strongest first."""
    found = [
        Contribution(family.value, TEXTS[family], float(value))
        for family, value in zip(Family, row, strict=True)
        if value != 0
    ]
    return tuple(sorted(found, key=lambda each: -abs(each.value)))


def write(
    kind: str,
    trained_as_of: date,
    encoding: Encoding,
    calibration: Calibration,
    ranking: Value,
    learner: Learner,
) -> str:
    """Return the canonical text of a model: the same model, the same bytes."""
    whole = {
        "format": FORMAT,
        "kind": kind,
        "trained_as_of": trained_as_of.isoformat(),
        "encoding": encoding.as_json(),
        "calibration": calibration.as_json(),
        "value": {"alpha": ranking.alpha, "cap_cents": ranking.cap_cents},
        "learner": learner.as_json(),
    }
    return json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def read(text: str, name: str) -> ScoreModel:
    """Return a model from its text.

    Raises:
        InvalidInput: it is no model of this version.
        Unavailable: the library of its trees can't be loaded on this machine.
    """
    try:
        whole = json.loads(text)
        if whole["format"] != FORMAT:
            raise InvalidInput(f"a model of {whole['format']}, not {FORMAT}", field="model")
        return ScoreModel(
            name=name,
            text=text,
            kind=whole["kind"],
            trained_as_of=date.fromisoformat(whole["trained_as_of"]),
            encoding=Encoding.from_json(whole["encoding"]),
            calibration=Calibration.from_json(whole["calibration"]),
            ranking=Value(**whole["value"]),
            learner=LEARNERS[whole["kind"]].from_json(whole["learner"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        what = type(error).__name__
        raise InvalidInput(f"not the text of a model: {what}", field="model") from None
