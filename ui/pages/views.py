"""Views of lists that somebody saves for themselves (vues enregistrées)."""

from uuid import UUID

from fastapi import APIRouter, Response

from medcontrol.db import transaction
from medcontrol.services import saved_views
from ui.forms import is_ticked, text_of
from ui.notices import see_other
from ui.visitors import Me, Posted

router = APIRouter(prefix="/views")


@router.post("")
def save(visitor: Me, form: Posted) -> Response:
    """Keep the filters of a list under a name."""
    with transaction() as session:
        view = saved_views.save_view(
            session, visitor.principal.id, text_of(form, "path", 64), text_of(form, "name", 200),
            text_of(form, "address", saved_views.LONGEST_ADDRESS + 1),
            is_default=is_ticked(form, "is_default"), now=visitor.now,
        )  # fmt: skip
        address = view.path + view.address
    return see_other(address, "saved")


@router.post("/{view_id}/default")
def set_default(visitor: Me, form: Posted, view_id: UUID) -> Response:
    """Let the list open with a view, or with everything again."""
    is_default = is_ticked(form, "is_default")
    with transaction() as session:
        view = saved_views.set_default(
            session, visitor.principal.id, view_id, is_default=is_default
        )
        address = view.path + view.address
    return see_other(address, "saved")


@router.post("/{view_id}/remove")
def remove(visitor: Me, form: Posted, view_id: UUID) -> Response:
    """Forget a view; the list shows everything again."""
    with transaction() as session:
        view = saved_views.remove_view(session, visitor.principal.id, view_id)
        address = view.path + view.address
    return see_other(address, "removed")
