"""The figures of a back-test as frozen data, and as stable JSON (résultat de rejeu)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from medcontrol.vocabulary import Lane
from selectivity.backtest.columns import CONTROLLED, LANES, LEVELS
from selectivity.backtest.estimates import Estimate
from selectivity.backtest.tally import DayTally
from selectivity.tables import RowKind

SCHEMA = "medcontrol.backtest.v1"

ASSUMPTIONS = (
    "recorded_chances", "independent_draws", "open_controls_like_closed", "controls_find_what_is",
)  # fmt: skip
"""What the estimates rest on, as codes; see ``selectivity.backtest.estimates``."""


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
