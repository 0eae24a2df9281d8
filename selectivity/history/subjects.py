"""Whose counters matter to a file, and the sums that are taken of them (sujets)."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

import numpy as np

from selectivity.history.buckets import Buckets
from selectivity.history.entries import Entries
from selectivity.history.keys import Kind, mixed
from selectivity.history.windows import Bools, Ints, Total, window_sums

_MONTH, _QUARTER, YEAR = 30, 90, 365


class Subject(IntEnum):
    """Whose counters: a kind of bucket, summed over its parts or for one part."""

    WHOLE = 0
    PROVIDER = 1
    PROVIDER_FLOW = 2
    PRESCRIBER = 3
    PRESCRIBER_PROVIDER = 4
    ACT = 5
    PEER = 6
    SEGMENT = 7


KIND_OF: Final[Mapping[Subject, Kind]] = {
    Subject.WHOLE: Kind.ALL,
    Subject.PROVIDER: Kind.PROVIDER,
    Subject.PROVIDER_FLOW: Kind.PROVIDER,
    Subject.PRESCRIBER: Kind.PRESCRIBER,
    Subject.PRESCRIBER_PROVIDER: Kind.PRESCRIBER,
    Subject.ACT: Kind.ACT,
    Subject.PEER: Kind.PEER,
    Subject.SEGMENT: Kind.SEGMENT,
}
PAIRS: Final = frozenset({Subject.PROVIDER_FLOW, Subject.PRESCRIBER_PROVIDER})

TOTALS: Final = (
    Total("files", _MONTH), Total("files", _QUARTER), Total("files", YEAR),
    Total("amount", _MONTH), Total("amount", YEAR),
    Total("priced", YEAR), Total("log_sum", YEAR), Total("log_squares", YEAR),
    Total("weekends", YEAR), Total("newcomers", _QUARTER),
    Total("controls", YEAR), Total("hits", YEAR),
)  # fmt: skip
COLUMN: Final = {(total.column, total.days): place for place, total in enumerate(TOTALS)}

Sums = dict[Subject, Ints]
"""For each subject one row for each file and one column for each of ``TOTALS``."""


def asked_of(entries: Entries, subject: Subject) -> Ints:
    """Return the key of a subject for each file; pairs are mixed into one; 0 is nobody."""
    if subject is Subject.PROVIDER_FLOW:
        return _pair(entries["provider"], entries["flow"])
    if subject is Subject.PRESCRIBER_PROVIDER:
        return _pair(entries["prescriber"], entries["provider"])
    name = {
        Subject.WHOLE: "whole",
        Subject.PROVIDER: "provider",
        Subject.PRESCRIBER: "prescriber",
        Subject.ACT: "act",
        Subject.PEER: "peer",
        Subject.SEGMENT: "segment",
    }[subject]
    return np.asarray(entries[name], dtype=np.int64)


def _pair(left: Ints, right: Ints) -> Ints:
    made: Ints = np.where((left == 0) | (right == 0), 0, mixed(left, right))
    return made


def keys_in(buckets: Buckets, subject: Subject) -> tuple[Ints, Bools]:
    """Return the key of a subject for each bucket, and which buckets are about it."""
    about = buckets["kind"] == KIND_OF[subject]
    if subject in PAIRS:
        return _pair(buckets["key"], buckets["part"]), about
    return np.asarray(buckets["key"], dtype=np.int64), about


def sums_of(buckets: Buckets, entries: Entries) -> Sums:
    """Return the sums for each file over the days before its own.

    Args:
        buckets: of at least the 365 days before each file; rows of one bucket are added up.
        entries: the files.
    """
    return {subject: _sums(buckets, entries, subject) for subject in Subject}


def _sums(buckets: Buckets, entries: Entries, subject: Subject) -> Ints:
    keys, about = keys_in(buckets, subject)
    return asked_sums(
        buckets[about], keys[about], asked_of(entries, subject), np.asarray(entries["day"])
    )


def asked_sums(buckets: Buckets, keys: Ints, asked: Ints, days: Ints) -> Ints:
    """Return the sums for each question; equal questions are worked out once; 0 is nobody."""
    together = np.empty(len(asked), dtype=[("key", "i8"), ("day", "i8")])
    together["key"], together["day"] = asked, days
    once, places = np.unique(together, return_inverse=True)
    made = window_sums(keys, buckets["day"], buckets, TOTALS, once["key"], once["day"])
    made[once["key"] == 0] = 0
    return made[places]
