"""Years of past controls into the counters and the files to learn from (reprise d'historique)."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any, BinaryIO, Final

import orjson
import sqlalchemy as sa

from medcontrol.crypto import KeyRing, bind
from medcontrol.db import transaction
from medcontrol.ids import new_id
from medcontrol.intake import Line, Registers
from medcontrol.ports import FileFacts
from selectivity.draws import RANDOM, Draws, identity, period_of
from selectivity.features import administrative, medical
from selectivity.history.entries import entries_of
from selectivity.history.keeping import Written, write_slice
from selectivity.history.lines import LineFault, Past, read_past
from selectivity.history.reading import hasher_of
from selectivity.history.spool import Kept, Spool, packed

CHUNK: Final = 2000
_ANALYZE = sa.text("ANALYZE past_file, control_outcome, feature_bucket, beneficiary_event")
SLICE: Final = 50_000
"""Files whose features are worked out together: some 600 MiB, whatever the size of the import."""


@dataclass(slots=True)
class Imported:
    """What became of the lines of an import."""

    received: int = 0
    imported: int = 0
    duplicates: int = 0
    conflicts: int = 0
    live: int = 0  # files that this system decided itself
    faulty: int = 0
    outcomes: int = 0
    outcomes_added: int = 0  # of files that were imported before without one
    days: int = 0
    seconds: float = 0.0
    faults: list[LineFault] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether every line was taken, or had been before."""
        return not self.faulty and not self.conflicts

    def as_json(self) -> dict[str, Any]:
        """Return the figures; the faults are a file of their own."""
        names = ("received", "imported", "duplicates", "conflicts", "live", "faulty", "outcomes",
                 "outcomes_added", "days")  # fmt: skip
        found: dict[str, Any] = {name: getattr(self, name) for name in names}
        return found | {"seconds": round(self.seconds, 1)}


@dataclass(frozen=True, slots=True)
class Importer:
    """Imports history.

    Attributes:
        keys: of this installation.
        registers: agencies and flows that intake knows.
        now: instant of the import.
        today: civil day of it; nothing may have been decided later.
        rejects: lines that did not pass are copied here as they are; None to count them only.
        on_progress: told what is being done, and how far it got.
    """

    keys: KeyRing
    registers: Registers
    now: datetime
    today: date
    rejects: BinaryIO | None = None
    on_progress: Callable[[str, int], None] | None = None

    def run(self, lines: Iterable[Line]) -> Imported:
        """Check all lines, then count them day by day, each transaction up to ``SLICE`` files.

        Every file gets its features as of its own day: from what lies strictly before it,
        whatever the order of the lines. Run again it goes on where it was; what was imported
        before counts as duplicate.
        """
        begun = time.monotonic()
        counts = Imported()
        spool = Spool()
        try:
            self._check(lines, spool, counts)
            days: set[int] = set()
            for part in spool.ordered(SLICE):
                files, entries = part.read()
                with transaction() as session:
                    written = write_slice(session, files, entries, self.now)
                days |= set(entries["day"].tolist())
                self._add(counts, written)
                self._tell("counted", counts.imported + counts.duplicates)
        finally:
            spool.close()
        if counts.imported:
            with transaction() as session:  # the planner must not take full tables for empty ones
                session.execute(_ANALYZE)
        counts.days = len(days)
        counts.seconds = time.monotonic() - begun
        return counts

    def _check(self, lines: Iterable[Line], spool: Spool, counts: Imported) -> None:
        keeper = Keeper(self.keys, self.registers)
        seen: dict[tuple[str, str], bytes] = {}
        for chunk in _chunks(lines):
            found: list[tuple[int, Past]] = []
            for line in chunk:
                counts.received += 1
                checked = read_past(line, self.registers, self.today)
                if isinstance(checked, list):
                    counts.faulty += 1
                    self._reject(line, checked, counts)
                    continue
                who = (checked.accepted.source, checked.accepted.external_id)
                before = seen.setdefault(who, checked.accepted.content_hash)
                if before is not checked.accepted.content_hash:
                    self._repeat(line, checked, before, counts)
                    continue
                found.append((line.no, checked))
            spool.add(*keeper.keep(found))
            self._tell("checked", counts.received)

    def _repeat(self, line: Line, past: Past, before: bytes, counts: Imported) -> None:
        if before == past.accepted.content_hash:
            counts.duplicates += 1
            return
        counts.conflicts += 1
        who = past.accepted.external_id
        self._reject(line, [LineFault(line.no, who, "/message", "history.conflict")], counts)

    def _reject(self, line: Line, faults: list[LineFault], counts: Imported) -> None:
        counts.faults += faults
        if self.rejects is not None:
            for piece in line.pieces():
                self.rejects.write(piece)
            self.rejects.write(b"\n")

    def _add(self, counts: Imported, written: Written) -> None:
        counts.imported += written.imported
        counts.duplicates += written.duplicates
        counts.live += written.live
        counts.outcomes += written.outcomes
        counts.outcomes_added += written.outcomes_added
        counts.conflicts += len(written.conflicts)
        counts.faults += [
            LineFault(file.line, file.external_id, "/message", "history.conflict")
            for file in written.conflicts
        ]

    def _tell(self, what: str, count: int) -> None:
        if self.on_progress is not None:
            self.on_progress(what, count)


