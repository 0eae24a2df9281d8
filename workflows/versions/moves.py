"""One running file carried over to another version of its pack, or back; under the file's lock."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol import journal
from medcontrol.errors import DomainError
from medcontrol.model import ControlFile, Deadline, FlowInstance, HumanTask, ReceivedFile
from medcontrol.vocabulary import (
    ControlFileStatus,
    DeadlineStatus,
    PackMigrationResult,
    TaskStatus,
)
from workflows.definition.catalog import Pack
from workflows.definition.thresholds import Measures
from workflows.engine.paths import Advance
from workflows.steps import rows
from workflows.steps.limits import Limits
from workflows.versions.moving_files import Judge, OpenTask, Running, Verdict, step_columns

_File: Any = ControlFile.__table__  # type: ignore[attr-defined]
_Flow: Any = FlowInstance.__table__  # type: ignore[attr-defined]
_Task: Any = HumanTask.__table__  # type: ignore[attr-defined]
_Clock: Any = Deadline.__table__  # type: ignore[attr-defined]
_MEASURED = ("amount_cents", "care_from", "care_to", "birth_date", "lines")
_RUNS = (DeadlineStatus.RUNNING, DeadlineStatus.SUSPENDED)
_OF_TASK = ("step", "kind", "is_medical", "level", "professions", "specialty", "file_status")
_OF_CLOCK = ("name", "kind", "stops_for_completion", "status", "settled_at")

RUNNING = sa.text("""
SELECT c.id, c.flow, c.nature, c.received_on, c.level, w.pack, w.pack_hash,
       w.serializer_version, w.state,
       EXISTS (SELECT FROM decision d WHERE d.control_file_id = c.id
               AND d.undone_at IS NULL AND d.before IS NOT NULL) AS has_decision,
       r.amount_cents, r.care_from, r.care_to, c.person_birth_date AS birth_date,
       coalesce(json_array_length(r.details::json->'lines'), 0) AS lines
FROM flow_instance w JOIN control_file c ON c.id = w.control_file_id
JOIN received_file r ON r.id = c.received_file_id
WHERE w.ended_at IS NULL AND c.id = ANY(:ids) ORDER BY c.id
""")
_TASKS = sa.text("""
SELECT control_file_id, engine_task_id, assigned_doctor_id IS NOT NULL, is_medical, level,
       professions, specialty
