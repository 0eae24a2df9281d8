"""Adds up what two rule sets do, block of days after block of days, in bounded memory."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medcontrol.vocabulary import Lane
from selectivity.backtest.columns import CONTROLLED, LANES, LEVELS, Simulated, Taken
from selectivity.history.cases import Cases, is_hit
from selectivity.tables import Row

Floats = NDArray[np.float64]
Minutes = Mapping[tuple[str, Lane], int]
"""Minutes of one control by flow and lane."""

DIMENSIONS = ("sex", "age_band", "scheme", "region", "sector")
UNKNOWN = "unknown"
_BANDS = ((18, "0-17"), (40, "18-39"), (60, "40-59"), (75, "60-74"))
_OLDEST = "75+"


@dataclass(slots=True)
class DayTally:
    """One day: files, and those controlled by either set."""

    files: int = 0
    controlled: int = 0
    base_controlled: int = 0


@dataclass(slots=True)
class GroupTally:
    """One group of people: files, and those that either set is expected to control."""

    files: int = 0
    expected: float = 0.0
    base_expected: float = 0.0


@dataclass(slots=True)
class RowTally:
    """One row of the set: what it matched and took."""

    matched: int = 0
    taken: int = 0
    expected: float = 0.0
    alone: int = 0  # matched by no other row of the set
    minutes: int = 0
    outcomes: list[NDArray[np.intp]] = field(default_factory=list)
    chances: list[Floats] = field(default_factory=list)

    def chance(self, outcomes: int) -> Floats:
        """Return the chance with which the row takes each outcome's file."""
        found = np.zeros(outcomes)
        for places, chances in zip(self.outcomes, self.chances, strict=True):
            found[places] = chances
        return found


