"""From feature snapshots to the numbers that the model reads, and the norms they are held against.

An encoding is learned once, with the model, and is part of its text: which columns there are,
which words each column of words knows, and what files of the same acts usually cost.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selectivity.registry import FEATURES, FeatureKind, Registry
from selectivity.score.families import check_features, role_of

Matrix = NDArray[np.float64]

_WORDS = 60  # most words that a column of words knows
_CODES = 40  # most codes of a column of several codes
_LEAST = 10  # files with a word, before it is known
_NORM_LEAST = 15  # files with the same acts, before they make a norm
_PREFIX = {"main_diagnosis": 3, "diagnoses": 3}
NORMS = ("amount_for_acts", "line_for_acts", "amount_for_kind")
"""Columns made here: how far an amount lies from what such files usually cost, as a logarithm."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the matrix.

    Attributes:
        name: unique; that of the feature, with "=CODE" for one code of several.
        feature: the registered feature, or one of ``NORMS``.
        kind: "number", "word" (its place among ``words``), "code" (0 or 1), "norm".
        words: those that the column knows.
        direction: 1 never lowers the score when it grows, 0 free.
    """

    name: str
    feature: str
    kind: str
    words: tuple[str, ...] = ()
    direction: int = 0


@dataclass(frozen=True, slots=True)
class Encoding:
    """How snapshots become a matrix.

    Attributes:
        columns: in the order of the matrix.
        norms: by norm, the usual logarithm of an amount by key.
    """

    columns: tuple[Column, ...]
    norms: Mapping[str, Mapping[str, float]]

    def matrix(self, snapshots: Iterable[Mapping[str, Any]]) -> Matrix:
        """Return the matrix of shape (files, columns); nan where a value is missing."""
        readers = [_reader(column, self.norms) for column in self.columns]
        rows = [[read(snapshot) for read in readers] for snapshot in snapshots]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(readers))

    @property
    def directions(self) -> list[int]:
        """Return the direction of each column."""
        return [column.direction for column in self.columns]

    @property
    def word_columns(self) -> list[int]:
        """Return the places of the columns whose numbers are only names."""
        return [place for place, column in enumerate(self.columns) if column.kind == "word"]

    def as_json(self) -> dict[str, Any]:
        """Return the encoding as plain values."""
        return {
            "columns": [
                [c.name, c.feature, c.kind, list(c.words), c.direction] for c in self.columns
            ],
            "norms": {name: dict(sorted(norm.items())) for name, norm in self.norms.items()},
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Encoding":
        """Return an encoding that was kept as plain values."""
        columns = tuple(
            Column(name, feature, kind, tuple(words), direction)
            for name, feature, kind, words, direction in values["columns"]
        )
        return cls(columns, values["norms"])


def learn(
    snapshots: Sequence[Mapping[str, Any]], features: Sequence[str], registry: Registry = FEATURES
) -> Encoding:
    """Return the encoding that some files give.

    Args:
        snapshots: the files whose words and norms count; their results are not looked at.
        features: registered features to use.
        registry: of this version.

    Raises:
        InvalidInput: a feature that the score may not use.
    """
    check_features(features, registry)
    columns: list[Column] = []
    for name in features:
        columns += _columns(name, registry[name].kind, snapshots)
    norms = _norms(snapshots) if "amount" in features else {}
    columns += [
        Column(name, name, "norm", (), role_of(name).direction) for name in NORMS if norms.get(name)
    ]
    return Encoding(tuple(columns), norms)


def acts_key(snapshot: Mapping[str, Any]) -> str:
    """Return what makes files comparable in price: flow, nature, acts."""
    acts = ",".join(snapshot.get("acts", ())[:6])
    return f"{kind_key(snapshot)}|{acts}"


def kind_key(snapshot: Mapping[str, Any]) -> str:
    """Return flow and nature."""
    return f"{snapshot.get('flow')}|{snapshot.get('nature')}"


def _columns(name: str, kind: FeatureKind, snapshots: Sequence[Mapping[str, Any]]) -> list[Column]:
    if kind in (FeatureKind.INTEGER, FeatureKind.FLAG):
        if len({value for each in snapshots if (value := each.get(name)) is not None}) < 2:
            return []  # it says nothing
        return [Column(name, name, "number", (), role_of(name, kind).direction)]
    size = _PREFIX.get(name)
    counts: Counter[str] = Counter()
    for each in snapshots:
        value = each.get(name)
        if value is not None:
            words = value if kind is FeatureKind.CODES else (value,)
            counts.update({word[:size] for word in words})
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    known = [word for word, count in ordered if count >= _LEAST]
    if kind is FeatureKind.CODE:
        return [Column(name, name, "word", tuple(known[:_WORDS]))] if len(known) > 1 else []
    return [Column(f"{name}={code}", name, "code", (code,)) for code in known[:_CODES]]


_KEYS = {"amount_for_acts": acts_key, "line_for_acts": acts_key, "amount_for_kind": kind_key}
_SUBJECTS = {
    "amount_for_acts": "amount", "line_for_acts": "highest_line", "amount_for_kind": "amount"
}  # fmt: skip


def _norms(snapshots: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the median logarithm of amounts, by norm and key."""
    found: dict[str, dict[str, float]] = {}
    for norm in NORMS:
        by_key: dict[str, list[float]] = defaultdict(list)
        for each in snapshots:
            cents = each.get(_SUBJECTS[norm])
            if cents and cents > 0:
                by_key[_KEYS[norm](each)].append(math.log(cents))
        found[norm] = {
            key: round(median(values), 6)
            for key, values in by_key.items()
            if len(values) >= _NORM_LEAST
        }
    return found


def _reader(column: Column, norms: Mapping[str, Mapping[str, float]]) -> Any:
    """Return what reads one column out of a snapshot."""
    name = column.feature
    if column.kind == "number":
        return lambda each: math.nan if (value := each.get(name)) is None else float(value)
    if column.kind == "norm":
        return _norm_reader(name, norms[name])
    size = _PREFIX.get(name)
    if column.kind == "code":
        code = column.words[0]
        return lambda each: float(any(word[:size] == code for word in each.get(name, ())))
    places = {word: float(place) for place, word in enumerate(column.words)}
    return lambda each: places.get((each.get(name) or "")[:size], math.nan)


def _norm_reader(norm: str, values: Mapping[str, float]) -> Any:
    key, subject = _KEYS[norm], _SUBJECTS[norm]

    def read(each: Mapping[str, Any]) -> float:
        cents, usual = each.get(subject), values.get(key(each))
        return math.log(cents) - usual if cents and cents > 0 and usual is not None else math.nan

    return read
