"""What the desk sees of paper (papier): slips, where files lie, sealed envelopes. Never content."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from medcontrol.vocabulary import ControlLevel, PaperFileState, PaperMove, SlipStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipRow:
    """A slip in a list; ``is_incoming`` when it was sent to one of the reader's units."""

    number: str
    from_name: str
    to_name: str
    status: SlipStatus
    files: int
    found: int
    missing: int
    created_at: datetime
    dispatched_at: datetime | None
    received_at: datetime | None
    is_incoming: bool
    is_overdue: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingFile:
    """A physical file that should be somewhere and is not."""

    reference: str
    slip: str
    from_name: str
    to_name: str
    since: datetime
    is_overdue: bool  # its slip did not arrive; else it was not in the parcel


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipsPage:
    """The slips of the reader's units, and what is missing of them."""

    query: str
    incoming: tuple[SlipRow, ...]
    outgoing: tuple[SlipRow, ...]
    past: tuple[SlipRow, ...]
    missing: tuple[MissingFile, ...]
    own_units: Mapping[str, str]
    units: tuple[tuple[ControlLevel, tuple[tuple[str, str], ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipLine:
    """A physical file on a slip; its person is told to those who may see the file."""

    control_file_id: UUID
    reference: str
    registration_number: str
    received_on: date
    pages: int | None
    has_envelope: bool
    state: PaperFileState
    checked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlipDetail:
    """A slip with its files, as one of its two units sees it."""

    id: UUID
    number: str
    from_name: str
    to_name: str
    status: SlipStatus
    created_at: datetime
    sealed_at: datetime | None
    dispatched_at: datetime | None
    carrier: str | None
    received_at: datetime | None
    overdue_at: datetime | None
    is_sender: bool
    is_receiver: bool
    lines: tuple[SlipLine, ...]

    def count(self, *states: PaperFileState) -> int:
        """Return how many of its files are in one of the states."""
        return sum(line.state in states for line in self.lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A step in the history of a physical file."""

    at: datetime
    what: PaperMove
    unit_name: str
    location: str | None
    slip: str | None
    by_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A sealed envelope: whether it is sealed, or since when not; nothing of what it holds."""

    id: UUID
    registered_at: datetime
    opened_at: datetime | None
    opened_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePaper:
    """The physical file: where it lies, where it was, its envelopes."""

    location: str | None
    slip: str | None
    movements: tuple[Movement, ...]
    envelopes: tuple[Envelope, ...]

    @property
    def is_there(self) -> bool:
        """Whether anything is known of paper."""
        return bool(self.location or self.slip or self.movements or self.envelopes)
