"""From the YAML files of ``parameters/`` to dated parameters; every fault names its file."""

import re
from collections.abc import Callable, Mapping
from datetime import date, time
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

from medcontrol.legal.dated import (
    DatedParameter,
    DatedValue,
    Parameters,
    Reference,
    Status,
    Unit,
    UnknownParameter,
    Value,
)
from medcontrol.strict_yaml import load_yaml

FOLDER = Path(__file__).parent / "parameters"
UNITS_FILE = Path(__file__).parent / "units.yaml"

_MEMBERS = {"description", "unit", "values", "reviewed_on", "notes"}
_VALUE_MEMBERS = {"value", "reference", "status", "until"}
_REFERENCE_MEMBERS = {"title", "href", "published_on"}
# A value whose origin is known to be uncertain may lack the address of its source.
_MAY_LACK_ADDRESS = {Status.UNCONFIRMED, Status.PROJECT_DEFAULT}
_TEXT_PATTERNS = {
    "decimal": re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?"),
    "fraction": re.compile(r"(0|[1-9][0-9]*)/[1-9][0-9]*"),
    "time": re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]"),
    "word": re.compile(r"[a-z][a-z_]*"),
}
_FROM_TEXT: dict[str, Callable[[str], Value]] = {
    "decimal": Decimal,
    "fraction": Fraction,
    "time": time.fromisoformat,
    "word": str,
}
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class ParameterFault(ValueError):
    """A parameter file breaks the rules of its shape; the message names file and member."""


@cache
def law(jurisdiction: str) -> Parameters:
    """Return the law of a jurisdiction, read once per process.

    Raises:
        UnknownParameter: we hold no law for this jurisdiction.
        ParameterFault, YamlFault: a file is wrong.
    """
    folder = FOLDER / jurisdiction
    if not _NAME.fullmatch(jurisdiction) or not folder.is_dir():
        raise UnknownParameter(f"no law is held for the jurisdiction {jurisdiction!r}")
    return load_folder(folder)


def load_folder(folder: Path) -> Parameters:
    """Read every YAML file below a folder; a parameter's path is the file's path with dots."""
    units = load_units()
    by_path = {}
    for file in sorted(folder.rglob("*.yaml")):
        names = file.relative_to(folder).with_suffix("").parts
        if not all(_NAME.fullmatch(name) for name in names):
            raise ParameterFault(f"{file}: names are lower case letters, digits and _")
        path = ".".join(names)
        by_path[path] = _Reader(file, path, units).read()
    return Parameters(folder.name, by_path)


@cache
def load_units() -> Mapping[str, Unit]:
    """Return the units of ``units.yaml`` by code."""
    return {
        code: Unit(code, members["kind"], members["fr"])
        for code, members in load_yaml(UNITS_FILE).items()
    }


class _Reader:
    """Reads one parameter file and checks each member."""

    def __init__(self, file: Path, path: str, units: Mapping[str, Unit]) -> None:
        self.file, self.path, self.units = file, path, units

    def read(self) -> DatedParameter[Value]:
        raw = self._mapping(load_yaml(self.file), "the file", _MEMBERS, _MEMBERS - {"notes"})
        unit = self.units.get(raw["unit"])
        if unit is None:
            self._fail(f"unit {raw['unit']!r} is not in units.yaml")
        if not isinstance(raw["values"], dict) or not raw["values"]:
            self._fail("values must hold at least one start date")
        values = [self._dated(start, value, unit) for start, value in raw["values"].items()]
        return DatedParameter(
            path=self.path,
            description=self._text(raw["description"], "description"),
            unit=unit,
            values=tuple(sorted(values, key=lambda value: value.since)),
            reviewed_on=self._day(raw["reviewed_on"], "reviewed_on"),
            notes=None if "notes" not in raw else self._text(raw["notes"], "notes"),
        )

    def _dated(self, start: Any, raw: Any, unit: Unit) -> DatedValue[Value]:
        where = f"values.{start}"
        raw = self._mapping(raw, where, _VALUE_MEMBERS, {"value", "reference"})
        status = self._status(raw.get("status"), where)
        since = self._day(start, "values")
        until = None if "until" not in raw else self._day(raw["until"], f"{where}.until")
        if until is not None and until < since:
            self._fail(f"{where}.until is before the value begins")
        return DatedValue(
            until=until,
            value=self._value(raw["value"], unit.kind, where),
            since=since,
            path=self.path,
            reference=self._reference(raw["reference"], status, where),
            status=status,
        )

    def _reference(self, raw: Any, status: Status | None, where: str) -> Reference:
        raw = self._mapping(raw, f"{where}.reference", _REFERENCE_MEMBERS, {"title"})
        href = raw.get("href")
        if href is None and status not in _MAY_LACK_ADDRESS:
            self._fail(f"{where}.reference needs an href")
        if href is not None and not str(href).startswith(("https://", "http://")):
            self._fail(f"{where}.reference.href must be a web address")
        published = raw.get("published_on")
        return Reference(
            title=self._text(raw["title"], f"{where}.reference.title"),
            href=href,
            published_on=None if published is None else self._day(published, where),
        )

    def _value(self, raw: Any, kind: str, where: str) -> Value:
        if kind == "whole" and type(raw) is int:
            return raw
        if kind == "flag" and type(raw) is bool:
            return raw
        pattern = _TEXT_PATTERNS.get(kind)
        if pattern is None or not isinstance(raw, str) or not pattern.fullmatch(raw):
            self._fail(f"{where}.value {raw!r} is not a {kind}")
        return _FROM_TEXT[kind](raw)

    def _status(self, raw: Any, where: str) -> Status | None:
        if raw is not None and raw not in set(Status):
            self._fail(f"{where}.status {raw!r} is unknown")
        return None if raw is None else Status(raw)

    def _day(self, raw: Any, where: str) -> date:
        try:
            if not isinstance(raw, str) or not _DAY.fullmatch(raw):
                raise ValueError
            return date.fromisoformat(raw)
        except ValueError:
            self._fail(f"{where}: {raw!r} is not a date")

    def _text(self, raw: Any, where: str) -> str:
        if not isinstance(raw, str) or not raw.strip():
            self._fail(f"{where} must be a text")
        return raw

    def _mapping(
        self, raw: Any, where: str, allowed: set[str], required: set[str]
    ) -> dict[Any, Any]:
        if not isinstance(raw, dict):
            self._fail(f"{where} must be a mapping")
        if wrong := set(raw) - allowed:
            self._fail(f"{where} has unknown members: {', '.join(sorted(map(str, wrong)))}")
        if missing := required - set(raw):
            self._fail(f"{where} lacks: {', '.join(sorted(missing))}")
        return raw

    def _fail(self, what: str) -> NoReturn:
        raise ParameterFault(f"{self.file}: {what}")
