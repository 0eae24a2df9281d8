"""Labels of acts (actes), for lines that came without one."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from medcontrol.reference.flows import flows
from medcontrol.reference.tables import (
    FOLDER,
    ReferenceFault,
    Text,
    by_code,
    filled,
    read_rows,
    text,
)


@dataclass(frozen=True, slots=True)
class Act:
    """An act, with the flow in which it is usual."""

    code: str
    flow: str
    label: Text


@cache
def acts(jurisdiction: str) -> Mapping[str, Act]:
    """Return the acts of a jurisdiction by code. Not a nomenclature: other codes are as valid."""
    file = FOLDER / jurisdiction / "acts.csv"
    if not jurisdiction.isalpha() or not file.is_file():
        raise ReferenceFault(f"there are no acts for the jurisdiction {jurisdiction!r}")
    return read_acts(file)


def act_label(jurisdiction: str, code: str, language: str) -> str:
    """Return the label of an act in a language, or the code itself when we do not know it."""
    act = acts(jurisdiction).get(code)
    return act.label.in_language(language) if act else code


def read_acts(file: Path) -> Mapping[str, Act]:
    """Read acts; raises ``ReferenceFault`` naming file, line and column."""
    found = []
    for where, row in read_rows(file, ("code", "flow", "label_fr", "label_ar", "label_en")):
        if row["flow"] not in flows():
            raise ReferenceFault(f"{where}: flow {row['flow']!r} is unknown")
        label = text({name: row[f"label_{name}"] for name in ("fr", "ar", "en")}, where)
        found.append(Act(filled(row, "code", where), row["flow"], label))
    return MappingProxyType(by_code(found, lambda act: act.code, file))
