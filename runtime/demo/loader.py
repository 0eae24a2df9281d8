"""The invented fund in a database: staff, fifteen months of files, rights (chargement)."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
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
)
from medcontrol.ports import SelectivityOutcome
from medcontrol.vocabulary import EntitlementStatus
from runtime.demo.bulk import Gathered, serials
from runtime.demo.closed import Closed
from runtime.demo.generator import Fund
from runtime.demo.generator.identities import Message
from runtime.demo.generator.outcomes import Outcome
from runtime.demo.journeys import travel
from runtime.demo.past import PastWriter
from runtime.demo.past_letters import Consequences, Person
from runtime.demo.staff_rows import Loaded, load_staff
from runtime.demo.supply import Supplied, Volume, supply, supply_beside
from selectivity.history.checking import count_anew
from workflows import engine
from workflows.gate import messages
from workflows.gate.registers import registers
from workflows.steps.limits import limits_of
from workflows.tools import Tools


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
    tools: Tools,
    fund: Fund,
    *,
    volume: Volume | None = None,
    on_share: Callable[[float], None] = lambda _share: None,
) -> FundLoaded:
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
        # The past is invented between two statements: minutes on a busy machine.
        session.execute(sa.text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        loaded = FundLoaded(load_staff(session, fund.staff()))
        loader = _Loader(session, tools, fund, loaded, volume or Volume())
        loader.load_entitlements()
        loader.load_history(on_share)
    count_anew(tools.keys, today=fund.as_of)
    with transaction() as session:
        session.execute(sa.text("ANALYZE"))
    loaded.seconds = time.monotonic() - begun
    return loaded


class _Loader:
    """One load: what it looks up once."""

    def __init__(
        self, session: Session, tools: Tools, fund: Fund, loaded: FundLoaded, volume: Volume
    ) -> None:
        self.session, self.tools, self.fund, self.loaded = session, tools, fund, loaded
        self.volume = volume
        staff = fund.staff()
        self.gathered = Gathered()
        self.registers = registers(session, tools, fund.as_of)
        self.regions = dict(fund.agencies)
        names_of_units = session.execute(sa.text("SELECT code, name FROM unit"))
        units: dict[str, str] = {row[0]: row[1] for row in names_of_units}
        self.known: set[Person] = set()
        names = {doctor.code: doctor.name for doctor in staff.doctors}
        limits = limits_of(session, "ma")
        self.past = PastWriter(self.gathered, loaded.staff, names, units, limits)
        self.consequences = Consequences(
            self.gathered, units, tools.fund_name, fund.as_of, self.known, tools.letter_ways, limits
        )  # fmt: skip
        self.stored: set[str] = set()

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
        """Copy the past as it comes, some whole days at a time."""
        done = 0
        if self.tools.keys.path is None:
            chunks = supply(self.fund, self.volume, self.tools.selectivity, self.tools.keys)
        else:
            chunks = supply_beside(self.fund, self.volume, self.tools.keys)
        for chunk in chunks:
            self._load(chunk)
            done += len(chunk)
            on_share(done / self.volume.received)

    def _load(self, chunk: Sequence[Supplied]) -> None:
        """Gather and copy whole days; keep what is left to the gate."""
        chosen: list[Closed] = []
        for item in chunk:
            if item.outcome is None:
                lines = self.loaded.recent.setdefault(item.received_on, [])
                lines.append(Line(len(lines) + 1, item.raw, len(item.raw)))
                continue
            accepted = self._accepted(item.raw)
            row = self._receive(accepted, item.outcome, item.received_on)
            if item.past is not None:
                chosen.append(self._closed(item.past, item.outcome, accepted.message, row))
        numbers = serials(self.session, "control_file_serial", len(chosen))
        for closed, serial in zip(chosen, numbers, strict=True):
            self.past.write(closed, serial, self.tools.keys)
            self.consequences.write(closed)
            self.past.finish(closed)
        self.loaded.closed += len(chosen)
        self.gathered.copy(self.session)

    def _accepted(self, raw: bytes) -> Accepted:
        """Return a message of the generator as the gate's check would, at a third of the cost.

        Its tests prove that the check passes all of them; only documents need to be taken apart.
        """
        if b'"documents"' in raw:
            found = check(raw, self.registers)
            if isinstance(found, Faulty):
                raise RuntimeError(f"the generator made a faulty file: {found.errors[0]}")
            return found
        message = orjson.loads(raw)
        return Accepted(
            message=message,
            content_hash=hashlib.sha256(raw).digest(),
            source=message["source"],
            external_id=message["external_id"],
            received_at=datetime.fromisoformat(message["received_at"]).astimezone(UTC),
            documents=[],
            body=raw,
        )

    def _receive(
        self, accepted: Accepted, outcome: SelectivityOutcome, day: date
    ) -> dict[str, Any]:
        """Gather the rows that the gate would have written for one file."""
        file_id = new_id()
        at = accepted.received_at + timedelta(minutes=1)
        region = self.regions[accepted.message["agency"]]
        row = messages.received_row(accepted, file_id, region, self.tools.keys, at)
        self.gathered.add_ready(ReceivedFile, row)
        self.gathered.add_ready(InboxMessage, _identity(accepted, file_id, at))
        self.gathered.add_ready(
            SelectivityDecision, messages.decision_row(outcome, file_id, self.tools.keys, at)
        )
        if accepted.documents:
            self.gathered.add_ready(Document, *messages.document_rows(accepted, file_id, at))
            self._store(accepted)
        self.loaded.received += 1
        return row | {"received_on": day}

    def _store(self, accepted: Accepted) -> None:
        """Store contents that were not stored before: the invented ones are a few, shared."""
        for attachment in accepted.documents:
            sha256 = attachment.meta["sha256"]
            if attachment.content is not None and sha256 not in self.stored:
                self.tools.documents.put(attachment.content)
                self.stored.add(sha256)

    def _closed(
        self, past: Outcome, outcome: SelectivityOutcome, message: Message, row: Mapping[str, Any]
    ) -> Closed:
        day = row["received_on"]
        pack = self.tools.catalog.pack("ma", message["flow"], day)
        known = {
            "channel": row["channel"],
            "nature": row["nature"],
            "lane": outcome.lane.value,
            "pieces_missing": False,  # whatever was missing has come since
        }
        numbers = law("ma")
        facts = engine.opening_facts(pack, known, lambda path: numbers.number(path, day).value)
        return Closed(pack, row, message, outcome, past, travel(pack, facts, past.outcome))


def _identity(accepted: Accepted, file_id: UUID, at: datetime) -> dict[str, Any]:
    return {
        "source": accepted.source,
        "external_id": accepted.external_id,
        "content_hash": accepted.content_hash,
        "subject_id": file_id,
        "seen_at": at,
    }


def evening(day: date) -> datetime:
    """Return when the gate ran on a day: 19:00 where the fund sits."""
    return datetime(day.year, day.month, day.day, 19, 0, tzinfo=ZONES["ma"])
