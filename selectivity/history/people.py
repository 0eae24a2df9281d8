"""What the past says of a beneficiary, and of a beneficiary with a provider (assurés)."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from selectivity.history.copying import Members, native
from selectivity.history.entries import LINES, Entries
from selectivity.history.windows import Bools, Ints, ranked, running, spread, stamped

MEMBERS: Members = (
    ("beneficiary", ">i8"), ("day", "day"), ("number", ">i8"), ("files", ">i2"),
    ("controls", ">i2"), ("hits", ">i2"), ("amount", ">i8"), ("provider", ">i8"),
    ("prescriber", ">i8"), ("act", ">i8"), ("stoppages", ">i2"), ("leave_days", ">i4"),
    ("prosthesis", ">i8"), ("lines", f"V{8 * LINES}"),
)  # fmt: skip
EVENT = native(MEMBERS)

Events = npt.NDArray[Any]

LONGEST: Final = 730
"""Days before a file that matter."""

_LOOKED_AT = 200
"""Of one person's earlier files, so many are compared one by one; sums know no such limit."""
_BLOCK = 1 << 20
_YEAR, _QUARTER, _MONTH = 365, 90, 30

_SAME_DAY_SUMS = (
    ("beneficiary_files_30d", "files", _MONTH),
    ("beneficiary_files_90d", "files", _QUARTER),
    ("beneficiary_files_365d", "files", _YEAR),
    ("beneficiary_amount_365d", "amount", _YEAR),
    ("stoppages_365d", "stoppages", _YEAR),
    ("sick_leave_days_730d", "leave_days", LONGEST),
    ("dental_prosthesis_730d", "prosthesis", LONGEST),
)


def events_of(entries: Entries) -> Events:
    """Return files as events in the lives of their beneficiaries, in the same order."""
    made = np.zeros(len(entries), dtype=EVENT)
    made["files"] = 1
    made["stoppages"] = entries["is_stoppage"]
    for name in (
        "beneficiary", "day", "number", "amount", "provider", "prescriber", "act",
        "leave_days", "prosthesis",
    ):  # fmt: skip
        made[name] = entries[name]
    made["lines"] = np.ascontiguousarray(entries["lines"]).view(f"V{8 * LINES}")[:, 0]
    return made


def outcome_events(
    entries: Entries, days: Ints, numbers: Ints, controls: Ints, hits: Ints
) -> Events:
    """Return closed controls as events; see ``buckets.outcome_buckets``."""
    made = np.zeros(len(entries), dtype=EVENT)
    made["beneficiary"] = entries["beneficiary"]
    made["day"], made["number"] = days, numbers
    made["controls"], made["hits"] = controls, hits
    return made


def counted(past: Events, entries: Entries) -> dict[str, Ints]:
    """Return counters for each file, -1 where nothing is known.

    A file sees what came before it on its own day; controls only of earlier days.

    Args:
        past: events of these people, files of the same day being earlier ones.
        entries: the files, in the order of arrival.
    """
    known = np.concatenate([past, events_of(entries)])
    (rank,) = ranked(known["beneficiary"])
    stamps = stamped(rank, known["day"])
    order = np.argsort(stamps, kind="stable")
    known, stamps = known[order], stamps[order]
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    here = place[len(past) :]
    mine = stamps[here]
    starts = {
        days: np.searchsorted(stamps, mine - days) for days in (_MONTH, _QUARTER, _YEAR, LONGEST)
    }
    found: dict[str, Ints] = {}
    sums: dict[str, Ints] = {}
    for name, column, days in _SAME_DAY_SUMS:
        if column not in sums:
            sums[column] = running(known[column])
        found[name] = sums[column][here] - sums[column][starts[days]]
    yesterday = np.searchsorted(stamps, mine)
    for column in ("controls", "hits"):
        summed = running(known[column])
        found[f"beneficiary_{column}"] = summed[yesterday] - summed[starts[_YEAR]]
    lowest = np.maximum(starts[_YEAR], here - _LOOKED_AT)
    found |= _compared(known, here, lowest)
    return found


