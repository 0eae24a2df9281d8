"""The terms of law under which minutes are worked out, and the readings chosen where it is open."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction

from medcontrol.rules.long_term_care.facts import CareFault


class Regime(StrEnum):
    """How acts essential to life are paid on a day of service."""

    MINUTES = "minutes_with_ceilings"  # from 2007: minutes of the plan, within ceilings
    LEVELS = "flat_rate_levels"  # from 2018: a flat rate by level of need


class StayCounting(StrEnum):
    """P1: how the days of a stay are counted."""

    DAYS = "days_inclusive"
    NIGHTS = "nights"


class WindowStart(StrEnum):
    """P2: the first day of the window."""

    DAY_AFTER = "day_after_discharge"
    SAME_DAY = "day_of_discharge"


class LimitCounting(StrEnum):
    """P3: how two months are counted."""

    DATE_TO_DATE = "date_to_date"
    SIXTY = "sixty_days"
    SIXTY_ONE = "sixty_one_days"


class NeedTest(StrEnum):
    """P4: what must last seven days."""

    WHOLE = "whole_need"
    EACH_PERIOD = "each_period"


class LongNeed(StrEnum):
    """P5: what becomes of a need beyond two months."""

    CLIP = "clip"
    REFUSE = "refuse"


class NewStay(StrEnum):
    """P6: what a further stay does to an open window."""

    SPLIT = "split"
    CLOSE = "close"


class CeilingTest(StrEnum):
    """P7: which minutes are held against the weekly ceiling."""

    PROVIDER = "provider"
    WHOLE_PLAN = "whole_plan"


class SeveralProviders(StrEnum):
    """P8: what happens when providers together exceed the weekly limit."""

    WARN = "warn"
    PRORATE = "prorate"


class Rounding(StrEnum):
    """P9: how minutes are rounded, once, when they are paid."""

    HALF_UP = "once_half_up"
    DOWN = "once_down"
    PARTS_HALF_UP = "parts_half_up"


class NothingAssigned(StrEnum):
    """P10: what a provider without assigned acts may bill."""

    FORMULA = "formula"
    NOTHING = "nothing"


class FlatRateCut(StrEnum):
    """What care that was not executed, beyond its limit, takes from a flat rate."""

    BY_SHARE = "by_share"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """The answers to the questions that the rules leave open (P1 to P10)."""

    stay_counting: StayCounting = StayCounting.DAYS
    window_start: WindowStart = WindowStart.DAY_AFTER
    limit_counting: LimitCounting = LimitCounting.DATE_TO_DATE
    need_test: NeedTest = NeedTest.WHOLE
    long_need: LongNeed = LongNeed.CLIP
    new_stay: NewStay = NewStay.SPLIT
    ceiling_test: CeilingTest = CeilingTest.PROVIDER
    several_providers: SeveralProviders = SeveralProviders.WARN
    rounding: Rounding = Rounding.HALF_UP
    nothing_assigned: NothingAssigned = NothingAssigned.FORMULA


@dataclass(frozen=True, slots=True, kw_only=True)
class RightTerms:
    """What opens the right to an overrun, as of the day of discharge."""

    stay_min_days: int
    need_min_days: int
    need_max_months: int
    readings: Readings = field(default_factory=Readings)


@dataclass(frozen=True, slots=True)
class WeeklyLimits:
    """The two limits of art. 359, minutes a week, 0 or more.

    Attributes:
        since: the first day on which both hold.
        until: the last one.
        overrun: most minutes beyond the plan.
        ceiling: most minutes in all.
    """

    since: date
    until: date
    overrun: Fraction
    ceiling: Fraction

    def __post_init__(self) -> None:
        """Refuse limits below zero."""
        for name in ("overrun", "ceiling"):
            if getattr(self, name) < 0:
                detail = f"{getattr(self, name)} minutes a week"
                raise CareFault("not_negative", detail, field=f"limits.{name}")


def limits_on(limits: Sequence[WeeklyLimits], day: date) -> WeeklyLimits:
    """Return the limits of a day of service.

    Raises:
        CareFault: the day lies outside the time in which minutes were held against ceilings.
    """
    for each in limits:
        if each.since <= day <= each.until:
            return each
    detail = f"no weekly limits hold on {day}"
    raise CareFault("regime", detail, field="period")
