"""What a pack takes from its jurisdiction: what it names, under what it says itself."""

from pathlib import Path

import pytest
import yaml

from workflows.definition.bpmn import Edge, Graph, Node
from workflows.definition.catalog import PACKS, Catalog
from workflows.definition.shared_parts import completed

SHARED = {
    "facts": {"urgent": {"type": "boolean", "default": False}, "unread": {"type": "integer"}},
    "outcomes": {
        "granted": {"titles": {"fr": "Accord"}, "decides": "granted"},
        "summon": {"titles": {"fr": "Convoquer"}},
    },
    "steps": {
        "control": {"form": "opinion", "points": 15, "outcomes": ["granted"], "deadline": "target"},
        "visit": {"form": "opinion", "outcomes": ["summon"]},
    },
    "deadlines": {"target": {"scope": "step"}, "reminder": {"scope": "wait"}},
    "letters": {"grant": {"recipient": "insured"}, "refusal": {"recipient": "insured"}},
    "operations": {"send_grant": {"call": "send_letter", "with": {"letter": "grant"}}},
    "pieces": {"identity": {"document_class": "administrative"}},
}


def diagram(*tasks: str, condition: str | None = None) -> Graph:
    graph = Graph("flow", True)
    graph.nodes = {
        "control": Node("control", "userTask", ""),
        "send_grant": Node("send_grant", "serviceTask", ""),
        **{name: Node(name, "userTask", "") for name in tasks},
    }
    graph.edges = [Edge("on", "control", "send_grant", condition)]
    return graph


def test_a_pack_takes_what_its_diagram_names_and_what_that_names_in_turn() -> None:
    made = completed({}, SHARED, diagram(condition="urgent"))

    assert set(made["steps"]) == {"control"}
    assert set(made["outcomes"]) == {"granted"}
    assert set(made["deadlines"]) == {"target"}
    assert set(made["letters"]) == {"grant"}
    assert set(made["facts"]) == {"urgent"}
    assert "pieces" not in made


def test_what_a_pack_says_itself_lies_over_the_shared_entry_member_by_member() -> None:
    own = {"steps": {"control": {"form": "teeth"}}, "pieces": {"identity": None}}

    made = completed(own, SHARED, diagram("visit"))

    assert made["steps"]["control"] == SHARED["steps"]["control"] | {"form": "teeth"}
    assert made["steps"]["visit"] == SHARED["steps"]["visit"]
    assert made["pieces"] == SHARED["pieces"]


def test_a_pack_of_a_jurisdiction_that_shares_nothing_says_everything_itself() -> None:
    own = {"steps": {"control": {"form": "own"}}}

    assert completed(own, {}, diagram())["steps"] == own["steps"]


@pytest.mark.parametrize("pack", list(Catalog()), ids=lambda pack: pack.key)
def test_no_pack_repeats_what_its_jurisdiction_shares(pack) -> None:
    shared_file = pack.common / "shared.yaml"
    if not shared_file.is_file():
        return
    shared = yaml.safe_load(shared_file.read_text("utf-8"))
    own = yaml.safe_load((pack.folder / "pack.yaml").read_text("utf-8"))
    repeated = [
        f"{section}.{name}"
        for section, entries in shared.items()
        if isinstance(entries, dict)
        for name, entry in entries.items()
        if (own.get(section) or {}).get(name) == entry
    ]
    assert repeated == []


def test_shared_parts_that_no_pack_uses_are_dropped() -> None:
    path: Path = PACKS / "ma" / "_common" / "1" / "shared.yaml"
    shared = yaml.safe_load(path.read_text("utf-8"))
    packs = [pack for pack in Catalog() if pack.meta.jurisdiction == "ma"]
    unused = [
        f"{section}.{name}"
        for section, entries in shared.items()
        if isinstance(entries, dict)
        for name in entries
        if not any(name in getattr(pack.meta, section) for pack in packs)
    ]
    assert unused == []
