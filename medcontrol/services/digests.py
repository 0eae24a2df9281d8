"""The journal and the access log signed day by day (empreintes signées).

Chains show that an entry was changed, unless whoever changed it writes the rest of the chain anew.
A signature over each day shows that too: it can't be made without the key ring, and copies of the
signed days, kept elsewhere, show a day that was signed again with it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

import orjson
import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlmodel import Session, col, select

from medcontrol.clock import ZONES, civil_date
from medcontrol.crypto import KeyRing
from medcontrol.errors import InvalidInput
from medcontrol.model import JournalDigest
from medcontrol.services.schedule import last_result

#: Name of the job that signs; what it signed last stands in its result.
JOB = "journal.sign"
PURPOSE = "journal_digest"
FORMAT = 1
#: What began in a day has ended so long after it.
MARGIN = timedelta(hours=1)
EVER = datetime(1, 1, 1, tzinfo=UTC)

_PATIENTLY = sa.text("SET LOCAL statement_timeout = '300s'")
_ENTRIES = sa.text("""
SELECT control_file_id, number, hash FROM journal_entry
WHERE at >= :since AND at < :until ORDER BY control_file_id, number
""").execution_options(stream_results=True, max_row_buffer=5000)
_READINGS = sa.text("""
SELECT id, at, user_id, control_file_id, what, purpose FROM access_log
WHERE at >= :since AND at < :until ORDER BY id
""").execution_options(stream_results=True, max_row_buffer=5000)


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows there were, and the SHA-256 (32 bytes) over them."""

    rows: int
    root: bytes


@dataclass(frozen=True, slots=True)
class DayFault:
    """A signed day that does not hold."""

    number: int
    day: date | None
    fault: str


@dataclass(frozen=True, slots=True)
class DaysChecked:
    """What came of checking: how many days are signed, until when, and which do not hold."""

    days: int
    signed_until: datetime | None
    faults: tuple[DayFault, ...]


def signing_key(keys: KeyRing) -> Ed25519PrivateKey:
    """Return the installation's key for signing; it survives rotations of the ring."""
    return Ed25519PrivateKey.from_private_bytes(keys.derive(PURPOSE))


def public_key(keys: KeyRing) -> bytes:
    """Return the 32 bytes with which anybody checks signatures."""
    return signing_key(keys).public_key().public_bytes_raw()


def is_signed(text: bytes, signature: bytes, trusted: bytes) -> bool:
    """Return whether the owner of a public key of 32 bytes signed a text."""
    try:
        Ed25519PublicKey.from_public_bytes(trusted).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True


def signed_text(digest: JournalDigest) -> bytes:
    """Return what is signed: canonical JSON, hashes in hexadecimal, instants in UTC."""
    return orjson.dumps(
        {
            "format": FORMAT,
            "number": digest.number,
            "day": digest.day,
            "until": digest.until.astimezone(UTC),
            "entries": digest.entries,
            "root": bytes(digest.root).hex(),
            "readings": digest.readings,
            "readings_root": bytes(digest.readings_root).hex(),
            "previous": bytes(digest.previous).hex(),
            "signed_at": digest.signed_at.astimezone(UTC),
        },
        option=orjson.OPT_SORT_KEYS,
    )


def hash_of(digest: JournalDigest) -> bytes:
    """Return the 32 bytes by which the next day names this one."""
    return sha256(signed_text(digest) + bytes(digest.signature)).digest()


def as_line(digest: JournalDigest) -> dict[str, Any]:
    """Return a signed day to keep elsewhere: its text as signed, key and signature."""
    return {
        "signed": signed_text(digest).decode(),
        "public_key": bytes(digest.public_key).hex(),
        "signature": bytes(digest.signature).hex(),
    }


def sign_days(
    session: Session, keys: KeyRing, jurisdiction: str, *, now: datetime
) -> list[JournalDigest]:
    """Sign each day that is over and was not signed yet; the first covers all before it.

    Days that were missed are signed one by one. The caller sees to it that one signs at a time.
    """
    session.execute(_PATIENTLY)
    before = _last(session)
    newest = civil_date(now - MARGIN, jurisdiction) - timedelta(days=1)
    day = newest if before is None else before.day + timedelta(days=1)
    made = []
    while day <= newest:
        before = _signed(session, keys, day, before, _end_of(day, jurisdiction), now)
        made.append(before)
        day += timedelta(days=1)
    return made


