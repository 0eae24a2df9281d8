"""Decide stored decisions again, and demand that nothing differs (rejeu des décisions).

Rules are those of the recorded hash, features those of the record, a quota's cut and the cut-off of
capacity as recorded: what comes out depends on code, keys and rules alone. A difference means that
one of them changed, or that somebody changed the record.
"""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import Clock
from medcontrol.crypto import CryptoFault, KeyRing
from medcontrol.db import read_only, transaction
from medcontrol.errors import NotFound
from medcontrol.ids import new_id
from medcontrol.model import ReplayRun, SelectivityDecision
from medcontrol.ports import SelectivityOutcome
from selectivity.capacity.valve import recorded
from selectivity.engine import RuleEngine
from selectivity.lifecycle.store import load_version
from selectivity.records.stored import Stored, sample
from selectivity.score.store import model_named

log = logging.getLogger(__name__)

SAMPLE = 1000
_SHOWN = 100
_CLOSE = 1e-9

Run: Any = ReplayRun


@dataclass(frozen=True, slots=True)
class Difference:
    """A decision that comes out otherwise.

    Attributes:
        received_file_id: of which file.
        name: "source/external id", and its reference when it has one.
        members: what differs, or "rules_missing", "model_missing", "unreadable".
    """

    received_file_id: UUID
    name: str
    members: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain values; no member's value is among them."""
        return {"id": str(self.received_file_id), "file": self.name, "members": list(self.members)}


@dataclass(frozen=True, slots=True)
class Report:
    """What a replay found."""

    replayed: int
    differences: tuple[Difference, ...]
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "replayed": self.replayed,
            "identical": self.replayed - len(self.differences),
            "differences": [each.as_json() for each in self.differences],
            "seconds": round(self.seconds, 2),
        }


class Replayer:
    """Decides again; engines are built once by rules and model."""

    def __init__(self, session: Session, keys: KeyRing) -> None:
        self._session, self._keys = session, keys
        self._engines: dict[tuple[str | None, ...], RuleEngine | str] = {}

    def differences(self, stored: Stored) -> tuple[str, ...]:
        """Return the members in which a decision differs from what it would be today."""
        engine = self._engine(stored.decision)
        if isinstance(engine, str):
            return (engine,)
        row = stored.decision
        valve = None
        if row.priority is not None:  # capacity or a score was looked at
            valve = recorded(stored.received_on, row.capacity_cell, row.cutoff)
        try:
            facts = stored.facts(self._keys)
            medical = stored.medical_features(self._keys)
            again = engine.replay(facts, row.features, medical, valve=valve)
        except (CryptoFault, ValueError, KeyError, TypeError):
            return ("unreadable",)
        return tuple(compare(row, again))

    def _engine(self, row: SelectivityDecision) -> RuleEngine | str:
        """Return the engine of a record, or what is missing for it."""
        place = (row.rule_set, row.rule_set_hash, row.model, row.model_hash)
        found = self._engines.get(place)
        if found is None:
            found = self._engines[place] = self._build(row)
        return found

    def _build(self, row: SelectivityDecision) -> RuleEngine | str:
        code, _, number = row.rule_set.partition("/")
        try:
            rules = load_version(self._session, code, int(number), sha256=row.rule_set_hash)
        except (NotFound, ValueError):
            return "rules_missing"
        score = None
        if row.model is not None:
            owner, _, model = row.model.partition("/")
            try:
                score = model_named(self._session, owner, int(model))
            except (NotFound, ValueError):
                return "model_missing"
            if score.sha256 != row.model_hash:
                return "model_missing"
        return RuleEngine(rules, lambda period: self._keys.derive(f"draw:{period}"), score=score)


def compare(row: SelectivityDecision, again: SelectivityOutcome) -> Iterable[str]:
    """Yield the members of a record that are not those of an outcome."""
    contributions = [
        {"family": each.family, "value": round(each.value, 4)} for each in again.contributions
    ]
    plain = {
        "lane": (row.lane, again.lane),
        "level": (row.level, again.level),
        "mode": (row.mode, again.mode),
        "reasons": ([each["code"] for each in row.reasons], [each.code for each in again.reasons]),
        "origins": (row.origins, [origin.value for origin in again.origins]),
        "matched_rows": (row.matched_rows, list(again.matched_rows)),
        "draw": (bytes(row.draw), again.draw),
        "draw_period": (row.draw_period, again.period),
        "features": (row.features, again.features),
        "overflow": (row.overflow, again.overflow),
        "contributions": (row.contributions or [], contributions),
    }
    yield from (name for name, (stored, new) in plain.items() if stored != new)
    numbers = {
        "inclusion_probability": (row.inclusion_probability, again.inclusion_probability),
        "score": (row.score, again.score),
        "priority": (row.priority, again.priority),
    }
    yield from (name for name, pair in numbers.items() if not _is_close(*pair))


def _is_close(stored: float | None, new: float | None) -> bool:
    if stored is None or new is None:
        return stored is new
    return abs(stored - new) <= _CLOSE


def replay(
    session: Session, keys: KeyRing, stored: Iterable[Stored]
) -> tuple[int, list[Difference]]:
    """Return how many decisions were decided again, and those that differ."""
    replayer = Replayer(session, keys)
    count, found = 0, []
    for each in stored:
        count += 1
        members = replayer.differences(each)
        if members:
            file = each.received
            name = f"{file.source}/{file.external_id}"
            found.append(
                Difference(
                    file.id, f"{each.reference} ({name})" if each.reference else name, members
                )
            )
    return count, found


def replay_sample(keys: KeyRing, jurisdiction: str, *, number: int = SAMPLE, now: Clock) -> Report:
    """Replay decisions drawn at random, keep the report, and raise the alarm over a difference."""
    begun, at = time.perf_counter(), now()
    with read_only() as session:
        count, found = replay(session, keys, sample(session, jurisdiction, number, until=at))
    report = Report(count, tuple(found), time.perf_counter() - begun)
    with transaction() as session:
        session.add(_row(report, jurisdiction, at))
    if found:
        log.error(
            "selectivity.replay_differs",
            extra={"replayed": count, "differences": len(found),
                   "members": sorted({name for each in found for name in each.members})},
        )  # fmt: skip
    return report


def last_run(session: Session, jurisdiction: str) -> ReplayRun | None:
    """Return the last replay of a jurisdiction."""
    return session.execute(
        sa.select(ReplayRun)
        .where(Run.jurisdiction == jurisdiction)
        .order_by(Run.at.desc(), Run.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def _row(report: Report, jurisdiction: str, at: datetime) -> ReplayRun:
    values: Mapping[str, Any] = {
        "id": new_id(),
        "jurisdiction": jurisdiction,
        "at": at,
        "replayed": report.replayed,
        "differences": len(report.differences),
        "seconds": report.seconds,
        "details": [each.as_json() for each in report.differences[:_SHOWN]],
    }
    return ReplayRun.model_validate(values)
