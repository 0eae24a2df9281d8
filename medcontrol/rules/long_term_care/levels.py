"""Levels of need and their weekly flat rate, in force since 2018 (niveaux de besoins, forfaits)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from medcontrol.rules.long_term_care.facts import DAY, WEEK, CareFault, Span

LOWEST_NEED = 1


@dataclass(frozen=True, slots=True)
class Level:
    """One level of need.

    Attributes:
        number: 0 (only a provider's part below the threshold) to 15.
        from_minutes: first minute a week of the level.
        to_minutes: last minute a week, None for the highest level.
        flat_rate: minutes a week paid to the provider.
        is_confirmed: whether the figures were read in the law, not worked out from its steps.
    """

    number: int
    from_minutes: int
    to_minutes: int | None
    flat_rate: int
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class LevelTable:
    """All levels from a day on, in their order and without gaps; ``source`` is where to read."""

    since: date
    levels: tuple[Level, ...]
    source: str = ""

    def level(self, number: int) -> Level:
        """Return a level by its number.

        Raises:
            CareFault: there is no such level.
        """
        for level in self.levels:
            if level.number == number:
                return level
        detail = f"{number} is no level from {self.levels[0].number} to {self.levels[-1].number}"
        raise CareFault("known_level", detail, field="level")


@dataclass(frozen=True, slots=True)
class HeldLevel:
    """The level on record of a person, or of one provider's part, on these days."""

    span: Span
    number: int


@dataclass(frozen=True, slots=True)
class LevelDays:
    """Days on which neither the levels nor their table change.

    Attributes:
        span: days.
        billed: the level that the provider billed.
        held: the level on record; None on days in a hospital, of which nothing is paid.
        since: first day of the table.
    """

    span: Span
    billed: Level
    held: Level | None
    since: date

    @property
    def weekly(self) -> int:
        """Minutes a week that are due: the flat rate of the lower level."""
        if self.held is None:
            return 0
        return min(self.billed.flat_rate, self.held.flat_rate)

    @property
    def billed_minutes(self) -> Fraction:
        """Minutes of the flat rate that was billed."""
        return Fraction(self.billed.flat_rate * self.span.days, WEEK)

    @property
    def due_minutes(self) -> Fraction:
        """Minutes of the flat rate that is due."""
        return Fraction(self.weekly * self.span.days, WEEK)


def table_on(tables: Sequence[LevelTable], day: date) -> LevelTable:
    """Return the table of a day of service.

    Raises:
        CareFault: no level holds on that day.
    """
    in_force = [table for table in tables if table.since <= day]
    if not in_force:
        raise CareFault("regime", f"no levels of need hold on {day}", field="day")
    return max(in_force, key=lambda table: table.since)


def level_of(table: LevelTable, minutes: Fraction) -> Level:
    """Return the level of so many minutes a week; parts of a minute do not count.

    Raises:
        CareFault: minutes below zero.
    """
    if minutes < 0:
        raise CareFault("not_negative", f"{minutes} minutes a week", field="minutes")
    whole = int(minutes)
    return next(
        level for level in reversed(table.levels) if level.from_minutes <= whole
    )  # the first level begins at 0


def level_days(
    span: Span,
    number: int,
    held: Sequence[HeldLevel],
    tables: Sequence[LevelTable],
    away: Sequence[Span] = (),
) -> tuple[LevelDays, ...]:
    """Return the days of a billed level, cut where anything changes, in their order.

    Args:
        span: days billed.
        number: the level billed.
        held: levels on record, apart from each other.
        tables: of levels.
        away: days in a hospital.

    Raises:
        CareFault: a day at home has no level on record, or the level does not exist.
    """
    found = []
    for part in _parts(span, [*(each.span for each in held), *away], tables):
        table = table_on(tables, part.first)
        at_home = not any(part.meets(gap) for gap in away)
        level = _held_on(part.first, held, table) if at_home else None
        found.append(LevelDays(part, table.level(number), level, table.since))
    return tuple(found)


def _held_on(day: date, held: Sequence[HeldLevel], table: LevelTable) -> Level:
    for each in held:
        if each.span.first <= day <= each.span.last:
            return table.level(each.number)
    raise CareFault("covered", f"no level of need is on record for {day}", field="periods")


def _parts(span: Span, others: Sequence[Span], tables: Sequence[LevelTable]) -> Iterator[Span]:
    """Yield a span cut where others begin or end, and where a table begins."""
    firsts = {other.first for other in others}
    firsts |= {other.last + DAY for other in others if other.last < span.last}
    firsts |= {table.since for table in tables}
    starts = sorted({span.first, *(day for day in firsts if span.first < day <= span.last)})
    for first, following in zip(starts, [*starts[1:], span.last + DAY], strict=True):
        yield Span(first, following - DAY)
