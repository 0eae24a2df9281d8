"""Draw keys of periods that are over, handed out so that others can check (dépôt des clés)."""

import hashlib
import json
from collections.abc import Callable
from datetime import date, datetime

from sqlmodel import Session

from medcontrol.crypto import KeyRing
from medcontrol.errors import InvalidInput
from medcontrol.services import schedule

FORMAT = "medcontrol.draw-key/1"


def escrow(
    session: Session, keys: KeyRing, period: str, *, by: str, today: date, now: datetime
) -> str:
    """Return the key of a month as the text of a key file, and note who took it out.

    Files of the month that are still to come could then be foreseen: a fund waits until hardly
    any is, some months. The key says nothing of another month's.

    Raises:
        InvalidInput: the month is not over.
    """
    if period >= today.isoformat()[:7]:
        raise InvalidInput(f"{period} is not over: its draws could be foreseen", field="period")
    key = keys.derive(f"draw:{period}")
    print_of = fingerprint(key)
    note = {"by": by[:64], "fingerprint": print_of}
    schedule.note_run(session, f"draws.escrow:{period}", note, now=now)
    whole = {"format": FORMAT, "period": period, "key": key.hex(), "fingerprint": print_of}
    return json.dumps(whole, indent=2) + "\n"


def fingerprint(key: bytes) -> str:
    """Return what a key is told apart by, without telling it."""
    return hashlib.sha256(b"medcontrol draw key\x00" + key).hexdigest()


def read_key(text: str) -> tuple[str, Callable[[str], bytes]]:
    """Return the month of a key file, and the keys of months, of which it knows one.

    Raises:
        InvalidInput: it is no key file, or was altered.
    """
    try:
        found = json.loads(text)
        period, key = str(found["period"]), bytes.fromhex(found["key"])
        if found["format"] != FORMAT or fingerprint(key) != found["fingerprint"]:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise InvalidInput("this is no draw key, or it was altered", field="key") from None
    return period, {period: key}.__getitem__
