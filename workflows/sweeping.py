"""Clocks that ran out, holds that end, tasks in nobody's hands: found and dealt with (balayage).

One transaction a file: an error of one file is logged with its id and does not stop the others.
Two sweeps at once are harmless, since each command locks its file and looks again.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from assignment.batch_run import CHUNK, run_batch
from medcontrol.clock import Clock
from medcontrol.db import read_only, transaction
from medcontrol.services import failed_work
from workflows import commands
from workflows.steps.appointments import due_reminders, remind
from workflows.tools import Tools

log = logging.getLogger(__name__)

#: Rows found at once; a sweep goes on with the next ones until none is left.
PAGE = 500

#: The jobs that act on one row after the other.
CLOCKS, WARNINGS, HOLDS = "deadlines.sweep", "deadlines.warn", "holds.wake"
REMINDERS, READINGS = "appointments.remind", "quality.move"
_CLOCK = sa.text("SELECT name FROM deadline WHERE id = :id")
#: What a row is about: the clock, or the step.
_STEPS = {
    CLOCKS: _CLOCK,
    WARNINGS: _CLOCK,
    HOLDS: sa.text("SELECT step FROM human_task WHERE id = :id"),
    REMINDERS: sa.text("SELECT kind FROM appointment WHERE id = :id"),
    READINGS: sa.text("SELECT stratum FROM second_reading WHERE id = :id"),
}

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
class Round:
    """One run of a job over what is due.

    Attributes:
        job: as the scheduler calls it.
        at: the instant of the run, after which nothing is looked at.
    """

    job: str
    at: datetime
    result: Swept = field(default_factory=Swept)

    def alone(self, act: Callable[[Session, UUID], bool], key: UUID, file_id: UUID) -> None:
        """Act on one row in a transaction of its own; one that fails is noted, costs one file."""
        try:
            with transaction() as session:
                self.result.done += act(session, key)
        except sa.exc.OperationalError as error:
            if error.connection_invalidated:
                raise  # the database is gone: no file is to blame
            self._note(error, key, file_id)  # a lock that was not given; next time
        except Exception as error:  # noqa: BLE001 - one bad file must cost one file
            self._note(error, key, file_id)

    def over(self) -> Swept:
        """Say that all that is due was looked at: what did not fail now does so no more."""
        with transaction() as session:
            failed_work.end_others(session, self.job, since=self.at, now=self.at)
        return self.result

    def _note(self, error: Exception, key: UUID, file_id: UUID) -> None:
        self.result.failed += 1
        facts = {"id": str(key), "control_file_id": str(file_id), "error": type(error).__name__}
        log.error("sweep.failed", extra=facts | {"job": self.job})
        # When it is the database that is gone, the log has it.
        with suppress(sa.exc.OperationalError), transaction() as session:
            step = session.execute(_STEPS[self.job], {"id": key}).scalar() or ""
            failure = failed_work.Failure(
                job=self.job, subject_id=key, control_file_id=file_id, step=step,
                error=failed_work.error_of(error),
            )  # fmt: skip
            failed_work.note(session, [failure], now=self.at)


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
    round_ = Round(CLOCKS, at)
    return _sweep(
        round_, _DUE_CLOCKS, lambda s, key: commands.fire_deadline(s, tools, key, now=at), limit
    )


def warn_of_deadlines(tools: Tools, *, now: Clock, limit: int | None = None) -> Swept:
    """Tell supervisors of the legal deadlines that near; arguments as ``sweep_deadlines``."""
    at = now()
    round_ = Round(WARNINGS, at)
    return _sweep(
        round_,
        _DUE_WARNINGS,
        lambda s, key: commands.warn_of_deadline(s, tools, key, now=at),
        limit,
    )


def remind_of_appointments(tools: Tools, jurisdiction: str, *, now: Clock) -> Swept:
    """Tell other systems of the appointments that near, the first ones first."""
    at = now()
    round_ = Round(REMINDERS, at)
    with read_only() as session:
        due = due_reminders(session, jurisdiction, now=at)
    for key, file_id in due:
        round_.alone(lambda s, each: remind(s, tools, each, now=at), key, file_id)
    return round_.over()


def wake_holds(tools: Tools, *, now: Clock, limit: int | None = None) -> Swept:
    """Bring back the tasks whose hold ended; arguments as ``sweep_deadlines``."""
    at = now()
    round_ = Round(HOLDS, at)
    return _sweep(
        round_,
        _DUE_HOLDS,
        lambda s, key: commands.wake(s, tools, key, principal=None, now=at),
        limit,
    )


def _sweep(
    round_: Round, due: sa.TextClause, act: Callable[[Session, UUID], bool], limit: int | None
) -> Swept:
    """Act on each row that is due, page by page; one that fails is passed by."""
    place: _Place | None = None
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        rows = _page(due, round_.at, place, size)
        for row in rows:
            round_.alone(act, row[0], row[1])
        if len(rows) < size:
            return round_.over()
        place = (rows[-1][2], rows[-1][0])
        left = None if left is None else left - len(rows)
    return round_.result  # some rows were not looked at


def _page(
    due: sa.TextClause, now: datetime, after: _Place | None, size: int
) -> list[tuple[UUID, UUID, datetime]]:
    at, last = after or (None, None)
    with read_only() as session:
        found = session.execute(due, {"now": now, "at": at, "id": last, "page": size})
        return [(row[0], row[1], row[2]) for row in found]


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
