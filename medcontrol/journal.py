"""The journal of each file: append-only entries, each chained to the one before by its hash."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.copying import copy_rows
from medcontrol.model import ControlFile, JournalEntry
from medcontrol.vocabulary import ActorKind

_SEPARATOR = b"\x1f"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it, with the name as it reads that day."""

    kind: ActorKind
    label: str
    id: UUID | None = None


SYSTEM = Actor(ActorKind.SYSTEM, "medcontrol")


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened. ``facts`` hold codes, ids and digests: nothing personal."""

    control_file_id: UUID
    action: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a chain does not hold."""

    control_file_id: UUID
    reference: str
    number: int
    fault: str


def facts_text(facts: Mapping[str, Any]) -> str:
    """Return facts as canonical JSON, the form that is stored and hashed."""
    return orjson.dumps(facts, option=orjson.OPT_SORT_KEYS).decode()


def link(
    previous: bytes, number: int, at: datetime, entry: Entry, actor: Actor, facts: str
) -> bytes:
    """Return the SHA-256 (32 bytes) that chains an entry to ``previous`` (empty for the first)."""
    parts = (
        previous,
        entry.control_file_id.bytes,
        str(number).encode(),
        _instant(at),
        entry.action.encode(),
        actor.kind.value.encode(),
        actor.id.bytes if actor.id else b"",
        actor.label.encode(),
        facts.encode(),
    )
    return hashlib.sha256(_SEPARATOR.join(parts)).digest()


@lru_cache(maxsize=16)
def _instant(at: datetime) -> bytes:
    """Return an instant as it is hashed; the entries of a chunk share one."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").encode()


def chain(
    entries: Sequence[Entry], *, actor: Actor, now: datetime, length: int = 0, head: bytes = b""
) -> tuple[list[dict[str, Any]], int, bytes]:
    """Return rows for entries of one file after ``length`` earlier ones, and the new head."""
    rows = []
    for entry in entries:
        length += 1
        facts = facts_text(entry.facts)
        head = link(head, length, now, entry, actor, facts)
        rows.append(
            {
                "control_file_id": entry.control_file_id,
                "number": length,
                "at": now,
                "action": entry.action,
                "actor_kind": actor.kind,
                "actor_id": actor.id,
                "actor_label": actor.label,
                "facts": facts,
                "hash": head,
            }
        )
    return rows, length, head


def record(
    session: Session,
    control_file_id: UUID,
    action: str,
    facts: Mapping[str, Any] | None = None,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Append one entry to a file whose row the caller has locked or just inserted."""
    record_many(session, [Entry(control_file_id, action, facts or {})], actor=actor, now=now)


def extend(
    file: ControlFile, entries: Sequence[Entry], *, actor: Actor, now: datetime
) -> list[dict[str, Any]]:
    """Return rows that append entries to a file, and move its head; the caller writes both.

    Args:
        file: the file's row, locked by the caller and as it stands in the database.
        entries: of this file, in order.
        actor: who did it.
        now: when.
    """
    rows, file.journal_length, file.journal_head = chain(
        entries, actor=actor, now=now, length=file.journal_length, head=bytes(file.journal_head)
    )
    return rows


_HEADS = sa.text("SELECT id, journal_length, journal_head FROM control_file WHERE id = ANY(:ids)")
_MOVE = sa.text("""
UPDATE control_file f SET journal_length = v.length, journal_head = v.head
FROM unnest(CAST(:ids AS uuid[]), CAST(:lengths AS int[]), CAST(:heads AS bytea[]))
     AS v(id, length, head)
WHERE f.id = v.id
""")


# The head and where the file goes, in one write: a row that is written twice costs twice.
_MOVE_AND_STAMP = sa.text("""
UPDATE control_file f SET journal_length = v.length, journal_head = v.head,
  assigned_doctor_id = v.doctor, agency_code = coalesce(v.agency, f.agency_code),
  region_code = coalesce(v.region, f.region_code), version = f.version + 1
FROM unnest(CAST(:ids AS uuid[]), CAST(:lengths AS int[]), CAST(:heads AS bytea[]),
            CAST(:doctors AS uuid[]), CAST(:agencies AS text[]), CAST(:regions AS text[]))
     AS v(id, length, head, doctor, agency, region)
WHERE f.id = v.id
""")
#: From so many rows on, COPY beats an INSERT.
_COPY_FROM = 50


