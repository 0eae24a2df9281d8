"""What a virtual person says when a step ends (réponses): every outcome that a pack offers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from medcontrol.policy import QUALITY
from medcontrol.reference.motives import MotiveEffect, motives
from medcontrol.vocabulary import ASKS_FOR_PIECES, DecisionOutcome, LineOutcome, StepKind
from workflows.commands import CompleteStep, LineVerdict, PieceAsked
from workflows.definition.catalog import Pack
from workflows.definition.steps import Outcome
from workflows.steps.checks import SECOND_EYES

REASONING = "Éléments du dossier concordants ; avis conforme aux pièces transmises."
_EFFECTS = {
    DecisionOutcome.PARTIALLY_GRANTED: MotiveEffect.MODIFIED,
    DecisionOutcome.ADJOURNED: MotiveEffect.ADJOURNED,
}
_BY_LINES = {
    DecisionOutcome.GRANTED: LineOutcome.ACCEPTED,
    DecisionOutcome.PARTIALLY_GRANTED: LineOutcome.MODIFIED,
    DecisionOutcome.REFUSED_MEDICAL: LineOutcome.REFUSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A task that waits for somebody, with what an answer needs.

    Attributes:
        visits: how often this step ended before in this file.
        user_id: whose it is.
    """

    id: UUID
    step: str
    kind: StepKind
    control_file_id: UUID
    reference: str
    pack: Pack
    nature: str
    version: int
    details: Mapping[str, Any]
    user_id: UUID
    doctor_id: UUID | None = None
    visits: int = 0

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """What the step offers to a file of this nature."""
        offered = self.pack.meta.steps[self.step].outcomes
        found = {code: self.pack.meta.outcomes[code] for code in offered}
        return {c: o for c, o in found.items() if not o.natures or self.nature in o.natures}

    @property
    def decides_by_line(self) -> bool:
        """Whether a decision of this step goes with an opinion on each line."""
        return self.kind not in SECOND_EYES


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """What only some steps need: an instant, a doctor, the answers of a form."""

    appointment_at: datetime | None = None
    with_doctor: UUID | None = None
    room_id: UUID | None = None
    place: str = ""
    form: Mapping[str, object] = field(default_factory=dict)
    gives: Mapping[str, object] = field(default_factory=dict)


def answer(task: Waiting, outcome: str, extra: Extra | None = None) -> CompleteStep:
    """Return the command that ends a step with an outcome, complete as its checks want it."""
    rule, more = task.outcomes[outcome], extra or Extra()
    lines = tuple(_lines(task, rule)) if task.decides_by_line else ()
    return CompleteStep(
        task_id=task.id,
        expected_version=task.version,
        outcome=outcome,
        lines=lines,
        motive_code=_motive(task, rule) if rule.needs_motive else None,
        reasoning=REASONING,
        pieces=_pieces(task) if outcome in ASKS_FOR_PIECES else (),
        appointment_at=more.appointment_at,
        with_doctor=more.with_doctor,
        room_id=more.room_id,
        place=more.place,
        form=more.form,
        gives=more.gives,
    )


def _pieces(task: Waiting) -> tuple[PieceAsked, ...]:
    kinds = [
        code
        for code, piece in task.pack.meta.pieces.items()
        if not piece.natures or task.nature in piece.natures
    ]
    return (PieceAsked(kind=kinds[-1] if kinds else "other", note="copie lisible"),)


def _lines(task: Waiting, rule: Outcome) -> Iterator[LineVerdict]:
    """Yield an opinion on each line that agrees with the outcome; a partial one cuts the first."""
    if rule.decides not in _BY_LINES:
        return
    motive = _motive(task, rule)
    for place, line in enumerate(task.details.get("lines") or ()):
        cents = int(line["amount"].replace(".", ""))
        outcome = _BY_LINES[rule.decides]
        if outcome is LineOutcome.MODIFIED and place:
            outcome = LineOutcome.ACCEPTED
        yield LineVerdict(
            line_no=line["no"],
            outcome=outcome,
            motive_code=None if outcome is LineOutcome.ACCEPTED else motive,
            amount_cents={LineOutcome.ACCEPTED: cents, LineOutcome.MODIFIED: cents * 7 // 10}.get(
                outcome
            ),
        )


def _motive(task: Waiting, rule: Outcome) -> str | None:
    """Return a coded motive of the flow that explains the outcome, a medical one first."""
    effect = _EFFECTS.get(rule.decides, MotiveEffect.REFUSED) if rule.decides else None
    known = motives(task.pack.meta.jurisdiction).values()
    # A second reading judges the flow that its nature names.
    flow = task.nature if task.pack.flow == QUALITY else task.pack.flow
    fitting = [one for one in known if one.fits(flow, effect or MotiveEffect.REFUSED)]
    fitting = fitting or [one for one in known if one.fits(flow)]
    medical = [one for one in fitting if one.kind == "medical"] or fitting
    return medical[0].code if medical else None
