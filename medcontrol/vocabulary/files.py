"""Words of a file under control: where it belongs, what it awaits, how its steps and clocks end."""

from enum import StrEnum


class Jurisdiction(StrEnum):
    """Whose law applies."""

    MA = "ma"
    LU = "lu"


#: In which money its amounts are, when a message does not say it itself (ISO 4217).
CURRENCIES = {Jurisdiction.MA: "MAD", Jurisdiction.LU: "EUR"}


class Scheme(StrEnum):
    """Insurance scheme (régime)."""

    AMO = "amo"
    GENERAL = "general"
    CONVENTIONAL = "conventional"
    LONG_TERM_CARE = "long_term_care"


class Channel(StrEnum):
    """How the file came in."""

    PAPER = "paper"
    PORTAL = "portal"
    EDI = "edi"
    PERIODIC = "periodic"
    INTERNAL = "internal"  # a file that another one opened: appeal, expertise, second reading


class ControlLevel(StrEnum):
    """Level of control (niveau de contrôle). Ordered by ``rank``, never by name."""

    LOCAL = "local"
    REGIONAL = "regional"
    CENTRAL = "central"

    @property
    def rank(self) -> int:
        """0 local, 1 regional, 2 central."""
        return ("local", "regional", "central").index(self.value)


class ControlMode(StrEnum):
    """On file (CMD, contrôle médical sur dossier) or in person (CMP, sur personne)."""

    ON_FILE = "on_file"
    IN_PERSON = "in_person"


class Lane(StrEnum):
    """Circuit chosen by selectivity (sélectivité)."""

    GREEN = "green"  # goes on, recorded
    BLUE = "blue"  # goes on, may be drawn for control afterwards
    ORANGE = "orange"  # controlled on file
    RED = "red"  # controlled in person or on original documents

    @property
    def is_controlled(self) -> bool:
        """Whether the file becomes a control file at once."""
        return self in (Lane.ORANGE, Lane.RED)


class PackMigrationStatus(StrEnum):
    """How far a move of running files to another version of their pack is."""

    CHECKING = "checking"  # dry run: every open file is looked at, none is changed
    CHECKED = "checked"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"  # too many files failed, or somebody stopped it
    REVERTING = "reverting"
    REVERTED = "reverted"


class PackMigrationResult(StrEnum):
    """What comes of one file in such a move."""

    MIGRATABLE = "migratable"
    BLOCKED = "blocked"
    UNCHANGED = "unchanged"  # it has the new version already
    MIGRATED = "migrated"
    FAILED = "failed"
    REVERTED = "reverted"
    KEPT = "kept"  # not taken back: it moved on since


class ControlFileStatus(StrEnum):
    """What the file awaits."""

    AWAITING_COMPLETENESS = "awaiting_completeness"
    AWAITING_CONTROL = "awaiting_control"
    AWAITING_COMPLETION = "awaiting_completion"
    AWAITING_APPOINTMENT = "awaiting_appointment"
    AWAITING_EXAMINATION = "awaiting_examination"
    AWAITING_SPECIALIST = "awaiting_specialist"
    AWAITING_SECOND_DOCTOR = "awaiting_second_doctor"
    AWAITING_CENTRAL = "awaiting_central"
    AWAITING_DECISION = "awaiting_decision"
    AWAITING_NOTIFICATION = "awaiting_notification"
    AWAITING_OPINION = "awaiting_opinion"  # asked of somebody outside the flow, and comes back
    AWAITING_EXPERTISE = "awaiting_expertise"
    AWAITING_ADMISSIBILITY = "awaiting_admissibility"
    AWAITING_COUNTER_EXAMINATION = "awaiting_counter_examination"
    AWAITING_COMMISSION = "awaiting_commission"
    AWAITING_OBSERVATIONS = "awaiting_observations"  # what the person says to what is proposed
    AWAITING_REPORT = "awaiting_report"  # of a named expert
    AWAITING_READING = "awaiting_reading"  # second reading, blind
    CLOSED = "closed"


class StepKind(StrEnum):
    """What sort of work a human task is; decides who may take it and which page opens."""

    COMPLETENESS = "completeness"  # agent
    CONTROL_ON_FILE = "control_on_file"  # CMD
    APPOINTMENT = "appointment"  # agent books the examination
    EXAMINATION = "examination"  # CMP
    SPECIALIST_OPINION = "specialist_opinion"
    SECOND_DOCTOR = "second_doctor"
    CENTRAL_OPINION = "central_opinion"
    DECISION = "decision"
    VISIT = "visit"  # at home or where the person is treated (article 27)
    ADMISSIBILITY = "admissibility"  # of an appeal, by its secretary
    COUNTER_EXAMINATION = "counter_examination"  # never by the author nor his superior
    HEARING = "hearing"  # day and doctors of the commission, by the secretary
    COMMISSION = "commission"  # three doctors
    EXPERT_NAMING = "expert_naming"
    EXPERT_REPORT = "expert_report"  # by the named expert, who sees this file alone
    FEE = "fee"  # of an expert, by an agent
    QUALITY_READING = "quality_reading"  # without seeing the first opinion

    @property
    def is_medical(self) -> bool:
        """Whether only a control doctor may do it."""
        return self not in _OF_OTHERS


_OF_OTHERS = (
    StepKind.COMPLETENESS, StepKind.APPOINTMENT, StepKind.ADMISSIBILITY, StepKind.HEARING,
    StepKind.EXPERT_REPORT, StepKind.FEE,
)  # fmt: skip


class TaskStatus(StrEnum):
    """State of a human task."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class LineOutcome(StrEnum):
    """Opinion on one line of the request."""

    ACCEPTED = "accepted"
    MODIFIED = "modified"
    REFUSED = "refused"


class DecisionOutcome(StrEnum):
    """How a control ends."""

    GRANTED = "granted"  # ACCORD
    PARTIALLY_GRANTED = "partially_granted"  # ACCORD_PARTIEL
    REFUSED_MEDICAL = "refused_medical"  # REJET_MED
    REFUSED_ADMINISTRATIVE = "refused_administrative"  # REJET_ADM
    ADJOURNED = "adjourned"  # AJOURNEMENT
    WITHDRAWN = "withdrawn"  # SANS_SUITE
    # Of an appeal:
    MAINTAINED = "maintained"
    OVERTURNED = "overturned"
    PARTLY_OVERTURNED = "partly_overturned"
    INADMISSIBLE = "inadmissible"
    # Of an expertise or a second reading: its report is there.
    CONCLUDED = "concluded"


class CompletionKind(StrEnum):
    """Request for pieces (demande de pièces); the two move the deadline differently."""

    INCORRECT = "incorrect"
    INCOMPLETE = "incomplete"


class DeadlineKind(StrEnum):
    """Legal (opposable) or internal (objective)."""

    LEGAL = "legal"
    INTERNAL = "internal"


class DeadlineStatus(StrEnum):
    """State of a clock."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    MET = "met"
    FIRED = "fired"
    CANCELLED = "cancelled"


class DeadlineAlertKind(StrEnum):
    """What a supervisor is told of a legal deadline."""

    NEAR = "near"
    PASSED = "passed"


#: Outcomes that ask for pieces, the doctor's first: their codes are the same in all packs.
ASKS_FOR_PIECES = ("ask_completion", "incomplete")
