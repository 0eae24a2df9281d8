"""The BPMN engine, pure: a state and an event in, the next state and what it asks for out.

A state is text: the pack's digest, the serializer's version, the facts, and SpiffWorkflow's
own state without its spec. Facts are declared in ``pack.yaml`` and hold codes and counts only.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from medcontrol.errors import InvalidInput, StepNotOpen
from workflows.definition.catalog import Pack
from workflows.definition.facts import Facts, after_step, checked, given_at_opening, opening_facts
from workflows.engine import spiff, starts
from workflows.engine.paths import (
    Advance,
    OperationCall,
    Path,
    Wait,
    WaitingTask,
    Way,
    advance,
    specs,
)
from workflows.engine.spiff import SERIALIZER_VERSION, Deadline

__all__ = [
    "SERIALIZER_VERSION",
    "Advance",
    "OperationCall",
    "Wait",
    "WaitingTask",
    "Way",
    "complete",
    "facts_of",
    "fire",
    "opening_facts",
    "receive",
    "resume",
    "start",
]


def start(pack: Pack, facts: Mapping[str, object]) -> Advance:
    """Open a flow and run it to its first waits.

    Starts that differ only in facts that no condition reads are run once and then copied, so
    that opening a day's files costs microseconds each.

    Args:
        pack: the pack, as it serves the file's flow.
        facts: facts that the pack declares as given at the opening; ``opening_facts`` picks them.

    Raises:
        InvalidInput: a fact is not declared for the opening or has a value that is not allowed.
    """
    return starts.start(pack, given_at_opening(pack, facts))


def facts_of(state: str) -> Facts:
    """Return the facts of a state, such as the ``decision`` proposed so far."""
    return dict(orjson.loads(state)["facts"])


def complete(pack: Pack, state: str, task_id: str, facts: Mapping[str, object]) -> Advance:
    """End a user task and run the flow to its next waits.

    Args:
        pack: the version that the file was opened under.
        state: the current state.
        task_id: the ``WaitingTask``.
        facts: ``outcome``, and what the step ``gives``.

    Raises:
        StepNotOpen: the flow does not wait for this task (any more).
        InvalidInput: an outcome or fact that this step does not have, or another pack's state.
    """
    before, body = _open(pack, state)
    path = Path(pack, before)
    workflow = spiff.restore(body, specs(pack), path)
    task = _find(workflow, task_id)
    if task is None or not task.has_state(TaskState.READY) or not task.task_spec.manual:
        raise StepNotOpen(f"{pack.key}: the flow does not wait for this task")
    path = Path(pack, after_step(pack, task.task_spec.bpmn_id, before, facts))
    workflow.script_engine = path
    task.run()
    spiff.run(workflow)
    return advance(pack, workflow, path)


def fire(pack: Pack, state: str, wait_task_id: str) -> Advance:
    """Tell the flow that a named deadline fell due.

    Raises:
        StepNotOpen: the flow does not wait for this deadline (any more): nothing to do.
    """
    before, body = _open(pack, state)
    path = Path(pack, before)
    workflow = spiff.restore(body, specs(pack), path)
    task = _find(workflow, wait_task_id)
    if task is None or task.id not in workflow.event_manager.tasks:
        raise StepNotOpen(f"{pack.key}: the flow does not wait for this deadline")
    if not isinstance(task.task_spec.event_definition, Deadline):
        raise InvalidInput(f"{task.task_spec.bpmn_id} is not a deadline", field="wait_task_id")
    task._set_internal_data(event_fired=True)
    task.task_spec._update(task)
    spiff.run(workflow)
    return advance(pack, workflow, path)


def resume(pack: Pack, state: str) -> Advance:
    """Run what is ready and return where the flow stands: nothing happened to it.

    A state that was saved after a move calls no operation: all that was ready did run then.

    Raises:
        InvalidInput: another pack's state, or a flow that waits for nothing.
    """
    before, body = _open(pack, state)
    path = Path(pack, before)
    workflow = spiff.restore(body, specs(pack), path)
    spiff.run(workflow)
    return advance(pack, workflow, path)


def receive(
    pack: Pack, state: str, message: str, facts: Mapping[str, object] | None = None
) -> Advance | None:
    """Hand the flow a message, such as ``documents_received``.

    Returns:
        None when nothing waits for it: a late message. Keep what came with it all the same.

    Raises:
        InvalidInput: a fact that the pack does not declare, or another pack's state.
    """
    before, body = _open(pack, state)
    path = Path(pack, before | checked(pack, facts or {}))
    workflow = spiff.restore(body, specs(pack), path)
    definitions = (t.task_spec.event_definition for t in workflow.event_manager.tasks.values())
    if not any(isinstance(d, MessageEventDefinition) and d.name == message for d in definitions):
        return None
    workflow.send_event(BpmnEvent(MessageEventDefinition(message)))
    spiff.run(workflow)
    return advance(pack, workflow, path)


def _open(pack: Pack, state: str) -> tuple[Facts, dict[str, Any]]:
    whole = orjson.loads(state)
    if whole["pack"] != pack.digest:
        raise InvalidInput(f"the state was written under another {pack.key}", field="pack_hash")
    if whole["serializer"] != SERIALIZER_VERSION:
        raise InvalidInput(
            f"the state has format {whole['serializer']}, this is {SERIALIZER_VERSION}",
            field="serializer_version",
        )
    return whole["facts"], whole["flow"]


def _find(workflow: BpmnWorkflow, task_id: str) -> Any:
    try:
        wanted = UUID(task_id)
    except ValueError:
        return None
    for part in (workflow, *workflow.subprocesses.values()):
        if wanted in part.tasks:
            return part.tasks[wanted]
    return None
