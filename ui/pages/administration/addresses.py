"""Addresses of a list whose filters are few: a query string with changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Address:
    """The filters in force, as they stand in the address."""

    chosen: Mapping[str, str]

    def address(self, **changes: object) -> str:
        """Return the query string with changes, ``?`` included; empty members are left out."""
        merged = {**self.chosen, **{name: str(value) for name, value in changes.items()}}
        return "?" + urlencode({name: value for name, value in merged.items() if value})
