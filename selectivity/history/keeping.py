"""Writing imported files, their outcomes and what they add to the counters (conservation)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.ids import new_id
from medcontrol.model import ControlOutcome, PastFile
from medcontrol.vocabulary import ControlResult
from selectivity.history import buckets, people
from selectivity.history.copying import copy_rows, store, take_time
from selectivity.history.counting import Columns, columns_of, newcomers_of
from selectivity.history.daily import read_buckets
from selectivity.history.entries import ENTRY, Entries, number_of
from selectivity.history.keys import Kind
from selectivity.history.people import events_of
from selectivity.history.reading import as_lists, read_events
from selectivity.history.snapshots import joined
from selectivity.history.spool import Kept, unpacked
from selectivity.history.subjects import sums_of
from selectivity.history.windows import Ints
from selectivity.history.writing import Closed, closed_rows, new_batch, record_closed

_FILE = (
    "id", "source", "external_id", "content_hash", "received_on", "imported_at", "jurisdiction",
    "scheme", "flow", "nature", "agency_code", "region_code", "provider_id", "sector", "sex",
    "age", "draw_period", "draw", "control_origin", "inclusion_probability", "features", "key_id",
    "medical_features", "entry",
)  # fmt: skip
_OUTCOME = (
    "id", "past_file_id", "jurisdiction", "result", "amount_avoided_cents", "decided_on",
    "origins", "inclusion_probability", "is_overturned",
)  # fmt: skip
_KNOWN = sa.text(
    "SELECT w.source, w.external_id, p.id, p.content_hash, p.control_origin, m.subject_id"
    " FROM unnest(CAST(:sources AS text[]), CAST(:ids AS text[])) AS w (source, external_id)"
    " LEFT JOIN past_file p USING (source, external_id)"
    " LEFT JOIN inbox_message m USING (source, external_id)"
    " WHERE p.id IS NOT NULL OR m.subject_id IS NOT NULL"
)


@dataclass(slots=True)
class Written:
    """What became of a slice."""

    imported: int = 0
    duplicates: int = 0
    live: int = 0
    outcomes: int = 0
    outcomes_added: int = 0
    conflicts: list[Kept] = field(default_factory=list)


def write_slice(
    session: Session, files: Sequence[Kept], entries: Entries, now: datetime
) -> Written:
    """Write files that are new, and outcomes that files of before had not got yet.

    Args:
        session: its transaction is all or nothing.
        files: in the order of their arrival, no identity twice.
        entries: theirs.
        now: instant of the import.
    """
    take_time(session)
    written = Written()
    late: list[tuple[Kept, UUID]] = []
    new = np.array(_unknown(session, files, written, late), dtype=np.int64)
    _add_outcomes(session, late, written)
    if len(new):
        fresh = [files[place] for place in new.tolist()]
        _write_new(session, fresh, entries[new], now, written)
    return written


def _unknown(
    session: Session,
    files: Sequence[Kept],
    written: Written,
    late: list[tuple[Kept, UUID]],
) -> list[int]:
    """Return the places of files that nobody knows yet; sorts the others."""
    values = {
        "sources": [file.source for file in files],
        "ids": [file.external_id for file in files],
    }
    known = {(row[0], row[1]): row[2:] for row in session.execute(_KNOWN, values)}
    new = []
    for place, file in enumerate(files):
        before = known.get(file.identity)
        if before is None:
            new.append(place)
        elif before[0] is None:
            written.live += 1
        elif bytes(before[1]) != unpacked(file.content_hash):
            written.conflicts.append(file)
        else:
            written.duplicates += 1
            if file.result is not None:
                late.append((file, before[0]))
    return new


def _add_outcomes(session: Session, late: Sequence[tuple[Kept, UUID]], written: Written) -> None:
    """Add results that came to be known since their files were imported."""
    if not late:
        return
    ids = [row_id for _, row_id in late]
    closed = set(
        session.execute(
            sa.select(col(ControlOutcome.past_file_id)).where(
                col(ControlOutcome.past_file_id).in_(ids)
            )
        ).scalars()
    )
    files = {row_id: file for file, row_id in late if row_id not in closed}
    if not files:
        return
    for row_id, file in files.items():
        session.execute(
            sa.update(PastFile)
            .where(col(PastFile.id) == row_id)
            .values(control_origin=file.origin, inclusion_probability=file.chance)
        )
    kept = dict(
        session.execute(
            sa.select(col(PastFile.id), col(PastFile.entry)).where(col(PastFile.id).in_(files))
        ).all()
    )
    entries = np.frombuffer(b"".join(kept[row_id] for row_id in files), dtype=ENTRY)
    rows, closed_ones = _outcomes([*files.values()], [*files])
    copy_rows(session, "control_outcome", _OUTCOME, rows)
    record_closed(session, entries, closed_ones)
    written.outcomes_added += len(rows)


def _write_new(
    session: Session, files: Sequence[Kept], entries: Entries, now: datetime, written: Written
) -> None:
    ids = [file.uuid for file in files]
    batch = new_batch()
    decided = [place for place, file in enumerate(files) if file.result is not None]
    rows, closed = _outcomes([files[place] for place in decided], [ids[place] for place in decided])
    outcome_events, outcome_buckets = closed_rows(entries[decided], closed, batch)
    past = np.concatenate([read_events(session, entries), outcome_events])
    columns, added = _counted(session, entries, past, outcome_buckets, batch)
    copy_rows(session, "past_file", _FILE, _file_rows(files, ids, entries, columns, now))
    copy_rows(session, "control_outcome", _OUTCOME, rows)
    events = np.concatenate([events_of(entries), outcome_events])
    store(session, "beneficiary_event", people.MEMBERS, events)
    store(session, "feature_bucket", buckets.MEMBERS, added)
    written.imported += len(files)
    written.outcomes += len(rows)


def _counted(
    session: Session,
    entries: Entries,
    past: people.Events,
    closed: buckets.Buckets,
    batch: int,
) -> tuple[Columns, buckets.Buckets]:
    """Return the features of files that span many days, and the buckets that they add.

    Each sees the days before its own: of the database, of these files and of their controls.
    """
    found = people.counted(past, entries)
    newcomers = newcomers_of(entries, found)
    added = buckets.grouped([buckets.buckets_of(entries, newcomers, batch), closed], batch)
    wanted: dict[Kind, Ints] = {}
    for kind, key, _ in buckets.owners(entries):
        wanted[kind] = np.unique(key[key != 0])
    first, last = int(entries["day"].min()), int(entries["day"].max())
    known = read_buckets(session, wanted, first, last)
    return columns_of(entries, sums_of(np.concatenate([known, added]), entries), found), added


def _outcomes(files: Sequence[Kept], ids: Sequence[UUID]) -> tuple[list[tuple[Any, ...]], Closed]:
    rows: list[tuple[Any, ...]] = []
    numbers = []
    for file, row_id in zip(files, ids, strict=True):
        outcome_id = new_id()
        numbers.append(number_of(outcome_id))
        rows.append(
            (
                outcome_id, row_id, file.jurisdiction, file.result, file.avoided,
                date.fromordinal(file.decided_on), "{" + str(file.origin) + "}", file.chance,
                False,
            )
        )  # fmt: skip
    hits = [int(ControlResult(str(file.result)).is_hit) for file in files]
    days = [row[5] for row in rows]
    return rows, Closed(days, numbers, [1] * len(rows), hits)


def _file_rows(
    files: Sequence[Kept],
    ids: Sequence[UUID],
    entries: Entries,
    columns: Columns,
    now: datetime,
) -> list[tuple[Any, ...]]:
    lists = as_lists(columns)
    flag = lists["is_first_with_provider"]
    lists["is_first_with_provider"] = [None if value is None else value != 0 for value in flag]
    found = []
    for place, (file, row_id) in enumerate(zip(files, ids, strict=True)):
        history = {
            name: values[place] for name, values in lists.items() if values[place] is not None
        }
        features = joined(file.features, orjson.dumps(history).decode())
        found.append(
            (
                row_id, file.source, file.external_id, unpacked(file.content_hash),
                date.fromordinal(int(entries["day"][place])), now, file.jurisdiction, file.scheme,
                file.flow, file.nature, file.agency, file.region, file.provider, file.sector,
                file.sex, file.age, file.period, bytes.fromhex(file.draw), file.origin,
                file.chance, features, file.key_id,
                None if file.medical is None else unpacked(file.medical),
                entries[place].tobytes(),
            )
        )  # fmt: skip
    return found
