"""Daily buckets (compteurs journaliers): what files and controls add to whose counters."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from selectivity.history.copying import Members, native
from selectivity.history.entries import Entries
from selectivity.history.keys import Kind
from selectivity.history.windows import Bools, Ints

VALUES: Final = (
    "files", "amount", "priced", "log_sum", "log_squares",
    "weekends", "newcomers", "controls", "hits",
)  # fmt: skip
MEMBERS: Members = (
    ("kind", ">i2"), ("key", ">i8"), ("day", "day"), ("part", ">i8"), ("batch", ">i8"),
    *((name, ">i8") for name in VALUES),
)  # fmt: skip
BUCKET = native(MEMBERS)

Buckets = npt.NDArray[Any]

_LOG_SCALE = 1000


def log_of(money: npt.NDArray[Any]) -> Ints:
    """Return round(1000 × ln(centimes)), 0 for nothing: whole, so that sums are exact."""
    safe = np.maximum(money, 1).astype(np.float64)
    found: Ints = np.rint(np.log(safe) * _LOG_SCALE).astype(np.int64)
    return found


def buckets_of(entries: Entries, newcomers: Bools, batch: int) -> Buckets:
    """Return what files add, one row for each kind, key, part and day.

    Args:
        entries: the files.
        newcomers: which files are of people that the provider had not seen in the year before.
        batch: number of who adds it.
    """
    plain = _values(entries, entries["amount"], newcomers)
    priced = _values(entries, entries["price"], newcomers)
    days = entries["day"]
    return grouped(
        [
            _rows(kind, key, part, days, priced if kind is Kind.ACT else plain)
            for kind, key, part in owners(entries)
        ],
        batch,
    )


def owners(entries: Entries) -> list[tuple[Kind, Ints, Ints]]:
    """Return whose counters a file adds to: kind, keys and parts; key 0 is nobody."""
    none = np.zeros(len(entries), dtype=np.int64)
    return [
        (Kind.ALL, entries["whole"], none),
        (Kind.PROVIDER, entries["provider"], entries["flow"]),
        (Kind.PRESCRIBER, entries["prescriber"], entries["provider"]),
        (Kind.ACT, entries["act"], none),
        (Kind.PEER, entries["peer"], none),
        (Kind.SEGMENT, entries["segment"], none),
    ]


def outcome_buckets(
    entries: Entries, days: Ints, controls: Ints, hits: Ints, batch: int
) -> Buckets:
    """Return what closed controls add to the counters of their files, on the days they closed.

    Args:
        entries: of the files that were controlled.
        days: ordinals of the days on which the results came to stand.
        controls: 1 for a control, 0 for a correction of its result.
        hits: 1, 0, or -1 for a hit that is one no longer.
        batch: number of who adds it.
    """
    values = {name: np.zeros(len(entries), dtype=np.int64) for name in VALUES}
    values |= {"controls": controls, "hits": hits}
    return grouped(
        [_rows(kind, key, part, days, values) for kind, key, part in owners(entries)], batch
    )


def _values(entries: Entries, money: Ints, newcomers: Bools) -> dict[str, Ints]:
    logs = np.where(money > 0, log_of(money), 0)
    ones = np.ones(len(entries), dtype=np.int64)
    none = np.zeros(len(entries), dtype=np.int64)
    return {
        "files": ones,
        "amount": entries["amount"],
        "priced": (money > 0).astype(np.int64),
        "log_sum": logs,
        "log_squares": logs * logs,
        "weekends": entries["is_weekend"].astype(np.int64),
        "newcomers": newcomers.astype(np.int64),
        "controls": none,
        "hits": none,
    }


def _rows(
    kind: Kind, key: Ints, part: Ints, days: npt.NDArray[Any], values: dict[str, Ints]
) -> Buckets:
    kept = key != 0
    made = np.zeros(int(kept.sum()), dtype=BUCKET)
    made["kind"] = kind
    made["key"], made["part"], made["day"] = key[kept], part[kept], days[kept]
    for name in VALUES:
        made[name] = values[name][kept]
    return made


def grouped(parts: list[Buckets], batch: int) -> Buckets:
    """Return one row for each kind, key, day and part, sorted, all of one batch."""
    rows = np.concatenate(parts)
    if not len(rows):
        return rows
    rows = rows[np.lexsort((rows["part"], rows["day"], rows["key"], rows["kind"]))]
    names = ["kind", "key", "day", "part"]
    changed = np.zeros(len(rows), dtype=bool)
    changed[0] = True
    for name in names:
        changed[1:] |= rows[name][1:] != rows[name][:-1]
    starts = np.flatnonzero(changed)
    made = rows[starts]
    for name in VALUES:
        made[name] = np.add.reduceat(rows[name], starts)
    made["batch"] = batch
    return made
