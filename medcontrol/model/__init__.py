"""All tables. Import from here, so that Alembic, the app and the tests know the same ones."""

from medcontrol.model.adjacent import (
    Appeal,
    CommissionMember,
    ExcludedDoctor,
    Expert,
    ExpertConflict,
    ExpertFee,
    ExpertMission,
    ExternalRecourse,
    OpinionRequest,
    SharedDocument,
)
from medcontrol.model.appointment import AgendaFeed, Appointment, Room
from medcontrol.model.assignment_reference import (
    AssignmentLever,
    AssignmentReference,
    DoctorChange,
    WorkPoints,
)
from medcontrol.model.backtest import (
    BacktestRun,
    Experiment,
    ExperimentFile,
    ReplayRun,
    ShadowCount,
    ShadowSample,
)
from medcontrol.model.clocks import CalendarChange, DeadlineAlert
from medcontrol.model.control_file import (
    AccessLog,
    CompletionRequest,
    ControlFile,
    Decision,
    Document,
    DocumentView,
    LineOpinion,
    MedicalRecord,
    Message,
    Opinion,
)
from medcontrol.model.doctor import (
    Absence,
    Assignment,
    Availability,
    Competence,
    Conflict,
    Doctor,
    DoctorLoad,
    DoctorSuperior,
    DoctorUnit,
)
from medcontrol.model.entitlement import Entitlement, EntitlementEvent, ReviewPostponement
from medcontrol.model.flow import Deadline, FlowInstance, HumanTask, Suspension
from medcontrol.model.history import BeneficiaryEvent, ControlOutcome, FeatureBucket, PastFile
from medcontrol.model.incidents import FailedWork, IncidentRetry, IncidentRetryItem
from medcontrol.model.journal import JournalDigest, JournalEntry
from medcontrol.model.letter import Letter, LetterBatch
from medcontrol.model.long_term_care import (
    CareBill,
    CareBillCheck,
    CareEntry,
    CareLevel,
    CarePlan,
    CareProviderYear,
    HospitalStay,
)
from medcontrol.model.outbox import OutboxMessage, Schedule
from medcontrol.model.outcomes import (
    BlueDraw,
    BlueWeek,
    Probe,
    ProbeFile,
    ProbeRound,
    ProviderCase,
    ProviderCaseEvent,
    ProviderCaseFile,
    ProviderLetter,
    RuleProposal,
    SelectivityAlert,
    SelectivityMeasure,
)
from medcontrol.model.pack_migration import PackMigration, PackMigrationFile
from medcontrol.model.paper import PaperMovement, PaperSlip, PaperSlipFile, SealedEnvelope
from medcontrol.model.quality import SecondReading, SteeringMonth
from medcontrol.model.reassignment import (
    ReassignmentBatch,
    ReassignmentItem,
    SelectionToken,
)
from medcontrol.model.received_file import (
    InboxMessage,
    IntakeBatch,
    QuarantinedMessage,
    ReceivedFile,
    SelectivityDecision,
    SelectivityQuota,
)
from medcontrol.model.rule_sets import RuleSetEvent, RuleSetVersion
from medcontrol.model.saved_view import SavedView, ViewChoice
from medcontrol.model.score import CapacitySnapshot, SelectivityRanking, TrainedModel
from medcontrol.model.unit import AnnouncedDay, Unit
from medcontrol.model.user import ApiClient, RoleGrant, UserAccount, UserSession

__all__ = [
    "Absence", "AccessLog", "AgendaFeed", "AnnouncedDay", "ApiClient", "Appeal", "Appointment",
    "Assignment", "AssignmentLever", "AssignmentReference", "Availability", "BacktestRun",
    "BeneficiaryEvent", "BlueDraw", "BlueWeek", "CalendarChange", "CapacitySnapshot", "CareBill",
    "CareBillCheck", "CareEntry", "CareLevel", "CarePlan", "CareProviderYear", "CommissionMember",
    "Competence", "CompletionRequest", "Conflict", "ControlFile", "ControlOutcome", "Deadline",
    "DeadlineAlert", "Decision", "Doctor", "DoctorChange", "DoctorLoad", "DoctorSuperior",
    "DoctorUnit", "Document", "DocumentView", "Entitlement", "EntitlementEvent", "ExcludedDoctor",
    "Experiment", "ExperimentFile", "Expert", "ExpertConflict", "ExpertFee", "ExpertMission",
    "ExternalRecourse", "FailedWork", "FeatureBucket", "FlowInstance", "HospitalStay", "HumanTask",
    "InboxMessage", "IncidentRetry", "IncidentRetryItem", "IntakeBatch",
    "JournalDigest", "JournalEntry", "Letter", "LetterBatch",
    "LineOpinion", "MedicalRecord", "Message", "Opinion", "OpinionRequest", "OutboxMessage",
    "PackMigration", "PackMigrationFile", "PaperMovement", "PaperSlip", "PaperSlipFile", "PastFile",
    "Probe", "ProbeFile", "ProbeRound", "ProviderCase", "ProviderCaseEvent", "ProviderCaseFile",
    "ProviderLetter", "QuarantinedMessage", "ReassignmentBatch", "ReassignmentItem", "ReceivedFile",
    "ReplayRun", "ReviewPostponement", "RoleGrant", "Room", "RuleProposal", "RuleSetEvent",
    "RuleSetVersion", "SavedView", "Schedule", "SealedEnvelope", "SecondReading", "SelectionToken",
    "SelectivityAlert", "SelectivityDecision", "SelectivityMeasure", "SelectivityQuota",
    "SelectivityRanking", "ShadowCount", "ShadowSample", "SharedDocument", "SteeringMonth",
    "Suspension", "TrainedModel", "Unit", "UserAccount", "UserSession", "ViewChoice",
    "WorkPoints",
]  # fmt: skip
