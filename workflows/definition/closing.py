"""Whether the end of a step may close its file with nobody looking after it (clôture directe)."""

from functools import lru_cache

from workflows.definition.bpmn import read
from workflows.definition.catalog import Pack

_STOPS = ("userTask", "receiveTask", "intermediateCatchEvent", "endEvent")


def may_close(pack: Pack, step: str) -> bool:
    """Return whether some way leads from a step to the closing of the file, no step in between."""
    closes = {name for name, call in pack.meta.operations.items() if call.call == "close"}
    return not closes.isdisjoint(_called_after(pack.bpmn(), step))


@lru_cache(maxsize=256)
def _called_after(bpmn: str, step: str) -> frozenset[str]:
    """Return the service tasks between a step and the places where the flow waits again."""
    graph = read(bpmn)
    seen: set[str] = set()
    ahead = [edge.target for edge in graph.outgoing(step)]
    while ahead:
        node = ahead.pop()
        if node in seen or graph.nodes[node].tag in _STOPS:
            continue
        seen.add(node)
        ahead += [edge.target for edge in graph.outgoing(node)]
    return frozenset(node for node in seen if graph.nodes[node].tag == "serviceTask")
