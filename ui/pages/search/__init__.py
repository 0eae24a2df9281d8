"""Search by several criteria, and its export; only what the policy lets one see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.datastructures import QueryParams

from medcontrol.db import read_only
from medcontrol.errors import InvalidInput
from medcontrol.queries.administration_loading import load_units
from medcontrol.queries.csv_export import CSV, to_csv
from medcontrol.queries.files import FileRow
from medcontrol.queries.search import (
    EXPORT_LIMIT,
    SearchFilters,
    TooManyRows,
    count,
    export,
    search,
)
from medcontrol.queries.worklist import Paging
from medcontrol.reference.flows import flows
from medcontrol.vocabulary import ControlFileStatus, ControlLevel, Jurisdiction, Lane
from ui.downloads import saved
from ui.forms import Errors, as_day, is_ticked, members_of, text_of, texts_of
from ui.pages.search.meanings import meanings_of
from ui.pages.search.timeline import Timeline, load_timeline, one_person
from ui.rendering import render
from ui.visitors import Me, Visitor

router = APIRouter(prefix="/search")

SIZE = 50
TEXTS = ("reference", "registration_number", "name", "national_id", "provider", "agency")
DAYS = ("received_from", "received_to", "opened_from", "opened_to", "due_from", "due_to",
        "closed_from", "closed_to")  # fmt: skip


@dataclass(frozen=True, slots=True)
class SearchPage:
    """The form as it was filled in, and what was found."""

    typed: Mapping[str, str]
    chosen: Mapping[str, tuple[str, ...]]
    is_urgent: bool
    units: Mapping[str, str]
    flows: Sequence[str]
    rows: Sequence[FileRow]
    paging: Paging | None
    query: str
    may_export: bool
    errors: Mapping[str, str] = field(default_factory=dict)
    statuses: Sequence[ControlFileStatus] = tuple(ControlFileStatus)
    levels: Sequence[ControlLevel] = tuple(ControlLevel)
    lanes: Sequence[Lane] = tuple(Lane)
    natures: Sequence[str] = ()
    timeline: Timeline | None = None

    def address(self, **changes: object) -> str:
        """Return the query string of the next or the last page."""
        after = str(changes.get("after", ""))
        return f"?{self.query}" + (f"&{urlencode({'after': after})}" if after else "")

    @property
    def has_more(self) -> bool:
        """Whether a criterion of the folded part is set."""
        names = ("national_id", "provider", *DAYS)
        folded = any(self.typed.get(name) for name in names)
        return folded or self.is_urgent or bool(self.chosen["nature"] or self.chosen["level"])


@dataclass(frozen=True, slots=True)
class _Found:
    """What one meaning of what was typed finds; ``paging`` is None when nothing was asked."""

    query: QueryParams
    rows: Sequence[FileRow] = ()
    paging: Paging | None = None
    timeline: Timeline | None = None


@router.get("")
def show(request: Request, visitor: Me) -> Response:
    """Draw the form, and what was found when something was asked."""
    meanings = meanings_of(request.query_params)
    try:
        found = _first_found(visitor, meanings)
    except InvalidInput as error:
        errors = {error.field or "reference": "invalid_input"}
        return _draw(request, visitor, _Found(meanings[0]), errors)
    wanted = text_of(request.query_params, "q", 120).upper()
    if len(found.rows) == 1 and found.rows[0].reference == wanted:
        return RedirectResponse(f"/files/{wanted}", status_code=303)
    return _draw(request, visitor, found)


def _first_found(visitor: Visitor, meanings: Sequence[QueryParams]) -> _Found:
    """Return what the first meaning finds that finds anything; what is hidden counts for none."""
    with read_only() as session:
        tried = (_find(session, visitor, each) for each in meanings)
        first = next(tried)
        return first if first.rows else next((each for each in tried if each.rows), first)


def _find(session: Session, visitor: Visitor, query: QueryParams) -> _Found:
    filters, principal = _filters(visitor, query), visitor.principal
    if filters.is_empty:
        return _Found(query)
    after = text_of(query, "after", 400)
    found = search(session, principal, filters, after=after, size=SIZE)
    total = count(session, principal, filters)
    last = found.first + len(found.rows) - 1
    paging = Paging(
        first=found.first if found.rows else 0, last=last if found.rows else 0, total=total,
        previous=found.previous, next=found.next,
    )  # fmt: skip
    number = "" if after else one_person(filters.registration_number, found.rows, total)
    timeline = load_timeline(session, principal, number) if number else None
    return _Found(query, found.rows, paging, timeline)


@router.get("/export.csv")
def export_csv(request: Request, visitor: Me) -> Response:
    """Return every file found as CSV, headings in the reader's language."""
    query = meanings_of(request.query_params)[0]
    filters = _filters(visitor, query)
    try:
        with read_only() as session:
            rows = list(export(session, visitor.principal, filters))
    except TooManyRows:
        return _draw(request, visitor, _Found(query), {"reference": "export.too_many_rows"})
    return saved(to_csv(rows), f"medcontrol-{visitor.today:%Y-%m-%d}.csv", CSV)


def _filters(visitor: Visitor, query: QueryParams) -> SearchFilters:
    """Return the criteria; a day that is none is named.

    Raises:
        InvalidInput: names the field.
    """
    given: dict[str, Any] = {name: text_of(query, name, 200) for name in TEXTS}
    for name in DAYS:
        text = text_of(query, name, 10)
        given[name] = as_day(text)
        if text and given[name] is None:
            raise InvalidInput("no such day", field=name)
    return SearchFilters(
        **given,
        flow=tuple(texts_of(query, "flow", 64)),
        nature=tuple(texts_of(query, "nature", 64)),
        status=members_of(query, "status", ControlFileStatus),
        level=members_of(query, "level", ControlLevel),
        lane=members_of(query, "lane", Lane),
        urgent=is_ticked(query, "urgent"),
        jurisdiction=Jurisdiction(visitor.site.jurisdiction),
    )


def _draw(
    request: Request, visitor: Visitor, found: _Found, errors: Mapping[str, str] | None = None
) -> Response:
    query, paging = found.query, found.paging
    jurisdiction = visitor.site.jurisdiction
    with read_only() as session:
        units = load_units(session, jurisdiction)
    here = [flow for flow in flows().values() if jurisdiction in flow.jurisdictions]
    lists = ("flow", "nature", "status", "level", "lane")
    kept = [(name, value) for name, value in query.multi_items() if name != "after" and value]
    page = SearchPage(
        typed={name: text_of(query, name, 200) for name in (*TEXTS, *DAYS)},
        chosen={name: tuple(texts_of(query, name, 64)) for name in lists},
        is_urgent=is_ticked(query, "urgent"),
        units=units,
        flows=[flow.code for flow in here],
        rows=found.rows,
        paging=paging,
        query=urlencode(kept),
        may_export=paging is not None and 0 < paging.total <= EXPORT_LIMIT,
        errors=Errors(errors or {}),
        timeline=found.timeline,
        natures=list(dict.fromkeys(nature for flow in here for nature in flow.natures)),
    )
    return render(request, "search/search.html", page, status_code=422 if errors else 200)
