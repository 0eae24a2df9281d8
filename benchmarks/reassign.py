"""A supervisor moves thousands of files: preview, move in chunks, take back.

``python -m benchmarks.reassign [--files 2000] [--json] [--profile]``
"""

import time
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

import orjson
import sqlalchemy as sa

from assignment.orders import Reassign, ToDoctors, ToPool
from assignment.reassignment import reassign
from assignment.reassignments import Order, request, target_json, undo
from assignment.running import run_batch
from assignment.service import assign_waiting
from benchmarks._fund import AS_OF, Bench, arguments, installation, profiled, show
from medcontrol import journal
from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.ids import new_id
from medcontrol.intake import Line
from medcontrol.policy import Principal
from medcontrol.vocabulary import BatchKind
from tests.many_files import copy_file
from workflows.gate.counts import BatchName
from workflows.gate.intake import take_in

CHUNK = 1_000
SUPERVISOR = Principal(new_id(), "benchmark", ())
Result = TypeVar("Result")


def main() -> None:
    """Give files to doctors, move them all, and print how long each part took."""
    given = arguments(__doc__ or "", 2_000).parse_args()
    with installation(seed=given.seed) as bench:
        tasks = _files(bench, given.files)
        with profiled(wanted=given.profile, title="reassign"):
            figures = _measure(tasks)
    show(figures, as_json=given.json)


def _files(bench: Bench, wanted: int) -> list[UUID]:
    """Take one file in, copy it, and give the copies to doctors; return those that got one."""
    day = bench.fund.make_day(AS_OF, 40)
    lines = []
    for number, message in enumerate(day.messages(), 1):
        raw = orjson.dumps(message | {"control": {"required": True, "mode": "on_file"}})
        lines.append(Line(number, raw, len(raw)))
    take_in(bench.tools, lines, batch=BatchName(new_id(), "benchmark"), now=utc_now)
    with read_only() as session:
        reference = session.execute(sa.text(_ONE)).scalar_one()
    with transaction() as session:
        tasks = copy_file(session, reference, wanted)
    for start in range(0, wanted, CHUNK):
        with transaction() as session:
            part = tasks[start : start + CHUNK]
            assign_waiting(session, part, now=utc_now(), jurisdiction="ma", actor=journal.SYSTEM)
    return tasks


_ONE = """
SELECT reference FROM human_task WHERE status = 'open' AND step = 'control_on_file'
ORDER BY (level = 'local') DESC, id LIMIT 1
"""


def _measure(tasks: list[UUID]) -> dict[str, object]:
    pool, doctors = _targets()
    spread = ToDoctors(doctors)
    with read_only() as session:
        files = list(session.execute(sa.text(_FILES), {"ids": tasks}).scalars())
    command = Reassign(file_ids=files, target=spread, reason="workload", is_dry_run=True)
    figures: dict[str, object] = {"files": len(tasks)}
    figures["preview_seconds"], _ = _timed(lambda: _preview(command))
    figures["spread_seconds"], batch = _timed(lambda: _move(tasks, spread))
    figures["spread_moved"] = _moved(batch)
    figures["undo_seconds"], back = _timed(lambda: _take_back(batch))
    figures["undone"] = _moved(back)
    figures["pool_seconds"], batch = _timed(lambda: _move(tasks, pool))
    figures["pool_moved"] = _moved(batch)
    figures["pool_undo_seconds"], back = _timed(lambda: _take_back(batch))
    figures["pool_undone"] = _moved(back)
    return figures


_FILES = "SELECT control_file_id FROM human_task WHERE id = ANY(:ids)"
_POOL = """
SELECT code FROM unit WHERE level = 'local' AND is_active AND jurisdiction = 'ma'
  AND code <> (SELECT agency_code FROM human_task WHERE reference LIKE 'COPY-%' LIMIT 1)
ORDER BY code LIMIT 1
"""
_DOCTORS = """
SELECT DISTINCT d.id FROM doctor d JOIN unit u ON u.code = d.unit_code
WHERE d.is_active AND (u.parent_code, u.parent_code) IN (
  SELECT region_code, region_code FROM human_task WHERE reference LIKE 'COPY-%')
   OR u.code IN (SELECT region_code FROM human_task WHERE reference LIKE 'COPY-%')
ORDER BY d.id
"""


def _targets() -> tuple[ToPool, tuple[UUID, ...]]:
    """Return another agency's pool, and the doctors of the files' region."""
    with read_only() as session:
        pool = ToPool(session.execute(sa.text(_POOL)).scalar_one())
        return pool, tuple(session.execute(sa.text(_DOCTORS)).scalars())


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    begun = time.perf_counter()
    result = work()
    return round(time.perf_counter() - begun, 2), result


def _preview(command: Reassign) -> None:
    with read_only() as session:
        reassign(session, command, now=utc_now(), jurisdiction="ma", actor=journal.SYSTEM)


def _move(tasks: list[UUID], target: Any) -> UUID:
    """Ask as the page does, then move as the worker does."""
    order = Order(
        batch_id=new_id(), kind=BatchKind.REASSIGN, target=target_json(target), reason="workload"
    )
    with transaction() as session:
        request(
            session, order, dict.fromkeys(tasks), principal=SUPERVISOR, jurisdiction="ma",
            now=utc_now(),
        )  # fmt: skip
    run_batch(order.batch_id, now=utc_now)
    return order.batch_id


def _take_back(batch_id: UUID) -> UUID:
    with transaction() as session:
        made = undo(session, new_id(), batch_id, principal=SUPERVISOR, now=utc_now())
    run_batch(made.id, now=utc_now)
    return made.id


def _moved(batch_id: UUID) -> int:
    statement = """
        SELECT count(*) FROM reassignment_item
        WHERE batch_id = :batch AND status IN ('moved', 'undone')"""
    with read_only() as session:
        return int(session.execute(sa.text(statement), {"batch": batch_id}).scalar_one())


if __name__ == "__main__":
    main()
