"""The watch over files that nothing will ever move, and trying again what failed (veille)."""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import Clock
from medcontrol.db import read_only, transaction
from medcontrol.services import failed_work
from medcontrol.services.failed_work import Failure
from medcontrol.vocabulary import RetryOutcome
from workflows import commands
from workflows.steps.appointments import remind
from workflows.steps.driving import MOVING_CLOCKS, diagnose, drive
from workflows.sweeping import CLOCKS, HOLDS, REMINDERS, WARNINGS
from workflows.tools import Tools

log = logging.getLogger(__name__)

#: The job that watches; what it finds is kept as its failures.
WATCH = "files.watch"
#: Files that are looked into at a time: the state of a flow is some ten kilobytes.
_AT_ONCE = 500

_STANDING = sa.text(f"""
SELECT f.id, f.flow, f.pack, i.state, i.pack_hash, i.ended_at
FROM control_file f LEFT JOIN flow_instance i ON i.control_file_id = f.id
WHERE f.status <> 'closed' AND f.id > :after
  AND NOT EXISTS (SELECT FROM human_task t WHERE t.control_file_id = f.id AND t.status = 'open')
  AND NOT EXISTS ({MOVING_CLOCKS.format("f.id")})
ORDER BY f.id LIMIT :at_once
""")  # noqa: S608 - our own words


def watch(tools: Tools, *, now: Clock) -> dict[str, int]:
    """Find the open files without an open step or a running clock of their flow.

    They are kept as failed work of this job until a later round does not find them any more.

    Returns:
        How many, by why nothing moves them.
    """
    at = now()
    found = []
    for row in _standing():
        why = diagnose(tools, row)
        if why is not None:
            found.append(_failure(row.id, *why))
    with transaction() as session:
        failed_work.note(session, found, now=at)
        failed_work.end_others(session, WATCH, since=at, now=at)
        failed_work.forget_old(session, now=at)
    counts = Counter(each.error for each in found)
    for code, count in counts.items():
        log.error("watch.file_stands_still", extra={"code": code, "count": count})
    return dict(counts)


def _standing() -> Iterator[Any]:
    """Yield the files that neither a step nor a clock moves; most wait for a message."""
    after = UUID(int=0)
    while True:
        with read_only() as session:
            rows = session.execute(_STANDING, {"after": after, "at_once": _AT_ONCE}).all()
        yield from rows
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1].id


def _failure(file_id: UUID, error: str, step: str) -> Failure:
    return Failure(job=WATCH, subject_id=file_id, control_file_id=file_id, error=error, step=step)


#: What is done again for one row of a job.
_Act = Callable[[Session, Tools, UUID, datetime], bool]
_ACTS: Mapping[str, _Act] = {
    CLOCKS: lambda s, tools, key, now: commands.fire_deadline(s, tools, key, now=now),
    WARNINGS: lambda s, tools, key, now: commands.warn_of_deadline(s, tools, key, now=now),
    HOLDS: lambda s, tools, key, now: commands.wake(s, tools, key, principal=None, now=now),
    REMINDERS: lambda s, tools, key, now: remind(s, tools, key, now=now),
    WATCH: lambda s, tools, key, now: drive(s, tools, key, now=now),
}


def can_try_one(job: str) -> bool:
    """Return whether one row of a job can be tried by itself; else its whole job is run."""
    return job in _ACTS


def try_one(
    tools: Tools, job: str, subject_id: UUID, *, now: Clock
) -> tuple[RetryOutcome, str | None]:
    """Do again what a job failed at, in a transaction of its own.

    Returns:
        What became of it, ``gone`` when there was nothing left to do; and the error, as a code.
    """
    at, act = now(), _ACTS[job]
    try:
        with transaction() as session:
            is_done = act(session, tools, subject_id, at)
            failed_work.end(session, job, subject_id, now=at)
    except sa.exc.OperationalError as error:
        if error.connection_invalidated:
            raise
        return RetryOutcome.FAILED, failed_work.error_of(error)
    except Exception as error:  # noqa: BLE001 - what one row meets is what the caller asks for
        log.error("watch.failed_again", extra={"job": job, "error": type(error).__name__})
        return RetryOutcome.FAILED, failed_work.error_of(error)
    return RetryOutcome.DONE if is_done else RetryOutcome.GONE, None
