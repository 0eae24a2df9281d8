"""Periodic controls to come (contrôles périodiques): twelve months ahead, and the rights."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData, QueryParams

from medcontrol.db import read_only
from medcontrol.queries.rights import RightFilters, RightList, load_rights
from medcontrol.queries.supervision import UnitName
from medcontrol.queries.supervision_scope import supervised_units
from medcontrol.vocabulary import ControlLevel, Jurisdiction, Role
from ui.downloads import saved_table
from ui.forms import day_of, text_of
from ui.pages.supervision.month_table import MonthRow, rows_of, units_of
from ui.rendering import render
from ui.visitors import Me, Visitor
from workflows.rights.forecast import DAYS, Forecast, Place, forecast

router = APIRouter(prefix="/supervision/periodic")
_SIZES = (25, 50, 100)


class DayBar(NamedTuple):
    """A day of the chart.

    Attributes:
        is_worked: whether it is a working day.
        capacity: what doctors have time for, when one flow is shown.
    """

    on: date
    planned: int
    spread: int
    is_worked: bool
    capacity: int | None


@dataclass(frozen=True, slots=True)
class ForecastPage:
    """The months by unit and flow, and the next days one by one."""

    units: tuple[UnitName, ...]
    flows: tuple[str, ...]
    unit: str
    flow: str
    months: tuple[date, ...]
    rows: tuple[MonthRow, ...]
    days: tuple[DayBar, ...]

    @property
    def total(self) -> int:
        """Reviews of the twelve months."""
        return sum(sum(row.spread) for row in self.rows)

    @property
    def peak(self) -> int:
        """The longest bar of the chart."""
        return max([1, *(max(d.planned, d.spread, d.capacity or 0) for d in self.days)])

    @property
    def planned_peak(self) -> int:
        """The most reviews of a working day, as planned."""
        return _peak((day.planned, day.is_worked) for day in self.days)

    @property
    def spread_peak(self) -> int:
        """The most reviews of a working day, as spread."""
        return _peak((day.spread, day.is_worked) for day in self.days)

    def column(self, number: int) -> tuple[int, int]:
        """Return a month's sums, as planned and as spread."""
        return (
            sum(row.planned[number] for row in self.rows),
            sum(row.spread[number] for row in self.rows),
        )

    def last_of(self, month: date) -> date:
        """Return the last day of a month."""
        return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RightsPage:
    """Rights whose review will open."""

    list: RightList
    units: tuple[UnitName, ...]
    flows: tuple[str, ...]


@router.get("")
def show_forecast(request: Request, visitor: Me) -> Response:
    """Draw what the next twelve months bring to the supervisor's units."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    query = request.query_params
    unit, flow = text_of(query, "unit", 64), text_of(query, "flow", 64)
    units, found = _load(visitor)
    places = _chosen(found, units, unit, flow)
    page = ForecastPage(
        units=tuple(each for each in units if each.level is not ControlLevel.CENTRAL),
        flows=tuple(sorted({place.flow for place, _ in found.planned})),
        unit=unit,
        flow=flow,
        months=found.months,
        rows=rows_of(found, places, units, unit),
        days=_days(found, places, units, flow),
    )
    return render(request, "periodic/forecast.html", page)


@router.get("/forecast.csv")
def export_forecast(request: Request, visitor: Me) -> Response:
    """Return the same by agency, flow and month, for a spreadsheet."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    query = request.query_params
    units, found = _load(visitor)
    places = _chosen(found, units, text_of(query, "unit", 64), text_of(query, "flow", 64))
    rows = _table(found, places, {unit.code: unit.name for unit in units})
    return saved_table(rows, "periodic-controls.csv")


@router.get("/rights")
def show_rights(request: Request, visitor: Me) -> Response:
    """List the rights whose review will open, the first to open first."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    jurisdiction = visitor.site.jurisdiction
    filters = filters_of(request.query_params)
    with read_only() as session:
        found = load_rights(session, visitor.principal, filters, jurisdiction)
        units = supervised_units(session, visitor.principal, jurisdiction)
    page = RightsPage(
        list=found,
        units=tuple(each for each in units if each.level is not ControlLevel.CENTRAL),
        flows=_reviewed_flows(visitor),
    )
    return render(request, "periodic/rights.html", page)


def filters_of(query: QueryParams | FormData) -> RightFilters:
    """Return the filters that an address says; what it says wrongly is left out."""
    size = text_of(query, "size", 4)
    return RightFilters(
        unit=text_of(query, "unit", 64),
        flow=text_of(query, "flow", 64),
        first=day_of(query, "first"),
        last=day_of(query, "last"),
        size=int(size) if size in map(str, _SIZES) else 50,
        after=text_of(query, "after", 400),
    )


def _reviewed_flows(visitor: Visitor) -> tuple[str, ...]:
    """Return the flows whose rights come back."""
    catalog, here = visitor.site.tools.catalog, visitor.site.jurisdiction
    found = {
        flow
        for pack in catalog
        if pack.meta.jurisdiction == here and pack.meta.entitlement and pack.meta.entitlement.review
        for flow in pack.meta.flows
    }
    return tuple(sorted(found))


def _load(visitor: Visitor) -> tuple[tuple[UnitName, ...], Forecast]:
    place = Jurisdiction(visitor.site.jurisdiction)
    with read_only() as session:
        units = supervised_units(session, visitor.principal, place)
        found = forecast(session, visitor.site.tools.catalog, units, place, visitor.today)
    return units, found


def _chosen(found: Forecast, units: Sequence[UnitName], unit: str, flow: str) -> tuple[Place, ...]:
    inside = units_of(units, unit)
    places = {place for counts in (found.planned, found.spread) for place, _ in counts}
    kept = (p for p in places if (not unit or p.unit in inside) and flow in ("", p.flow))
    return tuple(sorted(kept))


def _days(
    found: Forecast, places: Sequence[Place], units: Sequence[UnitName], flow: str
) -> tuple[DayBar, ...]:
    planned, spread = found.by_day(found.planned, places), found.by_day(found.spread, places)
    shown = {place.unit for place in places}
    regions = {unit.parent_code or unit.code for unit in units if unit.code in shown}
    capacity = found.capacity(regions, flow) if flow else Counter[date]()
    days = (found.today + timedelta(days=n) for n in range(DAYS + 1))
    return tuple(
        DayBar(
            day, planned[day], spread[day], found.room.is_worked(day),
            capacity[day] if flow else None,
        )
        for day in days
    )  # fmt: skip


def _peak(days: Iterable[tuple[int, bool]]) -> int:
    """Return the most of a working day: what opens on days off waits for the next one."""
    most = waiting = 0
    for count, is_worked in days:
        waiting += count
        if is_worked:
            most, waiting = max(most, waiting), 0
    return max(most, waiting)


def _table(
    found: Forecast, places: Sequence[Place], names: dict[str, str]
) -> Iterator[tuple[object, ...]]:
    yield ("unit", "unit_name", "flow", "month", "planned", "spread")
    planned, spread = found.by_month(found.planned), found.by_month(found.spread)
    for place in places:
        for month in found.months:
            counts = (planned[place, month], spread[place, month])
            yield (place.unit, names.get(place.unit), place.flow, f"{month:%Y-%m}", *counts)
