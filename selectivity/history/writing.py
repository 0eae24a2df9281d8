"""Adding to the counters, in the transaction of what is counted (écriture des compteurs)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol.clock import civil_date
from medcontrol.driver import Statement
from medcontrol.ids import new_id
from medcontrol.model import ControlOutcome, PastFile, ReceivedFile
from selectivity.history import buckets, people
from selectivity.history.copying import addition, store
from selectivity.history.entries import ENTRY, Entries, entries_of, number_of
from selectivity.history.keys import Hasher
from selectivity.history.people import events_of, outcome_events
from selectivity.history.reading import Looked
from selectivity.history.stored import Stored, facts_of


def record(session: Session, looked: Looked) -> None:
    """Count files that ``look`` looked at; their entries bear the numbers of the files.

    Rows are only added: no other transaction waits, and all of it goes if the caller's does.
    """
    made = buckets.buckets_of(looked.entries, looked.newcomers, new_batch())
    store(session, "beneficiary_event", people.MEMBERS, events_of(looked.entries))
    store(session, "feature_bucket", buckets.MEMBERS, made)


def new_batch() -> int:
    """Return a number that no other transaction has."""
    return number_of(new_id())


@dataclass(frozen=True, slots=True)
class Closed:
    """Controls that closed, or results that no longer stand, beside the entries of their files."""

    days: list[date]
    numbers: list[int]
    controls: list[int]
    hits: list[int]

    def add(self, day: date, number: int, controls: int, hits: int) -> None:
        """Add one."""
        self.days.append(day)
        self.numbers.append(number)
        self.controls.append(controls)
        self.hits.append(hits)

    def extend(self, other: "Closed") -> None:
        """Add those of another list."""
        for row in zip(other.days, other.numbers, other.controls, other.hits, strict=True):
            self.add(*row)


def overturn_number(number: int) -> int:
    """Return the number of the event that takes back the hit of an outcome: its own beside it."""
    return number ^ 1


def outcome_counted(
    entry: Entries, outcome_id: UUID, *, on: date, is_hit: bool, replaces: bool
) -> list[Statement]:
    """Return the statements that count a control that closed, for the decision to run with its own.

    Args:
        entry: of the file that was controlled.
        outcome_id: of the coded result.
        on: the day of the decision.
        is_hit: whether something was found.
        replaces: whether it corrects a result that was counted before: the control counts once.
    """
    closed = Closed([on], [number_of(outcome_id)], [0 if replaces else 1], [int(is_hit)])
    events, made = closed_rows(entry, closed, new_batch())
    return [
        addition("beneficiary_event", people.MEMBERS, events),
        addition("feature_bucket", buckets.MEMBERS, made),
    ]


def record_overturn(session: Session, outcome: ControlOutcome, hasher: Hasher) -> None:
    """Take back the hit of an outcome as of ``overturned_on``; the control itself stays counted."""
    session.flush()
    if outcome.overturned_on is not None and outcome.result.is_hit:
        number = overturn_number(number_of(outcome.id))
        closed = Closed([outcome.overturned_on], [number], [0], [-1])
        record_closed(session, entry_of(session, outcome, hasher), closed)


def record_closed(session: Session, entries: Entries, closed: Closed) -> None:
    """Count what became of controls, as of their own days."""
    made = closed_rows(entries, closed, new_batch())
    store(session, "beneficiary_event", people.MEMBERS, made[0])
    store(session, "feature_bucket", buckets.MEMBERS, made[1])


def closed_rows(
    entries: Entries, closed: Closed, batch: int
) -> tuple[people.Events, buckets.Buckets]:
    """Return the rows that closed controls add to both tables."""
    days = np.array([day.toordinal() for day in closed.days], dtype=np.int64)
    controls = np.array(closed.controls, dtype=np.int64)
    hits = np.array(closed.hits, dtype=np.int64)
    numbers = np.array(closed.numbers, dtype=np.int64)
    return (
        outcome_events(entries, days, numbers, controls, hits),
        buckets.outcome_buckets(entries, days, controls, hits, batch),
    )


def entry_of(session: Session, outcome: ControlOutcome, hasher: Hasher) -> Entries:
    """Return the entry of the file that an outcome is about."""
    if outcome.past_file_id is not None:
        kept = session.execute(
            sa.select(col(PastFile.entry)).where(col(PastFile.id) == outcome.past_file_id)
        ).scalar_one()
        return np.frombuffer(kept, dtype=ENTRY)
    return entry_of_file(session.get_one(ReceivedFile, outcome.received_file_id), hasher)


def entry_of_file(file: ReceivedFile | Stored, hasher: Hasher) -> Entries:
    """Return the entry of a received file."""
    day = civil_date(file.received_at, file.jurisdiction)
    return entries_of([facts_of(file, day)], [file.id], hasher)
