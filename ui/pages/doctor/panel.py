"""The panel of a file's page: what may be said at the open step, from the pack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medcontrol.queries.activity_loading import tone_of
from medcontrol.queries.file_loading import OpenFile
from medcontrol.queries.file_page import (
    FormField,
    LineDraft,
    Motive,
    OpinionDraft,
    OpinionPanel,
    OutcomeOption,
)
from medcontrol.queries.file_tabs import RequestLine
from medcontrol.reference.motives import MotiveEffect, motives_for
from medcontrol.reference.pathologies import pathologies
from medcontrol.vocabulary import DecisionOutcome, LineOutcome, StepKind
from ui.codes import HOLD_REASONS, word_for
from ui.file_codes import CONSEQUENCES
from ui.forms import Sent, member_of, text_of
from ui.i18n import N_, translations
from ui.words import PackWords
from workflows.catalog import Pack
from workflows.schema import Outcome, Step

# Outcomes that have a form of their own beside the decision.
ASKS = ("ask_completion", "incomplete")
ESCALATES = ("escalate",)
# Decisions that an opinion on each line adds up to.
BY_LINES = (
    DecisionOutcome.GRANTED,
    DecisionOutcome.PARTIALLY_GRANTED,
    DecisionOutcome.REFUSED_MEDICAL,
)
# Steps that look at what another doctor proposed; the lines stay as they are.
SECOND_EYES = (StepKind.SECOND_DOCTOR, StepKind.CENTRAL_OPINION, StepKind.DECISION)
LONGEST_TEXT = 20_000

_EFFECTS = {
    DecisionOutcome.REFUSED_MEDICAL: MotiveEffect.REFUSED,
    DecisionOutcome.REFUSED_ADMINISTRATIVE: MotiveEffect.REFUSED,
    DecisionOutcome.PARTIALLY_GRANTED: MotiveEffect.MODIFIED,
    DecisionOutcome.ADJOURNED: MotiveEffect.ADJOURNED,
}
_TONES = {
    DecisionOutcome.GRANTED: "grant",
    DecisionOutcome.PARTIALLY_GRANTED: "partial",
    DecisionOutcome.REFUSED_MEDICAL: "refuse",
    DecisionOutcome.REFUSED_ADMINISTRATIVE: "refuse",
}
_PROPOSAL = N_("Proposal: other doctors look at it before the letter leaves.")
_OTHER_PIECE = N_("Another piece, described below")
_UNCHANGED, _YES, _NO = N_("As proposed"), N_("Yes"), N_("No")
# Asked elsewhere on the panel.
_NOT_IN_FORM = frozenset(
    {"reasoning", "missing_pieces", "completion_kind", "note", "valid_from", "valid_to",
     "next_review_on"}
)  # fmt: skip
_WIDGETS = {"pathology": "list", "radio": "choice", "medical_textarea": "text", "textarea": "text"}


@dataclass(frozen=True, slots=True)
class Desk:
    """An open step as its doctor sees it: where it stands in the pack, and in which language."""

    opened: OpenFile
    pack: Pack
    step: str
    language: str

    @property
    def rule(self) -> Step:
        """What the pack says of the step."""
        return self.pack.meta.steps[self.step]

    @property
    def words(self) -> PackWords:
        """Titles in the reader's language."""
        return PackWords(self.pack, self.language)

    def outcomes(self) -> dict[str, Outcome]:
        """Return the outcomes that this file's nature offers at this step."""
        nature = self.opened.file.nature
        found = {code: self.pack.meta.outcomes[code] for code in self.rule.outcomes}
        return {c: o for c, o in found.items() if not o.natures or nature in o.natures}

    def lines_count(self, outcome: Outcome | None) -> bool:
        """Whether an opinion on each line goes with this outcome."""
        return (
            outcome is not None
            and outcome.decides in BY_LINES
            and self.rule.kind not in SECOND_EYES
        )


def panel_of(desk: Desk, lines: tuple[RequestLine, ...], draft: OpinionDraft,
             sent: Sent) -> OpinionPanel:  # fmt: skip
    """Return the panel of a step; errors, conflicts and what else was typed are added later."""
    file = desk.opened.file
    outcomes = desk.outcomes()
    special = {*ASKS, *ESCALATES}
    motives = motives_for(file.jurisdiction, file.flow)
    entitlement = desk.pack.meta.entitlement
    return OpinionPanel(
        kind=desk.rule.kind,
        step=desk.step,
        step_title=desk.words.step(desk.step),
        outcomes=tuple(_option(desk, c, o) for c, o in outcomes.items() if c not in special),
        escalate_to=tuple(_option(desk, c, o) for c, o in outcomes.items() if c in ESCALATES),
        motives=tuple(_motive(each, desk.language) for each in motives),
        line_motives=tuple(
            _motive(each, desk.language)
            for each in motives
            if {MotiveEffect.REFUSED, MotiveEffect.MODIFIED} & set(each.effects)
        ),
        draft=_with_lines(desk, draft, lines),
        requestable_pieces=_pieces(desk),
        hold_reasons=tuple(
            Motive(code=code, title=_word(desk.language, "hold", code)) for code in HOLD_REASONS
        ),
        journal_length=file.journal_length,
        form=form_fields(desk, sent),
        has_end_of_validity=entitlement is not None and entitlement.review.rhythm is None,
    )


def _word(language: str, kind: str, code: str) -> str:
    return translations(language).gettext(word_for(kind, code) or code)


