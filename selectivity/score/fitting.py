"""Fits the two learners: the same data, the same bytes (one thread, one seed)."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selectivity.score.encoding import Encoding, Matrix
from selectivity.score.learners import GlassBox, Trees, load_lightgbm

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """How the trees are grown."""

    trees: int = 250
    leaves: int = 15
    rate: float = 0.04
    least_in_leaf: int = 15
    smoothing: float = 5.0
    columns: float = 0.5
    seed: int = 20_261


@dataclass(frozen=True, slots=True)
class GlassSettings:
    """How the challenger is fitted; bounded, so that it never takes minutes."""

    cases: int = 15_000
    rounds: int = 300
    bins: int = 32
    seed: int = 20_261


def fit_trees(
    matrix: Matrix, is_hit: Flags, weights: Values, encoding: Encoding, how: TreeSettings
) -> Trees:
    """Return boosted trees; more of what points up never lowers their score.

    Raises:
        Unavailable: LightGBM can't be loaded.
    """
    lightgbm = load_lightgbm()
    names = [f"c{place}" for place in range(matrix.shape[1])]
    data = lightgbm.Dataset(
        matrix,
        label=is_hit.astype(float),
        weight=weights,
        feature_name=names,
        categorical_feature=[names[place] for place in encoding.word_columns],
        free_raw_data=True,
        params={"verbosity": -1},
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        booster = lightgbm.train(_parameters(encoding, how), data, num_boost_round=how.trees)
    return Trees(booster.model_to_string())


def _parameters(encoding: Encoding, how: TreeSettings) -> dict[str, Any]:
    return {
        "objective": "binary",
        "num_leaves": how.leaves,
        "learning_rate": how.rate,
        "min_data_in_leaf": how.least_in_leaf,
        "lambda_l2": how.smoothing,
        "feature_fraction": how.columns,
        "cat_smooth": 100.0,
        "cat_l2": 50.0,
        "max_cat_threshold": 4,
        "monotone_constraints": encoding.directions,
        "monotone_constraints_method": "advanced",
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "seed": how.seed,
        "verbosity": -1,
    }


def fit_glass_box(
    matrix: Matrix, is_hit: Flags, weights: Values, encoding: Encoding, how: GlassSettings
) -> GlassBox:
    """Return the additive challenger, fitted on the newest ``how.cases`` cases at most."""
    from interpret.glassbox import ExplainableBoostingClassifier

    kept = slice(max(0, len(matrix) - how.cases), None)
    words = set(encoding.word_columns)
    count = matrix.shape[1]
    glass = ExplainableBoostingClassifier(
        feature_names=[f"c{place}" for place in range(count)],
        feature_types=["nominal" if n in words else "continuous" for n in range(count)],
        max_bins=how.bins,
        max_rounds=how.rounds,
        interactions=0,
        outer_bags=4,
        monotone_constraints=encoding.directions,
        n_jobs=1,
        random_state=how.seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        glass.fit(_as_objects(matrix[kept], words), is_hit[kept].astype(int), weights[kept])
    return _tables(glass, count)


def _as_objects(matrix: Matrix, words: set[int]) -> NDArray[np.object_]:
    """Return the matrix with names of words as text, as the library wants them."""
    found = matrix.astype(object)
    for place in words:
        found[:, place] = [
            None if np.isnan(value) else str(int(value)) for value in matrix[:, place]
        ]
    return found


def _tables(glass: Any, count: int) -> GlassBox:
    tables: list[tuple[str, tuple[float, ...], tuple[float, ...]]] = [("number", (), (0.0, 0.0))]
    tables *= count
    for (place,), scores in zip(glass.term_features_, glass.term_scores_, strict=True):
        bins = glass.bins_[place][0]
        values = [round(float(value), 9) for value in scores]
        if isinstance(bins, dict):
            by_place = sorted((spot, float(word)) for word, spot in bins.items())
            tables[place] = ("word", tuple(word for _, word in by_place), tuple(values))
        else:
            tables[place] = ("number", tuple(float(cut) for cut in bins), tuple(values[:-1]))
    return GlassBox(round(float(np.ravel(glass.intercept_)[0]), 9), tables)
