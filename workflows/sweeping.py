"""Clocks that ran out, holds that end, tasks in nobody's hands: found and dealt with (balayage).

One transaction a file: an error of one file is logged with its id and does not stop the others.
Two sweeps at once are harmless, since each command locks its file and looks again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.batch_run import CHUNK, run_batch
from medcontrol.clock import Clock
from medcontrol.db import read_only, transaction
from workflows import commands
from workflows.steps.appointments import due_reminders, remind
from workflows.tools import Tools

log = logging.getLogger(__name__)

#: Rows found at once; a sweep goes on with the next ones until none is left.
PAGE = 500

#: The place of the last row of a page: when it was due, and its id.
_Place = tuple[datetime, UUID]

_DUE_CLOCKS = sa.text("""
SELECT id, control_file_id, due_at FROM deadline
WHERE status = 'running' AND due_at <= :now
  AND (CAST(:at AS timestamptz) IS NULL OR (due_at, id) > (:at, CAST(:id AS uuid)))
ORDER BY due_at, id LIMIT :page
""")
_DUE_WARNINGS = sa.text("""
SELECT id, control_file_id, warn_at FROM deadline
WHERE status = 'running' AND warn_at <= :now
  AND (CAST(:at AS timestamptz) IS NULL OR (warn_at, id) > (:at, CAST(:id AS uuid)))
ORDER BY warn_at, id LIMIT :page
""")
_DUE_HOLDS = sa.text("""
SELECT id, control_file_id, held_until FROM human_task
WHERE status = 'open' AND held_until <= :now
  AND (CAST(:at AS timestamptz) IS NULL OR (held_until, id) > (:at, CAST(:id AS uuid)))
ORDER BY held_until, id LIMIT :page
""")


#: What was typed is kept while a decision can be taken back; an hour after, it serves nobody.
_OLD_DRAFTS = sa.text("""
DELETE FROM medical_record m USING control_file f
WHERE m.kind = 'draft' AND f.id = m.control_file_id AND f.closed_at < :now - interval '1 hour'
""")


@dataclass(slots=True)
class Swept:
    """What one sweep did."""

    done: int = 0
    failed: int = 0


@dataclass(slots=True)
class Placed:
    """What a round over the pool did."""

    assigned: int = 0
    unassigned: int = 0
    failed: int = 0


def sweep_deadlines(tools: Tools, *, now: Clock, limit: int | None = None) -> Swept:
    """Fire the clocks that ran out, the oldest first.

    Args:
        tools: of this process.
        now: the clock; read once, so that a sweep ends.
        limit: how many clocks at most; the next sweep goes on.
    """
    at = now()
    return _sweep(
        _DUE_CLOCKS, lambda s, key: commands.fire_deadline(s, tools, key, now=at), at, limit
    )


def warn_of_deadlines(tools: Tools, *, now: Clock, limit: int | None = None) -> Swept:
    """Tell supervisors of the legal deadlines that near; arguments as ``sweep_deadlines``."""
    at = now()
    return _sweep(
        _DUE_WARNINGS, lambda s, key: commands.warn_of_deadline(s, tools, key, now=at), at, limit
    )


def remind_of_appointments(tools: Tools, jurisdiction: str, *, now: Clock) -> Swept:
    """Tell other systems of the appointments that near, the first ones first."""
    at, result = now(), Swept()
    with read_only() as session:
        due = due_reminders(session, jurisdiction, now=at)
    for key, file_id in due:
        alone(lambda s, each: remind(s, tools, each, now=at), key, file_id, result)
    return result


def wake_holds(tools: Tools, *, now: Clock, limit: int | None = None) -> Swept:
    """Bring back the tasks whose hold ended; arguments as ``sweep_deadlines``."""
    at = now()
    return _sweep(
        _DUE_HOLDS,
        lambda s, key: commands.wake(s, tools, key, principal=None, now=at),
        at,
        limit,
    )


def _sweep(
    due: sa.TextClause, act: Callable[[Session, UUID], bool], now: datetime, limit: int | None
) -> Swept:
    """Act on each row that is due, page by page; one that fails is passed by."""
    result = Swept()
    place: _Place | None = None
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        rows = _page(due, now, place, size)
        for row in rows:
            alone(act, row[0], row[1], result)
        if len(rows) < size:
            break
        place = (rows[-1][2], rows[-1][0])
        left = None if left is None else left - len(rows)
    return result


def _page(
    due: sa.TextClause, now: datetime, after: _Place | None, size: int
) -> list[tuple[UUID, UUID, datetime]]:
    at, last = after or (None, None)
    with read_only() as session:
        found = session.execute(due, {"now": now, "at": at, "id": last, "page": size})
        return [(row[0], row[1], row[2]) for row in found]


def alone(act: Callable[[Session, UUID], bool], key: UUID, file_id: UUID, result: Swept) -> None:
    """Act on one row in a transaction of its own; one that fails is logged and costs one file."""
    try:
        with transaction() as session:
            result.done += act(session, key)
    except sa.exc.OperationalError as error:
        if error.connection_invalidated:
            raise  # the database is gone: no file is to blame
        _note(error, key, file_id, result)  # a lock that was not given; next time
    except Exception as error:  # noqa: BLE001 - one bad file must cost one file
        _note(error, key, file_id, result)


def _note(error: Exception, key: UUID, file_id: UUID, result: Swept) -> None:
    result.failed += 1
    facts = {"id": str(key), "control_file_id": str(file_id), "error": type(error).__name__}
    log.error("sweep.failed", extra=facts)


def forget_drafts(*, now: Clock) -> None:
    """Forget what was typed about files that are closed for good."""
    with transaction() as session:
        session.execute(_OLD_DRAFTS, {"now": now()})


def assign_pool(jurisdiction: str, *, now: Clock, chunk: int = CHUNK) -> Placed:
    """Try again to give doctors to the tasks in nobody's hands, the most urgent first."""
    run = run_batch(jurisdiction, now=now, chunk=chunk)
    return Placed(
        assigned=run.assigned, unassigned=run.unassigned.total(), failed=run.dropped.total()
    )
