"""Scenarios of a pack: given facts, when this happens, then the file stands there (scénarios)."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from medcontrol.vocabulary import ControlFileStatus
from workflows import engine
from workflows.definition import plain_yaml
from workflows.definition.catalog import Pack
from workflows.definition.parts import Code, FactValue, Part
from workflows.engine import Advance


class Happening(Part):
    """One thing that happens: a step that ends, a deadline that falls due, or a message.

    ``at``: where the file waits right after it; not looked at when absent. ``late``: the message
    comes when nothing waits for it.
    """

    step: Code | None = None
    outcome: Code | None = None
    facts: dict[Code, FactValue] = {}
    deadline: Code | None = None
    message: Code | None = None
    late: bool = False
    at: tuple[Code, ...] | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if sum(part is not None for part in (self.step, self.deadline, self.message)) != 1:
            raise ValueError("say one of step, deadline and message")
        if (self.step is None) != (self.outcome is None):
            raise ValueError("a step has an outcome, and nothing else has one")
        return self


class Then(Part):
    """How it ends: everything that was said is compared; letters and operations in order."""

    status: ControlFileStatus
    at: tuple[Code, ...] = ()
    letters: tuple[Code, ...] = ()
    operations: tuple[str, ...] = Field(
        default=(), description="Other operations, as name or name:argument"
    )


class Scenario(Part):
    """The whole of one ``scenarios/*.yaml``."""

    title: str
    flow: Code | None = None
    given: dict[Code, FactValue] = {}
    when: tuple[Happening, ...] = ()
    then: Then


@dataclass
class Run:
    """What a scenario went through.

    Attributes:
        problems: where it went another way than the scenario says; empty when all is well.
        called: service tasks. ended: (step, outcome). fired: timers and messages, by BPMN id.
        ways: what gateways chose.
    """

    problems: list[str] = field(default_factory=list)
    called: list[engine.OperationCall] = field(default_factory=list)
    ended: set[tuple[str, str]] = field(default_factory=set)
    fired: set[str] = field(default_factory=set)
    ways: set[engine.Way] = field(default_factory=set)

    def note(self, moved: Advance) -> None:
        """Keep what a move went through."""
        self.called += moved.operations
        self.ways |= set(moved.ways)


def load(path: Path) -> Scenario:
    """Return a scenario. Raises pydantic's ``ValidationError`` when the file is wrong."""
    return Scenario.model_validate(plain_yaml.read(path.read_text("utf-8")))


def play(pack: Pack, scenario: Scenario) -> Run:
    """Play a scenario on the engine, with nothing else around it."""
    run = Run()
    stands = engine.start(pack, scenario.given)
    run.note(stands)
    for number, happening in enumerate(scenario.when, start=1):
        moved = _happen(pack, stands, happening, run, number)
        if moved is None:
            return run
        if moved is not stands:
            run.note(moved)
        stands = moved
        if happening.at is not None and _at(stands) != sorted(happening.at):
            run.problems.append(f"after {number}: waits at {_at(stands)}, not {happening.at}")
    _compare(run, stands, scenario.then)
    return run


def _happen(
    pack: Pack, stands: Advance, happening: Happening, run: Run, number: int
) -> Advance | None:
    if happening.step is not None:
        for task in stands.tasks:
            if task.step == happening.step:
                run.ended.add((task.step, str(happening.outcome)))
                facts: dict[str, Any] = {"outcome": happening.outcome, **happening.facts}
                return engine.complete(pack, stands.state, task.task_id, facts)
    elif happening.deadline is not None:
        for wait in stands.waits:
            if wait.kind == "deadline" and wait.name == happening.deadline:
                run.fired.add(wait.step)
                return engine.fire(pack, stands.state, wait.task_id)
    else:
        moved = engine.receive(pack, stands.state, str(happening.message))
        if (moved is None) == happening.late:
            heard = (w for w in stands.waits if w.kind == "message")
            run.fired |= {w.step for w in heard if w.name == happening.message}
            return stands if moved is None else moved
    run.problems.append(f"{number}: {happening} can't happen, the file waits at {_at(stands)}")
    return None


def _at(stands: Advance) -> list[str]:
    tasks = {task.step for task in stands.tasks}
    return sorted(tasks | {wait.step for wait in stands.waits if wait.kind == "message"})


def _compare(run: Run, stands: Advance, then: Then) -> None:
    letters = [str(c.arguments["letter"]) for c in run.called if c.operation == "send_letter"]
    others = [_short(call) for call in run.called if call.operation != "send_letter"]
    pairs: list[tuple[Literal["status", "at", "letters", "operations"], object, object]] = [
        ("status", stands.status, then.status),
        ("at", _at(stands), sorted(then.at)),
        ("letters", letters, list(then.letters)),
        ("operations", others, list(then.operations)),
    ]
    for name, found, wanted in pairs:
        if found != wanted:
            run.problems.append(f"{name}: {found}, not {wanted}")


def _short(call: engine.OperationCall) -> str:
    values = [str(v) for v in call.arguments.values() if v is not None and v is not False]
    return ":".join([call.operation, *values])