def _motive(motive: Any, language: str) -> Motive:
    return Motive(
        code=motive.code,
        title=motive.wording.in_language(language),
        effects=tuple(effect.value for effect in motive.effects),
    )


def _option(desk: Desk, code: str, outcome: Outcome) -> OutcomeOption:
    gives_right = outcome.decides in (DecisionOutcome.GRANTED, DecisionOutcome.PARTIALLY_GRANTED)
    effect = _EFFECTS.get(outcome.decides) if outcome.decides else None
    return OutcomeOption(
        code=code,
        title=desk.words.outcome(code),
        consequence=_consequence(desk, code, outcome),
        tone=_TONES.get(outcome.decides, "neutral") if outcome.decides else tone_of(code),
        needs_motive=outcome.needs_motive,
        needs_validity=gives_right and desk.pack.meta.entitlement is not None,
        effect=effect.value if effect else "",
    )


def _consequence(desk: Desk, code: str, outcome: Outcome) -> str:
    """Return what follows for the insured person, in a sentence."""
    say = translations(desk.language).gettext
    kinds = {step.kind for step in desk.pack.meta.steps.values()}
    is_proposal = (
        outcome.decides is not None
        and desk.rule.kind is not StepKind.DECISION
        and not kinds.isdisjoint({StepKind.SECOND_DOCTOR, StepKind.DECISION})
    )
    if is_proposal:
        return say(_PROPOSAL)
    named = outcome.decides.value if outcome.decides else code
    known = CONSEQUENCES.get(code) or CONSEQUENCES.get(named)
    return say(known) if known else ""


def _pieces(desk: Desk) -> tuple[Motive, ...]:
    nature = desk.opened.file.nature
    found = [
        Motive(code=kind, title=desk.words.document(kind))
        for kind, piece in desk.pack.meta.pieces.items()
        if not piece.natures or nature in piece.natures
    ]
    other = Motive(code="other", title=translations(desk.language).gettext(_OTHER_PIECE))
    return (*found, other)


def draft_of(sent: Sent, lines: tuple[RequestLine, ...]) -> OpinionDraft:
    """Return what was typed into the panel, from a form or from a kept draft."""
    return OpinionDraft(
        lines=tuple(
            LineDraft(
                no=line.no,
                outcome=member_of(sent, f"line-{line.no}-outcome", LineOutcome),
                motive=text_of(sent, f"line-{line.no}-motive", 64),
                quantity=text_of(sent, f"line-{line.no}-quantity", 20),
                amount=text_of(sent, f"line-{line.no}-amount", 20),
            )
            for line in lines
        ),
        outcome=text_of(sent, "outcome", 64),
        motive=text_of(sent, "motive", 64),
        reasoning=text_of(sent, "reasoning", LONGEST_TEXT),
        valid_from=text_of(sent, "valid_from", 10),
        valid_to=text_of(sent, "valid_to", 10),
    )


def _with_lines(desk: Desk, draft: OpinionDraft, lines: tuple[RequestLine, ...]) -> OpinionDraft:
    """Return the draft with its lines where the step decides on them, else without."""
    if any(desk.lines_count(outcome) for outcome in desk.outcomes().values()):
        return draft if draft.lines else draft_with(draft, tuple(LineDraft(no=n.no) for n in lines))
    return draft_with(draft, ())


def draft_with(draft: OpinionDraft, lines: tuple[LineDraft, ...]) -> OpinionDraft:
    """Return a draft with other lines."""
    return OpinionDraft(
        lines=lines,
        outcome=draft.outcome,
        motive=draft.motive,
        reasoning=draft.reasoning,
        valid_from=draft.valid_from,
        valid_to=draft.valid_to,
        saved_at=draft.saved_at,
    )


def form_fields(desk: Desk, sent: Sent) -> tuple[FormField, ...]:
    """Return the questions of the step's form, but those that the panel asks elsewhere."""
    schema, display = desk.pack.form(desk.step)
    found = []
    for each in display["fields"]:
        name = each["name"]
        if name in _NOT_IN_FORM or name not in schema["properties"]:
            continue
        found.append(
            FormField(
                name=name,
                widget=_WIDGETS.get(each["widget"], each["widget"]),
                title=each["label"][desk.language],
                options=_options(desk, each),
                value=text_of(sent, f"form-{name}", 2000),
            )
        )
    return (*found, *_fact_fields(desk, sent, {each.name for each in found}))


def _options(desk: Desk, each: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    if each["widget"] == "pathology":
        listed = pathologies(desk.opened.file.jurisdiction).values()
        return tuple((str(p.number), f"{p.number}. {p.label(desk.language)}") for p in listed)
    options = each.get("options", {})
    return tuple((code, titles[desk.language]) for code, titles in options.items())


def _fact_fields(desk: Desk, sent: Sent, named: set[str]) -> tuple[FormField, ...]:
    """Return yes-or-no facts that the step may change and its form does not ask.

    What nobody answers stays as the doctor before proposed it.
    """
    facts, say = desk.pack.meta.facts, translations(desk.language).gettext
    return tuple(
        FormField(
            name=name,
            widget="choice",
            title=_word(desk.language, "fact", name),
            options=(("", say(_UNCHANGED)), ("yes", say(_YES)), ("no", say(_NO))),
            value=text_of(sent, f"form-{name}", 8),
        )
        for name in desk.rule.gives
        if facts[name].type == "boolean" and name not in named
    )
