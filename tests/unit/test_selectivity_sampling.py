"""Rates and daily quotas: which of the files that match a row are taken."""

import hmac
from datetime import date

import pytest

from medcontrol.vocabulary import Origin
from tests.unit.selectivity_rules import DAY, KEY, engine, facts, row

AMBULATORY = {"flow": {"in": ["ambulatory"]}}


def own_draw(number: int, row_id: str) -> int:
    """Return the draw of a row for the file ``facts(number)``, written out by hand."""
    who = f"{999000000 + number}\x1f\x1fAMBULATORY\x1fREIMBURSEMENT\x1f2026-11-10/2026-11-12"
    text = f"row_rate:{row_id}\x1f{who}\x1f999200141"
    return int.from_bytes(hmac.digest(KEY, text.encode(), "sha256")[:8], "big")


def test_a_rate_takes_the_files_whose_own_draw_lies_below_it():
    outcomes = engine(row("some", AMBULATORY, rate=3000)).decide([facts(n) for n in range(300)])
    taken = {n for n, outcome in enumerate(outcomes) if Origin.RULE in outcome.origins}

    assert taken == {n for n in range(300) if own_draw(n, "some") < 0.3 * 2**64}
    assert 60 < len(taken) < 120


def chosen(outcomes) -> set[int]:
    """Return the places of the files that a rule took."""
    return {place for place, outcome in enumerate(outcomes) if Origin.RULE in outcome.origins}


def test_a_higher_rate_keeps_every_file_of_the_lower_one():
    files = [facts(number) for number in range(400)]
    taken = [
        {
            n
            for n, o in enumerate(engine(row("some", AMBULATORY, rate=rate)).decide(files))
            if o.origins
        }
        for rate in (500, 2000, 6000)
    ]
    assert taken[0] < taken[1] < taken[2]


def test_a_daily_quota_takes_the_smallest_draws_of_each_day():
    rules = engine(row("some", AMBULATORY, daily_quota=5))
    days = [DAY if number % 2 else date(2026, 11, 21) for number in range(60)]
    outcomes = rules.decide([facts(number, received_on=day) for number, day in enumerate(days)])
    taken = {n for n, outcome in enumerate(outcomes) if Origin.RULE in outcome.origins}

    for day in set(days):
        of_day = sorted((n for n in range(60) if days[n] == day), key=lambda n: own_draw(n, "some"))
        assert taken & set(of_day) == set(of_day[:5])
        # Each taken file had to beat the sixth draw: that is its chance, given the others.
        chance = own_draw(of_day[5], "some") / 2**64
        for number in of_day[:5]:
            assert outcomes[number].inclusion_probability == pytest.approx(chance, rel=1e-3)


def test_a_quota_already_used_leaves_less_and_used_up_leaves_nothing():
    rules = engine(row("some", AMBULATORY, daily_quota=5))
    files = [facts(number) for number in range(30)]

    def taken(used: int) -> int:
        outcomes = rules.decide(files, quota_used={("some", DAY): used})
        return sum(Origin.RULE in outcome.origins for outcome in outcomes)

    assert [taken(used) for used in (0, 3, 5, 9)] == [5, 2, 0, 0]


def test_draws_that_tie_at_the_cut_are_left_out_together():
    rules = engine(row("some", AMBULATORY, daily_quota=2))
    # The same case three times (other papers, same care): one draw, so all or none of them.
    same = [facts(1, external_id=f"COPY-{number}") for number in range(3)]

    assert chosen(rules.decide(same)) == set()
    assert chosen(rules.decide(same[:2])) == {0, 1}


def test_a_quota_never_takes_a_file_that_the_rate_leaves_out():
    rules = engine(row("some", AMBULATORY, rate=1000, daily_quota=1000))
    plain = engine(row("some", AMBULATORY, rate=1000))
    files = [facts(number) for number in range(300)]

    assert chosen(rules.decide(files)) == chosen(plain.decide(files))


def test_weights_of_a_bound_quota_add_up_to_the_number_of_candidates():
    # Bottom-k sampling: the inverse chances of the taken files estimate how many there were.
    totals = []
    for start in range(0, 40_000, 200):
        rules = engine(row("some", AMBULATORY, daily_quota=20))
        outcomes = rules.decide([facts(start + number) for number in range(200)])
        totals.append(sum(1 / outcomes[place].inclusion_probability for place in chosen(outcomes)))
    assert abs(sum(totals) / len(totals) - 200) < 3 * 200 / (18 * len(totals)) ** 0.5
