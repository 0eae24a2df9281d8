"""Decision records as they are stored, with the message that they are about (trace stockée)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session

from medcontrol.clock import civil_date
from medcontrol.crypto import KeyRing, bind
from medcontrol.errors import NotFound
from medcontrol.model import (
    ControlFile,
    ExperimentFile,
    ReceivedFile,
    SelectivityDecision,
)
from medcontrol.ports import FileFacts

Decision: Any = SelectivityDecision
Received: Any = ReceivedFile
File: Any = ControlFile
Arm: Any = ExperimentFile

_SMALL = 200_000
"""Up to so many decisions, sorting them all at random is quick."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One decision as it was recorded.

    Attributes:
        decision: the row.
        received: the row of the file that it is about.
        control_file_id, reference: of the control file; ``None`` for a file that went on.
        experiment_id, is_challenger: the arm that decided; ``None`` outside an experiment.
    """

    decision: SelectivityDecision
    received: ReceivedFile
    control_file_id: UUID | None
    reference: str | None
    experiment_id: UUID | None
    is_challenger: bool | None

    @property
    def received_on(self) -> date:
        """Return the civil day of reception."""
        return civil_date(self.received.received_at, self.received.jurisdiction)

    def medical_features(self, keys: KeyRing) -> dict[str, Any]:
        """Return the features of class medical, decrypted: the caller answers for who looks."""
        row = self.decision
        if row.key_id is None or row.medical_features is None:
            return {}
        text = keys.decrypt(
            row.key_id, row.medical_features, bind("selectivity_decision", row.received_file_id)
        )
        found: dict[str, Any] = orjson.loads(text)
        return found

    def facts(self, keys: KeyRing) -> FileFacts:
        """Return what selectivity was told: the message, decrypted, for machines only."""
        file = self.received
        body = keys.decrypt(file.key_id, file.payload, bind("received_file", file.id))
        first = date.fromisoformat(f"{self.decision.draw_period}-01")
        return FileFacts(
            message=orjson.loads(body),
            received_on=self.received_on,
            region=file.region_code,
            first_received_on=None if file.care_from is not None else first,
        )


def sample(
    session: Session, jurisdiction: str, number: int, *, until: datetime | None = None
) -> list[Stored]:
    """Return decisions drawn at random, all equally likely.

    In a large table, blocks are drawn first: the files of a block were decided together, so the
    sample is a little more alike than a plain one, and takes a second instead of a minute.
    """
    count = session.execute(
        sa.text("SELECT reltuples::bigint FROM pg_class WHERE relname = 'selectivity_decision'")
    ).scalar_one()
    source: Any = Decision
    if count > _SMALL:
        share = min(100.0, max(0.01, 3000.0 * number / count))
        drawn = sa.tablesample(Decision.__table__, sa.func.system(share))
        source = aliased(SelectivityDecision, drawn)
    statement = (
        sa.select(source.received_file_id)
        .join(ReceivedFile, Received.id == source.received_file_id)
        .where(Received.jurisdiction == jurisdiction)
        .order_by(sa.func.random())
        .limit(number)
    )
    if until is not None:
        statement = statement.where(source.decided_at <= until)
    return by_ids(session, session.execute(statement).scalars().all())


def by_ids(session: Session, ids: Sequence[UUID]) -> list[Stored]:
    """Return the decisions of some received files, in no order."""
    return _read(session, Received.id.in_(ids))


def find(session: Session, name: str, *where: sa.ColumnElement[bool]) -> Stored:
    """Return the decision of a file by its reference, external id ("source/id" or "id") or id.

    Args:
        session: for reading.
        name: what somebody typed.
        where: what the reader may see, over ``received_file``.

    Raises:
        NotFound: there is none, or the reader may not know of it.
    """
    for condition in _named(name):
        found = _read(session, condition, *where)
        if len(found) == 1:
            return found[0]
    raise NotFound(f"no decision of selectivity on {name}", field="reference")


def _named(name: str) -> Iterable[sa.ColumnElement[bool]]:
    """Yield the ways in which a name may be meant."""
    yield File.reference == name
    source, _, external_id = name.rpartition("/")
    if source:
        yield sa.and_(Received.source == source, Received.external_id == external_id)
    yield Received.external_id == name
    try:
        yield Received.id == UUID(name)
    except ValueError:
        return


def _read(session: Session, *where: sa.ColumnElement[bool]) -> list[Stored]:
    rows = session.execute(
        sa.select(Decision, Received, File.id, File.reference, Arm.experiment_id, Arm.is_challenger)
        .join(ReceivedFile, Received.id == Decision.received_file_id)
        .outerjoin(ControlFile, File.received_file_id == Received.id)
        .outerjoin(ExperimentFile, Arm.received_file_id == Received.id)
        .where(*where)
        .execution_options(populate_existing=True)
    )
    return [Stored(*row) for row in rows]
