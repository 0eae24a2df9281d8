"""Messages that were given up (messages bloqués): looked at, and tried again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from fastapi import APIRouter, Request, Response

from medcontrol import outbox
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from medcontrol.queries.administration import OutboxState
from medcontrol.queries.administration_loading import dead_ids, load_outbox
from medcontrol.services.event_replay import Span, count_told, tell_again
from medcontrol.vocabulary import Role
from ui.forms import as_day, text_of, uuids_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted

router = APIRouter(prefix="/outbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPage:
    """What waits, what was given up, and the events of some days that could be told again."""

    state: OutboxState
    today: date
    is_told: bool  # whether anybody is told events
    typed: Mapping[str, str] = field(default_factory=dict)
    found: Mapping[str, int] | None = None  # told events of the span by name
    errors: Mapping[str, str] = field(default_factory=dict)


@router.get("")
def show(request: Request, visitor: Me) -> Response:
    """Draw what waits and what was given up; with days, how many events they hold."""
    visitor.must_have(Role.ADMINISTRATOR)
    typed = {name: text_of(request.query_params, name, 64) for name in ("first", "last", "event")}
    found: Mapping[str, int] | None = None
    errors: dict[str, str] = {}
    with read_only() as session:
        state = load_outbox(session, now=visitor.now)
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
    span = _span({name: text_of(form, name, 64) for name in ("first", "last", "event")})
    with transaction() as session:
        place = visitor.site.jurisdiction
        done = tell_again(session, span, jurisdiction=place, now=visitor.now)
    return see_other("/outbox", "outbox.replayed", done)


def _span(typed: Mapping[str, str]) -> Span:
    first, last = as_day(typed["first"]), as_day(typed["last"])
    if first is None:
        raise InvalidInput("a day", field="first")
    if last is None:
        raise InvalidInput("a day", field="last")
    return Span(first=first, last=last, event=typed["event"])


@router.post("/revive")
def revive(request: Request, visitor: Me, form: Posted) -> Response:
    """Try the ticked messages again, or all of them."""
    visitor.must_have(Role.ADMINISTRATOR)
    with transaction() as session:
        is_all = text_of(form, "do", 8) == "all"
        ids = dead_ids(session) if is_all else uuids_of(form, "message")
        done = sum(outbox.revive(session, each, now=visitor.now) for each in ids)
    if not ids:
        return see_other("/outbox", "nothing.selected")
    return see_other("/outbox", "outbox.revived", done)
