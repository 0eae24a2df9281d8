"""A BPMN file as a graph: what the checks and the layout read."""

from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from medcontrol.errors import InvalidInput

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"


@dataclass(frozen=True, slots=True)
class Node:
    """A step, gateway or event. ``tag`` is the BPMN element's name, such as ``userTask``."""

    id: str
    tag: str
    name: str
    host: str | None = None
    default: str | None = None
    deadline: str | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """A sequence flow; a condition is none on the way that is always, or otherwise, taken."""

    id: str
    source: str
    target: str
    condition: str | None


@dataclass(slots=True)
class Graph:
    """The process of a file."""

    process: str
    executable: bool
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    messages: set[str] = field(default_factory=set)

    def of(self, *tags: str) -> list[Node]:
        """Return the nodes with one of these tags."""
        return [node for node in self.nodes.values() if node.tag in tags]

    def outgoing(self, node_id: str) -> list[Edge]:
        """Return the ways out of a node, those of its boundary events not included."""
        return [edge for edge in self.edges if edge.source == node_id]

    def reachable(self, *starts: str) -> set[str]:
        """Return every node that can be reached, through boundary events too."""
        seen: set[str] = set()
        todo = list(starts)
        while todo:
            node_id = todo.pop()
            if node_id in seen:
                continue
            seen.add(node_id)
            todo += [edge.target for edge in self.outgoing(node_id)]
            todo += [node.id for node in self.nodes.values() if node.host == node_id]
        return seen


def read(text: str) -> Graph:
    """Return the graph of a diagram with exactly one process.

    Raises:
        InvalidInput: not XML, not one process, or a flow with a loose end.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as problem:
        raise InvalidInput(f"flow.bpmn is not XML: {problem}", field="flow.bpmn") from None
    processes = root.findall(f"{{{BPMN}}}process")
    if len(processes) != 1:
        raise InvalidInput("flow.bpmn has to hold one process", field="flow.bpmn")
    process = processes[0]
    graph = Graph(process.get("id", ""), process.get("isExecutable") == "true")
    graph.messages = {m.get("name") for m in root.findall(f"{{{BPMN}}}message")}
    for element in process.iterchildren(tag=etree.Element):
        tag = etree.QName(element).localname
        if tag == "sequenceFlow":
            graph.edges.append(_edge(element))
        elif element.get("id") and tag not in ("documentation", "laneSet", "textAnnotation"):
            graph.nodes[element.get("id")] = _node(element, tag)
    for edge in graph.edges:
        if not {edge.source, edge.target} <= graph.nodes.keys():
            raise InvalidInput(f"{edge.id} leads from or to nothing", field="flow.bpmn")
    return graph


def _edge(element: Any) -> Edge:
    condition = element.findtext(f"{{{BPMN}}}conditionExpression")
    return Edge(element.get("id"), element.get("sourceRef"), element.get("targetRef"), condition)


def _node(element: Any, tag: str) -> Node:
    duration = element.findtext(f"{{{BPMN}}}timerEventDefinition/{{{BPMN}}}timeDuration")
    return Node(
        element.get("id"),
        tag,
        element.get("name", ""),
        element.get("attachedToRef"),
        element.get("default"),
        duration.strip().strip("\"'") if duration else None,
    )
