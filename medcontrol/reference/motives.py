"""Coded motives of refusals and modifications, with words that may be shared (motifs)."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from medcontrol.reference.flows import flows
from medcontrol.reference.tables import (
    FOLDER,
    LANGUAGES,
    ReferenceFault,
    Text,
    codes,
    many_of,
    members,
    one_of,
    text,
)
from medcontrol.strict_yaml import load_yaml

ALL = "all"


class MotiveKind(StrEnum):
    """Who may use a motive: a doctor only, or an agent too."""

    MEDICAL = "medical"
    ADMINISTRATIVE = "administrative"


class MotiveEffect(StrEnum):
    """What a motive can explain."""

    REFUSED = "refused"
    MODIFIED = "modified"
    ADJOURNED = "adjourned"


@dataclass(frozen=True, slots=True)
class Motive:
    """A motive; ``wording`` names no diagnosis, treatment or finding."""

    code: str
    flows: tuple[str, ...]
    kind: MotiveKind
    effects: tuple[MotiveEffect, ...]
    wording: Text

    def fits(self, flow: str, effect: str | None = None) -> bool:
        """Return whether the motive can explain this effect, or any, in this flow."""
        return flow in self.flows and (effect is None or effect in self.effects)


@cache
def motives(jurisdiction: str) -> Mapping[str, Motive]:
    """Return the motives of a jurisdiction by code."""
    file = FOLDER / jurisdiction / "motives.yaml"
    if not jurisdiction.isalpha() or not file.is_file():
        raise ReferenceFault(f"there are no motives for the jurisdiction {jurisdiction!r}")
    return read_motives(file, jurisdiction)


def motives_for(jurisdiction: str, flow: str, effect: str | None = None) -> tuple[Motive, ...]:
    """Return the motives that fit a flow, and an effect (``refused``, ``modified``…) when given."""
    return tuple(m for m in motives(jurisdiction).values() if m.fits(flow, effect))


def read_motives(file: Path, jurisdiction: str) -> Mapping[str, Motive]:
    """Read motives; raises ``ReferenceFault`` or ``YamlFault`` naming the member."""
    here = tuple(code for code, flow in flows().items() if jurisdiction in flow.jurisdictions)
    raw = load_yaml(file)
    if not isinstance(raw, dict):
        raise ReferenceFault(f"{file} must be a mapping")
    found = {code: _motive(code, item, f"{file}: {code}", here) for code, item in raw.items()}
    return MappingProxyType(found)


def _motive(code: str, raw: Any, where: str, here: tuple[str, ...]) -> Motive:
    raw = members(raw, where, {"flows", "kind", "effects", *LANGUAGES})
    named = codes(raw["flows"], f"{where}.flows", {*here, ALL})
    return Motive(
        code=code,
        flows=here if ALL in named else tuple(named),
        kind=one_of(raw["kind"], MotiveKind, f"{where}.kind"),
        effects=many_of(raw["effects"], MotiveEffect, f"{where}.effects"),
        wording=text({language: raw[language] for language in LANGUAGES}, where),
    )
