"""Long-term illnesses (ALD) with how long each may be granted for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from medcontrol.reference.tables import (
    FOLDER,
    ReferenceFault,
    by_code,
    filled,
    flag,
    read_rows,
    whole,
)
from medcontrol.rules.reviews import Validity

COLUMNS = (
    "code",
    "number",
    "label_fr",
    "label_ar",
    "icd10",
    "initial_months",
    "renewal_months",
    "lifetime_after_examination",
    "variants",
    "certainty",
    "source_text",
    "source",
)
_ICD10 = re.compile(r"[A-Z][0-9]{2}(\.[0-9A-Z]{1,4})?(-[A-Z][0-9]{2}(\.[0-9A-Z]{1,4})?)?")


@dataclass(frozen=True, slots=True)
class Pathology:
    """One entry of a list of long-term illnesses.

    Attributes:
        code: ``ma-ald-09``; what ``medical.pathology`` of a message holds.
        number: in the official list.
        label_fr: as in the list.
        label_ar: our translation; empty for a foreign list.
        icd10: codes and ranges (``I60-I64``) that help to find it; no criteria.
        validity: first and renewed; months are the longest that may be granted. Variants are
            by ICD-10 prefix in the Moroccan list, by form of the illness in the French one.
        is_read: read in a source; otherwise a default to confirm.
        source_text: the wording that the columns were made from.
        source: addresses, by spaces.
    """

    code: str
    number: int
    label_fr: str
    label_ar: str
    icd10: tuple[str, ...]
    validity: Validity
    is_read: bool
    source_text: str
    source: str

    def label(self, language: str) -> str:
        """Return the label in Arabic where asked for and known, else in French."""
        return self.label_ar if language == "ar" and self.label_ar else self.label_fr


@cache
def pathologies(country: str) -> Mapping[str, Pathology]:
    """Return the long-term illnesses of ``ma`` or, for comparison, ``fr``, by code."""
    file = FOLDER / country / "ald.csv"
    if not country.isalpha() or not file.is_file():
        raise ReferenceFault(f"there is no list of long-term illnesses for {country!r}")
    return read_pathologies(file)


def read_pathologies(file: Path) -> Mapping[str, Pathology]:
    """Read a list; raises ``ReferenceFault`` naming file, line and column."""
    found = [_pathology(row, where) for where, row in read_rows(file, COLUMNS)]
    return MappingProxyType(by_code(found, lambda item: item.code, file))


def _pathology(row: Mapping[str, str], where: str) -> Pathology:
    icd10 = tuple(part.strip() for part in row["icd10"].split(",") if part.strip())
    if wrong := [part for part in icd10 if not _ICD10.fullmatch(part)]:
        raise ReferenceFault(f"{where}: icd10 {', '.join(wrong)} is no code or range")
    if row["certainty"] not in ("read", "default"):
        raise ReferenceFault(f"{where}: certainty must be read or default")
    lifetime = flag(row["lifetime_after_examination"], f"{where}: lifetime_after_examination")
    return Pathology(
        code=filled(row, "code", where),
        number=whole(row["number"], f"{where}: number"),
        label_fr=filled(row, "label_fr", where),
        label_ar=row["label_ar"],
        icd10=icd10,
        validity=Validity(
            initial_months=_months(row, "initial_months", where),
            renewal_months=_months(row, "renewal_months", where),
            lifetime_after_examination=lifetime,
            variants=_variants(row["variants"], where),
        ),
        is_read=row["certainty"] == "read",
        source_text=filled(row, "source_text", where),
        source=row["source"],
    )


def _months(row: Mapping[str, str], column: str, where: str) -> int | None:
    return whole(row[column], f"{where}: {column}") if row[column] else None


def _variants(cell: str, where: str) -> Mapping[str, int]:
    """Read ``B18.2=24;B18.1=60``."""
    pairs = [part.partition("=") for part in cell.split(";") if part]
    return MappingProxyType(
        {name.strip(): whole(months, f"{where}: variants") for name, _, months in pairs}
    )
