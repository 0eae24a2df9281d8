"""Levels of need and their weekly flat rate, in force since 2018 (niveaux de besoins, forfaits)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from medcontrol.rules.long_term_care.facts import CareFault


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
    """All levels from a day on, in their order and without gaps."""

    since: date
    levels: tuple[Level, ...]


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