def _signed(
    session: Session,
    keys: KeyRing,
    day: date,
    before: JournalDigest | None,
    until: datetime,
    now: datetime,
) -> JournalDigest:
    since = before.until if before else EVER
    entries, readings = _sums(session, since, until)
    key = signing_key(keys)
    digest = JournalDigest(
        number=before.number + 1 if before else 1,
        day=day,
        until=until,
        entries=entries.rows,
        root=entries.root,
        readings=readings.rows,
        readings_root=readings.root,
        previous=hash_of(before) if before else b"",
        signed_at=now,
        public_key=key.public_key().public_bytes_raw(),
        signature=b"",
    )
    digest.signature = key.sign(signed_text(digest))
    session.add(digest)
    session.flush()
    return digest


def all_days(session: Session) -> Sequence[JournalDigest]:
    """Return every signed day, the oldest first."""
    return session.exec(select(JournalDigest).order_by(col(JournalDigest.number))).all()


def verify_days(
    session: Session, trusted: bytes, *, kept: Mapping[int, tuple[str, str]] | None = None
) -> DaysChecked:
    """Count every signed day again, and hold it against its signature and the day before.

    Args:
        session: reads only.
        trusted: the public key of the installation, 32 bytes.
        kept: days that were kept elsewhere, see ``read_kept``.
    """
    session.execute(_PATIENTLY)
    days = all_days(session)
    faults: list[DayFault] = []
    before: JournalDigest | None = None
    for each in days:
        faults += [DayFault(each.number, each.day, fault) for fault in _faults(
            session, each, before, trusted)]  # fmt: skip
        before = each
    faults += _missing(session, days, kept or {})
    return DaysChecked(len(days), before.until if before else None, tuple(faults))


def _faults(
    session: Session, digest: JournalDigest, before: JournalDigest | None, trusted: bytes
) -> Iterator[str]:
    is_ours = bytes(digest.public_key) == trusted
    if not (is_ours and is_signed(signed_text(digest), bytes(digest.signature), trusted)):
        yield "wrong signature"
    if bytes(digest.previous) != (hash_of(before) if before else b""):
        yield "does not follow the day before"
    entries, readings = _sums(session, before.until if before else EVER, digest.until)
    if entries != Sum(digest.entries, bytes(digest.root)):
        yield "journal entries differ from what was signed"
    if readings != Sum(digest.readings, bytes(digest.readings_root)):
        yield "the access log differs from what was signed"


def _missing(
    session: Session, days: Sequence[JournalDigest], kept: Mapping[int, tuple[str, str]]
) -> Iterator[DayFault]:
    """Yield what the job or a copy knows of and the table does not."""
    known = {each.number: each for each in days}
    last = max(last_result(session, JOB).get("last") or 0, max(kept, default=0))
    for number in range(1, last + 1):
        if number not in known:
            yield DayFault(number, None, "is missing")
    for number, (text, signature) in kept.items():
        mine = known.get(number)
        if mine is not None and (text, signature) != _copy(mine):
            yield DayFault(number, mine.day, "differs from the copy that was kept")


def _copy(digest: JournalDigest) -> tuple[str, str]:
    line = as_line(digest)
    return line["signed"], line["signature"]


def read_kept(content: bytes) -> dict[int, tuple[str, str]]:
    """Return copies of signed days by number, each as its text and signature.

    Raises:
        InvalidInput: a line is none that ``as_line`` made.
    """
    found = {}
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            given = orjson.loads(line)
            text, signature = str(given["signed"]), str(given["signature"])
            found[int(orjson.loads(text)["number"])] = (text, signature)
        except (ValueError, KeyError, TypeError):
            raise InvalidInput(f"line {number} is no signed day", field="kept") from None
    return found


def _sums(session: Session, since: datetime, until: datetime) -> tuple[Sum, Sum]:
    span = {"since": since, "until": until}
    return (
        _sum(_entry(row) for row in session.execute(_ENTRIES, span)),
        _sum(_reading(row) for row in session.execute(_READINGS, span)),
    )


def _sum(parts: Iterable[bytes]) -> Sum:
    whole, count = sha256(), 0
    for part in parts:
        whole.update(sha256(part).digest())
        count += 1
    return Sum(count, whole.digest())


def _entry(row: Any) -> bytes:
    return bytes(row.control_file_id.bytes + row.number.to_bytes(8, "big") + bytes(row.hash))


def _reading(row: Any) -> bytes:
    return orjson.dumps(
        [row.id, row.at.astimezone(UTC), row.user_id, row.control_file_id, row.what, row.purpose]
    )


def _last(session: Session) -> JournalDigest | None:
    found = select(JournalDigest).order_by(col(JournalDigest.number).desc()).limit(1)
    return session.exec(found).first()


def _end_of(day: date, jurisdiction: str) -> datetime:
    """Return the instant at which a civil day of the fund is over."""
    start = datetime.combine(day + timedelta(days=1), time.min, ZONES[jurisdiction])
    return start.astimezone(UTC)
