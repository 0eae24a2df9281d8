"""Events of some days told again (rejeu des événements), for a receiver that lost them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from medcontrol.queries.incidents import OutboxNow
from medcontrol.queries.incidents_loading import load_outbox_now
from medcontrol.services.event_replay import Span, count_told, tell_again
from medcontrol.vocabulary import Role
from ui.forms import Sent, as_day, text_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted

router = APIRouter(prefix="/outbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPage:
    """What waits, and the events of some days that could be told again."""

    state: OutboxNow
    today: date
    is_told: bool  # whether anybody is told events
    typed: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[str, int] | None = None  # told events of the span by name
    errors: Mapping[str, str] = field(default_factory=dict)


@router.get("")
def show(request: Request, visitor: Me) -> Response:
    """Draw what waits; with days, how many events they hold."""
    visitor.must_have(Role.ADMINISTRATOR)
    typed = _typed(request.query_params)
    found: Mapping[str, int] | None = None
    errors: dict[str, str] = {}
    with read_only() as session:
        state = load_outbox_now(session, now=visitor.now)
        if typed["first"] or typed["last"]:
            try:
                span = _span(typed)
                found = count_told(session, span, jurisdiction=visitor.site.jurisdiction)
            except InvalidInput as error:
                errors = {error.field or "first": error.code}
    page = OutboxPage(
        state=state, today=visitor.today, typed=typed, found=found, errors=errors,
        is_told=visitor.site.settings.events_url is not None,
    )  # fmt: skip
    status = 422 if errors else 200
    return render(request, "administration/outbox.html", page, status_code=status)


@router.post("/replay")
def replay(visitor: Me, form: Posted) -> Response:
    """Tell the events of some days again, under the same ids.

    Raises:
        InvalidInput: field ``first`` or ``last``.
    """
    visitor.must_have(Role.ADMINISTRATOR)
    span = _span(_typed(form))
    with transaction() as session:
        place = visitor.site.jurisdiction
        done = tell_again(session, span, jurisdiction=place, now=visitor.now)
    return see_other("/outbox", "outbox.replayed", done)


def _typed(sent: Sent) -> dict[str, str]:
    return {name: text_of(sent, name, 64) for name in ("first", "last", "event")}


def _span(typed: Mapping[str, str]) -> Span:
    first, last = as_day(typed["first"]), as_day(typed["last"])
    if first is None:
        raise InvalidInput("a day", field="first")
    if last is None:
        raise InvalidInput("a day", field="last")
    return Span(first=first, last=last, event=typed["event"])
