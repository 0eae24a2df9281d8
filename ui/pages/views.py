"""Views of lists, saved for oneself, for a unit or for a role (vues enregistrées)."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from medcontrol.queries.saved_views import (
    ListedView,
    RoleView,
    load_role_views,
    load_shared_views,
)
from medcontrol.services import saved_views
from medcontrol.services.saved_views import LISTS, SaveView
from medcontrol.vocabulary import Role
from ui.forms import as_uuid, is_ticked, member_of, text_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted

router = APIRouter(prefix="/views")


@dataclass(frozen=True, slots=True)
class RolesPage:
    """What each list opens with for each role, and the views that may be made so."""

    views: tuple[RoleView, ...]
    shared: dict[str, tuple[ListedView, ...]]


@router.get("/roles")
def show_roles(request: Request, visitor: Me) -> Response:
    """Draw what the lists open with, role by role."""
    visitor.must_have(Role.ADMINISTRATOR)
    places = [(path, role) for path, roles in LISTS.items() for role in roles]
    with read_only() as session:
        page = RolesPage(load_role_views(session, places), load_shared_views(session))
    return render(request, "administration/role_views.html", page)


@router.post("/roles")
def set_for_role(visitor: Me, form: Posted) -> Response:
    """Let a list open with a shared view for everyone of a role, or with none."""
    visitor.must_have(Role.ADMINISTRATOR)
    role = member_of(form, "role", Role)
    if role is None:
        raise InvalidInput("a role", field="role")
    chosen = text_of(form, "view", 40)
    source = as_uuid(chosen)
    if chosen and source is None:
        raise InvalidInput("a shared view, or none", field="view")
    with transaction() as session:
        saved_views.set_for_role(
            session, visitor.principal, role, text_of(form, "path", 64), source, now=visitor.now
        )
    return see_other("/views/roles", "saved")


@router.post("")
def save(visitor: Me, form: Posted) -> Response:
    """Keep the filters, order and columns of a list under a name."""
    wanted = SaveView(
        path=text_of(form, "path", 64),
        name=text_of(form, "name", 200),
        address=text_of(form, "address", saved_views.LONGEST_ADDRESS + 1),
        unit_code=text_of(form, "unit", 64),
    )
    with transaction() as session:
        view = saved_views.save_view(session, visitor.principal, wanted, now=visitor.now)
        if is_ticked(form, "is_default"):
            saved_views.choose(session, visitor.principal, view.id, is_chosen=True)
        address = view.path + view.address
    return see_other(address, "saved")


@router.post("/{view_id}/default")
def set_default(visitor: Me, form: Posted, view_id: UUID) -> Response:
    """Let the list open with a view, or with everything again."""
    with transaction() as session:
        view = saved_views.choose(
            session, visitor.principal, view_id, is_chosen=is_ticked(form, "is_default")
        )
        address = view.path + view.address
    return see_other(address, "saved")


@router.post("/{view_id}/remove")
def remove(visitor: Me, form: Posted, view_id: UUID) -> Response:
    """Forget a view; the list keeps showing what it held."""
    with transaction() as session:
        view = saved_views.remove_view(session, visitor.principal, view_id)
        address = view.path + view.address
    return see_other(address, "removed")
