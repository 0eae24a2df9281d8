"""The gate: from lines to received, selected, opened and assigned files (réception)."""

import gc
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol import inbox
from medcontrol.clock import Clock
from medcontrol.copying import copy_rows
from medcontrol.db import transaction
from medcontrol.errors import Unavailable
from medcontrol.ids import new_id
from medcontrol.intake import (
    Accepted,
    Faulty,
    FieldError,
    FlowInfo,
    Line,
    Registers,
    UnreadableDelivery,
    check_line,
)
from medcontrol.model import Document, IntakeBatch, ReceivedFile, SelectivityDecision
from medcontrol.ports import FileFacts, SelectivityOutcome
from medcontrol.reference.flows import flows
from medcontrol.services.reference import agency_regions
from medcontrol.vocabulary import Lane, QuarantineReason, QuarantineStatus
from selectivity.history.entries import entries_of
from selectivity.history.reading import Looked, as_lists, hasher_of, look
from selectivity.history.writing import record
from workflows.gate import arms, capacity, messages, probing, quarantine, shadowing
from workflows.gate.collecting import undisturbed
from workflows.gate.opening import ToOpen, open_files
from workflows.tools import Tools

log = logging.getLogger(__name__)

CHUNK = 2000
CHUNK_BYTES = 32 * 1024 * 1024
_RETRIES = 3
_CHUNKS_BETWEEN_SWEEPS = 8

Kind = Literal["accepted", "duplicate", "conflict", "faulty", "already_handled"]


@dataclass(frozen=True, slots=True)
class BatchName:
    """Which batch lines belong to; a row ``intake_batch`` of this id is kept up to date."""

    id: UUID
    name: str


