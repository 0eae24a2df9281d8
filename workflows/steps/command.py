"""What is said when a step ends, and what it led to (fin d'étape): plain frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from medcontrol.vocabulary import ControlFileStatus, LineOutcome
from workflows.linked.opinion_asks import OpinionAsk


@dataclass(frozen=True, slots=True, kw_only=True)
class LineVerdict:
    """The opinion on one line of the request; amounts in centimes."""

    line_no: int
    outcome: LineOutcome
    motive_code: str | None = None
    quantity: str | None = None
    amount_cents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceAsked:
    """A piece that is asked for: a kind of the pack's pieces, and shareable wording."""

    kind: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteStep:
    """End a step with one of its outcomes.

    Attributes:
        task_id: the human task.
        expected_version: the file's version when the page was drawn; None from a program.
        outcome: one of the pack step's outcomes.
        lines: the opinion line by line, where a decision is proposed.
        motive_code: coded motive, where the outcome needs one.
        reasoning: the doctor's reasoning: medical, encrypted, never in a letter.
        valid_from, valid_to: validity proposed; the law's longest when absent.
        is_for_life: a right without end, where the pathology allows it after an examination.
        gives: facts that the pack's step takes besides the outcome.
        pieces: what is asked for, with an outcome that asks.
        appointment_at: instant of the examination, with the outcome ``booked``.
        place: where it is; the agency when empty.
        with_doctor: whose agenda takes it; the file's doctor, where free then, when absent.
        room_id: the room that is taken.
        is_early_agreed: the person agreed to come before the notice that the law gives.
        form: answers of the step's form, kept encrypted.
        opinion: what is asked of somebody outside the flow, with an outcome that asks; written
            later when absent.
    """

    task_id: UUID
    expected_version: int | None
    outcome: str
    lines: tuple[LineVerdict, ...] = ()
    motive_code: str | None = None
    reasoning: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    is_for_life: bool = False
    gives: Mapping[str, object] = field(default_factory=dict)
    pieces: tuple[PieceAsked, ...] = ()
    appointment_at: datetime | None = None
    place: str = ""
    with_doctor: UUID | None = None
    room_id: UUID | None = None
    is_early_agreed: bool = False
    form: Mapping[str, object] = field(default_factory=dict)
    opinion: OpinionAsk | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """What ending a step led to."""

    control_file_id: UUID
    status: ControlFileStatus
    decision_id: UUID | None
    is_closed: bool
    undo_until: datetime | None
    version: int
