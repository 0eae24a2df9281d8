"""Ways to choose which files of a simulated day are controlled, each with the same capacity.

A way sees features, draws, and results of its own controls once they are known. Only the perfect
ranking and the score that knows every label see more, which is what they are there for.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import numpy as np

from benchmarks._yield_cases import FEATURES, Notes, civil, matrix_of
from benchmarks._yield_world import ACTS, Day, Floats, Ints
from medcontrol.errors import InvalidInput
from selectivity.draws import DRAW_RANGE
from selectivity.score.fitting import TreeSettings
from selectivity.score.model import ScoreModel
from selectivity.score.training import Training, fit

_USUAL = Training(as_of=date(2026, 1, 1))


@dataclass(frozen=True, slots=True)
class Learning:
    """How a score is learned during the year; tuned on seeds 1 to 5 only.

    Attributes:
        every: working days between two trainings.
        days: working days of controls that a training looks at.
        cases: most controls of a training, taken at random from those.
        clip, half_life, trees: as in ``Training``.
    """

    every: int = 15
    days: int = 60
    cases: int = 5_000
    clip: float = _USUAL.clip
    half_life: float = _USUAL.half_life
    trees: TreeSettings = field(default_factory=lambda: TreeSettings(trees=40, leaves=8, rate=0.2))


class Way(Protocol):
    """A way to choose."""

    def choose(self, day: Day, capacity: int) -> Ints:
        """Return the places of the files to control, ``capacity`` of them at most."""
        ...


def top(value: Floats, count: int) -> Ints:
    """Return the places of the largest values."""
    if count >= len(value):
        return np.arange(len(value))
    return np.argpartition(-value, count)[:count] if count > 0 else np.zeros(0, dtype=np.int64)


def least_draws(day: Day, count: int) -> tuple[Ints, float]:
    """Return the files with the smallest draws, and the draw that they had to beat, in [0, 1]."""
    if count >= len(day):
        return np.arange(len(day)), 1.0
    order = np.argpartition(day.draw, count)
    return order[:count], float(day.draw[order[count]]) / DRAW_RANGE


class Random:
    """The smallest draws."""

    def choose(self, day: Day, capacity: int) -> Ints:
        """Return a random sample."""
        return least_draws(day, capacity)[0]


class Manual:
    """As openIMIS selects for review: at random, by value, by variance; a third of capacity each.

    Variance is the amount over the mean of earlier files with the same act, which stands for the
    main diagnosis of its manual.
    """

    def __init__(self) -> None:
        """Start with no earlier file."""
        self._sum, self._count = np.zeros(len(ACTS)), np.zeros(len(ACTS))

    def choose(self, day: Day, capacity: int) -> Ints:
        """Return a third at random, a third by value, the rest by variance."""
        act, amount = day.seen["act"], day.seen["amount"].astype(float)
        usual = np.divide(self._sum, self._count, out=np.full(len(ACTS), np.inf),
                          where=self._count > 0)  # fmt: skip
        variance = amount / usual[act]
        self._sum += np.bincount(act, amount, len(ACTS))
        self._count += np.bincount(act, minlength=len(ACTS))
        part = capacity // 3
        chosen = np.zeros(len(day), dtype=bool)
        chosen[least_draws(day, part)[0]] = True
        chosen[top(np.where(chosen, -1.0, amount), part)] = True
        chosen[top(np.where(chosen, -1.0, variance), capacity - int(chosen.sum()))] = True
        return np.flatnonzero(chosen)


class Rules:
    """Rows as an analyst writes them from what is known when the year begins."""

    def __init__(self, act: int, kind: int, region: int) -> None:
        """Take the one scheme that was already found last year."""
        self._known = (act, kind, region)

    def choose(self, day: Day, capacity: int) -> Ints:
        """Return files by how many rows found them, then by amount; the rest by the draw."""
        return top(self.worth(day), capacity)

    def worth(self, day: Day) -> Floats:
        """Return the ranking value: rows, amount, and the draw for what no row found."""
        seen = day.seen
        act, kind, region = self._known
        rows = (
            (seen["price_ratio"] >= 150).astype(float)
            + (seen["duplicate_files_90d"] > 0)
            + (seen["highest_quantity"] >= 8)
            + (seen["beneficiary_files_30d"] >= 6)
            + (seen["amount"] >= 150_000)
            + ((seen["act"] == act) & (seen["provider_kind"] == kind) & (seen["region"] == region))
        )
        share = np.minimum(seen["amount"], 1_000_000) / 1_000_000
        found: Floats = np.where(rows > 0, rows + 0.99 * share, -(day.draw / DRAW_RANGE))
        return found


class Perfect:
    """Knows what every control would find."""

    def choose(self, day: Day, capacity: int) -> Ints:
        """Return files in which something wrong would be found, dearest first."""
        return top((day.is_found & day.is_wrong) * (1.0 + day.avoided), capacity)


class Scored:
    """Score above a random floor, retrained on what it chose; rules until there is a score.

    With ``knows_all`` it is told the result of every file, controlled or not, and needs no floor.
    """

    def __init__(self, rules: Rules, how: Learning, floor: int, seed: int, *,
                 knows_all: bool = False) -> None:  # fmt: skip
        """Start without a score."""
        self._rules, self._how, self._knows_all = rules, how, knows_all
        self._floor = 0 if knows_all else floor
        self._random = np.random.default_rng([seed, 77])
        self.notes, self.model = Notes(), None

    model: ScoreModel | None

    def choose(self, day: Day, capacity: int) -> Ints:
        """Return the floor and the best of the others, and take note of their results."""
        self.notes.wake(day.number)
        if day.number % self._how.every == 0:
            self._train(day.number)
        seen = day.seen | self.notes.rates(day.seen)
        floor, beaten = least_draws(day, min(self._floor, capacity))
        worth = self._worth(day, seen)
        worth[floor] = -np.inf
        best = top(worth, capacity - len(floor))
        chosen = np.concatenate([floor, best])
        is_random = np.arange(len(chosen)) < len(floor)
        if self._knows_all:
            self._hear_all(day, seen)
        else:
            chance = np.where(is_random, beaten, 1.0)
            self.notes.write(day, seen, chosen, chance, is_random, np.arange(len(chosen)))
        return chosen

    def _hear_all(self, day: Day, seen: dict[str, Ints]) -> None:
        """Keep all results for the rates; for learning, all finds and as many other files."""
        finds, others = np.flatnonzero(day.is_found), np.flatnonzero(~day.is_found)
        some = self._random.choice(others, min(len(finds), len(others)), replace=False)
        chance = np.ones(len(day))
        chance[others] = len(some) / len(others)
        taught = np.concatenate([finds, some])
        every = np.arange(len(day))
        self.notes.write(day, seen, every, chance, np.ones(len(day), dtype=bool), taught)

    def _worth(self, day: Day, seen: dict[str, Ints]) -> Floats:
        if self.model is None:
            return self._rules.worth(day)
        return self.model.learner.margins(matrix_of(self.model.encoding, seen))

    def _train(self, number: int) -> None:
        how = self._how
        known = self.notes.known(number, how.days, how.cases, self._random)
        if known is None:
            return
        as_of: date = civil(number).astype(object)
        asked = Training(
            as_of=as_of, features=FEATURES, clip=how.clip, half_life=how.half_life, folds=1,
            trees=how.trees, glass=None,
        )  # fmt: skip
        with suppress(InvalidInput):  # too few results as yet
            self.model = fit(known, asked).model
