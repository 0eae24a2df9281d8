"""Batches of the engine's own service: taken in at once, decided by one thread, kept for a while.

Nothing of them lies readable on disk: what comes in and what goes out stands in unnamed files,
encrypted under a key that ends with the process.
"""

import io
import json
import logging
import queue
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any, Literal
from uuid import UUID

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from api.selectivity_bodies import (
    DecideIn,
    FileIn,
    Undecided,
    UsedIn,
    decide,
    decision,
    facts_of,
    read_line,
    undecidable,
)
from medcontrol.clock import utc_now
from medcontrol.crypto import KeyRing
from medcontrol.errors import DomainError, NotFound, Unavailable
from medcontrol.ids import new_id
from medcontrol.intake import FieldError, UnreadableDelivery, read_lines
from medcontrol.ports import FileFacts
from selectivity.registry import FEATURES
from selectivity.standalone import Engines

_log = logging.getLogger("medcontrol.selectivity")

TOGETHER = 20_000
"""Files that are decided together; a daily quota goes on from one part to the next."""

_MOST_WAITING, _MOST_KEPT, _KEPT_SECONDS, _END_SECONDS = 8, 50, 24 * 3600, 5
_MOST_ROWS, _MOST_UNPACKED = 5_000_000, 4 << 30
State = Literal["waiting", "running", "done", "failed"]


class Sealed:
    """Bytes in an unnamed file, encrypted under a key of this process; written, then read."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the job
        self._pieces: list[tuple[str, int, int]] = []
        self._lock = threading.Lock()
        self._end = 0
        self.size = 0

    def write(self, data: bytes) -> None:
        """Append a piece."""
        key_id, sealed = self._keys.encrypt(data, b"selectivity:batch")
        with self._lock:
            self._file.seek(self._end)
            self._file.write(sealed)
            self._pieces.append((key_id, self._end, len(sealed)))
            self._end += len(sealed)
        self.size += len(data)

    def pieces(self) -> Iterator[bytes]:
        """Yield the pieces as they were written."""
        for key_id, start, size in list(self._pieces):
            with self._lock:
                self._file.seek(start)
                sealed = self._file.read(size)
            yield self._keys.decrypt(key_id, sealed, b"selectivity:batch")

    def stream(self) -> io.BufferedReader:
        """Return all of it as a stream."""
        return io.BufferedReader(_Pieces(self.pieces()))

    def close(self) -> None:
        """Let go of it."""
        self._file.close()


class _Pieces(io.RawIOBase):
    """A stream over pieces."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


@dataclass(slots=True)
class Job:
    """One batch and how far it is."""

    id: UUID
    is_parquet: bool
    given: Sealed
    result: Sealed
    created_at: datetime
    born: float
    state: State = "waiting"
    finished_at: datetime | None = None
    files_done: int = 0
    undecidable: int = 0
    by_lane: Counter[str] = field(default_factory=Counter)
    error: str | None = None

    def close(self) -> None:
        """Let go of what it holds on disk."""
        self.given.close()
        self.result.close()


