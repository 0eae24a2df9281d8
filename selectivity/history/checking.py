"""Are the counters what the files say? The night counts again and compares (contrôle)."""

import logging
import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.crypto import KeyRing
from medcontrol.db import read_only, transaction
from medcontrol.vocabulary import Jurisdiction
from selectivity.history import buckets, people
from selectivity.history.buckets import VALUES
from selectivity.history.copying import fetch, store, take_time
from selectivity.history.counting import newcomers_of
from selectivity.history.entries import Entries
from selectivity.history.keys import Hasher
from selectivity.history.people import events_of
from selectivity.history.reading import hasher_of, read_events
from selectivity.history.recount import Span, files_of, outcomes_of, spans
from selectivity.history.windows import Ints
from selectivity.history.writing import Closed, closed_rows, new_batch

log = logging.getLogger(__name__)

_SPAN: Final = 31
_TRIES = 3
# Who was new depends on what was known when a file came in: frozen, and not compared.
_COMPARED = tuple(name for name in VALUES if name != "newcomers")

_BUCKETS = b"""
SELECT kind, key, day, part, 0::bigint, files, amount, priced, log_sum, log_squares, weekends,
    newcomers, controls, hits
FROM feature_bucket WHERE day >= %(first)s AND day < %(end)s
"""
_EVENTS = b"""
SELECT beneficiary, day, number, files, controls, hits, amount, provider, prescriber, act,
    stoppages, leave_days, prosthesis, lines
FROM beneficiary_event WHERE day >= %(first)s AND day < %(end)s
"""
_BOUNDS = sa.text("""
SELECT least((SELECT min(received_at)::date - 1 FROM received_file),
    (SELECT min(received_on) FROM past_file), (SELECT min(day) FROM beneficiary_event))
""")
_MERGE = sa.text("""
WITH many AS (
    SELECT kind, key, day, part FROM feature_bucket WHERE day >= :since AND day < :today
    GROUP BY kind, key, day, part HAVING count(*) > 1
), gone AS (
    DELETE FROM feature_bucket b USING many m
    WHERE (b.kind, b.key, b.day, b.part) = (m.kind, m.key, m.day, m.part) RETURNING b.*
)
INSERT INTO feature_bucket
SELECT kind, key, day, part, :batch, sum(files), sum(amount), sum(priced), sum(log_sum),
    sum(log_squares), sum(weekends), sum(newcomers), sum(controls), sum(hits)
FROM gone GROUP BY kind, key, day, part
""")


