"""The strata of second readings (strates des secondes lectures): which decisions, how often."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from medcontrol.reference.flows import flows
from medcontrol.reference.tables import (
    FOLDER,
    ReferenceFault,
    Text,
    codes,
    flag,
    many_of,
    text,
)
from medcontrol.strict_yaml import load_yaml
from medcontrol.vocabulary import DecisionOutcome

_NEEDED = {"title", "rate"}
_MEMBERS = _NEEDED | {"before_notification", "flows", "outcomes", "fact", "newcomer"}


@dataclass(frozen=True, slots=True)
class Stratum:
    """A kind of decision that is read again.

    Attributes:
        rate: path of dated law: the share drawn.
        before_notification: whether the decision's letter waits for the reading.
        flows, outcomes: those that fit; all of them when empty.
        fact: fact of the flow that must be true.
        newcomer: path of dated law: months in which the author counts as new.
    """

    code: str
    title: Text
    rate: str
    before_notification: bool = False
    flows: tuple[str, ...] = ()
    outcomes: tuple[DecisionOutcome, ...] = ()
    fact: str | None = None
    newcomer: str | None = None


@cache
def strata(jurisdiction: str) -> Mapping[str, Stratum]:
    """Return the strata of a jurisdiction by code; none where nothing is read again."""
    file = FOLDER / jurisdiction / "quality.yaml"
    if not jurisdiction.isalpha() or not file.is_file():
        return MappingProxyType({})
    return read_strata(file)


def read_strata(file: Path) -> Mapping[str, Stratum]:
    """Read strata; raises ``ReferenceFault`` or ``YamlFault`` naming the member."""
    raw = load_yaml(file)
    if not isinstance(raw, dict):
        raise ReferenceFault(f"{file} must be a mapping")
    found = {code: _stratum(code, item, f"{file}: {code}") for code, item in raw.items()}
    return MappingProxyType(found)


def _stratum(code: str, raw: Any, where: str) -> Stratum:
    if not isinstance(raw, dict):
        raise ReferenceFault(f"{where} must be a mapping")
    if missing := _NEEDED - set(raw):
        raise ReferenceFault(f"{where} lacks: {', '.join(sorted(missing))}")
    if extra := set(raw) - _MEMBERS:
        raise ReferenceFault(f"{where} has unknown members: {', '.join(sorted(extra))}")
    return Stratum(
        code=code,
        title=text(raw["title"], f"{where}.title"),
        rate=str(raw["rate"]),
        before_notification=flag(
            raw.get("before_notification", False), f"{where}.before_notification"
        ),
        flows=tuple(codes(raw["flows"], f"{where}.flows", flows())) if "flows" in raw else (),
        outcomes=many_of(raw["outcomes"], DecisionOutcome, f"{where}.outcomes")
        if "outcomes" in raw
        else (),
        fact=raw.get("fact"),
        newcomer=raw.get("newcomer"),
    )
