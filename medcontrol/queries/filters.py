"""Filters of a list as the query string of its page: what is in the address is all there is."""

from dataclasses import fields
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def address_of(filters: "DataclassInstance", changes: dict[str, object]) -> str:
    """Return the query string of filters with changes, ``?`` included.

    Members that hold their default are left out.
    """
    pairs: list[tuple[str, str]] = []
    for member in fields(filters):
        value = changes.get(member.name, getattr(filters, member.name))
        if value == member.default:
            continue
        many = value if isinstance(value, tuple) else (value,)
        pairs += [(member.name, "1" if item is True else str(item)) for item in many]
    return "?" + urlencode(pairs)