FROM human_task WHERE status = 'open' AND control_file_id = ANY(:ids) ORDER BY id
""")


@dataclass(frozen=True, slots=True)
class Moved:
    """What came of a file: the verdict, and what takes it back."""

    verdict: Verdict
    hash_before: str
    hash_after: str | None = None
    undo: dict[str, Any] | None = None


def running(session: Session, ids: Sequence[UUID]) -> list[Running]:
    """Return those of the files that are still running, with their open tasks, by id."""
    tasks: dict[UUID, list[OpenTask]] = {}
    for file_id, *values in session.execute(_TASKS, {"ids": list(ids)}):
        tasks.setdefault(file_id, []).append(OpenTask(*values))
    found = session.execute(RUNNING, {"ids": list(ids)})
    return [_running(dict(row), tasks.get(row["id"], [])) for row in found.mappings()]


def _running(row: dict[str, Any], tasks: Sequence[OpenTask]) -> Running:
    """Return a row of ``RUNNING`` with its tasks; numbers that thresholds are about apart."""
    numbers = {name: row.pop(name) for name in _MEASURED}
    measures = Measures(received_on=row["received_on"], **numbers)
    return Running(**row, measures=measures, tasks=tasks)


def lock(session: Session, file_id: UUID) -> Running | None:
    """Lock a file and return it as it runs now; None when it ended meanwhile."""
    session.execute(sa.select(_File.c.id).where(_File.c.id == file_id).with_for_update())
    found = running(session, [file_id])
    return found[0] if found else None


def carry_over(
    session: Session,
    judge: Judge,
    file_id: UUID,
    *,
    limits: Limits,
    migration: UUID,
    actor: journal.Actor,
    now: datetime,
) -> Moved | None:
    """Carry a file over to the judge's version, under its lock; None when it ended meanwhile.

    Tasks and clocks keep their ids, due dates and doctors; what newly waits gets clocks that
    start now, and clocks that the new version does not have are cancelled. Journaled with the
    hashes of both versions.
    """
    file = lock(session, file_id)
    if file is None:
        return None
    verdict = judge.move(file)
    if verdict.advance is None:
        return Moved(verdict, file.pack_hash)
    pack = judge.target(file.flow)
    row = session.execute(sa.select(_File).where(_File.c.id == file_id)).mappings().one()
    undo = {
        "state": file.state,
        "pack": file.pack,
        "status": row["status"],
        "after": hashlib.sha256(verdict.advance.state.encode()).hexdigest(),
        "tasks": _change_tasks(session, pack, file, verdict.advance),
    }
    undo |= _change_clocks(session, pack, dict(row), verdict.advance, limits, now)
    _write_flow(session, file_id, pack.key, pack.digest, verdict.advance.state)
    _write_file(session, file_id, pack.key, verdict.advance.status)
    facts = {
        "from": file.pack, "to": pack.key,
        "hash_before": file.pack_hash, "hash_after": pack.digest,
        "migration": str(migration),
    }  # fmt: skip
    journal.record(session, file_id, "flow.migrated", facts, actor=actor, now=now)
    return Moved(verdict, file.pack_hash, pack.digest, undo)


def _change_tasks(
    session: Session, pack: Pack, file: Running, advance: Advance
) -> list[dict[str, Any]]:
    """Let tasks repeat the new version's steps; return what they were."""
    where = sa.and_(_Task.c.control_file_id == file.id, _Task.c.status == TaskStatus.OPEN)
    columns = [_Task.c[name] for name in ("id", "engine_task_id", *_OF_TASK)]
    before = session.execute(sa.select(*columns).where(where)).mappings().all()
    steps = {waiting.task_id: waiting.step for waiting in advance.tasks}
    for task in before:
        wanted = step_columns(pack, steps[task["engine_task_id"]], file.level)
        session.execute(
            sa.update(_Task)
            .where(_Task.c.id == task["id"])
            .values(**wanted, file_status=advance.status)
        )
    return [{n: _plain(task[n]) for n in ("id", *_OF_TASK)} for task in before]


def _change_clocks(
    session: Session,
    pack: Pack,
    file: dict[str, Any],
    advance: Advance,
    limits: Limits,
    now: datetime,
) -> dict[str, Any]:
    """Let clocks bear the new version's names; start and cancel what came and went."""
    columns = [_Clock.c[name] for name in ("id", "engine_task_id", *_OF_CLOCK)]
    where = sa.and_(_Clock.c.control_file_id == file["id"], _Clock.c.status.in_(_RUNS))
    before = session.execute(sa.select(*columns).where(where)).mappings().all()
    names = _names(pack, advance)
    received_at = session.execute(
        sa.select(col(ReceivedFile.received_at)).where(
            col(ReceivedFile.id) == file["received_file_id"]
        )
    ).scalar_one()
    own = {row["name"]: row for row in rows.file_deadlines(pack, file, received_at, limits)}
    for clock in before:
        waits_at = clock["engine_task_id"]
        name = (
            names.get(waits_at) if waits_at else (clock["name"] if clock["name"] in own else None)
        )
        values = _renamed(pack, name) if name else _cancelled(now)
        session.execute(sa.update(_Clock).where(_Clock.c.id == clock["id"]).values(**values))
    there = {clock["engine_task_id"] for clock in before}
    known = session.execute(
        sa.select(_Clock.c.name).where(
            _Clock.c.control_file_id == file["id"], _Clock.c.engine_task_id.is_(None)
        )
    ).scalars()
    fresh = [own[name] for name in own.keys() - set(known)]
    for wait in advance.waits:
        if wait.kind == "deadline" and wait.task_id not in there:
            rule = pack.meta.deadlines[wait.name]
            due = limits.due(rule.parameter, now, file["received_on"])
            fresh.append(rows.deadline_row(file, wait.name, rule, due, now, wait.task_id))
    if fresh:
        session.execute(sa.insert(_Clock), fresh)
    return {
        "clocks": [{n: _plain(clock[n]) for n in ("id", *_OF_CLOCK)} for clock in before],
        "started": [str(row["id"]) for row in fresh],
    }


