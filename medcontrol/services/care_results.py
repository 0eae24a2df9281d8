"""What came of a bill, as plain values: figures, every formula with its values, the law's date."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any

from medcontrol.model import CareBill
from medcontrol.reference.care_levels import level_tables
from medcontrol.rules.long_term_care.bill_explaining import (
    level_path,
    step_of_bill,
    steps_of_checked,
    steps_of_month,
    steps_of_year,
)
from medcontrol.rules.long_term_care.billing import CheckedPeriod, CutReason, contested
from medcontrol.rules.long_term_care.executed import MonthLimit, YearLimit
from medcontrol.rules.long_term_care.explaining import Step, steps_of_plan
from medcontrol.rules.long_term_care.levels import LevelDays
from medcontrol.rules.long_term_care.right import right_of
from medcontrol.services.care_checks import month_of
from medcontrol.services.care_facts import CareFacts
from medcontrol.services.care_years import Tally, tally_of, vars_of
from medcontrol.services.long_term_care import bases, flat_rate_cut, regime_on, right_terms

_RIGHT = ("fluctuation.stay_min_days", "fluctuation.need_min_days", "fluctuation.need_max_months")
_LEVELS = level_path(0).removesuffix("0")
_LEVELS_TITLE = "Code de la sécurité sociale, art. 350 et 353"


def result_json(
    facts: CareFacts,
    row: CareBill,
    checked: Sequence[CheckedPeriod],
    signs: Sequence[str],
    month: MonthLimit,
    year: YearLimit | None,
) -> dict[str, Any]:
    """Return a check as it is kept and shown.

    Args:
        facts: that the bill was held against.
        row: the bill.
        checked: its periods.
        signs: what a later control looks at.
        month: what of the care not executed was due.
        year: the provider's year so far, None when nothing was billed as not executed.
    """
    levels = bool(checked[0].levels)
    cut = flat_rate_cut(row.month) if levels else None
    by_period = [steps_of_checked(each, month, cut) for each in checked]
    whole = [*steps_of_month(month), step_of_bill(checked)]
    rounding = right_terms(row.month).readings.rounding
    tally = tally_of(month)
    return {
        "number": row.number,
        "month": row.month.isoformat(),
        "regime": regime_on(row.month).value,
        "provider_kind": row.provider_kind,
        "periods": [_period(*each) for each in zip(checked, by_period, strict=True)],
        "plan": [] if levels else _plan(facts, row),
        "steps": [step_json(step) for step in whole],
        "reasons": [] if levels else _no_right(facts, row, checked),
        "not_executed": _month(month),
        "year": None if year is None else _year(row, year),
        "law": list(_law(checked, [*by_period, whole], year)),
        "payable": sum(each.payable for each in checked),
        "contested": contested(checked, rounding),
        "tally": [tally.executed, tally.not_executed_hundredths],
        "signs": list(signs),
    }


def tally_in(result: dict[str, Any]) -> Tally:
    """Return what a kept check added to its provider's year."""
    executed, missed = result.get("tally", (0, 0))
    return Tally(executed, missed)


def step_json(step: Step) -> dict[str, Any]:
    """Return a line of a calculation as plain values."""
    return {
        "symbol": step.symbol, "formula": step.formula, "result": step.result,
        "text": step.text, "section": step.section, "rests_on": list(step.rests_on),
    }  # fmt: skip


def _period(period: CheckedPeriod, steps: Sequence[Step]) -> dict[str, Any]:
    figures: dict[str, Fraction] = {
        "billed": period.billed, "accepted": period.accepted, "cut": period.cut,
        "ceiling": period.ceiling, "overrun": period.overrun, "beyond_plan": period.beyond_plan,
        "undisputed": period.undisputed, "executed": period.done.executed,
        "not_executed": period.done.not_executed,
    }  # fmt: skip
    return {
        "from": period.span.first.isoformat(),
        "to": period.span.last.isoformat(),
        "days": period.span.days,
        **{name: str(value) for name, value in figures.items()},
        "payable": period.payable,
        "reason": None if period.reason is None else period.reason.value,
        "cuts": [{"reason": each.reason.value, "minutes": str(each.minutes)}
                 for each in period.cuts],
        "levels": [_level(each) for each in period.levels],
        "steps": [step_json(step) for step in steps],
    }  # fmt: skip


