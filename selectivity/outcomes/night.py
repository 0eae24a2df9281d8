"""Measuring, every night: what is read, computed, kept and warned of (mesures de la nuit)."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Session

from medcontrol.clock import ZONES
from medcontrol.crypto import KeyRing
from medcontrol.vocabulary import AlertKind, MeasureKind, ProposalKind
from selectivity.history.cases import Cases, read_cases
from selectivity.lifecycle import store
from selectivity.outcomes import measures, proposals
from selectivity.outcomes.drift import Cusum, Shift, random_rate, shifts
from selectivity.outcomes.effectiveness import (
    Effect,
    Verdict,
    effect_from_json,
    row_effectiveness,
)
from selectivity.outcomes.fairness import GroupLine, fairness
from selectivity.outcomes.measures import Warned
from selectivity.outcomes.people import read_people
from selectivity.outcomes.scan import Segment, scan
from selectivity.outcomes.settings import MEASURING, SCANNING, Measuring, Scanning
from selectivity.tables import RowKind

_REFERENCE_WEEKS = 8
_SAMPLED = 20_000  # snapshots compared on either side, drawn by the last byte of the random draw

_FILES = """
WITH chosen AS (
  SELECT d.matched_rows, d.origins, d.level
  FROM received_file r JOIN selectivity_decision d ON d.received_file_id = r.id
  WHERE r.jurisdiction = :jurisdiction AND r.received_at >= :start AND r.received_at < :end)
SELECT 'row', key, count(*) FROM chosen, unnest(matched_rows) key GROUP BY 2
UNION ALL SELECT 'origin', key, count(*) FROM chosen, unnest(origins) key GROUP BY 2
UNION ALL SELECT 'level', level, count(*) FROM chosen WHERE origins <> '{}' GROUP BY 2
"""
_COUNT = """
SELECT count(*) FROM received_file
WHERE jurisdiction = :jurisdiction AND received_at >= :start AND received_at < :end
"""
_SNAPSHOTS = """
SELECT d.features, d.score
FROM received_file r JOIN selectivity_decision d ON d.received_file_id = r.id
WHERE r.jurisdiction = :jurisdiction AND r.received_at >= :start AND r.received_at < :end
  AND get_byte(d.draw, 7) < :byte
