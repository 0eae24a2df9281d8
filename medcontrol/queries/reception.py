"""What the reception desk works from (accueil, bureau d'ordre): never medical content."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from medcontrol.queries.worklist import QueueRow
from medcontrol.vocabulary import ControlFileStatus, DocumentClass, StepKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Open steps of one kind: all of them counted, the first due shown."""

    kind: StepKind
    total: int
    rows: tuple[QueueRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A file whose insured person was asked for pieces."""

    reference: str
    person_name: str
    flow: str
    asked_on: date | None
    answer_by: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """An examination that was booked."""

    reference: str
    person_name: str
    flow: str
    unit_name: str
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A paper file taken in at the counter."""

    id: UUID
    external_id: str
    person_name: str
    registration_number: str
    flow: str
    nature: str
    agency_code: str
    agency_name: str
    recorded_at: datetime
    received_at: datetime
    is_controlled: bool
    reference: str | None
    status: ControlFileStatus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceptionDay:
    """The list of the day."""

    today: date
    work: tuple[Work, ...]
    waiting: tuple[Waiting, ...]
    waiting_total: int
    bookings: tuple[Booking, ...]
    registered: tuple[Registered, ...]
    missing_paper: int = 0  # physical files that should be here or there and are not


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceHere:
    """A document of the file, named by its kind when its title may be medical."""

    kind: str
    title: str | None
    document_class: DocumentClass
    size: int
    added_at: datetime
    is_stored: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What an agent has to know of a file beside its row."""

    documents: tuple[PieceHere, ...]
    asked: tuple[Mapping[str, str], ...]
    asked_on: date | None
    answer_by: date | None
    bookings: tuple[Booking, ...]
