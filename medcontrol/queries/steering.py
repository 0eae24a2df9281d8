"""Steering (pilotage): a fund's figures by month, level, flow and region, past days and today.

Past days come from months that are counted at night (``services.steering``); what happened since
is counted when somebody asks. So a page costs what one day costs, however many files there are.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session, col, select

from medcontrol.errors import InvalidInput
from medcontrol.model import SteeringMonth
from medcontrol.policy import Principal
from medcontrol.queries.agreement import WATCHERS, Compared, compared, fewest_pairs, scope_of
from medcontrol.rules.agreement import Agreement, agreement
from medcontrol.rules.calendar import WorkingCalendar, add_months
from medcontrol.steering_counts import Cell, Figures, count_days
from medcontrol.vocabulary import ControlLevel

GROUPS = ("month", "level", "flow", "region")
LONGEST_MONTHS = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class SteeringFilters:
    """Which months, and which cells.

    Attributes:
        first, last: first days of the first and the last month.
        level, flow, region: empty for all.
        group: what the table's lines are.

    Raises:
        InvalidInput: the last month precedes the first, or there are too many of them.
    """

    first: date
    last: date
    level: str = ""
    flow: str = ""
    region: str = ""
    group: str = "month"

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        if self.last < self.first:
            raise InvalidInput("the last month precedes the first", field="last")
        if add_months(self.first, LONGEST_MONTHS) <= self.last:
            raise InvalidInput(f"at most {LONGEST_MONTHS} months", field="first")

    def takes(self, cell: Cell) -> bool:
        """Whether a cell is among what is asked for."""
        asked = (self.level, self.flow, self.region)
        return all(not one or one == has for one, has in zip(asked, cell, strict=True))

    @property
    def months(self) -> list[date]:
        """First days of the months, in order."""
        found, month = [], self.first
        while month <= self.last:
            found.append(month)
            month = add_months(month, 1)
        return found


@dataclass(slots=True)
class SteeringLine:
    """Figures of a group; ``agreement`` is None below the fewest readings."""

    key: str
    figures: Figures = field(default_factory=Figures)
    readings: int = 0
    agreement: Agreement | None = None

    @property
    def median(self) -> int | None:
        """Working days within which half of the closed files were closed."""
        return self.figures.days_below(0.5)

    @property
    def p90(self) -> int | None:
        """Working days within which nine of ten closed files were closed."""
        return self.figures.days_below(0.9)


@dataclass(frozen=True, slots=True)
class Steering:
    """What a page of steering draws."""

    lines: list[SteeringLine]
    total: SteeringLine
    cells: list[tuple[str, Cell, Figures]]  # month, cell: what an export holds
    through: date | None  # last day that was counted at night


def regions_of(principal: Principal) -> frozenset[str] | None:
    """Return the regions that somebody steers; None for all of them."""
    grants = [grant for grant in principal.grants if grant.role in WATCHERS]
    if any(grant.level is ControlLevel.CENTRAL for grant in grants):
        return None
    return frozenset(g.unit_code for g in grants if g.level is ControlLevel.REGIONAL)


def steering(
    session: Session,
    principal: Principal,
    filters: SteeringFilters,
    jurisdiction: str,
    *,
    today: date,
    calendar: WorkingCalendar,
) -> Steering:
    """Return the figures of what somebody steers, today's included."""
    own = regions_of(principal)
    kept, through = _kept(session, filters, jurisdiction)
    cells: list[tuple[str, Cell, Figures]] = []
    for month in filters.months:
        found = kept.get(month.isoformat()[:7], {})
        _add_live(session, found, month, through, jurisdiction, today, calendar)
        cells += [
            (month.isoformat()[:7], cell, figures)
            for cell, figures in sorted(found.items())
            if cell[1] and filters.takes(cell) and (own is None or cell[2] in own)
        ]
    until = add_months(filters.last, 1) - timedelta(days=1)
    pairs = compared(session, scope_of(principal), jurisdiction, since=filters.first, until=until)
    pairs = [each for each in pairs if filters.takes((each.level, each.flow, each.region))]
    fewest = fewest_pairs(jurisdiction, today)
    lines = _lines(cells, pairs, filters, fewest)
    return Steering(lines, _total(cells, pairs, fewest), cells, max(through.values(), default=None))


def _kept(
    session: Session, filters: SteeringFilters, jurisdiction: str
) -> tuple[dict[str, dict[Cell, Figures]], dict[str, date]]:
    rows = session.exec(
        select(SteeringMonth).where(
            SteeringMonth.jurisdiction == jurisdiction,
            col(SteeringMonth.month).in_([month.isoformat()[:7] for month in filters.months]),
        )
    )
    found: dict[str, dict[Cell, Figures]] = defaultdict(dict)
    through: dict[str, date] = {}
    for row in rows:
        cell = row.level, row.flow, row.region_code
        found[row.month][cell] = Figures.from_json(row.figures)
        through[row.month] = row.through
    return dict(found), through


def _add_live(
    session: Session, found: dict[Cell, Figures], month: date, through: dict[str, date],
    jurisdiction: str, today: date, calendar: WorkingCalendar,
) -> None:  # fmt: skip
    """Count the days of a month that no night has counted yet."""
    last = min(add_months(month, 1) - timedelta(days=1), today)
    known = through.get(month.isoformat()[:7])
    first = month if known is None else known + timedelta(days=1)
    if first > last:
        return
    for cell, figures in count_days(session, jurisdiction, first, last, calendar).items():
        found.setdefault(cell, Figures()).add(figures)


_KEYS: dict[str, Callable[[str, Cell], str]] = {
    "month": lambda month, _: month,
    "level": lambda _, cell: cell[0],
    "flow": lambda _, cell: cell[1],
    "region": lambda _, cell: cell[2],
}
_PAIR_KEYS: dict[str, Callable[[Compared], str]] = {
    "month": lambda each: each.month,
    "level": lambda each: each.level,
    "flow": lambda each: each.flow,
    "region": lambda each: each.region,
}


def _lines(
    cells: Iterable[tuple[str, Cell, Figures]], pairs: Iterable[Compared],
    filters: SteeringFilters, fewest: int,
) -> list[SteeringLine]:  # fmt: skip
    lines: dict[str, SteeringLine] = {}
    if filters.group == "month":
        lines = {key: SteeringLine(key) for m in filters.months if (key := m.isoformat()[:7])}
    for month, cell, figures in cells:
        key = _KEYS[filters.group](month, cell)
        lines.setdefault(key, SteeringLine(key)).figures.add(figures)
    groups: dict[str, list[Compared]] = defaultdict(list)
    for each in pairs:
        groups[_PAIR_KEYS[filters.group](each)].append(each)
    for key, group in groups.items():
        _compare(lines.setdefault(key, SteeringLine(key)), group, fewest)
    return [lines[key] for key in _in_order(lines, filters.group)]


def _in_order(lines: dict[str, Any], group: str) -> list[str]:
    if group == "level":
        return [level.value for level in ControlLevel if level.value in lines]
    return sorted(lines)


def _compare(line: SteeringLine, group: list[Compared], fewest: int) -> None:
    line.readings = len(group)
    line.agreement = agreement((each.pair for each in group), fewest=fewest)


def _total(
    cells: Iterable[tuple[str, Cell, Figures]], pairs: list[Compared], fewest: int
) -> SteeringLine:
    total = SteeringLine("")
    for _, _, figures in cells:
        total.figures.add(figures)
    _compare(total, pairs, fewest)
    return total
