"""Reviews spread over days: never outside the window, never past a right's end, always alike."""

import random
from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from medcontrol.rules import reviews
from medcontrol.rules.smoothing import Cell, Due, Room, spread

TODAY = date(2026, 11, 20)
COST = {"ald": 15, "invalidity": 30}
days = st.integers(1, 50).map(lambda n: TODAY + timedelta(days=n))


@st.composite
def dues(draw: st.DrawFn) -> Due:
    """Reviews whose window is computed as for a real right, its last day included."""
    planned = draw(days)
    last_day = draw(st.none() | st.integers(0, 40).map(lambda n: planned + timedelta(days=n)))
    first, last = reviews.window(
        planned, last_day, today=TODAY,
        earlier_days=draw(st.integers(0, 30)), later_days=draw(st.integers(0, 30)),
    )  # fmt: skip
    return Due(
        draw(st.sampled_from(["north", "south"])), draw(st.sampled_from(list(COST))),
        planned, first, last, draw(st.integers(1, 9)), draw(st.sampled_from("ab")),
    )  # fmt: skip


@st.composite
def rooms(draw: st.DrawFn) -> Room:
    every_day = [TODAY + timedelta(days=n) for n in range(100)]
    by_flow, in_all = {}, {}
    for pool in ("north", "south"):
        free = draw(st.lists(st.sampled_from([0, 15, 45, 90]), min_size=7, max_size=7))
        for day in every_day:
            minutes = free[day.weekday()] if day.weekday() < 5 else 0
            in_all[pool, day] = minutes
            for flow in COST:
                by_flow[Cell(pool, flow, day)] = minutes
    return Room(by_flow, in_all, COST, lambda day: day.weekday() < 5)


def overdone(room: Room, opened: Counter[Cell]) -> int:
    """The minutes beyond what pools and their doctors of a flow can do, counted in other words."""
    total = 0
    pools: Counter[tuple[str, date]] = Counter()
    for cell, count in opened.items():
        total += max(0, count * COST[cell.flow] - room.by_flow.get(cell, 0))
        pools[cell.pool, cell.day] += count * COST[cell.flow]
    return total + sum(max(0, m - room.in_all.get(key, 0)) for key, m in pools.items())


@given(st.lists(dues(), max_size=12), rooms())
def test_every_review_opens_once_inside_its_window_and_never_overdoes_more(
    wanted: list[Due], room: Room
) -> None:
    plan = spread(wanted, room, {})

    after: Counter[Cell] = Counter()
    before: Counter[Cell] = Counter()
    for due, placed in zip(wanted, plan, strict=True):
        assert sum(placed.values()) == due.count
        assert all(due.first <= day <= due.last for day in placed)
        assert all(day > TODAY for day in placed)
        before[Cell(due.pool, due.flow, due.planned)] += due.count
        for day, count in placed.items():
            assert count > 0
            assert day == due.planned or room.is_worked(day)
            after[Cell(due.pool, due.flow, day)] += count
    assert overdone(room, after) <= overdone(room, before)


@given(st.lists(dues(), max_size=8), rooms(), st.randoms(use_true_random=False))
def test_the_same_reviews_in_another_order_get_the_same_days(
    wanted: list[Due], room: Room, luck: random.Random
) -> None:
    shuffled = wanted.copy()
    luck.shuffle(shuffled)

    def days_of(given: list[Due]) -> Counter[tuple[Due, date]]:
        found: Counter[tuple[Due, date]] = Counter()
        for due, placed in zip(given, spread(given, room, {}), strict=True):
            for day, count in placed.items():
                found[due, day] += count
        return found

    assert days_of(wanted) == days_of(shuffled)


@given(days, st.integers(-10, 60), st.integers(0, 40), st.integers(0, 40))
def test_a_window_never_ends_after_the_last_day_of_the_right(
    planned: date, runs_for: int, earlier: int, later: int
) -> None:
    last_day = planned + timedelta(days=runs_for)

    first, last = reviews.window(
        planned, last_day, today=TODAY, earlier_days=earlier, later_days=later
    )

    assert first <= planned <= last
    assert last <= max(planned, last_day)
    assert first > TODAY


def test_a_peak_is_taken_down_to_what_doctors_can_do() -> None:
    monday = date(2026, 11, 30)
    worked = [monday + timedelta(days=n) for n in range(12) if n % 7 < 5]
    room = Room(
        {Cell("north", "ald", day): 60 for day in worked},
        {("north", day): 60 for day in worked}, COST, lambda day: day in worked,
    )  # fmt: skip
    due = Due("north", "ald", monday, monday, monday + timedelta(days=11), 20)

    (placed,) = spread([due], room, {Cell("north", "ald", worked[1]): 3})

    assert placed == {worked[0]: 4, worked[1]: 1, **dict.fromkeys(worked[2:5], 4), worked[5]: 3}
