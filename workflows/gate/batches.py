"""Batches handed in over the network (lots): kept on disk first, run by a worker after."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any
from uuid import UUID

from sqlmodel import Session

from medcontrol import outbox
from medcontrol.clock import Clock
from medcontrol.crypto import CryptoFault
from medcontrol.db import transaction
from medcontrol.errors import NotFound, Unavailable
from medcontrol.intake import Line, UnreadableDelivery, read_lines
from medcontrol.model import IntakeBatch
from medcontrol.turns import keep_turn, take_turn
from workflows.gate.counts import BatchName, Counts
from workflows.gate.intake import take_in
from workflows.gate.spool import SpoolMissing, SpoolReader, spool_path
from workflows.tools import Tools

TOPIC = "intake.run_batch"


class BatchState(StrEnum):
    """How far a batch is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # the rest can't be read; what was read before stays taken in


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchReport:
    """What became of a batch so far. ``counts`` holds all figures, zero before the start."""

    id: UUID
    name: str
    state: BatchState
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    lines_done: int
    counts: dict[str, Any]
    error: str | None


class BatchBusy(Unavailable):
    """Another worker runs this batch; look again later."""

    code = "intake.batch_busy"


def hand_in(
    session: Session, batch_id: UUID, *, name: str, client_id: UUID, now: datetime
) -> BatchReport:
    """Record a batch whose delivery is spooled, and ask for a worker, in one transaction."""
    batch = IntakeBatch(
        id=batch_id,
        name=name,
        client_id=client_id,
        created_at=now,
        counts={},
        spool_name=spool_path(batch_id).name,
    )
    session.add(batch)
    session.flush()
    message = outbox.NewMessage(
        topic=TOPIC, key=f"intake_batch:{batch_id}", payload={"batch_id": str(batch_id)}
    )
    outbox.publish(session, [message], now=now)
    return _report(batch)


def find_batch(session: Session, batch_id: UUID, *, client_id: UUID | None) -> BatchReport:
    """Return what became of a batch; of one client's only, when one is given.

    Raises:
        NotFound: no such batch, or somebody else's.
    """
    batch = session.get(IntakeBatch, batch_id)
    if batch is None or (client_id is not None and batch.client_id != client_id):
        raise NotFound(f"no batch {batch_id}", field="batch_id")
    return _report(batch)


def _report(batch: IntakeBatch) -> BatchReport:
    return BatchReport(
        id=batch.id,
        name=batch.name,
        state=_state(batch),
        created_at=batch.created_at,
        started_at=batch.started_at,
        finished_at=batch.finished_at,
        lines_done=batch.lines_done,
        counts=Counts.from_json(batch.counts).as_json(),
        error=batch.error,
    )


def _state(batch: IntakeBatch) -> BatchState:
    if batch.finished_at is not None:
        return BatchState.FAILED if batch.error else BatchState.DONE
    return BatchState.RUNNING if batch.started_at else BatchState.WAITING


def run_batch(tools: Tools, batch_id: UUID, *, now: Clock) -> Counts | None:
    """Take a batch in, from where an earlier run stopped; may be called again at any time.

    The delivery is deleted once everything is taken in. One that is damaged ends the batch with
    the code of the damage; everything before it stays.

    Returns:
        The figures of the whole batch; None when it had ended before.

    Raises:
        NotFound: no such batch.
        BatchBusy: another worker is at it.
    """
    with transaction() as guard:
        if not take_turn(guard, f"intake:{batch_id}"):
            raise BatchBusy(f"batch {batch_id}")
        started = _start(batch_id, now())
        if started is not None:
            name, before = started
            error, counts = _run(tools, BatchName(batch_id, name), before, now, guard)
            _end(batch_id, counts, error, now())
    spool_path(batch_id).unlink(missing_ok=True)
    return counts if started is not None else None


def _start(batch_id: UUID, now: datetime) -> tuple[str, Counts] | None:
    with transaction() as session:
        batch = session.get(IntakeBatch, batch_id, with_for_update=True)
        if batch is None:
            raise NotFound(f"no batch {batch_id}", field="batch_id")
        if batch.finished_at is not None:
            return None
        batch.started_at = batch.started_at or now
        return batch.name, Counts.from_json(batch.counts)


def _run(
    tools: Tools, batch: BatchName, before: Counts, now: Clock, guard: Session
) -> tuple[str | None, Counts]:
    """Take in the lines that are left; return the code of the damage, if any, and all figures."""
    latest = [before]

    def note(total: Counts) -> None:
        latest[0] = _sum(before, total)
        _save(batch.id, latest[0])
        keep_turn(guard)

    damage: list[str] = []
    lines = islice(_readable(tools, batch.id, damage), before.received, None)
    take_in(tools, lines, batch=batch, now=now, on_chunk=note)
    return (damage[0] if damage else None), latest[0]


def _readable(tools: Tools, batch_id: UUID, damage: list[str]) -> Iterator[Line]:
    """Yield the lines of a delivery as far as it can be read; note what ended it too early."""
    try:
        with SpoolReader(batch_id, tools.keys) as reader:
            yield from read_lines(reader.stream())
    except (UnreadableDelivery, SpoolMissing, CryptoFault) as error:
        damage.append(error.code)


def _sum(before: Counts, more: Counts) -> Counts:
    total = Counts.from_json(before.as_json())
    total.add(more)
    return total


def _change(batch_id: UUID, change: Callable[[IntakeBatch], None]) -> None:
    with transaction() as session:
        batch = session.get_one(IntakeBatch, batch_id, with_for_update=True)
        change(batch)


def _save(batch_id: UUID, counts: Counts) -> None:
    def change(batch: IntakeBatch) -> None:
        batch.lines_done, batch.counts = counts.received, counts.as_json()

    _change(batch_id, change)


def _end(batch_id: UUID, counts: Counts, error: str | None, now: datetime) -> None:
    def change(batch: IntakeBatch) -> None:
        batch.lines_done, batch.counts = counts.received, counts.as_json()
        batch.finished_at, batch.error = now, error

    _change(batch_id, change)
