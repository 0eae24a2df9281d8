"""The panel of a file's page: what may be said at the open step, from the pack."""

from dataclasses import dataclass
from typing import Any

from medcontrol.policy import QUALITY
from medcontrol.queries.activity_loading import tone_of
from medcontrol.queries.file_loading import OpenFile
from medcontrol.queries.file_page import (
    LineDraft,
    Motive,
    OpinionDraft,
    OpinionPanel,
    OutcomeOption,
)
from medcontrol.queries.file_tabs import RequestLine
from medcontrol.reference.motives import MotiveEffect, motives_for
from medcontrol.vocabulary import ASKS_FOR_PIECES, DecisionOutcome, LineOutcome, StepKind
from ui.codes import HOLD_REASONS, word_for
from ui.file_codes import CONSEQUENCES
from ui.forms import Sent, member_of, text_of
from ui.i18n import N_, translations
from ui.pages.doctor.step_form import StepForm
from ui.words import PackWords
from workflows.definition.catalog import Pack
from workflows.definition.closing import may_close
from workflows.definition.steps import Outcome, Step

# Outcomes that have a form of their own beside the decision.
ESCALATES = ("escalate", "escalate_central", "expertise", "ask_opinion")
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
    DecisionOutcome.MAINTAINED: MotiveEffect.REFUSED,
    DecisionOutcome.PARTLY_OVERTURNED: MotiveEffect.MODIFIED,
}
_TONES = {
    DecisionOutcome.GRANTED: "grant",
    DecisionOutcome.PARTIALLY_GRANTED: "partial",
    DecisionOutcome.REFUSED_MEDICAL: "refuse",
    DecisionOutcome.REFUSED_ADMINISTRATIVE: "refuse",
    DecisionOutcome.OVERTURNED: "grant",
    DecisionOutcome.PARTLY_OVERTURNED: "partial",
    DecisionOutcome.MAINTAINED: "refuse",
}
_PROPOSAL = N_("Proposal: other doctors look at it before the letter leaves.")
_ABOVE = N_("Above a threshold, a higher level agrees first.")
_OTHER_PIECE = N_("Another piece, described below")


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
    special = {*ASKS_FOR_PIECES, *ESCALATES}
    # A second reading judges the request of another flow, which its nature names.
    motives = motives_for(file.jurisdiction, file.nature if file.flow == QUALITY else file.flow)
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
        form=step_form(desk, sent).fields(desk.pack.meta.facts),
        has_end_of_validity=entitlement is not None
        and (entitlement.review is None or entitlement.review.rhythm is None),
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
    named = outcome.decides.value if outcome.decides else code
    known = CONSEQUENCES.get(code) or CONSEQUENCES.get(named)
    sentence = say(known) if known else ""
    if outcome.decides is None or desk.rule.kind is StepKind.DECISION:
        return sentence
    kinds = {step.kind for step in desk.pack.meta.steps.values()}
    if kinds.isdisjoint(SECOND_EYES):
        return sentence
    if not may_close(desk.pack, desk.step):
        return say(_PROPOSAL)
    is_granted = outcome.decides in (DecisionOutcome.GRANTED, DecisionOutcome.PARTIALLY_GRANTED)
    return f"{sentence} {say(_ABOVE)}" if is_granted else sentence


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


def step_form(desk: Desk, sent: Sent) -> StepForm:
    """Return the form of the open step, with what was typed."""
    file = desk.opened.file
    return StepForm(
        desk.pack.form(desk.step), desk.rule, jurisdiction=file.jurisdiction, nature=file.nature,
        language=desk.language, sent=sent,
    )  # fmt: skip
