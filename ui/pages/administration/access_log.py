"""Who read which medical content (journal des accès), for the auditor."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only
from medcontrol.queries.administration import AccessFilters, Readings
from medcontrol.queries.administration_loading import load_readings
from medcontrol.queries.worklist import Paging
from medcontrol.vocabulary import Role
from ui.forms import day_of, text_of
from ui.rendering import render
from ui.visitors import Me

router = APIRouter(prefix="/access-log")


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of the log."""

    readings: Readings
    filters: AccessFilters
    paging: Paging


@router.get("")
def show(request: Request, visitor: Me) -> Response:
    """Draw the readings that the filters leave."""
    visitor.must_have(Role.AUDITOR)
    query = request.query_params
    filters = AccessFilters(
        who=text_of(query, "who", 100),
        reference=text_of(query, "reference", 64),
        first_day=day_of(query, "first_day"),
        last_day=day_of(query, "last_day"),
        after=text_of(query, "after", 400),
    )
    with read_only() as session:
        found = load_readings(session, filters, jurisdiction=visitor.site.jurisdiction)
    last = found.first + len(found.rows) - 1
    paging = Paging(
        first=found.first if found.rows else 0, last=last if found.rows else 0,
        total=found.total, is_total_exact=found.is_total_exact,
        previous=found.previous, next=found.next,
    )  # fmt: skip
    return render(request, "administration/access_log.html", LogPage(found, filters, paging))
