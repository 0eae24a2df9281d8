"""The invented fund in a database: staff, fifteen months of files, rights (chargement)."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import ZONES
from medcontrol.db import transaction
from medcontrol.ids import new_id
from medcontrol.intake import Accepted, Faulty, Line, check
from medcontrol.legal.loading import law
from medcontrol.model import (
    Document,
    Entitlement,
    InboxMessage,
    ReceivedFile,
    SelectivityDecision,
    Unit,
)
from medcontrol.ports import FileFacts, SelectivityOutcome
from medcontrol.vocabulary import EntitlementStatus
from runtime.demo.bulk import Gathered, serials
from runtime.demo.generator import Fund
from runtime.demo.generator.arrivals import working_days_after
from runtime.demo.generator.history import HistoryItem
from runtime.demo.generator.identities import Message
from runtime.demo.generator.outcomes import Deciders
from runtime.demo.journeys import travel
from runtime.demo.past import Closed, PastWriter
from runtime.demo.past_letters import Consequences, Person
from runtime.demo.staff_rows import Loaded, load_staff
from workflows import engine, messages
from workflows.intake import registers
from workflows.limits import limits_of
from workflows.tools import Tools

CHUNK_FILES = 5_000
# Files of the last working days went through the gate, but nobody has decided them yet.
UNDECIDED_DAYS = 4
# What the fund's own anomaly detection asks for, beside the rules; an outside trigger.
OUTSIDE = {"required": True, "reason": "Signalement de la cellule de lutte contre la fraude"}

OnStep = Callable[[str, float], None]
"""Told what is done: a name and the share from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Volume:
    """How much past to load."""

    received: int = 60_000
    controlled: int = 5_000
    months: int = 15


@dataclass(slots=True)
class FundLoaded:
    """What was loaded, and the lines of the last days, for the gate."""

    staff: Loaded
    received: int = 0
    closed: int = 0
    rights: int = 0
    due_rights: int = 0
    seconds: float = 0.0
    recent: dict[date, list[Line]] = field(default_factory=dict)


def agencies(session: Session) -> list[tuple[str, str]]:
    """Return the fund's agencies with their region, in the order of their codes."""
    rows = session.execute(
        sa.text(
            "SELECT code, parent_code FROM unit WHERE level = 'local' AND jurisdiction = 'ma'"
            " AND is_active ORDER BY code"
        )
    )
    return [(row[0], row[1]) for row in rows]


def load_fund(
    tools: Tools, fund: Fund, *, now: datetime, volume: Volume | None = None,
    on_step: OnStep = lambda _name, _share: None,
) -> FundLoaded:  # fmt: skip
    """Load a fund in one transaction: all of it or nothing.

    Selectivity decides on the past as it does on any day; the files it chose, and as many more
    as the volume says that an outside tool asked for, were controlled and are closed. Payloads
    are encrypted as by the gate.

    Returns:
        What was loaded; ``recent`` holds the lines of the last working days, which are left to
        the gate, so that their files are open.
    """
    begun = time.monotonic()
    with transaction() as session:
        session.execute(sa.text("SET LOCAL statement_timeout = '300s'"))
        on_step("staff", 0.0)
        loaded = FundLoaded(load_staff(session, fund.staff()))
        loader = _Loader(session, tools, fund, loaded, volume or Volume(), now)
        on_step("rights", 0.0)
        loader.load_entitlements()
        loader.load_history(lambda share: on_step("history", share))
        on_step("history", 1.0)
    with transaction() as session:
        session.execute(sa.text("ANALYZE"))
    loaded.seconds = time.monotonic() - begun
    return loaded


