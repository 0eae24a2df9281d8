"""Filters of a list as the query string of its page: what is in the address is all there is."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


Pairs = list[tuple[str, str]]


def pairs_of(filters: "DataclassInstance", changes: Mapping[str, object]) -> Pairs:
    """Return filters with changes as fields of a form; members at their default are left out."""
    pairs: Pairs = []
    for member in fields(filters):
        value = changes.get(member.name, getattr(filters, member.name))
        if value == member.default:
            continue
        many = value if isinstance(value, tuple) else (value,)
        pairs += [(member.name, "1" if item is True else str(item)) for item in many]
    return pairs


def address_of(filters: "DataclassInstance", changes: Mapping[str, object]) -> str:
    """Return the query string of filters with changes, ``?`` included.

    Members that hold their default are left out.
    """
    return "?" + urlencode(pairs_of(filters, changes))
