"""The flows (circuits) that exist, what may be asked in each, and who controls it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from medcontrol.reference.tables import (
    FOLDER,
    ReferenceFault,
    Text,
    by_code,
    codes,
    flag,
    many_of,
    members,
    one_of,
    text,
)
from medcontrol.strict_yaml import load_yaml
from medcontrol.vocabulary import Jurisdiction, Profession, Scheme

FILE = FOLDER / "flows.yaml"
A_POSTERIORI = "a_posteriori"

_MEMBERS = {
    "title",
    "jurisdictions",
    "natures",
    "scheme",
    "prefix",
    "professions",
    "instant",
    "reimburses",
    "open",
}


@dataclass(frozen=True, slots=True)
class Flow:
    """One flow.

    Attributes:
        code: as in messages (``ald``).
        title: for screens and letters.
        jurisdictions: where it exists.
        natures: what may be asked, as in messages.
        scheme: the scheme it usually belongs to; a message may name another.
        prefix: of the reference of its control files.
        professions: who may control it.
        is_instant: answered at the counter and paid at once.
        reimburses: pays care act by act, so a paid file may be drawn for later control.
        is_open: files are taken in; otherwise they wait in quarantine.
        is_internal: its files are opened by other files, never by a message (``internal: true``).
    """

    code: str
    title: Text
    jurisdictions: tuple[Jurisdiction, ...]
    natures: tuple[str, ...]
    scheme: Scheme
    prefix: str
    professions: tuple[Profession, ...]
    is_instant: bool
    reimburses: bool
    is_open: bool
    is_internal: bool = False

    def may_open_in(self, jurisdiction: str) -> bool:
        """Return whether files of this flow are taken in for a jurisdiction."""
        return self.is_open and not self.is_internal and jurisdiction in self.jurisdictions


_brought: dict[str, Flow] = {}


def flows() -> Mapping[str, Flow]:
    """Return every flow by code: those of the file in its order, then those of packs alone."""
    return _all(tuple(_brought.values()))


@cache
def _all(brought: tuple[Flow, ...]) -> Mapping[str, Flow]:
    known = read_flows(FILE)[0]
    more = {flow.code: flow for flow in brought if flow.code not in known}
    return MappingProxyType({**known, **more})


def learn(found: Iterable[Flow]) -> None:
    """Make flows known that packs bring along; what the file says of a flow stays.

    Raises:
        ReferenceFault: two flows share a prefix, so that references could not be told apart.
    """
    listed = _all(())
    for flow in found:
        if flow.code in listed:
            continue
        others = {each.prefix for each in flows().values() if each.code != flow.code}
        if flow.prefix in others:
            raise ReferenceFault(f"{flow.code}: prefix {flow.prefix} is that of another flow")
        _brought[flow.code] = flow


@cache
def natures() -> Mapping[str, Text]:
    """Return the label of every nature by code."""
    return read_flows(FILE)[1]


def read_flows(file: Path) -> tuple[Mapping[str, Flow], Mapping[str, Text]]:
    """Read flows and natures from a file.

    Raises:
        ReferenceFault, YamlFault: the file is wrong; names the member.
    """
    raw = members(load_yaml(file), str(file), {"natures", "flows"})
    labels = {
        code: text(label, f"{file}: natures.{code}") for code, label in raw["natures"].items()
    }
    found = [_flow(code, item, f"{file}: {code}", labels) for code, item in raw["flows"].items()]
    by_code(found, lambda flow: flow.prefix, file)
    flows_by_code = by_code(found, lambda flow: flow.code, file)
    return MappingProxyType(flows_by_code), MappingProxyType(labels)


def _flow(code: str, raw: Any, where: str, labels: Mapping[str, Text]) -> Flow:
    internal = raw.get("internal", False) if isinstance(raw, dict) else False
    raw = members(raw, where, _MEMBERS | ({"internal"} & set(raw)))
    flow = Flow(
        code=code,
        title=text(raw["title"], f"{where}.title"),
        jurisdictions=many_of(raw["jurisdictions"], Jurisdiction, f"{where}.jurisdictions"),
        natures=tuple(codes(raw["natures"], f"{where}.natures", labels)),
        scheme=one_of(raw["scheme"], Scheme, f"{where}.scheme"),
        prefix=raw["prefix"],
        professions=many_of(raw["professions"], Profession, f"{where}.professions"),
        is_instant=flag(raw["instant"], f"{where}.instant"),
        reimburses=flag(raw["reimburses"], f"{where}.reimburses"),
        is_open=flag(raw["open"], f"{where}.open"),
        is_internal=flag(internal, f"{where}.internal"),
    )
    if not re.fullmatch(r"[A-Z]{2,4}", str(flow.prefix), re.ASCII):
        raise ReferenceFault(f"{where}.prefix must be 2 to 4 capital letters")
    if flow.reimburses != (A_POSTERIORI in flow.natures):
        raise ReferenceFault(f"{where}: a_posteriori belongs to flows that reimburse, and to each")
    return flow
