"""One file's move through its flow: what SpiffWorkflow asks on the way, and where it ends up."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import orjson
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from medcontrol.errors import InvalidInput
from medcontrol.vocabulary import ControlFileStatus
from workflows.definition import conditions
from workflows.definition.catalog import Pack
from workflows.definition.facts import Facts
from workflows.definition.schema import FromFact
from workflows.engine import operations, spiff
from workflows.engine.spiff import SERIALIZER_VERSION, Deadline

# Only the tests that compare pruned with whole states replace it.
prune = spiff.prune


@dataclass(frozen=True, slots=True)
class WaitingTask:
    """A user task that someone has to do; ``step`` is its BPMN id."""

    task_id: str
    step: str


@dataclass(frozen=True, slots=True)
class Wait:
    """A named deadline or message that the flow waits for; ``step`` is the BPMN id it waits at."""

    task_id: str
    kind: Literal["deadline", "message"]
    name: str
    step: str


@dataclass(frozen=True, slots=True)
class OperationCall:
    """An operation that the path called at a service task, its arguments checked and complete."""

    step: str
    operation: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """The way that an exclusive gateway took; without a condition it is the default one."""

    gateway: str
    condition: str | None


@dataclass(frozen=True, slots=True)
class Advance:
    """Where a flow stands after it moved.

    Attributes:
        state: the next state; store it as text.
        tasks, waits: everything that is open now, not only what is new: compare by ``task_id``.
        operations: what the path called, in order, since the state that went in.
        status: what the file awaits now.
        ways: what the gateways on the path chose; scenarios are measured by it.
    """

    state: str
    tasks: tuple[WaitingTask, ...]
    waits: tuple[Wait, ...]
    operations: tuple[OperationCall, ...]
    ended: bool
    status: ControlFileStatus
    ways: tuple[Way, ...] = ()


class Path(PythonScriptEngine):  # type: ignore[misc]
    """What SpiffWorkflow asks while it moves one file: conditions and operations."""

    def __init__(self, pack: Pack, facts: Facts) -> None:
        super().__init__()
        self.pack = pack
        self.facts = facts
        self.calls: list[OperationCall] = []
        self.ways: list[Way] = []
        self._chosen: str | None = None
        self._known: Facts = {name: fact.default for name, fact in pack.meta.facts.items()}
        self._known |= facts

    def evaluate(self, _task: Any, expression: str, **_context: Any) -> bool:
        holds = conditions.holds(expression, self._known)
        if holds:
            self._chosen = expression
        return holds

    @contextmanager
    def choosing(self, gateway: str) -> Iterator[None]:
        """Note which way a gateway takes meanwhile: that of the condition that holds."""
        self._chosen = None
        yield
        self.ways.append(Way(gateway, self._chosen))

    def execute(self, _task: Any, _script: str, **_context: Any) -> None:
        raise InvalidInput(f"{self.pack.key}: a flow has no scripts", field="flow.bpmn")

    def operate(self, step: str) -> None:
        call = self.pack.meta.operations.get(step)
        if call is None:
            raise InvalidInput(f"{self.pack.key}: {step} calls no operation", field="operations")
        given: dict[str, object] = {
            name: self._known[value.fact] if isinstance(value, FromFact) else value
            for name, value in call.arguments.items()
        }
        self.calls.append(OperationCall(step, call.call, operations.arguments(call.call, given)))


@dataclass(frozen=True, slots=True)
class Diagram:
    """A pack's diagram as a cache key: equal for equal packs, whichever flow they serve."""

    digest: str
    pack: Pack = field(compare=False)


def specs(pack: Pack) -> spiff.Specs:
    """Return the pack's compiled diagram, compiled once per process and digest."""
    return _compiled(Diagram(pack.digest, pack))


@lru_cache(maxsize=64)
def _compiled(diagram: Diagram) -> spiff.Specs:
    return spiff.parse(diagram.pack.bpmn(), diagram.pack.meta.code)


def facts_text(facts: Facts) -> str:
    """Return facts as they stand in a state."""
    return orjson.dumps(facts).decode()


def advance(pack: Pack, workflow: BpmnWorkflow, path: Path) -> Advance:
    """Return where a workflow stands, with its state, pruned."""
    prune(workflow)
    tasks = tuple(
        WaitingTask(str(task.id), task.task_spec.bpmn_id)
        for part in (workflow, *workflow.subprocesses.values())
        for task in part.tasks.values()
        if task.state == TaskState.READY and task.task_spec.manual
    )
    waits = tuple(_wait(task) for task in workflow.event_manager.tasks.values())
    facts = facts_text(path.facts)
    state = (
        f'{{"serializer":"{SERIALIZER_VERSION}","pack":"{pack.digest}",'
        f'"facts":{facts},"flow":{spiff.dump(workflow)}}}'
    )
    ended = workflow.completed
    status = _status(pack, tasks, waits, ended=ended)
    return Advance(state, tasks, waits, tuple(path.calls), ended, status, tuple(path.ways))


def _wait(task: Any) -> Wait:
    definition, step = task.task_spec.event_definition, task.task_spec.bpmn_id
    if isinstance(definition, Deadline):
        return Wait(str(task.id), "deadline", definition.deadline, step)
    return Wait(str(task.id), "message", str(definition.name), step)


def _status(
    pack: Pack, tasks: tuple[WaitingTask, ...], waits: tuple[Wait, ...], *, ended: bool
) -> ControlFileStatus:
    if ended:
        return ControlFileStatus.CLOSED
    for task in tasks:
        return pack.meta.steps[task.step].status
    for wait in waits:
        if wait.step in pack.meta.waits:
            return pack.meta.waits[wait.step].status
    raise InvalidInput(f"{pack.key}: the flow waits for nothing", field="flow.bpmn")