@dataclass(frozen=True, slots=True)
class Stamp:
    """Whose hands a file is in from now on, None nobody's; and where it lies, None as before."""

    doctor: UUID | None
    agency: str | None = None
    region: str | None = None


def record_many(
    session: Session,
    entries: Sequence[Entry],
    *,
    actor: Actor,
    now: datetime,
    stamps: Mapping[UUID, Stamp] | None = None,
) -> None:
    """Append entries to files whose rows the caller has locked; the order given is kept.

    Three statements, however many entries.

    Args:
        session: the caller's transaction.
        entries: each of a file that exists.
        actor: who did it.
        now: when.
        stamps: where every one of these files goes, written with its head; its version rises.
    """
    if not entries:
        return
    by_file: dict[UUID, list[Entry]] = {}
    for entry in entries:
        by_file.setdefault(entry.control_file_id, []).append(entry)
    session.flush()
    heads = {row[0]: (row[1], row[2]) for row in session.execute(_HEADS, {"ids": list(by_file)})}
    rows: list[dict[str, Any]] = []
    moved: list[tuple[UUID, int, bytes]] = []
    for file_id, own in by_file.items():
        length, head = heads[file_id]
        more, length, head = chain(own, actor=actor, now=now, length=length, head=head)
        rows += more
        moved.append((file_id, length, head))
    _append(session, rows)
    ids, lengths, new_heads = zip(*moved, strict=True)
    values = {"ids": list(ids), "lengths": list(lengths), "heads": list(new_heads)}
    if stamps is None:
        session.execute(_MOVE, values)
        return
    own_stamps = [stamps[file_id] for file_id in ids]
    places = {
        "doctors": [stamp.doctor for stamp in own_stamps],
        "agencies": [stamp.agency for stamp in own_stamps],
        "regions": [stamp.region for stamp in own_stamps],
    }
    session.execute(_MOVE_AND_STAMP, values | places)


def _append(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write entries down, by COPY when there are many."""
    if len(rows) < _COPY_FROM:
        session.execute(sa.insert(JournalEntry), list(rows))
        return
    copy_rows(session, JournalEntry, rows)


_ALL = sa.text("""
SELECT f.id AS file_id, f.reference, f.journal_length, f.journal_head, e.number, e.at, e.action,
       e.actor_kind, e.actor_id, e.actor_label, e.facts, e.hash
FROM control_file f LEFT JOIN journal_entry e ON e.control_file_id = f.id
ORDER BY f.id, e.number
""").execution_options(stream_results=True, max_row_buffer=5000)


def verify(session: Session) -> tuple[int, list[Broken]]:
    """Recompute every chain. Returns how many entries were read and where chains break.

    Finds a changed, missing, added or reordered entry, and a truncated end (the file's row keeps
    the length and the head). Memory does not grow with the number of entries.
    """
    count = 0
    broken: list[Broken] = []

    def counted(rows: Iterable[Any]) -> Iterator[Any]:
        nonlocal count
        for row in rows:
            count += row.number is not None
            yield row

    for _, rows in groupby(counted(session.execute(_ALL)), key=lambda row: row.file_id):
        fault = _check(rows)
        if fault is not None:
            broken.append(fault)
    return count, broken


def _check(rows: Iterable[Any]) -> Broken | None:
    """Return where one file's chain breaks first; reads all its rows."""
    fault: Broken | None = None
    head, length, row = b"", 0, None
    for row in rows:
        if row.number is None or fault is not None:
            continue
        length += 1
        actor = Actor(ActorKind(row.actor_kind), row.actor_label, row.actor_id)
        head = link(head, length, row.at, Entry(row.file_id, row.action), actor, row.facts)
        if row.number != length:
            fault = Broken(row.file_id, row.reference, length, "missing entry")
        elif head != row.hash:
            fault = Broken(row.file_id, row.reference, row.number, "changed entry")
    if (
        fault is None
        and row is not None
        and (length, head)
        != (
            row.journal_length,
            bytes(row.journal_head),
        )
    ):
        fault = Broken(row.file_id, row.reference, length, "end differs from the file's row")
    return fault
