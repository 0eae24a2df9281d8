"""What was received before the demonstration begins, and how its controls ended (historique)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from medcontrol.vocabulary import Lane
from runtime.demo.generator import draws
from runtime.demo.generator.arrivals import to_days, volume_of, working_days_after
from runtime.demo.generator.build import World
from runtime.demo.generator.day import Day, make_days
from runtime.demo.generator.draws import Ints
from runtime.demo.generator.identities import Message
from runtime.demo.generator.outcomes import Deciders, Outcome
from runtime.demo.generator.services import SERVICES
from runtime.demo.generator.staff import Staff

# How much more likely than an ordinary reimbursement a file is to be controlled.
_WEIGHT = {
    "care_abroad": 900.0, "invalidity": 900.0, "ald": 12.0, "disability": 10.0, "hospital": 3.5,
    "dental": 1.6, "medicines": 3.0, "sick_leave": 3.0, "conventional": 1.5, "ambulatory": 0.55,
}  # fmt: skip
_ASKS_FIRST = 2.5
# The last working days are left open: nothing received then has been decided.
_UNDECIDED_DAYS = 4
_BLUE_SHARE = 0.07
_DAYS_AT_ONCE = 31


@dataclass(frozen=True, slots=True)
class Past:
    """How much history to make."""

    as_of: date
    months: int
    received: int
    controlled: int


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """One file of the past; ``outcome`` is None where it was not controlled."""

    message: Message
    received_on: date
    lane: Lane
    outcome: Outcome | None


def make_history(world: World, staff: Staff, past: Past) -> Iterator[HistoryItem]:
    """Yield the past, day by day; volumes follow the week, holidays and a slow growth."""
    days = _days(past)
    counts = draws.shares(past.received, [_volume(day, past) for day in days])
    last = _last_decided(past.as_of)
    open_counts = [count if day <= last else 0 for day, count in zip(days, counts, strict=True)]
    quotas = _capped_shares(past.controlled, open_counts)
    deciders = Deciders(staff, world.seed, past.as_of)
    busy = [row for row in zip(days, counts, quotas, strict=True) if row[1]]
    for at in range(0, len(busy), _DAYS_AT_ONCE):
        some = busy[at : at + _DAYS_AT_ONCE]
        made = make_days(world, [row[0] for row in some], [row[1] for row in some], tag="past")
        for day, (_, _, quota) in zip(made, some, strict=True):
            yield from _items(day, quota, deciders)


def _days(past: Past) -> list[date]:
    first = past.as_of - timedelta(days=round(past.months * 30.4375))
    return [first + timedelta(days=n) for n in range((past.as_of - first).days)]


def _volume(day: date, past: Past) -> float:
    age = (past.as_of - day).days / (past.months * 30.4375)
    return volume_of(day) * (1.12 - 0.24 * age)


def _last_decided(as_of: date) -> date:
    """Return the last day of reception whose files were decided: some working days ago."""
    day = as_of - timedelta(days=1)
    while True:
        between = 0
        for following in working_days_after(day):
            if following >= as_of:
                break
            between += 1
        if between >= _UNDECIDED_DAYS:
            return day
        day -= timedelta(days=1)


def _capped_shares(total: int, room: list[int]) -> list[int]:
    """Split ``total`` in proportion to ``room``, never more than the room of a day."""
    if total > sum(room):
        raise ValueError(f"controlled: at most {sum(room)} could have been decided, not {total}")
    if total == 0:
        return [0] * len(room)
    return draws.shares(total, [float(count) for count in room])


def _items(made: Day, quota: int, deciders: Deciders) -> Iterator[HistoryItem]:
    chosen = set(_choose(made, quota).tolist())
    blue = draws.chance(made.files.own, "blue", _BLUE_SHARE).tolist()
    for row, message in enumerate(made.messages()):
        if row in chosen:
            outcome = deciders.decide(message, made.day)
            yield HistoryItem(message, made.day, outcome.lane, outcome)
        else:
            yield HistoryItem(message, made.day, Lane.BLUE if blue[row] else Lane.GREEN, None)


def _choose(made: Day, quota: int) -> Ints:
    """Return ``quota`` rows without repetition, the likelier ones first (Gumbel's top k)."""
    weights = np.array(
        [_WEIGHT[one.flow] * (_ASKS_FIRST if one.asks_first else 1.0) for one in SERVICES]
    )[made.files.service]
    keys = draws.keys(draws.key(made.world.seed, "controlled", to_days(made.day)), len(weights))
    # An anomaly is found more often than not.
    weights = np.where(made.is_planted, weights * 6.0, weights)
    luck = -np.log(-np.log(np.clip(draws.uniform(keys, "luck"), 1e-12, 1 - 1e-12)))
    rows: Ints = np.argsort(-(np.log(weights) + luck))[:quota]
    return rows
