"""How long a right is granted for and when it is looked at again (validité, révision)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from medcontrol.errors import DomainError
from medcontrol.rules.calendar import add_months


class ValidityTooLong(DomainError):
    """The pathology does not allow so long a validity."""

    code = "entitlement.validity_too_long"


class LifetimeNotAllowed(DomainError):
    """For life is granted only for some pathologies, and after an examination in person."""

    code = "entitlement.lifetime_not_allowed"


class PensionAgeReached(DomainError):
    """The person is of pension age: the old-age pension takes the place of this right."""

    code = "entitlement.pension_age_reached"


@dataclass(frozen=True, slots=True)
class Validity:
    """How long a pathology may be granted for; ``None`` months: the default of the law.

    ``variants``: shorter or longer validities by prefix of the ICD-10 code.
    """

    initial_months: int | None = None
    renewal_months: int | None = None
    lifetime_after_examination: bool = False
    variants: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    """A right from the first to the last day, both included, and its next review.

    ``valid_to``: none, for life. ``next_review_on``: the day on which a new decision is needed;
    none, no review is planned. ``opens_on``: when its file opens by itself. ``milestone``: which
    one the next review is, where a right is reviewed at milestones.
    """

    valid_from: date
    valid_to: date | None
    next_review_on: date | None
    opens_on: date | None
    milestone: str | None = None


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """What decides whether a right is reviewed before it ends; the age in full years."""

    outcome: str
    code: str | None
    is_renewal: bool
    is_examined: bool
    age_years: int


@dataclass(frozen=True, slots=True)
class SoonerReview:
    """A review so many months after the grant; what is left out fits every grant."""

    months: int
    outcomes: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    is_renewal: bool | None = None
    is_examined: bool | None = None
    below_age_years: int | None = None
    from_age_years: int | None = None

    def fits(self, facts: GrantFacts) -> bool:
        """Return whether this review follows such a grant."""
        return (
            (not self.outcomes or facts.outcome in self.outcomes)
            and (not self.codes or facts.code in self.codes)
            and self.is_renewal in (None, facts.is_renewal)
            and self.is_examined in (None, facts.is_examined)
            and (self.below_age_years is None or facts.age_years < self.below_age_years)
            and (self.from_age_years is None or facts.age_years >= self.from_age_years)
        )


@dataclass(frozen=True, slots=True)
class InvalidityRule:
    """The parameters ``pi.*`` of the day of the decision."""

    pension_age_years: int
    first_months: int
    first_period_months: int
    later_months: int
    none_before_pension_months: int
    open_days_before: int


def longest_validity(
    validity: Validity, *, is_renewal: bool, default_months: int, icd10: str | None = None
) -> int:
    """Return the most months that a pathology may be granted for, short of a lifetime.

    The variant with the longest prefix of ``icd10`` wins, for first grants and renewals alike.
    """
    matching = [prefix for prefix in validity.variants if (icd10 or "").startswith(prefix)]
    if matching:
        return validity.variants[max(matching, key=len)]
    months = validity.renewal_months if is_renewal else validity.initial_months
    return months or default_months


def grant_for_life(validity: Validity, *, valid_from: date, was_examined: bool) -> Grant:
    """Return a right without end or review, granted after an examination in person (CMP).

    Raises:
        LifetimeNotAllowed: not for this pathology, or the person was not examined.
    """
    if not (validity.lifetime_after_examination and was_examined):
        raise LifetimeNotAllowed(field="for_life")
    return Grant(valid_from, None, None, None)


def grant_until(valid_from: date, last_day: date, open_days_before: int) -> Grant:
    """Return a right to its last day, reviewed the day after.

    The review's file opens ``open_days_before`` days earlier, but never in the first half of
    the validity, so that a short right does not open its own review at once.
    """
    review_on = last_day + timedelta(days=1)
    opens_on = _opening(valid_from, review_on, open_days_before)
    return Grant(valid_from, last_day, review_on, opens_on)


def grant_invalidity(
    rule: InvalidityRule, *, birth_date: date, first_granted_on: date, valid_from: date
) -> Grant:
    """Return the validity of an invalidity pension from a first grant or a review on.

    Always temporary. Reviews are close together in the first period after the first grant and
    wider apart afterwards. In the last months before pension age none is planned: the pension
    then runs to the day before that age.

    Args:
        rule: parameters of the day.
        birth_date: of the person.
        first_granted_on: first day of the first grant; ``valid_from`` on a first grant.
        valid_from: first day of this grant, not before the first.

    Raises:
        PensionAgeReached: ``valid_from`` is on or after pension age.
    """
    pension_on = add_months(birth_date, 12 * rule.pension_age_years)
    if valid_from >= pension_on:
        raise PensionAgeReached(f"pension age is reached on {pension_on}", field="birth_date")
    is_early = valid_from < add_months(first_granted_on, rule.first_period_months)
    review_on = add_months(valid_from, rule.first_months if is_early else rule.later_months)
    if review_on >= add_months(pension_on, -rule.none_before_pension_months):
        return Grant(valid_from, pension_on - timedelta(days=1), None, None)
    opens_on = _opening(valid_from, review_on, rule.open_days_before)
    return Grant(valid_from, review_on - timedelta(days=1), review_on, opens_on)


def reviewed_sooner(
    grant: Grant, rules: Iterable[SoonerReview], facts: GrantFacts, open_days_before: int
) -> Grant:
    """Return the grant with the first review before its own that fits; a lifetime has none."""
    rule = next((each for each in rules if each.fits(facts)), None)
    if rule is None or grant.next_review_on is None:
        return grant
    review_on = add_months(grant.valid_from, rule.months)
    if review_on >= grant.next_review_on:
        return grant
    opens_on = _opening(grant.valid_from, review_on, open_days_before)
    return replace(grant, next_review_on=review_on, opens_on=opens_on)


def at_milestone(
    grant: Grant,
    milestones: Mapping[str, int],
    *,
    first_day: date,
    today: date,
    open_days_before: int,
) -> Grant:
    """Return the grant, reviewed at its next milestone instead of at its end.

    A milestone whose file would be open by now is passed by: the decision of today looked at the
    person. One after the last day of the grant does not come.

    Args:
        grant: as granted today.
        milestones: days after ``first_day``, by name.
        first_day: of the right, whenever it was renewed.
        today: of the decision.
        open_days_before: days before the milestone on which its file opens.
    """
    days = sorted((first_day + timedelta(days=after), name) for name, after in milestones.items())
    for day, name in days:
        opens_on = day - timedelta(days=open_days_before)
        if opens_on > today and (grant.valid_to is None or day <= grant.valid_to):
            return replace(grant, next_review_on=day, opens_on=opens_on, milestone=name)
    return replace(grant, next_review_on=None, opens_on=None, milestone=None)


def window(
    planned: date, last_day: date | None, *, today: date, earlier_days: int, later_days: int
) -> tuple[date, date]:
    """Return the first and the last day on which a review may open, both included.

    Tomorrow at the earliest, the right's last day at the latest; always holds ``planned``.

    Args:
        planned: the day that the rules say.
        last_day: the last day on which the right runs without a new decision; none, no end.
        today: nothing is moved to it or before it.
        earlier_days: by how much it may come earlier.
        later_days: by how much it may come later.
    """
    first = max(planned - timedelta(days=earlier_days), today + timedelta(days=1))
    last = planned + timedelta(days=later_days)
    if last_day is not None:
        last = min(last, last_day)
    return min(first, planned), max(last, planned)


def is_kept_open(status: str, valid_to: date | None, review_since: date | None) -> bool:
    """Return whether a pending review keeps a right open beyond its last day.

    One that began in time does; a request that came after the right had ended does not.
    """
    is_pending = status == "under_review"
    return is_pending and (valid_to is None or (review_since or valid_to) <= valid_to)


def last_day_of(valid_to: date | None, next_review_on: date | None) -> date | None:
    """Return the last day on which a right runs without a new decision."""
    eve = None if next_review_on is None else next_review_on - timedelta(days=1)
    return min(filter(None, (valid_to, eve)), default=None)


def _opening(valid_from: date, review_on: date, days_before: int) -> date:
    halfway = valid_from + (review_on - valid_from) // 2
    return max(review_on - timedelta(days=days_before), halfway)
