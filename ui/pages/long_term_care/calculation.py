"""A period, a plan and stays typed in, and the overrun worked out line by line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response

from medcontrol.errors import ParameterNotInForce
from medcontrol.rules.long_term_care.explaining import (
    CEILING,
    OVERRUN,
    Step,
    step_of_total,
    steps_of_period,
    steps_of_plan,
)
from medcontrol.rules.long_term_care.facts import CareFault, Plan, Stay
from medcontrol.rules.long_term_care.overrun import MonthlyPeriod, Overrun, payable
from medcontrol.rules.long_term_care.reading import compute_case, read_period, read_stays
from medcontrol.services.long_term_care import Basis, bases, right_terms, weekly_limits
from medcontrol.vocabulary import Role
from ui.forms import Errors, Sent, text_of
from ui.pages.long_term_care.months import Month, months_of
from ui.rendering import render
from ui.visitors import Me, Posted

router = APIRouter(prefix="/long-term-care")
READERS = (
    Role.AGENT, Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR, Role.SUPERVISOR,
    Role.ANALYST, Role.AUDITOR, Role.REFERENCE_MANAGER,
)  # fmt: skip
_ROWS = {"act": ("code", "minutes", "intensity", "assigned"),
         "stay": ("admission", "discharge", "acute")}  # fmt: skip
_MOST_ROWS = 20
_RIGHT = ("fluctuation.stay_min_days", "fluctuation.need_min_days", "fluctuation.need_max_months")

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """A calculation as it is drawn."""

    overrun: Overrun
    payable: int
    plan: Sequence[Step]
    periods: Sequence[tuple[MonthlyPeriod, Sequence[Step]]]
    total: Step
    months: Sequence[Month]
    bases: Mapping[str, Basis]
    is_right_given: bool


@dataclass(frozen=True, slots=True)
class CalculationPage:
    """What was typed, and what came of it."""

    typed: Mapping[str, str]
    acts: Sequence[Row]
    stays: Sequence[Row]
    errors: Mapping[str, str] = field(default_factory=Errors)
    found: Shown | None = None


@router.get("/calculation")
def show(request: Request, visitor: Me) -> Response:
    """Draw the empty form, with the example of the rules of calculation in it."""
    visitor.must_have(*READERS)
    typed = {"period_from": "2007-03-01", "period_to": "2007-03-31"}
    act = {"code": "AEV", "minutes": "1261", "intensity": "1", "assigned": "1"}
    return render(request, "long_term_care/calculation.html", CalculationPage(typed, [act], []))


@router.post("/calculation")
def work_out(request: Request, visitor: Me, form: Posted) -> Response:
    """Work out what was typed, or draw one more row. Nothing is kept, nothing is in the address."""
    visitor.must_have(*READERS)
    names = ("period_from", "period_to", "need_from", "need_to")
    typed = {name: text_of(form, name, 10) for name in names}
    acts, stays = _rows(form, "act"), _rows(form, "stay")
    more = text_of(form, "add", 8)
    if more in _ROWS:
        (acts if more == "act" else stays).append({})
        page = CalculationPage(typed, acts, stays)
    else:
        page = _worked_out(typed, acts, stays)
    status = 422 if page.errors else 200
    return render(request, "long_term_care/calculation.html", page, status_code=status)


def _worked_out(
    typed: Mapping[str, str], acts: Sequence[Row], stays: Sequence[Row]
) -> CalculationPage:
    case = _case(typed, acts, stays)
    try:
        found, plans = compute_case(case, terms=right_terms, limits=weekly_limits())
        shown = _shown(case, found, plans)
    except (CareFault, ParameterNotInForce) as fault:
        return CalculationPage(typed, acts, stays, Errors(_error(fault, acts)))
    return CalculationPage(typed, acts, stays, found=shown)


def _case(typed: Mapping[str, str], acts: Sequence[Row], stays: Sequence[Row]) -> dict[str, Any]:
    """Return what was typed in the form of the written cases."""
    spans = {
        name: [typed[f"{name}_from"], typed[f"{name}_to"]]
        for name in ("period", "need")
        if typed[f"{name}_from"] or typed[f"{name}_to"]
    }
    return {
        **spans,
        "plan_acts": [{name: value for name, value in act.items() if value} for act in acts],
        "hospitalisations": [
            {"admission": stay.get("admission", ""), "discharge": stay.get("discharge", ""),
             "acute": stay.get("acute") != "0"}
            for stay in stays
        ],
    }  # fmt: skip


def _shown(case: Mapping[str, Any], found: Overrun, plans: Sequence[Plan]) -> Shown:
    stays = read_stays(case)
    period = read_period(case)
    periods = [(each, steps_of_period(each)) for each in found.periods]
    day = _day(found, stays)
    paths = [OVERRUN, CEILING] if periods else []
    return Shown(
        overrun=found,
        payable=payable(found.periods, right_terms(day).readings.rounding),
        plan=steps_of_plan(plans[-1]),
        periods=periods,
        total=step_of_total(found),
        months=months_of(found, stays, period),
        bases=bases([*paths, *(_RIGHT if stays else ())], day),
        is_right_given=not stays,
    )


def _day(found: Overrun, stays: Sequence[Stay]) -> date:
    """Return the day whose law is shown beside the result."""
    if found.periods:
        return found.periods[0].span.first
    return max(stay.discharge for stay in stays)


def _rows(form: Sent, kind: str) -> list[dict[str, str]]:
    """Return the rows of a table that hold anything."""
    rows = []
    for number in range(_MOST_ROWS):
        row = {name: text_of(form, f"{kind}-{number}-{name}", 40) for name in _ROWS[kind]}
        typed = [value for name, value in row.items() if name != "acute"]
        if any(typed):
            rows.append(row)
    return rows


def _error(fault: CareFault | ParameterNotInForce, acts: Sequence[Row]) -> dict[str, str]:
    """Return the field of the form that a fault is about, with the rule that it breaks."""
    rule = getattr(fault, "rule", "regime")
    name = fault.field or "period"
    if match := re.match(r"(plan_acts|hospitalisations)\[(\d+)\](?:\.(\w+))?", name):
        kind = "act" if match[1] == "plan_acts" else "stay"
        return {f"{kind}-{match[2]}-{match[3] or _ROWS[kind][0]}": rule}
    if match := re.match(r"plan_acts\.(.+)\.(\w+)$", name):
        number = next((n for n, act in enumerate(acts) if act.get("code") == match[1]), 0)
        return {f"act-{number}-{match[2]}": rule}
    plain = name.split("[")[0].split(".")[0]
    return {{"plan_acts": "act-0-code", "hospitalisations": "stay-0-admission",
             "need": "need_from"}.get(plain, "period_from"): rule}  # fmt: skip
