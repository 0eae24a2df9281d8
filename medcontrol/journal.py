"""The journal of each file: append-only entries, each chained to the one before by its hash."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.chaining import SYSTEM, Actor, Entry, chain, first_fault
from medcontrol.copying import bytes_text, codes_text, copy_rows, ids_text, insertion
from medcontrol.driver import FEW, Statement, run
from medcontrol.model import ControlFile, JournalEntry

__all__ = [
    "SYSTEM", "Actor", "Broken", "Entry", "Stamp", "appended", "chain", "extend", "record",
    "record_many", "verify",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Broken:
    """Where a chain does not hold."""

    control_file_id: UUID
    reference: str
    number: int
    fault: str


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


_HEADS = sa.text("""
SELECT id, journal_length, journal_head FROM control_file WHERE id = ANY(CAST(:ids AS uuid[]))
""")
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
_HEAD = b"SELECT id, journal_length, journal_head FROM control_file WHERE id = %(id)s"
_MOVE_ONE = b"""
UPDATE control_file SET journal_length = %(length)s, journal_head = %(head)s WHERE id = %(id)s
"""
_MOVE_AND_STAMP_ONE = b"""
UPDATE control_file SET journal_length = %(length)s, journal_head = %(head)s,
  assigned_doctor_id = %(doctor)s, agency_code = coalesce(%(agency)s, agency_code),
  region_code = coalesce(%(region)s, region_code), version = version + 1
WHERE id = %(id)s
"""


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

    Three statements, however many entries; a few are told one by one, in two round trips.

    Args:
        session: the caller's transaction.
        entries: each of a file that exists.
        actor: who did it.
        now: when.
        stamps: where every one of these files goes, written with its head; its version rises.
    """
    if not entries:
        return
    if len(entries) <= FEW:
        run(session, appended(session, entries, actor=actor, now=now, stamps=stamps))
        return
    rows, moved = _continued(session, entries, actor, now)
    copy_rows(session, JournalEntry, rows)
    values: dict[str, Any] = {
        "ids": ids_text(each.file for each in moved),
        "lengths": [each.length for each in moved],
        "heads": bytes_text(each.head for each in moved),
    }
    if stamps is None:
        session.execute(_MOVE, values)
        return
    own_stamps = [stamps[each.file] for each in moved]
    places = {
        "doctors": ids_text(stamp.doctor for stamp in own_stamps),
        "agencies": codes_text(stamp.agency for stamp in own_stamps),
        "regions": codes_text(stamp.region for stamp in own_stamps),
    }
    session.execute(_MOVE_AND_STAMP, values | places)


def appended(
    session: Session,
    entries: Sequence[Entry],
    *,
    actor: Actor,
    now: datetime,
    stamps: Mapping[UUID, Stamp] | None = None,
) -> list[Statement]:
    """Return the statements that append a few entries, for the caller to run with their own.

    As ``record_many``; reads where the chains end, in one round trip.
    """
    rows, moved = _continued(session, entries, actor, now)
    statements = [insertion(JournalEntry, rows)]
    for each in moved:
        values = {"id": each.file, "length": each.length, "head": each.head}
        if stamps is None:
            statements.append((_MOVE_ONE, values))
            continue
        stamp = stamps[each.file]
        place = {"doctor": stamp.doctor, "agency": stamp.agency, "region": stamp.region}
        statements.append((_MOVE_AND_STAMP_ONE, values | place))
    return statements


class _End(NamedTuple):
    """Where a file's chain ends."""

    file: UUID
    length: int
    head: bytes


def _continued(
    session: Session, entries: Sequence[Entry], actor: Actor, now: datetime
) -> tuple[list[dict[str, Any]], list[_End]]:
    """Return the rows that continue the chains of these files, and where each ends then."""
    by_file: dict[UUID, list[Entry]] = {}
    for entry in entries:
        by_file.setdefault(entry.control_file_id, []).append(entry)
    session.flush()
    rows: list[dict[str, Any]] = []
    ends: list[_End] = []
    for file_id, length, head in _heads(session, list(by_file)):
        more, length, head = chain(by_file[file_id], actor=actor, now=now, length=length, head=head)
        rows += more
        ends.append(_End(file_id, length, head))
    if len(ends) < len(by_file):
        raise KeyError(f"{len(by_file) - len(ends)} files do not exist")
    return rows, ends


def _heads(session: Session, ids: list[UUID]) -> Sequence[Sequence[Any]]:
    """Return id, length and head of each file's chain, in the order of ``ids``."""
    if len(ids) <= FEW:
        found = run(session, [(_HEAD, {"id": each}) for each in ids])
        return [row for cursor in found for row in cursor.fetchall()]
    heads = {row[0]: row for row in session.execute(_HEADS, {"ids": ids_text(ids)})}
    return [heads[each] for each in ids]


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

    for (file_id, reference, length, head), own in groupby(
        counted(session.execute(_ALL)),
        key=attrgetter("file_id", "reference", "journal_length", "journal_head"),
    ):
        entries = (row for row in own if row.number is not None)
        fault = first_fault(file_id, entries, length=length, head=bytes(head))
        if fault is not None:
            broken.append(Broken(file_id, reference, fault.number, fault.text))
    return count, broken
