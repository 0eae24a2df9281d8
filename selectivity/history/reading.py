"""The history features of files that come in (variables d'historique)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sqlmodel import Session

from medcontrol.crypto import KeyRing
from medcontrol.ports import FileFacts
from selectivity.compiled import MISSING
from selectivity.history import people
from selectivity.history.buckets import buckets_of
from selectivity.history.copying import array_of, day_of, fetch
from selectivity.history.counting import Columns, columns_of, newcomers_of
from selectivity.history.daily import daily_sums
from selectivity.history.entries import Entries, entries_of
from selectivity.history.keys import Hasher
from selectivity.history.subjects import sums_of
from selectivity.history.windows import Bools, Ints

_EVENTS = b"""
SELECT beneficiary, day, number, files, controls, hits, amount, provider, prescriber, act,
    stoppages, leave_days, prosthesis, lines
FROM beneficiary_event
WHERE beneficiary = ANY(%(keys)s::bigint[]) AND day BETWEEN %(since)s AND %(until)s
"""


@dataclass(frozen=True, slots=True)
class Looked:
    """What history says of files.

    Attributes:
        entries: what the counters keep of them.
        columns: a column for each history feature; ``compiled.MISSING`` where nothing is known.
        newcomers: which files are of people that their provider had not seen in a year.
    """

    entries: Entries
    columns: Columns
    newcomers: Bools


def history_columns(
    session: Session, facts: Sequence[FileFacts], hasher: Hasher
) -> dict[str, list[int | None]]:
    """Return a column of whole numbers for each history feature, for ``RuleEngine.decide``.

    A file sees the days before its own; counters of the beneficiary also see what came in
    earlier on the same day, the files before it in ``facts`` among them. What is not known is
    ``None``. Nothing is written.

    Args:
        session: whose transaction reads.
        facts: files, in the order in which they came.
        hasher: from ``hasher_of``.
    """
    return as_lists(look(session, entries_of(facts, None, hasher)).columns)


def look(session: Session, entries: Entries) -> Looked:
    """Return what history says of files; see ``history_columns``."""
    past = read_events(session, entries)
    found = people.counted(past, entries)
    newcomers = newcomers_of(entries, found)
    sums = daily_sums(session, entries)
    if len(np.unique(entries["day"])) > 1:  # files of an earlier day, in this very chunk
        for subject, own in sums_of(buckets_of(entries, newcomers, 0), entries).items():
            sums[subject] += own
    return Looked(entries, columns_of(entries, sums, found), newcomers)


def read_events(session: Session, entries: Entries) -> people.Events:
    """Return what the lives of these people hold from two years before the files to their days."""
    if not len(entries):
        return np.zeros(0, dtype=people.EVENT)
    keys: Ints = np.unique(entries["beneficiary"])
    values = {
        "keys": array_of(keys),
        "since": day_of(entries["day"].min() - people.LONGEST),
        "until": day_of(entries["day"].max()),
    }
    return fetch(session, _EVENTS, values, people.MEMBERS)


_hashers: dict[bytes, Hasher] = {}


def hasher_of(keys: KeyRing) -> Hasher:
    """Return this installation's hasher; made once, so that it remembers professionals."""
    key = keys.derive("history")
    if key not in _hashers:
        _hashers.clear()
        _hashers[key] = Hasher(keys)
    return _hashers[key]


def as_lists(
    columns: Mapping[str, Ints], places: Sequence[int] | None = None
) -> dict[str, list[int | None]]:
    """Return columns as ``RuleEngine.decide`` takes them, ``None`` for what is not known.

    Args:
        columns: from ``look``.
        places: only these files, in this order.
    """
    found: dict[str, list[int | None]] = {}
    for name, column in columns.items():
        some = column if places is None else column[places]
        values: list[int | None] = some.tolist()
        if len(some) and some.min() == MISSING:
            values = [None if value == MISSING else value for value in values]
        found[name] = values
    return found
