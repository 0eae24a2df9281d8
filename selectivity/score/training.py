"""Trains a score from closed controls: pure, the same cases give the same bytes (apprentissage)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medcontrol.errors import InvalidInput
from medcontrol.vocabulary import Origin
from selectivity.history.cases import Cases, is_hit
from selectivity.registry import FEATURES, Registry
from selectivity.score.calibration import Calibration, calibrate
from selectivity.score.encoding import Encoding, Matrix, learn
from selectivity.score.families import allowed, check_features
from selectivity.score.fitting import (
    GlassSettings,
    TreeSettings,
    fit_glass_box,
    fit_trees,
)
from selectivity.score.learners import GlassBox, Trees
from selectivity.score.measures import figures, reliability
from selectivity.score.model import ScoreModel, Value, read, write

LEAST_CASES = 300
LEAST_HITS = 30

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Training:
    """What a training run is asked to do.

    Attributes:
        as_of: only results known strictly before this day are looked at.
        features: registered features; ``None`` for all that the score may use.
        clip: most files that one control stands for in the fit: beyond it, chance hits among the
            few controls drawn at random outweigh what all others teach.
        half_life: days after which a control counts half, since schemes come and go.
        folds: models that are made to score files they never saw.
        ranking: how probability and amount make the ranking value.
        trees, glass: how the learners are fitted; no ``glass``, no challenger.
    """

    as_of: date
    features: tuple[str, ...] | None = None
    clip: float = 2.0
    half_life: float = 180.0
    folds: int = 4
    ranking: Value = field(default_factory=Value)
    trees: TreeSettings = field(default_factory=TreeSettings)
    glass: GlassSettings | None = field(default_factory=GlassSettings)


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run made.

    Attributes:
        model: the score, still without a name.
        challenger: the glass box on the same data, if one was asked for.
        report: figures as plain values; no person, no file.
    """

    model: ScoreModel
    challenger: ScoreModel | None
    report: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lessons:
    """The closed controls of a run, as numbers.

    Attributes:
        matrix: what the learner reads.
        is_hit: what the control found.
        weights: what each counts in the fit.
        stands_for: files that each stands for, for figures.
        is_random: drawn at random.
        folds: which fold each belongs to; the same case, sent again, in the same one.
    """

    matrix: Matrix
    is_hit: Flags
    weights: Values
    stands_for: Values
    is_random: Flags
    folds: NDArray[np.int64]


def fit(
    cases: Cases, settings: Training, *, background: Cases | None = None,
    registry: Registry = FEATURES,
) -> Trained:  # fmt: skip
    """Return the score that past controls teach.

    Args:
        cases: of one jurisdiction; those without a result known before ``as_of`` only show what
            files look like.
        settings: of the run.
        background: more files that show what files look like, controlled or not.
        registry: of this version.

    Raises:
        InvalidInput: a feature that the score may not use, or too few results; says how many.
        Unavailable: LightGBM can't be loaded.
    """
    features = allowed(registry) if settings.features is None else settings.features
    check_features(features, registry)
    chosen = np.flatnonzero(_is_known(cases, settings.as_of))
    _check_enough(cases, chosen)
    snapshots = [cases.snapshots[place] for place in chosen.tolist()]
    shown = list(background.snapshots) if background is not None and len(background) else snapshots
    encoding = learn(shown, features, registry)
    lessons = _lessons(cases, chosen, encoding.matrix(snapshots), settings)
    model, unseen = _fit_model(lessons, encoding, settings)
    challenger, unseen_glass = _fit_challenger(lessons, encoding, settings)
    report = _report(cases, chosen, lessons, settings, model, unseen)
    if challenger is not None and unseen_glass is not None:
        report["challenger"] = _measured(lessons, unseen_glass) | {"sha256": challenger.sha256}
    return Trained(model, challenger, report)


def _is_known(cases: Cases, as_of: date) -> Flags:
    """Return which cases have a result that was known before the day, and were received before."""
    day = np.datetime64(as_of)
    has_result = np.fromiter((each is not None for each in cases.outcome), bool, len(cases))
    found: Flags = has_result & (cases.decided_on < day) & (cases.received_on < day)
    return found


def _check_enough(cases: Cases, chosen: NDArray[np.intp]) -> None:
    hits = int(is_hit(cases.outcome[chosen]).sum())
    if len(chosen) < LEAST_CASES or hits < LEAST_HITS or hits == len(chosen):
        raise InvalidInput(
            f"too few results to learn from: {len(chosen)} closed controls, {hits} of them a hit;"
            f" {LEAST_CASES} controls with {LEAST_HITS} hits are needed, and some that found"
            " nothing",
            field="as_of",
        )


def _lessons(cases: Cases, chosen: NDArray[np.intp], matrix: Matrix, settings: Training) -> Lessons:
    chance = cases.inclusion_probability[chosen]
    known = np.where(np.isfinite(chance) & (chance > 0), chance, 1.0)
    stands_for = 1.0 / np.maximum(known, 1e-4)
    age = (np.datetime64(settings.as_of) - cases.decided_on[chosen]).astype(float)
    weights = np.minimum(stands_for, settings.clip) * 0.5 ** (age / settings.half_life)
    origins = [cases.origins[place] for place in chosen.tolist()]
    return Lessons(
        matrix=matrix,
        is_hit=is_hit(cases.outcome[chosen]),
        weights=weights / weights.mean(),
        stands_for=stands_for,
        is_random=np.array([Origin.RANDOM in each for each in origins], dtype=bool),
        folds=(cases.draw[chosen] % np.uint64(settings.folds)).astype(np.int64),
    )


