"""Rate classes of long-term illnesses (classes de taux): what the paying system has to know."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from types import MappingProxyType

from medcontrol.legal.loading import law
from medcontrol.reference.pathologies import pathologies
from medcontrol.reference.tables import FOLDER, ReferenceFault
from medcontrol.strict_yaml import load_yaml

_FLOW = "ald"
_WHOLE = 10_000


@cache
def _classes(country: str) -> tuple[str, Mapping[str, str]]:
    """Return the class of a pathology that none names, and the others by pathology.

    Raises:
        ReferenceFault: a pathology is unknown or in two classes.
    """
    file = FOLDER / country / "rate_classes.yaml"
    if not file.is_file():
        return "", MappingProxyType({})
    data = load_yaml(file)
    found: dict[str, str] = {}
    for name, codes in data["classes"].items():
        for code in codes:
            if code in found or code not in pathologies(country):
                raise ReferenceFault(f"{file}: {code} is unknown or named twice")
            found[code] = name
    return data["default"], MappingProxyType(found)


def rate_class(country: str, flow: str, code: str | None) -> str | None:
    """Return the rate class of a right; None where rights have no rate, or without a pathology.

    >>> rate_class("ma", "ald", "ma-ald-39"), rate_class("ma", "ald", "ma-ald-09")
    ('alc', 'ald')
    """
    if flow != _FLOW or code is None:
        return None
    default, classes = _classes(country)
    return classes.get(code, default) or None


def rate_of(country: str, name: str, day: date) -> int:
    """Return what the fund pays for a rate class on a day, in ten-thousandths; dated law.

    Raises:
        UnknownParameter: there is no such class.
    """
    return int(law(country).decimal(f"ald.rate_class_{name}").at(day).value * _WHOLE)
