"""Words of what is written and kept: documents, letters, slips, quarantine, rights."""

from enum import StrEnum


class DocumentClass(StrEnum):
    """Who may open a document."""

    ADMINISTRATIVE = "administrative"
    MEDICAL = "medical"


class MedicalRecordKind(StrEnum):
    """What a row of encrypted medical content is."""

    INTAKE = "intake"  # diagnoses, pathology, summary, form answers as received
    REASONING = "reasoning"  # the doctor's reasoning behind an opinion
    EXAMINATION = "examination"
    DRAFT = "draft"
    MESSAGE = "message"
    SNAPSHOT = "snapshot"  # what a contested decision was taken on, frozen
    EXPERT_REPORT = "expert_report"
    READING = "reading"  # a second reader's opinion
    OUTSIDE_OPINION = "outside_opinion"  # a question asked of somebody else, or the answer


class MessageAudience(StrEnum):
    """Who reads a message of the file."""

    EVERYONE = "everyone"
    DOCTORS = "doctors"


class LetterStatus(StrEnum):
    """State of a letter (courrier)."""

    WAITING = "waiting"
    SENT = "sent"
    CANCELLED = "cancelled"


class LetterWay(StrEnum):
    """How a letter leaves."""

    CARRIER = "carrier"  # handed to the fund's carrier
    AGENCY = "agency"  # printed in a batch by the agency
    DIGITAL = "digital"  # delivered to the person's account


class LetterReceipt(StrEnum):
    """What the carrier's receipt of a registered letter says (accusé de réception)."""

    HANDED_OVER = "handed_over"
    UNCLAIMED = "unclaimed"
    REFUSED = "refused"


class SlipStatus(StrEnum):
    """State of a slip of physical files (bordereau)."""

    DRAFT = "draft"  # being filled
    SEALED = "sealed"  # closed and printed, not on its way yet
    DISPATCHED = "dispatched"
    RECEIVED = "received"  # every file was looked for at the other end
    CANCELLED = "cancelled"


class PaperFileState(StrEnum):
    """A physical file of a slip, at the other end."""

    EXPECTED = "expected"
    FOUND = "found"
    MISSING = "missing"
    UNEXPECTED = "unexpected"  # it lay in the parcel, and not on the slip


class PaperMove(StrEnum):
    """What happened to a physical file."""

    REGISTERED = "registered"
    PLACED = "placed"  # put on a shelf
    DISPATCHED = "dispatched"
    ARRIVED = "arrived"
    OVERDUE = "overdue"  # its slip should have arrived
    MISSING = "missing"
    FOUND = "found"  # after it was missing


class EntitlementStatus(StrEnum):
    """State of a granted right."""

    ACTIVE = "active"
    UNDER_REVIEW = "under_review"
    SUSPENDED = "suspended"  # the person did not come: nothing is paid until they do
    ENDED = "ended"


class EntitlementChange(StrEnum):
    """What happened to a granted right."""

    GRANTED = "granted"
    RENEWED = "renewed"
    REVIEWED = "reviewed"  # its review opened, or somebody asked to renew it
    ADJOURNED = "adjourned"  # a decision keeps it and looks again later
    KEPT = "kept"  # the review ended without a decision on it
    POSTPONED = "postponed"  # by a supervisor, within the window
    POSTPONEMENT_UNDONE = "postponement_undone"
    RESTORED = "restored"  # the decision on it was undone
    SUSPENDED = "suspended"
    RESUMED = "resumed"  # the person came: paid again from that day
    ENDED = "ended"


class Annulled(StrEnum):
    """Why a right ended that an undone decision had opened: it never was one (annulé)."""

    UNSEEN = "decision_undone"  # nothing of it had left: nobody outside hears of it
    SEEN = "decision_undone_seen"  # the paying system had it: it is told that it never was


class QuarantineReason(StrEnum):
    """Why a line did not pass."""

    FAULTY = "faulty"
    CONFLICT = "conflict"


class QuarantineStatus(StrEnum):
    """What became of a quarantined line."""

    WAITING = "waiting"
    REPLAYED = "replayed"
    DISCARDED = "discarded"