def _fit_model(
    lessons: Lessons, encoding: Encoding, settings: Training
) -> tuple[ScoreModel, Values]:
    """Return the model, and raw scores of each lesson by a model that did not see it."""

    def grow(inside: Flags) -> Trees:
        return fit_trees(
            lessons.matrix[inside], lessons.is_hit[inside], lessons.weights[inside], encoding,
            settings.trees,
        )  # fmt: skip

    unseen = _unseen(lessons, grow, settings.folds)
    drawn = lessons.is_random
    calibration = calibrate(unseen[drawn], lessons.is_hit[drawn])
    trees = grow(np.ones(len(unseen), dtype=bool))
    return _made("lightgbm", settings, encoding, calibration, trees), unseen


def _fit_challenger(
    lessons: Lessons, encoding: Encoding, settings: Training
) -> tuple[ScoreModel | None, Values | None]:
    """Return the glass box, and its raw scores of lessons that it did not see."""
    how = settings.glass
    if how is None:
        return None, None

    def fit_one(inside: Flags) -> GlassBox:
        return fit_glass_box(
            lessons.matrix[inside], lessons.is_hit[inside], lessons.weights[inside], encoding, how
        )

    unseen = _unseen(lessons, fit_one, 2)
    drawn = lessons.is_random
    calibration = calibrate(unseen[drawn], lessons.is_hit[drawn])
    whole = fit_one(np.ones(len(unseen), dtype=bool))
    return _made("ebm", settings, encoding, calibration, whole), unseen


def _unseen(lessons: Lessons, fit_one: Any, folds: int) -> Values:
    """Return for each lesson a raw score by a learner that was fitted without its fold."""
    found = np.zeros(len(lessons.is_hit))
    fold_of = lessons.folds % folds
    for fold in range(folds):
        outside = fold_of == fold
        if not outside.any():
            continue
        if not lessons.is_hit[~outside].any() or lessons.is_hit[~outside].all():
            found[outside] = lessons.is_hit.mean()
            continue
        margins = fit_one(~outside).margins(lessons.matrix[outside])
        found[outside] = 1.0 / (1.0 + np.exp(-margins))
    return found


def _made(
    kind: str, settings: Training, encoding: Encoding, calibration: Calibration,
    learner: Trees | GlassBox,
) -> ScoreModel:  # fmt: skip
    text = write(kind, settings.as_of, encoding, calibration, settings.ranking, learner)
    return read(text, "candidate")


def _measured(lessons: Lessons, unseen: Values) -> dict[str, Any]:
    """Return the figures of a score, over all controls and over those drawn at random."""
    drawn = lessons.is_random
    return {
        "all": figures(unseen, lessons.is_hit, lessons.stands_for),
        "random": figures(unseen[drawn], lessons.is_hit[drawn], np.ones(int(drawn.sum()))),
    }


def _report(
    cases: Cases, chosen: NDArray[np.intp], lessons: Lessons, settings: Training,
    model: ScoreModel, unseen: Values,
) -> dict[str, Any]:  # fmt: skip
    drawn = lessons.is_random
    ones = np.ones(int(drawn.sum()))
    said = model.calibration.apply(unseen[drawn])
    return {
        "as_of": settings.as_of.isoformat(),
        "received": _period(cases.received_on[chosen]),
        "decided": _period(cases.decided_on[chosen]),
        "cases": len(chosen),
        "hits": int(lessons.is_hit.sum()),
        "origins": _count_origins(cases, chosen),
        "weights": {
            "clip": settings.clip,
            "clipped": int((lessons.stands_for >= settings.clip).sum()),
            "half_life_days": settings.half_life,
            "effective_cases": _effective(lessons.weights),
        },
        "measured": _measured(lessons, unseen),
        "calibration": {
            "method": "isotonic" if model.calibration.raw else "none",
            "why_not": model.calibration.why_not,
            "cases": model.calibration.cases,
            "hits": model.calibration.hits,
            "chart": reliability(said, lessons.is_hit[drawn], ones),
        },
        "value": {"alpha": settings.ranking.alpha, "cap_cents": settings.ranking.cap_cents},
        "columns": _columns(model, lessons.matrix),
    }


def _columns(model: ScoreModel, matrix: Matrix) -> list[dict[str, Any]]:
    """Return each feature with how much it moves the score on average, strongest first."""
    step = max(1, len(matrix) // 500)
    parts, _ = model.learner.parts(matrix[::step])
    strength: dict[str, float] = {}
    directions: dict[str, int] = {}
    for place, column in enumerate(model.encoding.columns):
        strength[column.feature] = strength.get(column.feature, 0.0) + float(
            np.abs(parts[:, place]).mean()
        )
        directions[column.feature] = column.direction
    ordered = sorted(strength.items(), key=lambda item: (-item[1], item[0]))
    return [
        {"feature": name, "strength": round(value, 4), "direction": directions[name]}
        for name, value in ordered
    ]


def _effective(weights: Values) -> int:
    """Return how many equally weighted cases would say as much (Kish)."""
    return round(float(weights.sum() ** 2 / (weights**2).sum()))


def _period(days: NDArray[np.datetime64]) -> list[str]:
    return [str(days.min()), str(days.max())]


def _count_origins(cases: Cases, chosen: NDArray[np.intp]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for place in chosen.tolist():
        for origin in cases.origins[place]:
            found[origin] = found.get(origin, 0) + 1
    return dict(sorted(found.items()))


def renamed(model: ScoreModel, name: str) -> ScoreModel:
    """Return the model under the name that it was stored with."""
    return replace(model, name=name)


__all__: Sequence[str] = ("LEAST_CASES", "LEAST_HITS", "Trained", "Training", "fit", "renamed")
