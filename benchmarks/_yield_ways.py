"""Ways to choose which files of a simulated day are controlled, each with the same capacity.

A way sees features, draws, and results of its own controls once they are known. Only the perfect
ranking and the score that knows every label see more, which is what they are there for.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import numpy as np

from benchmarks._yield_world import (
    ACTS,
    CHANNELS,
    FLOWS,
    KINDS,
    PROVIDERS,
    REGIONS,
    SECTORS,
    SPECIALTIES,
    Day,
    Flags,
    Floats,
    Ints,
)  # fmt: skip
from medcontrol.errors import InvalidInput
from medcontrol.vocabulary import ControlResult, Origin
from selectivity.draws import DRAW_RANGE
from selectivity.history.cases import Cases, objects
from selectivity.history.counting import SHRINKAGE
from selectivity.score.encoding import Encoding
from selectivity.score.fitting import TreeSettings
from selectivity.score.model import ScoreModel
from selectivity.score.training import Training, fit

NATURE = "reimbursement"
FIRST = np.datetime64("2026-01-05")
WORDS = {
    "provider_kind": KINDS, "provider_sector": SECTORS, "provider_specialty": SPECIALTIES,
    "channel": CHANNELS,
}  # fmt: skip
NUMBERS = (
    "amount", "line_count", "highest_quantity", "document_count", "filing_delay",
    "beneficiary_files_30d", "duplicate_files_90d", "price_ratio",
)  # fmt: skip
RATES = ("provider_hit_rate", "act_hit_rate")
FEATURES = ("flow", *WORDS, "acts", *NUMBERS, *RATES)


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


@dataclass
class Notes:
    """What a way was told: controls with the features as they were, and when results come."""

    days: list[dict[str, Any]] = field(default_factory=list)
    due: dict[int, list[tuple[Ints, Ints, Flags]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    controls: dict[str, Floats] = field(
        default_factory=lambda: {"provider": np.zeros(PROVIDERS), "act": np.zeros(len(ACTS))}
    )
    hits: dict[str, Floats] = field(
        default_factory=lambda: {"provider": np.zeros(PROVIDERS), "act": np.zeros(len(ACTS))}
    )

    def wake(self, number: int) -> None:
        """Count the results that are known before a day."""
        for who, act, found in self.due.pop(number, ()):
            for name, keys in (("provider", who), ("act", act)):
                size = len(self.controls[name])
                self.controls[name] += np.bincount(keys, minlength=size)
                self.hits[name] += np.bincount(keys, found, size)

    def rates(self, seen: dict[str, Ints]) -> dict[str, Ints]:
        """Return the hit rates that the registry calls by these names, in ten-thousandths."""
        found = {}
        for name in ("provider", "act"):
            whole, hits = self.controls[name].sum(), self.hits[name].sum()
            base = hits / whole if whole else 0.0
            rate = (self.hits[name] + SHRINKAGE * base) / (self.controls[name] + SHRINKAGE)
            found[f"{name}_hit_rate"] = (10_000 * rate).astype(np.int64)[seen[name]]
        return found

    def write(self, day: Day, seen: dict[str, Ints], places: Ints, chance: Floats,
              is_random: Flags, taught: Ints) -> None:  # fmt: skip
        """Keep controls: results of all of them will count, ``taught`` of them can be learned."""
        for lag in np.unique(day.lag[places]).tolist():
            some = places[day.lag[places] == lag]
            who, act = day.seen["provider"][some], day.seen["act"][some]
            self.due[day.number + lag + 1].append((who, act, day.is_found[some]))
        kept = places[taught]
        self.days.append({
            "seen": {name: values[kept] for name, values in seen.items()},
            "number": np.full(len(kept), day.number), "known": day.number + day.lag[kept],
            "found": day.is_found[kept], "avoided": day.avoided[kept], "draw": day.draw[kept],
            "chance": chance[taught], "random": is_random[taught],
        })  # fmt: skip

    def known(self, number: int, days: int, most: int, random: np.random.Generator) -> Cases:
        """Return controls whose result is known before a day, ``most`` of them at most."""
        recent = [each for each in self.days if each["number"][0] >= number - days]
        if not recent:
            return cases_of({"seen": {}, "number": np.zeros(0, dtype=np.int64)})
        columns: dict[str, Any] = {
            name: np.concatenate([each[name] for each in recent])
            for name in recent[0] if name != "seen"
        }  # fmt: skip
        columns["seen"] = {
            name: np.concatenate([each["seen"][name] for each in recent])
            for name in recent[0]["seen"]
        }
        places = np.flatnonzero(columns["known"] < number)
        if len(places) > most:
            places = np.sort(random.choice(places, most, replace=False))
        return cases_of(taken(columns, places))


def taken(columns: dict[str, Any], places: Ints) -> dict[str, Any]:
    """Return some of the files of columns that ``cases_of`` reads."""
    found = {name: values[places] for name, values in columns.items() if name != "seen"}
    return found | {"seen": {name: v[places] for name, v in columns["seen"].items()}}


def civil(number: Ints | int) -> Any:
    """Return the civil day of a working day of the year."""
    return np.busday_offset(FIRST, number)


def snapshots_of(seen: dict[str, Ints]) -> list[dict[str, Any]]:
    """Return features as a decision stores them."""
    columns: dict[str, list[Any]] = {
        "flow": [FLOWS[kind] for kind in seen["provider_kind"].tolist()],
        "acts": [[ACTS[act]] for act in seen["act"].tolist()],
    }
    for name, words in WORDS.items():
        columns[name] = [words[place] for place in seen[name].tolist()]
    for name in (*NUMBERS, *RATES):
        if name in seen:
            columns[name] = seen[name].tolist()
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True), nature=NATURE) for row in rows]


def cases_of(columns: dict[str, Any]) -> Cases:
    """Return controls as training and scan read them; results are those that ``known`` dates."""
    n, seen = len(columns["number"]), columns["seen"]
    if not n:
        return _cases(0, {}, {name: np.zeros(0, dtype=np.int64) for name in ("number", "known")})
    return _cases(n, seen, columns)


def _cases(n: int, seen: dict[str, Ints], columns: dict[str, Any]) -> Cases:
    none, kinds = objects([None] * n), seen.get("provider_kind", np.zeros(0, dtype=np.int64))
    origins = ((Origin.SCORE.value,), (Origin.RANDOM.value,))
    results = (ControlResult.CONFORM.value, ControlResult.REDUCED.value)
    found, random = columns.get("found", ()), columns.get("random", ())
    number = columns["number"]
    told = columns.get("told", np.ones(n, dtype=bool))
    decided = civil(columns["known"]).astype("datetime64[D]")
    decided[~told] = np.datetime64("NaT")
    return Cases(
        ids=objects(list(range(n))), is_live=np.ones(n, dtype=bool),
        received_on=civil(number).astype("datetime64[D]"),
        snapshots=snapshots_of(seen) if n else [],
        lane=none, level=none, origins=[origins[int(each)] for each in random],
        matched_rows=[()] * n, draw=columns.get("draw", np.zeros(n, dtype=np.uint64)),
        period=none, inclusion_probability=columns.get("chance", np.ones(n)),
        outcome=objects([results[int(f)] if t else None for f, t in zip(found, told, strict=True)]),
        amount_avoided=columns.get("avoided", np.zeros(n, dtype=np.int64)), decided_on=decided,
        sex=none, age=none, scheme=none,
        region=objects([REGIONS[each] for each in seen.get("region", ())]),
        sector=none, flow=objects([FLOWS[each] for each in kinds]),
        nature=objects([NATURE] * n), agency=none,
        provider=objects([f"P{each}" for each in seen.get("provider", ())]),
        minutes=np.full(n, np.nan),
    )  # fmt: skip


def matrix_of(encoding: Encoding, seen: dict[str, Ints]) -> Floats:
    """Return what ``encoding.matrix`` makes of the same files, a column at a time."""
    found = np.empty((len(seen["act"]), len(encoding.columns)))
    kind, act = seen["provider_kind"], seen["act"]
    for place, column in enumerate(encoding.columns):
        places = {word: float(n) for n, word in enumerate(column.words)}
        if column.kind == "number":
            found[:, place] = seen[column.name]
        elif column.kind == "code":
            found[:, place] = act == ACTS.index(column.words[0])
        elif column.kind == "norm":
            norm = encoding.norms[column.name]
            ends = ACTS if column.name == "amount_for_acts" else [""] * len(ACTS)
            usual = np.array([
                [norm.get(f"{flow}|{NATURE}{'|' if end else ''}{end}", np.nan) for end in ends]
                for flow in FLOWS
            ])  # fmt: skip
            found[:, place] = np.log(np.maximum(seen["amount"], 1)) - usual[kind, act]
        else:
            words = FLOWS if column.name == "flow" else WORDS[column.name]
            code = kind if column.name == "flow" else seen[column.name]
            found[:, place] = np.array([places.get(word, np.nan) for word in words])[code]
    return found


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
        as_of: date = civil(number).astype(object)
        asked = Training(
            as_of=as_of, features=FEATURES, clip=how.clip, half_life=how.half_life, folds=1,
            trees=how.trees, glass=None,
        )  # fmt: skip
        try:
            self.model = fit(known, asked).model
        except InvalidInput:  # too few results as yet
            return
