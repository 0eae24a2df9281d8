"""The ranking of the night (classement de nuit): who of the day's paid files is controlled.

Flows paid the day after wait for the end of the day. What a rule wanted and nobody had time for
comes first, then what the score values most, while doctors have time. The decision at the gate
stays as it was; a row beside it tells what the night chose, and ``file.opened`` tells others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.clock import ZONES, civil_date, utc_now
from medcontrol.copying import copy_rows
from medcontrol.crypto import KeyRing, bind
from medcontrol.db import read_only, transaction
from medcontrol.model import ReceivedFile, SelectivityDecision, SelectivityRanking
from medcontrol.ports import SelectivityOutcome, SelectivityReason
from medcontrol.vocabulary import ControlLevel, ControlMode, Lane, Origin
from selectivity.capacity.quota import LEAST
from selectivity.capacity.valve import Admissions, Valve, Want
from selectivity.engine import RuleEngine
from selectivity.gate import Scorer
from selectivity.sequence import NEUTRAL
from workflows.gate.capacity import Asked, keep, nightly_flows, valve_of
from workflows.gate.opening import ToOpen, open_files
from workflows.tools import Tools

_AT_ONCE = 500
_LOCK = sa.text("SELECT pg_advisory_xact_lock(20763, hashtext(:what))")
_WAS_RANKED = sa.text("""
SELECT EXISTS (SELECT FROM capacity_snapshot
               WHERE jurisdiction = :jurisdiction AND day = :day AND is_night)
""")
_CANDIDATES = sa.text("""
SELECT d.received_file_id AS id, r.flow, r.region_code AS region, d.level, d.priority, d.overflow
FROM selectivity_decision d JOIN received_file r ON r.id = d.received_file_id
WHERE r.jurisdiction = :jurisdiction AND r.flow = ANY(:flows)
  AND r.received_at >= :since AND r.received_at < :until
  AND d.lane IN ('green', 'blue') AND (d.overflow OR d.score IS NOT NULL)
  AND NOT EXISTS (SELECT FROM control_file f WHERE f.received_file_id = d.received_file_id)
