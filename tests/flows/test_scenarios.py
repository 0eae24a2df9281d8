"""Every pack does what its scenarios say, and the scenarios leave out nothing that can happen."""

from pathlib import Path

import pytest

from workflows.definition import coverage
from workflows.definition.bpmn import read
from workflows.definition.catalog import Pack, catalog
from workflows.definition.coverage import untaken
from workflows.definition.scenarios import Run, load, play

PACKS = list(catalog())
SCENARIOS = [(pack, path) for pack in PACKS for path in pack.scenarios()]


def run(pack: Pack, path: Path) -> Run:
    scenario = load(path)
    return play(catalog().get(pack.key, scenario.flow or pack.flow), scenario)


@pytest.mark.parametrize(
    ("pack", "path"), SCENARIOS, ids=[f"{pack.key}/{path.stem}" for pack, path in SCENARIOS]
)
def test_scenario_goes_as_written(pack: Pack, path: Path) -> None:
    assert run(pack, path).problems == []


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.key)
def test_scenarios_take_every_outcome_operation_event_and_way(pack: Pack) -> None:
    assert list(coverage.check(pack, read(pack.bpmn()))) == []


def test_without_a_scenario_the_check_names_what_only_that_one_took() -> None:
    pack = catalog().get("ma/ald/1", "ald")
    graph = read(pack.bpmn())
    runs = {path.stem: run(pack, path) for path in pack.scenarios()}
    all_ways = {way for done in runs.values() for way in done.ways}

    def missed_without(name: str) -> set[str]:
        others = [done for other, done in runs.items() if other != name]
        return {where for where, _ in untaken(pack, graph, others)}

    missed = [missed_without(name) for name in runs]

    assert {way.gateway for way in all_ways} == {n.id for n in graph.of("exclusiveGateway")}
    edges = {edge.id for edge in graph.edges}
    hosted = {node.id for node in graph.of("boundaryEvent")}
    assert any(found & edges for found in missed)
    assert any(found & hosted for found in missed)


def test_each_outcome_event_and_way_is_missed_when_nothing_runs() -> None:
    pack = catalog().get("ma/ald/1", "ald")
    graph = read(pack.bpmn())

    missed = [where for where, _ in untaken(pack, graph, [])]

    choices = [e.id for g in graph.of("exclusiveGateway") for e in graph.outgoing(g.id)]
    events = [node.id for node in graph.of("boundaryEvent", "receiveTask")]
    outcomes = [name for name, step in pack.meta.steps.items() for _ in step.outcomes]
    services = [node.id for node in graph.of("serviceTask")]
    assert sorted(missed) == sorted([*choices, *events, *outcomes, *services])


def test_each_pack_has_at_least_six_scenarios() -> None:
    assert min(len(pack.scenarios()) for pack in PACKS) >= 6
