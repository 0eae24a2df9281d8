"""What differs between two versions of a pack (différences), by part and id; layout left aside."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from workflows.definition.bpmn import Edge, Graph, read
from workflows.definition.catalog import Pack
from workflows.definition.listing import parameters

#: In the order in which a person reads them.
SECTIONS = (
    "pack", "flows", "elements", "ways", "steps", "outcomes", "forms", "letters", "deadlines",
    "waits", "parameters", "operations", "facts", "pieces", "checks", "entitlement",
)  # fmt: skip
_PLAIN = ("steps", "outcomes", "deadlines", "waits", "facts", "pieces", "checks", "flows")
Part = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a part: what it was, and what it is; a list tells what came and went."""

    name: str
    before: Any
    after: Any

    @property
    def came(self) -> list[Any]:
        """Members of a list that are new."""
        return _without(self.after, self.before)

    @property
    def went(self) -> list[Any]:
        """Members of a list that are no longer there."""
        return _without(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Change:
    """A part that was added, removed or changed. ``name`` is its French title, or its id.

    A way is named by the elements that it joins.
    """

    section: str
    id: str
    name: str
    kind: Literal["added", "removed", "changed"]
    members: tuple[Member, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the change as plain values."""
        members = [{"member": m.name, "before": m.before, "after": m.after} for m in self.members]
        told = {"section": self.section, "id": self.id, "name": self.name, "kind": self.kind}
        return told | ({"members": members} if members else {})


def differences(before: Pack, after: Pack) -> list[Change]:
    """Return what differs between two packs, in the order of ``SECTIONS``, then by id.

    Moving an element on the drawing is no difference; renaming or joining it otherwise is one.
    """
    drawn, redrawn = read(before.bpmn()), read(after.bpmn())
    old, new = _parts(before, drawn), _parts(after, redrawn)
    named = _way_names(drawn) | _way_names(redrawn)
    return [
        change
        for section in SECTIONS
        for change in _compared(section, old.get(section, {}), new.get(section, {}), named)
    ]


def sentences(changes: list[Change]) -> Iterator[str]:
    """Yield the differences as lines of text, with a heading for each section."""
    section = ""
    for change in changes:
        if change.section != section:
            section = change.section
            yield f"{section}:"
        sign = {"added": "+", "removed": "-", "changed": "~"}[change.kind]
        name = "" if change.name == change.id else f" ({change.name})"
        yield f"  {sign} {change.id}{name}"
        for member in change.members:
            if member.came or member.went:
                told = [f"+ {shown(each)}" for each in member.came]
                told += [f"- {shown(each)}" for each in member.went]
                yield f"      {member.name}: {'; '.join(told)}"
            else:
                yield f"      {member.name}: {shown(member.before)} → {shown(member.after)}"


def shown(value: Any) -> str:
    """Return a value of a pack as a person reads it: titles in French, lists with commas."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, Mapping):
        said = value.get("fr") or value.get("title")
        if said:
            return str(said)
        return ", ".join(f"{name}: {shown(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(shown(each) for each in value) or "–"
    return str(value)


def _compared(
    section: str, old: Mapping[str, Part], new: Mapping[str, Part], named: Mapping[str, str]
) -> Iterator[Change]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        title = named.get(name) or _title(after or before or {}, name)
        if before is None or after is None:
            yield Change(section, name, title, "added" if before is None else "removed")
            continue
        members = tuple(
            Member(member, before.get(member), after.get(member))
            for member in dict.fromkeys([*before, *after])
            if before.get(member) != after.get(member)
        )
        if members:
            yield Change(section, name, title, "changed", members)


def _title(part: Part, name: str) -> str:
    titles = part.get("titles")
    return str(titles["fr"] if isinstance(titles, Mapping) else part.get("name") or name)


def _without(some: Any, others: Any) -> list[Any]:
    if not isinstance(some, list) or not isinstance(others, list):
        return []
    return [each for each in some if each not in others]


def _parts(pack: Pack, graph: Graph) -> dict[str, dict[str, Part]]:
    meta: dict[str, Any] = pack.meta.model_dump(mode="json", by_alias=True)
    whole = ("version", "valid_from", "common", "levels", "titles", "legal_references")
    found: dict[str, dict[str, Part]] = {name: meta[name] for name in _PLAIN}
    found["pack"] = {"pack": {name: meta[name] for name in whole}}
    found["elements"] = {node.id: _element(graph, node.id) for node in graph.nodes.values()}
    found["ways"] = _ways(graph)
    found["forms"] = _forms(pack)
    found["letters"] = {code: _letter(pack, code, part) for code, part in meta["letters"].items()}
    found["operations"] = {
        name: {"call": call["call"], "with": call["with"]}
        for name, call in meta["operations"].items()
    }
    found["parameters"] = {p: {"used_by": sorted(where)} for p, where in parameters(pack).items()}
    found["entitlement"] = {"entitlement": meta["entitlement"]} if meta["entitlement"] else {}
    return found


def _element(graph: Graph, node_id: str) -> Part:
    node = graph.nodes[node_id]
    return {"name": node.name, "tag": node.tag, "on": node.host, "timer": node.deadline}


def _ways(graph: Graph) -> dict[str, Part]:
    """Return the ways by where they lead from and to; several may lead to the same."""
    found: dict[str, dict[str, Any]] = {}
    for edge in graph.edges:
        way = found.setdefault(_way(edge), {"conditions": []})
        way["conditions"].append(_condition(graph, edge))
    return dict(found)


def _way(edge: Edge) -> str:
    return f"{edge.source} → {edge.target}"


def _way_names(graph: Graph) -> dict[str, str]:
    """Return what stands on the drawing at both ends of every way."""
    label = {node.id: node.name or node.id for node in graph.nodes.values()}
    return {_way(edge): f"{label[edge.source]} → {label[edge.target]}" for edge in graph.edges}


def _condition(graph: Graph, edge: Edge) -> str | None:
    return "otherwise" if graph.nodes[edge.source].default == edge.id else edge.condition


def _forms(pack: Pack) -> dict[str, Part]:
    """Return every field of every step's form: its rule and its place on the screen."""
    found: dict[str, Part] = {}
    for step in pack.meta.steps:
        schema, display = pack.form(step)
        required = schema.get("required", [])
        for place, part in enumerate(display["fields"], start=1):
            name = part["name"]
            shown = {member: value for member, value in part.items() if member != "name"}
            found[f"{step}.{name}"] = {
                "name": part.get("label", {}).get("fr"),
                "place": place,
                "required": name in required,
                "schema": schema["properties"].get(name),
                **shown,
            }
    return found


def _letter(pack: Pack, code: str, part: Part) -> Part:
    texts = {lang: pack.letter_path(code, lang).read_bytes() for lang in ("fr", "ar")}
    hashes = {f"text_{lang}": hashlib.sha256(text).hexdigest() for lang, text in texts.items()}
    return {**part, **{name: digest[:12] for name, digest in hashes.items()}}
