"""Messages that were given up (messages bloqués): looked at, and tried again."""

from fastapi import APIRouter, Request, Response

from medcontrol import outbox
from medcontrol.db import read_only, transaction
from medcontrol.queries.administration_loading import dead_ids, load_outbox
from medcontrol.vocabulary import Role
from ui.forms import text_of, uuids_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted

router = APIRouter(prefix="/outbox")


@router.get("")
def show(request: Request, visitor: Me) -> Response:
    """Draw what waits and what was given up."""
    visitor.must_have(Role.ADMINISTRATOR)
    with read_only() as session:
        page = load_outbox(session, now=visitor.now)
    return render(request, "administration/outbox.html", page)


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
