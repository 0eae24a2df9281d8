"""Care that was planned and not executed because of the person: what of it may be billed."""

from dataclasses import dataclass
from fractions import Fraction

from medcontrol.rules.long_term_care.facts import CareFault

_PERCENT = 100


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


def billable(month: NonExecuted, percent: int) -> Fraction:
    """Return the minutes not executed that may be billed for a person and month.

    Framework agreement of 2010, art. 65: at most a share of the care effectively given.
    """
    return min(month.not_executed, month.executed * percent / _PERCENT)


def to_pay_back(year: NonExecuted, percent: int) -> Fraction:
    """Return the minutes that a provider pays back for a year.

    ``year.not_executed`` are the minutes that were billed month by month.
    """
    return max(Fraction(), year.not_executed - year.executed * percent / _PERCENT)
