"""What each doctor has open: one row per doctor, moved with every assignment.

Whoever adds to a load locks the doctor's row first (not the load's, which may not exist yet),
and reads the load after that. Deadlocks are kept out by one rule: who holds such a lock waits
for nothing but another of them, in the order of ids. A decision that took work off one doctor
and looks for the next holds a load row already; it uses ``try_lock``, which never waits long.
"""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from medcontrol.driver import Statement, ask

#: How long an assignment of a single file waits for a doctor's row: far less than the second
#: after which PostgreSQL looks for deadlocks.
PATIENCE_MS = 200

# "No key": rows that refer to the doctor may be inserted meanwhile.
_LOCK_ALL = sa.text("""
SELECT id FROM doctor WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE
""")
_LOCK_ONE = b"SELECT id FROM doctor WHERE id = %(id)s FOR NO KEY UPDATE"
_LOCK_FREE = _LOCK_ONE + b" SKIP LOCKED"
_READ = sa.text("SELECT doctor_id, open_points FROM doctor_load WHERE doctor_id = ANY(:ids)")
_READ_ONE = b"SELECT open_points FROM doctor_load WHERE doctor_id = %(id)s"
_ADD = sa.text("""
INSERT INTO doctor_load (doctor_id, open_points, open_files)
SELECT id, 0, 0 FROM unnest(CAST(:ids AS uuid[])) AS id ORDER BY id
ON CONFLICT DO NOTHING
""")
# A counter that is off must not keep a doctor from deciding: never below zero, and
# ``reconcile_loads`` says which were wrong.
_MOVE = sa.text("""
UPDATE doctor_load l
SET open_points = greatest(0, l.open_points + v.points),
    open_files = greatest(0, l.open_files + v.files)
FROM unnest(CAST(:ids AS uuid[]), CAST(:points AS int[]), CAST(:files AS int[]))
     AS v(id, points, files)
WHERE l.doctor_id = v.id
""")
_MOVE_ONE = b"""
UPDATE doctor_load
SET open_points = greatest(0, open_points + %(points)s),
    open_files = greatest(0, open_files + %(files)s)
WHERE doctor_id = %(id)s
"""
_LOCK_ROWS = sa.text("""
SELECT doctor_id FROM doctor_load WHERE doctor_id = ANY(:ids) ORDER BY doctor_id FOR UPDATE
""")
_RECONCILE = sa.text("""
UPDATE doctor_load l SET open_points = v.points, open_files = v.files
FROM (SELECT d.doctor_id, coalesce(sum(a.points), 0) AS points, count(a.id) AS files
      FROM doctor_load d
      LEFT JOIN assignment a ON a.doctor_id = d.doctor_id AND a.ended_at IS NULL
      WHERE d.doctor_id = ANY(:ids) GROUP BY d.doctor_id) v
WHERE l.doctor_id = v.doctor_id AND (l.open_points, l.open_files) <> (v.points, v.files)
RETURNING l.doctor_id
""")


def lock_loads(session: Session, doctor_ids: Collection[UUID]) -> dict[UUID, int]:
    """Lock doctors in the order of ids and return their open points, as they are now.

    Waits for others. Call it when no other load is held by this transaction.
    """
    ids = sorted(doctor_ids)
    session.execute(_LOCK_ALL, {"ids": ids})
    # A statement of its own: it sees what was committed while the lock was waited for.
    loads = {row.doctor_id: row.open_points for row in session.execute(_READ, {"ids": ids})}
    missing = [each for each in ids if each not in loads]
    if missing:
        session.execute(_ADD, {"ids": missing})
    return {each: loads.get(each, 0) for each in ids}


def lock_load(session: Session, doctor_id: UUID) -> int:
    """Lock one doctor and return the open points, as ``lock_loads`` does, in one round trip."""
    load = _lock(session, doctor_id, _LOCK_ONE)
    return 0 if load is None else load


def try_lock(session: Session, doctor_id: UUID) -> int | None:
    """Lock one doctor unless another transaction holds the lock; return the open points."""
    return _lock(session, doctor_id, _LOCK_FREE)


def _lock(session: Session, doctor_id: UUID, lock: bytes) -> int | None:
    """Return the open points of a doctor who is locked now; who never had any gets a row."""
    locked, load = ask(session, {"id": doctor_id}, lock, _READ_ONE)
    if not locked:
        return None
    if not load:
        session.execute(_ADD, {"ids": [doctor_id]})
        return 0
    return int(load[0][0])


def wait_briefly(session: Session, doctor_id: UUID) -> int | None:
    """Lock one doctor, waiting ``PATIENCE_MS`` at most; None when that was too short."""
    try:
        with session.begin_nested():
            session.execute(sa.text(f"SET LOCAL lock_timeout = {PATIENCE_MS}"))
            load = lock_load(session, doctor_id)
            session.execute(sa.text("SET LOCAL lock_timeout TO DEFAULT"))
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != "55P03":  # lock_not_available
            raise
        return None
    return load


def move_loads(session: Session, changes: Mapping[UUID, tuple[int, int]]) -> None:
    """Add points and files to doctors' loads; negative ones take off. The rows must exist."""
    ids = sorted(changes)
    values: dict[str, Any] = {
        "ids": ids,
        "points": [changes[each][0] for each in ids],
        "files": [changes[each][1] for each in ids],
    }
    if ids:
        session.execute(_MOVE, values)


def moves_of(changes: Mapping[UUID, tuple[int, int]]) -> list[Statement]:
    """Return the statements that move a few loads as ``move_loads`` does."""
    return [
        (_MOVE_ONE, {"id": each, "points": points, "files": files})
        for each, (points, files) in sorted(changes.items())
    ]


def reconcile_loads(session: Session) -> list[UUID]:
    """Count every load anew from the open assignments; return the doctors whose load was wrong."""
    ids = sorted(session.execute(sa.text("SELECT doctor_id FROM doctor_load")).scalars())
    lock_loads(session, ids)
    session.execute(_LOCK_ROWS, {"ids": ids})  # and wait for those who take off
    return sorted(session.execute(_RECONCILE, {"ids": ids}).scalars())
