"""Care that was planned and not executed because of the person: what of it may be billed."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from medcontrol.rules.long_term_care.facts import CareFault

_PERCENT = 100


class ProviderKind(StrEnum):
    """Who gives care, as far as art. 65 of the framework agreement tells them apart."""

    CARE_NETWORK = "care_network"  # réseau d'aides et de soins (RAS)
    SEMI_STATIONARY = "semi_stationary"  # centre semi-stationnaire (CSSTA)
    ESTABLISHMENT = "establishment"  # where people live; art. 65 gives them nothing


#: Who may bill care that was not executed because of the person.
MAY_BILL = frozenset({ProviderKind.CARE_NETWORK, ProviderKind.SEMI_STATIONARY})


@dataclass(frozen=True, slots=True)
class ActDone:
    """An act of a billed period, whole minutes of all its days, weighted by the intensity.

    Attributes:
        code: of the act.
        planned: by the plan or the synthesis.
        executed: effectively given; it may exceed what was planned.
        not_executed: planned, not given because of the person (absence, refusal), and billed.
    """

    code: str
    planned: int
    executed: int
    not_executed: int = 0

    def __post_init__(self) -> None:
        """Refuse minutes below zero, and more not executed than is left of the plan."""
        where = f"acts.{self.code}"
        for name in ("planned", "executed", "not_executed"):
            if getattr(self, name) < 0:
                detail = f"{getattr(self, name)} minutes"
                raise CareFault("not_negative", detail, field=f"{where}.{name}")
        left = max(0, self.planned - self.executed)
        if self.not_executed > left:
            detail = f"{self.not_executed} minutes, of {left} planned and not given"
            raise CareFault("within_planned", detail, field=f"{where}.not_executed")


@dataclass(frozen=True, slots=True)
class NonExecuted:
    """Minutes given and not executed, of one person's month or of a provider's year."""

    executed: Fraction
    not_executed: Fraction

    def __post_init__(self) -> None:
        """Refuse minutes below zero."""
        for name in ("executed", "not_executed"):
            if getattr(self, name) < 0:
                detail = f"{getattr(self, name)} minutes"
                raise CareFault("not_negative", detail, field=name)


@dataclass(frozen=True, slots=True)
class MonthLimit:
    """What a provider may bill of one person's month.

    Attributes:
        done: minutes of the month.
        percent: of the care given; None when the provider may bill nothing of this kind.
        billable: minutes not executed that are due, 0 or more.
    """

    done: NonExecuted
    percent: int | None
    billable: Fraction

    @property
    def share(self) -> Fraction:
        """Part of each minute not executed that is due, from 0 to 1."""
        whole = self.done.not_executed
        return self.billable / whole if whole else Fraction(1)


@dataclass(frozen=True, slots=True)
class YearLimit:
    """What a provider keeps of a year; ``done.not_executed`` was billed month by month."""

    done: NonExecuted
    percent: int

    @property
    def limit(self) -> Fraction:
        """Most minutes not executed that the provider keeps."""
        return self.done.executed * self.percent / _PERCENT

    @property
    def to_pay_back(self) -> Fraction:
        """Minutes beyond the limit, 0 or more."""
        return to_pay_back(self.done, self.percent)


def done_of(acts: Iterable[ActDone]) -> NonExecuted:
    """Return the minutes of acts together."""
    listed = tuple(acts)
    return NonExecuted(
        Fraction(sum(act.executed for act in listed)),
        Fraction(sum(act.not_executed for act in listed)),
    )


def month_limit(done: NonExecuted, percent: int | None) -> MonthLimit:
    """Hold a month against its limit; without a percentage nothing of this kind is due."""
    return MonthLimit(done, percent, Fraction() if percent is None else billable(done, percent))


def billable(month: NonExecuted, percent: int) -> Fraction:
    """Return the minutes not executed that may be billed for a person and month.

    Framework agreement of 2010, art. 65: at most a share of the care effectively given. Held for
    each provider of the person, so that all together stay within the same share.
    """
    return min(month.not_executed, month.executed * percent / _PERCENT)


def to_pay_back(year: NonExecuted, percent: int) -> Fraction:
    """Return the minutes that a provider pays back for a year.

    ``year.not_executed`` are the minutes that were billed month by month.
    """
    return max(Fraction(), year.not_executed - year.executed * percent / _PERCENT)
