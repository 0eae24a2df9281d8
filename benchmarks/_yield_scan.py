"""The segment scan over a simulated year: when new schemes are proposed, and what else is."""

from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks._yield_cases import cases_of
from benchmarks._yield_world import SCANNED, Day, Fund, World, condition_mask
from selectivity.outcomes.scan import Segment, scan

EVERY = 5
FIRST_SCAN = 19
LOOKS_BACK = 90
QUIET = 64
"""Working days: between two scans, before the first, that a scan reads, and for which a segment
that was proposed does not come back."""

MONTH = 21
FALSE_BELOW = 1.5
"""A proposal is false when its files are truly wrong less than so many times as often as others."""


WATCHED = range(10, 61)
"""Working days since its begin in which a new scheme is waited for, where only those count."""


def search(world: World, seed: int, days: int, *, only_timed: bool = False) -> dict[str, Any]:
    """Scan a year weekly, as it is known by then; return when each new scheme was proposed.

    The scan reads random controls alone, so that only these are simulated: as many a day as the
    floor has, in the same world.

    Args:
        world: of the year.
        seed: of the year.
        days: length of the year.
        only_timed: scan only in weeks in which a timed scheme is watched and not yet proposed.
    """
    fund = Fund(world, seed, days)
    past: list[Day] = []
    proposed: dict[Any, int] = {}
    seen: dict[int, int] = {}
    found = {"proposals": 0, "false_proposals": 0, "scans": 0, "scans_with_false": 0}
    for day in fund.year(SCANNED):
        past = [*past, day][-LOOKS_BACK:]
        if day.number < FIRST_SCAN or day.number % EVERY != EVERY - 1:
            continue
        if only_timed and not _is_watched(fund, seen, day.number):
            continue
        sample = _joined(past)
        new = _new(scan(cases_of(_columns(sample, past, day.number))), proposed, day.number)
        false = sum(_is_false(segment, sample) for segment in new)
        found["scans"] += 1
        found["proposals"] += len(new)
        found["false_proposals"] += false
        found["scans_with_false"] += false > 0
        for segment in new:
            seen.setdefault(_scheme_of(segment, sample), day.number)
    return found | {
        "days_to_proposal": _delays(fund, seen),
        "months": found["scans"] * EVERY / MONTH,
    }


def _is_watched(fund: Fund, seen: dict[int, int], number: int) -> bool:
    """Return whether some timed scheme began lately and was not proposed yet."""
    return any(
        scheme.is_timed and place not in seen and number - scheme.begins in WATCHED
        for place, scheme in enumerate(fund.schemes)
    )


def _new(found: list[Segment], proposed: dict[Any, int], number: int) -> list[Segment]:
    """Return the segments that were not proposed lately, and remember them."""
    new = [s for s in found if number - proposed.get(s.condition, -QUIET) >= QUIET]
    proposed |= {segment.condition: number for segment in new}
    return new


def _joined(past: list[Day]) -> Day:
    """Return the files of several days as those of one."""
    names = ("draw", "chance", "scheme", "is_wrong", "is_found", "avoided", "lag")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(each, name) for each in past]) for name in names
    }
    seen = {name: np.concatenate([each.seen[name] for each in past]) for name in past[0].seen}
    return replace(past[-1], seen=seen, **columns)


def _columns(sample: Day, past: list[Day], today: int) -> dict[str, Any]:
    """Return random controls as a scan finds them at the end of a day."""
    number = np.concatenate([np.full(len(each), each.number) for each in past])
    known = number + sample.lag
    n = len(sample)
    return {
        "seen": sample.seen, "number": number, "known": known, "told": known <= today,
        "found": sample.is_found, "avoided": sample.avoided, "draw": sample.draw,
        "random": np.ones(n, dtype=bool), "chance": np.full(n, 0.01),
    }  # fmt: skip


def _is_false(segment: Segment, sample: Day) -> bool:
    inside = condition_mask(sample, segment.condition)
    within, without = sample.chance[inside].mean(), sample.chance[~inside].mean()
    return bool(within < FALSE_BELOW * without)


def _scheme_of(segment: Segment, sample: Day) -> int:
    """Return the scheme that at least half of a segment's hits belong to; -1 for none."""
    places = sample.scheme[np.array(segment.hits, dtype=np.int64)]
    counts = np.bincount(places[places >= 0], minlength=1)
    best = int(counts.argmax())
    return best if 2 * counts[best] >= len(places) and counts[best] else -1


def _delays(fund: Fund, seen: dict[int, int]) -> list[int | None]:
    """Return the working days that each timed scheme ran before it was proposed."""
    return [
        seen[place] - scheme.begins + 1 if place in seen else None
        for place, scheme in enumerate(fund.schemes)
        if scheme.is_timed and scheme.begins < fund.days
    ]
