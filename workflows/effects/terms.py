"""How long a right is granted for, and when it is looked at again, by its pack's rule."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from medcontrol.clock import civil_date
from medcontrol.legal.loading import law
from medcontrol.model import Entitlement
from medcontrol.reference.pathologies import Pathology
from medcontrol.rules import reviews
from medcontrol.rules.calendar import add_months, whole_years
from medcontrol.vocabulary import DecisionOutcome, StepKind, TaskStatus
from workflows.definition.rights import EntitlementRule, Review, ReviewRhythm, SoonerReview
from workflows.steps.moving import Move
from workflows.steps.proposals import Proposal

_EXAMINED = b"""
SELECT 1 FROM human_task
WHERE control_file_id = %(file)s AND kind IN ('examination', 'visit') AND status = 'done'
  AND outcome <> 'no_show' LIMIT 1
"""
_CARE = b"SELECT care_from, care_to FROM received_file WHERE id = %(received)s"
_IN_PERSON = (StepKind.EXAMINATION, StepKind.VISIT)

Number = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a decision grants: from when, what, to whom it was granted before, how far.

    ``care_to``: the last day of the care that was asked for, where the rule goes by it.
    """

    start: date
    code: str | None
    old: Entitlement | None
    pathology: Pathology | None
    proposal: Proposal | None
    is_partial: bool
    care_to: date | None = None

    @property
    def first_day(self) -> date:
        """The first day of the right, whenever it was renewed."""
        return self.old.valid_from if self.old else self.start


def care_of(move: Move) -> tuple[date | None, date | None]:
    """Return the days of care that the file asks for, when its rule goes by them."""
    rule = move.pack.meta.entitlement
    if rule is None or rule.validity_by != "care":
        return None, None
    ((first, last),) = move.ask(_CARE, received=move.file.received_file_id)
    return first, last


def terms_of(move: Move, wanted: Wanted) -> reviews.Grant:
    """Return the days of a grant, with the law of the day of receipt.

    Raises:
        ValidityTooLong, LifetimeNotAllowed, PensionAgeReached: the rule does not allow it.
    """
    rule = move.pack.meta.entitlement
    assert rule is not None  # noqa: S101 - packs check: a pack that grants has the rule
    numbers = law(move.file.jurisdiction).at(move.file.received_on)

    def number(path: str) -> int:
        return numbers.number(path).value

    review = rule.review_of(wanted.code)
    if review is None:
        return reviews.Grant(wanted.start, _end(rule, wanted, number), None, None)
    before = number(review.opens_days_before)
    if review.rhythm is not None:
        return _by_rhythm(move, review.rhythm, wanted, number, before)
    granted = _until_its_end(move, rule, wanted, number, before)
    if review.milestones:
        return reviews.at_milestone(
            granted,
            {name: number(each.after_days) for name, each in review.milestones.items()},
            first_day=wanted.first_day,
            today=civil_date(move.now, move.file.jurisdiction),
            open_days_before=before,
        )
    return _sooner(move, review, wanted, granted, number)


def _end(rule: EntitlementRule, wanted: Wanted, number: Number) -> date:
    """Return the last day: the doctor's, else that of the care asked for, else the longest.

    Raises:
        ValidityTooLong: the doctor named a day that the rule does not allow.
    """
    longest = _longest(rule, wanted, number)
    named = wanted.proposal.valid_to if wanted.proposal else None
    if named is not None:
        if not wanted.start <= named <= longest:
            raise reviews.ValidityTooLong(f"between {wanted.start} and {longest}", field="valid_to")
        return named
    if rule.validity_by == "care":
        asked = wanted.care_to or (wanted.old.valid_to if wanted.old else None)
        return max(wanted.start, min(asked or longest, longest))
    return longest


def _longest(rule: EntitlementRule, wanted: Wanted, number: Number) -> date:
    """Return the last day that the rule allows; of care, counted from the first day of all."""
    since = wanted.first_day if rule.validity_by == "care" else wanted.start
    in_days = rule.days_by_code.get(wanted.code or "")
    if in_days is None and wanted.code not in rule.months_by_code:
        in_days = rule.default_days
    if in_days is not None:
        return since + timedelta(days=number(in_days) - 1)
    path = rule.months_by_code.get(wanted.code or "", rule.default_months)
    months = number(path) if path else 12
    if wanted.pathology is not None:
        months = reviews.longest_validity(
            wanted.pathology.validity, is_renewal=wanted.old is not None, default_months=months
        )
    return add_months(since, months) - timedelta(days=1)


def _by_rhythm(
    move: Move, rhythm: ReviewRhythm, wanted: Wanted, number: Number, before: int
) -> reviews.Grant:
    law_of_pensions = reviews.InvalidityRule(
        pension_age_years=number(rhythm.last_age_years),
        first_months=number(rhythm.first_months),
        first_period_months=number(rhythm.first_period_months),
        later_months=number(rhythm.later_months),
        none_before_pension_months=number(rhythm.none_before_last_age_months),
        open_days_before=before,
    )
    return reviews.grant_invalidity(
        law_of_pensions,
        birth_date=move.file.person_birth_date,
        first_granted_on=wanted.first_day,
        valid_from=wanted.start,
    )


def _until_its_end(
    move: Move, rule: EntitlementRule, wanted: Wanted, number: Number, before: int
) -> reviews.Grant:
    start, pathology = wanted.start, wanted.pathology
    if pathology is not None and wanted.proposal is not None and wanted.proposal.is_for_life:
        return reviews.grant_for_life(
            pathology.validity, valid_from=start, was_examined=was_examined(move)
        )
    return reviews.grant_until(start, _end(rule, wanted, number), before)


def _sooner(
    move: Move, review: Review, wanted: Wanted, granted: reviews.Grant, number: Number
) -> reviews.Grant:
    if not review.sooner:
        return granted
    outcome = DecisionOutcome.PARTIALLY_GRANTED if wanted.is_partial else DecisionOutcome.GRANTED
    facts = reviews.GrantFacts(
        outcome=outcome.value,
        code=wanted.code,
        is_renewal=wanted.old is not None,
        is_examined=was_examined(move),
        age_years=whole_years(move.file.person_birth_date, wanted.start),
    )
    rules = [_rule(each, number) for each in review.sooner]
    return reviews.reviewed_sooner(granted, rules, facts, number(review.opens_days_before))


def _rule(each: SoonerReview, number: Number) -> reviews.SoonerReview:
    return reviews.SoonerReview(
        months=number(each.months),
        outcomes=tuple(outcome.value for outcome in each.outcomes),
        codes=each.codes,
        is_renewal=each.is_renewal,
        is_examined=each.is_examined,
        below_age_years=number(each.below_age_years) if each.below_age_years else None,
        from_age_years=number(each.from_age_years) if each.from_age_years else None,
    )


def was_examined(move: Move) -> bool:
    """Return whether the person was examined for this file, here or at their place."""
    ended = [task for task in move.tasks if task.kind in _IN_PERSON]
    if any(task.status is TaskStatus.DONE and task.outcome != "no_show" for task in ended):
        return True
    return bool(move.ask(_EXAMINED, file=move.file.id))
