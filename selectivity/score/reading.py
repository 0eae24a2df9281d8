"""What a training run looks at: closed controls, and a picture of the files of late."""

from datetime import date, timedelta

import numpy as np
from sqlmodel import Session

from medcontrol.crypto import KeyRing
from selectivity.history.cases import Cases, read_cases, select

YEARS = timedelta(days=730)
_WINDOWS = (1, 3, 7, 14, 30, 60, 120)
_ENOUGH, _MOST = 30_000, 60_000


def lessons(session: Session, keys: KeyRing, *, jurisdiction: str, as_of: date) -> Cases:
    """Return the controls with a result, received in the two years before a day."""
    return read_cases(
        session,
        keys,
        jurisdiction=jurisdiction,
        since=as_of - YEARS,
        until=as_of - timedelta(days=1),
        controlled_only=True,
        with_medical=True,
    )


def background(session: Session, keys: KeyRing, *, jurisdiction: str, as_of: date) -> Cases:
    """Return the last files before a day, controlled or not: enough for norms and words."""
    until = as_of - timedelta(days=1)
    for days in _WINDOWS:
        found = read_cases(
            session, keys, jurisdiction=jurisdiction,
            since=as_of - timedelta(days=days), until=until, with_medical=True,
        )  # fmt: skip
        if len(found) >= _ENOUGH:
            break
    step = -(-len(found) // _MOST) or 1
    return select(found, np.arange(0, len(found), step))
