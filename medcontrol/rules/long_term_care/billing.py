"""What of a month's bill is accepted, period by period (contrôle de la facture mensuelle)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise

from medcontrol.rules.long_term_care.executed import ActDone, MonthLimit, NonExecuted, done_of
from medcontrol.rules.long_term_care.facts import CareFault, Span
from medcontrol.rules.long_term_care.levels import LevelDays
from medcontrol.rules.long_term_care.overrun import MonthlyPeriod, rounded
from medcontrol.rules.long_term_care.terms import Rounding

ZERO = Fraction()


class CutReason(StrEnum):
    """Why minutes of a bill are not accepted."""

    NO_RIGHT = "no_right"  # beyond the plan, and no right to an overrun on these days
    OVER_LIMIT = "over_limit"  # beyond the plan and the overrun
    IN_HOSPITAL = "in_hospital"  # room of days that the person spent in a hospital
    OVER_LEVEL = "over_level"  # a level of need above the one on record
    NOT_EXECUTED = "not_executed"  # not executed, beyond the share of the care given


@dataclass(frozen=True, slots=True)
class BilledPeriod:
    """Minutes billed for days of one month, weighted by the intensity.

    Attributes:
        span: days of one month.
        minutes: executed, and not executed because of the person where that is billed.
        acts: what the minutes are made of; none when nothing else than executed care is billed.
    """

    span: Span
    minutes: Fraction
    acts: tuple[ActDone, ...] = ()

    def __post_init__(self) -> None:
        """Refuse minutes below zero or other than their acts, and days of two months."""
        if self.minutes < 0:
            raise CareFault("not_negative", f"{self.minutes} minutes", field="billed.minutes")
        one_month(self.span)
        done = done_of(self.acts)
        if self.acts and done.executed + done.not_executed != self.minutes:
            detail = f"{self.minutes} minutes, of acts {done.executed + done.not_executed}"
            raise CareFault("sum", detail, field="billed.minutes")

    @property
    def done(self) -> NonExecuted:
        """Minutes given and not executed."""
        return done_of(self.acts) if self.acts else NonExecuted(self.minutes, ZERO)


@dataclass(frozen=True, slots=True)
class Cut:
    """Minutes that are not accepted, above 0, and why."""

    reason: CutReason
    minutes: Fraction


@dataclass(frozen=True, slots=True)
class CheckedPeriod:
    """What was accepted of a billed period.

    Attributes:
        span: its days.
        billed, accepted: minutes, exact.
        ceiling: minutes of the plan, or of the flat rate, for these days.
        overrun: minutes that could be billed beyond it; 0 without a right.
        undisputed: accepted minutes without those beyond the plan and those not executed.
        payable: accepted minutes as they are paid, whole.
        done: minutes given and not executed.
        cuts: what is not accepted, by reason.
        in_plan, with_right: monthly periods that ceiling and overrun are made of.
        levels: days by level, in the regime of levels.
    """

    span: Span
    billed: Fraction
    accepted: Fraction
    ceiling: Fraction
    overrun: Fraction
    undisputed: Fraction
    payable: int
    done: NonExecuted
    cuts: tuple[Cut, ...] = ()
    in_plan: tuple[MonthlyPeriod, ...] = ()
    with_right: tuple[MonthlyPeriod, ...] = ()
    levels: tuple[LevelDays, ...] = ()

    @property
    def reason(self) -> CutReason | None:
        """The first reason of a cut, None when nothing was cut."""
        return self.cuts[0].reason if self.cuts else None

    @property
    def cut(self) -> Fraction:
        """Minutes that are not accepted."""
        return self.billed - self.accepted

    @property
    def beyond_plan(self) -> Fraction:
        """Accepted minutes beyond the plan: what a later control looks at."""
        return max(ZERO, self.accepted - self.ceiling)


def one_month(span: Span) -> None:
    """Refuse days of two months."""
    if (span.first.year, span.first.month) != (span.last.year, span.last.month):
        raise CareFault("one_month", f"{span.first} to {span.last}", field="billed.period")


def in_order(spans: Sequence[Span]) -> None:
    """Refuse billed periods, in their order, that share a day."""
    for before, after in pairwise(spans):
        if after.first <= before.last:
            detail = f"two periods hold {after.first}"
            raise CareFault("no_overlap", detail, field="billed.period")


def check_bill(
    billed: Sequence[BilledPeriod],
    in_plan: Sequence[MonthlyPeriod],
    with_right: Sequence[MonthlyPeriod],
    *,
    rounding: Rounding,
    in_hospital: Sequence[MonthlyPeriod] = (),
    month: MonthLimit | None = None,
) -> list[CheckedPeriod]:
    """Hold billed minutes against plan and overrun, each period by itself.

    A period that was billed low never makes room for another: the ceilings are those of the
    same period (rules of calculation §3.2.3.3).

    Args:
        billed: by period of the bill, in any order. A period over several monthly periods has
            the sum of their ceilings, by the days of each that lie in it.
        in_plan: every monthly period of the month at home, with its ceiling.
        with_right: the periods on which the right to an overrun is open.
        rounding: P9.
        in_hospital: monthly periods of the days in a hospital: they give no room, and say how
            much of a cut comes from them.
        month: the limit of care that was not executed; None: all of it is due.

    Raises:
        CareFault: billed periods overlap.
    """
    ordered = sorted(billed, key=lambda each: each.span)
    in_order([each.span for each in ordered])
    share = month.share if month else Fraction(1)
    return [
        _checked(each, _met(each.span, in_plan), _met(each.span, with_right),
                 _ceiling(_met(each.span, in_hospital)), rounding, share)
        for each in ordered
    ]  # fmt: skip


def replaced(
    before: Sequence[CheckedPeriod], after: Sequence[CheckedPeriod]
) -> dict[str, Fraction | int]:
    """Return what a corrected bill or a late fact changes; the new result takes the old's place.

    Framework agreement of 2010, art. 63: a correction is a whole new bill of the month.
    """
    return {
        "billed": _sum(after, "billed") - _sum(before, "billed"),
        "accepted": _sum(after, "accepted") - _sum(before, "accepted"),
        "payable": sum(each.payable for each in after) - sum(each.payable for each in before),
    }


def contested(periods: Sequence[CheckedPeriod], rounding: Rounding) -> int:
    """Return whole minutes that are paid and that a later control may ask back."""
    return sum(each.payable - rounded(each.undisputed, rounding) for each in periods)


def cuts_of(*found: tuple[CutReason, Fraction]) -> tuple[Cut, ...]:
    """Return the cuts that take something."""
    return tuple(Cut(reason, minutes) for reason, minutes in found if minutes)


def _checked(
    billed: BilledPeriod,
    in_plan: tuple[MonthlyPeriod, ...],
    with_right: tuple[MonthlyPeriod, ...],
    away: Fraction,
    rounding: Rounding,
    share: Fraction,
) -> CheckedPeriod:
    ceiling = _ceiling(in_plan)
    overrun = sum((period.overrun for period in with_right), start=ZERO)
    due = billed.done.executed + billed.done.not_executed * share
    with_away = min(due, ceiling + away + overrun)
    accepted = min(due, ceiling + overrun)
    return CheckedPeriod(
        billed.span, billed.minutes, accepted, ceiling, overrun,
        undisputed=min(billed.done.executed, ceiling),
        payable=rounded(accepted, rounding),
        done=billed.done,
        cuts=cuts_of(
            (CutReason.NOT_EXECUTED, billed.minutes - due),
            (CutReason.OVER_LIMIT if with_right else CutReason.NO_RIGHT, due - with_away),
            (CutReason.IN_HOSPITAL, with_away - accepted),
        ),
        in_plan=in_plan,
        with_right=with_right,
    )  # fmt: skip


def _met(span: Span, periods: Sequence[MonthlyPeriod]) -> tuple[MonthlyPeriod, ...]:
    """Return the parts of monthly periods that lie in a span, each with its part of the ceiling."""
    found = []
    for period in periods:
        if met := period.span.meets(span):
            part = Fraction(met.days, period.days)
            found.append(replace(period, span=met, ceiling=period.ceiling * part))
    return tuple(found)


def _ceiling(periods: Sequence[MonthlyPeriod]) -> Fraction:
    return sum((period.ceiling for period in periods), start=ZERO)


def _sum(periods: Sequence[CheckedPeriod], name: str) -> Fraction:
    return sum((getattr(each, name) for each in periods), start=ZERO)
