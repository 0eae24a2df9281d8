"""The words of the domain as closed lists. A value, once released, is never renamed."""

from enum import StrEnum


class Jurisdiction(StrEnum):
    """Whose law applies."""

    MA = "ma"
    LU = "lu"


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


class Origin(StrEnum):
    """Why selectivity chose a file. Every origin that applies is stored."""

    MANDATORY = "mandatory"
    RULE = "rule"
    SCORE = "score"
    RANDOM = "random"
    EXTERNAL = "external"  # ``control.required`` in the message


class RuleSetStatus(StrEnum):
    """How far a version of the rules has come (cycle de vie)."""

    DRAFT = "draft"  # the only state in which its content changes
    CHECKED = "checked"
    BACKTESTED = "backtested"
    SHADOW = "shadow"  # computed beside the rules in force, decides nothing
    APPROVED = "approved"  # by a second person
    PUBLISHED = "published"  # decides from its first day
    RETIRED = "retired"


class ControlResult(StrEnum):
    """What a control found, as selectivity learns it (résultat codé)."""

    CONFORM = "conform"
    REDUCED = "reduced"  # less is paid than was asked
    REFUSED = "refused"
    CONFIRMED_ANOMALY = "confirmed_anomaly"  # found afterwards: recovery, sanction
    WITHDRAWN = "withdrawn"  # the request was taken back

    @property
    def is_hit(self) -> bool:
        """Whether the control changed what is paid."""
        return self in (
            ControlResult.REDUCED,
            ControlResult.REFUSED,
            ControlResult.CONFIRMED_ANOMALY,
        )


class BacktestStatus(StrEnum):
    """How far a back-test is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


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


class SplitKey(StrEnum):
    """What is drawn to tell the arms of an experiment apart; all files of one stay together."""

    PROVIDER = "provider"
    BENEFICIARY = "beneficiary"


class ExperimentMetric(StrEnum):
    """What two arms are compared by."""

    HIT_RATE = "hit_rate"  # hits per closed control
    HITS_PER_100_POINTS = "hits_per_100_points"  # points are minutes of doctors
    AVOIDED_PER_100_POINTS = "avoided_per_100_points"


class ExperimentStatus(StrEnum):
    """State of an experiment."""

    PLANNED = "planned"
    RUNNING = "running"
    CONCLUDED = "concluded"  # its stop rule was met
    ABANDONED = "abandoned"  # ended before; nothing is concluded


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
    ENDED = "ended"


class ActorKind(StrEnum):
    """Who did it, in the journal."""

    USER = "user"
    CLIENT = "client"
    SYSTEM = "system"


class QuarantineReason(StrEnum):
    """Why a line did not pass."""

    FAULTY = "faulty"
    CONFLICT = "conflict"


class QuarantineStatus(StrEnum):
    """What became of a quarantined line."""

    WAITING = "waiting"
    REPLAYED = "replayed"
    DISCARDED = "discarded"


class ScoreModelStatus(StrEnum):
    """State of a trained score."""

    CANDIDATE = "candidate"
    ACTIVE = "active"
    RETIRED = "retired"


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


class MeasureKind(StrEnum):
    """What a night measured of selectivity."""

    EFFECTIVENESS = "effectiveness"
    FAIRNESS = "fairness"
    DRIFT = "drift"
    SCAN = "scan"


class AlertKind(StrEnum):
    """What selectivity warns of."""

    LIKE_RANDOM = "like_random"  # a row that finds no more than chance, for too long
    FEATURE_DRIFT = "feature_drift"  # files are not what they were (PSI)
    RANDOM_RATE = "random_rate"  # the random hit rate moved (CUSUM)
    FAIRNESS = "fairness"  # a group is chosen more and found wrong less


class ProposalKind(StrEnum):
    """What the measurement proposes to the analyst."""

    ADD_ROW = "add_row"  # a segment of random controls with many hits
    SUSPEND_ROW = "suspend_row"  # a row that finds less than chance
    PROVIDER = "provider"  # a segment that names a provider: probe or case, never a rule


class ProposalStatus(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DISMISSED = "dismissed"


class ProviderCaseStatus(StrEnum):
    """State of a case about a provider, at central level."""

    OPEN = "open"
    UNDER_REVIEW = "under_review"
    FOUNDED = "founded"
    UNFOUNDED = "unfounded"

    @property
    def is_closed(self) -> bool:
        """Whether the case has its conclusion."""
        return self in (ProviderCaseStatus.FOUNDED, ProviderCaseStatus.UNFOUNDED)


class ProbeStatus(StrEnum):
    """State of probe rounds at a provider."""

    SAMPLING = "sampling"  # the gate takes the next files, or their controls run
    EDUCATION = "education"  # a letter left; the next round opens on its day
    COMPLIANT = "compliant"
    ESCALATED = "escalated"  # a case about the provider was opened
    STOPPED = "stopped"  # by a person, with a reason

    @property
    def is_running(self) -> bool:
        """Whether another file or round may come."""
        return self in (ProbeStatus.SAMPLING, ProbeStatus.EDUCATION)


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


class DeadlineAlertKind(StrEnum):
    """What a supervisor is told of a legal deadline."""

    NEAR = "near"
    PASSED = "passed"


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
