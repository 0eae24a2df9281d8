"""Keys of the tests: the same in every run, so that what is drawn once is drawn every time."""

from pathlib import Path

from medcontrol import crypto
from medcontrol.crypto import KEY_BYTES, KeyRing


def fixed_keys() -> KeyRing:
    """A ring in memory that encrypts and draws as in every other run."""
    return KeyRing({"k1": b"k" * KEY_BYTES}, "k1", b"s" * KEY_BYTES)


def lay_keys(home: Path) -> None:
    """Give a home folder this ring before anything there makes one of its own."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    ring = fixed_keys()
    crypto._write(home / "keys.json", ring._raw, ring._active, ring._secret)