def _compared(known: Events, here: Ints, lowest: Ints) -> dict[str, Ints]:
    """Compare each file with the earlier ones of its person, a block of files at a time."""
    parts: list[dict[str, Ints]] = []
    lengths = np.cumsum(here - lowest)
    start = 0
    while start < len(here):
        base = lengths[start - 1] if start else 0
        end = max(int(np.searchsorted(lengths, base + _BLOCK, side="right")), start + 1)
        parts.append(_block(known, here[start:end], lowest[start:end]))
        start = end
    if not parts:
        return _block(known, here, lowest)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _block(known: Events, here: Ints, lowest: Ints) -> dict[str, Ints]:
    owner, places = spread(lowest, here)
    is_file = known["files"][places] == 1
    owner, places = owner[is_file], places[is_file]
    own, count = here[owner], len(here)
    day = known["day"]
    age = day[own].astype(np.int64) - day[places]
    recent = age <= _QUARTER
    same_provider = (known["provider"][places] == known["provider"][own]) & (
        known["provider"][own] != 0
    )
    before = same_provider & (age > 0)
    same_act = (known["act"][places] == known["act"][own]) & (known["act"][own] != 0)
    last = _least(owner, age, count)
    acts, last_act = _count(owner[same_act], count), _least(owner[same_act], age[same_act], count)
    first_act = _most(owner[same_act], age[same_act], count)
    doubled = recent & same_provider
    doubled[doubled] = _share_line(known["lines"], places[doubled], own[doubled])
    return {
        "prescribers_90d": _distinct(owner[recent], known["prescriber"][places[recent]], count),
        "providers_90d": _distinct(owner[recent], known["provider"][places[recent]], count),
        "days_since_last_file": last,
        "days_since_same_act": last_act,
        "same_act_interval_days": np.where(
            acts >= 2, (first_act - last_act) // np.maximum(acts - 1, 1), -1
        ),
        "duplicate_files_90d": _count(owner[doubled], count),
        "provider_beneficiary_files_90d": _count(owner[before & recent], count),
        "provider_beneficiary_files_365d": _count(owner[before], count),
    }


def _count(owner: Ints, count: int) -> Ints:
    return np.bincount(owner, minlength=count).astype(np.int64)


def _least(owner: Ints, values: Ints, count: int) -> Ints:
    """Return the least value of each owner, -1 for one without any."""
    made = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(made, owner, values)
    return np.where(made == np.iinfo(np.int64).max, -1, made)


def _most(owner: Ints, values: Ints, count: int) -> Ints:
    made = np.full(count, -1, dtype=np.int64)
    np.maximum.at(made, owner, values)
    return made


def _distinct(owner: Ints, values: Ints, count: int) -> Ints:
    """Return how many different values each owner has; 0 is none."""
    kept = values != 0
    owner, values = owner[kept], values[kept]
    order = np.lexsort((values, owner))
    owner, values = owner[order], values[order]
    new = np.ones(len(owner), dtype=bool)
    new[1:] = (owner[1:] != owner[:-1]) | (values[1:] != values[:-1])
    return _count(owner[new], count)


def _share_line(lines: npt.NDArray[Any], left: Ints, right: Ints) -> Bools:
    """Return which pairs of files have one of their dearest lines in common."""
    ours, theirs = _numbers(lines[left]), _numbers(lines[right])
    found = np.zeros(len(left), dtype=bool)
    for place in range(LINES):
        line = ours[:, place]
        found |= (line != 0) & (theirs == line[:, None]).any(axis=1)
    return found


def _numbers(lines: npt.NDArray[Any]) -> Ints:
    return np.ascontiguousarray(lines).view("<i8").reshape(-1, LINES)
