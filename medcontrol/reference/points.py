"""Minutes of work by flow and kind of step (points): what a task weighs in a load."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from medcontrol.reference.flows import flows
from medcontrol.reference.tables import FOLDER, ReferenceFault, codes, members, one_of, whole
from medcontrol.strict_yaml import load_yaml
from medcontrol.vocabulary import StepKind

Points = Mapping[tuple[str, StepKind], int]


@cache
def points(jurisdiction: str) -> Points:
    """Return minutes by (flow, kind of step), for every flow of the jurisdiction and every kind."""
    file = FOLDER / jurisdiction / "points.yaml"
    if not jurisdiction.isalpha() or not file.is_file():
        raise ReferenceFault(f"there are no points for the jurisdiction {jurisdiction!r}")
    return read_points(file, jurisdiction)


def read_points(file: Path, jurisdiction: str) -> Points:
    """Read points; raises ``ReferenceFault`` or ``YamlFault`` naming the member."""
    raw = members(load_yaml(file), str(file), {"default", "flows"})
    default = _minutes(raw["default"], f"{file}: default")
    if missing := set(StepKind) - set(default):
        raise ReferenceFault(f"{file}: default lacks {', '.join(sorted(missing))}")
    here = [code for code, flow in flows().items() if jurisdiction in flow.jurisdictions]
    codes(list(raw["flows"]), f"{file}: flows", here)
    own = {code: _minutes(item, f"{file}: flows.{code}") for code, item in raw["flows"].items()}
    return MappingProxyType(
        {(flow, kind): {**default, **own.get(flow, {})}[kind] for flow in here for kind in StepKind}
    )


def _minutes(raw: Any, where: str) -> dict[StepKind, int]:
    if not isinstance(raw, dict):
        raise ReferenceFault(f"{where} must be a mapping")
    return {
        one_of(kind, StepKind, where): whole(minutes, f"{where}.{kind}")
        for kind, minutes in raw.items()
    }
