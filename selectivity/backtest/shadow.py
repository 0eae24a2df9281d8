"""Rules in shadow (en ombre): computed beside those in force at the gate, without any effect.

They see the same features and the same draws. What is kept is counted by day, row and lanes, with
a few files that would have gone elsewhere; the file itself holds nothing of it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.ports import FileFacts, SelectivityOutcome
from medcontrol.vocabulary import ControlLevel, ControlMode, Lane
from selectivity.backtest.columns import CONTROLLED, LANES, RANK, Files, Simulated
from selectivity.backtest.simulate import Simulator
from selectivity.draws import identity
from selectivity.history.cases import objects
from selectivity.tables import RuleSet

SAMPLE = 20
"""Files kept of each day and change of lane."""

_WHOLE = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as the gate saw it, and what the rules in force said."""

    file_id: UUID
    facts: FileFacts
    outcome: SelectivityOutcome


def files_seen(seen: Sequence[Seen]) -> Files:
    """Return files of the gate as the simulator reads them."""
    controls = [each.facts.message.get("control") for each in seen]
    return Files(
        snapshots=[each.outcome.features | each.outcome.medical_features for each in seen],
        received_on=np.array([each.facts.received_on for each in seen], dtype="datetime64[D]"),
        draw=np.array([int.from_bytes(each.outcome.draw, "big") for each in seen], np.uint64),
        period=objects([each.outcome.period for each in seen]),
        identities=[identity(each.facts.message) for each in seen],
        external=np.array([_external(control) for control in controls], np.int8),
        external_level=np.array(
            [ControlLevel((control or {}).get("level", "local")).rank for control in controls],
            np.int8,
        ),
    )


def _external(control: Mapping[str, Any] | None) -> int:
    if control is None:
        return -1
    return RANK[Lane.RED if control.get("mode") == ControlMode.IN_PERSON else Lane.ORANGE]


def note(session: Session, jurisdiction: str, simulator: Simulator, seen: Sequence[Seen]) -> None:
    """Add what rules in shadow say of files to the counts, in the caller's transaction.

    Args:
        session: the caller's; call it last, because the rows of the day are everybody's.
        jurisdiction: of the files.
        simulator: over the rules in shadow.
        seen: files of the gate.
    """
    if not seen:
        return
    days = {each.facts.received_on for each in seen}
    files = files_seen(seen)
    found = simulator.run(files, quota_used=_used(session, jurisdiction, simulator, days))
    lanes = np.array([RANK[each.outcome.lane] for each in seen], np.uint8)
    counts, taken = _counted(simulator, files, found, lanes)
    rows = [
        {"jurisdiction": jurisdiction, "day": day, "rules": simulator.rules.name, "row": row,
         "lane": LANES[lane].value, "shadow_lane": LANES[to].value,
         "files": count, "taken": taken[day, row, lane, to]}
        for (day, row, lane, to), count in sorted(counts.items())
    ]  # fmt: skip
    session.execute(_ADD, rows)
    _keep_samples(session, jurisdiction, simulator.rules, seen, found)


_ADD = sa.text("""
INSERT INTO shadow_count AS s
  (jurisdiction, day, rules, row_id, lane, shadow_lane, files, taken)
VALUES (:jurisdiction, :day, :rules, :row, :lane, :shadow_lane, :files, :taken)
ON CONFLICT (jurisdiction, day, rules, row_id, lane, shadow_lane)
DO UPDATE SET files = s.files + excluded.files, taken = s.taken + excluded.taken
""")

Place = tuple[date, str, int, int]


def _counted(
    simulator: Simulator, files: Files, found: Simulated, lanes: Any
) -> tuple[Counter[Place], Counter[Place]]:
    """Return files, and those taken, by day, row ("" for the whole set), lane and other lane."""
    counts: Counter[Place] = Counter()
    taken: Counter[Place] = Counter()
    days = files.received_on.tolist()
    pairs = list(zip(days, lanes.tolist(), found.lane.tolist(), strict=True))
    for day, lane, to in pairs:
        counts[day, _WHOLE, lane, to] += 1
        taken[day, _WHOLE, lane, to] += to >= CONTROLLED
    for number, row in enumerate(simulator.rules.rows):
        took = found.rows.get(number)
        if took is None:
            continue
        for place, is_taken in zip(took.places.tolist(), took.is_taken.tolist(), strict=True):
            day, lane, to = pairs[place]
            counts[day, row.id, lane, to] += 1
            taken[day, row.id, lane, to] += is_taken
    return counts, taken


def _used(
    session: Session, jurisdiction: str, simulator: Simulator, days: set[date]
) -> dict[tuple[str, date], int]:
    """Return what rows with a daily quota took so far, in shadow."""
    limited = [row.id for row in simulator.rules.rows if row.daily_quota is not None]
    if not limited:
        return {}
    rows = session.execute(
        sa.text(
            "SELECT row_id, day, sum(taken) FROM shadow_count WHERE jurisdiction = :jurisdiction"
            " AND rules = :rules AND day = ANY(:days) AND row_id = ANY(:rows) GROUP BY 1, 2"
        ),
        {"jurisdiction": jurisdiction, "rules": simulator.rules.name, "days": list(days),
         "rows": limited},
    )  # fmt: skip
    return {(row[0], row[1]): int(row[2]) for row in rows}


