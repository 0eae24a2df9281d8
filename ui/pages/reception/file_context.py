"""What the reception desk's page of a file draws."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlmodel import Session
from starlette.datastructures import QueryParams

from medcontrol.errors import StepNotOpen
from medcontrol.legal.loading import law
from medcontrol.queries.computed_checks import CheckShown
from medcontrol.queries.file_loading import OpenFile
from medcontrol.queries.reception import Desk
from medcontrol.queries.step_form import FormField
from medcontrol.reference.motives import MotiveKind, motives_for
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import Channel, ControlFileStatus, StepKind
from ui.forms import Errors, Sent
from ui.pages.agenda.slots import SlotPicker, picker_of
from ui.pages.doctor.computed import computed_checks
from ui.pages.doctor.panel import Desk as PanelDesk
from ui.pages.doctor.step_form import StepForm
from ui.visitors import Visitor
from workflows.definition.catalog import Pack
from workflows.definition.steps import Step
from workflows.steps.booking import Ahead, awaited

#: Answers that the page draws by itself.
DRAWN_APART = ("rights_open", "identity_checked", "note")
NOTICE_PATH = "clocks.convocation_notice_days"


@dataclass(frozen=True, slots=True)
class PieceLine:
    """A line of the checklist: what is here, and what was ticked."""

    code: str
    title: str
    is_required: bool
    is_medical: bool
    is_here: bool
    state: str
    note: str


@dataclass(frozen=True, slots=True)
class Option:
    """A way the step can end, or a motive."""

    code: str
    title: str
    needs_motive: bool = False


@dataclass(frozen=True, slots=True)
class FilePage:
    """A file at the reception desk, with the one thing that is to be done now."""

    opened: OpenFile
    desk: Desk
    due: date | None
    step_title: str
    kind: str  # completeness, appointment, waiting, nothing
    pieces: Sequence[PieceLine]
    outcomes: Sequence[Option]
    motives: Sequence[Option]
    typed: Mapping[str, str]
    today: date
    notice_days: int
    earliest: date
    picker: SlotPicker | None = None
    form: Sequence[FormField] = ()  # what this flow asks beside its pieces
    asks: frozenset[str] = frozenset()  # every answer that the step's form may hold
    checks: tuple[CheckShown, ...] = ()
    home: str = ""  # where a visit would go
    errors: Mapping[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """Return what was typed into a field."""
        return self.typed.get(name, "")

    def error_of(self, name: str) -> str:
        """Return what is wrong with a question of the step's form."""
        return self.errors.get(name, "")


def notice_days_of(visitor: Visitor) -> int:
    """Return the notice that the law gives between convocation and examination, in days.

    None where nobody is summoned, as in Luxembourg.
    """
    held = law(visitor.site.jurisdiction)
    return held.number(NOTICE_PATH, visitor.today).value if NOTICE_PATH in held.paths else 0


def earliest_day(visitor: Visitor) -> date:
    """Return the first day on which a person may be summoned without their consent."""
    return visitor.today + timedelta(days=notice_days_of(visitor))


def page_of(
    visitor: Visitor,
    opened: OpenFile,
    desk: Desk,
    calendar: WorkingCalendar,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    language: str,
    picker: SlotPicker | None = None,
) -> FilePage:
    """Return the page of a file as it stands, with what was typed and what is wrong."""
    pack = pack_of(visitor, opened)
    task = opened.task
    step = pack.meta.steps.get(task.step) if task is not None else None
    motives = motives_for(visitor.site.jurisdiction, opened.file.flow, "refused")
    return FilePage(
        opened=opened,
        desk=desk,
        due=calendar.civil_date(task.due_at) if task else None,
        step_title=getattr(step.titles, language) if step else "",
        kind=_kind(opened),
        pieces=_piece_lines(pack, opened, desk, typed, language),
        outcomes=_outcomes(pack, step, opened.file.nature, language),
        motives=[
            Option(each.code, getattr(each.wording, language))
            for each in motives
            if each.kind is MotiveKind.ADMINISTRATIVE
        ],
        typed=typed,
        today=visitor.today,
        notice_days=notice_days_of(visitor),
        earliest=earliest_day(visitor),
        picker=picker,
        form=form_of(visitor, opened, QueryParams(dict(typed)), language),
        asks=asked_of(visitor, opened),
        home=str(opened.received.details.get("insured", {}).get("address") or ""),
        errors=Errors(errors),
    )


def form_of(visitor: Visitor, opened: OpenFile, sent: Sent, language: str) -> tuple[FormField, ...]:
    """Return what the completeness check of this flow asks beside pieces, rights and identity."""
    asked = _step_form(visitor, opened, sent, language)
    return () if asked is None else _own(asked.fields(pack_of(visitor, opened).meta.facts))


