"""Running files by pack and place, and moves between versions (catalogue des circuits).

Counts alone, of the whole fund: no file, no person. Who may look is asked at the door; a move's
list names files by reference only.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.vocabulary import PackMigrationResult, PackMigrationStatus

_AT_STEPS = sa.text("""
SELECT f.pack, t.step, count(*) AS waiting,
       count(*) FILTER (WHERE t.due_at < :now) AS late
FROM human_task t JOIN control_file f ON f.id = t.control_file_id
WHERE t.status = 'open' AND t.flow = ANY(:flows)
GROUP BY f.pack, t.step
""")
# What waits for a message has no open task; its status says where it is.
_AT_WAITS = sa.text("""
SELECT f.pack, f.status, count(*) AS waiting, count(*) FILTER (WHERE f.due_at < :now) AS late
FROM control_file f
WHERE f.status <> 'closed' AND f.flow = ANY(:flows)
  AND NOT EXISTS (SELECT FROM human_task t WHERE t.control_file_id = f.id AND t.status = 'open')
GROUP BY f.pack, f.status
""")
_RUNNING = sa.text("""
SELECT pack, count(*) AS files FROM flow_instance WHERE ended_at IS NULL GROUP BY pack
""")
_MIGRATIONS = sa.text("""
SELECT m.id, m.from_pack, m.to_pack, m.status, m.total, m.asked_by, m.asked_at, m.changed_at,
       m.max_error_rate
FROM pack_migration m
WHERE m.jurisdiction = :jurisdiction
ORDER BY m.asked_at DESC, m.id DESC LIMIT :limit
""")
_COUNTS = sa.text("""
SELECT result, step, reason, about, count(*) AS files FROM pack_migration_file
WHERE migration_id = :id GROUP BY result, step, reason, about
ORDER BY result, files DESC, step, reason, about
""")
_FILES = sa.text("""
SELECT f.reference, i.result, i.step, i.reason, i.about, i.hash_before, i.hash_after, i.changed_at
FROM pack_migration_file i JOIN control_file f ON f.id = i.control_file_id
WHERE i.migration_id = :id ORDER BY f.reference
""").execution_options(stream_results=True, max_row_buffer=5000)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many files wait at a place, and how many of them are past their date."""

    waiting: int
    late: int


@dataclass(frozen=True, slots=True)
class MigrationRow:
    """A move between versions as lists show it; ``max_error_rate`` in ten-thousandths."""

    id: UUID
    from_pack: str
    to_pack: str
    status: PackMigrationStatus
    total: int
    asked_by: str
    asked_at: datetime
    changed_at: datetime
    max_error_rate: int


@dataclass(frozen=True, slots=True)
class ResultRow:
    """Files of a move with the same result, place and reason."""

    result: PackMigrationResult
    step: str
    reason: str | None
    about: str | None
    files: int


def at_places(
    session: Session, flows: Sequence[str], statuses: Mapping[str, Mapping[str, str]], now: datetime
) -> dict[str, dict[str, Waiting]]:
    """Return how many files wait where, by pack key and BPMN id.

    Args:
        session: for reading.
        flows: the flows that are asked for.
        statuses: by pack key, the place that a file's status means when no task is open.
        now: what is late is due before.
    """
    found: dict[str, dict[str, Waiting]] = {}
    values = {"flows": list(flows), "now": now}
    for pack, step, waiting, late in session.execute(_AT_STEPS, values):
        found.setdefault(pack, {})[step] = Waiting(waiting, late)
    for pack, status, waiting, late in session.execute(_AT_WAITS, values):
        place = statuses.get(pack, {}).get(status)
        if place is not None:
            found.setdefault(pack, {})[place] = Waiting(waiting, late)
    return found


def running_by_pack(session: Session) -> dict[str, int]:
    """Return how many files run under each version, by its key."""
    return {row.pack: row.files for row in session.execute(_RUNNING)}


def migrations(session: Session, jurisdiction: str, *, limit: int = 50) -> list[MigrationRow]:
    """Return the latest moves, newest first."""
    rows = session.execute(_MIGRATIONS, {"jurisdiction": jurisdiction, "limit": limit})
    return [
        MigrationRow(**{**row, "status": PackMigrationStatus(row["status"])})
        for row in rows.mappings()
    ]


def results(session: Session, migration_id: UUID) -> list[ResultRow]:
    """Return what came of a move's files, counted by result, place and reason."""
    rows = session.execute(_COUNTS, {"id": migration_id})
    return [
        ResultRow(**{**row, "result": PackMigrationResult(row["result"])})
        for row in rows.mappings()
    ]


def files(session: Session, migration_id: UUID) -> Iterator[tuple[object, ...]]:
    """Yield each file of a move with its result and the hashes before and after."""
    for row in session.execute(_FILES, {"id": migration_id}):
        yield tuple(row)


FILE_COLUMNS = (
    "reference", "result", "step", "reason", "about", "hash_before", "hash_after", "changed_at",
)  # fmt: skip
