"""What fails, in groups (incidents): looked at, tried again with an outcome each, explained."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import NotFound
from medcontrol.ids import new_id
from medcontrol.queries.incident_retries import find_retry, load_retry_items, recent_retries
from medcontrol.queries.incidents import Incident, IncidentItem, OutboxNow, RetryItem, RetryRow
from medcontrol.queries.incidents_loading import (
    MOST,
    SHOWN,
    find_incident,
    load_incidents,
    load_items,
    load_outbox_now,
)
from medcontrol.services import schedule
from medcontrol.vocabulary import IncidentKind, Role
from ui.forms import as_uuid, text_of, uuids_of
from ui.notices import see_other
from ui.rendering import render
from ui.runbook import RUNBOOK, Chapter
from ui.visitors import Me, Posted
from workflows.incident_retries import ask
from workflows.watching import WATCH

router = APIRouter(prefix="/incidents")
#: A page that waits asks again for so long; then no worker is at it.
_PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """Everything that fails now, and what was tried again lately."""

    incidents: list[Incident]
    retries: list[RetryRow]
    outbox: OutboxNow
    watched_at: datetime | None

    @property
    def given_up(self) -> int:
        """How many things nobody tries any more."""
        return sum(each.given_up for each in self.incidents)

    @property
    def tried_again(self) -> int:
        """How many are tried again by themselves."""
        return sum(each.tried_again for each in self.incidents)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentPage:
    """One incident with what it holds, the oldest first. ``next_id``: of the retry it may ask."""

    incident: Incident
    items: list[IncidentItem]
    chapter: Chapter
    next_id: UUID
    most: int = MOST

    @property
    def address(self) -> str:
        """The page itself."""
        return f"/incidents/{self.incident.fingerprint.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPage:
    """What became of each thing that was tried again."""

    retry: RetryRow
    items: list[RetryItem]
    is_busy: bool

    @property
    def address(self) -> str:
        """The page itself."""
        return f"/incidents/retries/{self.retry.id}"


@dataclass(frozen=True, slots=True)
class RunbookPage:
    """Every kind of incident with its chapter."""

    chapters: Mapping[IncidentKind, Chapter]


@router.get("")
def show_list(request: Request, visitor: Me) -> Response:
    """Draw what fails now in groups, the one that failed last above."""
    visitor.must_have(Role.ADMINISTRATOR)
    with read_only() as session:
        page = ListPage(
            incidents=load_incidents(session, now=visitor.now),
            retries=recent_retries(session, now=visitor.now),
            outbox=load_outbox_now(session, now=visitor.now),
            watched_at=schedule.last_run(session, WATCH),
        )
    return render(request, "administration/incidents.html", page)


@router.get("/runbook")
def show_runbook(request: Request, visitor: Me) -> Response:
    """Draw what each kind of incident means, and what to do."""
    visitor.must_have(Role.ADMINISTRATOR)
    return render(request, "administration/runbook.html", RunbookPage(RUNBOOK))


@router.get("/retries/{retry_id}")
def show_retry(request: Request, visitor: Me, retry_id: UUID) -> Response:
    """Draw what became of each thing that was tried again, so far.

    Raises:
        NotFound: there is no such retry, or it was long ago.
    """
    visitor.must_have(Role.ADMINISTRATOR)
    with read_only() as session:
        retry = find_retry(session, retry_id)
        if retry is None:
            raise NotFound(f"no retry {retry_id}")
        items = load_retry_items(session, retry_id, principal=visitor.principal, most=SHOWN)
    is_busy = bool(retry.waiting) and visitor.now - retry.asked_at < _PATIENCE
    page = RetryPage(retry=retry, items=items, is_busy=is_busy)
    return render(request, "administration/incident_retry.html", page)


@router.get("/{key}")
def show(request: Request, visitor: Me, key: str) -> Response:
    """Draw what one incident holds; to the list when it is over."""
    visitor.must_have(Role.ADMINISTRATOR)
    with read_only() as session:
        incident = find_incident(session, key, now=visitor.now)
        if incident is None:
            return see_other("/incidents", "incident.over")
        items = load_items(
            session, incident.fingerprint, now=visitor.now, principal=visitor.principal
        )
    page = IncidentPage(
        incident=incident, items=items, chapter=RUNBOOK[incident.kind], next_id=new_id()
    )
    return render(request, "administration/incident.html", page)


@router.post("/{key}/retry")
def retry(visitor: Me, form: Posted, key: str) -> Response:
    """Try the ticked things of an incident again, or all; sent twice, it is asked for once."""
    visitor.must_have(Role.ADMINISTRATOR)
    retry_id = as_uuid(text_of(form, "next", 40)) or new_id()
    only = None if text_of(form, "do", 8) == "all" else uuids_of(form, "item")
    if only == []:
        return see_other(f"/incidents/{key[:64]}", "nothing.selected")
    with transaction() as session:
        incident = find_incident(session, key, now=visitor.now)
        if incident is not None:
            ask(session, retry_id, incident, only=only, by=visitor.principal.id, now=visitor.now)
        elif find_retry(session, retry_id) is None:
            return see_other("/incidents", "incident.over")
    return see_other(f"/incidents/retries/{retry_id}")
