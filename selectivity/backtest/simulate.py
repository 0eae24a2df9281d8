"""The sequence of the engine over many files of the past at once, in numpy.

Follows ``selectivity.engine`` and ``selectivity.sequence`` step by step; tests hold them equal.
What the engine says of one file this says of arrays: lane, level and the chance of control.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medcontrol.vocabulary import Lane
from selectivity.backtest.columns import CONTROLLED, RANK, Files, Flags, Simulated, Taken
from selectivity.compiled import CompiledTable
from selectivity.draws import DRAW_RANGE, Draws, Keys, bound, row_purpose
from selectivity.features import columns_of
from selectivity.registry import FEATURES, Registry
from selectivity.sampling import is_sampled
from selectivity.tables import WHOLE, Row, RowKind, RuleSet

_CUT = "quota_cut:"
_NONE = -1


@dataclass(slots=True)
class _Wishes:
    """Picks of all origins so far, as ``settle`` gathers them."""

    size: int
    binding: NDArray[np.int8] = field(init=False)
    other: NDArray[np.int8] = field(init=False)
    level: NDArray[np.int8] = field(init=False)  # highest of picks that are controlled
    free_level: NDArray[np.int8] = field(init=False)  # highest of picks that go on
    spared: NDArray[np.float64] = field(init=False)  # chance that no pick controls the file

    def __post_init__(self) -> None:
        self.binding = np.full(self.size, _NONE, np.int8)
        self.other = np.full(self.size, _NONE, np.int8)
        self.level = np.zeros(self.size, np.int8)
        self.free_level = np.zeros(self.size, np.int8)
        self.spared = np.ones(self.size)

    def add(self, places: Any, lane: Any, level: Any, *, is_binding: bool = False) -> None:
        """Note picks that were taken."""
        side = self.binding if is_binding else self.other
        side[places] = np.maximum(side[places], lane)
        controlled = np.broadcast_to(np.asarray(lane) >= CONTROLLED, side[places].shape)
        level = np.broadcast_to(np.asarray(level, np.int8), side[places].shape)
        for levels, counted in ((self.level, controlled), (self.free_level, ~controlled)):
            levels[places] = np.maximum(levels[places], np.where(counted, level, 0))

    def allow(self, places: Any, chance: Any) -> None:
        """Note picks that could control the file, taken or not."""
        self.spared[places] *= 1.0 - np.asarray(chance)


class Simulator:
    """One rule set, compiled once, over block after block of files.

    Args:
        rules: any rule set; its first day of validity is not looked at.
        keys: secret draw keys by period.
        registry: features that the rules may name.
        pinned: ids of rows whose stored quota cuts are taken as they are: the very rows that
            decided these files at the gate, where files came in chunks.
    """

    def __init__(
        self,
        rules: RuleSet,
        keys: Keys,
        registry: Registry = FEATURES,
        *,
        pinned: Collection[str] = (),
    ) -> None:
        self.rules = rules
        self._pinned = frozenset(pinned)
        self._registry = registry
        self._draws = Draws(keys)
        self._table = CompiledTable(rules.rows, registry)
        self._floor = CompiledTable(rules.floor, registry)
        self._last_day = np.array([row.expires_on for row in rules.rows], dtype="datetime64[D]")

    @property
    def features(self) -> frozenset[str]:
        """Return the features that the rules read."""
        return frozenset((*self._table.columns, *self._floor.columns))

    @property
    def is_sampling(self) -> bool:
        """Return whether some row takes only a part of the files that match."""
        return any(is_sampled(row) for row in self.rules.rows)

    def run(
        self, files: Files, *, quota_used: Mapping[tuple[str, Any], int] | None = None
    ) -> Simulated:
        """Return what the rules do with the files; whole days at a time, for the quotas.

        Args:
            files: of one jurisdiction.
            quota_used: files that a row already took on a day, by (row id, day).
        """
        hits = self._match(self._table, files)
        hits &= files.received_on[:, None] <= self._last_day[None, :]
        again = np.fromiter(
            (snapshot.get("nature") == "a_posteriori" for snapshot in files.snapshots),
            np.bool_, len(files),
        )  # fmt: skip
        harboured: Flags = np.asarray(
            hits[:, self._numbers(RowKind.SAFE_HARBOUR)].any(axis=1), np.bool_
        )
        wishes = _Wishes(len(files))
        is_external = files.external >= 0
        wishes.add(is_external, files.external[is_external], files.external_level[is_external],
                   is_binding=True)  # fmt: skip
        wishes.allow(files.external >= CONTROLLED, 1.0)
        wishes.add(again, CONTROLLED, 0, is_binding=True)
        wishes.allow(again, 1.0)
        rows = self._mandatory(hits, wishes)
        rows |= self._targeting(files, hits, ~harboured & ~again, wishes, quota_used or {})
        drawn, floor = self._random(files, ~again, wishes)
        is_binding = wishes.binding >= 0
        lane = np.maximum(np.where(is_binding, wishes.binding, wishes.other), 0).astype(np.uint8)
        return Simulated(
            lane=lane,
            level=np.where(lane >= CONTROLLED, wishes.level, wishes.free_level).astype(np.uint8),
            # What binds decides alone, so other picks give no chance where it says go on.
            chance=np.where(is_binding, lane >= CONTROLLED, 1.0 - wishes.spared),
            hits=hits,
            rows=rows,
            is_binding=is_binding,
            is_harboured=harboured,
            is_drawn=drawn,
            floor=np.where(is_binding, 0.0, floor),
            overflow=np.zeros(len(files), np.bool_),
        )

    def _match(self, table: CompiledTable, files: Files) -> Flags:
        columns = columns_of(files.snapshots, table.columns, self._registry)
        words = table.match_batch(columns, len(files))
        bits = np.unpackbits(
            np.ascontiguousarray(words).view(np.uint8), axis=1, bitorder="little",
            count=max(1, len(table.rows)),
        )  # fmt: skip
        return bits[:, : len(table.rows)].astype(np.bool_)

    def _numbers(self, kind: RowKind) -> list[int]:
        return [n for n, row in enumerate(self.rules.rows) if row.kind is kind]

    def _mandatory(self, hits: Flags, wishes: _Wishes) -> dict[int, Taken]:
        found = {}
        for number in self._numbers(RowKind.MANDATORY):
            places = np.flatnonzero(hits[:, number])
            row = self.rules.rows[number]
            lane = _lane(row)
            wishes.add(places, lane, row.level.rank, is_binding=True)
            if lane >= CONTROLLED:
                wishes.allow(places, 1.0)
            found[number] = Taken(places, np.ones(len(places)), np.ones(len(places), np.bool_))
        return found

    def _targeting(
        self,
        files: Files,
        hits: Flags,
        is_open: Flags,
        wishes: _Wishes,
        used: Mapping[tuple[str, Any], int],
    ) -> dict[int, Taken]:
        found = {}
        for number in self._numbers(RowKind.TARGETING):
            row = self.rules.rows[number]
            places = np.flatnonzero(hits[:, number])
            chance = is_open[places].astype(float)
            is_taken = is_open[places].copy()
            if is_sampled(row):
                inside = np.flatnonzero(is_taken)
                chance[inside], is_taken[inside] = self._sampled(row, files, places[inside], used)
            lane = _lane(row)
            wishes.add(places[is_taken], lane, row.level.rank)
            if lane >= CONTROLLED:
                wishes.allow(places, chance)
            found[number] = Taken(places, chance, is_taken)
        return found

    def _sampled(
        self,
        row: Row,
        files: Files,
        places: NDArray[np.intp],
        used: Mapping[tuple[str, Any], int],
    ) -> tuple[NDArray[np.float64], Flags]:
        """Return the chance and the fate of files at a row with a rate or a quota."""
        numbers = self._row_draws(row, files, places)
        cuts = _cuts(row, files.received_on[places], numbers, used)
        if row.id in self._pinned:
            name = _CUT + row.id
            for at, place in enumerate(places.tolist()):
                stored = files.snapshots[place].get(name)
                if stored is not None:
                    cuts[at] = int(stored, 16)
        chance = np.array([cut / DRAW_RANGE for cut in cuts])
        taken = np.array([draw < cut for draw, cut in zip(numbers, cuts, strict=True)], np.bool_)
        return chance, taken

    def _row_draws(self, row: Row, files: Files, places: NDArray[np.intp]) -> list[int]:
        known = files.identities

        def who(place: int) -> bytes:
            found = known[place] if known is not None else None
            return found if found is not None else int(files.draw[place]).to_bytes(8, "big")

        cases = ((files.period[place], who(place)) for place in places.tolist())
        return self._draws.draw_many(cases, row_purpose(row.id))

    def _random(
        self, files: Files, is_open: Flags, wishes: _Wishes
    ) -> tuple[Flags, NDArray[np.float64]]:
        """Return which files the floor takes, and its chance of controlling each."""
        strata = self._match(self._floor, files) & is_open[:, None]
        drawn, chance = np.zeros(len(files), np.bool_), np.zeros(len(files))
        first = np.where(strata.any(axis=1), strata.argmax(axis=1), _NONE)
        for number, stratum in enumerate(self.rules.floor):
            places = np.flatnonzero(first == number)
            limit = bound(stratum.rate)
            draws = files.draw[places]
            taken = np.ones(len(places), np.bool_) if limit >= DRAW_RANGE else draws < limit
            lane = RANK[stratum.lane]
            wishes.add(places[taken], lane, stratum.level.rank)
            if lane >= CONTROLLED:
                wishes.allow(places, stratum.rate / WHOLE)
                chance[places] = stratum.rate / WHOLE
            drawn[places[taken]] = True
        return drawn, chance


def _cuts(
    row: Row,
    days: NDArray[np.datetime64],
    numbers: Sequence[int],
    used: Mapping[tuple[str, Any], int],
) -> list[int]:
    """Return the first draw that is not taken, for each file; see ``selectivity.sampling``."""
    limit = bound(row.rate)
    cuts = [limit] * len(numbers)
    if row.daily_quota is None:
        return cuts
    by_day: dict[Any, list[int]] = {}
    for place, day in enumerate(days.tolist()):
        by_day.setdefault(day, []).append(place)
    for day, places in by_day.items():
        left = max(0, row.daily_quota - used.get((row.id, day), 0))
        smallest = sorted(numbers[place] for place in places if numbers[place] < limit)
        if left and len(smallest) <= left:
            continue
        inside, outside = (smallest[left], smallest[left - 1]) if left else (0, 0)
        for place in places:
            cuts[place] = inside if numbers[place] < inside else outside
    return cuts


def _lane(row: Row) -> int:
    return RANK[row.lane or Lane.GREEN]
