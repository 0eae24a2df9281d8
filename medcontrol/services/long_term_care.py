"""Luxembourg's long-term care under the law of a day: what rules need, and what they rest on."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from itertools import zip_longest
from typing import TypeVar

from medcontrol.errors import InvalidInput
from medcontrol.legal import lu
from medcontrol.legal.dated import DatedParameter, DatedValue, Parameters, Value
from medcontrol.legal.loading import law
from medcontrol.rules.long_term_care.facts import CareFault
from medcontrol.rules.long_term_care.reassessment import ReassessmentTerms
from medcontrol.rules.long_term_care.terms import (
    CeilingTest,
    FlatRateCut,
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
_READINGS: Mapping[str, type[StrEnum]] = {
    "stay_counting": StayCounting, "window_start": WindowStart, "limit_counting": LimitCounting,
    "need_test": NeedTest, "long_need": LongNeed, "new_stay": NewStay,
    "ceiling_test": CeilingTest, "several_providers": SeveralProviders, "rounding": Rounding,
    "nothing_assigned": NothingAssigned,
}  # fmt: skip

_CHOICES: Mapping[str, type[StrEnum]] = {
    **{f"fluctuation.{name}": reading for name, reading in _READINGS.items()},
    "non_executed.flat_rate_cut": FlatRateCut,
}


@dataclass(frozen=True, slots=True)
class Basis:
    """A parameter that a result rests on, as it is shown to whoever asks why."""

    path: str
    value: str
    since: date
    title: str
    href: str | None


@lru_cache(maxsize=512)
def right_terms(day: date, parameters: Parameters | None = None) -> RightTerms:
    """Return what opens a right, as of a day of discharge.

    Args:
        day: of discharge, or the first day looked at.
        parameters: another law than that in force, to see what a change would do.

    Raises:
        CareFault: the day lies before the regulation of 22.12.2006.
    """
    held = parameters or law("lu")
    if day < held.whole("fluctuation.stay_min_days").values[0].since:
        raise CareFault("regime", f"no right to an overrun existed on {day}", field="period")

    def read(reading: Callable[[str], _T], name: str) -> _T:
        return reading(held.word(f"fluctuation.{name}").at(day).value)

    return RightTerms(
        stay_min_days=held.number("fluctuation.stay_min_days", day).value,
        need_min_days=held.number("fluctuation.need_min_days", day).value,
        need_max_months=held.number("fluctuation.need_max_months", day).value,
        readings=Readings(
            stay_counting=read(StayCounting, "stay_counting"),
            window_start=read(WindowStart, "window_start"),
            limit_counting=read(LimitCounting, "limit_counting"),
            need_test=read(NeedTest, "need_test"),
            long_need=read(LongNeed, "long_need"),
            new_stay=read(NewStay, "new_stay"),
            ceiling_test=read(CeilingTest, "ceiling_test"),
            several_providers=read(SeveralProviders, "several_providers"),
            rounding=read(Rounding, "rounding"),
            nothing_assigned=read(NothingAssigned, "nothing_assigned"),
        ),
    )


def changed_law(changes: Mapping[str, str], since: date | None = None) -> Parameters:
    """Return the law with other values, from each parameter's first day to its last.

    Args:
        changes: text of the new value by path, such as ``{"fluctuation.stay_counting": "nights"}``.
        since: the first day of the new values; those before it stay. None: from the beginning.

    Raises:
        InvalidInput: no such parameter, or the value is none that it can hold.
    """
    held = law("lu")
    by_path = {path: held.parameter(path) for path in held.paths}
    for path, text in changes.items():
        if path not in by_path:
            raise InvalidInput(f"there is no parameter {path} in the law of lu", field=path)
        parameter = by_path[path]
        value = _typed(parameter, text)
        by_path[path] = replace(parameter, values=tuple(_changed(parameter, value, since)))
    return Parameters("lu", by_path)


def changeable() -> dict[str, tuple[str, ...]]:
    """Return the parameters that ``changed_law`` changes: their choices, none for numbers."""
    held = law("lu")
    found: dict[str, tuple[str, ...]] = {}
    for path in held.paths:
        kind = held.parameter(path).unit.kind
        if kind == "whole":
            found[path] = ()
        elif kind == "word" and path in _CHOICES:
            found[path] = tuple(each.value for each in _CHOICES[path])
    return found


def _changed(
    parameter: DatedParameter[Value], value: Value, since: date | None
) -> Iterator[DatedValue[Value]]:
    """Yield the values of a parameter with another one from a day on.

    Raises:
        InvalidInput: the parameter held before that day and no more.
    """
    first = max(since or date.min, parameter.values[0].since)
    ended = parameter.values[-1].until
    if ended is not None and ended < first:
        raise InvalidInput(f"{parameter.path} ended on {ended}", field="from")
    for each, behind in zip_longest(parameter.values, parameter.values[1:]):
        if each.since < first:
            yield each
            if behind is not None and behind.since <= first:
                continue
            yield replace(each, value=value, since=first)
        else:
            yield replace(each, value=value)


def _typed(parameter: DatedParameter[Value], text: str) -> Value:
    kind, path = parameter.unit.kind, parameter.path
    if kind == "whole" and text.isascii() and text.isdigit():
        return int(text)
    if kind == "word" and (reading := _CHOICES.get(path)) is not None:
        if text in set(reading):
            return text
        raise InvalidInput(f"{path} is one of {', '.join(reading)}", field=path)
    raise InvalidInput(f"{path}: {text!r} is not a {kind}", field=path)


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


def not_executed_percent(day: date, parameters: Parameters | None = None) -> int:
    """Return the share of care not executed that a month may have, per cent of the care given.

    Raises:
        CareFault: the day lies before the framework agreement of 2010.
    """
    return _from_2010("month_percent", day, parameters)


def year_percent(day: date, parameters: Parameters | None = None) -> int:
    """Return the share of care not executed that a provider keeps of a year, per cent.

    Raises:
        CareFault: the day lies before the framework agreement of 2010.
    """
    return _from_2010("year_percent", day, parameters)


def _from_2010(name: str, day: date, parameters: Parameters | None) -> int:
    held = (parameters or law("lu")).whole(f"non_executed.{name}")
    if day < held.values[0].since:
        detail = f"care that was not executed could not be billed on {day}"
        raise CareFault("regime", detail, field="acts")
    return held.at(day).value


def flat_rate_cut(day: date, parameters: Parameters | None = None) -> FlatRateCut:
    """Return what care not executed takes from a flat rate on a day of service."""
    held = (parameters or law("lu")).word("non_executed.flat_rate_cut")
    return FlatRateCut(held.at(day).value)


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
        in_kind_months=held.in_kind_months.at(day).value,
        carer_months=held.carer_months.at(day).value,
        establishment_days=held.establishment_days.at(day).value,
        request_months=held.request_months.at(day).value,
        reapplication_years=held.reapplication_years.at(day).value,
    )


def bases(paths: Iterable[str], day: date) -> Mapping[str, Basis]:
    """Return by path the values that hold on a day, with their legal reference."""
    found = {}
    for path in dict.fromkeys(paths):
        value = law("lu").parameter(path).at(day)
        reference = value.reference
        found[path] = Basis(path, str(value.value), value.since, reference.title, reference.href)
    return found


def _last(parameter: DatedParameter[int], day: date) -> DatedValue[int] | None:
    """Return the value that began last by a day, even if it ended; None before the first."""
    begun = [value for value in parameter.values if value.since <= day]
    return begun[-1] if begun else None
