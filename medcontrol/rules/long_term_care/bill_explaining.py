"""Every line from a billed period to the minutes that are paid, with its values (décompte)."""

from collections.abc import Sequence
from fractions import Fraction

from medcontrol.rules.long_term_care.billing import CheckedPeriod
from medcontrol.rules.long_term_care.executed import MonthLimit, YearLimit
from medcontrol.rules.long_term_care.explaining import (
    Step,
    exact_text,
    step_of_ceiling,
    steps_of_overrun,
)
from medcontrol.rules.long_term_care.levels import LevelDays
from medcontrol.rules.long_term_care.terms import FlatRateCut

MONTH, YEAR = "non_executed.month_percent", "non_executed.year_percent"
CUT, ROUNDING = "non_executed.flat_rate_cut", "fluctuation.rounding"
_FLAT, _LIMITS = "art. 353", "art. 65"


def level_path(level: int) -> str:
    """Return what names a level of the table among the parameters of a result.

    >>> level_path(5)
    'care_levels.5'
    """
    return f"care_levels.{level}"


def steps_of_checked(
    period: CheckedPeriod, month: MonthLimit, reading: FlatRateCut | None = None
) -> list[Step]:
    """Return the lines of one period of a bill.

    Args:
        period: as it was checked.
        month: the limit of care that was not executed, of the same bill.
        reading: what that takes from a flat rate; for bills by level.
    """
    if period.levels:
        steps = _steps_of_levels(period, month, reading)
    else:
        steps = _steps_of_minutes(period, month)
    return [
        *steps,
        Step("Retranché", f"{_x(period.billed)} − {_x(period.accepted)}", _x(period.cut)),
        Step("À payer", f"arrondi({_x(period.accepted)})", str(period.payable), (ROUNDING,)),
    ]


def steps_of_month(month: MonthLimit) -> list[Step]:
    """Return how much of the care that was not executed is due; nothing when none was billed."""
    done = month.done
    if not done.not_executed:
        return []
    if month.percent is None:
        return [Step("NonExécuté_dû", "0", "0", (), _LIMITS)]
    most = done.executed * month.percent / 100
    return [
        Step("NonExécuté_max", f"{_x(done.executed)} × {month.percent}/100", _x(most),
             (MONTH,), _LIMITS),
        Step("NonExécuté_dû", f"min({_x(done.not_executed)} ; {_x(most)})", _x(month.billable),
             (MONTH,), _LIMITS),
    ]  # fmt: skip


def steps_of_year(year: YearLimit) -> list[Step]:
    """Return how much of a year a provider pays back."""
    done = year.done
    return [
        Step("NonExécuté_max", f"{_x(done.executed)} × {year.percent}/100", _x(year.limit),
             (YEAR,), _LIMITS),
        Step("À restituer", f"max(0 ; {_x(done.not_executed)} − {_x(year.limit)})",
             _x(year.to_pay_back), (YEAR,), _LIMITS),
    ]  # fmt: skip


def step_of_bill(periods: Sequence[CheckedPeriod]) -> Step:
    """Return the sum over the periods, each rounded by itself."""
    parts = [str(period.payable) for period in periods]
    return Step("Total à payer", " + ".join(parts), str(sum(each.payable for each in periods)))


def steps_of_recovery(paid: int, disputed: int, kept: int) -> list[Step]:
    """Return what a control asks back: minutes paid that are disputed, without those kept.

    Args:
        paid: whole minutes of the bill.
        disputed: those beyond the plan or not executed.
        kept: those of them that the provider keeps, from 0 to ``disputed``.
    """
    return [
        Step("Contesté", f"{paid} − {paid - disputed}", str(disputed)),
        Step("À récupérer", f"{disputed} − {kept}", str(disputed - kept)),
    ]


def _steps_of_minutes(period: CheckedPeriod, month: MonthLimit) -> list[Step]:
    steps = [step_of_ceiling(part) for part in period.in_plan]
    for part in period.with_right:
        steps += steps_of_overrun(part)
    due = period.done.executed + period.done.not_executed * month.share
    if period.done.not_executed:
        steps.append(Step("Dû", _due(period, month), _x(due), (), _LIMITS))
    ceilings = " + ".join(_x(part.ceiling) for part in period.in_plan) or "0"
    overruns = "".join(f" + {_x(part.overrun)}" for part in period.with_right)
    return [
        *steps,
        Step("Accepté", f"min({_x(due)} ; {ceilings}{overruns})", _x(period.accepted), (), "§3.2"),
    ]


def _due(period: CheckedPeriod, month: MonthLimit) -> str:
    done = period.done
    share = f"{_x(done.not_executed)} × {_x(month.billable)}/{_x(month.done.not_executed)}"
    return f"{_x(done.executed)} + {share}"


def _steps_of_levels(
    period: CheckedPeriod, month: MonthLimit, reading: FlatRateCut | None
) -> list[Step]:
    billed = tuple(dict.fromkeys(level_path(part.billed.number) for part in period.levels))
    steps = [
        Step("Facturé", _sum(period.levels, "billed"), _x(period.billed), billed, _FLAT),
        Step("Forfait_dû", _sum(period.levels, "due"), _x(period.ceiling),
             _held_paths(period.levels), _FLAT),
    ]  # fmt: skip
    done = period.done
    if done.not_executed and reading is FlatRateCut.BY_SHARE:
        whole = done.executed + done.not_executed
        formula = f"{_x(period.ceiling)} × ({_due(period, month)})/{_x(whole)}"
        steps.append(Step("Accepté", formula, _x(period.accepted), (CUT,), _LIMITS))
    else:
        steps.append(Step("Accepté", _x(period.ceiling), _x(period.accepted), (), _FLAT))
    return steps


def _held_paths(levels: Sequence[LevelDays]) -> tuple[str, ...]:
    paths = (level_path(part.held.number) for part in levels if part.held is not None)
    return tuple(dict.fromkeys(paths))


def _sum(levels: Sequence[LevelDays], of: str) -> str:
    """Return a flat rate by its days: full weeks and sevenths, as the days fall."""
    terms = []
    for part in levels:
        rate = str(part.billed.flat_rate)
        if of == "due":
            held = "0" if part.held is None else str(part.held.flat_rate)
            rate = f"min({rate} ; {held})"
        terms.append(f"{rate} × {part.span.days}/7")
    return " + ".join(terms)


def _x(value: Fraction) -> str:
    return exact_text(value)
