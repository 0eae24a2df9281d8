"""The figures of a back-test, from what was added up (chiffres du rejeu)."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from selectivity.backtest.columns import LANES, LEVELS
from selectivity.backtest.estimates import (
    LEAST,
    Outcomes,
    Z,
    avoided,
    closed_pi,
    hit_difference,
    hit_rate,
    hits,
    is_certain,
)
from selectivity.backtest.result import (
    BacktestResult,
    Findings,
    GroupResult,
    Overlap,
    RowResult,
)
from selectivity.backtest.tally import GroupTally, Tally
from selectivity.tables import Row, RuleSet

_OVERLAPS = 10


def result_of(
    tally: Tally,
    *,
    rules: RuleSet,
    base: RuleSet,
    capacity: int | None,
    score: str | None,
    minutes_a_day: int,
) -> BacktestResult:
    """Return the figures that a tally holds."""
    outcomes, closed, chance, base_chance = _outcomes(tally)
    found = zip(LANES, tally.lanes.tolist(), strict=True)
    levels = [
        {level.value: int(n) for level, n in zip(LEVELS, counts, strict=True)}
        for counts in tally.levels
    ]
    return BacktestResult(
        rules=rules.name,
        rules_sha256=rules.sha256,
        base=base.name,
        base_sha256=base.sha256,
        capacity=capacity,
        score=score,
        files=tally.files,
        live=tally.live,
        reproduced=tally.reproduced,
        lanes={
            (before, to): count
            for before, counts in found
            for to, count in zip(LANES, counts, strict=True)
        },
        levels=levels[0],
        base_levels=levels[1],
        doctor_days=tally.minutes[0] / minutes_a_day,
        base_doctor_days=tally.minutes[1] / minutes_a_day,
        overflow=tally.overflow,
        days=tally.days,
        rows=_rows(tally, rules.rows, outcomes, closed, minutes_a_day),
        fairness={name: _groups(groups) for name, groups in tally.groups.items()},
        findings=_findings(tally, outcomes, chance, base_chance),
    )


def _outcomes(tally: Tally) -> tuple[Outcomes, Any, Any, Any]:
    """Return closed controls, which of all they are, and the chances under set and base."""
    pi, closed, hit, worth, chance, base_chance = tally.outcomes()
    found = Outcomes(
        pi=closed_pi(pi, closed),
        is_certain=is_certain(pi[closed]),
        is_hit=hit[closed] > 0,
        avoided=worth[closed],
    )
    return found, closed, chance[closed], base_chance[closed]


def _findings(tally: Tally, outcomes: Outcomes, chance: Any, base: Any) -> Findings:
    return Findings(
        controlled=tally.controlled,
        closed=tally.closed,
        unknown_chance=tally.unknown_chance,
        all_hits=hits(outcomes, np.ones(len(outcomes))),
        caught=hits(outcomes, chance),
        missed=hits(outcomes, 1.0 - chance),
        base_caught=hits(outcomes, base),
        difference=hit_difference(outcomes, chance, base),
        rate=hit_rate(outcomes, chance),
        base_rate=hit_rate(outcomes, base),
        avoided=avoided(outcomes, chance),
        base_avoided=avoided(outcomes, base),
    )


def _rows(
    tally: Tally, rows: tuple[Row, ...], outcomes: Outcomes, closed: Any, minutes_a_day: int
) -> tuple[RowResult, ...]:
    found = []
    for number, (row, held) in enumerate(zip(rows, tally.rows, strict=True)):
        chance = held.chance(len(closed))[closed]
        found.append(
            RowResult(
                row=row.id,
                kind=row.kind,
                lane=row.lane,
                matched=held.matched,
                taken=held.taken,
                expected=held.expected,
                alone=held.alone,
                doctor_days=held.minutes / minutes_a_day,
                overlap=_overlaps(tally, number),
                hits=hits(outcomes, chance),
                rate=hit_rate(outcomes, chance),
            )
        )
    return tuple(found)


def _overlaps(tally: Tally, number: int) -> tuple[Overlap, ...]:
    pairs = zip(tally.base_ids, tally.overlap[number].tolist(), strict=True)
    shared = [Overlap(row, files) for row, files in pairs if files and row != tally.row_ids[number]]
    return tuple(sorted(shared, key=lambda each: (-each.files, each.row))[:_OVERLAPS])


def _groups(groups: Mapping[str, GroupTally]) -> tuple[GroupResult, ...]:
    whole = GroupTally(
        sum(each.files for each in groups.values()),
        sum(each.expected for each in groups.values()),
        sum(each.base_expected for each in groups.values()),
    )
    return tuple(_group(name, held, whole) for name, held in sorted(groups.items()) if held.files)


def _group(name: str, held: GroupTally, whole: GroupTally) -> GroupResult:
    others = whole.files - held.files
    rate, base_rate = held.expected / held.files, held.base_expected / held.files
    rest = (whole.expected - held.expected) / others if others else 0.0
    base_rest = (whole.base_expected - held.base_expected) / others if others else 0.0
    ratio = rate / rest if rest > 1e-12 else None
    low = high = None
    left = whole.expected - held.expected
    if ratio and held.expected >= LEAST and left >= LEAST:
        reach = Z * math.sqrt(max(0.0, 1 / held.expected - 1 / held.files + 1 / left - 1 / others))
        low, high = ratio * math.exp(-reach), ratio * math.exp(reach)
    return GroupResult(
        group=name,
        files=held.files,
        rate=rate,
        base_rate=base_rate,
        ratio=ratio,
        base_ratio=base_rate / base_rest if base_rest > 1e-12 else None,
        low=low,
        high=high,
    )
