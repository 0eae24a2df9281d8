"""Free slots against everything that may stand in their way."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from medcontrol.rules.agenda import Hours, Span, free_slots, worked
from medcontrol.rules.calendar import WorkingCalendar

# Around the night in which Casablanca turns its clocks back before Ramadan 2027, and a feast.
MONDAY = date(2027, 2, 1)
DAYS = [MONDAY + timedelta(days=n) for n in range(14)]
MIDNIGHT = datetime(2027, 2, 1, tzinfo=UTC)

minutes = st.integers(0, 14 * 24 * 60)
spans = st.builds(
    lambda start, length: Span(
        MIDNIGHT + timedelta(minutes=start), MIDNIGHT + timedelta(minutes=start + length)
    ),
    minutes,
    st.integers(0, 300),
)
hours = st.builds(
    Hours,
    weekday=st.integers(0, 6),
    minutes=st.integers(0, 600),
    starts_at=st.none() | st.sampled_from([time(8), time(9, 20), time(14, 30), time(18)]),
    valid_from=st.sampled_from([MONDAY - timedelta(days=30), MONDAY + timedelta(days=5)]),
    valid_to=st.none() | st.just(MONDAY + timedelta(days=9)),
)
leaves = st.lists(st.sampled_from(DAYS), max_size=2).map(
    lambda days: [(day, day + timedelta(days=1)) for day in days]
)
announced = st.dictionaries(st.sampled_from(DAYS), st.booleans(), max_size=4)


@given(
    announced=announced, hours=st.lists(hours, min_size=1, max_size=6),
    leaves=leaves, taken=st.lists(spans, max_size=12),
    length=st.integers(5, 120), step=st.sampled_from([5, 10, 15, 30]), late=st.integers(0, 4000),
)  # fmt: skip
def test_an_offered_slot_overlaps_nothing_and_no_free_one_is_withheld(
    announced: dict[date, bool], hours: list[Hours], leaves: list[tuple[date, date]],
    taken: list[Span], length: int, step: int, late: int,
) -> None:  # fmt: skip
    calendar = WorkingCalendar("ma", announced)
    work = worked(calendar, DAYS, hours, leaves)
    not_before = MIDNIGHT + timedelta(minutes=late)
    size, pace = timedelta(minutes=length), timedelta(minutes=step)

    offered = list(free_slots(work, taken, length=size, step=pace, not_before=not_before))

    assert offered == sorted(set(offered))
    for slot in offered:
        day = calendar.civil_date(slot.starts_at)
        assert slot.ends_at - slot.starts_at == size
        assert slot.starts_at >= not_before
        assert calendar.is_working_day(day)
        assert not any(first <= day <= last for first, last in leaves)
        assert any(
            each.starts_at <= slot.starts_at and slot.ends_at <= each.ends_at for each in work
        )
        assert not any(each.overlaps(slot) for each in taken)
    possible = {
        Span(start, start + size)
        for each in work
        for start in _grid(each, size, pace)
        if start >= not_before
    }
    assert {p for p in possible if not any(t.overlaps(p) for t in taken)} == set(offered)


def _grid(work: Span, size: timedelta, pace: timedelta) -> list[datetime]:
    count = max((work.ends_at - size - work.starts_at) // pace + 1, 0)
    return [work.starts_at + n * pace for n in range(count)]


def test_hours_are_those_of_the_wall_clock_on_both_sides_of_a_change_of_time() -> None:
    calendar = WorkingCalendar("ma")
    every_day = [Hours(n, 60, time(9), MONDAY) for n in range(5)]

    found = worked(calendar, DAYS, every_day)

    assert {calendar.local(each.starts_at).time() for each in found} == {time(9)}
    assert len({each.starts_at.time() for each in found}) == 2, "the offset changes in between"


def test_without_an_hour_of_their_own_doctors_receive_from_opening_to_closing_at_most() -> None:
    calendar = WorkingCalendar("ma")

    day = worked(calendar, [MONDAY], [Hours(0, 1440, None, MONDAY)])[0]

    assert calendar.local(day.starts_at).time() == time(8, 30)
    assert calendar.local(day.ends_at).time() == time(16, 30)
