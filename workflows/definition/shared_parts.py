"""What the flows of a jurisdiction share (éléments communs), laid under what a pack says itself.

``<jurisdiction>/_common/<version>/shared.yaml`` has the same sections as ``pack.yaml``. A pack
gets from it what its diagram, steps and operations name and nothing else; an entry of its own
lies over the shared one, member by member.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from workflows.definition.bpmn import Graph

Sections = dict[str, dict[str, Any]]
#: Filled in this order: what the first ones name is looked up in the later ones.
SECTIONS = ("steps", "operations", "waits", "outcomes", "deadlines", "letters", "facts", "pieces")
_NAME = re.compile(r"[a-z]\w*")


def completed(own: Mapping[str, Any], shared: Mapping[str, Any], graph: Graph) -> dict[str, Any]:
    """Return a pack's file with what it takes from the shared parts.

    Args:
        own: ``pack.yaml`` as read.
        shared: ``shared.yaml`` as read; may be empty.
        graph: the pack's diagram.
    """
    made: dict[str, Any] = dict(own)
    for section in SECTIONS:
        mine = own.get(section) or {}
        theirs = shared.get(section) or {}
        if not isinstance(mine, dict):
            continue  # the schema says what is wrong with it
        named = (*mine, *(n for n in _named(section, made, graph) if n in theirs))
        laid = {name: _laid(mine.get(name), theirs.get(name)) for name in dict.fromkeys(named)}
        if laid or section in own:
            made[section] = laid
    return made


def _laid(mine: Any, theirs: Any) -> Any:
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return theirs | mine
    return theirs if mine is None else mine


def _named(section: str, made: Mapping[str, Any], graph: Graph) -> Iterable[str]:
    """Yield the names of a section's entries that the diagram or earlier sections use."""
    nodes = graph.nodes.values()
    if section == "steps":
        return [node.id for node in nodes if node.tag == "userTask"]
    if section == "operations":
        return [node.id for node in nodes if node.tag == "serviceTask"]
    if section == "waits":
        return [n.id for n in nodes if n.tag in ("receiveTask", "intermediateCatchEvent")]
    if section == "outcomes":
        return [name for step in _entries(made, "steps") for name in step.get("outcomes") or ()]
    if section == "deadlines":
        timers = [node.deadline for node in nodes if node.deadline]
        return [*timers, *(s["deadline"] for s in _entries(made, "steps") if s.get("deadline"))]
    if section == "letters":
        told = [str(s["reminder"]) for s in _entries(made, "steps") if s.get("reminder")]
        return [*(str(call["letter"]) for call in _calls(made) if "letter" in call), *told]
    if section == "facts":
        return _facts(made, graph)
    return []  # pieces: a pack says which it asks for


def _facts(made: Mapping[str, Any], graph: Graph) -> list[str]:
    found = [n for edge in graph.edges for n in _NAME.findall(edge.condition or "")]
    for step in _entries(made, "steps"):
        found += step.get("gives") or ()
    for outcome in _entries(made, "outcomes"):
        found += [*(outcome.get("sets") or ()), *filter(None, [outcome.get("counts")])]
    for call in _calls(made):
        found += [str(value["fact"]) for value in call.values() if isinstance(value, dict)]
    return found


def _entries(made: Mapping[str, Any], section: str) -> list[dict[str, Any]]:
    return [each for each in (made.get(section) or {}).values() if isinstance(each, dict)]


def _calls(made: Mapping[str, Any]) -> list[dict[str, Any]]:
    given = [operation.get("with") for operation in _entries(made, "operations")]
    return [arguments for arguments in given if isinstance(arguments, dict)]
