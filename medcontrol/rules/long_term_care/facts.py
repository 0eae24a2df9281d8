"""What an overrun is worked out from: acts, plans, stays. Every fault names field and rule."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from medcontrol.errors import InvalidInput

DAY = timedelta(days=1)
WEEK = 7

_NUMBER = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{1,12}|/[0-9]{1,12})?")


class CareFault(InvalidInput):
    """Figures or days of long-term care that can't be: the field and the rule are named."""

    code = "long_term_care.invalid"

    def __init__(self, rule: str, detail: str, *, field: str) -> None:
        super().__init__(f"{field}: {detail} ({rule})", field=field)
        self.rule = rule
        self.said = detail


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Days from the first to the last, both included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse a span that ends before it starts."""
        if self.last < self.first:
            raise CareFault("order", f"{self.last} is before {self.first}", field="period")

    @property
    def days(self) -> int:
        """Number of days, at least 1."""
        return (self.last - self.first).days + 1

    def meets(self, other: "Span") -> "Span | None":
        """Return the days of both, or None."""
        first, last = max(self.first, other.first), min(self.last, other.last)
        return Span(first, last) if first <= last else None


@dataclass(frozen=True, slots=True)
class PlannedAct:
    """An act essential to life of a care plan (acte essentiel de la vie).

    Attributes:
        code: of the act, for the one who reads.
        minutes: a week, 0 or more.
        intensity: coefficient, above 0.
        assigned: share that the provider does by the share plan, from 0 to 1; 1 without one.
    """

    code: str
    minutes: Fraction
    intensity: Fraction = Fraction(1)
    assigned: Fraction = Fraction(1)

    def __post_init__(self) -> None:
        """Refuse quantities that no act can have."""
        where = f"plan_acts.{self.code}"
        if self.minutes < 0:
            raise CareFault("not_negative", f"{self.minutes} minutes", field=f"{where}.minutes")
        if self.intensity <= 0:
            detail = f"coefficient {self.intensity}"
            raise CareFault("above_zero", detail, field=f"{where}.intensity")
        if not 0 <= self.assigned <= 1:
            detail = f"share {self.assigned}"
            raise CareFault("from_0_to_1", detail, field=f"{where}.assigned")

    @property
    def weighted(self) -> Fraction:
        """Minutes a week by the intensity, whoever does them."""
        return self.minutes * self.intensity

    @property
    def mine(self) -> Fraction:
        """Minutes a week by the intensity that the provider does."""
        return self.weighted * self.assigned


@dataclass(frozen=True, slots=True)
class Plan:
    """A care plan with its share plan and the provider who bills, while nothing of it changes.

    Attributes:
        span: days on which it holds; the last day may be ``date.max``.
        acts: each code once or more.
        provider: who bills; a change ends a period.
        is_definitive: whether the plan fixes a ceiling of its own; otherwise the legal one holds.
    """

    span: Span
    acts: tuple[PlannedAct, ...]
    provider: str = ""
    is_definitive: bool = True
    _sums: tuple[Fraction, Fraction] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Add the minutes up once: every period of the plan asks for them."""
        mine = sum((act.mine for act in self.acts), Fraction())
        whole = sum((act.weighted for act in self.acts), Fraction())
        object.__setattr__(self, "_sums", (mine, whole))

    @property
    def assigned_minutes(self) -> Fraction:
        """``DAEV_P``: minutes a week, weighted, of all acts assigned to the provider."""
        return self._sums[0]

    @property
    def all_minutes(self) -> Fraction:
        """Minutes a week, weighted, of all acts of the plan, whoever does them."""
        return self._sums[1]


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay in a hospital, from admission to discharge, both in the stay."""

    admission: date
    discharge: date
    is_acute: bool = True

    def __post_init__(self) -> None:
        """Refuse a stay that ends before it starts."""
        if self.discharge < self.admission:
            detail = f"discharge {self.discharge} is before admission {self.admission}"
            raise CareFault("order", detail, field="hospitalisations.discharge")

    @property
    def days(self) -> int:
        """Calendar days, admission and discharge included."""
        return (self.discharge - self.admission).days + 1

    @property
    def nights(self) -> int:
        """Nights, 0 for a stay of one day."""
        return (self.discharge - self.admission).days


def check_stays(stays: Iterable[Stay]) -> tuple[Stay, ...]:
    """Return stays in their order.

    A discharge and an admission may fall on one day: that is a transfer.

    Raises:
        CareFault: two stays overlap.
    """
    ordered = sorted(stays, key=lambda stay: (stay.admission, stay.discharge))
    for before, after in pairwise(ordered):
        if after.admission < before.discharge or before == after:
            detail = f"{after.admission} lies in the stay to {before.discharge}"
            raise CareFault("no_overlap", detail, field="hospitalisations.admission")
    return tuple(ordered)


def check_plans(plans: Sequence[Plan]) -> tuple[Plan, ...]:
    """Return the plans of one provider and person in their order.

    Raises:
        CareFault: there is none, or two hold on one day.
    """
    if not plans:
        raise CareFault("one_at_least", "there is no care plan", field="plans")
    ordered = sorted(plans, key=lambda plan: plan.span)
    for before, after in pairwise(ordered):
        if after.span.first <= before.span.last:
            detail = f"two plans hold on {after.span.first}"
            raise CareFault("no_overlap", detail, field="plans")
    return tuple(ordered)


def exact(value: object, field: str) -> Fraction:
    """Return a number as an exact fraction.

    Args:
        value: a whole number, a decimal, or text such as "840", "0.5" or "627/7".
        field: what it is called, for the refusal.

    Raises:
        CareFault: it is no number, not finite, or a fraction by zero.
    """
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise CareFault("number", f"{value!r} is no exact number", field=field)
    text = str(value).strip()
    if not _NUMBER.fullmatch(text) or re.search(r"/0+$", text):
        raise CareFault("number", f"{text[:40]!r} is no number", field=field)
    return Fraction(text)


def whole(value: object, field: str) -> int:
    """Return a whole number.

    Raises:
        CareFault: it is no number, or not whole.
    """
    found = exact(value, field)
    if found.denominator != 1:
        raise CareFault("whole", f"{found} is not whole", field=field)
    return int(found)
