"""What selectivity does today and these days, for the first page (vue d'ensemble).

An installation has one jurisdiction, so days are counted from the index alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import ZONES, civil_date
from medcontrol.vocabulary import Lane
from selectivity.draws import bound
from selectivity.tables import WHOLE, Row, RuleSet

WEEK, BEFORE = timedelta(days=7), timedelta(days=21)
SOON = timedelta(days=30)

_LANES = sa.text("""
SELECT (decided_at AT TIME ZONE :zone)::date AS day, lane, count(*) AS files
FROM selectivity_decision WHERE decided_at >= :since GROUP BY 1, 2
""")
_FLOOR = sa.text("""
SELECT count(*) AS files, count(*) FILTER (WHERE 'random' = ANY(d.origins)) AS drawn,
       count(*) FILTER (WHERE d.draw < :bound AND NOT 'random' = ANY(d.origins)) AS spared,
       count(*) FILTER (WHERE d.overflow) AS overflow
FROM selectivity_decision d JOIN received_file r ON r.id = d.received_file_id
WHERE d.decided_at >= :since AND d.decided_at < :until AND r.nature <> 'a_posteriori'
""")


@dataclass(frozen=True, slots=True)
class Gauge:
    """One lane over some days, beside what the days before let expect.

    Attributes:
        expected: files of these days times the lane's share in the two weeks before the last
            seven days; ``None`` when nothing came in then.
    """

    lane: Lane
    files: int
    share: float
    expected: float | None


@dataclass(frozen=True, slots=True)
class Floor:
    """Whether the random floor of a day was respected.

    Attributes:
        files: that could be drawn.
        drawn: those that were.
        at_least: expected at the lowest rate of all strata.
        spared: files whose draw lies below that rate and that were not drawn: none may be.
    """

    day: date
    files: int
    drawn: int
    at_least: float
    lowest_rate: float
    spared: int
    overflow: int

    @property
    def is_respected(self) -> bool:
        """Return whether every file that had to be drawn was."""
        return self.spared == 0


@dataclass(frozen=True, slots=True)
class Lanes:
    """Lanes of the last day with files and of seven days up to it."""

    day: date
    today: tuple[Gauge, ...]
    week: tuple[Gauge, ...]

    @property
    def files_today(self) -> int:
        """Return the files of the day."""
        return sum(gauge.files for gauge in self.today)

    @property
    def files_of_week(self) -> int:
        """Return the files of seven days."""
        return sum(gauge.files for gauge in self.week)


def load_lanes(session: Session, jurisdiction: str, now: datetime) -> Lanes | None:
    """Return lanes of the last day with decisions; ``None`` when there is none for weeks."""
    today = civil_date(now, jurisdiction)
    since = _midnight(today - BEFORE - WEEK, jurisdiction)
    rows = session.execute(_LANES, {"zone": str(ZONES[jurisdiction]), "since": since}).all()
    counts = {(row.day, row.lane): row.files for row in rows if row.day <= today}
    if not counts:
        return None
    last = max(day for day, _ in counts)
    first = last - WEEK + timedelta(days=1)
    before = _sums(counts, last - BEFORE, first - timedelta(days=1))
    return Lanes(
        last,
        _gauges(_sums(counts, last, last), before),
        _gauges(_sums(counts, first, last), before),
    )


def load_floor(session: Session, jurisdiction: str, rules: RuleSet, day: date) -> Floor:
    """Return whether the random floor of a day was respected."""
    lowest = min((stratum.rate for stratum in rules.floor), default=0)
    limit = min(bound(lowest), 2**64 - 1)
    row = session.execute(
        _FLOOR,
        {
            "bound": limit.to_bytes(8, "big"),
            "since": _midnight(day, jurisdiction),
            "until": _midnight(day + timedelta(days=1), jurisdiction),
        },
    ).one()
    rate = lowest / WHOLE
    return Floor(day, row.files, row.drawn, row.files * rate, rate, row.spared, row.overflow)


def ending_rows(rules: RuleSet, today: date) -> list[Row]:
    """Return the rows that end soon or ended, the earliest first."""
    rows = [row for row in rules.rows if row.expires_on <= today + SOON]
    return sorted(rows, key=lambda row: (row.expires_on, row.id))


def _midnight(day: date, jurisdiction: str) -> datetime:
    return datetime.combine(day, time(), ZONES[jurisdiction])


def _sums(counts: Mapping[tuple[date, str], int], first: date, last: date) -> dict[str, int]:
    found: dict[str, int] = {}
    for (day, lane), files in counts.items():
        if first <= day <= last:
            found[lane] = found.get(lane, 0) + files
    return found


def _gauges(found: Mapping[str, int], before: Mapping[str, int]) -> tuple[Gauge, ...]:
    files, earlier = sum(found.values()), sum(before.values())
    return tuple(
        Gauge(
            lane,
            found.get(lane.value, 0),
            found.get(lane.value, 0) / files if files else 0.0,
            files * before.get(lane.value, 0) / earlier if earlier else None,
        )
        for lane in Lane
    )
