"""Moves of running files between versions: asked for, looked at, applied, taken back (migration).

Each is one row whose status says how far it is. Work goes in chunks, one transaction each, so
that a worker that dies goes on where it stopped; queues and pages never wait for it.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol import journal, outbox
from medcontrol.clock import Clock
from medcontrol.db import transaction
from medcontrol.errors import AlreadyDone, InvalidInput, NotFound, Unavailable
from medcontrol.ids import new_id
from medcontrol.model import PackMigration, PackMigrationFile
from medcontrol.turns import keep_turn, take_turn
from medcontrol.vocabulary import ActorKind
from medcontrol.vocabulary import PackMigrationResult as Result
from medcontrol.vocabulary import PackMigrationStatus as Status
from workflows.definition.catalog import Catalog
from workflows.steps.limits import Limits, limits_of
from workflows.versions.moves import carry_over, running, take_back
from workflows.versions.moving_files import Judge, Verdict, mapping_of

log = logging.getLogger(__name__)

TOPIC = "packs.migrate"
#: Files per transaction: looked at, and changed.
LOOKED, CHANGED = 500, 50
_File: Any = PackMigrationFile.__table__  # type: ignore[attr-defined]

_NEXT = sa.text("""
SELECT control_file_id FROM flow_instance
WHERE pack = :pack AND ended_at IS NULL AND control_file_id > :reached
ORDER BY control_file_id LIMIT :limit
""")
_OPEN = sa.text("SELECT count(*) FROM flow_instance WHERE pack = :pack AND ended_at IS NULL")
#: What may be asked of a move, and the status in which it may be.
_MAY = {
    Status.RUNNING: (Status.CHECKED, Status.STOPPED),
    Status.STOPPED: (Status.RUNNING, Status.CHECKING),
    Status.REVERTING: (Status.DONE, Status.STOPPED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A move that somebody asks for; ``changes`` are laid over the proposed mapping.

    ``max_error_rate``: in ten-thousandths; above it the move stops.
    """

    jurisdiction: str
    from_pack: str
    to_pack: str
    changes: Mapping[str, str | None]
    max_error_rate: int
    asked_by: journal.Actor


def request(
    session: Session, catalog: Catalog, asked: Request, *, now: datetime, background: bool = True
) -> UUID:
    """Keep a move and ask for its dry run, in the caller's transaction; return its id.

    Without ``background`` the caller does the work.

    Raises:
        NotFound: one of the versions is not there.
        InvalidInput: both are the same, they serve no common flow, or the mapping can't be.
    """
    old, new = catalog.version(asked.from_pack), catalog.version(asked.to_pack)
    if old.key == new.key:
        raise InvalidInput("both versions are the same", field="to")
    if not old.meta.flows.keys() & new.meta.flows.keys():
        raise InvalidInput(f"{new.key} serves no flow of {old.key}", field="to")
    if not 0 <= asked.max_error_rate <= 10_000:
        raise InvalidInput("a share is between 0 and 100 %", field="max_error_rate")
    row = PackMigration.model_validate(
        {
            "id": new_id(), "jurisdiction": asked.jurisdiction,
            "from_pack": old.key, "to_pack": new.key, "to_hash": new.digest,
            "mapping": mapping_of(old, new, asked.changes),
            "max_error_rate": asked.max_error_rate, "status": Status.CHECKING,
            "total": session.execute(_OPEN, {"pack": old.key}).scalar_one(),
            "asked_by": asked.asked_by.label, "asked_by_id": asked.asked_by.id,
            "asked_at": now, "changed_at": now,
        }
    )  # fmt: skip
    session.add(row)
    session.flush()
    if background:
        _publish(session, row, now)
    return row.id


def ask(
    session: Session,
    migration_id: UUID,
    wanted: Status,
    *,
    now: datetime,
    background: bool = True,
) -> None:
    """Apply a move that was looked at, stop it, or take it back.

    Args:
        session: the caller's transaction.
        migration_id: the move.
        wanted: ``running``, ``stopped`` or ``reverting``.
        now: the instant.
        background: leave the work to a worker; else the caller does it.

    Raises:
        NotFound: there is no such move.
        AlreadyDone: it is not where this may be asked.
    """
    row = find(session, migration_id, lock=True)
    if row.status not in _MAY[wanted]:
        raise AlreadyDone(f"the move is {row.status}, it can't be {wanted}")
    row.status, row.changed_at = wanted, now
    session.flush()
    if background and wanted is not Status.STOPPED:
        _publish(session, row, now)


def find(session: Session, migration_id: UUID, *, lock: bool = False) -> PackMigration:
    """Return one move. Raises NotFound."""
    row = session.get(PackMigration, migration_id, with_for_update=lock, populate_existing=True)
    if row is None:
        raise NotFound(f"no move {migration_id}", field="id")
    return row


def _publish(session: Session, row: PackMigration, now: datetime) -> None:
    key = f"packs:{row.id}:{row.status}:{int(now.timestamp() * 1_000_000)}"
    message = outbox.NewMessage(topic=TOPIC, key=key, payload={"id": str(row.id)})
    outbox.publish(session, [message], now=now)


