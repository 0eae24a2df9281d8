"""What is looked at before a long-term illness is recognised (critères médicaux), by pathology.

Project defaults: the official criteria were not found.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from medcontrol.reference.pathologies import pathologies
from medcontrol.reference.tables import FOLDER, codes, filled
from medcontrol.strict_yaml import load_yaml


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of a pathology, worded in the three languages of the screens."""

    code: str
    fr: str
    ar: str
    en: str

    def text(self, language: str) -> str:
        """Return the wording in a language."""
        return {"ar": self.ar, "en": self.en}.get(language, self.fr)


@cache
def criteria(jurisdiction: str) -> Mapping[str, tuple[Criterion, ...]]:
    """Return the criteria by code of pathology (``ma-ald-09``); empty where there is no list.

    Raises:
        ReferenceFault: a pathology is unknown, or a wording is missing.
    """
    file = FOLDER / jurisdiction / "ald_criteria.yaml"
    if not jurisdiction.isalpha() or not file.is_file():
        return MappingProxyType({})
    raw = load_yaml(file)
    codes(list(raw), str(file), pathologies(jurisdiction))
    return MappingProxyType({code: _of(items, f"{file}: {code}") for code, items in raw.items()})


def _of(items: list[dict[str, str]], where: str) -> tuple[Criterion, ...]:
    return tuple(
        Criterion(*(filled(item, name, where) for name in ("code", "fr", "ar", "en")))
        for item in items
    )
