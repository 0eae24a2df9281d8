"""The right that a grant opens, and how it comes back for review (droit, réexamen)."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from medcontrol.vocabulary import DecisionOutcome
from workflows.definition.parts import Code, Parameter, Part


class ReviewRhythm(Part):
    """Reviews of a right without a fixed end: close together at first, then further apart.

    All are paths of dated law: months between reviews at first and later, length of the first
    period in months, age in years near which none is held any more, months before that age.
    """

    first_months: Parameter
    first_period_months: Parameter
    later_months: Parameter
    last_age_years: Parameter
    none_before_last_age_months: Parameter


class Milestone(Part):
    """A day on which a running right is looked at, whatever its end (échéance).

    Attributes:
        after_days: law's days from the first day of the right.
        nature: of the file that opens; the review's own when it says nothing. The file's form
            holds the milestone's name as ``milestone``.
    """

    after_days: Parameter
    nature: Code | None = None


class SoonerReview(Part):
    """A review before the right ends; what is left out fits every grant.

    Attributes:
        months: law's months from the first day of the grant to the review.
        outcomes: decisions that it follows.
        codes: codes of the right, such as pathologies.
        is_renewal, is_examined: whether the right was renewed, and the person examined.
        below_age_years, from_age_years: law's bounds of the person's age that day.
    """

    months: Parameter
    outcomes: tuple[DecisionOutcome, ...] = ()
    codes: tuple[str, ...] = ()
    is_renewal: bool | None = None
    is_examined: bool | None = None
    below_age_years: Parameter | None = None
    from_age_years: Parameter | None = None


class Window(Part):
    """By how many of the law's days the opening of a review may be moved to spread the work."""

    earlier_days: Parameter
    later_days: Parameter


class Review(Part):
    """How a granted right comes back.

    Attributes:
        nature: nature of the file that opens by itself.
        opens_days_before: law's days before the next review on which it opens.
        rhythm: when it is reviewed; none: on the day on which the right ends.
        milestones: when a running right is reviewed instead; its end then brings no review.
        sooner: reviews before the end; the first that fits counts.
        window: how far the opening may be moved, never past the right's last day; none: it isn't.
        codes: codes of the rights that come back; all of them when empty.
    """

    nature: Code
    opens_days_before: Parameter
    rhythm: ReviewRhythm | None = None
    milestones: dict[Code, Milestone] = {}
    sooner: tuple[SoonerReview, ...] = ()
    window: Window | None = None
    codes: tuple[str, ...] = ()

    def parameters(self) -> Iterator[str]:
        """Yield the paths of dated law that it names, but those of the rhythm."""
        yield self.opens_days_before
        yield from (milestone.after_days for milestone in self.milestones.values())
        for rule in self.sooner:
            yield from filter(None, (rule.months, rule.below_age_years, rule.from_age_years))
        if self.window:
            yield from (self.window.earlier_days, self.window.later_days)


class Continues(Part):
    """Requests that carry the person's running right on instead of opening another.

    Attributes:
        natures: of these requests.
        within_days: law's days after the right's last day within which they come in time.
        codes: codes of the rights that they carry on; what the request says when empty.
    """

    natures: tuple[Code, ...] = Field(min_length=1)
    within_days: Parameter
    codes: tuple[str, ...] = ()


class EntitlementRule(Part):
    """The right that a grant opens.

    Attributes:
        validity_by: ``pathology``: the reference list's ``initial_months``, ``renewal_months`` and
            ``lifetime_after_examination`` come first; ``care``: the last day of care asked for.
        default_months: law's validity without one of those; none: until its review decides.
        default_days: the same in days, for agreements that are counted so.
        months_by_code, days_by_code: law's validity of rights of a code, where it is another.
        continues: requests that are about the right that the person has already.
        review: how it comes back; none: it ends on its last day and nothing follows.
    """

    kind: Code
    validity_by: Literal["pathology", "care"] | None = None
    default_months: Parameter | None = None
    default_days: Parameter | None = None
    months_by_code: dict[Code, Parameter] = {}
    days_by_code: dict[Code, Parameter] = {}
    continues: Continues | None = None
    review: Review | None = None

    def review_of(self, code: str | None) -> Review | None:
        """Return how rights of this code come back; none when they don't."""
        review = self.review
        return review if review and (not review.codes or code in review.codes) else None

    def parameters(self) -> Iterator[str]:
        """Yield every path of dated law that it names."""
        yield from filter(None, (self.default_months, self.default_days))
        yield from (*self.months_by_code.values(), *self.days_by_code.values())
        if self.continues:
            yield self.continues.within_days
        if self.review:
            yield from self.review.parameters()
            rhythm = self.review.rhythm
            yield from rhythm.model_dump().values() if rhythm else ()
