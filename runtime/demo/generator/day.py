"""One day of files (journée), with labels on what was planted in it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import orjson

from runtime.demo.generator import anomalies, draws, faults
from runtime.demo.generator.anomalies import Planted
from runtime.demo.generator.arrivals import to_days
from runtime.demo.generator.build import World, build, service_keys
from runtime.demo.generator.columns import Files, concatenate
from runtime.demo.generator.draws import Bools, Ints
from runtime.demo.generator.faults import Fault
from runtime.demo.generator.identities import Message
from runtime.demo.generator.render import render
from runtime.demo.generator.services import SERVICES


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One planted scheme: the files that belong together and, if there is one, the suspect."""

    kind: str
    label: str
    external_ids: tuple[str, ...]
    provider_id: str


@dataclass(frozen=True)
class Day:
    """The files of one day in the order of their arrival.

    Everything is made again on each call, so nothing is kept but columns (about 200 bytes a file).
    """

    world: World
    day: date
    files: Files
    external_ids: list[str]
    _kind: Ints
    _group: Ints
    _faults: int

    def __len__(self) -> int:
        return len(self.files) + self._faults

    @property
    def is_planted(self) -> Bools:
        """Which files belong to a scheme."""
        planted: Bools = self._kind >= 0
        return planted

    def messages(self) -> Iterator[Message]:
        """Yield the good files as dicts; do not change them: they share parts."""
        return render(self.world, self.files, self.day, self.external_ids)

    def lines(self) -> Iterator[bytes]:
        """Yield NDJSON lines with their newline, the faulty ones among them."""
        return (line for line, _ in self._labelled_lines())

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        """The lines that intake must not accept as new; renders the day to find them."""
        return tuple(fault for _, fault in self._labelled_lines() if fault is not None)

    @cached_property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """The planted schemes."""
        found: dict[tuple[int, int], list[int]] = {}
        for row in np.flatnonzero(self._kind >= 0).tolist():
            found.setdefault((int(self._kind[row]), int(self._group[row])), []).append(row)
        identifier = self.world.professionals.identifier
        return tuple(
            Anomaly(
                kind=anomalies.KINDS[kind],
                label=anomalies.LABELS[anomalies.KINDS[kind]],
                external_ids=tuple(self.external_ids[row] for row in rows),
                provider_id=identifier[int(self.files.provider[rows[0]])],
            )
            for (kind, _), rows in sorted(found.items())
        )

    def _labelled_lines(self) -> Iterator[tuple[bytes, Fault | None]]:
        places = self._fault_places()
        line_no, number = 0, 0
        good: Message | None = None
        for row, message in enumerate(self.messages()):
            line_no += 1
            yield orjson.dumps(message) + b"\n", None
            if "lines" in message and "care" in message:
                good = message
            for _ in range(places.get(row, 0)):
                line_no += 1
                kind, identity, line = faults.spoil(good or message, number)
                number += 1
                yield line + b"\n", Fault(kind, line_no, identity)

    def _fault_places(self) -> dict[int, int]:
        """Return how many faulty lines follow which file; the first ones stay clean."""
        good = np.flatnonzero(self.files.count > 0)
        if self._faults == 0:
            return {}
        low = int(good[0])
        keys = draws.keys(draws.key(self.world.seed, "faults", to_days(self.day)), self._faults)
        rows = draws.integers(keys, "row", low, len(self.files) - 1)
        return {int(row): int(many) for row, many in zip(*np.unique(rows, return_counts=True),
                                                         strict=True)}  # fmt: skip


def make_day(world: World, day: date, total: int, *, tag: str, fault_share: float = 0.0) -> Day:
    """Plan one day of ``total`` lines.

    Args:
        world: people, professionals and seed.
        day: civil day of reception.
        total: lines in all, faulty ones included.
        tag: part of every ``external_id``, so that two days in one installation do not collide.
        fault_share: share of lines that intake must not accept, in [0, 0.5].
    """
    bad = round(total * fault_share) if total >= 20 else 0
    if fault_share > 0 and total >= 20:
        bad = max(bad, 1)
    (made,) = make_days(world, [day], [total - bad], tag=tag)
    return replace(made, _faults=bad)


def make_days(world: World, days: Sequence[date], totals: Sequence[int], *, tag: str) -> list[Day]:
    """Plan several days at once, which is far faster than one by one when they are small.

    Args:
        world: people, professionals and seed.
        days: civil days of reception, each once.
        totals: good files of each day, at least 1.
        tag: as in ``make_day``; the days are the same as when made alone with the same tag.
    """
    numbers = [to_days(day) for day in days]
    planted = [
        anomalies.plant(world, day, total) for day, total in zip(numbers, totals, strict=True)
    ]
    ordinary = [
        total - (len(one.files) if one else 0) for one, total in zip(planted, totals, strict=True)
    ]
    files, of_day, kind, group = _together(_ordinary(world, numbers, ordinary), planted)
    found = []
    for row, day in enumerate(days):
        mine = np.flatnonzero(of_day == row)
        keys = draws.keys(draws.key(world.seed, tag, numbers[row]), len(mine))
        mine = mine[np.argsort(draws.uniform(keys, "order"))]
        head = f"AMO-{day:%y%m%d}-{tag}"
        identifiers = [f"{head}-{number:06d}" for number in range(len(mine))]
        found.append(Day(world, day, files.take(mine), identifiers, kind[mine], group[mine], 0))
    return found


def _ordinary(world: World, days: Sequence[int], totals: Sequence[int]) -> tuple[Files, Ints]:
    """Return the files of every service and day, service after service, and each one's day."""
    weights = [service.share for service in SERVICES]
    counts = [
        draws.systematic(total, weights, draws.key(world.seed, "mix", day) / 2.0**64)
        for day, total in zip(days, totals, strict=True)
    ]
    parts, of_day = [], []
    for number, service in enumerate(SERVICES):
        per_day = [row[number] for row in counts]
        keys = np.concatenate(
            [service_keys(world, service, day, n) for day, n in zip(days, per_day, strict=True)]
        )
        rows = np.repeat(np.arange(len(days)), per_day)
        if len(keys):
            parts.append(build(world, service.name, keys, np.array(days)[rows]))
            of_day.append(rows)
    return concatenate(parts), np.concatenate(of_day)


def _together(
    ordinary: tuple[Files, Ints], planted: Sequence[Planted | None]
) -> tuple[Files, Ints, Ints, Ints]:
    """Return all files with the row of their day, and kind and group of a scheme or -1."""
    files, of_day = ordinary
    none = np.full(len(files), -1)
    parts, days, kinds, groups = [files], [of_day], [none], [none]
    for row, one in enumerate(planted):
        if one is not None:
            parts.append(one.files)
            days.append(np.full(len(one.files), row))
            kinds.append(one.kind)
            groups.append(one.group)
    return concatenate(parts), np.concatenate(days), np.concatenate(kinds), np.concatenate(groups)
