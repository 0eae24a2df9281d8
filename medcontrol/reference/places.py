"""Regions and agencies a fresh installation starts with."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from medcontrol.reference.tables import FOLDER, ReferenceFault, by_code, filled, read_rows


@dataclass(frozen=True, slots=True)
class Region:
    """A region (ISO 3166-2) with its French name."""

    code: str
    name_fr: str


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency (agence) and the region it lies in."""

    code: str
    name_fr: str
    region: str
    note: str


@cache
def regions(jurisdiction: str) -> Mapping[str, Region]:
    """Return the regions of a jurisdiction by code."""
    return read_regions(_file(jurisdiction, "regions.csv"))


@cache
def agencies(jurisdiction: str) -> Mapping[str, Agency]:
    """Return the agencies of a jurisdiction by code, in the order of the file."""
    return read_agencies(_file(jurisdiction, "agencies.csv"), regions(jurisdiction))


def read_regions(file: Path) -> Mapping[str, Region]:
    """Read regions; raises ``ReferenceFault`` naming file, line and column."""
    rows = read_rows(file, ("code", "name_fr"))
    found = [Region(filled(r, "code", at), filled(r, "name_fr", at)) for at, r in rows]
    return MappingProxyType(by_code(found, lambda region: region.code, file))


def read_agencies(file: Path, known: Mapping[str, Region]) -> Mapping[str, Agency]:
    """Read agencies of known regions; raises ``ReferenceFault`` naming file, line and column."""
    found = []
    for where, row in read_rows(file, ("code", "name_fr", "region", "note")):
        if row["region"] not in known:
            raise ReferenceFault(f"{where}: region {row['region']!r} is unknown")
        found.append(
            Agency(
                filled(row, "code", where),
                filled(row, "name_fr", where),
                row["region"],
                row["note"],
            )
        )
    return MappingProxyType(by_code(found, lambda agency: agency.code, file))


def _file(jurisdiction: str, name: str) -> Path:
    file = FOLDER / jurisdiction / name
    if not jurisdiction.isalpha() or not file.is_file():
        raise ReferenceFault(f"there is no {name} for the jurisdiction {jurisdiction!r}")
    return file