def work(
    migration_id: UUID, catalog: Catalog, *, now: Clock, longest: timedelta | None = None
) -> Status:
    """Do what a move asks for until it is done, stopped or taken back; return its status.

    After ``longest`` the rest is asked for anew, so that no task runs for hours.

    Raises:
        Unavailable: another process is at it; look again later.
    """
    began = now()
    with transaction() as guard:
        if not take_turn(guard, f"packs.move:{migration_id}"):
            raise Unavailable(f"move {migration_id} is worked on in another process")
        judge: Judge | None = None
        while True:
            with transaction() as session:
                row = find(session, migration_id, lock=True)
                judge = judge or Judge(catalog, row.to_pack, row.mapping)
                if not _chunk(session, row, judge, now()):
                    return row.status
                if longest is not None and now() - began > longest:
                    _publish(session, row, now())
                    return row.status
            keep_turn(guard)


def _chunk(session: Session, row: PackMigration, judge: Judge, now: datetime) -> bool:
    """Do the next chunk of a move; return whether there may be another one."""
    row.changed_at = now
    if row.status is Status.CHECKING:
        return _look(session, row, judge, now)
    if row.status is Status.RUNNING:
        if judge.catalog.version(row.to_pack).digest != row.to_hash:
            log.warning("packs.changed", extra={"pack": row.to_pack})
            row.status = Status.STOPPED  # the dry run was of something else
            return False
        return _apply(session, row, judge, now)
    if row.status is Status.REVERTING:
        return _revert(session, row, judge, now)
    return False


def _look(session: Session, row: PackMigration, judge: Judge, now: datetime) -> bool:
    values = {"pack": row.from_pack, "reached": row.reached or UUID(int=0), "limit": LOOKED}
    ids = session.execute(_NEXT, values).scalars().all()
    if not ids:
        row.status = Status.CHECKED
        return False
    found = [
        _row(row.id, file.id, judge.look(file), file.pack_hash, now)
        for file in running(session, ids)
    ]
    if found:
        session.execute(sa.insert(_File), found)
    row.reached = ids[-1]
    return True


def _row(
    migration_id: UUID, file_id: UUID, verdict: Verdict, hash_before: str, now: datetime
) -> dict[str, Any]:
    return {
        "migration_id": migration_id, "control_file_id": file_id, "result": verdict.result,
        "step": verdict.step, "reason": verdict.reason, "about": verdict.about,
        "hash_before": hash_before, "changed_at": now,
    }  # fmt: skip


def _of(session: Session, row: PackMigration, result: Result) -> list[Any]:
    where = sa.and_(_File.c.migration_id == row.id, _File.c.result == result)
    query = sa.select(_File).where(where).order_by(_File.c.control_file_id).limit(CHANGED)
    return list(session.execute(query).mappings())


def _apply(session: Session, row: PackMigration, judge: Judge, now: datetime) -> bool:
    """Carry the next files over; each alone in a savepoint, so that one that fails stays whole."""
    todo = _of(session, row, Result.MIGRATABLE)
    limits = limits_of(session, row.jurisdiction)
    for item in todo:
        values = _carried(session, row, judge, item["control_file_id"], limits, now)
        _note(session, row, item["control_file_id"], values | {"changed_at": now})
    if _fails_too_often(session, row):
        row.status = Status.STOPPED
        return False
    if not todo:
        row.status = Status.DONE
    return bool(todo)


def _carried(
    session: Session, row: PackMigration, judge: Judge, file_id: UUID, limits: Limits, now: datetime
) -> dict[str, Any]:
    try:
        with session.begin_nested():
            moved = carry_over(
                session, judge, file_id,
                limits=limits, migration=row.id, actor=actor_of(row), now=now,
            )  # fmt: skip
    except Exception as fault:  # noqa: BLE001 - counted; the move stops when there are too many
        log.warning("packs.failed", extra={"file": str(file_id), "code": type(fault).__name__})
        return {"result": Result.FAILED, "reason": "failed", "about": type(fault).__name__}
    if moved is None:
        return {"result": Result.BLOCKED, "reason": "ended"}
    if moved.verdict.advance is None:
        verdict = moved.verdict
        return {"result": verdict.result, "reason": verdict.reason, "about": verdict.about}
    return {
        "result": Result.MIGRATED, "hash_before": moved.hash_before,
        "hash_after": moved.hash_after, "undo": moved.undo,
    }  # fmt: skip


def _fails_too_often(session: Session, row: PackMigration) -> bool:
    query = sa.select(_File.c.result, sa.func.count()).where(_File.c.migration_id == row.id)
    counts: dict[Result, int] = dict(session.execute(query.group_by(_File.c.result)).all())
    failed = counts.get(Result.FAILED, 0)
    tried = failed + counts.get(Result.MIGRATED, 0)
    return failed * 10_000 > tried * row.max_error_rate


def _revert(session: Session, row: PackMigration, judge: Judge, now: datetime) -> bool:
    todo = _of(session, row, Result.MIGRATED)
    for item in todo:
        verdict = take_back(
            session, judge, item["control_file_id"], item["undo"],
            (item["hash_before"], item["hash_after"]),
            migration=row.id, actor=actor_of(row), now=now,
        )  # fmt: skip
        values = {"result": verdict.result, "reason": verdict.reason, "about": verdict.about}
        _note(session, row, item["control_file_id"], values | {"changed_at": now})
    if not todo:
        row.status = Status.REVERTED
    return bool(todo)


def _note(session: Session, row: PackMigration, file_id: UUID, values: Mapping[str, Any]) -> None:
    where = sa.and_(_File.c.migration_id == row.id, _File.c.control_file_id == file_id)
    session.execute(sa.update(_File).where(where).values(**values))


def actor_of(row: PackMigration) -> journal.Actor:
    """Return who asked for a move."""
    kind = ActorKind.USER if row.asked_by_id else ActorKind.SYSTEM
    return journal.Actor(kind, row.asked_by, row.asked_by_id)
