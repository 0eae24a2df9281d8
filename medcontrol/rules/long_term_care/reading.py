"""Cases as JSON or YAML says them, and results as JSON: fractions are text, days are ISO."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from medcontrol.rules.long_term_care.facts import CareFault, Plan, PlannedAct, Span, Stay, exact
from medcontrol.rules.long_term_care.overrun import Overrun, overrun, overrun_as_given
from medcontrol.rules.long_term_care.terms import (
    RightTerms,
    StayCounting,
    WeeklyLimits,
)

_ALWAYS = Span(date.min, date.max)
_YEARS = (1900, 2200)
_COUNTING = {
    "inclusive": StayCounting.DAYS,
    "days_inclusive": StayCounting.DAYS,
    "nights": StayCounting.NIGHTS,
}
_MEMBERS = {
    "plan_acts", "hospitalisations", "need", "period", "weekly_ceiling", "weekly_max_exceedance",
    "hospital_day_count", "plans",
}  # fmt: skip

Terms = Callable[[date], RightTerms]


def compute_case(
    given: Any, *, terms: Terms, limits: Sequence[WeeklyLimits]
) -> tuple[Overrun, Sequence[Plan]]:
    """Work a case out as it is written.

    Without a hospital stay the right is taken as given for the period or the need: arithmetic
    only. What the case does not say comes from the law.

    Args:
        given: the ``input`` of a case.
        terms: of the right on a day.
        limits: of the law.

    Raises:
        CareFault: a member is missing, of another kind, or can't be.
    """
    case = mapping(given, "input", _MEMBERS)
    plans = _plans(case)
    stays = read_stays(case)
    need, period = _span(case, "need"), read_period(case)
    own = _limits(case, limits)
    law = terms(max(stay.discharge for stay in stays) if stays else _first(need, period))
    if counting := case.get("hospital_day_count"):
        law = _counted(law, counting)
    if stays:
        found = overrun(plans, stays, need=need, period=period, terms=law, limits=own)
        return found, plans
    span = need if period is None else period if need is None else need.meets(period)
    if span is None:
        raise CareFault("meets", "no day of the need lies in the period", field="need")
    return overrun_as_given(plans, span, readings=law.readings, limits=own), plans


def result_json(found: Overrun, plans: Sequence[Plan]) -> dict[str, Any]:
    """Return a result with the members of the worked cases."""
    periods = [
        {
            "start": each.span.first.isoformat(),
            "end": each.span.last.isoformat(),
            "days": each.days,
            "full_weeks": each.full_weeks,
            "partial_week_days": each.partial_week_days,
            "overrun_full_weeks": str(each.overrun_full_weeks),
            "overrun_partial_week": str(each.overrun_partial_week),
            "overrun": str(each.overrun),
        }
        for each in found.periods
    ]
    return {
        "eligible": found.right.is_open,
        "reasons": [reason.text for reason in found.reasons],
        "daev_p": str(plans[-1].assigned_minutes),
        "monthly_periods": periods,
        "overrun_total": str(found.total),
    }


def read_stays(case: Mapping[str, Any]) -> list[Stay]:
    """Return the hospital stays of a case, none when it names none.

    Raises:
        CareFault: a day is missing or can't be.
    """
    return [_stay(item, n) for n, item in enumerate(_list(case, "hospitalisations"))]


def read_period(case: Mapping[str, Any]) -> Span | None:
    """Return the days that a case looks at.

    Raises:
        CareFault: two days are expected, in their order.
    """
    return _span(case, "period")


def mapping(raw: Any, where: str, allowed: set[str]) -> Mapping[str, Any]:
    """Return a mapping with no other members.

    Raises:
        CareFault: it is none, or has an unknown member.
    """
    if not isinstance(raw, Mapping):
        raise CareFault("mapping", "members by name are expected", field=where)
    if unknown := sorted(str(name) for name in set(raw) - allowed):
        raise CareFault("known_member", f"unknown: {', '.join(unknown)}", field=where)
    return raw


def read_day(raw: Any, field: str) -> date:
    """Return a civil day.

    Raises:
        CareFault: it is no ISO date.
    """
    try:
        if not isinstance(raw, str) or len(raw) != len("2007-01-01"):
            raise ValueError
        day = date.fromisoformat(raw)
    except ValueError:
        raise CareFault("date", f"{raw!r} is no day such as 2007-03-31", field=field) from None
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        raise CareFault("date", f"{day} is outside {_YEARS[0]} to {_YEARS[1]}", field=field)
    return day


def read_act(raw: Any, where: str) -> PlannedAct:
    """Return an act of a plan.

    Raises:
        CareFault: see ``PlannedAct``.
    """
    item = mapping(raw, where, {"code", "minutes", "intensity", "assigned"})
    code = item.get("code")
    if not isinstance(code, str) or not code.strip():
        raise CareFault("text", "a code is needed", field=f"{where}.code")
    if "minutes" not in item:
        raise CareFault("required", "minutes a week are needed", field=f"{where}.minutes")
    one = Fraction(1)
    return PlannedAct(
        code=code.strip(),
        minutes=exact(item["minutes"], f"{where}.minutes"),
        intensity=exact(item.get("intensity", one), f"{where}.intensity"),
        assigned=exact(item.get("assigned", one), f"{where}.assigned"),
    )


def _plans(case: Mapping[str, Any]) -> list[Plan]:
    """Return the one plan of a case, or its plans when it names several with their days."""
    if "plans" in case and "plan_acts" in case:
        raise CareFault("one_of", "give plan_acts or plans, not both", field="plans")
    if "plans" not in case:
        return [Plan(_ALWAYS, _acts(case, "plan_acts"))]
    plans = []
    for n, raw in enumerate(_list(case, "plans")):
        where = f"plans[{n}]"
        item = mapping(raw, where, {"from", "to", "plan_acts", "provider", "is_definitive"})
        first = read_day(item.get("from"), f"{where}.from")
        last = date.max if item.get("to") is None else read_day(item["to"], f"{where}.to")
        is_definitive = item.get("is_definitive", True)
        if not isinstance(is_definitive, bool):
            raise CareFault("flag", "true or false is expected", field=f"{where}.is_definitive")
        plans.append(
            Plan(_ordered(first, last, f"{where}.to"), _acts(item, "plan_acts"),
                 str(item.get("provider", "")), is_definitive)
        )  # fmt: skip
    return plans


def _acts(item: Mapping[str, Any], name: str) -> tuple[PlannedAct, ...]:
    return tuple(read_act(raw, f"{name}[{n}]") for n, raw in enumerate(_list(item, name)))


def _stay(raw: Any, number: int) -> Stay:
    where = f"hospitalisations[{number}]"
    item = mapping(raw, where, {"admission", "discharge", "acute"})
    acute = item.get("acute", True)
    if not isinstance(acute, bool):
        raise CareFault("flag", "true or false is expected", field=f"{where}.acute")
    admission = read_day(item.get("admission"), f"{where}.admission")
    discharge = read_day(item.get("discharge"), f"{where}.discharge")
    _ordered(admission, discharge, f"{where}.discharge")
    return Stay(admission, discharge, acute)


def _span(case: Mapping[str, Any], name: str) -> Span | None:
    raw = case.get(name)
    if raw is None:
        return None
    if not isinstance(raw, Sequence) or isinstance(raw, str) or len(raw) != 2:
        raise CareFault("two_days", "a first and a last day are expected", field=name)
    first, last = (read_day(day, f"{name}[{n}]") for n, day in enumerate(raw))
    return _ordered(first, last, name)


def _ordered(first: date, last: date, field: str) -> Span:
    if last < first:
        raise CareFault("order", f"{last} is before {first}", field=field)
    return Span(first, last)


def _limits(case: Mapping[str, Any], limits: Sequence[WeeklyLimits]) -> Sequence[WeeklyLimits]:
    """Return the limits that a case brings with it, or those of the law."""
    ceiling, most = case.get("weekly_ceiling"), case.get("weekly_max_exceedance")
    if ceiling is None and most is None:
        return limits
    for name, value in (("weekly_ceiling", ceiling), ("weekly_max_exceedance", most)):
        if value is None:
            raise CareFault("both", "give both weekly limits or neither", field=name)
    return [
        WeeklyLimits(
            date.min, date.max,
            exact(most, "weekly_max_exceedance"), exact(ceiling, "weekly_ceiling"),
        )
    ]  # fmt: skip


def _counted(terms: RightTerms, counting: Any) -> RightTerms:
    if counting not in _COUNTING:
        detail = f"{counting!r} is neither inclusive nor nights"
        raise CareFault("known_word", detail, field="hospital_day_count")
    readings = replace(terms.readings, stay_counting=_COUNTING[counting])
    return replace(terms, readings=readings)


def _list(case: Mapping[str, Any], name: str) -> Sequence[Any]:
    raw = case.get(name) or []
    if not isinstance(raw, Sequence) or isinstance(raw, str):
        raise CareFault("list", "a list is expected", field=name)
    if not raw and name in {"plan_acts", "plans"}:
        raise CareFault("one_at_least", "nothing is planned", field=name)
    return raw


def _first(need: Span | None, period: Span | None) -> date:
    span = period or need
    if span is None:
        raise CareFault("required", "give a period, a need or a hospital stay", field="period")
    return span.first
