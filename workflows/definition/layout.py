"""Lays out a pack's diagram (DI), so that bpmn-js opens it.

``python -m workflows.definition.layout FILE``.

Columns by longest path, rows near those of the predecessors, a track of its own for every bend;
ways back run above the diagram. For new diagrams: one that was arranged by hand would lose that.
"""

import sys
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path

from lxml import etree

from workflows.definition.bpmn import Edge, Graph, read

DI = "http://www.omg.org/spec/BPMN/20100524/DI"
DC = "http://www.omg.org/spec/DD/20100524/DC"
DD = "http://www.omg.org/spec/DD/20100524/DI"
SIZES = {"startEvent": (36, 36), "endEvent": (36, 36), "exclusiveGateway": (50, 50)}
TASK = (120, 80)
GUEST = 96  # width that a boundary event needs for its name
ROW, MARGIN, TRACK, TOP = 140, 30, 14, 80
Point = tuple[int, int]
Box = tuple[int, int, int, int]


class _Layout:
    """One diagram on its way to coordinates."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.host = {n.id: n.host or n.id for n in graph.nodes.values()}
        self.links = [(e, self.host[e.source], e.target) for e in graph.edges]
        self.back = self._ways_back()
        self.column = self._columns()
        self.chains = self._chains()
        self.row = self._rows()
        self.tracks: Counter[int] = Counter()
        self.lanes = 0
        self.paths = {e.id: self._abstract_path(e) for e in graph.edges}
        self.widths: Counter[int] = Counter()
        for node in self.graph.nodes.values():
            if node.host is None:
                at = self.column[node.id]
                self.widths[at] = max(self.widths[at], self._size(node.id)[0])
        self.left = self._lefts()
        self.below: Counter[str] = Counter()

    def _ways_back(self) -> set[str]:
        """Edges drawn as ways back: they close a loop; the longer loops first."""
        depth = self._depth()
        back = {
            edge.id
            for edge, source, target in self.links
            if depth[target] + 2 < depth[source] and source in self.graph.reachable(target)
        }
        out = defaultdict(list)
        for edge, source, target in self.links:
            if edge.id not in back:
                out[source].append((edge.id, target))
        done: set[str] = set()

        def visit(node: str, trail: frozenset[str]) -> None:
            for edge_id, target in out[node]:
                if target in trail:
                    back.add(edge_id)
                elif target not in done:
                    visit(target, trail | {target})
            done.add(node)

        for start in self.graph.of("startEvent"):
            visit(start.id, frozenset({start.id}))
        return back

    def _depth(self) -> dict[str, int]:
        """Fewest steps from the start; what can't be reached is at the start."""
        depth = {start.id: 0 for start in self.graph.of("startEvent")}
        todo = list(depth)
        for node in todo:  # grows while it is read: breadth first
            for _, source, target in self.links:
                if source == node and target not in depth:
                    depth[target] = depth[node] + 1
                    todo.append(target)
        return dict.fromkeys(self.host.values(), 0) | depth

    def _columns(self) -> dict[str, int]:
        """Longest path from the start, ways back left out."""
        column = dict.fromkeys(self.host.values(), 0)
        for _ in column:
            for edge, source, target in self.links:
                if edge.id not in self.back:
                    column[target] = max(column[target], column[source] + 1)
        return column

    def _chains(self) -> dict[str, list[str]]:
        """For each forward edge over several columns: the cells that it passes."""
        chains = {}
        for edge, source, target in self.links:
            if edge.id not in self.back:
                passed = range(self.column[source] + 1, self.column[target])
                chains[edge.id] = [f"{edge.id}@{column}" for column in passed]
                for cell, column in zip(chains[edge.id], passed, strict=True):
                    self.column[cell] = column
        return chains

    def _rows(self) -> dict[str, int]:
        """Each cell as near to its predecessors' rows as free rows allow, column by column."""
        before = defaultdict(list)
        for edge, source, target in self.links:
            if edge.id in self.chains:
                trail = [source, *self.chains[edge.id], target]
                for first, second in pairwise(trail):
                    before[second].append(first)
        row: dict[str, int] = {}
        by_column = defaultdict(list)
        for cell, column in self.column.items():
            by_column[column].append(cell)
        for column in sorted(by_column):
            wish = {}
            for place, cell in enumerate(by_column[column]):
                rows = [row[b] for b in before[cell]]
                wish[cell] = (sum(rows) / len(rows) if rows else 0, "@" in cell, place)
            taken: set[int] = set()
            for cell in sorted(
                by_column[column], key=lambda c: (wish[c][1], wish[c][0], wish[c][2])
            ):
                row[cell] = _nearest_free(round(wish[cell][0]), taken)
                taken.add(row[cell])
        lowest = min(row.values())
        return {cell: number - lowest for cell, number in row.items()}

    def _abstract_path(self, edge: Edge) -> list[tuple[str, int]]:
        """Steps of an edge: ("track", column, number) packed as text keys, resolved later."""
        source, steps = self.host[edge.source], []
        columns = [self.column[source]]
        if edge.id in self.chains:
            columns += [self.column[cell] for cell in self.chains[edge.id]]
        else:
            columns.append(self.column[edge.target] - 1)
            self.lanes += 1
        for column in columns:
            self.tracks[column] += 1
            steps.append(("track", self.tracks[column]))
        return [*steps, ("lane", self.lanes)]

    def _lefts(self) -> dict[int, int]:
        """The left side of each column; the channel after it holds its tracks."""
        left, x = {}, 160 + TRACK * (self.tracks[-1] + 1)
        for column in range(max(self.column.values()) + 1):
            left[column] = x
            x += self.widths[column] + 2 * MARGIN + TRACK * self.tracks[column]
        return left

    def _size(self, node_id: str) -> tuple[int, int]:
        guests = sum(node.host == node_id for node in self.graph.nodes.values())
        width, height = SIZES.get(self.graph.nodes[node_id].tag, TASK)
        return max(width, guests * GUEST), height

    def _track_x(self, column: int, number: int) -> int:
        start = self.left[column] + self.widths[column]
        return start + MARGIN + TRACK * (number - 1)

    def _row_y(self, cell: str) -> int:
        return TOP + TRACK * (self.lanes + 2) + ROW * self.row[cell] + TASK[1] // 2

    def box(self, node_id: str) -> Box:
        """Return x, y, width and height of a node."""
        node = self.graph.nodes[node_id]
        if node.host:
            mates = [n.id for n in self.graph.nodes.values() if n.host == node.host]
            x, y, width, height = self.box(node.host)
            middle = x + width * (mates.index(node_id) + 1) // (len(mates) + 1)
            return middle - 18, y + height - 18, 36, 36
        width, height = self._size(node_id)
        column = self.column[node_id]
        x = self.left[column] + (self.widths[column] - width) // 2
        return x, self._row_y(node_id) - height // 2, width, height

    def waypoints(self, edge: Edge) -> list[Point]:
        """Return the bends of an edge, right angles only."""
        points = self._leave(edge)
        *tracks, (_, lane) = self.paths[edge.id]
        column = self.column[self.host[edge.source]]
        x, y, _, height = self.box(edge.target)
        goal = (x, y + height // 2)
        if edge.id in self.chains:
            stations = [self._row_y(cell) for cell in self.chains[edge.id]] + [goal[1]]
            for shift, ((_, number), level) in enumerate(zip(tracks, stations, strict=True)):
                at = self._track_x(column + shift, number)
                points += [(at, points[-1][1]), (at, level)]
        else:
            over = TOP + TRACK * lane
            first = self._track_x(column, tracks[0][1])
            last = self._track_x(self.column[edge.target] - 1, tracks[1][1])
            points += [(first, points[-1][1]), (first, over), (last, over), (last, goal[1])]
        return _straight([*points, goal])

    def _leave(self, edge: Edge) -> list[Point]:
        x, y, width, height = self.box(edge.source)
        if self.graph.nodes[edge.source].host is None:
            return [(x + width, y + height // 2)]
        self.below[self.host[edge.source]] += 1
        under = y + height + 8 * self.below[self.host[edge.source]]
        return [(x + width // 2, y + height), (x + width // 2, under)]


def _nearest_free(wish: int, taken: set[int]) -> int:
    for step in range(len(taken) + 1):
        for row in (wish + step, wish - step):
            if row not in taken:
                return row
    raise AssertionError("more cells than rows")  # one of len(taken) + 1 rows is always free


def _straight(points: list[Point]) -> list[Point]:
    """Drop points that lie on a line with their neighbours."""
    kept: list[Point] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        while len(kept) > 1 and (
            kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]
        ):
            kept.pop()
        kept.append(point)
    return kept


def lay_out(text: str) -> str:
    """Return the diagram with a fresh layout; whatever layout it had is replaced."""
    root = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False))
    for old in root.findall(f"{{{DI}}}BPMNDiagram"):
        root.remove(old)
    graph = read(text)
    layout = _Layout(graph)
    names = {"bpmndi": DI, "dc": DC, "di": DD}
    diagram = etree.SubElement(root, f"{{{DI}}}BPMNDiagram", nsmap=names, id="diagram")
    plane = etree.SubElement(diagram, f"{{{DI}}}BPMNPlane", id="plane", bpmnElement=graph.process)
    for node in graph.nodes.values():
        shape = etree.SubElement(
            plane, f"{{{DI}}}BPMNShape", id=f"{node.id}_di", bpmnElement=node.id
        )
        if node.tag == "exclusiveGateway":
            shape.set("isMarkerVisible", "true")
        sides = zip(("x", "y", "width", "height"), map(str, layout.box(node.id)), strict=True)
        etree.SubElement(shape, f"{{{DC}}}Bounds", dict(sides))
    for edge in graph.edges:
        line = etree.SubElement(plane, f"{{{DI}}}BPMNEdge", id=f"{edge.id}_di", bpmnElement=edge.id)
        for x, y in layout.waypoints(edge):
            etree.SubElement(line, f"{{{DD}}}waypoint", x=str(x), y=str(y))
    etree.indent(root, space="  ")
    return str(etree.tostring(root, xml_declaration=True, encoding="UTF-8"), "utf-8") + "\n"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        Path(name).write_text(lay_out(Path(name).read_text("utf-8")), "utf-8")
