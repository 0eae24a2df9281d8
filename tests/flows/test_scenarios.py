"""Every pack does what its scenarios say, and the scenarios leave out nothing that can happen."""

from pathlib import Path

import pytest

from workflows.bpmn import read
from workflows.catalog import Pack, catalog
from workflows.scenarios import Run, load, play

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
def test_scenarios_take_every_outcome_service_deadline_and_message(pack: Pack) -> None:
    runs = [run(pack, path) for path in pack.scenarios()]
    graph = read(pack.bpmn())
    outcomes = {(s, o) for s, step in pack.meta.steps.items() for o in step.outcomes}
    events = graph.messages | {node.deadline for node in graph.nodes.values() if node.deadline}

    assert outcomes - {pair for done in runs for pair in done.ended} == set()
    assert set(pack.meta.operations) - {c.step for done in runs for c in done.called} == set()
    assert events - {name for done in runs for name in done.fired} == set()


def test_each_pack_has_at_least_six_scenarios() -> None:
    assert min(len(pack.scenarios()) for pack in PACKS) >= 6
