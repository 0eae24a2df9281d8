"""An agreement by silence (accord tacite): only where a dated parameter of the law says so."""

from medcontrol.legal.loading import law
from medcontrol.model import Deadline, HumanTask
from medcontrol.vocabulary import DeadlineKind, DecisionOutcome
from workflows import effects, engine
from workflows.definition.catalog import Pack
from workflows.steps import moving
from workflows.steps.moving import Move

PARAMETER = "clocks.tacit_agreement"
#: Requests that come before the care. Silence about what was paid already agrees to nothing.
NATURES = ("authorisation", "prolongation")


def agree(move: Move, clock: Deadline) -> bool:
    """Close the file as granted when its legal time is over and the law counts silence as a yes.

    Nothing is agreed where a doctor's yes would not close the file either: what has to go up to
    a region or the centre waits for them. The project's default is that silence says nothing.

    Returns:
        False when nothing was agreed: the file stays as it is, late.
    """
    file = move.file
    if clock.kind is not DeadlineKind.LEGAL or file.nature not in NATURES:
        return False
    found = law(file.jurisdiction).flag(PARAMETER).at(file.received_on)
    if not found.value:
        return False
    for task in move.tasks:
        outcome = _granting(move.pack, task)
        if outcome is None:
            continue
        state = move.flow.state
        advance = engine.complete(move.pack, state, task.engine_task_id, {"outcome": outcome})
        if not advance.ended:
            return False
        move.occasion.extra |= {"tacit": True, "evidence": {"tacit": found.facts()}}
        move.tell("decision.tacit", deadline=clock.name)
        move.session.flush()
        effects.carry_out(move, advance)
        moving.settle(move, advance)
        return True
    return False


def _granting(pack: Pack, task: HumanTask) -> str | None:
    """Return the outcome of a doctor's step that grants what was asked."""
    if not task.is_medical:
        return None
    for outcome in pack.meta.steps[task.step].outcomes:
        if pack.meta.outcomes[outcome].decides is DecisionOutcome.GRANTED:
            return outcome
    return None
