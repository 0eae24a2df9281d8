"""Levels of need and flat rates of Luxembourg's long-term care, by day of service."""

from datetime import date
from functools import cache
from typing import Any

from medcontrol.reference.tables import FOLDER, ReferenceFault, members
from medcontrol.rules.long_term_care.levels import Level, LevelTable
from medcontrol.strict_yaml import load_yaml

FILE = FOLDER / "lu" / "care_levels.yaml"


@cache
def level_tables() -> tuple[LevelTable, ...]:
    """Return every table, the oldest first.

    Raises:
        ReferenceFault: a table has a gap, or begins above 0.
    """
    tables = tuple(_table(raw, f"{FILE}: {n + 1}") for n, raw in enumerate(load_yaml(FILE)))
    return tuple(sorted(tables, key=lambda table: table.since))


def _table(raw: Any, where: str) -> LevelTable:
    raw = members(raw, where, {"since", "source", "levels"})
    levels = tuple(_level(item, f"{where}, levels[{n}]") for n, item in enumerate(raw["levels"]))
    expected = 0
    for level in levels:
        if level.from_minutes != expected or (level.to_minutes is None) != (level is levels[-1]):
            raise ReferenceFault(f"{where}: level {level.number} must begin at {expected}")
        expected = (level.to_minutes or 0) + 1
    return LevelTable(date.fromisoformat(raw["since"]), levels, raw["source"])


def _level(raw: Any, where: str) -> Level:
    raw = members(raw, where, {"level", "from", "to", "flat_rate", "confirmed"})
    return Level(raw["level"], raw["from"], raw["to"], raw["flat_rate"], raw["confirmed"])