"""


def _between(jurisdiction: str, since: date, until: date) -> dict[str, Any]:
    """Return the instants of some days, both included."""
    zone = ZONES[jurisdiction]
    after = until + timedelta(days=1)
    return {
        "jurisdiction": jurisdiction,
        "start": datetime.combine(since, time(), zone),
        "end": datetime.combine(after, time(), zone),
    }


def measure_effects(
    session: Session, keys: KeyRing, jurisdiction: str, *, today: date, now: datetime,
    settings: Measuring = MEASURING,
) -> list[Effect]:  # fmt: skip
    """Measure rows, origins and levels, keep it, warn and propose to suspend.

    Args:
        session: a transaction.
        keys: to read the cases.
        jurisdiction: whose.
        today: last day of reception that is looked at.
        now: the instant.
        settings: thresholds.
    """
    since = today - timedelta(days=settings.days - 1)
    cases = read_cases(
        session, keys, jurisdiction=jurisdiction, since=since, until=today, controlled_only=True
    )
    rows = session.execute(sa.text(_FILES), _between(jurisdiction, since, today))
    files = {(kind, key): count for kind, key, count in rows}
    before = measures.latest(session, jurisdiction, MeasureKind.EFFECTIVENESS, before=today)
    effects = _carried(row_effectiveness(cases, files=files, settings=settings), before, today)
    content = {"since": since.isoformat(), "files": len(cases),
               "effects": [each.as_json() for each in effects]}  # fmt: skip
    measures.keep(session, jurisdiction, MeasureKind.EFFECTIVENESS, content, as_of=today, now=now)
    _warn_of_rows(session, jurisdiction, effects, today, settings)
    return effects


def _carried(effects: Sequence[Effect], before: Any, today: date) -> list[Effect]:
    """Return the effects with the day since which each is no better than chance."""
    kept = [effect_from_json(each) for each in before.content["effects"]] if before else []
    since = {(each.kind, each.key): each.since for each in kept}
    return [
        replace(each, since=since.get((each.kind, each.key)) or today)
        if each.verdict is Verdict.LIKE_RANDOM and each.kind != "baseline"
        else each
        for each in effects
    ]


def _warn_of_rows(
    session: Session,
    jurisdiction: str,
    effects: Sequence[Effect],
    today: date,
    settings: Measuring,
) -> None:
    """Warn of rows that are like chance for too long; propose to suspend those below it.

    Only rows in force that target: a mandatory one is asked for by the law, whatever it finds.
    """
    rules = store.in_force(session, jurisdiction, today)
    targeting = {row.id for row in rules.rows if row.kind is RowKind.TARGETING}
    base = next(each for each in effects if each.kind == "baseline")
    rows = [each for each in effects if each.kind == "row" and each.key in targeting]
    long = timedelta(days=settings.like_random_days)
    warned = [
        Warned(AlertKind.LIKE_RANDOM, each.key, facts={"since": each.since.isoformat(),
               "controls": each.controls, "lift": each.lift, "low": each.lift_low,
               "high": each.lift_high})
        for each in rows
        if each.since is not None and today - each.since >= long
    ]  # fmt: skip
    measures.warn(session, jurisdiction, [AlertKind.LIKE_RANDOM], warned, today=today)
    found = [proposals.of_effect(each, base) for each in rows if each.verdict is Verdict.SUSPEND]
    proposals.propose(session, jurisdiction, [ProposalKind.SUSPEND_ROW], found, today=today)


def scan_segments(
    session: Session, keys: KeyRing, jurisdiction: str, *, today: date, now: datetime,
    settings: Scanning = SCANNING,
) -> tuple[list[Segment], int]:  # fmt: skip
    """Search the random controls for new schemes, keep and propose what is found.

    Returns:
        The segments, and how many proposals are new.
    """
    since = today - timedelta(days=max(settings.windows) - 1)
    cases = read_cases(
        session, keys, jurisdiction=jurisdiction, since=since, until=today,
        controlled_only=True, with_medical=True,
    )  # fmt: skip
    found = scan(cases, settings)
    made = [proposals.of_segment(each) for each in found]
    new = proposals.propose(
        session, jurisdiction, [ProposalKind.ADD_ROW, ProposalKind.PROVIDER], made, today=today
    )
    content = {
        "since": since.isoformat(), "controls": len(cases), "error": settings.error,
        "segments": [{"sentence": each.sentence, **each.evidence} for each in made], "new": new,
    }  # fmt: skip
    measures.keep(session, jurisdiction, MeasureKind.SCAN, content, as_of=today, now=now)
    return found, new


def measure_drift(
    session: Session, keys: KeyRing, jurisdiction: str, *, today: date, now: datetime,
    settings: Measuring = MEASURING,
) -> tuple[list[Shift], list[Cusum]]:  # fmt: skip
    """Compare the last week with the weeks before, follow the random hit rate; keep and warn."""
    week = today - timedelta(days=6)
    reference = week - timedelta(weeks=_REFERENCE_WEEKS)
    before, old_scores = _snapshots(session, jurisdiction, reference, week - timedelta(days=1))
    lately, new_scores = _snapshots(session, jurisdiction, week, today)
    moved = shifts(before, lately, scores=(old_scores, new_scores), settings=settings)
    cases = read_cases(
        session, keys, jurisdiction=jurisdiction, since=today - timedelta(days=settings.days - 1),
        until=today, controlled_only=True,
    )  # fmt: skip
    sums = random_rate(cases, reference_until=_middle(cases, today), settings=settings)
    content = {"week": week.isoformat(), "reference": reference.isoformat(),
               "files": [len(before), len(lately)], "shifts": [asdict(each) for each in moved],
               "cusum": [each.as_json() for each in sums]}  # fmt: skip
    measures.keep(session, jurisdiction, MeasureKind.DRIFT, content, as_of=today, now=now)
    warned = [
        Warned(AlertKind.FEATURE_DRIFT, each.feature,
               "alarm" if each.psi >= settings.psi_alarm else "warning", {"psi": each.psi})
        for each in moved if each.psi >= settings.psi_warning
    ] + [
        Warned(AlertKind.RANDOM_RATE, each.direction, "alarm",
               {"rate": each.rate, "since": str(each.alarm_on)})
        for each in sums if each.alarm_on is not None
    ]  # fmt: skip
    kinds = [AlertKind.FEATURE_DRIFT, AlertKind.RANDOM_RATE]
    measures.warn(session, jurisdiction, kinds, warned, today=today)
    return moved, sums


def _middle(cases: Cases, today: date) -> date:
    """Return the end of the first half of the window, whose rate the second is held against."""
    if not len(cases):
        return today
    first = date.fromisoformat(str(cases.decided_on.min()))
    return first + (today - first) / 2


def _snapshots(
    session: Session, jurisdiction: str, since: date, until: date
) -> tuple[list[Mapping[str, Any]], NDArray[np.float64]]:
    """Return the features and scores of a random part of some days' files."""
    values = _between(jurisdiction, since, until)
    count = session.execute(sa.text(_COUNT), values).scalar_one()
    byte = min(256, math.ceil(256 * _SAMPLED / max(1, count)))
    rows = session.execute(sa.text(_SNAPSHOTS), values | {"byte": byte}).all()
    scores = np.array([row[1] for row in rows if row[1] is not None], dtype=np.float64)
    return [row[0] for row in rows], scores


