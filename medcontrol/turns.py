"""One worker at a time at long work (tour): a lock that ends with its transaction, or a crash.

The work is done in other transactions meanwhile, so the one that holds the turn idles.
"""

import sqlalchemy as sa
from sqlmodel import Session

# First key of the two-key advisory locks: they never meet the locks of Alembic or of others.
_SPACE = 20_761
_TAKE = sa.text("SELECT pg_try_advisory_xact_lock(:space, hashtext(:name))")
# It idles because it waits, not because somebody forgot it. Said last and without values on
# purpose: what the lock's answer keeps open would hold every dead row in place until the end.
_PATIENTLY = sa.text("SET LOCAL idle_in_transaction_session_timeout = 0")
_STILL_THERE = sa.text("SELECT 1")


def take_turn(session: Session, name: str) -> bool:
    """Return whether this transaction alone is at the work of this name; held until it ends."""
    held = session.execute(_TAKE, {"space": _SPACE, "name": name}).scalar_one()
    session.execute(_PATIENTLY)
    return bool(held)


def keep_turn(session: Session) -> None:
    """Fail when the turn went with its connection: somebody else may be at the work by now."""
    session.execute(_STILL_THERE)
