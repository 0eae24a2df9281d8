"""Words of what fails and of trying it again (incidents)."""

from enum import StrEnum
from uuid import UUID

#: Stands for a run of a whole job among what jobs fail at.
WHOLE_JOB = UUID(int=0)


class IncidentKind(StrEnum):
    """What an incident asks for: one chapter of the runbook each."""

    LETTER = "letter"
    EVENT = "event"
    NEXT_FILE = "next_file"
    LARGE_WORK = "large_work"
    UNKNOWN_TOPIC = "unknown_topic"
    NEVER_CONFIRMED = "never_confirmed"
    NOT_HANDED_OVER = "not_handed_over"
    ONE_FILE = "one_file"  # a clock, a hold, a reminder: a job fails at one row
    JOB = "job"  # a whole job ends in an error
    # Nothing will ever move these files.
    STILL_READY = "still_ready"
    STILL_OPEN = "still_open"
    UNREADABLE = "unreadable"
    NO_FLOW = "no_flow"


class RetryOutcome(StrEnum):
    """What became of one thing that was tried again."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    GONE = "gone"  # done, withdrawn or mended before it was tried
