"""The page of steering and its exports (pilotage)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from assignment.statements import month_of
from medcontrol.db import read_only
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.policy import Principal
from medcontrol.queries.agreement import WATCHERS, fewest_pairs, region_names
from medcontrol.queries.steering import (
    GROUPS,
    LONGEST_MONTHS,
    Steering,
    SteeringFilters,
    SteeringLine,
    regions_of,
    steering,
)
from medcontrol.reference.flows import flows
from medcontrol.rules.calendar import add_months
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import ControlLevel, DecisionOutcome, Role
from ui.downloads import saved
from ui.figure_tables import TYPES
from ui.forms import Sent, text_of
from ui.pages.steering.charts import Bars, bars_of
from ui.pages.steering.exports import Words, export
from ui.quality_words import FIGURES
from ui.rendering import render
from ui.visitors import Me, Visitor

router = APIRouter(prefix="/steering")


@dataclass(frozen=True, slots=True, kw_only=True)
class SteeringPage:
    """What the page draws."""

    filters: SteeringFilters
    found: Steering
    flows: tuple[str, ...]
    regions: Mapping[str, str]
    outcomes: tuple[DecisionOutcome, ...]
    volumes: Bars
    fewest: int
    may_list: bool
    is_today_in: bool
    groups: tuple[str, ...] = GROUPS
    levels: tuple[ControlLevel, ...] = tuple(ControlLevel)

    @property
    def figures(self) -> Mapping[str, tuple[str, str, str]]:
        """Title, unit and definition of every figure."""
        return FIGURES

    @staticmethod
    def month(key: str) -> date:
        """First day of the month that a line is about."""
        return date.fromisoformat(f"{key}-01")

    def short(self, key: str) -> str:
        """A month as an axis has room for it, 11/26; empty for what is no month."""
        return f"{key[5:7]}/{key[2:4]}" if self.filters.group == "month" else ""

    @staticmethod
    def level(key: str) -> ControlLevel:
        """Level that a line is about."""
        return ControlLevel(key)

    @property
    def query(self) -> str:
        """The filters as an address part."""
        return urlencode(_pairs(self.filters))

    def listed(self, line: SteeringLine, event: str) -> str:
        """Address of the files behind a figure: ``received``, ``opened`` or ``closed``."""
        chosen, last = self.filters, self.filters.last
        first, level, flow, region = chosen.first, chosen.level, chosen.flow, chosen.region
        if chosen.group == "month":
            first = last = date.fromisoformat(f"{line.key}-01")
        elif chosen.group == "level":
            level = line.key
        elif chosen.group == "flow":
            flow = line.key
        else:
            region = line.key
        until = add_months(last, 1) - timedelta(days=1)
        pairs = {f"{event}_from": first.isoformat(), f"{event}_to": until.isoformat(),
                 "level": level, "flow": flow, "agency": region}  # fmt: skip
        return "/search?" + urlencode({name: value for name, value in pairs.items() if value})


@router.get("")
def show_steering(request: Request, visitor: Me) -> Response:
    """Draw the figures of what one steers."""
    visitor.must_have(*WATCHERS)
    filters = filters_of(request.query_params, visitor.today)
    with read_only() as session:
        page = _page(session, visitor, filters)
    return render(request, "steering/steering.html", page)


def _page(session: Session, visitor: Visitor, filters: SteeringFilters) -> SteeringPage:
    place, today = visitor.site.jurisdiction, visitor.today
    found = _read(session, visitor, filters)
    own = regions_of(visitor.principal)
    names = region_names(session, place)
    seen = {code for line in found.lines for code in line.figures.outcomes}
    return SteeringPage(
        filters=filters,
        found=found,
        flows=tuple(code for code, flow in flows().items()
                    if place in flow.jurisdictions and not flow.is_internal),
        regions={code: name for code, name in names.items() if own is None or code in own},
        outcomes=tuple(one for one in DecisionOutcome if one.value in seen),
        volumes=bars_of(found.lines),
        fewest=fewest_pairs(place, today),
        may_list=_may_list(visitor.principal),
        is_today_in=filters.last >= today.replace(day=1),
    )  # fmt: skip


def _may_list(principal: Principal) -> bool:
    """Whether the lists behind the figures are theirs to see; the policy decides on each file."""
    return principal.has(*(WATCHERS - {Role.AUDITOR}))


def _read(session: Session, visitor: Visitor, filters: SteeringFilters) -> Steering:
    place = visitor.site.jurisdiction
    return steering(
        session, visitor.principal, filters, place, today=visitor.today,
        calendar=working_calendar(session, place),
    )  # fmt: skip


@router.get("/export/{form}")
def export_steering(request: Request, visitor: Me, form: str) -> Response:
    """Return the cells behind the page as xlsx, csv or parquet, each figure with its definition."""
    visitor.must_have(*WATCHERS)
    if form not in TYPES:
        raise NotFound("exports are xlsx, csv and parquet", field="form")
    filters = filters_of(request.query_params, visitor.today)
    with read_only() as session:
        found = _read(session, visitor, filters)
        names = region_names(session, visitor.site.jurisdiction)
    content = export(form, found, filters.group, Words(request.state.shell.language, names))
    name = f"steering-{filters.first:%Y-%m}-{filters.last:%Y-%m}.{form}"
    return saved(content, name, TYPES[form])


def filters_of(sent: Sent, today: date) -> SteeringFilters:
    """Return the filters of an address; the last twelve months when it names none."""
    last = _month(text_of(sent, "last", 7)) or today.replace(day=1)
    first = _month(text_of(sent, "first", 7)) or add_months(last, -11)
    if last < first:
        first, last = last, first
    first = max(first, add_months(last, 1 - LONGEST_MONTHS))
    group, level = text_of(sent, "group", 10), text_of(sent, "level", 10)
    flow = text_of(sent, "flow", 64)
    return SteeringFilters(
        first=first, last=last,
        level=level if level in set(ControlLevel) else "",
        flow=flow if flow in flows() else "",
        region=text_of(sent, "region", 64),
        group=group if group in GROUPS else GROUPS[0],
    )  # fmt: skip


def _month(text: str) -> date | None:
    try:
        return month_of(text)
    except InvalidInput:
        return None


def _pairs(filters: SteeringFilters) -> dict[str, str]:
    pairs = {"first": f"{filters.first:%Y-%m}", "last": f"{filters.last:%Y-%m}",
             "level": filters.level, "flow": filters.flow, "region": filters.region,
             "group": filters.group}  # fmt: skip
    return {name: value for name, value in pairs.items() if value}