class Keeper:
    """Makes what is kept of checked files: features, draw, entry."""

    def __init__(self, keys: KeyRing, registers: Registers) -> None:
        self._keys, self._registers = keys, registers
        self._hasher = hasher_of(keys)
        self._draws = Draws(lambda period: keys.derive(f"draw:{period}"))

    def keep(self, found: Sequence[tuple[int, Past]]) -> tuple[list[Kept], Any, list[float]]:
        """Return the files, their entries, and their instants of reception."""
        facts = [self._facts(past) for _, past in found]
        ids = [new_id() for _ in found]
        cases = [(period_of(file), identity(file.message)) for file in facts]
        draws = self._draws.draw_many(cases, RANDOM)
        kept = [
            self._kept(line, past, fact, row_id, (case[0], draw))
            for (line, past), fact, row_id, case, draw in zip(
                found, facts, ids, cases, draws, strict=True
            )
        ]
        instants = [past.accepted.received_at.timestamp() for _, past in found]
        return kept, entries_of(facts, ids, self._hasher), instants

    def _facts(self, past: Past) -> FileFacts:
        message = past.accepted.message
        region = self._registers.agencies[message["jurisdiction"]][message["agency"]]
        return FileFacts(message, past.received_on, region)

    def _kept(
        self, line: int, past: Past, facts: FileFacts, row_id: Any, drawn: tuple[str, int]
    ) -> Kept:
        message = past.accepted.message
        features = administrative(facts)
        secret = medical(message)
        key_id, blob = None, None
        if secret:
            key_id, blob = self._keys.encrypt(orjson.dumps(secret), bind("past_file", row_id))
        patient: Mapping[str, Any] = message.get("beneficiary") or message["insured"]
        provider: Mapping[str, Any] = message.get("provider") or {}
        outcome = past.outcome
        return Kept(
            line=line,
            id=str(row_id),
            source=past.accepted.source,
            external_id=past.accepted.external_id,
            content_hash=packed(past.accepted.content_hash),
            jurisdiction=message["jurisdiction"],
            scheme=message["scheme"],
            flow=message["flow"],
            nature=message["nature"],
            agency=message["agency"],
            region=facts.region or "",
            provider=provider.get("id"),
            sector=provider.get("sector"),
            sex=patient.get("sex"),
            age=features.get("beneficiary_age"),
            period=drawn[0],
            draw=f"{drawn[1]:016x}",
            origin=past.origin,
            chance=past.chance,
            features=orjson.dumps(features).decode(),
            key_id=key_id,
            medical=None if blob is None else packed(blob),
            result=outcome.result.value if outcome else None,
            avoided=outcome.amount_avoided if outcome else 0,
            decided_on=outcome.decided_on.toordinal() if outcome else 0,
        )


def _chunks(lines: Iterable[Line]) -> Iterator[Iterable[Line]]:
    """Yield lines some at a time; each is asked for only when the one before was looked at."""
    iterator = iter(lines)
    for first in iterator:
        yield _and(first, islice(iterator, CHUNK - 1))


def _and(first: Line, rest: Iterable[Line]) -> Iterator[Line]:
    yield first
    yield from rest
