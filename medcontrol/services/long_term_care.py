"""Luxembourg's long-term care under the law of a day: what rules need, and what they rest on."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from functools import lru_cache
from typing import TypeVar

from medcontrol.legal import lu
from medcontrol.legal.dated import DatedParameter, DatedValue, Parameters
from medcontrol.legal.loading import law
from medcontrol.rules.long_term_care.facts import CareFault
from medcontrol.rules.long_term_care.reassessment import ReassessmentTerms
from medcontrol.rules.long_term_care.terms import (
    CeilingTest,
    LimitCounting,
    LongNeed,
    NeedTest,
    NewStay,
    NothingAssigned,
    Readings,
    Regime,
    RightTerms,
    Rounding,
    SeveralProviders,
    StayCounting,
    WeeklyLimits,
    WindowStart,
)

_DAY = timedelta(days=1)
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Basis:
    """A parameter that a result rests on, as it is shown to whoever asks why."""

    path: str
    value: str
    since: date
    title: str
    href: str | None


@lru_cache(maxsize=512)
def right_terms(day: date) -> RightTerms:
    """Return what opens a right, as of a day of discharge.

    Raises:
        CareFault: the day lies before the regulation of 22.12.2006.
    """
    fluctuation = lu.fluctuation
    if day < fluctuation.stay_min_days.values[0].since:
        raise CareFault("regime", f"no right to an overrun existed on {day}", field="period")
    return RightTerms(
        stay_min_days=fluctuation.stay_min_days.at(day).value,
        need_min_days=fluctuation.need_min_days.at(day).value,
        need_max_months=fluctuation.need_max_months.at(day).value,
        readings=Readings(
            stay_counting=_read(StayCounting, fluctuation.stay_counting, day),
            window_start=_read(WindowStart, fluctuation.window_start, day),
            limit_counting=_read(LimitCounting, fluctuation.limit_counting, day),
            need_test=_read(NeedTest, fluctuation.need_test, day),
            long_need=_read(LongNeed, fluctuation.long_need, day),
            new_stay=_read(NewStay, fluctuation.new_stay, day),
            ceiling_test=_read(CeilingTest, fluctuation.ceiling_test, day),
            several_providers=_read(SeveralProviders, fluctuation.several_providers, day),
            rounding=_read(Rounding, fluctuation.rounding, day),
            nothing_assigned=_read(NothingAssigned, fluctuation.nothing_assigned, day),
        ),
    )


@lru_cache(maxsize=8)
def weekly_limits(parameters: Parameters | None = None) -> tuple[WeeklyLimits, ...]:
    """Return the two weekly limits for every time in which both hold, the oldest first.

    Args:
        parameters: another law than that in force, to see what a change would do.
    """
    held = parameters or law("lu")
    overrun = held.whole("aev.weekly_overrun_minutes")
    ceiling = held.whole("aev.weekly_ceiling_minutes")
    starts = sorted({value.since for each in (overrun, ceiling) for value in each.values})
    found = []
    for place, since in enumerate(starts):
        most, whole = _last(overrun, since), _last(ceiling, since)
        if most is None or whole is None:
            continue
        ends = [value.until for value in (most, whole) if value.until is not None]
        if place + 1 < len(starts):
            ends.append(starts[place + 1] - _DAY)
        until = min(ends, default=date.max)
        if until >= since:
            found.append(WeeklyLimits(since, until, Fraction(most.value), Fraction(whole.value)))
    return tuple(found)


def regime_on(day: date) -> Regime:
    """Return how acts essential to life are paid on a day of service.

    Raises:
        CareFault: the day lies before every regime.
    """
    if day < lu.aev.regime.values[0].since:
        raise CareFault("regime", f"no regime holds on {day}", field="day")
    return Regime(lu.aev.regime.at(day).value)


def reassessment_terms(day: date) -> ReassessmentTerms:
    """Return waiting times as of the notice of a final decision.

    Raises:
        ParameterNotInForce: before 2018.
    """
    held = lu.reassessment
    return ReassessmentTerms(
        in_kind_years=held.in_kind_years.at(day).value,
        carer_years=held.carer_years.at(day).value,
        establishment_days=held.establishment_days.at(day).value,
        request_months=held.request_months.at(day).value,
        reapplication_years=held.reapplication_years.at(day).value,
        objection_days=held.objection_days.at(day).value,
    )


def bases(paths: Iterable[str], day: date) -> Mapping[str, Basis]:
    """Return by path the values that hold on a day, with their legal reference."""
    found = {}
    for path in dict.fromkeys(paths):
        value = law("lu").parameter(path).at(day)
        reference = value.reference
        found[path] = Basis(path, str(value.value), value.since, reference.title, reference.href)
    return found


def _read(reading: Callable[[str], _T], parameter: DatedParameter[str], day: date) -> _T:
    return reading(parameter.at(day).value)


def _last(parameter: DatedParameter[int], day: date) -> DatedValue[int] | None:
    """Return the value that began last by a day, even if it ended; None before the first."""
    begun = [value for value in parameter.values if value.since <= day]
    return begun[-1] if begun else None
