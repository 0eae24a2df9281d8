"""Days of sick leave that are paid (jours indemnisés): spells, the period, what is left. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from medcontrol.rules.calendar import add_months

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Stop:
    """Days off work, from the first to the last, both included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class LeaveLaw:
    """The law of daily allowances of the day of receipt.

    Attributes:
        waiting_days: first days of each stop that are not paid.
        max_days: most days paid in one period.
        within_months: length of a period, from the start of an incapacity.
    """

    waiting_days: int
    max_days: int
    within_months: int


@dataclass(frozen=True, slots=True)
class Use:
    """What a period of a person's leave has used before a stop, and what is left for it.

    Attributes:
        period_from, period_before: the period, from its first day to before the second.
        used: days paid in it before the stop.
        left: days that may still be paid, never below nought.
        first_paid: first day of the stop that is paid.
        last_payable: last day that can be paid, were the stop to go on; none: not one day.
    """

    period_from: date
    period_before: date
    used: int
    left: int
    first_paid: date
    last_payable: date | None


def spells(stops: Iterable[Stop]) -> list[Stop]:
    """Return stops as unbroken spells, in order: what overlaps or follows on counts once.

    >>> spells([Stop(date(2026, 1, 8), date(2026, 1, 9)), Stop(date(2026, 1, 1), date(2026, 1, 7))])
    [Stop(first=datetime.date(2026, 1, 1), last=datetime.date(2026, 1, 9))]
    """
    joined: list[Stop] = []
    for stop in sorted(stops):
        if joined and stop.first <= joined[-1].last + ONE_DAY:
            joined[-1] = Stop(joined[-1].first, max(joined[-1].last, stop.last))
        else:
            joined.append(stop)
    return joined


def use_of(stops: Iterable[Stop], current: Stop, law: LeaveLaw) -> Use:
    """Return what earlier stops leave for one that is asked for.

    A period begins with an incapacity and runs for the law's months, whatever happens in it; the
    first stop after its end begins the next one. Each spell has its waiting days once: a
    prolongation without a gap has none of its own.

    Args:
        stops: earlier ones, in any order; they may overlap. Their days from the first day of
            ``current`` on are not counted.
        current: the stop that is asked for.
        law: of the day of receipt.
    """
    cut = (Stop(s.first, min(s.last, current.first - ONE_DAY)) for s in stops)
    earlier = [stop for stop in cut if stop.first <= stop.last]
    all_spells = spells([*earlier, current])
    this_spell = next(s for s in all_spells if s.first <= current.first <= s.last)
    period_from = _period_start(all_spells, current.first, law.within_months)
    period_before = add_months(period_from, law.within_months)
    paid_before = Stop(period_from, min(current.first, period_before) - ONE_DAY)
    used = sum(_paid_days(spell, paid_before, law.waiting_days) for spell in all_spells)
    first_paid = max(current.first, this_spell.first + timedelta(days=law.waiting_days))
    left = max(0, law.max_days - used)
    last = min(first_paid + timedelta(days=left - 1), period_before - ONE_DAY)
    payable = left > 0 and first_paid <= last
    return Use(period_from, period_before, used, left, first_paid, last if payable else None)


def _period_start(all_spells: list[Stop], on: date, months: int) -> date:
    """Return the start of the period that a day belongs to: only a new spell begins a new one."""
    start = all_spells[0].first
    for spell in all_spells:
        if spell.first <= on and spell.first >= add_months(start, months):
            start = spell.first
    return start


def _paid_days(spell: Stop, within: Stop, waiting_days: int) -> int:
    first = max(spell.first + timedelta(days=waiting_days), within.first)
    last = min(spell.last, within.last)
    return max(0, (last - first).days + 1)
