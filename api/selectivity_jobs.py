"""Batches of the engine's own service: taken in at once, decided by one thread, kept for a while.

Nothing of them lies readable on disk: what comes in and what goes out stands in unnamed files,
encrypted under a key that ends with the process.
"""

import logging
import queue
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any, Literal
from uuid import UUID

import orjson

from api.selectivity_bodies import (
    DecideIn,
    FileIn,
    Undecided,
    UsedIn,
    decide,
    decision,
    facts_of,
    undecidable,
)
from api.selectivity_formats import line_files, parquet_files
from api.selectivity_sealed import Sealed
from medcontrol.clock import utc_now
from medcontrol.crypto import KeyRing
from medcontrol.errors import DomainError, NotFound, Unavailable
from medcontrol.ids import new_id
from medcontrol.intake import FieldError
from medcontrol.ports import FileFacts
from selectivity.standalone import Engines

_log = logging.getLogger("medcontrol.selectivity")

TOGETHER = 20_000
"""Files that are decided together; a daily quota goes on from one part to the next."""

_MOST_WAITING, _MOST_KEPT, _KEPT_SECONDS, _END_SECONDS = 8, 50, 24 * 3600, 5
State = Literal["waiting", "running", "done", "failed"]


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
    read = parquet_files if job.is_parquet else line_files
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
