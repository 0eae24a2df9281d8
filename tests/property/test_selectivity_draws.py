import hmac
import unicodedata
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medcontrol.errors import InvalidInput
from medcontrol.ports import FileFacts
from selectivity.draws import (
    DRAW_RANGE,
    RANDOM,
    Draws,
    bound,
    fraction,
    identity,
    period_of,
    row_purpose,
)
from tests.unit.selectivity_rules import DAY, KEY, engine, facts, message, row

MANY = 100_000


def draws() -> Draws:
    return Draws(lambda _: KEY)


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=16, max_size=100), st.text(max_size=20), st.binary(max_size=200))
def test_a_draw_is_the_start_of_hmac_sha256(key, purpose, who):
    purpose = purpose.encode("utf-8", "ignore").decode()
    plain = hmac.digest(key, purpose.encode() + b"\x1f" + who, "sha256")
    assert Draws({"2026-11": key}).draw("2026-11", purpose, who) == int.from_bytes(plain[:8], "big")


def test_draws_are_uniform_and_purposes_are_independent():
    cases = [("2026-11", f"{number}".encode()) for number in range(MANY)]
    first = draws().draw_many(cases, RANDOM)
    second = draws().draw_many(cases, row_purpose("some"))

    mean = sum(map(fraction, first)) / MANY
    assert abs(mean - 0.5) < 3 * (1 / 12 / MANY) ** 0.5
    for rate in (100, 1000, 5000, 9000):
        share = rate / 10_000
        sigma = (MANY * share * (1 - share)) ** 0.5
        assert abs(sum(draw < bound(rate) for draw in first) - MANY * share) < 3 * sigma
    both = sum(a < bound(1000) and b < bound(1000) for a, b in zip(first, second, strict=True))
    assert abs(both - MANY * 0.01) < 3 * (MANY * 0.01 * 0.99) ** 0.5
    cells = [0] * 64
    for draw in first:
        cells[draw >> 58] += 1
    expected = MANY / 64
    squares = sum((cell - expected) ** 2 / expected for cell in cells)
    assert abs(squares - 63) < 3 * (2 * 63) ** 0.5


def test_a_million_files_are_drawn_at_their_rates_and_nested():
    cases = [("2026-11", b"%d" % number) for number in range(10**6)]
    drawn = np.array(draws().draw_many(cases, RANDOM), dtype=np.uint64)

    taken = np.ones(len(drawn), dtype=bool)
    for rate in (9000, 5000, 1000, 250, 100, 10):
        smaller = drawn < np.uint64(bound(rate))
        share = rate / 10_000
        sigma = (len(drawn) * share * (1 - share)) ** 0.5
        assert abs(int(smaller.sum()) - len(drawn) * share) < 3 * sigma
        assert not (smaller & ~taken).any()  # whoever is in at a low rate is in at a higher one
        taken = smaller


def test_a_case_sent_again_a_hundred_times_is_decided_the_same():
    rules = engine(
        row("some", {"flow": {"in": ["ambulatory"]}}, rate=3000),
        floor=[{"id": "all", "when": {}, "then": {"rate": 500, "lane": "orange"}}],
    )
    for number in range(20):
        sent = [
            facts(number, received_on=date(2026, 11, 1) + timedelta(days=n), external_id=f"N-{n}",
                  source=("si-amo", "portal")[n % 2], channel=("edi", "paper")[n % 3 == 0])
            for n in range(100)
        ]  # fmt: skip
        # Alone, or among others: the files of a call do not sway each other.
        alone = [rules.decide([file])[0] for file in sent[:5]]
        outcomes = [*alone, *rules.decide(sent)]
        assert len({(o.draw, o.u, o.period, o.lane, o.origins) for o in outcomes}) == 1


@given(st.integers(0, DRAW_RANGE - 1), st.integers(0, 10_000), st.integers(0, 10_000))
def test_rates_are_nested(draw, one, other):
    low, high = sorted((one, other))
    assert not draw < bound(low) or draw < bound(high)
    assert 0 <= fraction(draw) < 1
    assert (draw < bound(one)) == (draw * 10_000 < one * DRAW_RANGE)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 10**6),
    st.dates(date(2026, 11, 1), date(2028, 1, 1)),
    st.sampled_from(["5.00", "99999.00"]),
)
def test_a_case_sent_again_keeps_its_draw(number, later, amount):
    first = facts(number)
    again = facts(number, received_on=later, amount=amount, source="portal", channel="paper",
                  external_id="NEW", agency="RABAT-1")  # fmt: skip
    assert period_of(first) == period_of(again)
    assert identity(first.message) == identity(again.message)


CHANGES = {
    "insured": {
        "registration_number": "999111111",
        "family_name": "A",
        "given_name": "B",
        "birth_date": "1980-01-01",
    },
    "beneficiary": {
        "relation": "child",
        "family_name": "A",
        "given_name": "B",
        "birth_date": "2015-01-01",
    },
    "flow": "dental",
    "nature": "authorisation",
    "care": {"from": "2026-11-11", "to": "2026-11-12"},
    "provider": {"id": "999200142"},
}


@pytest.mark.parametrize("part", CHANGES)
def test_every_part_of_the_identity_counts(part):
    assert identity(message()) != identity(message(**{part: CHANGES[part]}))


def test_accents_and_case_do_not_make_another_case():
    composed = message(provider={"id": "é-1"})
    other = message(provider={"id": unicodedata.normalize("NFD", "É-1")})
    assert identity(composed) == identity(other)


def test_the_spelling_of_a_name_does_not_give_a_new_draw():
    child = CHANGES["beneficiary"]
    assert identity(message(beneficiary=child)) == identity(
        message(beneficiary={**child, "given_name": "Beatrix"})
    )


def test_missing_parts_cannot_be_mistaken_for_each_other():
    seen = {
        identity(message(beneficiary=None, provider=None)),
        identity(message(care=None)),
        identity(message(provider=None)),
        identity(message(care=None, provider=None)),
        identity(message(care={"from": "2026-11-10"})),
    }
    assert len(seen) == 4  # the first and the third are the same case


def test_without_care_dates_the_first_reception_gives_the_period():
    bare = message(care=None)
    assert period_of(FileFacts(bare, DAY)) == "2026-11"
    again = FileFacts(bare, date(2027, 1, 5), first_received_on=DAY)
    assert period_of(again) == "2026-11"
    assert period_of(FileFacts(message(), date(2027, 1, 5), first_received_on=DAY)) == "2026-11"


def test_periods_have_their_own_keys_and_a_missing_key_is_named():
    keyed = Draws({"2026-10": b"x" * 32, "2026-11": b"y" * 32, "2026-12": b"short"})
    assert keyed.draw("2026-10", RANDOM, b"a") != keyed.draw("2026-11", RANDOM, b"a")
    with pytest.raises(InvalidInput, match="2027-01"):
        keyed.draw("2027-01", RANDOM, b"a")
    with pytest.raises(InvalidInput, match="short"):
        keyed.draw("2026-12", RANDOM, b"a")