class Jobs:
    """The batches of this process."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._keys = KeyRing.in_memory()
        self._jobs: dict[UUID, Job] = {}
        self._waiting: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def sealed(self) -> Sealed:
        """Return a place for what comes in.

        Raises:
            Unavailable: too much waits already.
        """
        waiting = sum(job.state in ("waiting", "running") for job in self._jobs.values())
        if waiting >= _MOST_WAITING:
            raise Unavailable(f"{waiting} batches wait already")
        return Sealed(self._keys)

    def submit(self, given: Sealed, *, is_parquet: bool) -> Job:
        """Take a batch in; it is decided when those before it are."""
        job = Job(new_id(), is_parquet, given, Sealed(self._keys), utc_now(), time.monotonic())
        with self._lock:
            self._forget()
            self._jobs[job.id] = job
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="batches", daemon=True)
                self._thread.start()
        self._waiting.put(job)
        return job

    def find(self, job_id: UUID) -> Job:
        """Return a batch.

        Raises:
            NotFound: there is none, or it is gone.
        """
        job = self._jobs.get(job_id)
        if job is None:
            raise NotFound(f"no batch {job_id}", field="batch_id")
        return job

    def close(self) -> None:
        """End the thread after the batch at hand, and let go of everything."""
        self._waiting.put(None)
        if self._thread is not None:
            self._thread.join(_END_SECONDS)
        for job in self._jobs.values():
            job.close()

    def _forget(self) -> None:
        ended = [job for job in self._jobs.values() if job.state in ("done", "failed")]
        old = [job for job in ended if time.monotonic() - job.born > _KEPT_SECONDS]
        for job in {job.id: job for job in [*old, *ended[: -_MOST_KEPT or None]]}.values():
            del self._jobs[job.id]
            job.close()

    def _work(self) -> None:
        while (job := self._waiting.get()) is not None:
            job.state = "running"
            try:
                _run(job, self._engines)
                job.state = "done"
            except DomainError as refusal:
                job.state, job.error = "failed", refusal.code
            except Exception as error:  # noqa: BLE001 - one bad batch must not end the service
                _log.error("selectivity.batch_failed %s %s", job.id, type(error).__name__)
                job.state, job.error = "failed", "unexpected"
            job.finished_at = utc_now()
            job.given.close()


def _run(job: Job, engines: Engines) -> None:
    """Decide all files of a batch; a line that can't be decided on says so in its place."""
    read = _parquet_files if job.is_parquet else _line_files
    found = read(job.given)
    used: Counter[tuple[str, date]] = Counter()
    while part := list(islice(found, TOGETHER)):
        facts: dict[int, FileFacts] = {}
        files: dict[int, FileIn] = {}
        lines: dict[int, dict[str, Any]] = {}
        for number, file in part:
            try:
                if isinstance(file, Undecided):
                    raise file
                files[number], facts[number] = file, facts_of(file)
            except Undecided as undecided:
                files.pop(number, None)
                lines[number] = {"errors": [undecidable(each) for each in undecided.errors]}
        lines |= _decided(engines, files, facts, used)
        _write(job, lines)


def _decided(
    engines: Engines,
    files: dict[int, FileIn],
    facts: dict[int, FileFacts],
    used: Counter[tuple[str, date]],
) -> dict[int, dict[str, Any]]:
    """Return the decisions by line; files that the engine refuses are found one by one."""
    quota = [UsedIn(row=row, day=day, used=n) for (row, day), n in used.items()]
    numbers = list(facts)
    asked = DecideIn.model_construct(files=[files[n] for n in numbers], quota_used=quota)
    try:
        made = decide(engines, asked, [facts[n] for n in numbers])
    except DomainError as refusal:
        if len(numbers) == 1:
            error = FieldError(f"/{refusal.field or ''}", refusal.code, str(refusal), False)
            return {numbers[0]: {"errors": [undecidable(error)]}}
        middle = len(numbers) // 2
        found: dict[int, dict[str, Any]] = {}
        for half in (numbers[:middle], numbers[middle:]):
            chosen = {n: facts[n] for n in half}
            found |= _decided(engines, {n: files[n] for n in half}, chosen, used)
        return found
    days = [facts[n].received_on for n in numbers]
    for day, outcome in zip(days, made, strict=True):
        used.update((row, day) for row in outcome.quota_rows)
    return {
        number: {"decision": decision(facts[number], outcome)}
        for number, outcome in zip(numbers, made, strict=True)
    }


def _write(job: Job, lines: dict[int, dict[str, Any]]) -> None:
    ordered = sorted(lines.items())
    for start in range(0, len(ordered), 1000):
        some = ordered[start : start + 1000]
        job.result.write(b"".join(orjson.dumps({"line": n, **line}) + b"\n" for n, line in some))
    for _, line in ordered:
        if "decision" in line:
            job.by_lane[line["decision"]["lane"]] += 1
        else:
            job.undecidable += 1
    job.files_done += len(ordered)


Numbered = Iterator[tuple[int, FileIn | Undecided]]


