"""What the tabs of a file's page show (onglets du dossier), in plain values."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from medcontrol.queries.explanations import Given
from medcontrol.queries.worklist import Due
from medcontrol.vocabulary import (
    ActorKind,
    Channel,
    ControlLevel,
    DecisionOutcome,
    DocumentClass,
    EntitlementStatus,
    Lane,
    LineOutcome,
    MessageAudience,
    Origin,
    Relation,
    Sex,
)


class PieceState(StrEnum):
    """A piece of the completeness checklist."""

    PRESENT = "present"
    ANNOUNCED = "announced"  # the sender named it, the bytes are not here
    REQUESTED = "requested"
    MISSING = "missing"


class StepState(StrEnum):
    """A step on the file's way."""

    DONE = "done"
    CURRENT = "current"
    SKIPPED = "skipped"


class JournalKind(StrEnum):
    """Groups the journal can be filtered by."""

    STATE = "state"
    ASSIGNMENT = "assignment"
    DOCUMENT = "document"
    READING = "reading"
    MESSAGE = "message"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who the care is for, and who opened the right when that is someone else.

    Numbers arrive masked or whole, as the policy allows.
    """

    name: str
    birth_date: date
    registration_number: str
    national_id: str | None = None
    sex: Sex | None = None
    relation: Relation | None = None
    insured_name: str | None = None
    language: str | None = None
    address: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why selectivity chose the file: a code, the French sentence, and others where known."""

    code: str
    text: str
    ar: str | None = None
    en: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """An ICD-10 code as received, with its title when the reference list has it."""

    code: str
    title: str | None
    is_main: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MedicalSummary:
    """Medical content as received. Exists only after the access log was written."""

    diagnoses: tuple[Diagnosis, ...]
    summary: str | None
    pathology: str | None = None
    answers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """An entitlement of the person; ``is_annulled``: the decision that opened it was undone."""

    number: str
    flow: str
    title: str | None
    valid_from: date
    valid_to: date | None
    next_review_on: date | None
    status: EntitlementStatus
    is_annulled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A line of the completeness checklist. ``title`` comes from the pack, translated."""

    kind: str
    title: str
    state: PieceState
    is_required: bool
    document_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """An earlier (or other) file of the same person that the reader may see."""

    reference: str
    flow: str
    nature: str
    lane: Lane
    received_on: date
    closed_on: date | None
    outcome: DecisionOutcome | None
    doctor_name: str | None
    amount_cents: int | None = None
    may_open: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryTab:
    """Why the file is here, what is known, what is missing.

    Reasons are for control doctors and for those who may have the choice explained; what chose
    the file (a draw, a score) and which rows, for the latter only: a doctor who knew that a file
    was drawn at random would look at it otherwise.
    """

    reasons: tuple[Reason, ...]
    origins: tuple[Origin, ...]
    matched_rows: tuple[str, ...]
    medical: MedicalSummary | None
    rights: tuple[Right, ...]
    pieces: tuple[Piece, ...]
    recent: tuple[HistoryRow, ...]
    recent_total: int
    may_know_why: bool = True
    may_explain: bool = False
    given: Given | None = None  # why its doctor has the open step
    may_compare: bool = False  # see who else might have it, and at what cost


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestLine:
    """A line of the request, with the opinion last given on it. Money in centimes."""

    no: int
    act: str
    title: str | None
    quantity: str
    unit_price_cents: int | None
    amount_cents: int
    on: date | None = None
    tooth: str | None = None
    outcome: LineOutcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Professional:
    """Prescriber or provider, as the sender named it."""

    id: str
    name: str | None = None
    specialty: str | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTab:
    """What was asked: administrative members only."""

    channel: Channel
    source: str
    external_id: str
    received_at: datetime
    amount_cents: int | None
    prescriber: Professional | None = None
    provider: Professional | None = None
    care_from: date | None = None
    care_to: date | None = None
    authorisation: str | None = None
    ald_number: str | None = None
    paper_location: str | None = None
    paper_slip: str | None = None
    paper_pages: int | None = None
    answers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    """A document; ``may_open`` is the policy's word, ``is_stored`` whether its bytes are here."""

    id: UUID
    number: int
    kind: str
    title: str
    document_class: DocumentClass
    media_type: str
    size: int
    added_at: datetime
    is_stored: bool
    may_open: bool
    seen_by_me: bool = False
    seen_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionRow:
    """An opinion given at a step. ``reasoning`` only for those who may read medical content."""

    step_title: str
    level: ControlLevel
    doctor_name: str
    given_at: datetime
    outcome_title: str
    tone: str
    reasoning: str | None
    lines: tuple[tuple[int, LineOutcome, str | None], ...] = ()
    is_undone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """A message of the file, decrypted for a reader of its audience."""

    author_name: str
    audience: MessageAudience
    sent_at: datetime
    text: str
    is_mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowStep:
    """A step of the way walked; ``element_id`` is its BPMN element, for the diagram."""

    element_id: str
    title: str
    state: StepState
    by: str | None = None
    at: datetime | None = None
    outcome: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow:
    """A deadline of the file with the law it comes from."""

    name: str
    is_legal: bool
    due: Due
    amount: int
    unit: str  # of ``legal/units.yaml``
    parameter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowTab:
    """The diagram's address and the same way as a list."""

    pack: str
    diagram_address: str
    steps: tuple[FlowStep, ...]
    clocks: tuple[ClockRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalRow:
    """A journal entry: a code the screen translates, and what changed."""

    number: int
    at: datetime
    kind: JournalKind
    action: str
    actor_kind: ActorKind
    actor_label: str
    facts: tuple[tuple[str, str], ...] = ()
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class BesideNote:
    """Something medical that came from beside the flow: an appeal's basis, a report, an opinion.

    Attributes:
        kind: ``snapshot``, ``expert_report``, ``opinion_question`` or ``opinion_answer``.
        by: who wrote it, when somebody did.
        parts: code of each part and its text, in order.
    """

    kind: str
    at: datetime
    by: str
    parts: tuple[tuple[str, str], ...]
