"""What no scenario of a pack takes (couverture): an untried way is an unproven one."""

from collections.abc import Iterator
from dataclasses import replace

import yaml
from pydantic import ValidationError

from medcontrol.errors import DomainError
from workflows.definition.bpmn import Graph
from workflows.definition.catalog import Pack
from workflows.definition.scenarios import Run, load, play
from workflows.engine import Way

_WAITS = ("boundaryEvent", "intermediateCatchEvent", "receiveTask")


def check(pack: Pack, graph: Graph) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with the pack's scenarios, then what none of them takes.

    Args:
        pack: a pack that can be run.
        graph: its diagram.

    Yields:
        The scenario's file name or the BPMN id, and what there is to say of it.
    """
    runs: list[Run] = []
    for path in pack.scenarios():
        where = f"scenarios/{path.name}"
        try:
            scenario = load(path)
            run = play(_serving(pack, scenario.flow), scenario)
        except (ValidationError, yaml.YAMLError, DomainError) as problem:
            yield where, str(problem)
            continue
        runs.append(run)
        for problem_of_run in run.problems:
            yield where, problem_of_run
    yield from untaken(pack, graph, runs)


def _serving(pack: Pack, flow: str | None) -> Pack:
    return replace(pack, flow=flow) if flow in pack.meta.flows else pack


def untaken(pack: Pack, graph: Graph, runs: list[Run]) -> Iterator[tuple[str, str]]:
    """Yield each outcome, operation, timer, event and way that no run took."""
    ended = {pair for run in runs for pair in run.ended}
    called = {call.step for run in runs for call in run.called}
    fired = {step for run in runs for step in run.fired}
    for node in graph.of("userTask"):
        step = pack.meta.steps.get(node.id)
        for outcome in step.outcomes if step else ():
            if (node.id, outcome) not in ended:
                yield node.id, f"{node.name!r}: no scenario ends it with {outcome!r}"
    for node in graph.of("serviceTask"):
        if node.id not in called:
            yield node.id, f"{node.name!r}: no scenario passes it"
    for node in graph.of(*_WAITS):
        if node.id not in fired:
            what = f"timer {node.deadline!r}" if node.deadline else "event"
            yield node.id, f"{node.name!r}: no scenario lets this {what} happen"
    yield from _ways(graph, {way for run in runs for way in run.ways})


def _ways(graph: Graph, taken: set[Way]) -> Iterator[tuple[str, str]]:
    for gateway in graph.of("exclusiveGateway"):
        for edge in graph.outgoing(gateway.id):
            default = edge.condition is None or edge.id == gateway.default
            if Way(gateway.id, None if default else edge.condition) in taken:
                continue
            to = graph.nodes[edge.target].name or edge.target
            why = "otherwise" if default else f"when {edge.condition}"
            yield edge.id, f"{gateway.name!r}: no scenario goes to {to!r}, {why}"
