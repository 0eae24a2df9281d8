"""A pack told as plain values (description d'un circuit): what lists, pages and programs show."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from medcontrol.errors import DomainError
from medcontrol.legal.loading import law
from medcontrol.rules.checks import CHECKS
from workflows.definition.catalog import Catalog, Pack, read_lock

Facts = dict[str, Any]


def described(catalog: Catalog, on_day: date) -> list[Facts]:
    """Return every flow with the versions of the packs that serve it, newest first.

    Args:
        catalog: the packs.
        on_day: the day of which the values of dated law are shown.
    """
    released = read_lock(catalog.root)
    found: dict[tuple[str, str], Facts] = {}
    for pack in sorted(catalog, key=lambda p: (p.meta.valid_from, p.meta.version), reverse=True):
        for flow, served in pack.meta.flows.items():
            key = (str(pack.meta.jurisdiction), flow)
            entry = found.setdefault(
                key,
                {
                    "jurisdiction": key[0],
                    "flow": flow,
                    "titles": served.titles.model_dump(),
                    "natures": list(served.natures),
                    "linked": served.linked,
                    "levels": [str(level) for level in pack.meta.levels],
                    "packs": [],
                },
            )
            as_served = replace(pack, flow=flow)
            entry["packs"].append(of_pack(as_served, on_day, is_released=pack.key in released))
    return [found[key] for key in sorted(found)]


def of_pack(pack: Pack, on_day: date, *, is_released: bool) -> Facts:
    """Return one version with its steps, letters, clocks and parameters as of a day."""
    meta = pack.meta
    return {
        "key": pack.key,
        "version": meta.version,
        "valid_from": meta.valid_from.isoformat(),
        "status": "released" if is_released else "draft",
        "digest": pack.digest,
        "levels": [str(level) for level in meta.levels],
        "natures": list(meta.flows[pack.flow].natures),
        "steps": [_step(name, step.model_dump(mode="json")) for name, step in meta.steps.items()],
        "waits": sorted(meta.waits),
        "letters": sorted(meta.letters),
        "deadlines": [
            {"name": name, "scope": rule.scope, "kind": str(rule.kind), "suspends": rule.suspends}
            | value_of(pack, rule.parameter, on_day)
            for name, rule in sorted(meta.deadlines.items())
        ],
        "parameters": [value_of(pack, path, on_day) for path in sorted(parameters(pack))],
        "checks": sorted(meta.checks),
        "entitlement": meta.entitlement.kind if meta.entitlement else None,
        "scenarios": len(pack.scenarios()),
    }


def _step(name: str, step: Mapping[str, Any]) -> Facts:
    members = ("kind", "level", "roles", "professions", "outcomes", "deadline", "points")
    return {"id": name} | {member: step[member] for member in members}


def value_of(pack: Pack, path: str, on_day: date) -> Facts:
    """Return a parameter with the value in force on a day and where it comes from."""
    parameter = law(pack.meta.jurisdiction).parameter(path)
    known: Facts = {"parameter": path, "unit": parameter.unit.code, "value": None}
    try:
        held = parameter.at(on_day)
    except DomainError:
        return known | {"since": None, "source": None, "status": None}
    return known | {
        "value": held.value if isinstance(held.value, int) else str(held.value),
        "since": held.since.isoformat(),
        "source": held.reference.title,
        "status": str(held.status),
    }


def parameters(pack: Pack) -> dict[str, set[str]]:
    """Return every path of dated law that the pack names, and the parts that name it."""
    known = frozenset(law(pack.meta.jurisdiction).paths)
    found: dict[str, set[str]] = {}
    for where, text in _texts(pack.meta.model_dump(mode="json"), ""):
        if text in known:
            found.setdefault(text, set()).add(where)
    for name in pack.meta.checks:
        for path in CHECKS[name].parameters if name in CHECKS else ():
            if path in known:
                found.setdefault(path, set()).add(f"checks.{name}")
    return found


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Yield every text of nested values, with the first two members that lead to it."""
    if isinstance(value, str):
        yield ".".join(where.split(".")[:2]), value
    elif isinstance(value, Mapping):
        for name, part in value.items():
            yield from _texts(part, f"{where}.{name}".lstrip("."))
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part, where)
