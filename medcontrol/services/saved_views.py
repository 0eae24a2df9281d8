"""Keeping the filters, order and columns of a list under a name (vues enregistrées)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.errors import Forbidden, InvalidInput, NotFound
from medcontrol.model import SavedView, Unit, UserAccount, ViewChoice
from medcontrol.policy import Principal, sharing_scope, visible_views
from medcontrol.vocabulary import Role

_CHIEFS = (Role.COORDINATOR, Role.SUPERVISOR)
#: The lists of which views are kept, and the roles that work with each.
LISTS: Mapping[str, tuple[Role, ...]] = {
    "/queue": (Role.AGENT, Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR, Role.SUPERVISOR),
    "/supervision/tasks": _CHIEFS,
}
MOST = 20
LONGEST_NAME = 60
LONGEST_ADDRESS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveView:
    """A view to keep.

    Attributes:
        path: one of ``LISTS``.
        name: 1 to 60 characters.
        address: the list's query string; the place in its pages is not kept.
        unit_code: whose everyone finds it; for its maker alone when empty.
    """

    path: str
    name: str
    address: str
    unit_code: str = ""


def save_view(
    session: Session, principal: Principal, view: SaveView, *, now: datetime
) -> SavedView:
    """Keep a view; the same name again, for the same people, holds the new filters.

    Args:
        session: within the caller's transaction.
        principal: who makes it.
        view: what to keep.
        now: the instant.

    Raises:
        InvalidInput: field ``name``, ``path`` or ``address``; also one view too many.
        Forbidden: a unit that one neither supervises nor coordinates.
    """
    named = " ".join(view.name.split())
    if not 1 <= len(named) <= LONGEST_NAME:
        raise InvalidInput(f"a name of 1 to {LONGEST_NAME} characters", field="name")
    if view.path not in LISTS:
        raise InvalidInput("no list of which views are kept", field="path")
    if len(view.address) > LONGEST_ADDRESS:
        raise InvalidInput(f"at most {LONGEST_ADDRESS} characters", field="address")
    if view.unit_code:
        _lock_unit(session, principal, view.unit_code)
        beside = col(SavedView.unit_code) == view.unit_code
    else:
        _lock_account(session, principal.id)
        beside = _own(principal.id)
    same = {
        each.name: each
        for each in session.exec(select(SavedView).where(SavedView.path == view.path, beside))
    }
    if named not in same and len(same) >= MOST:
        raise InvalidInput(f"at most {MOST} views of a list", field="name")
    kept = same.get(named) or SavedView(
        path=view.path, name=named, unit_code=view.unit_code or None, created_at=now,
        user_id=principal.id, address="?",
    )  # fmt: skip
    kept.user_id = principal.id
    kept.address = _lasting(view.address, is_shared=bool(view.unit_code))
    session.add(kept)
    session.flush()
    return kept


def choose(session: Session, principal: Principal, view_id: UUID, *, is_chosen: bool) -> SavedView:
    """Let a list open with this view for somebody, or no longer.

    Somebody who does not want the view of their role gets the plain list.

    Raises:
        NotFound: no view that this person sees.
    """
    _lock_account(session, principal.id)
    view = _visible(session, principal, view_id, key_share=True)
    choice = session.get(ViewChoice, (principal.id, view.path))
    if is_chosen or view.role is not None:
        choice = choice or ViewChoice(user_id=principal.id, path=view.path)
        choice.view_id = view.id if is_chosen else None
        session.add(choice)
    elif choice is not None:
        session.delete(choice)
    session.flush()
    return view


def remove_view(session: Session, principal: Principal, view_id: UUID) -> SavedView:
    """Forget a view; nobody's list opens with it any longer.

    Raises:
        NotFound: no view that this person sees.
        Forbidden: a unit's, by somebody who neither supervises nor coordinates it; a role's.
    """
    found = session.exec(
        select(SavedView.unit_code, SavedView.role).where(
            SavedView.id == view_id, visible_views(principal)
        )
    ).first()
    unit_code, role = found or (None, None)
    if role is not None:
        raise Forbidden("views of roles are set by administrators")
    if unit_code is not None:
        _lock_unit(session, principal, unit_code)
    else:
        _lock_account(session, principal.id)
    view = _visible(session, principal, view_id)
    _forget(session, view)
    return view


def set_for_role(
    session: Session, principal: Principal, role: Role, path: str, source_id: UUID | None, *,
    now: datetime,
) -> SavedView | None:  # fmt: skip
    """Let a list open with a copy of a unit's view for everyone of a role, or with no view.

    Later changes of the unit's view do not change it.

    Raises:
        Forbidden: by anybody but an administrator.
        InvalidInput: field ``role`` or ``path``: the role does not work with that list.
        NotFound: no shared view of that list.
    """
    if not principal.has(Role.ADMINISTRATOR):
        raise Forbidden("an administrator")
    if path not in LISTS:
        raise InvalidInput("no list of which views are kept", field="path")
    if role not in LISTS[path]:
        raise InvalidInput("this role does not work with the list", field="role")
    # The order in which administrators do this is that of the outermost unit's lock.
    session.exec(
        select(Unit).where(col(Unit.parent_code).is_(None)).with_for_update(key_share=True)
    ).all()
    shared = (SavedView.path == path, col(SavedView.unit_code).is_not(None))
    source = None
    if source_id is not None:
        source = session.exec(select(SavedView).where(SavedView.id == source_id, *shared)).first()
        if source is None:
            raise NotFound(f"no shared view {source_id}", field="view")
    view = session.exec(
        select(SavedView).where(SavedView.path == path, SavedView.role == role)
    ).first()
    if source is None:
        if view is not None:
            _forget(session, view)
        return None
    view = view or SavedView(
        path=path, role=role, name="", address="?", user_id=principal.id, created_at=now
    )
    view.name, view.address, view.user_id = source.name, source.address, principal.id
    session.add(view)
    session.flush()
    return view


def _forget(session: Session, view: SavedView) -> None:
    session.execute(sa.delete(ViewChoice).where(col(ViewChoice.view_id) == view.id))
    session.delete(view)
    session.flush()


def _own(user_id: UUID) -> sa.ColumnElement[bool]:
    return sa.and_(
        col(SavedView.user_id) == user_id,
        col(SavedView.unit_code).is_(None),
        col(SavedView.role).is_(None),
    )


def _visible(
    session: Session, principal: Principal, view_id: UUID, *, key_share: bool = False
) -> SavedView:
    """Return a view, locked: against its removal alone with ``key_share``."""
    view = session.exec(
        select(SavedView)
        .where(SavedView.id == view_id, visible_views(principal))
        .with_for_update(read=key_share, key_share=key_share)
        .execution_options(populate_existing=True)
    ).first()
    if view is None:
        raise NotFound(f"no view {view_id}", field="view")
    return view


def _lock_account(session: Session, user_id: UUID) -> None:
    """Let two windows of one person change views one after the other."""
    session.get_one(UserAccount, user_id, with_for_update=True)


def _lock_unit(session: Session, principal: Principal, code: str) -> None:
    """Let two chiefs of a unit change its views one after the other; intake goes on meanwhile.

    Raises:
        Forbidden: one neither supervises nor coordinates it.
    """
    found = session.exec(
        select(Unit)
        .where(Unit.code == code, sharing_scope(principal))
        .with_for_update(key_share=True)
    ).first()
    if found is None:
        raise Forbidden("a unit that one supervises or coordinates", field="unit_code")


def _lasting(address: str, *, is_shared: bool) -> str:
    """Return a query string without its place in the pages; one person's queue is not shared."""
    left_out = {"after", "doctor"} if is_shared else {"after"}
    pairs = parse_qsl(address.removeprefix("?"), keep_blank_values=False)
    return "?" + urlencode([(name, value) for name, value in pairs if name not in left_out])