class _Loader:
    """One load: what it looks up once."""

    def __init__(
        self, session: Session, tools: Tools, fund: Fund, loaded: FundLoaded, volume: Volume,
        now: datetime,
    ) -> None:  # fmt: skip
        self.session, self.tools, self.fund, self.loaded = session, tools, fund, loaded
        self.volume, self.now = volume, now
        staff = fund.staff()
        self.gathered = Gathered()
        self.registers = registers(session, tools, fund.as_of)
        self.regions = dict(fund.agencies)
        self.deciders = Deciders(staff, fund.seed, fund.as_of)
        units = dict(session.execute(sa.select(Unit.code, Unit.name)).tuples().all())  # type: ignore[call-overload]
        self.known: set[Person] = set()
        names = {doctor.code: doctor.name for doctor in staff.doctors}
        self.past = PastWriter(self.gathered, loaded.staff, names, limits_of(session, "ma"))
        self.consequences = Consequences(
            self.gathered, units, tools.fund_name, fund.as_of, self.known
        )
        self.stored: set[str] = set()
        self.owed = 0

    def load_entitlements(self) -> None:
        """Gather the rights that are older than the history."""
        for right in self.fund.entitlements():
            person = right.beneficiary_birth_date or right.birth_date
            self.known.add((right.registration_number, right.flow, person))
            self.gathered.add(Entitlement, self._right(right))
            self.loaded.rights += 1
            self.loaded.due_rights += right.is_due
        self.gathered.copy(self.session)

    def _right(self, right: Any) -> dict[str, Any]:
        same = (
            "number", "flow", "right_code", "registration_number", "national_id", "family_name",
            "given_name", "birth_date", "sex", "language", "relation", "beneficiary_family_name",
            "beneficiary_given_name", "beneficiary_birth_date", "agency_code", "valid_from",
            "valid_to", "next_review_on", "opens_on", "granted_at",
        )  # fmt: skip
        return {name: getattr(right, name) for name in same} | {
            "id": new_id(),
            "jurisdiction": "ma",
            "status": EntitlementStatus.ACTIVE,
            "previous_doctor_id": self.loaded.staff.doctors[right.previous_doctor_code],
        }

    def load_history(self, on_share: Callable[[float], None]) -> None:
        """Copy the past, some whole days at a time."""
        last = decided_until(self.fund.as_of)
        items = self.fund.history(self.volume.months, self.volume.received, self.volume.controlled)
        done = 0
        for some in _whole_days(items, CHUNK_FILES):
            old = [item for item in some if item.received_on <= last]
            for item in some[len(old) :]:
                self._keep_recent(item)
            self._load(old)
            done += len(some)
            on_share(done / self.volume.received)

    def _keep_recent(self, item: HistoryItem) -> None:
        lines = self.loaded.recent.setdefault(item.received_on, [])
        raw = orjson.dumps(item.message)
        lines.append(Line(len(lines) + 1, raw, len(raw)))

    def _load(self, items: Sequence[HistoryItem]) -> None:
        """Gather and copy whole days."""
        if not items:
            return
        outcomes = self._decide(items)
        chosen: list[Closed] = []
        for item, (message, outcome) in zip(items, outcomes, strict=True):
            row = self._receive(message, outcome, item.received_on)
            self.loaded.received += 1
            if outcome.lane.is_controlled:
                chosen.append(self._close(item, message, outcome, row))
        numbers = serials(self.session, "control_file_serial", len(chosen))
        for closed, serial in zip(chosen, numbers, strict=True):
            self.past.write(closed, serial, self.tools.keys)
            self.consequences.write(closed)
            self.past.finish(closed)
        self.loaded.closed += len(chosen)
        self.gathered.copy(self.session)

    def _decide(self, items: Sequence[HistoryItem]) -> list[tuple[Message, SelectivityOutcome]]:
        """Let the engine decide; then let the outside tool ask for what the volume still owes."""
        found: dict[int, tuple[Message, SelectivityOutcome]] = {}
        for _, group in groupby(enumerate(items), key=lambda each: each[1].received_on):
            places = list(group)
            day = places[0][1].received_on
            made = self._ask([item.message for _, item in places], day)
            found |= {p: (i.message, o) for (p, i), o in zip(places, made, strict=True)}
        self.owed += sum(item.outcome is not None for item in items)
        self.owed -= sum(outcome.lane.is_controlled for _, outcome in found.values())
        for place, item in enumerate(items):
            if self.owed <= 0:
                break
            if item.outcome is not None and not found[place][1].lane.is_controlled:
                message = item.message | {"control": OUTSIDE}
                found[place] = (message, self._ask([message], item.received_on)[0])
                self.owed -= 1
        return [found[place] for place in range(len(items))]

    def _ask(self, some: Sequence[Message], day: date) -> list[SelectivityOutcome]:
        engine_of_day = self.tools.selectivity("ma", day)
        return engine_of_day.decide(
            [FileFacts(one, day, self.regions[one["agency"]]) for one in some]
        )

    def _receive(self, message: Message, outcome: SelectivityOutcome, day: date) -> dict[str, Any]:
        """Gather the rows that the gate would have written for one file."""
        accepted = check(orjson.dumps(message), self.registers)
        if isinstance(accepted, Faulty):
            raise RuntimeError(f"the generator made a faulty file: {accepted.errors[0]}")
        file_id = new_id()
        at = accepted.received_at + timedelta(minutes=1)
        region = self.regions[message["agency"]]
        row = messages.received_row(accepted, file_id, region, self.tools.keys, at)
        self.gathered.add_ready(ReceivedFile, row)
        self.gathered.add_ready(InboxMessage, _identity(accepted, file_id, at))
        self.gathered.add_ready(
            SelectivityDecision, messages.decision_row(outcome, file_id, self.tools.keys, at)
        )
        if accepted.documents:
            self.gathered.add_ready(Document, *messages.document_rows(accepted, file_id, at))
            self._store(accepted)
        return row | {"received_on": day}

    def _store(self, accepted: Accepted) -> None:
        """Store contents that were not stored before: the invented ones are a few, shared."""
        for attachment in accepted.documents:
            sha256 = attachment.meta["sha256"]
            if attachment.content is not None and sha256 not in self.stored:
                self.tools.documents.put(attachment.content)
                self.stored.add(sha256)

    def _close(
        self, item: HistoryItem, message: Message, outcome: SelectivityOutcome,
        row: Mapping[str, Any],
    ) -> Closed:  # fmt: skip
        past = item.outcome or self.deciders.decide(message, item.received_on)
        pack = self.tools.catalog.pack("ma", message["flow"], item.received_on)
        known = {
            "channel": row["channel"],
            "nature": row["nature"],
            "lane": outcome.lane.value,
            "pieces_missing": False,  # whatever was missing has come since
        }
        numbers = law("ma")
        facts = engine.opening_facts(
            pack, known, lambda path: numbers.number(path, item.received_on).value
        )
        return Closed(pack, row, message, outcome, past, travel(pack, facts, past.outcome))


