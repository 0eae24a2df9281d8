"""Selections (sélections): what somebody chose in a list, kept here so that browsers hold no ids.

All results of a list are its filters at an instant, read again when they are needed; ticked rows
are the tasks themselves.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.errors import DomainError, InvalidInput, Kind
from medcontrol.ids import new_id
from medcontrol.model import SelectionToken
from medcontrol.policy import Principal

LIFETIME = timedelta(hours=1)
MOST_TICKED = 1_000
_LONGEST_FILTERS = 4_000


class SelectionExpired(DomainError):
    """The selection is too old; choose again in the list."""

    kind = Kind.CONFLICT
    code = "selection.expired"


def take_results(
    session: Session, principal: Principal, filters: str, *, now: datetime
) -> SelectionToken:
    """Keep all results of a list by the query string of its filters.

    Raises:
        InvalidInput: a query string that no list writes.
    """
    if len(filters) > _LONGEST_FILTERS:
        raise InvalidInput("filters of this length are not ours", field="list")
    return _keep(session, principal, now, filters=filters)


def take_rows(
    session: Session, principal: Principal, task_ids: Sequence[UUID], *, now: datetime
) -> SelectionToken:
    """Keep ticked rows.

    Raises:
        InvalidInput: none, or more than ``MOST_TICKED`` (field ``task``).
    """
    if not 0 < len(task_ids) <= MOST_TICKED:
        raise InvalidInput(f"1 to {MOST_TICKED} rows can be ticked", field="task")
    return _keep(session, principal, now, task_ids=list(dict.fromkeys(task_ids)))


def _keep(
    session: Session,
    principal: Principal,
    now: datetime,
    *,
    filters: str | None = None,
    task_ids: list[UUID] | None = None,
) -> SelectionToken:
    expired = sa.delete(SelectionToken).where(col(SelectionToken.expires_at) < now)
    session.execute(expired)
    token = SelectionToken(
        id=new_id(), user_id=principal.id, filters=filters, task_ids=task_ids,
        taken_at=now, expires_at=now + LIFETIME,
    )  # fmt: skip
    session.add(token)
    session.flush()
    return token


def find(
    session: Session, token_id: UUID | None, principal: Principal, *, now: datetime
) -> SelectionToken:
    """Return a selection of the principal's own.

    Raises:
        SelectionExpired: it is too old, somebody else's or none.
    """
    token = None if token_id is None else session.get(SelectionToken, token_id)
    if token is None or token.user_id != principal.id or token.expires_at < now:
        raise SelectionExpired
    return token
