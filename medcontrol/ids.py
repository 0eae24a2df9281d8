"""Identifiers: UUID version 7, made here so that rows can refer to each other before a flush."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """Return a new UUIDv7; ids made later sort later."""
    return uuid7()