ORDER BY d.received_file_id
""")


@dataclass(frozen=True, slots=True)
class NightRanked:
    """What a night did; ``skipped`` says why it did nothing."""

    candidates: int = 0
    opened: int = 0
    overflowed: int = 0
    by_score: int = 0
    skipped: str | None = None


def rank_night(
    tools: Tools, jurisdiction: str, day: date, *, now: datetime, scorer: Scorer | None = None
) -> NightRanked:
    """Open control files for the best of a day's files, once for a day.

    One transaction: a run that is killed did nothing, and one that comes twice does nothing more.

    Args:
        tools: of this process.
        jurisdiction: whose files.
        day: civil day of reception.
        now: the instant.
        scorer: the active model, to say what its choices are made of.
    """
    with transaction() as session:
        session.execute(sa.text("SET LOCAL statement_timeout = '600s'"))
        session.execute(_LOCK, {"what": f"ranking:{jurisdiction}"})
        if session.execute(_WAS_RANKED, {"jurisdiction": jurisdiction, "day": day}).scalar_one():
            return NightRanked(skipped="already_ranked")
        valve = valve_of(session, Asked(jurisdiction, civil_date(now, jurisdiction)), now=now)
        if valve is None:
            return NightRanked(skipped="no_doctor")
        night = _night(valve, day)
        wants, ids = _wants(session, jurisdiction, day)
        made = night.admit(wants)
        chosen = [want for want in wants if made.is_in[want.place]]
        keep(session, night, jurisdiction, now=now, is_night=True)
        for some in _pieces(chosen):
            picked = [Picked(ids[want.place], want) for want in some]
            _open(session, tools, Night(night, made, scorer, now), picked)
    by_rule = sum(want.priority >= 1 for want in chosen)
    return NightRanked(len(wants), len(chosen), by_rule, len(chosen) - by_rule)


def active_scorer(tools: Tools, jurisdiction: str) -> Scorer | None:
    """Return the active model, as the gate uses it; ``None`` where rules decide alone."""
    with read_only() as session:
        engine = tools.selectivity(jurisdiction, civil_date(utc_now(), jurisdiction), session)
    return engine.score if isinstance(engine, RuleEngine) else None


def _night(valve: Valve, day: date) -> Valve:
    """Return the valve of the night: the score may fill every cell."""
    return replace(valve, day=day, nightly=frozenset(), cutoffs=dict.fromkeys(valve.pools, LEAST))


def _wants(session: Session, jurisdiction: str, day: date) -> tuple[list[Want], list[UUID]]:
    zone = ZONES[jurisdiction]
    rows = session.execute(
        _CANDIDATES,
        {
            "jurisdiction": jurisdiction,
            "flows": sorted(nightly_flows(jurisdiction)),
            "since": datetime.combine(day, time(), zone),
            "until": datetime.combine(day + timedelta(days=1), time(), zone),
        },
    ).all()
    wants = [
        Want(place, row.flow, ControlLevel(row.level), row.region, row.priority)
        for place, row in enumerate(rows)
    ]
    return wants, [row.id for row in rows]


def _pieces(chosen: Sequence[Want]) -> Iterator[Sequence[Want]]:
    for start in range(0, len(chosen), _AT_ONCE):
        yield chosen[start : start + _AT_ONCE]


@dataclass(frozen=True, slots=True)
class Night:
    """What all files of a night are decided with."""

    valve: Valve
    made: Admissions
    scorer: Scorer | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Picked:
    """A file that the night chose."""

    file_id: UUID
    want: Want


def _open(session: Session, tools: Tools, night: Night, picked: Sequence[Picked]) -> None:
    """Open the control files of some, and note what the night chose."""
    wants = {each.file_id: each.want for each in picked}
    files, rows = [], []
    for file, decision in _stored(session, list(wants)):
        want = wants[file["id"]]
        outcome = _outcome(decision, want)
        sealed = bind("received_file", file["id"])
        message = orjson.loads(tools.keys.decrypt(file["key_id"], file["payload"], sealed))
        files.append(ToOpen({**file, "received_on": night.valve.day}, message, outcome))
        rows.append(_row(file["id"], outcome, want, night, _told(decision, tools.keys, night)))
    copy_rows(session, SelectivityRanking, rows)
    open_files(session, tools, files, now=night.now)


def _told(
    decision: SelectivityDecision, keys: KeyRing, night: Night
) -> list[dict[str, Any]] | None:
    """Return what the score of a file is made of, if the model that made it still works."""
    scorer = night.scorer
    if scorer is None or decision.score is None or decision.model_hash != scorer.sha256:
        return None
    features = dict(decision.features)
    if decision.medical_features is not None and decision.key_id is not None:
        sealed = bind("selectivity_decision", decision.received_file_id)
        features |= orjson.loads(keys.decrypt(decision.key_id, decision.medical_features, sealed))
    parts = scorer.contributions([features])[0]
    return [{"family": each.family, "value": round(each.value, 4)} for each in parts]


def _stored(
    session: Session, ids: Sequence[UUID]
) -> Iterator[tuple[dict[str, Any], SelectivityDecision]]:
    found = session.execute(
        sa.select(ReceivedFile, SelectivityDecision)
        .join(SelectivityDecision, col(SelectivityDecision.received_file_id) == ReceivedFile.id)
        .where(col(ReceivedFile.id).in_(ids))
        .order_by(col(ReceivedFile.id))
    )
    for file, decision in found:
        yield file.model_dump(), decision


def _outcome(decision: SelectivityDecision, want: Want) -> SelectivityOutcome:
    """Return the outcome that the night gives a file: what a rule or the score wanted."""
    origins = {Origin(each) for each in decision.origins}
    if want.priority < 1:
        origins.add(Origin.SCORE)
    reasons = tuple(SelectivityReason(each["code"], each["text"]) for each in decision.reasons)
    return SelectivityOutcome(
        lane=Lane.ORANGE,
        level=decision.level,
        mode=ControlMode.ON_FILE,
        reasons=reasons or (NEUTRAL,),
        origins=tuple(each for each in Origin if each in origins),
        matched_rows=tuple(decision.matched_rows),
        u=0.0,
        draw=decision.draw,
        period=decision.draw_period,
        inclusion_probability=1.0,
        rule_set=decision.rule_set,
        rule_set_hash=decision.rule_set_hash,
        features=decision.features,
        medical_features={},
        engine_version="",
    )


def _row(
    file_id: UUID, outcome: SelectivityOutcome, want: Want, night: Night,
    told: list[dict[str, Any]] | None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "received_file_id": file_id,
        "day": night.valve.day,
        "ranked_at": night.now,
        "lane": outcome.lane.value,
        "level": outcome.level.value,
        "origins": [origin.value for origin in outcome.origins],
        "priority": want.priority,
        "cutoff": night.made.cutoffs.get(want.cell, 0.0),
        "capacity_cell": want.cell,
        "capacity_hash": night.valve.sha256,
        "contributions": told,
    }
