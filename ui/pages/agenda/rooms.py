"""Rooms in which people are received: listed, added, taken out of use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import AlreadyDone, InvalidInput
from medcontrol.queries.administration_loading import load_units
from medcontrol.services.rooms import RoomLine, add_room, list_rooms, set_room
from medcontrol.vocabulary import Role
from ui.forms import Errors, is_ticked, text_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/rooms")
WRITERS = (Role.ADMINISTRATOR, Role.REFERENCE_MANAGER)


@dataclass(frozen=True, slots=True)
class RoomsPage:
    """All rooms, and the form of a new one."""

    rooms: Sequence[RoomLine]
    units: Mapping[str, str]
    typed: Mapping[str, str]
    errors: Mapping[str, str] = field(default_factory=dict)


@router.get("")
def show(request: Request, visitor: Me) -> Response:
    """Draw the rooms of all units."""
    visitor.must_have(*WRITERS)
    return _draw(request, visitor, {}, {})


@router.post("")
def add(request: Request, visitor: Me, form: Posted) -> Response:
    """Add a room."""
    visitor.must_have(*WRITERS)
    typed = {name: text_of(form, name, 100) for name in ("unit", "code", "name")}
    typed["accessible"] = "1" if is_ticked(form, "accessible") else ""
    try:
        with transaction() as session:
            add_room(
                session, visitor.site.jurisdiction, typed["unit"], typed["code"], typed["name"],
                is_accessible=bool(typed["accessible"]),
            )  # fmt: skip
    except (InvalidInput, AlreadyDone) as error:
        name = error.field or "name"
        code = "code_taken" if isinstance(error, AlreadyDone) else "invalid_input"
        code = code if typed.get(name) else "required"
        return _draw(request, visitor, typed, {name: code})
    return see_other("/rooms", "created")


@router.post("/{room_id}")
def change(request: Request, visitor: Me, form: Posted, room_id: UUID) -> Response:
    """Take a room out of use or into use again, or say whether a wheelchair gets in."""
    visitor.must_have(*WRITERS)
    with transaction() as session:
        set_room(
            session, room_id, is_active=is_ticked(form, "active"),
            is_accessible=is_ticked(form, "accessible"),
        )  # fmt: skip
    return see_other("/rooms", "saved")


def _draw(
    request: Request, visitor: Visitor, typed: Mapping[str, str], errors: Mapping[str, str]
) -> Response:
    with read_only() as session:
        rooms = list_rooms(session, visitor.site.jurisdiction)
        units = load_units(session, visitor.site.jurisdiction)
    page = RoomsPage(rooms, units, typed, Errors(errors))
    return render(request, "agenda/rooms.html", page, status_code=422 if errors else 200)
