"""What fails, grouped by what was being done and the error that it met (incidents)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from medcontrol.vocabulary import IncidentKind, RetryOutcome

#: What no consumer ever said anything about; what nobody hands over.
NEVER_CONFIRMED, NOT_HANDED_OVER = "outbox.never_confirmed", "outbox.not_handed_over"

_BY_ERROR = {
    "outbox.unknown_topic": IncidentKind.UNKNOWN_TOPIC,
    NEVER_CONFIRMED: IncidentKind.NEVER_CONFIRMED,
    NOT_HANDED_OVER: IncidentKind.NOT_HANDED_OVER,
    "flow.ready": IncidentKind.STILL_READY,
    "flow.ended": IncidentKind.STILL_OPEN,
    "flow.unreadable": IncidentKind.UNREADABLE,
    "flow.none": IncidentKind.NO_FLOW,
}
_BY_TOPIC = {
    "letters.send": IncidentKind.LETTER,
    "provider_letters.send": IncidentKind.LETTER,
    "events.deliver": IncidentKind.EVENT,
    "files.open_next": IncidentKind.NEXT_FILE,
}
#: Where trying again does nothing before somebody did something else.
_HOPELESS = frozenset(
    {
        IncidentKind.UNKNOWN_TOPIC,
        IncidentKind.NOT_HANDED_OVER,
        IncidentKind.UNREADABLE,
        IncidentKind.NO_FLOW,
    }
)
#: Files that nothing will ever move, as the watch finds them.
STANDING = frozenset(
    {
        IncidentKind.STILL_READY,
        IncidentKind.STILL_OPEN,
        IncidentKind.UNREADABLE,
        IncidentKind.NO_FLOW,
    }
)


@dataclass(frozen=True)
class Fingerprint:
    """What incidents are grouped by.

    Attributes:
        what: a topic of the outbox, or a job.
        step: the event, the letter, the clock or the step of the flow; empty when none is known.
        error: the code of a refusal or the class of an error.
    """

    what: str
    step: str
    error: str

    @cached_property
    def key(self) -> str:
        """Ten characters that stand for it, in addresses and on the command line."""
        text = "\x1f".join((self.what, self.step, self.error))
        return hashlib.sha256(text.encode()).hexdigest()[:10]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A group of failures with the same fingerprint.

    Attributes:
        is_message: the outbox holds it; else a job fails at it.
        is_whole: the job itself ends in an error.
        items: messages, or rows that a job fails at.
        files: control files among them, each counted once.
        tried_again: those that are tried again without anybody's doing.
        next_try_at: when the first of them is; None when at the job's next run, or never.
        given_up: those that nobody tries any more.
    """

    fingerprint: Fingerprint
    is_message: bool
    is_whole: bool
    first_seen: datetime
    last_seen: datetime
    items: int
    files: int
    tried_again: int
    next_try_at: datetime | None
    given_up: int

    @property
    def kind(self) -> IncidentKind:
        """Which chapter of the runbook it belongs to."""
        known = _BY_ERROR.get(self.fingerprint.error)
        if known is not None:
            return known
        if self.is_message:
            return _BY_TOPIC.get(self.fingerprint.what, IncidentKind.LARGE_WORK)
        return IncidentKind.JOB if self.is_whole else IncidentKind.ONE_FILE

    @property
    def can_retry(self) -> bool:
        """Whether trying again can help."""
        return self.kind not in _HOPELESS


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentItem:
    """One message, or one thing that a job fails at. ``next_try_at``: as of an incident."""

    id: UUID
    control_file_id: UUID | None
    reference: str | None
    can_open: bool  # the file, by the right of who looks
    first_seen: datetime
    last_seen: datetime
    attempts: int
    next_try_at: datetime | None
    is_given_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxNow:
    """What only waits its turn, and since when the oldest of it is due."""

    waiting: int
    oldest_due: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRow:
    """A retry that somebody asked for, with what became of it so far."""

    id: UUID
    fingerprint: Fingerprint
    asked_at: datetime
    asked_by: str | None
    outcomes: dict[RetryOutcome, int]

    @property
    def total(self) -> int:
        """How many were asked for."""
        return sum(self.outcomes.values())

    @property
    def waiting(self) -> int:
        """Of how many nothing is known yet."""
        return self.outcomes.get(RetryOutcome.WAITING, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryItem:
    """What became of one thing that was tried again; ``error`` when it failed again."""

    id: UUID
    reference: str | None
    can_open: bool
    outcome: RetryOutcome
    error: str | None
    settled_at: datetime | None
