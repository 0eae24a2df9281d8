"""Words of people and their work: roles, assignment, absences, appointments, second readings."""

from enum import StrEnum


class Relation(StrEnum):
    """What the beneficiary is to the insured person."""

    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"
    OTHER = "other"


class Sex(StrEnum):
    """As the sender says; U when it does not know."""

    F = "F"
    M = "M"
    U = "U"


class Role(StrEnum):
    """What a person may do; always together with a level and a unit."""

    AGENT = "agent"
    DOCTOR = "doctor"  # control doctor, dentist or pharmacist
    COORDINATOR = "coordinator"  # coordinating doctor, regional
    CENTRAL_DOCTOR = "central_doctor"
    SUPERVISOR = "supervisor"
    QUALITY_READER = "quality_reader"
    APPEALS_SECRETARY = "appeals_secretary"
    ANALYST = "analyst"  # risk analyst
    REFERENCE_MANAGER = "reference_manager"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"
    EXPERT = "expert"  # external: one mission, one file


class DoctorKind(StrEnum):
    """Salaried (salarié) or contracted (conventionné)."""

    SALARIED = "salaried"
    CONTRACTED = "contracted"


class Profession(StrEnum):
    """Which practitioner."""

    DOCTOR = "doctor"
    DENTIST = "dentist"
    PHARMACIST = "pharmacist"


class AssignmentMode(StrEnum):
    """How an assignment (affectation) was made."""

    AUTOMATIC = "automatic"
    CLAIMED = "claimed"
    MANUAL = "manual"
    BULK = "bulk"
    REPAIR = "repair"


class ActorKind(StrEnum):
    """Who did it, in the journal."""

    USER = "user"
    CLIENT = "client"
    SYSTEM = "system"


class AbsenceKind(StrEnum):
    """Whether an absence was known early enough to let the queue run empty before it."""

    PLANNED = "planned"
    UNPLANNED = "unplanned"


class AbsenceStatus(StrEnum):
    """Whether a supervisor dealt with what the absent doctor has in hand."""

    ANNOUNCED = "announced"
    HANDED_OVER = "handed_over"


class BatchKind(StrEnum):
    """What a supervisor's command over many files does."""

    REASSIGN = "reassign"
    RETRY = "retry"  # once more with what another batch refused
    UNDO = "undo"  # the inverse of another batch
    HANDOVER = "handover"  # what is due during an absence, to colleagues


class BatchStatus(StrEnum):
    """How far a supervisor's command over many files is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"


class ItemStatus(StrEnum):
    """What became of one task of such a command."""

    WAITING = "waiting"
    MOVED = "moved"
    REFUSED = "refused"
    UNDONE = "undone"


class AppointmentKind(StrEnum):
    """Why a person is seen."""

    EXAMINATION = "examination"  # CMP, in a room of the fund or a contracted doctor's practice
    VISIT = "visit"  # at home or where the person is treated
    EXPERTISE = "expertise"
    COMMISSION = "commission"


class AppointmentState(StrEnum):
    """State of an appointment (rendez-vous)."""

    BOOKED = "booked"
    ATTENDED = "attended"
    MISSED = "missed"
    CANCELLED = "cancelled"


class AppointmentReason(StrEnum):
    """Why an appointment was missed, moved or cancelled. Never medical."""

    ABSENT = "absent"  # did not come and said nothing
    EXCUSED = "excused"  # did not come and said why
    PERSON_ASKED = "person_asked"
    DOCTOR_AWAY = "doctor_away"
    PLACE_CLOSED = "place_closed"  # room or unit
    FLOW = "flow"  # the file went another way


class ReadingStatus(StrEnum):
    """How far the second reading of a decision that was drawn is."""

    DRAWN = "drawn"  # no reader has it yet
    READING = "reading"
    READ = "read"
    UNREAD = "unread"  # nobody will: undone before, or no reader had time
    CANCELLED = "cancelled"  # set aside by a coordinator


class ReadingFinding(StrEnum):
    """What a second reading found (conforme, non-conforme mineur ou majeur)."""

    CONFORM = "conform"
    MINOR = "minor"
    MAJOR = "major"


class HoldEnd(StrEnum):
    """Why a decision's letter does not wait for its second reading any more."""

    READ = "read"
    RETURNED = "returned"  # to its doctor: the letter never leaves
    LIMIT = "limit"  # the wait was as long as it may be
    UNREAD = "unread"  # nobody will read it
