"""Rooms of units in which people are received (cabinets)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.errors import AlreadyDone, InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.model import Room, Unit
from medcontrol.services import tables
from medcontrol.services.code_uses import count_each

_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class RoomLine:
    """A room with its unit's name, and the open files for which somebody is booked there."""

    room: Room
    unit_name: str
    files: int


def list_rooms(session: Session, jurisdiction: str) -> Sequence[RoomLine]:
    """Return all rooms by unit and code, those out of use too."""
    rows = session.execute(
        sa.select(Room, col(Unit.name))
        .join(Unit, col(Unit.code) == col(Room.unit_code))
        .where(col(Unit.jurisdiction) == jurisdiction)
        .order_by(Unit.name, Room.code)
    )
    found = [(room, name) for room, name in rows]
    files = count_each(session, jurisdiction, "room", [room.id for room, _ in found])
    return [RoomLine(room, name, files.get(str(room.id), 0)) for room, name in found]


def add_room(
    session: Session, jurisdiction: str, unit: str, code: str, name: str, *, is_accessible: bool
) -> Room:
    """Add a room to an active unit.

    Raises:
        InvalidInput: ``field`` names what is wrong: unit, code or name.
        AlreadyDone: the unit has a room of this code.
    """
    found = session.get(Unit, unit) if unit else None
    if found is None or not found.is_active or found.jurisdiction != jurisdiction:
        raise InvalidInput("there is no such unit", field="unit")
    code, problem = _code(code)
    if problem:
        raise InvalidInput(problem, field="code")
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidInput(f"a name of 1 to {_LONGEST_NAME} characters is needed", field="name")
    same = select(Room).where(Room.unit_code == unit, Room.code == code)
    if session.exec(same).first() is not None:
        raise AlreadyDone(f"the unit has a room {code} already", field="code")
    room = Room(id=new_id(), unit_code=unit, code=code, name=name, is_accessible=is_accessible)
    session.add(room)
    session.flush()
    return room


def set_room(session: Session, room_id: UUID, *, is_active: bool, is_accessible: bool) -> None:
    """Take a room out of use or into use again; what is booked there stays.

    Raises:
        NotFound: there is no such room.
    """
    room = session.get(Room, room_id, with_for_update=True)
    if room is None:
        raise NotFound(f"no room {room_id}")
    room.is_active, room.is_accessible = is_active, is_accessible
    session.flush()


def _code(text: str) -> tuple[str, str | None]:
    try:
        return str(tables.code(text.strip())), None
    except ValueError as error:
        return "", str(error)
