"""Formulas with the values put in, and the parameter that each rests on (explication du calcul)."""

from dataclasses import dataclass
from fractions import Fraction

from medcontrol.rules.long_term_care.facts import WEEK, Plan
from medcontrol.rules.long_term_care.overrun import MonthlyPeriod, Overrun

OVERRUN, CEILING = "aev.weekly_overrun_minutes", "aev.weekly_ceiling_minutes"


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a calculation.

    Attributes:
        symbol: what is worked out, as the rules of calculation call it.
        formula: with the values put in; the same in every language.
        result: exact.
        rests_on: paths of the parameters whose values stand in it.
        section: of the rules of calculation.
    """

    symbol: str
    formula: str
    result: str
    rests_on: tuple[str, ...] = ()
    section: str = ""

    @property
    def text(self) -> str:
        """The whole line."""
        return f"{self.symbol} = {self.formula} = {self.result}"


def steps_of_plan(plan: Plan) -> list[Step]:
    """Return how the minutes assigned to the provider come about."""
    terms = [
        f"{exact_text(act.minutes)} × {exact_text(act.intensity)} × {exact_text(act.assigned)}"
        for act in plan.acts
    ]
    return [Step("DAEV_P", " + ".join(terms) or "0", exact_text(plan.assigned_minutes), (), "§4.1")]


def steps_of_period(period: MonthlyPeriod) -> list[Step]:
    """Return every line from the days of a monthly period to its overrun."""
    return [*steps_of_overrun(period), step_of_ceiling(period)]


def steps_of_overrun(period: MonthlyPeriod) -> list[Step]:
    """Return the lines of what may be billed beyond the plan."""
    weekly, limits = period.weekly, period.weekly.limits
    minutes, ceiling = exact_text(weekly.held_against_ceiling), exact_text(limits.ceiling)
    most, found = exact_text(limits.overrun), exact_text(weekly.minutes)
    return [
        Step("nSC", f"{period.days} div {WEEK}", str(period.full_weeks), (), "§4.2"),
        Step("nbJ", f"{period.days} mod {WEEK}", str(period.partial_week_days), (), "§4.2"),
        Step(
            "D", f"max(0 ; min({most} ; {ceiling} − {minutes}))", found,
            (OVERRUN, CEILING), f"§4.4.{weekly.case + 1}",
        ),
        Step("DepSC", f"{period.full_weeks} × {found}", exact_text(period.overrun_full_weeks),
             (), f"§4.4.{weekly.case + 1}"),
        Step("DepSP", f"1/7 × {found} × {period.partial_week_days}",
             exact_text(period.overrun_partial_week), (), f"§4.4.{weekly.case + 1}"),
        Step(
            "Dep_Période",
            f"{exact_text(period.overrun_full_weeks)} + {exact_text(period.overrun_partial_week)}",
            exact_text(period.overrun), (), "§4.4",
        ),
    ]  # fmt: skip


def step_of_ceiling(period: MonthlyPeriod) -> Step:
    """Return the minutes of the plan for a period; of the law while no plan fixes its own."""
    ceiling = exact_text(period.weekly.limits.ceiling)
    own = f"min({exact_text(period.assigned_minutes)} ; {ceiling})"
    return Step(
        "Plafond_Période", f"{own if period.is_definitive else ceiling} × {period.days}/7",
        exact_text(period.ceiling), (CEILING,), "§3.2.3.3",
    )  # fmt: skip


def step_of_total(found: Overrun) -> Step:
    """Return the sum over the periods."""
    parts = [exact_text(period.overrun) for period in found.periods] or ["0"]
    return Step("Dep_Total", " + ".join(parts), exact_text(found.total), (), "§4.4")


def exact_text(value: Fraction) -> str:
    """Return an exact number as text: whole, or a fraction such as ``627/7``.

    >>> exact_text(Fraction(1881, 21))
    '627/7'
    """
    return str(value)
