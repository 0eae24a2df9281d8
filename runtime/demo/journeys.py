"""How a past file went through its flow (parcours): the real engine, driven to the known end."""

from dataclasses import dataclass, replace
from functools import lru_cache

from medcontrol.vocabulary import DecisionOutcome
from workflows import engine
from workflows.definition.catalog import Pack
from workflows.definition.facts import Facts
from workflows.engine.paths import Advance, Diagram, OperationCall, WaitingTask

_LONGEST = 12
# Outcomes that carry a file on where a step decides nothing itself, the first offered one.
_ONWARD = ("complete", "booked", "advised", "agreed", "signed", "maintained")
# What a file may wait for in between, as it came.
_ARRIVES = ("opinion_given", "expertise_reported", "documents_received", "observations_received")


@dataclass(frozen=True, slots=True)
class Stage:
    """A step that was done: with which outcome, and what its path called then."""

    task: WaitingTask
    outcome: str
    operations: tuple[OperationCall, ...]


@dataclass(frozen=True, slots=True)
class Journey:
    """A whole way: what the start called, the stages in order, the state at the end.

    Attributes:
        decided: how the file was closed. What the flow does not offer (a partial grant of a
            pension) ended as a grant.
    """

    opening: tuple[OperationCall, ...]
    stages: tuple[Stage, ...]
    state: str
    decided: DecisionOutcome


def travel(pack: Pack, facts: Facts, wanted: DecisionOutcome) -> Journey:
    """Return how a file with these opening facts reaches a decision.

    Files with the same facts and end share one journey, task ids of the engine included: nothing
    of a closed flow is ever looked up by them.

    Raises:
        RuntimeError: the pack's flow does not come to an end.
    """
    return _travel(Diagram(pack.digest, pack), tuple(sorted(facts.items())), wanted)


@lru_cache(maxsize=4096)
def _travel(
    diagram: Diagram, facts: tuple[tuple[str, object], ...], wanted: DecisionOutcome
) -> Journey:
    pack = diagram.pack
    at = engine.start(pack, dict(facts))
    opening = at.operations
    stages: list[Stage] = []
    while not at.ended and len(stages) < _LONGEST:
        if not at.tasks and stages:
            at = _arrive(pack, at)
            last = stages.pop()
            stages.append(replace(last, operations=last.operations + at.operations))
            continue
        task = at.tasks[0]
        outcome = _choose(pack, task.step, wanted)
        said = _affirmed(pack, task.step) if any(s.task.step == task.step for s in stages) else {}
        at = engine.complete(pack, at.state, task.task_id, {"outcome": outcome, **said})
        stages.append(Stage(task, outcome, at.operations))
    if not at.ended:
        raise RuntimeError(f"{pack.key}: no way from {dict(facts)} to {wanted.value}")
    closing = [call for stage in stages for call in stage.operations if call.operation == "close"]
    return Journey(
        opening, tuple(stages), at.state, DecisionOutcome(closing[-1].arguments["outcome"])
    )


def _affirmed(pack: Pack, step: str) -> dict[str, bool | str]:
    """Return what somebody affirms who comes to a step again: the path was kept up by it.

    A yes-or-no fact is affirmed; of a choice, its first value is, which packs name first.
    """
    said: dict[str, bool | str] = {}
    for name in pack.meta.steps[step].gives:
        fact = pack.meta.facts[name]
        if fact.type == "boolean":
            said[name] = True
        elif fact.type == "choice" and name != "completion_kind":
            said[name] = fact.values[0]
    return said


def _arrive(pack: Pack, at: Advance) -> Advance:
    """Return where a file stands once what it waits for came, or its time is over."""
    for wait in at.waits:
        if wait.kind == "message" and wait.name in _ARRIVES:
            moved = engine.receive(pack, at.state, wait.name)
            if moved is not None:
                return moved
    clock = next(wait for wait in at.waits if wait.kind == "deadline")
    return engine.fire(pack, at.state, clock.task_id)


def _choose(pack: Pack, step: str, wanted: DecisionOutcome) -> str:
    """Return the step's outcome that decides as wanted, or grants, or else carries on."""
    offered = pack.meta.steps[step].outcomes
    for goal in (wanted, DecisionOutcome.GRANTED):
        for outcome in offered:
            if pack.meta.outcomes[outcome].decides is goal:
                return outcome
    for outcome in _ONWARD:
        if outcome in offered:
            return outcome
    raise RuntimeError(f"{pack.key}: {step} offers only {', '.join(offered)}")