_KEEP = sa.text("""
INSERT INTO shadow_sample
  (received_file_id, rules, jurisdiction, day, lane, shadow_lane, matched_rows)
VALUES (:id, :rules, :jurisdiction, :day, :lane, :shadow_lane, :matched)
ON CONFLICT DO NOTHING
""")
_KEPT = sa.text("""
SELECT day, lane, shadow_lane, count(*) FROM shadow_sample
WHERE jurisdiction = :jurisdiction AND rules = :rules AND day = ANY(:days) GROUP BY 1, 2, 3
""")


def _keep_samples(
    session: Session, jurisdiction: str, rules: RuleSet, seen: Sequence[Seen], found: Simulated
) -> None:
    """Keep some of the files that would have gone elsewhere, those of the smallest draws."""
    moved: dict[tuple[date, str, str], list[int]] = {}
    for place, rank in enumerate(found.lane.tolist()):
        lane, to = seen[place].outcome.lane, LANES[rank]
        if lane is not to:
            day = seen[place].facts.received_on
            moved.setdefault((day, lane.value, to.value), []).append(place)
    if not moved:
        return
    asked = {"jurisdiction": jurisdiction, "rules": rules.name}
    days = sorted({day for day, _, _ in moved})
    kept = {tuple(row[:3]): row[3] for row in session.execute(_KEPT, asked | {"days": days})}
    rows = []
    for (day, lane_name, to_name), places in sorted(moved.items()):
        places.sort(key=lambda place: seen[place].outcome.draw)
        for place in places[: max(0, SAMPLE - kept.get((day, lane_name, to_name), 0))]:
            matched = [rules.rows[n].id for n in np.flatnonzero(found.hits[place]).tolist()]
            rows.append(
                asked | {"id": seen[place].file_id, "day": day, "lane": lane_name,
                         "shadow_lane": to_name, "matched": matched}
            )  # fmt: skip
    if rows:
        session.execute(_KEEP, rows)


@dataclass(frozen=True, slots=True)
class ShadowRow:
    """What one row in shadow did over some days."""

    row: str
    matched: int
    taken: int


@dataclass(frozen=True, slots=True)
class ShadowReport:
    """What rules in shadow would have done over some days.

    Attributes:
        lanes: files by (lane they got, lane in shadow).
        days: files, and those controlled by the rules in force and in shadow, by day.
    """

    rules: str
    lanes: Mapping[tuple[Lane, Lane], int]
    rows: tuple[ShadowRow, ...]
    days: Mapping[date, tuple[int, int, int]]

    @property
    def files(self) -> int:
        """Return how many files were looked at."""
        return sum(self.lanes.values())

    @property
    def moved(self) -> int:
        """Return how many would have gone elsewhere."""
        return sum(count for (lane, to), count in self.lanes.items() if lane is not to)


def report(session: Session, jurisdiction: str, rules: str, *, since: date) -> ShadowReport:
    """Return what rules in shadow would have done since a day."""
    rows = session.execute(
        sa.text(
            "SELECT day, row_id, lane, shadow_lane, files, taken FROM shadow_count"
            " WHERE jurisdiction = :jurisdiction AND rules = :rules AND day >= :since"
        ),
        {"jurisdiction": jurisdiction, "rules": rules, "since": since},
    ).all()
    lanes: Counter[tuple[Lane, Lane]] = Counter()
    by_row: dict[str, tuple[int, int]] = {}
    days: dict[date, tuple[int, int, int]] = {}
    for day, row, word, other, files, taken in rows:
        if row != _WHOLE:
            before = by_row.get(row, (0, 0))
            by_row[row] = (before[0] + files, before[1] + taken)
            continue
        lane, to = Lane(word), Lane(other)
        lanes[lane, to] += files
        held = days.get(day, (0, 0, 0))
        days[day] = (
            held[0] + files,
            held[1] + files * lane.is_controlled,
            held[2] + files * to.is_controlled,
        )
    told = (ShadowRow(row, *figures) for row, figures in by_row.items())
    ranked = tuple(sorted(told, key=lambda each: (-each.taken, -each.matched, each.row)))
    return ShadowReport(rules, lanes, ranked, dict(sorted(days.items())))


def samples(session: Session, jurisdiction: str, rules: str, *, limit: int = 50) -> list[Any]:
    """Return files that rules in shadow would have sent elsewhere, latest day first."""
    return list(
        session.execute(
            sa.text(
                "SELECT s.day, s.lane, s.shadow_lane, s.matched_rows, r.source, r.external_id,"
                " r.flow, r.nature FROM shadow_sample s"
                " JOIN received_file r ON r.id = s.received_file_id"
                " WHERE s.jurisdiction = :jurisdiction AND s.rules = :rules"
                " ORDER BY s.day DESC, s.lane, s.shadow_lane, r.id LIMIT :limit"
            ),
            {"jurisdiction": jurisdiction, "rules": rules, "limit": limit},
        )
    )
