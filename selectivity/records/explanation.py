"""Why a file went where it went, as frozen data and as stable JSON (motivation)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from selectivity.tables import WHOLE

MASKED = "•••"
"""Stands for a value of class medical that the reader may not see."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell of a row says of the file.

    Attributes:
        value: of the file, ``None`` when missing; masked when ``is_masked``.
        unit: of the value, "centimes", "days".
    """

    feature: str
    unit: str
    expected: str
    value: Any
    is_met: bool
    is_masked: bool

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "feature": self.feature, "unit": self.unit, "expected": self.expected,
            "value": self.value, "met": self.is_met, "masked": self.is_masked,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ExplainedRow:
    """What one row says of the file.

    Attributes:
        is_match: all cells are met, and the row was in force.
        rate: ten-thousandths of the matching files that the row takes.
        cut: chance of this file when a daily quota was looked at, in [0, 1].
    """

    row: str
    kind: str
    lane: str | None
    reason: str
    cells: tuple[Cell, ...]
    is_match: bool
    is_in_force: bool
    rate: int
    daily_quota: int | None
    cut: float | None

    @property
    def unmet(self) -> int:
        """Return how many cells are not met."""
        return sum(1 for cell in self.cells if not cell.is_met)

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "row": self.row, "kind": self.kind, "lane": self.lane, "reason": self.reason,
            "match": self.is_match, "in_force": self.is_in_force,
            "rate": self.rate / WHOLE, "daily_quota": self.daily_quota, "cut": self.cut,
            "cells": [cell.as_json() for cell in self.cells],
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """The draw for random control.

    Attributes:
        u: the draw in [0, 1).
        stratum: part of the random floor that the file belongs to; ``None`` when to none.
        rate: chance of being drawn there, in [0, 1].
        is_drawn: the draw lies below it.
    """

    u: float
    period: str
    stratum: str | None
    rate: float | None
    is_drawn: bool
    inclusion_probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a file went where it went.

    Attributes:
        reference: of the control file; ``None`` when it went on.
        rows: rows whose cells all match.
        near_misses: rows that fail by one cell other than flow and nature.
        hidden_near_misses: those of them that name features of class medical: which of their
            cells are met would tell what the reader may not know.
        score, cutoff, priority: as recorded; ``None`` where no score or capacity was looked at.
        rules_known: the rules of the recorded hash are at hand; without them no cell is shown.
        features: administrative features as recorded.
    """

    reference: str | None
    source: str
    external_id: str
    received_on: date
    flow: str
    nature: str
    lane: str
    level: str
    mode: str | None
    origins: tuple[str, ...]
    reasons: tuple[dict[str, str], ...]
    rows: tuple[ExplainedRow, ...]
    near_misses: tuple[ExplainedRow, ...]
    hidden_near_misses: int
    draw: Draw
    score: float | None
    contributions: tuple[dict[str, Any], ...]
    priority: float | None
    cutoff: float | None
    capacity_cell: str | None
    capacity_hash: str | None
    overflow: bool
    rule_set: str
    rule_set_hash: str
    model: str | None
    model_hash: str | None
    arm: str | None
    experiment: str | None
    rules_known: bool
    has_medical: bool
    is_medical_shown: bool
    features: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return plain values: the stable form that ``selectivity explain --json`` prints."""
        return {
            "schema": "medcontrol.explanation.v1",
            "file": {
                "reference": self.reference, "source": self.source,
                "external_id": self.external_id, "received_on": self.received_on.isoformat(),
                "flow": self.flow, "nature": self.nature,
            },
            "decision": {
                "lane": self.lane, "level": self.level, "mode": self.mode,
                "origins": list(self.origins), "reasons": list(self.reasons),
                "overflow": self.overflow,
            },
            "rows": [row.as_json() for row in self.rows],
            "near_misses": [row.as_json() for row in self.near_misses],
            "hidden_near_misses": self.hidden_near_misses,
            "draw": {
                "u": self.draw.u, "period": self.draw.period, "stratum": self.draw.stratum,
                "rate": self.draw.rate, "drawn": self.draw.is_drawn,
                "inclusion_probability": self.draw.inclusion_probability,
            },
            "score": {
                "value": self.score, "contributions": list(self.contributions),
                "priority": self.priority, "model": self.model, "model_sha256": self.model_hash,
            },
            "capacity": {
                "cell": self.capacity_cell, "cutoff": self.cutoff, "sha256": self.capacity_hash,
            },
            "rules": {
                "name": self.rule_set, "sha256": self.rule_set_hash, "known": self.rules_known,
            },
            "experiment": {"id": self.experiment, "arm": self.arm} if self.experiment else None,
            "medical": {"present": self.has_medical, "shown": self.is_medical_shown},
            "features": dict(self.features),
        }  # fmt: skip