def measure_fairness(
    session: Session, jurisdiction: str, *, today: date, now: datetime,
    settings: Measuring = MEASURING,
) -> list[GroupLine]:  # fmt: skip
    """Measure how control falls on groups of people, keep it and warn."""
    since = today - timedelta(days=settings.days - 1)
    people = read_people(session, jurisdiction=jurisdiction, since=since, until=today)
    lines = fairness(people, settings=settings)
    content = {
        "since": since.isoformat(), "files": int(people.files.sum()),
        "error": settings.fairness_error, "lines": [each.as_json() for each in lines],
    }  # fmt: skip
    measures.keep(session, jurisdiction, MeasureKind.FAIRNESS, content, as_of=today, now=now)
    warned = [
        Warned(AlertKind.FAIRNESS, f"{each.scope}:{each.dimension}:{each.group}", "alarm",
               {"selection_ratio": each.selection_ratio, "outcome_ratio": each.outcome_ratio})
        for each in lines if each.is_alert
    ]  # fmt: skip
    measures.warn(session, jurisdiction, [AlertKind.FAIRNESS], warned, today=today)
    return lines


def measure_all(
    session: Session, keys: KeyRing, jurisdiction: str, *, today: date, now: datetime
) -> dict[str, int]:
    """Measure everything; return figures for the job's note."""
    effects = measure_effects(session, keys, jurisdiction, today=today, now=now)
    segments, new = scan_segments(session, keys, jurisdiction, today=today, now=now)
    moved, sums = measure_drift(session, keys, jurisdiction, today=today, now=now)
    lines = measure_fairness(session, jurisdiction, today=today, now=now)
    verdicts = Counter(each.verdict.value for each in effects if each.kind == "row")
    return {
        "rows": sum(verdicts.values()), "suspend": verdicts[Verdict.SUSPEND.value],
        "segments": len(segments), "proposals": new,
        "drifting": sum(each.psi >= MEASURING.psi_warning for each in moved),
        "rate_moved": sum(each.alarm_on is not None for each in sums),
        "groups": len(lines), "unfair": sum(each.is_alert for each in lines),
        "alerts": len(measures.open_alerts(session, jurisdiction)),
    }  # fmt: skip


__all__ = [
    "measure_all", "measure_drift", "measure_effects", "measure_fairness",
    "scan_segments",
]  # fmt: skip