def _identity(accepted: Accepted, file_id: UUID, at: datetime) -> dict[str, Any]:
    return {
        "source": accepted.source,
        "external_id": accepted.external_id,
        "content_hash": accepted.content_hash,
        "subject_id": file_id,
        "seen_at": at,
    }


def _whole_days(items: Iterable[HistoryItem], size: int) -> Iterator[list[HistoryItem]]:
    """Yield runs of whole days of at least ``size`` files, but for the last one."""
    run: list[HistoryItem] = []
    for _, day in groupby(items, key=lambda item: item.received_on):
        run.extend(day)
        if len(run) >= size:
            yield run
            run = []
    if run:
        yield run


def decided_until(as_of: date) -> date:
    """Return the last day of reception whose files may have been decided before ``as_of``."""
    day = as_of - timedelta(days=1)
    while True:
        between = 0
        for following in working_days_after(day):
            if following >= as_of or between >= UNDECIDED_DAYS:
                break
            between += 1
        if between >= UNDECIDED_DAYS:
            return day
        day -= timedelta(days=1)


def evening(day: date) -> datetime:
    """Return when the gate ran on a day: 19:00 where the fund sits."""
    return datetime(day.year, day.month, day.day, 19, 0, tzinfo=ZONES["ma"])


__all__ = ["FundLoaded", "Volume", "agencies", "decided_until", "evening", "load_fund"]
