"""Views of a list that somebody finds at its side (vues enregistrées)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.model import SavedView, Unit, UserAccount, ViewChoice
from medcontrol.policy import SHARERS, Principal, sharing_scope, visible_views
from medcontrol.vocabulary import Role

Views: Any = SavedView
Units: Any = Unit
Users: Any = UserAccount
Choices: Any = ViewChoice

#: Counts beside views stop here: "999+" says enough, and costs the same in a fund of any size.
COUNT_LIMIT = 999


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedView:
    """A view at the side of a list.

    Attributes:
        unit_name: with whom it is shared; None for one's own and a role's.
        role: whose list opens with it.
        made_by: who saved it last.
        is_first: the list opens with it for the reader.
        may_remove: its maker's own, or of a unit that the reader supervises.
        count: files that it holds for the reader now, up to ``COUNT_LIMIT`` and one.
    """

    id: UUID
    name: str
    address: str
    made_by: str
    unit_name: str | None = None
    role: Role | None = None
    is_first: bool = False
    may_remove: bool = False
    count: int | None = None

    @property
    def is_own(self) -> bool:
        """Whether nobody else finds it."""
        return self.unit_name is None and self.role is None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharingUnit:
    """A unit with which somebody may share views."""

    code: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewsOfList:
    """The views of a list: one's own first, then shared ones, each by name."""

    path: str
    views: tuple[ListedView, ...] = ()
    units: tuple[SharingUnit, ...] = ()

    @property
    def own(self) -> tuple[ListedView, ...]:
        """Those that nobody else finds."""
        return tuple(view for view in self.views if view.is_own)

    @property
    def shared(self) -> tuple[ListedView, ...]:
        """Those of a unit or a role."""
        return tuple(view for view in self.views if not view.is_own)

    def counted(self, counts: Sequence[int]) -> "ViewsOfList":
        """Return the same with how many files each view holds, in the order of ``views``."""
        pairs = zip(self.views, counts, strict=True)
        return replace(self, views=tuple(replace(view, count=count) for view, count in pairs))

    def at(self, address: str) -> tuple[ListedView, ...]:
        """Return those that hold exactly these filters, order and columns."""
        return tuple(view for view in self.views if view.address == address)


NO_VIEWS = ViewsOfList(path="")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleView:
    """What a list opens with for a role; ``view_id`` is None for the plain list."""

    path: str
    role: Role
    view_id: UUID | None = None
    name: str = ""
    address: str = ""
    made_by: str = ""


def load_views(session: Session, principal: Principal, path: str) -> ViewsOfList:
    """Return the views of a list that somebody finds; one or two statements, no count yet."""
    units = _sharing_units(session, principal) if principal.has(*SHARERS) else ()
    rows = session.execute(
        _found(
            principal, path,
            Views.name, Views.unit_code,
            Users.name.label("made_by"), Units.name.label("unit_name"),
        )
        .join(UserAccount, Users.id == Views.user_id)
        .outerjoin(Unit, Units.code == Views.unit_code)
        .order_by(Views.role.is_not(None), Views.unit_code.is_not(None), Views.name, Views.id)
    ).all()  # fmt: skip
    may = {unit.code for unit in units}
    first = _first(rows)
    return ViewsOfList(
        path=path,
        views=tuple(
            ListedView(
                id=row.id,
                name=row.name,
                address=row.address,
                made_by=row.made_by,
                unit_name=row.unit_name,
                role=row.role,
                is_first=row.id == first,
                may_remove=row.role is None and (row.unit_code is None or row.unit_code in may),
            )
            for row in rows
        ),
        units=units,
    )


def load_role_views(session: Session, places: Collection[tuple[str, Role]]) -> tuple[RoleView, ...]:
    """Return what each list opens with for each role, in the order given."""
    rows = session.execute(
        sa.select(Views.path, Views.role, Views.id, Views.name, Views.address, Users.name)
        .join(UserAccount, Users.id == Views.user_id)
        .where(Views.role.is_not(None))
    )
    found = {(path, role): RoleView(path=path, role=role, view_id=key, name=name,
                                    address=address, made_by=by)
             for path, role, key, name, address, by in rows}  # fmt: skip
    return tuple(found.get((path, role), RoleView(path=path, role=role)) for path, role in places)


def load_shared_views(session: Session) -> dict[str, tuple[ListedView, ...]]:
    """Return every view that a unit shares, by list: what a role's may be made of."""
    rows = session.execute(
        sa.select(
            Views.path, Views.id, Views.name, Views.address, Users.name.label("made_by"),
            Units.name.label("unit_name"),
        )
        .join(UserAccount, Users.id == Views.user_id)
        .join(Unit, Units.code == Views.unit_code)
        .order_by(*_by_level(), Views.name, Views.id)
    ).all()  # fmt: skip
    found: dict[str, tuple[ListedView, ...]] = {}
    for row in rows:
        view = ListedView(
            id=row.id, name=row.name, address=row.address, made_by=row.made_by,
            unit_name=row.unit_name,
        )  # fmt: skip
        found[row.path] = (*found.get(row.path, ()), view)
    return found


def opens_with(session: Session, principal: Principal, path: str) -> str | None:
    """Return the query string that a list opens with for somebody, None for the plain list.

    What one chose comes first, then what is set for one's role; of several roles, the first of
    the vocabulary counts.
    """
    rows = session.execute(_found(principal, path)).all()
    first = _first(rows)
    return next((row.address for row in rows if row.id == first), None)


def _found(principal: Principal, path: str, *more: Any) -> Any:
    """The query of the views of a list that somebody finds, each with what they chose if they did.

    ``chose`` is set when they chose; ``chosen`` is the view then, None for the plain list.
    """
    choice = sa.and_(Choices.user_id == principal.id, Choices.path == Views.path)
    return (
        sa.select(
            Views.id, Views.address, Views.role,
            Choices.user_id.label("chose"), Choices.view_id.label("chosen"), *more,
        )
        .outerjoin(ViewChoice, choice)
        .where(Views.path == path, visible_views(principal))
    )  # fmt: skip


def _first(rows: Collection[Any]) -> UUID | None:
    """Return the view that a list opens with, of those that ``_found`` finds."""
    chose = next((row for row in rows if row.chose is not None), None)
    if chose is not None:
        chosen: UUID | None = chose.chosen
        # It may be of a unit that one has left.
        if chosen is None or any(row.id == chosen for row in rows):
            return chosen
    of_roles = {row.role: row.id for row in rows if row.role is not None}
    return next((of_roles[role] for role in Role if role in of_roles), None)


def _sharing_units(session: Session, principal: Principal) -> tuple[SharingUnit, ...]:
    rows = session.execute(
        sa.select(Units.code, Units.name).where(sharing_scope(principal)).order_by(*_by_level())
    )
    return tuple(SharingUnit(code=row.code, name=row.name) for row in rows)


def _by_level() -> tuple[Any, ...]:
    """Return the order of units: the wider before the narrower."""
    return sa.case({"central": 0, "regional": 1}, value=Units.level, else_=2), Units.name
