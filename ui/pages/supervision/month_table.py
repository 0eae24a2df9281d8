"""The months of a forecast as rows: regions for the whole fund, agencies for a part of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from medcontrol.queries.supervision import UnitName
from medcontrol.vocabulary import ControlLevel
from workflows.rights.forecast import Forecast, Place


@dataclass(frozen=True, slots=True)
class MonthRow:
    """A unit and a flow, with what each month brings as planned and as spread."""

    unit: str
    name: str
    flow: str
    planned: tuple[int, ...]
    spread: tuple[int, ...]


def units_of(units: Sequence[UnitName], code: str) -> frozenset[str]:
    """Return a unit and what lies under it."""
    return frozenset(unit.code for unit in units if code in (unit.code, unit.parent_code))


def rows_of(
    found: Forecast, places: Sequence[Place], units: Sequence[UnitName], unit: str
) -> tuple[MonthRow, ...]:
    """Return the rows of the table: by region while several are shown, else by agency."""
    known = {each.code: each for each in units}
    above = {code: _region(each) for code, each in known.items()}
    regions = {above.get(place.unit, place.unit) for place in places}
    is_wide = not unit and len(regions) > 1
    group = {
        place: above.get(place.unit, place.unit) if is_wide else place.unit for place in places
    }
    planned, spread = found.by_month(found.planned), found.by_month(found.spread)
    sums: dict[Place, tuple[list[int], list[int]]] = {}
    for place in places:
        row = sums.setdefault(
            Place(group[place], place.flow), ([0] * len(found.months), [0] * len(found.months))
        )
        for number, month in enumerate(found.months):
            row[0][number] += planned[place, month]
            row[1][number] += spread[place, month]
    found_rows = [
        MonthRow(key.unit, known[key.unit].name if key.unit in known else key.unit, key.flow,
                 tuple(first), tuple(second))
        for key, (first, second) in sums.items()
    ]  # fmt: skip
    return tuple(sorted(found_rows, key=lambda row: (row.name, row.flow)))


def _region(unit: UnitName) -> str:
    is_local = unit.level is ControlLevel.LOCAL
    return unit.parent_code or unit.code if is_local else unit.code
