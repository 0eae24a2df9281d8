"""Sums of the days before a day, kept in the process while nothing of them changes (cache)."""

import threading
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from sqlmodel import Session

from selectivity.history.buckets import BUCKET, MEMBERS, Buckets
from selectivity.history.copying import array_of, day_of, fetch
from selectivity.history.entries import Entries
from selectivity.history.keys import Kind
from selectivity.history.subjects import (
    KIND_OF,
    PAIRS,
    TOTALS,
    YEAR,
    Subject,
    Sums,
    asked_of,
    asked_sums,
    keys_in,
)
from selectivity.history.windows import Ints

_MARK = b"""
SELECT count(*), coalesce(bit_xor(batch), 0) FROM feature_bucket
WHERE kind = %(kind)s AND key = %(key)s AND day < %(day)s
"""
_BUCKETS = b"""
SELECT kind, key, day, part, batch, files, amount, priced, log_sum, log_squares, weekends,
    newcomers, controls, hits
FROM feature_bucket
WHERE kind = %(kind)s AND key = ANY(%(keys)s::bigint[]) AND day >= %(since)s AND day < %(until)s
"""
_MOST_DAYS: Final = 8
_NO_KEYS = np.zeros(0, dtype=np.int64)

Mark = tuple[int, int]
"""Count and sum of the batches of earlier days: whatever is added to them changes it."""


@dataclass(slots=True)
class _Table:
    """Sums by key, sorted by key."""

    keys: Ints = field(default_factory=lambda: _NO_KEYS)
    sums: Ints = field(default_factory=lambda: np.zeros((0, len(TOTALS)), dtype=np.int64))

    def missing(self, asked: Ints) -> Ints:
        """Return the keys that are not here, each once."""
        wanted = np.unique(asked[asked != 0])
        return wanted[~np.isin(wanted, self.keys, assume_unique=True)]

    def add(self, keys: Ints, sums: Ints) -> None:
        keys = np.concatenate([self.keys, keys])
        sums = np.concatenate([self.sums, sums])
        _, order = np.unique(keys, return_index=True)
        self.keys, self.sums = keys[order], sums[order]

    def look(self, asked: Ints) -> Ints:
        """Return a row for each question, nothing but zeros for an unknown key."""
        made = np.zeros((len(asked), len(TOTALS)), dtype=np.int64)
        if len(self.keys):
            places = np.minimum(np.searchsorted(self.keys, asked), len(self.keys) - 1)
            found = self.keys[places] == asked
            made[found] = self.sums[places[found]]
        return made


class _Day:
    """What is known of the days before one day."""

    def __init__(self, mark: Mark) -> None:
        self.mark = mark
        self.tables = {subject: _Table() for subject in Subject}


_days: dict[tuple[int, int], _Day] = {}
_guard = threading.Lock()


def daily_sums(session: Session, entries: Entries) -> Sums:
    """Return the sums for each file over what the database holds of the days before its own."""
    made: Sums = {
        subject: np.zeros((len(entries), len(TOTALS)), dtype=np.int64) for subject in Subject
    }
    wholes = np.unique(entries[["whole", "day"]])
    for whole, day in wholes.tolist():
        mine = (entries["whole"] == whole) & (entries["day"] == day)
        for subject, sums in _of_day(session, entries[mine], whole, day).items():
            made[subject][mine] = sums
    return made


def _of_day(session: Session, entries: Entries, whole: int, day: int) -> Sums:
    mark = _mark(session, whole, day)
    with _guard:
        known = _days.get((whole, day))
        if known is None or known.mark != mark:
            if len(_days) >= _MOST_DAYS:
                _days.clear()
            known = _days[whole, day] = _Day(mark)
        asked = {subject: asked_of(entries, subject) for subject in Subject}
        _complete(session, known, asked, day)
        return {subject: known.tables[subject].look(asked[subject]) for subject in Subject}


def _mark(session: Session, whole: int, day: int) -> Mark:
    """Return what changes when anything is added to the days before ``day``.

    Every batch has a row of kind ALL for each of its days, so these rows tell.
    """
    row = fetch(
        session,
        _MARK,
        {"kind": int(Kind.ALL), "key": whole, "day": day_of(day)},
        (("count", ">i8"), ("batches", ">i8")),
    )[0]
    return int(row["count"]), int(row["batches"])


def _complete(session: Session, known: _Day, asked: dict[Subject, Ints], day: int) -> None:
    """Read what is not known yet."""
    missing = {
        subject: known.tables[subject].missing(asked[subject])
        for subject in Subject
        if subject not in PAIRS
    }
    wanted = {subject: keys for subject, keys in missing.items() if len(keys)}
    buckets = read_buckets(session, {KIND_OF[s]: keys for s, keys in wanted.items()}, day, day)
    for subject, keys in wanted.items():
        _add(known.tables[subject], buckets, subject, keys, day)
    for subject in PAIRS:
        owner = Subject.PROVIDER if subject is Subject.PROVIDER_FLOW else Subject.PRESCRIBER
        if owner in wanted:
            pairs, about = keys_in(buckets, subject)
            _add(known.tables[subject], buckets, subject, np.unique(pairs[about]), day)


def _add(table: _Table, buckets: Buckets, subject: Subject, asked: Ints, day: int) -> None:
    keys, about = keys_in(buckets, subject)
    days = np.full(len(asked), day, dtype=np.int64)
    table.add(asked, asked_sums(buckets[about], keys[about], asked, days))


def read_buckets(session: Session, wanted: dict[Kind, Ints], first: int, last: int) -> Buckets:
    """Return the buckets of some keys that matter to files of the days ``first`` to ``last``."""
    parts = [np.zeros(0, dtype=BUCKET)]
    since, until = day_of(first - YEAR), day_of(last)
    for kind, keys in wanted.items():
        if len(keys):
            values = {"kind": int(kind), "keys": array_of(keys), "since": since, "until": until}
            parts.append(fetch(session, _BUCKETS, values, MEMBERS))
    return np.concatenate(parts)