class Tally:
    """Figures of a set of rules beside a base.

    Args:
        rows: of the set.
        base_rows: of the base, for the overlap of one with the other.
        minutes: of one control; a pair that is not named counts ``default``.
        default: minutes of a control that nobody measured.
    """

    def __init__(
        self, rows: Sequence[Row], base_rows: Sequence[Row], minutes: Minutes, default: int
    ) -> None:
        self.row_ids = [row.id for row in rows]
        self.base_ids = [row.id for row in base_rows]
        self._minutes, self._default = minutes, default
        self.files = self.live = self.reproduced = 0
        self.lanes = np.zeros((len(LANES), len(LANES)), np.int64)  # [base, set]
        self.levels = np.zeros((2, len(LEVELS)), np.int64)  # controlled, [set, base]
        self.minutes = [0, 0]
        self.overflow = 0
        self.days: dict[date, DayTally] = {}
        self.groups: dict[str, dict[str, GroupTally]] = {name: {} for name in DIMENSIONS}
        self.rows = [RowTally() for _ in rows]
        self.overlap = np.zeros((len(rows), len(base_rows)), np.int64)
        self.controlled = self.closed = self.unknown_chance = 0
        self._seen: list[tuple[Floats, NDArray[np.bool_], Floats, Floats, Floats, Floats]] = []
        self._outcomes = 0

    def add(self, cases: Cases, found: Simulated, base: Simulated) -> None:
        """Add a block of files."""
        self.files += len(cases)
        self._add_lanes(cases, found, base)
        self._add_days(cases, found, base)
        self._add_groups(cases, found, base)
        places = self._add_outcomes(cases, found, base)
        costs = self._costs(cases.flow, found.lane)
        self.minutes[0] += int(costs[found.is_controlled].sum())
        self.minutes[1] += int(self._costs(cases.flow, base.lane)[base.is_controlled].sum())
        self._add_rows(found, costs, places)
        if found.hits.size and base.hits.size:
            both = found.hits.astype(np.float32).T @ base.hits.astype(np.float32)
            self.overlap += np.rint(both).astype(np.int64)

    def outcomes(self) -> tuple[Floats, NDArray[np.bool_], Floats, Floats, Floats, Floats]:
        """Return of all controlled files with a known chance: pi, closed, hit, avoided, chances."""
        if not self._seen:
            none = np.zeros(0)
            return none, none.astype(np.bool_), none, none, none, none
        columns = zip(*self._seen, strict=True)
        pi, closed, hit, avoided, chance, base = (np.concatenate(each) for each in columns)
        return pi, closed, hit, avoided, chance, base

    def _add_lanes(self, cases: Cases, found: Simulated, base: Simulated) -> None:
        pairs = base.lane.astype(np.int64) * len(LANES) + found.lane
        self.lanes += np.bincount(pairs, minlength=len(LANES) ** 2).reshape(self.lanes.shape)
        for place, each in enumerate((found, base)):
            self.levels[place] += np.bincount(each.level[each.is_controlled], minlength=len(LEVELS))
        self.overflow += int(found.overflow.sum())
        names = np.array([lane.value for lane in LANES], dtype=object)
        self.live += int(cases.is_live.sum())
        self.reproduced += int((cases.is_live & (names[base.lane] == cases.lane)).sum())

    def _add_days(self, cases: Cases, found: Simulated, base: Simulated) -> None:
        days, place = np.unique(cases.received_on, return_inverse=True)
        files, controlled, base_controlled = (
            np.bincount(place, weights=each, minlength=len(days)).astype(int)
            for each in (np.ones(len(cases)), found.is_controlled, base.is_controlled)
        )
        for at, day in enumerate(days.tolist()):
            held = self.days.setdefault(day, DayTally())
            held.files += int(files[at])
            held.controlled += int(controlled[at])
            held.base_controlled += int(base_controlled[at])

    def _add_groups(self, cases: Cases, found: Simulated, base: Simulated) -> None:
        columns: dict[str, Iterable[Any]] = {
            "sex": cases.sex, "age_band": [age_band(age) for age in cases.age],
            "scheme": cases.scheme, "region": cases.region, "sector": cases.sector,
        }  # fmt: skip
        for name, values in columns.items():
            words = [UNKNOWN if value is None else str(value) for value in values]
            number = {word: place for place, word in enumerate(dict.fromkeys(words))}
            place = np.array([number[word] for word in words], dtype=np.intp)
            files, chance, base_chance = (
                np.bincount(place, weights=each, minlength=len(number))
                for each in (np.ones(len(words)), found.chance, base.chance)
            )
            for word, at in number.items():
                held = self.groups[name].setdefault(word, GroupTally())
                held.files += int(files[at])
                held.expected += float(chance[at])
                held.base_expected += float(base_chance[at])

    def _add_outcomes(self, cases: Cases, found: Simulated, base: Simulated) -> NDArray[np.intp]:
        """Note the files whose control was drawn with a known chance; return their places.

        The place of a file is its number among all outcomes, -1 for one without.
        """
        closed = np.array([value is not None for value in cases.outcome], np.bool_)
        controlled = np.array(
            [
                lane in _CONTROLLED_LANES if live else bool(origins) or done
                for lane, live, origins, done in zip(
                    cases.lane, cases.is_live, cases.origins, closed, strict=True
                )
            ],
            np.bool_,
        )
        pi = cases.inclusion_probability.astype(np.float64)
        known = controlled & (pi > 0)
        self.controlled += int(controlled.sum())
        self.closed += int((controlled & closed).sum())
        self.unknown_chance += int((controlled & ~known).sum())
        self._seen.append(
            (
                pi[known], closed[known], is_hit(cases.outcome[known]).astype(np.float64),
                cases.amount_avoided[known].astype(np.float64), found.chance[known],
                base.chance[known],
            )
        )  # fmt: skip
        places = np.full(len(cases), -1, np.intp)
        places[known] = np.arange(int(known.sum())) + self._outcomes
        self._outcomes += int(known.sum())
        return places

    def _add_rows(
        self, found: Simulated, costs: NDArray[np.int64], places: NDArray[np.intp]
    ) -> None:
        matched = found.hits.sum(axis=0)
        alone = found.hits[found.hits.sum(axis=1) == 1].sum(axis=0)
        for number, held in enumerate(self.rows):
            held.matched += int(matched[number])
            held.alone += int(alone[number])
            took = found.rows.get(number)
            if took is not None:
                _add_row(held, took, found, costs, places)

    def _costs(self, flows: NDArray[np.object_], lanes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Return the minutes that a control of each file takes."""
        found = np.zeros(len(flows), np.int64)
        for flow, lane in set(zip(flows.tolist(), lanes.tolist(), strict=True)):
            minutes = self._minutes.get((flow, LANES[lane]), self._default)
            found[(flows == flow) & (lanes == lane)] = minutes
        return found


_CONTROLLED_LANES = frozenset(lane.value for lane in LANES[CONTROLLED:])


def age_band(age: Any) -> str | None:
    """Return the band of an age in years.

    >>> age_band(39), age_band(75), age_band(None)
    ('18-39', '75+', None)
    """
    if age is None:
        return None
    return next((band for end, band in _BANDS if age < end), _OLDEST)


def _add_row(
    held: RowTally,
    took: Taken,
    found: Simulated,
    costs: NDArray[np.int64],
    places: NDArray[np.intp],
) -> None:
    held.taken += int(took.is_taken.sum())
    held.expected += float(took.chance.sum())
    controlled = took.places[took.is_taken & found.is_controlled[took.places]]
    held.minutes += int(costs[controlled].sum())
    of_outcome = places[took.places]
    known = of_outcome >= 0
    held.outcomes.append(of_outcome[known])
    held.chances.append(took.chance[known])
