"""The gate: a delivery taken in chunk by chunk, from lines to assigned files (réception)."""

import gc
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col

from medcontrol.clock import Clock
from medcontrol.collecting import undisturbed
from medcontrol.db import transaction
from medcontrol.errors import Unavailable
from medcontrol.intake import FieldError, Line, Registers
from medcontrol.model import IntakeBatch
from medcontrol.vocabulary import QuarantineReason
from workflows.gate import identities, quarantine
from workflows.gate.chunks import Checked, checked_chunks
from workflows.gate.counts import BatchName, Counts
from workflows.gate.registers import registers
from workflows.gate.saving import save
from workflows.tools import Tools

log = logging.getLogger(__name__)

CHUNK = 2000
_RETRIES = 3
_CHUNKS_BETWEEN_SWEEPS = 8


def take_in(
    tools: Tools,
    lines: Iterable[Line],
    *,
    batch: BatchName,
    now: Clock,
    on_chunk: Callable[[Counts], None] | None = None,
    chunk_size: int = CHUNK,
) -> Counts:
    """Take lines in, in transactions of their own, one per chunk.

    A chunk that fails is halved until the line that fails stands alone, in quarantine. Lines
    that came in before are duplicates, so a run that was killed is simply run again.

    Args:
        tools: of this process.
        lines: from ``read_lines``.
        batch: what quarantined lines are filed under.
        now: the clock.
        on_chunk: told the figures so far after each chunk.
        chunk_size: lines a transaction, at most.

    Raises:
        UnreadableDelivery: the rest can't be read; everything before it was taken in.
        Unavailable: the selectivity engine does not answer; run it again later.
        sqlalchemy.exc.OperationalError: the database is gone; run it again.
    """
    with transaction() as session:
        known = registers(session, tools, now().date())
    total = Counts()
    with undisturbed():
        for number, checked in enumerate(checked_chunks(lines, chunk_size, known), 1):
            total.add(_take_chunk(tools, checked, batch, known, now))
            _note_progress(batch, total)
            if on_chunk is not None:
                on_chunk(total)
            if number % _CHUNKS_BETWEEN_SWEEPS == 0:
                gc.collect(1)
    return total


def _take_chunk(
    tools: Tools,
    checked: Sequence[Checked],
    batch: BatchName,
    known: Registers,
    now: Clock,
) -> Counts:
    try:
        return _with_retries(lambda: _one_transaction(tools, checked, batch, known, now()))
    except (sa.exc.OperationalError, Unavailable):
        raise  # nothing is wrong with the lines: they are taken in when it answers again
    except Exception as error:  # noqa: BLE001 - one bad file must cost one file
        if len(checked) == 1:
            return _set_aside(tools, checked[0], batch, now(), error)
        middle = len(checked) // 2
        counts = _take_chunk(tools, checked[:middle], batch, known, now)
        counts.add(_take_chunk(tools, checked[middle:], batch, known, now))
        return counts


def _with_retries(work: Callable[[], Counts]) -> Counts:
    """Run a chunk again when it lost a deadlock or a lock; a lost database is not retried."""
    for left in reversed(range(_RETRIES)):
        try:
            return work()
        except sa.exc.OperationalError as error:
            if error.connection_invalidated or not left:
                raise
            time.sleep(0.05 * (_RETRIES - left))
    raise AssertionError("unreachable")


def _one_transaction(
    tools: Tools,
    checked: Sequence[Checked],
    batch: BatchName,
    known: Registers,
    now: datetime,
) -> Counts:
    with transaction() as session:
        session.execute(sa.text("SET LOCAL statement_timeout = '300s'"))
        parts = identities.sort(session, checked, now=now)
        put = quarantine.put(session, tools.keys, parts.bad, batch=(batch.id, batch.name), now=now)
        counts, _ = save(session, tools, parts.new, known, now)
    settled_faulty = put.settled - put.settled_conflicts
    counts.received = len(checked)
    counts.duplicates = parts.duplicates
    counts.conflicts = parts.conflicts - put.settled_conflicts
    counts.quarantined = len(parts.bad) - parts.conflicts - settled_faulty
    counts.already_handled = put.settled
    return counts


def _set_aside(
    tools: Tools, checked: Checked, batch: BatchName, now: datetime, error: Exception
) -> Counts:
    """Quarantine a line that nothing is wrong with, but that the system could not take."""
    log.error("intake.line_failed", extra={"line": checked.line.no, "error": type(error).__name__})
    fault = FieldError("", "intake.failed", "Le système n’a pas pu prendre ce dossier", False, "")
    with transaction() as session:
        put = quarantine.put(
            session, tools.keys, [quarantine.Bad(checked.line, QuarantineReason.FAULTY, (fault,))],
            batch=(batch.id, batch.name), now=now,
        )  # fmt: skip
    return Counts(received=1, quarantined=1 - put.settled, already_handled=put.settled)


def _note_progress(batch: BatchName, total: Counts) -> None:
    with transaction() as session:
        session.execute(
            sa.update(IntakeBatch)
            .where(col(IntakeBatch.id) == batch.id)
            .values(lines_done=total.received, counts=total.as_json())
        )
