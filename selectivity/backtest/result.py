"""The figures of a back-test as frozen data, and as stable JSON (résultat de rejeu)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from medcontrol.vocabulary import Lane
from selectivity.backtest.estimates import (
    LEAST,
    Estimate,
    Outcomes,
    Z,
    avoided,
    closed_pi,
    hit_difference,
    hit_rate,
    hits,
    is_certain,
)
from selectivity.backtest.simulate import CONTROLLED, LANES, LEVELS
from selectivity.backtest.tally import DayTally, GroupTally, Tally
from selectivity.tables import Row, RowKind, RuleSet

SCHEMA = "medcontrol.backtest.v1"

ASSUMPTIONS = (
    "recorded_chances", "independent_draws", "open_controls_like_closed", "controls_find_what_is",
)  # fmt: skip
"""What the estimates rest on, as codes; see ``selectivity.backtest.estimates``."""

_OVERLAPS = 10


@dataclass(frozen=True, slots=True)
class Overlap:
    """Files that a row of the set shares with a row of the base."""

    row: str
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """What one row would have done.

    Attributes:
        matched: files that its cells accept.
        taken: files that its rate and quota took.
        expected: files that it takes on average over draws.
        alone: files that no other row of the set matches.
        doctor_days: work of the controls that it takes part in.
        overlap: rows of the base that match the same files, most first.
        hits, rate: what it catches, and how often its files are wrong.
    """

    row: str
    kind: RowKind
    lane: Lane | None
    matched: int
    taken: int
    expected: float
    alone: int
    doctor_days: float
    overlap: tuple[Overlap, ...]
    hits: Estimate
    rate: Estimate

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "row": self.row, "kind": self.kind.value, "lane": self.lane and self.lane.value,
            "matched": self.matched, "taken": self.taken, "expected": round(self.expected, 2),
            "alone": self.alone, "doctor_days": round(self.doctor_days, 2),
            "overlap": [{"row": each.row, "files": each.files} for each in self.overlap],
            "hits": self.hits.as_json(), "rate": self.rate.as_json(),
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupResult:
    """How often a group of people is controlled, beside everybody else.

    Attributes:
        rate, base_rate: share expected to be controlled by the set and by the base.
        ratio, base_ratio: that share over the share of all others; ``None`` without others.
        low, high: interval of ``ratio``; ``None`` when there is not enough data.
    """

    group: str
    files: int
    rate: float
    base_rate: float
    ratio: float | None
    base_ratio: float | None
    low: float | None
    high: float | None

    @property
    def is_apart(self) -> bool:
        """Return whether the interval lies outside four fifths to five fourths."""
        return self.low is not None and self.high is not None and (
            self.high < 0.8 or self.low > 1.25
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        figures = {
            name: None if (value := getattr(self, name)) is None else round(value, 4)
            for name in ("rate", "base_rate", "ratio", "base_ratio", "low", "high")
        }
        return {"group": self.group, "files": self.files, **figures, "is_apart": self.is_apart}


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What the controls of the past say of the set and of the base."""

    controlled: int
    closed: int
    unknown_chance: int
    all_hits: Estimate
    caught: Estimate
    missed: Estimate
    base_caught: Estimate
    difference: Estimate
    rate: Estimate
    base_rate: Estimate
    avoided: Estimate
    base_avoided: Estimate

    def as_json(self) -> dict[str, Any]:
        """Return plain values; money in centimes."""
        counts = {name: getattr(self, name) for name in ("controlled", "closed", "unknown_chance")}
        figures = {
            name: getattr(self, name).as_json() for name in self.__slots__ if name not in counts
        }
        return counts | figures


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestResult:
    """What a rule set would have done, beside a base.

    Attributes:
        live, reproduced: files that this system decided, and those of them that the base, run
            again, sends where they went.
        lanes: files by (lane of the base, lane of the set).
        levels, base_levels: controlled files by level.
        doctor_days, base_doctor_days: work of the controls.
        overflow: files left to blue for want of capacity.
        days: by civil day.
        fairness: groups of people by dimension.
    """

    rules: str
    rules_sha256: str
    base: str
    base_sha256: str
    capacity: int | None
    score: str | None
    files: int
    live: int
    reproduced: int
    lanes: Mapping[tuple[Lane, Lane], int]
    levels: Mapping[str, int]
    base_levels: Mapping[str, int]
    doctor_days: float
    base_doctor_days: float
    overflow: int
    days: Mapping[date, DayTally]
    rows: tuple[RowResult, ...]
    fairness: Mapping[str, tuple[GroupResult, ...]]
    findings: Findings

    def lane(self, lane: Lane) -> int:
        """Return how many files the set sends to a lane."""
        return sum(count for (_, to), count in self.lanes.items() if to is lane)

    def base_lane(self, lane: Lane) -> int:
        """Return how many files the base sends to a lane."""
        return sum(count for (before, _), count in self.lanes.items() if before is lane)

    @property
    def controlled(self) -> int:
        """Return how many files the set controls at once."""
        return sum(self.lane(lane) for lane in LANES[CONTROLLED:])

    @property
    def base_controlled(self) -> int:
        """Return how many files the base controls at once."""
        return sum(self.base_lane(lane) for lane in LANES[CONTROLLED:])

    def as_json(self) -> dict[str, Any]:
        """Return plain values: the stored form, named by ``SCHEMA``."""
        days = sorted(self.days)
        return {
            "schema": SCHEMA,
            "rules": {"name": self.rules, "sha256": self.rules_sha256},
            "base": {"name": self.base, "sha256": self.base_sha256},
            "capacity": self.capacity,
            "score": self.score,
            "first_day": days[0].isoformat() if days else None,
            "last_day": days[-1].isoformat() if days else None,
            "files": self.files,
            "live": self.live,
            "reproduced": self.reproduced,
            "lanes": {
                lane.value: {"files": self.lane(lane), "base": self.base_lane(lane)}
                for lane in LANES
            },
            "transitions": {
                before.value: {to.value: self.lanes.get((before, to), 0) for to in LANES}
                for before in LANES
            },
            "controlled": {"files": self.controlled, "base": self.base_controlled},
            "levels": {
                level.value: {
                    "files": self.levels.get(level.value, 0),
                    "base": self.base_levels.get(level.value, 0),
                }
                for level in LEVELS
            },
            "doctor_days": {
                "days": round(self.doctor_days, 2),
                "base": round(self.base_doctor_days, 2),
                "difference": round(self.doctor_days - self.base_doctor_days, 2),
            },
            "overflow": self.overflow,
            "days": [
                {"day": day.isoformat(), "files": self.days[day].files,
                 "controlled": self.days[day].controlled, "base": self.days[day].base_controlled}
                for day in days
            ],
            "rows": [row.as_json() for row in self.rows],
            "fairness": {
                name: [group.as_json() for group in groups]
                for name, groups in self.fairness.items()
            },
            "findings": self.findings.as_json(),
            "assumptions": list(ASSUMPTIONS),
        }  # fmt: skip


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
