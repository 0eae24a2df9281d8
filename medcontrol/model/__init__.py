"""All tables. Import from here, so that Alembic, the app and the tests know the same ones."""

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
from medcontrol.model.control_file import (
    AccessLog,
    Appointment,
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
from medcontrol.model.entitlement import Entitlement
from medcontrol.model.flow import Deadline, FlowInstance, HumanTask, Suspension
from medcontrol.model.history import BeneficiaryEvent, ControlOutcome, FeatureBucket, PastFile
from medcontrol.model.journal import JournalEntry
from medcontrol.model.letter import Letter
from medcontrol.model.long_term_care import CareBill, CareBillCheck, CarePlan, HospitalStay
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
from medcontrol.model.score import CapacitySnapshot, SelectivityRanking, TrainedModel
from medcontrol.model.unit import AnnouncedDay, Unit
from medcontrol.model.user import ApiClient, RoleGrant, UserAccount, UserSession

__all__ = [
    "Absence", "AccessLog", "AnnouncedDay", "ApiClient", "Appointment", "Assignment",
    "AssignmentLever", "AssignmentReference", "Availability", "BacktestRun", "BeneficiaryEvent",
    "BlueDraw", "BlueWeek", "CapacitySnapshot", "CareBill", "CareBillCheck", "CarePlan",
    "Competence", "CompletionRequest", "Conflict", "ControlFile", "ControlOutcome", "Deadline",
    "Decision", "Doctor", "DoctorChange", "DoctorLoad", "DoctorSuperior", "DoctorUnit", "Document",
    "DocumentView", "Entitlement", "Experiment", "ExperimentFile", "FeatureBucket", "FlowInstance",
    "HospitalStay", "HumanTask", "InboxMessage", "IntakeBatch", "JournalEntry", "Letter",
    "LineOpinion", "MedicalRecord", "Message", "Opinion", "OutboxMessage", "PastFile", "Probe",
    "ProbeFile", "ProbeRound", "ProviderCase", "ProviderCaseEvent", "ProviderCaseFile",
    "ProviderLetter", "QuarantinedMessage", "ReassignmentBatch", "ReassignmentItem",
    "ReceivedFile", "ReplayRun", "RoleGrant", "RuleProposal", "RuleSetEvent", "RuleSetVersion",
    "Schedule", "SelectionToken", "SelectivityAlert", "SelectivityDecision", "SelectivityMeasure",
    "SelectivityQuota", "SelectivityRanking", "ShadowCount", "ShadowSample", "Suspension",
    "TrainedModel", "Unit", "UserAccount", "UserSession", "WorkPoints",
]  # fmt: skip
