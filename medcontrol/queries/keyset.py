"""Pages of a long list by the keys of their last row: as fast at the end as at the start."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Key:
    """A column (or expression) that is never null, and its direction."""

    expression: Any
    is_descending: bool = False


@dataclass(frozen=True, slots=True)
class KeysetPage:
    """Rows in order; ``first`` is the number of the first one, from 1. Cursors are opaque."""

    rows: Sequence[Any]
    first: int
    previous: str | None
    next: str | None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page starts: beside a row, forwards or backwards."""

    is_backward: bool
    number: int  # of the first row of the page, when forwards; of the row after it, when backwards
    values: tuple[Any, ...]


class Keyset:
    """An order over columns of which the last makes every row unique."""

    def __init__(self, *keys: Key) -> None:
        """Keep the keys, the weightiest first."""
        self.keys = keys

    def page(
        self, session: Session, statement: sa.Select[Any], *, after: str, size: int
    ) -> KeysetPage:
        """Return the page that a cursor points to; the first page for an empty cursor.

        Raises:
            InvalidInput: the cursor was not made here, for this order (field ``after``).
        """
        place = self._decode(after) if after else None
        is_backward = place is not None and place.is_backward
        labels = [key.expression.label(f"key_{n}") for n, key in enumerate(self.keys)]
        statement = statement.add_columns(*labels).limit(size + 1)
        statement = statement.order_by(*self._order(is_backward=is_backward))
        if place is not None:
            statement = statement.where(self._beyond(place))
        rows = list(session.execute(statement))
        has_more = len(rows) > size
        rows = rows[:size]
        if is_backward:
            rows.reverse()
        return self._found(rows, place, has_more)

    def ascending(self) -> list[Any]:
        """Return the ORDER BY of the list, first row first."""
        return self._order(is_backward=False)

    def _found(self, rows: list[Any], place: _Place | None, has_more: bool) -> KeysetPage:
        if place is None:
            first, before, behind = 1, False, has_more
        elif place.is_backward:
            first, before, behind = max(1, place.number - len(rows)), has_more, True
        else:
            first, before, behind = place.number, True, has_more
        if not rows:
            return KeysetPage((), first, "" if place else None, None)
        return KeysetPage(
            rows,
            first,
            self._encode(rows[0], first, is_backward=True) if before else None,
            self._encode(rows[-1], first + len(rows), is_backward=False) if behind else None,
        )

    def _order(self, *, is_backward: bool) -> list[Any]:
        return [
            key.expression.desc() if key.is_descending != is_backward else key.expression.asc()
            for key in self.keys
        ]

    def _beyond(self, place: _Place) -> sa.ColumnElement[bool]:
        """Rows after (or before) a place: the first key that differs decides.

        The bound on the first key alone says nothing new, but lets an index start there.
        """
        cases = []
        for depth, key in enumerate(self.keys):
            same = [
                other.expression == value
                for other, value in zip(self.keys[:depth], place.values, strict=False)
            ]
            value = place.values[depth]
            is_less = key.is_descending != place.is_backward
            cases.append(
                sa.and_(*same, key.expression < value if is_less else key.expression > value)
            )
        head = self.keys[0]
        is_less = head.is_descending != place.is_backward
        value = place.values[0]
        bound = head.expression <= value if is_less else head.expression >= value
        return sa.and_(bound, sa.or_(*cases))

    def _encode(self, row: Any, number: int, *, is_backward: bool) -> str:
        values = [getattr(row, f"key_{n}") for n in range(len(self.keys))]
        text = orjson.dumps([int(is_backward), number, *(_written(value) for value in values)])
        return urlsafe_b64encode(text).decode().rstrip("=")

    def _decode(self, cursor: str) -> _Place:
        try:
            text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            is_backward, number, *written = orjson.loads(text)
            values = tuple(_read(key, value) for key, value in zip(self.keys, written, strict=True))
            if type(number) is not int or is_backward not in (0, 1) or number < 1:
                raise ValueError(cursor)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidInput("this is no place of this list", field="after") from error
        return _Place(bool(is_backward), number, values)


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


_READERS: dict[type, Callable[[Any], Any]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    UUID: UUID,
}


def _read(key: Key, value: Any) -> Any:
    """Turn a written value back into that of its column; anything else is refused."""
    kind = key.expression.type.python_type
    if kind in _READERS:
        return _READERS[kind](value)
    if type(value) is not kind:
        raise TypeError(kind)
    return value
