"""A day at the gate, and opening in bulk, each against the raw COPY of the rows that it wrote.

``python -m benchmarks.day [--files 120000] [--open-files 20000] [--json] [--profile]``
"""

import io
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import sqlalchemy as sa

from benchmarks._fund import AS_OF, Bench, arguments, installation, profiled, show
from medcontrol.db import transaction
from medcontrol.ids import new_id
from medcontrol.intake import Line, read_lines
from medcontrol.model import IntakeBatch
from runtime.demo.generator import Fund
from workflows.gate.counts import BatchName, Counts
from workflows.gate.intake import take_in

TABLES = (
    "received_file", "inbox_message", "selectivity_decision", "document", "quarantined_message",
    "control_file", "flow_instance", "medical_record", "human_task", "deadline", "assignment",
    "journal_entry", "letter", "outbox_message",
)  # fmt: skip
NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
_KIB_PER_MIB = 1024


def main() -> None:
    """Run both parts and print their figures."""
    parser = arguments(__doc__ or "", 120_000)
    parser.add_argument("--open-files", type=int, default=20_000, help="default 20000")
    parser.add_argument("--generate", type=Path, help=argparse_hidden())
    given = parser.parse_args()
    if given.generate is not None:
        _generate(given.generate, given.files, given.seed)
        return
    with installation(seed=given.seed) as bench:
        figures = _gate(bench, given.files, profile=given.profile)
    with installation(seed=given.seed) as bench:
        figures |= _opening(bench, given.open_files, profile=given.profile)
    figures["peak_mib"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MIB)
    show(figures, as_json=given.json)


def argparse_hidden() -> str:
    """Return the help of an option that only this program gives to itself."""
    return "(used by itself) write the day's lines here and stop"


def _gate(bench: Bench, files: int, *, profile: bool) -> dict[str, object]:
    """A day as selectivity's real rules see it: about 8 in 100 become control files."""
    path = bench.home / "day.ndjson"
    # In a process of its own, so that the peak of memory is the gate's.
    subprocess.run(  # ourselves
        [sys.executable, "-m", "benchmarks.day", "--generate", str(path),
         "--files", str(files), "--seed", str(bench.fund.seed)],
        check=True,
    )  # fmt: skip
    with path.open("rb") as stream, profiled(wanted=profile, title="gate"):
        counts, seconds = _timed(bench, read_lines(stream))
    path.unlink()
    copied = copy_seconds()
    return {
        "gate_files": counts.received,
        "gate_seconds": round(seconds, 1),
        "gate_files_per_s": round(counts.received / seconds),
        "copy_files_per_s": round(counts.received / copied),
        "gate_over_copy": round(seconds / copied, 1),
        "gate_opened": counts.opened,
        "gate_quarantined": counts.quarantined,
    }


def _opening(bench: Bench, files: int, *, profile: bool) -> dict[str, object]:
    """Files that an outside tool wants controlled, all of them: through the gate and opened."""
    lines = list(_all_selected(bench.fund, files))
    with profiled(wanted=profile, title="opening"):
        counts, seconds = _timed(bench, lines)
    if counts.opened != files:
        raise RuntimeError(f"{counts.opened} of {files} files were opened")
    copied = copy_seconds()
    return {
        "open_files": counts.opened,
        "open_seconds": round(seconds, 1),
        "open_files_per_s": round(counts.opened / seconds),
        "open_over_copy": round(seconds / copied, 1),
        "open_assigned": counts.assigned,
        "open_unassigned": counts.unassigned,
    }


def _timed(bench: Bench, lines: object) -> tuple[Counts, float]:
    """Take lines in as one batch; return what became of them and the seconds it took."""
    batch = BatchName(new_id(), "benchmark")
    with transaction() as session:
        row = IntakeBatch(id=batch.id, name=batch.name, created_at=NOW, counts={})
        session.add(row)
    begun = time.perf_counter()
    counts = take_in(bench.tools, lines, batch=batch, now=lambda: NOW)  # type: ignore[arg-type]
    return counts, time.perf_counter() - begun


def _all_selected(fund: Fund, files: int) -> Iterator[Line]:
    for number, message in enumerate(fund.make_day(AS_OF, files).messages(), 1):
        raw = orjson.dumps(message | {"control": {"required": True}})
        yield Line(number, raw, len(raw))


def _generate(path: Path, files: int, seed: int) -> None:
    from medcontrol.reference.places import agencies

    places = [(one.code, one.region) for one in agencies("ma").values()]
    fund = Fund.make(seed, as_of=AS_OF, agencies=sorted(places))
    with path.open("wb") as stream:
        stream.writelines(fund.day(AS_OF, files, faults=0.002))


def copy_seconds() -> float:
    """Return how long a plain COPY of what is in the tables takes, into twins with all indexes."""
    total = 0.0
    for table in TABLES:
        with transaction() as session:
            session.execute(sa.text("SET LOCAL statement_timeout = '300s'"))
            session.execute(sa.text("CREATE SCHEMA IF NOT EXISTS twin"))
            session.execute(
                sa.text(f"CREATE TABLE twin.{table} (LIKE public.{table} INCLUDING ALL)")
            )
            driver = session.connection().connection.driver_connection
            assert driver is not None  # noqa: S101 - an open transaction has one
            rows = io.BytesIO()
            with driver.cursor() as cursor, cursor.copy(f"COPY public.{table} TO STDOUT") as out:
                for part in out:
                    rows.write(part)
            content = rows.getbuffer()
            begun = time.perf_counter()
            with driver.cursor() as cursor, cursor.copy(f"COPY twin.{table} FROM STDIN") as into:
                for at in range(0, len(content), 1 << 20):
                    into.write(content[at : at + (1 << 20)])
            total += time.perf_counter() - begun
            session.execute(sa.text(f"DROP TABLE twin.{table}"))
    return total


if __name__ == "__main__":
    main()
