from datetime import date

import pytest

from medcontrol.rules.reviews import (
    Grant,
    InvalidityRule,
    LifetimeNotAllowed,
    PensionAgeReached,
    Validity,
    grant_for_life,
    grant_invalidity,
    grant_until,
    longest_validity,
)

RULE = InvalidityRule(60, 12, 24, 30, 24, 90)
STROKE = Validity(36, 60)
DIABETES = Validity(60, 60, lifetime_after_examination=True)
HEPATITIS = Validity(60, 60, variants={"B18": 48, "B18.2": 24})


def test_a_renewal_may_be_longer_than_a_first_grant():
    assert longest_validity(STROKE, is_renewal=False, default_months=60) == 36
    assert longest_validity(STROKE, is_renewal=True, default_months=60) == 60
    assert longest_validity(Validity(), is_renewal=True, default_months=60) == 60


@pytest.mark.parametrize(
    ("icd10", "months"), [("B18.2", 24), ("B18.1", 48), ("B17", 60), (None, 60)]
)
def test_the_closest_variant_of_a_diagnosis_wins(icd10, months):
    assert longest_validity(HEPATITIS, is_renewal=False, default_months=60, icd10=icd10) == months


def test_an_agreement_ends_the_day_before_its_review_and_reopens_in_time():
    grant = grant_until(date(2026, 11, 20), date(2031, 11, 19), 90)

    assert grant == Grant(
        date(2026, 11, 20), date(2031, 11, 19), date(2031, 11, 20), date(2031, 8, 22)
    )


def test_a_short_right_does_not_reopen_before_half_of_it_has_passed():
    grant = grant_until(date(2026, 1, 1), date(2026, 2, 28), 90)

    assert grant.opens_on == date(2026, 1, 30)


def test_for_life_needs_the_pathology_and_an_examination():
    day = date(2026, 1, 1)
    granted = grant_for_life(DIABETES, valid_from=day, was_examined=True)

    assert granted == Grant(day, None, None, None)
    for validity, was_examined in ((DIABETES, False), (STROKE, True)):
        with pytest.raises(LifetimeNotAllowed):
            grant_for_life(validity, valid_from=day, was_examined=was_examined)


def test_invalidity_is_reviewed_yearly_for_two_years_then_every_thirty_months():
    first = date(2026, 3, 1)
    reviews, day = [], first
    for _ in range(4):
        grant = grant_invalidity(
            RULE, birth_date=date(1985, 6, 15), first_granted_on=first, valid_from=day
        )
        assert grant.next_review_on
        day = grant.next_review_on
        reviews.append(day)

    assert reviews == [date(2027, 3, 1), date(2028, 3, 1), date(2030, 9, 1), date(2033, 3, 1)]


def test_an_invalidity_pension_is_temporary_and_its_review_opens_before_it_ends():
    grant = grant_invalidity(
        RULE,
        birth_date=date(1985, 6, 15),
        first_granted_on=date(2026, 3, 1),
        valid_from=date(2026, 3, 1),
    )

    assert (grant.valid_to, grant.opens_on) == (date(2027, 2, 28), date(2026, 12, 1))


@pytest.mark.parametrize(
    ("birth", "review"),
    [
        (date(1969, 3, 2), date(2027, 3, 1)),  # the last day outside the window
        (date(1969, 3, 1), None),
        (date(1966, 6, 15), None),
    ],
)
def test_no_review_is_planned_within_two_years_of_pension_age(birth, review):
    grant = grant_invalidity(
        RULE, birth_date=birth, first_granted_on=date(2026, 3, 1), valid_from=date(2026, 3, 1)
    )

    assert grant.next_review_on == review
    if review is None:
        assert grant.opens_on is None
        assert grant.valid_to is not None
        assert grant.valid_to < birth.replace(year=birth.year + 60)


def test_at_pension_age_there_is_no_invalidity_pension():
    with pytest.raises(PensionAgeReached):
        grant_invalidity(
            RULE,
            birth_date=date(1966, 3, 1),
            first_granted_on=date(2026, 3, 1),
            valid_from=date(2026, 3, 1),
        )