@dataclass(slots=True)
class Counts:
    """What became of lines. A conflict is not counted under quarantined."""

    received: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicates: int = 0
    conflicts: int = 0
    already_handled: int = 0
    opened: int = 0
    assigned: int = 0
    unassigned: int = 0
    by_lane: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        """Add the figures of another part."""
        for name in self.__slots__:
            if name == "by_lane":
                self.by_lane.update(other.by_lane)
            else:
                setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain values, every lane named."""
        found: dict[str, Any] = {n: getattr(self, n) for n in self.__slots__ if n != "by_lane"}
        return found | {"by_lane": {lane.value: self.by_lane[lane.value] for lane in Lane}}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Counts":
        """Return figures that were kept as plain values."""
        plain = {name: values.get(name, 0) for name in cls.__slots__ if name != "by_lane"}
        return cls(**plain, by_lane=Counter(values.get("by_lane", {})))


@dataclass(frozen=True, slots=True)
class TakenIn:
    """What became of one line."""

    kind: Kind
    received_file_id: UUID | None = None
    quarantine_id: UUID | None = None
    reference: str | None = None
    lane: Lane | None = None
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class Checked:
    """A line with what the check said of it."""

    line: Line
    result: Accepted | Faulty


def registers(session: Session, tools: Tools, on: date) -> Registers:
    """Return the agencies and flows that intake knows on a day."""
    agencies = agency_regions(session)
    open_in = {code: tools.catalog.open_flows(code, on) for code in agencies}
    known = {
        flow.code: FlowInfo(
            jurisdictions=frozenset(j.value for j in flow.jurisdictions),
            natures=frozenset(flow.natures),
            open_in=frozenset(
                j for j, served in open_in.items() if flow.code in served and flow.may_open_in(j)
            ),
        )
        for flow in flows().values()
        if not flow.is_internal
    }
    return Registers(agencies=agencies, flows=known)


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
        for number, checked in enumerate(_checked(_chunks(lines, chunk_size), known), 1):
            total.add(_take_chunk(tools, checked, batch, known, now))
            _note_progress(batch, total)
            if on_chunk is not None:
                on_chunk(total)
            if number % _CHUNKS_BETWEEN_SWEEPS == 0:
                gc.collect(1)
    return total


def _checked(chunks: Iterator[list[Line]], known: Registers) -> Iterator[list[Checked]]:
    """Yield checked chunks; each is checked while the database works on the one before.

    A spooled line is closed when the next one is read, so nothing is read ahead of it.
    """

    def check_next() -> list[Checked] | None:
        chunk = next(chunks, None)
        if chunk is None:
            return None
        return [Checked(line, check_line(line, known)) for line in chunk]

    with ThreadPoolExecutor(1, thread_name_prefix="intake-check") as ahead:
        made = check_next()
        while made is not None:
            if made[0].line.spool is not None:
                yield made
                made = check_next()
                continue
            coming = ahead.submit(check_next)
            yield made
            made = coming.result()


def _chunks(lines: Iterable[Line], size: int) -> Iterator[list[Line]]:
    """Yield chunks bounded by count and by bytes; a spooled line stands alone.

    When the rest of a delivery can't be read, what was read before comes first.
    """
    chunk: list[Line] = []
    weight = 0
    try:
        for line in lines:
            if chunk and (weight + line.size > CHUNK_BYTES or len(chunk) >= size):
                yield chunk
                chunk, weight = [], 0
            chunk.append(line)
            weight += line.size
            if line.spool is not None:  # closes when the next line is read
                yield chunk
                chunk, weight = [], 0
    except UnreadableDelivery:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


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


@dataclass(slots=True)
class _Sorted:
    """The lines of a chunk by what is to be done with them."""

    new: dict[UUID, tuple[Checked, Accepted]] = field(default_factory=dict)
    bad: list[quarantine.Bad] = field(default_factory=list)
    duplicates: int = 0
    conflicts: int = 0


def _one_transaction(
    tools: Tools,
    checked: Sequence[Checked],
    batch: BatchName,
    known: Registers,
    now: datetime,
) -> Counts:
    with transaction() as session:
        session.execute(sa.text("SET LOCAL statement_timeout = '300s'"))
        parts = _sort(session, checked, now)
        put = quarantine.put(session, tools.keys, parts.bad, batch=(batch.id, batch.name), now=now)
        accepted = [(key, each) for key, (_, each) in parts.new.items()]
        counts, _ = _save(session, tools, accepted, known, now)
    settled_faulty = put.settled - put.settled_conflicts
    counts.received = len(checked)
    counts.duplicates = parts.duplicates
    counts.conflicts = parts.conflicts - put.settled_conflicts
    counts.quarantined = len(parts.bad) - parts.conflicts - settled_faulty
    counts.already_handled = put.settled
    return counts


def _sort(session: Session, checked: Sequence[Checked], now: datetime) -> _Sorted:
    """Claim identities and tell new lines from duplicates, conflicts and faulty ones."""
    parts = _Sorted()
    first: dict[tuple[str, str], tuple[UUID, bytes]] = {}
    repeats: list[tuple[Checked, Accepted, bytes]] = []
    candidates: dict[UUID, tuple[Checked, Accepted]] = {}
    for each in checked:
        if isinstance(each.result, Faulty):
            parts.bad.append(
                quarantine.Bad(
                    each.line, QuarantineReason.FAULTY, each.result.errors,
                    each.result.source, each.result.external_id,
                )
            )  # fmt: skip
            continue
        found = each.result
        identity = (found.source, found.external_id)
        if identity in first:
            repeats.append((each, found, first[identity][1]))
        else:
            file_id = new_id()
            first[identity] = (file_id, found.content_hash)
            candidates[file_id] = (each, found)
    claims = inbox.claim(
        session,
        [
            inbox.Identity(found.source, found.external_id, found.content_hash, file_id)
            for file_id, (_, found) in candidates.items()
        ],
        now=now,
    )
    for file_id, (each, found) in candidates.items():
        before = claims[file_id]
        if before is None:
            parts.new[file_id] = (each, found)
        else:
            repeats.append((each, found, before.content_hash))
            first[found.source, found.external_id] = (before.subject_id, before.content_hash)
    for each, found, _ in repeats:
        if found.content_hash == first[found.source, found.external_id][1]:
            parts.duplicates += 1
        else:
            parts.conflicts += 1
            parts.bad.append(
                quarantine.Bad(
                    each.line, QuarantineReason.CONFLICT, (quarantine.CONFLICT,),
                    found.source, found.external_id,
                )
            )  # fmt: skip
    return parts


def _save(
    session: Session,
    tools: Tools,
    accepted: Sequence[tuple[UUID, Accepted]],
    known: Registers,
    now: datetime,
) -> tuple[Counts, dict[UUID, str]]:
    """Decide on new files, save them, open those that are controlled."""
    facts = [_facts(each, known) for _, each in accepted]
    ids = [key for key, _ in accepted]
    looked = look(session, entries_of(facts, ids, hasher_of(tools.keys)))
    picked = probing.pick(session, facts, ids)
    outcomes, decided = _decide(session, tools, facts, looked, now, picked)
    files, decisions, documents, chosen = [], [], [], []
    for (file_id, each), outcome, fact in zip(accepted, outcomes, facts, strict=True):
        region = known.agencies[each.message["jurisdiction"]][each.message["agency"]]
        row = messages.received_row(each, file_id, region, tools.keys, now)
        files.append(row)
        decisions.append(messages.decision_row(outcome, file_id, tools.keys, now))
        if each.documents:
            documents += messages.document_rows(each, file_id, now)
            for attachment in each.documents:
                if attachment.content is not None:
                    tools.documents.put(attachment.content)
        if outcome.lane.is_controlled:
            chosen.append(ToOpen(row | {"received_on": fact.received_on}, each.message, outcome))
    copy_rows(session, ReceivedFile, files)
    copy_rows(session, SelectivityDecision, decisions)
    arms.record(session, decided, ids)
    copy_rows(session, Document, documents)
    record(session, looked)
    probing.keep(session, picked, now)
    opened = open_files(session, tools, chosen, now=now)
    shadowing.watch(session, tools.keys, ids, facts, outcomes)
    counts = Counts(
        accepted=len(accepted),
        opened=len(chosen),
        assigned=opened.assigned,
        unassigned=opened.unassigned,
        by_lane=Counter(outcome.lane.value for outcome in outcomes),
    )
    return counts, opened.references


def _facts(accepted: Accepted, known: Registers) -> FileFacts:
    message = accepted.message
    return messages.facts_of(accepted, known.agencies[message["jurisdiction"]][message["agency"]])


def _decide(
    session: Session,
    tools: Tools,
    facts: Sequence[FileFacts],
    looked: Looked,
    now: datetime,
    picked: probing.Picked,
) -> tuple[list[SelectivityOutcome], list[arms.Part]]:
    """Return an outcome per file, and who decided; the counters of daily quotas go up with it."""
    groups: dict[tuple[str, date], list[int]] = {}
    for place, found in enumerate(facts):
        groups.setdefault((found.message["jurisdiction"], found.received_on), []).append(place)
    quota = _quota_used(session, {day for _, day in groups})
    outcomes: dict[int, SelectivityOutcome] = {}
    taken: Counter[tuple[str, date]] = Counter()
    decided = [
        (part, day)
        for (jurisdiction, day), places in groups.items()
        for part in arms.parts(session, tools, jurisdiction, day, places, facts)
    ]
    for part, day in decided:
        made = capacity.decide_within(
            session,
            part.engine,
            [facts[place] for place in part.places],
            history=as_lists(looked.columns, part.places) | picked.column(part.places),
            quota_used=part.used(quota),
            now=now if tools.with_valve else None,
            share=part.share,
        )
        outcomes.update(zip(part.places, made, strict=True))
        taken.update((part.counted(row), day) for outcome in made for row in outcome.quota_rows)
    _use_quota(session, taken)
    return [outcomes[place] for place in range(len(facts))], [part for part, _ in decided]


def _quota_used(session: Session, days: set[date]) -> dict[tuple[str, date], int]:
    rows = session.execute(
        sa.text("SELECT row_id, day, used FROM selectivity_quota WHERE day = ANY(:days)"),
        {"days": list(days)},
    )
    return {(row[0], row[1]): row[2] for row in rows}


def _use_quota(session: Session, taken: Counter[tuple[str, date]]) -> None:
    if taken:
        session.execute(
            sa.text(
                "INSERT INTO selectivity_quota AS q (row_id, day, used) VALUES (:row, :day, :n)"
                " ON CONFLICT (row_id, day) DO UPDATE SET used = q.used + excluded.used"
            ),
            [{"row": row, "day": day, "n": n} for (row, day), n in sorted(taken.items())],
        )


def take_in_one(tools: Tools, raw: bytes, *, source_name: str, now: datetime) -> TakenIn:
    """Take one message in, in a transaction of its own, and say what became of it."""
    line = Line(no=1, raw=raw, size=len(raw), spool=None, spooled_hash=None)
    batch = BatchName(new_id(), source_name)
    with transaction() as session:
        known = registers(session, tools, now.date())
        checked = Checked(line, check_line(line, known))
        parts = _sort(session, [checked], now)
        put = quarantine.put(session, tools.keys, parts.bad, batch=(batch.id, batch.name), now=now)
        if parts.bad:
            return _not_taken(parts, put)
        if parts.duplicates:
            assert isinstance(checked.result, Accepted)  # noqa: S101 - faulty ones are bad
            return _known_already(session, checked.result)
        return _take_new(session, tools, parts, known, now)


def replay(
    tools: Tools, quarantine_id: UUID, corrected: bytes | None, *, by: str, now: datetime
) -> TakenIn:
    """Try a quarantined line again, as it stands or corrected (rejeu).

    Taken in, or found to be known already, it is settled: the same faulty bytes are "already
    handled" when they come again. Otherwise it waits on, and the answer says what is still wrong.

    Args:
        tools: of this process.
        quarantine_id: the line.
        corrected: its corrected content; None to try the kept bytes.
        by: who did it, kept with the line.
        now: when.

    Raises:
        NotFound, AlreadyDone: as ``quarantine.lock_waiting``.
    """
    with transaction() as session:
        row = quarantine.lock_waiting(session, quarantine_id)
        raw = quarantine.content_of(row, tools.keys) if corrected is None else corrected
        known = registers(session, tools, now.date())
        line = Line(no=row.line_no, raw=raw, size=len(raw), spool=None, spooled_hash=None)
        checked = Checked(line, check_line(line, known))
        if isinstance(checked.result, Faulty):
            return TakenIn("faulty", quarantine_id=row.id, errors=checked.result.errors)
        parts = _sort(session, [checked], now)
        if parts.bad:
            return TakenIn("conflict", quarantine_id=row.id, errors=parts.bad[0].errors)
        taken = (
            _known_already(session, checked.result)
            if parts.duplicates
            else _take_new(session, tools, parts, known, now)
        )
        quarantine.settle(
            row, QuarantineStatus.REPLAYED, by=by, now=now, received_file_id=taken.received_file_id
        )
        return taken


def _take_new(
    session: Session, tools: Tools, parts: _Sorted, known: Registers, now: datetime
) -> TakenIn:
    accepted = [(key, each) for key, (_, each) in parts.new.items()]
    counts, references = _save(session, tools, accepted, known, now)
    file_id = accepted[0][0]
    lane = next(Lane(name) for name, count in counts.by_lane.items() if count)
    return TakenIn(
        "accepted", received_file_id=file_id, reference=references.get(file_id), lane=lane
    )


def _not_taken(parts: _Sorted, put: quarantine.Put) -> TakenIn:
    bad = parts.bad[0]
    if put.settled:
        return TakenIn("already_handled", quarantine_id=put.ids[0], errors=bad.errors)
    kind: Kind = "conflict" if bad.reason is QuarantineReason.CONFLICT else "faulty"
    return TakenIn(kind, quarantine_id=put.ids[0], errors=bad.errors)


def _known_already(session: Session, found: Accepted) -> TakenIn:
    row = session.execute(
        sa.text(
            "SELECT m.subject_id, f.reference, d.lane FROM inbox_message m"
            " LEFT JOIN control_file f ON f.received_file_id = m.subject_id"
            " LEFT JOIN selectivity_decision d ON d.received_file_id = m.subject_id"
            " WHERE m.source = :source AND m.external_id = :external_id"
        ),
        {"source": found.source, "external_id": found.external_id},
    ).one()
    lane = Lane(row[2]) if row[2] else None
    return TakenIn("duplicate", received_file_id=row[0], reference=row[1], lane=lane)


__all__ = ["BatchName", "Counts", "TakenIn", "registers", "replay", "take_in", "take_in_one"]