@dataclass(slots=True)
class Checked:
    """What a check found."""

    files: int = 0
    outcomes: int = 0
    differences: int = 0
    days: int = 0
    merged: int = 0
    repaired: bool = False
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Return the figures."""
        names = ("files", "outcomes", "differences", "days", "merged", "repaired")
        found: dict[str, Any] = {name: getattr(self, name) for name in names}
        return found | {"seconds": round(self.seconds, 1)}


def check_counters(keys: KeyRing, *, today: date, days: int, repair: bool = False) -> Checked:
    """Count the files and outcomes of the last days again and compare with the counters.

    Everything that is stored of a day is compared, so a counter of something that never was is
    found too. A difference is logged as an error; it does not stop anything.

    Args:
        keys: of this installation.
        today: civil day; today itself is counted too.
        days: so many days back.
        repair: write the days that differ anew. Intake waits meanwhile, a month at a time.
    """
    begun = time.monotonic()
    found = Checked()
    end = today + timedelta(days=1)
    with read_only() as session:
        oldest = session.execute(_BOUNDS).scalar_one()
    if oldest is not None:
        first = max(oldest, end - timedelta(days=min(days, end.toordinal() - 1)))
        for span in spans(Jurisdiction.MA, first, end, _SPAN):
            _check_span(span, hasher_of(keys), found, repair=repair)
    found.repaired = repair and found.differences > 0
    found.seconds = time.monotonic() - begun
    if found.differences:
        log.error("history.differs", extra={"count": found.differences, "days": found.days})
    return found


def count_anew(keys: KeyRing, *, today: date) -> None:
    """Write all counters from what is stored: for files that came in another way than the gate."""
    with read_only() as session:
        oldest = session.execute(_BOUNDS).scalar_one()
    if oldest is not None:
        for span in spans(Jurisdiction.MA, oldest, today + timedelta(days=1), _SPAN):
            with transaction() as session:
                _repair(session, span, hasher_of(keys))


def merge_buckets(session: Session, *, today: date, days: int) -> int:
    """Make one row of the rows of a bucket, for days that are over; return how many were made."""
    take_time(session)
    values = {"since": today - timedelta(days=days), "today": today, "batch": new_batch()}
    done: Any = session.execute(_MERGE, values)
    return int(done.rowcount)


def _check_span(span: Span, hasher: Hasher, found: Checked, *, repair: bool) -> None:
    differing = _Recount()
    for _ in range(_TRIES):  # a chunk that came in between reading the one and the other
        with read_only() as session:
            differing = _recount(session, span, hasher)
        if not differing.count:
            break
    found.files += differing.files
    found.outcomes += differing.outcomes
    found.differences += differing.count
    found.days += len(differing.days)
    if repair and differing.count:
        with transaction() as session:
            _repair(session, span, hasher)


@dataclass(slots=True)
class _Recount:
    files: int = 0
    outcomes: int = 0
    count: int = 0
    days: frozenset[int] = frozenset()


def _recount(session: Session, span: Span, hasher: Hasher) -> _Recount:
    take_time(session)
    files, closed_entries, closed = _counted(session, span, hasher)
    nobody = np.zeros(len(files), dtype=bool)
    events, added = closed_rows(closed_entries, closed, 0)
    made = [buckets.buckets_of(files, nobody, 0), added]
    values = {"first": span.first, "end": span.end}
    kept = fetch(session, _BUCKETS, values, buckets.MEMBERS)
    for name in VALUES:
        kept[name] = -kept[name]
    rest = buckets.grouped([*made, kept], 0)
    wrong = np.zeros(len(rest), dtype=bool)
    for name in _COMPARED:
        wrong |= rest[name] != 0
    odd = _odd(
        np.concatenate([events_of(files), events]), fetch(session, _EVENTS, values, people.MEMBERS)
    )
    days = frozenset([*rest["day"][wrong].tolist(), *odd.tolist()])
    return _Recount(len(files), len(closed.days), int(wrong.sum()) + len(odd), days)


def _odd(made: people.Events, kept: people.Events) -> Ints:
    """Return the day of each event that is in one of both only."""
    both = np.concatenate([made, kept])
    if not len(both):
        return np.zeros(0, dtype=np.int64)
    content = np.ascontiguousarray(both).view(f"V{both.dtype.itemsize}")
    _, first, counts = np.unique(content, return_index=True, return_counts=True)
    return np.asarray(both["day"][first[counts % 2 == 1]], dtype=np.int64)


def _counted(session: Session, span: Span, hasher: Hasher) -> tuple[Entries, Entries, Closed]:
    """Return what was received and closed in a span, of every jurisdiction."""
    files, entries, closed = [], [], Closed([], [], [], [])
    for place in Jurisdiction:
        here = Span(place.value, span.first, span.end)
        files.append(files_of(session, here, hasher))
        found, more = outcomes_of(session, here, hasher)
        entries.append(found)
        closed.extend(more)
    return np.concatenate(files), np.concatenate(entries), closed


def _repair(session: Session, span: Span, hasher: Hasher) -> None:
    """Write the counters of a span anew; whoever wants to add to them waits."""
    take_time(session)
    session.execute(
        sa.text("LOCK TABLE feature_bucket, beneficiary_event IN SHARE ROW EXCLUSIVE MODE")
    )
    values = {"first": span.first, "end": span.end}
    for table in ("feature_bucket", "beneficiary_event"):
        session.execute(
            sa.text(f"DELETE FROM {table} WHERE day >= :first AND day < :end"),  # noqa: S608 - ours
            values,
        )
    files, closed_entries, closed = _counted(session, span, hasher)
    files = files[np.argsort(files["day"], kind="stable")]
    newcomers = newcomers_of(files, people.counted(read_events(session, files), files))
    batch = new_batch()
    events, added = closed_rows(closed_entries, closed, batch)
    rows = buckets.grouped([buckets.buckets_of(files, newcomers, batch), added], batch)
    store(session, "beneficiary_event", people.MEMBERS, np.concatenate([events_of(files), events]))
    store(session, "feature_bucket", buckets.MEMBERS, rows)