def answers_of(
    visitor: Visitor, opened: OpenFile, sent: Sent
) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """Return the answers to those questions, the facts among them, and what is wrong, by field."""
    asked = _step_form(visitor, opened, sent, "fr")
    if asked is None:
        return {}, {}, {}
    answers, given, wrong = asked.answers(pack_of(visitor, opened).meta.facts)
    return answers, given, dict(wrong)


def asked_of(visitor: Visitor, opened: OpenFile) -> frozenset[str]:
    """Return the answers that the form of the completeness check may hold."""
    if opened.task is None or opened.task.kind is not StepKind.COMPLETENESS:
        return frozenset()
    schema, _ = pack_of(visitor, opened).form(opened.task.step)
    return frozenset(schema.get("properties", {}))


def checks_of(
    session: Session, visitor: Visitor, opened: OpenFile, sent: Sent, language: str
) -> tuple[CheckShown, ...]:
    """Return the computed checks of an agent's step; none of them reads medical content."""
    if opened.task is None or opened.task.kind is not StepKind.COMPLETENESS:
        return ()
    desk = PanelDesk(opened, pack_of(visitor, opened), opened.task.step, language)
    return computed_checks(session, visitor.site.tools.catalog, desk, (), sent, visitor.today)


def _step_form(visitor: Visitor, opened: OpenFile, sent: Sent, language: str) -> StepForm | None:
    if opened.task is None or opened.task.kind is not StepKind.COMPLETENESS:
        return None
    pack, step = pack_of(visitor, opened), opened.task.step
    return StepForm(
        pack.form(step), pack.meta.steps[step], jurisdiction=opened.file.jurisdiction,
        nature=opened.file.nature, language=language, sent=sent,
    )  # fmt: skip


def _own(fields: Iterable[FormField]) -> tuple[FormField, ...]:
    return tuple(each for each in fields if each.name not in DRAWN_APART)


def ahead_at(session: Session, visitor: Visitor, opened: OpenFile) -> Ahead:
    """Return the step that the open step of a file books.

    Raises:
        StepNotOpen: no step that books is open.
    """
    if opened.task is None or opened.task.kind is not StepKind.APPOINTMENT:
        raise StepNotOpen("the file does not wait for an appointment")
    return awaited(session, pack_of(visitor, opened), opened.file, opened.task)


def picker_here(
    session: Session, visitor: Visitor, opened: OpenFile, query: Sent, typed: Mapping[str, str]
) -> SlotPicker | None:
    """Return the free slots where an appointment is to be booked; None elsewhere."""
    if opened.task is None or opened.task.kind is not StepKind.APPOINTMENT:
        return None
    sent = QueryParams(dict(typed)) if typed else query
    ahead = ahead_at(session, visitor, opened)
    return picker_of(session, visitor, pack_of(visitor, opened), opened.file, ahead, sent)


def _kind(opened: OpenFile) -> str:
    """Return what is to be done at the reception desk now."""
    kinds = {StepKind.COMPLETENESS: "completeness", StepKind.APPOINTMENT: "appointment"}
    if opened.task is not None and opened.task.kind in kinds:
        return kinds[opened.task.kind]
    is_waiting = opened.file.status is ControlFileStatus.AWAITING_COMPLETION
    return "waiting" if is_waiting else "nothing"


def _piece_lines(
    pack: Pack, opened: OpenFile, desk: Desk, typed: Mapping[str, str], language: str
) -> list[PieceLine]:
    here = {each.kind for each in desk.documents}
    # Paper is checked by hand: nothing is known to be missing.
    unknown = "" if opened.file.channel is Channel.PAPER else "missing"
    return [
        PieceLine(
            code=code,
            title=getattr(piece.titles, language),
            is_required=piece.required,
            is_medical=piece.document_class == "medical",
            is_here=code in here,
            state=typed.get(f"piece.{code}", "present" if code in here else unknown),
            note=typed.get(f"note.{code}", ""),
        )
        for code, piece in pack.meta.pieces.items()
        if not piece.natures or opened.file.nature in piece.natures
    ]


def _outcomes(pack: Pack, step: Step | None, nature: str, language: str) -> list[Option]:
    if step is None:
        return []
    found = ((code, pack.meta.outcomes[code]) for code in step.outcomes)
    return [
        Option(code, getattr(outcome.titles, language), outcome.needs_motive)
        for code, outcome in found
        if not outcome.natures or nature in outcome.natures
    ]


def pack_of(visitor: Visitor, opened: OpenFile) -> Pack:
    """Return the pack under which a file was opened."""
    return visitor.site.tools.catalog.get(opened.file.pack, opened.file.flow)