def _level(days: LevelDays) -> dict[str, Any]:
    return {
        "from": days.span.first.isoformat(), "to": days.span.last.isoformat(),
        "billed": days.billed.number, "held": None if days.held is None else days.held.number,
        "weekly": days.weekly,
    }  # fmt: skip


def _plan(facts: CareFacts, row: CareBill) -> list[dict[str, Any]]:
    """Return how the plan's minutes come about, for each plan of the month."""
    month, found = month_of(row.month), []
    for plan in facts.plans.get(row.provider_id, ()):
        if met := plan.span.meets(month):
            steps = [step_json(step) for step in steps_of_plan(plan)]
            found.append({
                "from": met.first.isoformat(), "to": met.last.isoformat(),
                "is_definitive": plan.is_definitive, "steps": steps,
            })  # fmt: skip
    return found


def _no_right(
    facts: CareFacts, row: CareBill, checked: Sequence[CheckedPeriod]
) -> list[dict[str, Any]]:
    """Return why there is no right to what was billed beyond the plan."""
    if not any(cut.reason is CutReason.NO_RIGHT for each in checked for cut in each.cuts):
        return []
    right = right_of(facts.stays, None, right_terms(month_of(row.month).last))
    return [
        {"code": reason.code, "text": reason.text, "figures": list(reason.figures)}
        for reason in right.reasons
    ]


def _month(month: MonthLimit) -> dict[str, Any] | None:
    if not month.done.not_executed:
        return None
    return {
        "executed": str(month.done.executed), "not_executed": str(month.done.not_executed),
        "percent": month.percent, "billable": str(month.billable),
    }  # fmt: skip


def _year(row: CareBill, year: YearLimit) -> dict[str, Any]:
    return {
        "year": row.month.year, "executed": str(year.done.executed),
        "not_executed": str(year.done.not_executed), "percent": year.percent,
        "to_pay_back": str(year.to_pay_back),
        "steps": [step_json(step) for step in steps_of_year(year)],
    }  # fmt: skip


def _law(
    checked: Sequence[CheckedPeriod],
    steps: Sequence[Sequence[Step]],
    year: YearLimit | None,
) -> Iterator[dict[str, Any]]:
    """Yield each parameter once, as of the month, with the day from which its value holds."""
    paths = [path for listed in steps for step in listed for path in step.rests_on]
    if year is not None:
        paths += [path for step in steps_of_year(year) for path in step.rests_on]
    is_about_right = any(
        each.with_right or CutReason.NO_RIGHT in {cut.reason for cut in each.cuts}
        for each in checked
    )
    paths += _RIGHT if is_about_right else ()
    wanted = dict.fromkeys(paths)
    for basis in bases([path for path in wanted if not path.startswith(_LEVELS)],
                       checked[0].span.first).values():  # fmt: skip
        yield vars_of(basis)
    for path in wanted:
        if path.startswith(_LEVELS):
            yield _law_of_level(path, checked)


def _law_of_level(path: str, checked: Sequence[CheckedPeriod]) -> dict[str, Any]:
    number = int(path.removeprefix(_LEVELS))
    since = next(days.since for each in checked for days in each.levels)
    table = next(table for table in level_tables() if table.since == since)
    level = table.level(number)
    title = _LEVELS_TITLE if level.is_confirmed else f"{_LEVELS_TITLE} (pas du barème, non relu)"
    return {
        "path": path, "value": str(level.flat_rate), "since": since.isoformat(),
        "title": title, "href": table.source,
    }  # fmt: skip
