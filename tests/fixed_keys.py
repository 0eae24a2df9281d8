"""Keys and ids of tests: the same in every run, so that what is drawn once is drawn every time."""

from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

from medcontrol import crypto
from medcontrol.crypto import KEY_BYTES, KeyRing


def fixed_keys() -> KeyRing:
    """A ring in memory that encrypts and draws as in every other run."""
    return KeyRing({"k1": b"k" * KEY_BYTES}, "k1", b"s" * KEY_BYTES)


def lay_keys(home: Path) -> None:
    """Give a home folder this ring before anything there makes one of its own."""
    home.mkdir(parents=True, exist_ok=True)
    ring = fixed_keys()
    crypto._write(home / "keys.json", ring._raw, ring._active, ring._secret)


def ids_in_order() -> AbstractContextManager[Any]:
    """Let this process make the same ids in every run, one after the other, each a UUIDv7."""
    numbers = count(UUID("01900000-0000-7000-8000-000000000000").int)

    def next_id() -> UUID:
        return UUID(int=next(numbers))

    return mock.patch("medcontrol.ids.uuid7", next_id)
