"""When a right is looked at before its end: milestones, and reviews by what the grant is like."""

from datetime import date, timedelta
from typing import Any

import pytest

from medcontrol.rules import reviews
from medcontrol.rules.calendar import add_months

SICK = {"day_45": 45, "day_90": 90, "week_40": 280, "week_48": 336}


@pytest.mark.parametrize(
    ("today", "valid_to", "milestone", "opens_after"),
    [
        (3, 60, "day_45", 38),  # 7 days before
        (3, 45, "day_45", 38),  # the right's last day still counts
        (3, 44, None, None),  # it ends before
        (38, 120, "day_90", 83),  # the decision of the opening day looked at the person
        (100, None, "week_40", 273),
        (300, 350, "week_48", 329),
        (340, 360, None, None),  # none is left
    ],
)
def test_a_running_right_is_reviewed_at_its_next_milestone(
    today: int, valid_to: int | None, milestone: str | None, opens_after: int | None
) -> None:
    first = date(2026, 1, 10)
    end = None if valid_to is None else first + timedelta(days=valid_to)
    granted = reviews.Grant(first, end, end and end + timedelta(days=1), end)

    found = reviews.at_milestone(
        granted, SICK, first_day=first, today=first + timedelta(days=today), open_days_before=7
    )

    assert found.milestone == milestone
    assert found.opens_on == (opens_after and first + timedelta(days=opens_after))
    assert found.valid_to == end


@pytest.mark.parametrize(
    ("facts", "months"),
    [
        ({"outcome": "partially_granted"}, 12),
        ({"age_years": 7}, 24),
        ({"age_years": 7, "is_examined": True}, 60),
        ({"outcome": "partially_granted", "age_years": 7}, 12),  # the first that fits
        ({"age_years": 16}, 60),
        ({"code": "ma-ald-16"}, 60),  # 72 months would be later than the right's own review
    ],
)
def test_a_right_is_reviewed_before_its_end_by_outcome_age_and_examination(
    facts: dict[str, Any], months: int
) -> None:
    usual = {"outcome": "granted", "code": "ma-ald-09", "is_renewal": False,
             "is_examined": False, "age_years": 51}  # fmt: skip
    rules = [
        reviews.SoonerReview(12, outcomes=("partially_granted",)),
        reviews.SoonerReview(24, below_age_years=16, is_examined=False),
        reviews.SoonerReview(72, codes=("ma-ald-16",)),
    ]
    granted = reviews.grant_until(date(2026, 11, 20), date(2031, 11, 19), 90)

    found = reviews.reviewed_sooner(granted, rules, reviews.GrantFacts(**usual | facts), 90)

    assert found.next_review_on == add_months(date(2026, 11, 20), months)
    assert found.valid_to == granted.valid_to
