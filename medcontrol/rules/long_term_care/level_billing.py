"""What of a bill by level of need is accepted (facture au forfait d'un niveau de besoins)."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from medcontrol.rules.long_term_care.billing import (
    ZERO,
    CheckedPeriod,
    CutReason,
    cuts_of,
    in_order,
    one_month,
)
from medcontrol.rules.long_term_care.executed import ActDone, MonthLimit, NonExecuted, done_of
from medcontrol.rules.long_term_care.facts import Span
from medcontrol.rules.long_term_care.levels import HeldLevel, LevelTable, level_days
from medcontrol.rules.long_term_care.overrun import rounded
from medcontrol.rules.long_term_care.terms import FlatRateCut, Rounding


@dataclass(frozen=True, slots=True)
class BilledLevel:
    """A level of need billed for days of one month, and the acts of these days."""

    span: Span
    level: int
    acts: tuple[ActDone, ...] = ()

    def __post_init__(self) -> None:
        """Refuse days of two months."""
        one_month(self.span)

    @property
    def done(self) -> NonExecuted:
        """Minutes given and not executed."""
        return done_of(self.acts)


def check_levels(
    billed: Sequence[BilledLevel],
    held: Sequence[HeldLevel],
    tables: Sequence[LevelTable],
    *,
    rounding: Rounding,
    month: MonthLimit,
    reading: FlatRateCut,
    away: Sequence[Span] = (),
) -> list[CheckedPeriod]:
    """Hold billed levels against those on record, day by day.

    The flat rate of the lower level is due, by sevenths of a week. Care that was not executed
    because of the person, beyond its limit, takes its part of the flat rate away: the flat rate
    counts as the care planned to be given or billed as not executed.

    Args:
        billed: by period of the bill, in any order.
        held: levels on record, apart from each other.
        tables: of levels.
        rounding: P9.
        month: the limit of care that was not executed.
        reading: whether the flat rate is cut at all.
        away: days in a hospital.

    Raises:
        CareFault: billed periods overlap, a level does not exist, or a day has none on record.
    """
    ordered = sorted(billed, key=lambda each: each.span)
    in_order([each.span for each in ordered])
    share = month.share if reading is FlatRateCut.BY_SHARE else Fraction(1)
    return [_checked(each, held, tables, rounding, share, away) for each in ordered]


def _checked(
    billed: BilledLevel,
    held: Sequence[HeldLevel],
    tables: Sequence[LevelTable],
    rounding: Rounding,
    share: Fraction,
    away: Sequence[Span],
) -> CheckedPeriod:
    days = level_days(billed.span, billed.level, held, tables, away)
    whole = sum((part.billed_minutes for part in days), start=ZERO)
    in_hospital = sum((part.billed_minutes for part in days if part.held is None), start=ZERO)
    due = sum((part.due_minutes for part in days), start=ZERO)
    accepted = due * _kept(billed.done, share)
    return CheckedPeriod(
        billed.span, whole, accepted, ceiling=due, overrun=ZERO,
        undisputed=due * _kept(billed.done, ZERO),
        payable=rounded(accepted, rounding),
        done=billed.done,
        cuts=cuts_of(
            (CutReason.OVER_LEVEL, whole - in_hospital - due),
            (CutReason.IN_HOSPITAL, in_hospital),
            (CutReason.NOT_EXECUTED, due - accepted),
        ),
        levels=days,
    )  # fmt: skip


def _kept(done: NonExecuted, share: Fraction) -> Fraction:
    """Return the part of a flat rate that is due: all of it when everything was executed."""
    whole = done.executed + done.not_executed
    return (done.executed + done.not_executed * share) / whole if whole else Fraction(1)
