"""Keeping the filters of a list under a name of one's own (vues enregistrées)."""

from datetime import datetime
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.errors import InvalidInput, NotFound
from medcontrol.model import SavedView, UserAccount

LISTS = ("/queue", "/supervision/tasks")
MOST = 20
LONGEST_NAME = 60
LONGEST_ADDRESS = 2000


def views_of(session: Session, user_id: UUID, path: str) -> list[SavedView]:
    """Return somebody's views of a list, by name."""
    mine = (SavedView.user_id == user_id, SavedView.path == path)
    return list(session.exec(select(SavedView).where(*mine).order_by(col(SavedView.name))))


def default_address(session: Session, user_id: UUID, path: str) -> str | None:
    """Return what a list opens with for somebody, None where nothing was chosen."""
    return session.exec(
        select(SavedView.address).where(
            SavedView.user_id == user_id, SavedView.path == path, col(SavedView.is_default)
        )
    ).first()


def save_view(
    session: Session, user_id: UUID, path: str, name: str, address: str, *,
    is_default: bool = False, now: datetime,
) -> SavedView:  # fmt: skip
    """Keep the filters of a list under a name; the same name again holds the new filters.

    Args:
        session: within the caller's transaction.
        user_id: whose view.
        path: one of ``LISTS``.
        name: 1 to 60 characters.
        address: the list's query string; the place in its pages is not kept.
        is_default: whether the list opens with it from now on.
        now: the instant.

    Raises:
        InvalidInput: field ``name``, ``path`` or ``address``; also one view too many.
    """
    named = " ".join(name.split())
    if not 1 <= len(named) <= LONGEST_NAME:
        raise InvalidInput(f"a name of 1 to {LONGEST_NAME} characters", field="name")
    if path not in LISTS:
        raise InvalidInput("no list of which views are kept", field="path")
    if len(address) > LONGEST_ADDRESS:
        raise InvalidInput(f"at most {LONGEST_ADDRESS} characters", field="address")
    _lock(session, user_id)
    mine = {view.name: view for view in views_of(session, user_id, path)}
    if named not in mine and len(mine) >= MOST:
        raise InvalidInput(f"at most {MOST} views of a list", field="name")
    view = mine.get(named) or SavedView(
        user_id=user_id, path=path, name=named, address="?", created_at=now
    )
    view.address = _lasting(address)
    session.add(view)
    session.flush()
    if is_default:
        set_default(session, user_id, view.id, is_default=True)
    return view


def set_default(session: Session, user_id: UUID, view_id: UUID, *, is_default: bool) -> SavedView:
    """Let a list open with this view, instead of any other, or no longer.

    Raises:
        NotFound: not one of this person's views.
    """
    view = _own(session, user_id, view_id)
    session.execute(
        sa.update(SavedView)
        .where(col(SavedView.user_id) == user_id, col(SavedView.path) == view.path)
        .values(is_default=False)
    )
    session.refresh(view)
    view.is_default = is_default
    session.flush()
    return view


def remove_view(session: Session, user_id: UUID, view_id: UUID) -> SavedView:
    """Forget a view.

    Raises:
        NotFound: not one of this person's views.
    """
    view = _own(session, user_id, view_id)
    session.delete(view)
    session.flush()
    return view


def _own(session: Session, user_id: UUID, view_id: UUID) -> SavedView:
    _lock(session, user_id)
    view = session.get(SavedView, view_id, populate_existing=True)
    if view is None or view.user_id != user_id:
        raise NotFound(f"no view {view_id}", field="view")
    return view


def _lock(session: Session, user_id: UUID) -> None:
    """Let two windows of one person change views one after the other."""
    session.get_one(UserAccount, user_id, with_for_update=True)


def _lasting(address: str) -> str:
    """Return a query string without its place in the pages."""
    pairs = parse_qsl(address.removeprefix("?"), keep_blank_values=False)
    return "?" + urlencode([(name, value) for name, value in pairs if name != "after"])
