"""A flow's state moved to another version of its pack (transplantation); pure, text in, text out.

The old version is not needed: a state says where it waits. The new version's state is built by
putting a token on each of the mapped places, so that what follows is the new version's alone.
Ids of tasks and waits stay, and with them the rows of tasks and clocks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson
from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.util.task import TaskState

from medcontrol.errors import InvalidInput
from workflows.definition.catalog import Pack
from workflows.definition.facts import Facts, checked
from workflows.engine import spiff
from workflows.engine.paths import Advance, Path, advance, specs

_OPEN = TaskState.READY | TaskState.WAITING
_SPLIT = ".BoundaryEventSplit"
Mapped = Mapping[str, str | None]


class CannotMove(Exception):
    """This file can't be carried over to the other version; ``reason`` is the code to show."""

    def __init__(self, reason: str, about: str) -> None:
        super().__init__(f"{reason}: {about}")
        self.reason = reason
        self.about = about


@dataclass(frozen=True, slots=True)
class Place:
    """Where a state waits: a BPMN id, its task, and what happened meanwhile.

    Attributes:
        events: boundary events that may still happen, by BPMN id, with their task ids.
        past: boundary events that happened and left the file where it is.
        arrived: branches that reached a parallel gateway and wait there for the others.
    """

    id: str
    task_id: str
    events: tuple[tuple[str, str], ...] = ()
    past: tuple[str, ...] = ()
    arrived: tuple[str, ...] = ()


def places(state: str) -> list[Place]:
    """Return where a state waits, whichever version it was written under."""
    tasks: dict[str, dict[str, Any]] = orjson.loads(state)["flow"]["tasks"]
    found = []
    for task_id, task in tasks.items():
        name, parent = task["task_spec"], tasks.get(task["parent"] or "")
        if not task["state"] & _OPEN or "." in name or parent is None:
            continue
        if not parent["task_spec"].endswith(_SPLIT):
            found.append(Place(name, task_id, arrived=_arrived(tasks, task)))
        elif parent["task_spec"] == name + _SPLIT:
            around = {i: tasks[i] for i in parent["children"] if i != task_id}
            opened = ((t["task_spec"], i) for i, t in around.items() if t["state"] & _OPEN)
            past = (t["task_spec"] for t in around.values() if t["state"] == TaskState.COMPLETED)
            found.append(Place(name, task_id, tuple(opened), tuple(past)))
    return found