def _names(pack: Pack, advance: Advance) -> dict[str, str]:
    """Return the clock of each open wait and task, by its id."""
    found = {wait.task_id: wait.name for wait in advance.waits if wait.kind == "deadline"}
    for task in advance.tasks:
        target = pack.meta.steps[task.step].deadline
        if target:
            found[task.task_id] = target
    return found


def _renamed(pack: Pack, name: str) -> dict[str, Any]:
    rule = pack.meta.deadlines[name]
    return {"name": name, "kind": rule.kind, "stops_for_completion": rule.suspends}


def _cancelled(now: datetime) -> dict[str, Any]:
    return {"status": DeadlineStatus.CANCELLED, "settled_at": now}


def take_back(
    session: Session,
    judge: Judge,
    file_id: UUID,
    undo: dict[str, Any],
    hashes: tuple[str, str],
    *,
    migration: UUID,
    actor: journal.Actor,
    now: datetime,
) -> Verdict:
    """Put a file back under the version that it had, when its flow did not move since.

    Returns:
        The result ``reverted``, or ``kept`` with the reason: ``ended``, ``touched``, ``no_pack``.
    """
    file = lock(session, file_id)
    before, after = hashes
    if file is None:
        return Verdict(PackMigrationResult.KEPT, "–", "ended")
    if hashlib.sha256(file.state.encode()).hexdigest() != undo["after"]:
        return Verdict(PackMigrationResult.KEPT, "–", "touched")
    try:
        judge.catalog.get(undo["pack"], file.flow, before)
    except DomainError:
        return Verdict(PackMigrationResult.KEPT, "–", "no_pack", undo["pack"])
    for task in undo["tasks"]:
        values = {name: task[name] for name in _OF_TASK}
        session.execute(sa.update(_Task).where(_Task.c.id == UUID(task["id"])).values(**values))
    _restore_clocks(session, undo, now)
    _write_flow(session, file_id, undo["pack"], before, undo["state"])
    _write_file(session, file_id, undo["pack"], ControlFileStatus(undo["status"]))
    facts = {
        "from": file.pack, "to": undo["pack"], "hash_before": after, "hash_after": before,
        "migration": str(migration),
    }  # fmt: skip
    journal.record(session, file_id, "flow.migration_reverted", facts, actor=actor, now=now)
    return Verdict(PackMigrationResult.REVERTED, "–")


def _restore_clocks(session: Session, undo: dict[str, Any], now: datetime) -> None:
    """Give clocks their names and states back; a clock that was settled meanwhile stays so."""
    for clock in undo["clocks"]:
        settled = clock["settled_at"]
        values = {name: clock[name] for name in _OF_CLOCK} | {
            "settled_at": datetime.fromisoformat(settled) if settled else None
        }
        is_ours = _Clock.c.status.in_((*_RUNS, DeadlineStatus.CANCELLED))
        session.execute(
            sa.update(_Clock).where(_Clock.c.id == UUID(clock["id"]), is_ours).values(**values)
        )
    started = [UUID(each) for each in undo["started"]]
    session.execute(
        sa.update(_Clock)
        .where(_Clock.c.id.in_(started), _Clock.c.status.in_(_RUNS))
        .values(**_cancelled(now))
    )


def _write_flow(session: Session, file_id: UUID, pack: str, digest: str, state: str) -> None:
    session.execute(
        sa.update(_Flow)
        .where(_Flow.c.control_file_id == file_id)
        .values(pack=pack, pack_hash=digest, state=state)
    )


def _write_file(session: Session, file_id: UUID, pack: str, status: ControlFileStatus) -> None:
    """Change the file's version too: who looks at an older page is told to look again."""
    session.execute(
        sa.update(_File)
        .where(_File.c.id == file_id)
        .values(pack=pack, status=status, version=_File.c.version + 1)
    )


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else _text(value)


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
