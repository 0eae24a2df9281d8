"""A control file as its page shows it (page du dossier), in plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from urllib.parse import urlencode
from uuid import UUID

from medcontrol.queries.computed_checks import CheckShown
from medcontrol.queries.document_reader import ShownDocument
from medcontrol.queries.file_past import FilePast
from medcontrol.queries.file_tabs import (
    BesideNote,
    DocumentRow,
    FlowTab,
    HistoryRow,
    JournalKind,
    JournalRow,
    MessageRow,
    OpinionRow,
    Person,
    RequestLine,
    RequestTab,
    SummaryTab,
)
from medcontrol.queries.letters import FileLetter
from medcontrol.queries.paper import FilePaper
from medcontrol.queries.step_form import FormField
from medcontrol.queries.worklist import Due
from medcontrol.vocabulary import (
    CompletionKind,
    ControlFileStatus,
    ControlLevel,
    ControlMode,
    DecisionOutcome,
    Lane,
    LetterReceipt,
    LineOutcome,
    Scheme,
    StepKind,
)


class FileTab(StrEnum):
    """Tabs of the page, in their order."""

    SUMMARY = "summary"
    REQUEST = "request"
    DOCUMENTS = "documents"
    LETTERS = "letters"
    HISTORY = "history"
    OPINIONS = "opinions"
    MESSAGES = "messages"
    FLOW = "flow"
    JOURNAL = "journal"


class FileAction(StrEnum):
    """What the reader may do with the file now. The page draws only these."""

    GIVE_OPINION = "give_opinion"
    CHECK_COMPLETENESS = "check_completeness"
    REQUEST_COMPLETION = "request_completion"
    ESCALATE = "escalate"
    HOLD = "hold"
    RELEASE = "release"
    TRANSFER = "transfer"
    CLAIM = "claim"
    WRITE_MESSAGE = "write_message"
    ADD_DOCUMENT = "add_document"
    UNDO_DECISION = "undo_decision"
    WAIVE_COMPLETION = "waive_completion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The files before and after this one in the queue it was opened from."""

    queue_address: str
    position: int
    total: int
    previous_reference: str | None
    next_reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Someone else who has the page open."""

    name: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHeader:
    """The two lines that never scroll away."""

    control_file_id: UUID
    version: int
    reference: str
    scheme: Scheme
    flow: str
    nature: str
    lane: Lane
    level: ControlLevel
    mode: ControlMode
    status: ControlFileStatus
    step_title: str | None
    is_urgent: bool
    due: Due
    person: Person
    unit_name: str
    assigned_to: str | None
    is_mine: bool
    task_id: UUID | None = None
    expected_on: date | None = None  # while it waits for a doctor to have time
    held_until: date | None = None
    hold_reason: str | None = None
    outcome: DecisionOutcome | None = None
    neighbours: Neighbours | None = None
    presence: tuple[Presence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Motive:
    """A coded motive, with its wording in the reader's language; ``effects`` it can explain."""

    code: str
    title: str
    effects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeOption:
    """A way the step can end, from the pack; ``consequence`` is what the person will receive."""

    code: str
    title: str
    consequence: str
    tone: str  # grant, partial, refuse, neutral
    needs_motive: bool = False
    needs_validity: bool = False
    effect: str = ""  # what its motive explains: refused, modified, adjourned


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """What was typed for one line; empty until something was."""

    no: int
    outcome: LineOutcome | None = None
    motive: str = ""
    quantity: str = ""
    amount: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionDraft:
    """What was typed in the panel, kept over errors, conflicts and visits."""

    lines: tuple[LineDraft, ...] = ()
    outcome: str = ""
    motive: str = ""
    reasoning: str = ""
    valid_from: str = ""
    valid_to: str = ""
    saved_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """The file moved while the page was open: who, when and what, since the drawn version."""

    changes: tuple[JournalRow, ...]
    is_still_mine: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpinionPanel:
    """The right half: what the doctor may say at this step."""

    kind: StepKind
    step_title: str
    outcomes: tuple[OutcomeOption, ...]
    motives: tuple[Motive, ...]
    line_motives: tuple[Motive, ...]
    draft: OpinionDraft = field(default_factory=OpinionDraft)
    errors: tuple[tuple[str, str], ...] = ()  # field name, error code
    conflict: Conflict | None = None
    requestable_pieces: tuple[Motive, ...] = ()
    completion_kinds: tuple[CompletionKind, ...] = tuple(CompletionKind)
    hold_reasons: tuple[Motive, ...] = ()
    escalate_to: tuple[OutcomeOption, ...] = ()
    undo_seconds: int = 30
    step: str = ""  # the pack's code of the step that was drawn
    journal_length: int = 0  # entries when the page was drawn: what follows is what changed since
    form: tuple[FormField, ...] = ()
    checks: tuple[CheckShown, ...] = ()
    has_end_of_validity: bool = True
    typed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # in the other actions

    def error_of(self, name: str) -> str | None:
        """Return the error code of a field, or None."""
        return dict(self.errors).get(name)

    def said(self, name: str) -> str:
        """Return what was typed into a field of another action, empty when nothing was."""
        return next(iter(self.typed.get(name, ())), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCounts:
    """Figures beside the tabs."""

    documents: int
    history: int
    opinions: int
    messages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePage:
    """Everything the file page draws: the header, the counts, one tab and the panel."""

    today: date
    now: datetime
    header: FileHeader
    counts: FileCounts
    tab: FileTab
    actions: frozenset[FileAction]
    may_read_medical: bool
    lines: tuple[RequestLine, ...] = ()
    currency: str = "MAD"
    panel: OpinionPanel | None = None
    open_action: str = ""
    summary: SummaryTab | None = None
    request: RequestTab | None = None
    documents: tuple[DocumentRow, ...] | None = None
    shown_document: ShownDocument | None = None
    citable: tuple[DocumentRow, ...] = ()  # what a mark in a text, such as [Doc 3 p. 2], may open
    letters: tuple[FileLetter, ...] | None = None
    letter_titles: Mapping[str, str] = field(default_factory=dict)
    paper: FilePaper | None = None
    receipts: tuple[LetterReceipt, ...] = tuple(LetterReceipt)
    may_open_envelopes: bool = False
    may_administrate: bool = False
    may_copy_letters: bool = False
    may_oversee: bool = False
    history: tuple[HistoryRow, ...] | None = None
    opinions: tuple[OpinionRow, ...] | None = None
    beside: tuple[BesideNote, ...] = ()
    messages: tuple[MessageRow, ...] | None = None
    flow: FlowTab | None = None
    journal: tuple[JournalRow, ...] | None = None
    journal_kind: JournalKind | None = None
    past: FilePast = field(default_factory=FilePast)
    origin: str = ""  # the queue it was opened from, as its address; kept while one walks the tabs

    @property
    def origin_part(self) -> str:
        """The end of an address that keeps the origin; empty without one."""
        return "&" + urlencode({"from": self.origin}) if self.origin else ""

    @property
    def document_address(self) -> str:
        """The reader's address, which the id of a document ends."""
        return f"/files/{self.header.reference}?tab=documents{self.origin_part}&document="