def _arrived(tasks: Mapping[str, dict[str, Any]], gate: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the finished branches that a state keeps for a gate; none for any other place."""
    if gate["state"] != TaskState.WAITING:
        return ()
    root = next(task for task in tasks.values() if task["parent"] is None)
    done = (t for t in tasks.values() if t is not root and t["state"] == TaskState.COMPLETED)
    return tuple(
        t["task_spec"]
        for t in done
        if "." not in t["task_spec"] and not tasks[t["parent"]]["task_spec"].endswith(_SPLIT)
    )


def transplant(pack: Pack, state: str, mapping: Mapped, law: Facts | None = None) -> Advance:
    """Return the state under another version, waiting at the mapped places.

    Args:
        pack: the version to go to, as it serves the file's flow.
        state: the state under the version that the file has.
        mapping: BPMN ids of the old version to those of the new one; none where it has none.
        law: values of facts that are law, for those that the state does not have.

    Returns:
        Where the flow stands; no operation is called. Tasks and waits that were there before
        have their old ids.

    Raises:
        CannotMove: a place has no counterpart, or a fact has a value that is not allowed.
    """
    found = places(state)
    if not found:
        raise CannotMove("nowhere", "the file waits for nothing")
    path = Path(pack, _facts(pack, state, law or {}))
    workflow = spiff.new(specs(pack), path)
    root = workflow.task_tree
    root._drop_children(force=True)
    root._set_state(TaskState.COMPLETED)
    same: dict[str, str] = {}
    for place in found:
        target = mapping.get(place.id)
        if target is None or target not in workflow.spec.task_specs:
            raise CannotMove("no_place", place.id)
        token = _put(workflow, root, target, _mapped(place.arrived, mapping))
        same |= _settled(workflow, token, place, target, mapping)
    moved = advance(pack, workflow, path)
    if moved.ended or not (moved.tasks or moved.waits) or moved.operations:
        raise CannotMove("no_place", ", ".join(place.id for place in found))
    return _renamed(moved, same)


def facts_of(state: str) -> Facts:
    """Return the facts of a state, whichever version it was written under."""
    return dict(orjson.loads(state)["facts"])


def _facts(pack: Pack, state: str, law: Facts) -> Facts:
    """Return the facts that the new version declares too, with values that it allows."""
    before = facts_of(state)
    kept = {name: value for name, value in before.items() if name in pack.meta.facts}
    fresh = {n: v for n, v in law.items() if n in pack.meta.facts and n not in before}
    try:
        return checked(pack, fresh | kept)
    except InvalidInput as refusal:
        raise CannotMove("fact", str(refusal.field)) from None


def _mapped(ids: Iterable[str], mapping: Mapped) -> list[str]:
    found = []
    for name in ids:
        target = mapping.get(name)
        if target is None:
            raise CannotMove("no_place", name)
        found.append(target)
    return found


def _put(workflow: Any, root: Any, target: str, arrived: list[str]) -> Any:
    """Put a token on an element, after the branches that arrived there; return its task."""
    all_specs = workflow.spec.task_specs
    spec = all_specs.get(target + _SPLIT, all_specs[target])
    for source in arrived:
        if source not in spec._inputs:
            raise CannotMove("no_place", source)
        branch = root._add_child(all_specs[source], TaskState.FUTURE)
        branch._set_state(TaskState.COMPLETED)
        _enter(branch._add_child(spec, TaskState.FUTURE))
    if arrived:
        return next(
            t for t in workflow.tasks.values() if t.task_spec is spec and t.has_state(_OPEN)
        )
    token = root._add_child(spec, TaskState.FUTURE)
    _enter(token)
    if isinstance(spec, BoundaryEventSplit):
        token.run()
        return next(task for task in token.children if task.task_spec.name == target)
    return token


def _enter(task: Any) -> None:
    task.task_spec._predict(task, mask=TaskState.FUTURE | TaskState.PREDICTED_MASK)
    task.task_spec._update(task)


def _settled(
    workflow: Any, token: Any, place: Place, target: str, mapping: Mapped
) -> dict[str, str]:
    """Let what happened meanwhile have happened; return new task ids with the old ones."""
    manual = token.task_spec.manual
    if not (token.has_state(TaskState.READY) if manual else token.has_state(TaskState.WAITING)):
        raise CannotMove("other_kind", target)
    same = {str(token.id): place.task_id}
    if not isinstance(token.parent.task_spec, BoundaryEventSplit):
        return same
    events = {t.task_spec.name: t for t in token.parent.children if t is not token}
    for name, task_id in place.events:
        counterpart = events.get(mapping.get(name) or "")
        if counterpart is not None:
            same[str(counterpart.id)] = task_id
    for name in place.past:
        happened = events.get(mapping.get(name) or "")
        if happened is not None and not happened.task_spec.cancel_activity:
            workflow.event_manager.remove_task(happened)
            happened._drop_children(force=True)
            happened._set_state(TaskState.COMPLETED)
    return same


def _renamed(moved: Advance, same: Mapping[str, str]) -> Advance:
    """Return the same with old ids where there are some."""
    state = moved.state
    for fresh, old in same.items():
        state = state.replace(fresh, old)
    return replace(
        moved,
        state=state,
        tasks=tuple(replace(t, task_id=same.get(t.task_id, t.task_id)) for t in moved.tasks),
        waits=tuple(replace(w, task_id=same.get(w.task_id, w.task_id)) for w in moved.waits),
    )
