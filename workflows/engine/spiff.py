"""SpiffWorkflow, bent to our needs: named deadlines, operations, states without their spec."""

import ast
import logging
from typing import Any
from uuid import UUID

import orjson
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.parser.event_parsers import (
    BoundaryEventParser,
    IntermediateCatchEventParser,
)
from SpiffWorkflow.bpmn.parser.task_parsers import ConditionalGatewayParser
from SpiffWorkflow.bpmn.parser.TaskParser import TaskParser
from SpiffWorkflow.bpmn.parser.util import full_tag
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.serializer.config import DEFAULT_CONFIG
from SpiffWorkflow.bpmn.serializer.default.workflow import BpmnWorkflowConverter, WorkflowConverter
from SpiffWorkflow.bpmn.specs.control import BoundaryEventJoin, BoundaryEventSplit, _EndJoin
from SpiffWorkflow.bpmn.specs.defaults import (
    BoundaryEvent,
    ExclusiveGateway,
    IntermediateCatchEvent,
    ServiceTask,
)
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.specs.Join import Join
from SpiffWorkflow.util.task import TaskState

# Both attach a task's whole data to every INFO record.
for _name in ("spiff.task", "spiff.workflow"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_OPEN = TaskState.NOT_FINISHED_MASK & TaskState.DEFINITE_MASK
Specs = tuple[Any, dict[str, Any]]  # the process, and the processes that it calls


class Deadline(TimerEventDefinition):  # type: ignore[misc]
    """A timer that names a deadline; it fires when we say so, never by the wall clock."""

    def has_fired(self, task: Any) -> bool:
        """Whether ``engine.fire`` said that the deadline fell due."""
        return bool(task._get_internal_data("event_fired", False))

    @property
    def deadline(self) -> str:
        """The name, as a key of the pack's ``deadlines``."""
        return str(ast.literal_eval(self.expression))


class _NamedTimers:
    def parse_timer_event(self, node: Any) -> Deadline:
        timer = super().parse_timer_event(node)  # type: ignore[misc]
        return Deadline(timer.name, timer.expression)


class _Boundary(_NamedTimers, BoundaryEventParser):  # type: ignore[misc]
    pass


class _Catch(_NamedTimers, IntermediateCatchEventParser):  # type: ignore[misc]
    pass


class Operation(ServiceTask):  # type: ignore[misc]
    """A service task that calls an operation; the stock one never completes."""

    def _execute(self, task: Any) -> bool:
        task.workflow.script_engine.operate(self.bpmn_id)
        return True


class Choice(ExclusiveGateway):  # type: ignore[misc]
    """An exclusive gateway that says which way it took."""

    def _run_hook(self, task: Any) -> bool:
        with task.workflow.script_engine.choosing(self.bpmn_id):
            return bool(super()._run_hook(task))


class _Parser(BpmnParser):  # type: ignore[misc]
    OVERRIDE_PARSER_CLASSES = {
        full_tag("exclusiveGateway"): (ConditionalGatewayParser, Choice),
        full_tag("serviceTask"): (TaskParser, Operation),
        full_tag("boundaryEvent"): (_Boundary, BoundaryEvent),
        full_tag("intermediateCatchEvent"): (_Catch, IntermediateCatchEvent),
    }

    def _add_diagram_indexes(self, bpmn: Any) -> None:
        """Forget where things are drawn, else a gateway asks its upper way first.

        Conditions are asked in the order of the file; moving an element on the screen does not
        change what a flow does.
        """
        super()._add_diagram_indexes(bpmn)
        self.document_positions: dict[int, dict[str, Any]] = {}


def parse(bpmn: str, process: str) -> Specs:
    """Compile a diagram. Raises SpiffWorkflow's ``ValidationException`` when it can't be run."""
    parser = _Parser()
    parser.add_bpmn_str(bpmn.encode())
    return parser.get_spec(process), parser.get_subprocess_specs(process)


class _StateOnly(BpmnWorkflowConverter):  # type: ignore[misc]
    """Keeps the state without the spec, which the pack on disk gives back."""

    def to_dict(self, workflow: BpmnWorkflow) -> dict[str, Any]:
        state: dict[str, Any] = WorkflowConverter.to_dict(self, workflow)
        return state | {"subprocesses": self.mapping_to_dict(workflow.subprocesses)}

    def restore(self, state: dict[str, Any], specs: Specs, path: object) -> BpmnWorkflow:
        workflow = BpmnWorkflow(specs[0], specs[1], script_engine=path, deserializing=True)
        workflow.tasks = self.mapping_from_dict(state["tasks"], UUID, workflow=workflow)
        workflow.task_tree = workflow.tasks[UUID(state["root"])]
        self.set_default_attributes(workflow, state)
        self.subprocesses_from_dict(state["subprocesses"], workflow)
        return workflow


_registry = BpmnWorkflowSerializer.configure(
    {kind: converter for kind, converter in DEFAULT_CONFIG.items() if kind is not BpmnWorkflow}
)
_converter = _StateOnly(BpmnWorkflow, _registry)
_serializer = BpmnWorkflowSerializer(_registry)
SERIALIZER_VERSION: str = _serializer.VERSION


def new(specs: Specs, path: object) -> BpmnWorkflow:
    """Return a workflow that has not moved yet. ``path`` evaluates and operates for it."""
    return BpmnWorkflow(specs[0], specs[1], script_engine=path)


def run(top: BpmnWorkflow) -> None:
    """Run every gateway and service task that is ready, until only waits are left.

    As ``do_engine_steps``, without its walk over the whole tree for each step (half of the time
    of a decision) and without its look at the wall clock.
    """
    moved = True
    while moved:
        active = top.get_active_subprocesses()
        for part in sorted(active, key=lambda sub: sub.depth, reverse=True):
            while _run_ready(part):
                pass
            parent = top.get_task_from_id(part.parent_task_id)
            parent.task_spec._update(parent)
        moved = _run_ready(top) or len(top.get_active_subprocesses()) > len(active)


def _run_ready(workflow: Any) -> bool:
    ready = [
        task
        for task in workflow.tasks.values()
        if task.state == TaskState.READY and not task.task_spec.manual
    ]
    for task in ready:
        if task.state == TaskState.READY:  # an earlier one may have cancelled it
            task.run()
    return bool(ready)


def dump(workflow: BpmnWorkflow) -> str:
    """Return the state as JSON text. The order of its keys matters: never store it as jsonb."""
    return orjson.dumps(_serializer.to_dict(workflow)).decode()


def restore(state: dict[str, Any], specs: Specs, path: object) -> BpmnWorkflow:
    """Return the workflow of a state that ``dump`` wrote."""
    return _converter.restore(state, specs, path)


def prune(top: BpmnWorkflow) -> None:
    """Drop finished tasks that no open task needs, and guesses; the journal keeps the history.

    Keeps a state's size constant however often a loop turns, and makes joins inside loops
    right: without it they count the tokens of earlier passes. What SpiffWorkflow predicts
    beyond an open task is dropped too, because it predicts again when that task ends.
    """
    for task_id in [i for i, sub in top.subprocesses.items() if sub.completed]:
        del top.subprocesses[task_id]
    for workflow in (top, *top.subprocesses.values()):
        _look_ahead(workflow)
        _reparent(workflow.tasks, _needed(workflow))


def _look_ahead(workflow: Any) -> None:
    """Give open tasks the children that they will lead to, where a guess had stopped before them.

    SpiffWorkflow guesses some steps ahead; what was guessed last has no children yet. Once it is
    open nobody guesses again, so that a boundary event at that distance would lead nowhere.
    """
    for task in list(workflow.tasks.values()):
        if task.has_state(_OPEN) and not task._children and task.task_spec.outputs:
            task.task_spec._predict(task, mask=TaskState.NOT_FINISHED_MASK)


def _needed(workflow: Any) -> set[UUID]:
    tasks = workflow.tasks
    opened = [t for t in tasks.values() if t.has_state(_OPEN)]
    keep = {workflow.task_tree.id, *(t.id for t in opened)}
    for task in opened:
        keep.update(task._children)  # they are not made again when the task ends
        spec = task.task_spec
        parent = tasks.get(task._parent)
        if parent is not None and isinstance(parent.task_spec, BoundaryEventSplit):
            keep |= {parent.id, *parent._children}  # the join after it looks back at all of them
        elif isinstance(spec, Join) and not isinstance(spec, _EndJoin | BoundaryEventJoin):
            keep |= {x.id for x in tasks.values() if x.task_spec.name in spec._inputs}
    return keep


def _reparent(tasks: dict[UUID, Any], keep: set[UUID]) -> None:
    for task in tasks.values():
        if task.id in keep and task._parent is not None:
            while task._parent not in keep:
                task._parent = tasks[task._parent]._parent
    for task_id in tasks.keys() - keep:
        del tasks[task_id]
    for task in tasks.values():
        task._children = [child for child in task._children if child in keep]
    for task in tasks.values():
        if task._parent is not None and task.id not in tasks[task._parent]._children:
            tasks[task._parent]._children.append(task.id)