def _line_files(given: Sealed) -> Numbered:
    """Yield the files of NDJSON, plain or gzip, with their line numbers.

    Raises:
        UnreadableDelivery: the stream is damaged, or a line longer than intake takes.
    """
    for line in read_lines(given.stream()):
        if line.spool is not None:
            raise UnreadableDelivery(f"line {line.no} is too long")
        try:
            yield line.no, read_line(line.raw)
        except Undecided as undecided:
            yield line.no, undecided


def _parquet_files(given: Sealed) -> Numbered:
    """Yield the rows of a Parquet file, numbered from 1; see docs/selectivity/standalone.md."""
    table = open_parquet(b"".join(given.pieces()))
    number = 0
    for batch in table.iter_batches(batch_size=2000):
        for row in batch.to_pylist():
            number += 1
            try:
                yield number, _row(row)
            except Undecided as undecided:
                yield number, undecided


def open_parquet(data: bytes) -> pq.ParquetFile:
    """Return a Parquet file that has a column ``message`` and is not made to fill memory.

    Raises:
        UnreadableDelivery: it is none.
    """
    try:
        table = pq.ParquetFile(pa.BufferReader(data))
        meta = table.metadata
        unpacked = sum(meta.row_group(n).total_byte_size for n in range(meta.num_row_groups))
        names = table.schema_arrow.names
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableDelivery(f"no Parquet file ({type(error).__name__})") from None
    if meta.num_rows > _MOST_ROWS or unpacked > _MOST_UNPACKED:
        raise UnreadableDelivery("the Parquet file is too large")
    if "message" not in names:
        raise UnreadableDelivery("the Parquet file has no column “message”")
    return table


def _row(row: dict[str, Any]) -> FileIn:
    """Return the file of a row; columns named as history features are its history."""
    raw = row.pop("message")
    data: dict[str, Any] = {}
    history = {}
    for name, value in row.items():
        if value is None:
            continue
        feature = FEATURES.get(name)
        if feature is not None and feature.is_history:
            history[name] = value
        else:
            data[name] = value.isoformat() if isinstance(value, date) else value
    message = raw.encode() if isinstance(raw, str) else raw
    if not isinstance(message, bytes):
        raise Undecided([FieldError("/message", "missing", "Message absent", False)])
    try:
        text = orjson.dumps({**data, "history": history}, default=str)
    except TypeError:
        raise Undecided([FieldError("", "json.unreadable", "Ligne illisible", False)]) from None
    return read_line(b'{"message":' + message + b"," + text[1:])


_SCHEMA = pa.schema([
    ("line", pa.int64()), ("source", pa.string()), ("external_id", pa.string()),
    ("lane", pa.string()), ("level", pa.string()), ("mode", pa.string()),
    ("reasons", pa.list_(pa.string())), ("origins", pa.list_(pa.string())),
    ("matched_rows", pa.list_(pa.string())), ("u", pa.float64()), ("draw", pa.string()),
    ("period", pa.string()), ("inclusion_probability", pa.float64()), ("rule_set", pa.string()),
    ("rule_set_hash", pa.string()), ("engine_version", pa.string()), ("score", pa.float64()),
    ("priority", pa.float64()), ("model", pa.string()), ("cutoff", pa.float64()),
    ("capacity_cell", pa.string()), ("overflow", pa.bool_()), ("features", pa.string()),
    ("medical_features", pa.string()), ("errors", pa.string()),
])  # fmt: skip
_AS_TEXT = ("features", "medical_features", "errors")


def as_parquet(result: Sealed) -> bytes:
    """Return the lines of a result as a Parquet file; what has members of its own is JSON text."""
    out = io.BytesIO()
    with pq.ParquetWriter(out, _SCHEMA, compression="zstd") as writer:
        for piece in result.pieces():
            rows = [_flat(orjson.loads(line)) for line in piece.splitlines()]
            writer.write_table(pa.Table.from_pylist(rows, schema=_SCHEMA))
    return out.getvalue()


def _flat(line: dict[str, Any]) -> dict[str, Any]:
    row = {**line.pop("decision", {}), **line}
    if "reasons" in row:
        row["reasons"] = [reason["code"] for reason in row["reasons"]]
    for name in _AS_TEXT:
        if name in row:
            row[name] = json.dumps(row[name], ensure_ascii=False)
    return {name: row.get(name) for name in _SCHEMA.names}
