"""Reading the reference files: every fault names file, row and column."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

FOLDER = Path(__file__).parent
LANGUAGES = ("fr", "ar", "en")

T = TypeVar("T")
EnumT = TypeVar("EnumT", bound=StrEnum)


class ReferenceFault(ValueError):
    """A reference file can't be used; the message names file, row and member."""


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in the three languages of the screens."""

    fr: str
    ar: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the words in a language; in French when it is none of ours."""
        return str(getattr(self, language)) if language in LANGUAGES else self.fr


def read_rows(file: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each row of a CSV file with the place to name in a fault.

    Raises:
        ReferenceFault: other columns, or a row with more or fewer cells.
    """
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, restkey="", restval=None)
        if tuple(reader.fieldnames or ()) != columns:
            raise ReferenceFault(f"{file}: the columns must be {', '.join(columns)}")
        for row in reader:
            where = f"{file}, line {reader.line_num}"
            if len(row) != len(columns) or None in row.values():
                raise ReferenceFault(f"{where}: {len(columns)} cells are needed")
            yield where, row


def by_code(items: Iterable[T], code: Callable[[T], str], file: Path) -> dict[str, T]:
    """Return items by code; a code that stands twice is a fault."""
    found: dict[str, T] = {}
    for item in items:
        if code(item) in found:
            raise ReferenceFault(f"{file}: the code {code(item)} stands twice")
        found[code(item)] = item
    return found


def members(raw: Any, where: str, names: set[str]) -> dict[str, Any]:
    """Return a mapping that has exactly these members."""
    if not isinstance(raw, dict):
        raise ReferenceFault(f"{where} must be a mapping")
    if missing := names - set(raw):
        raise ReferenceFault(f"{where} lacks: {', '.join(sorted(missing))}")
    if extra := set(raw) - names:
        raise ReferenceFault(f"{where} has unknown members: {', '.join(sorted(map(str, extra)))}")
    return raw


def text(raw: Any, where: str) -> Text:
    """Return words in French, Arabic and English; none may be missing or empty."""
    raw = members(raw, where, set(LANGUAGES))
    for language in LANGUAGES:
        words = raw[language]
        if not isinstance(words, str) or not words.strip():
            raise ReferenceFault(f"{where}.{language} must be a text")
    return Text(**raw)


def whole(raw: Any, where: str) -> int:
    """Return a positive whole number, from YAML or from the text of a cell."""
    value = int(raw) if isinstance(raw, str) and raw.isascii() and raw.isdigit() else raw
    if type(value) is not int or value < 1:
        raise ReferenceFault(f"{where} must be a whole number from 1 on, not {raw!r}")
    return value


def flag(raw: Any, where: str) -> bool:
    """Return true or false, from YAML or from the cells ``yes`` and ``no``."""
    value = {"yes": True, "no": False}.get(raw) if isinstance(raw, str) else raw
    if not isinstance(value, bool):
        raise ReferenceFault(f"{where} must be yes or no, not {raw!r}")
    return value


def one_of(raw: Any, allowed: type[EnumT], where: str) -> EnumT:
    """Return the member of a closed list."""
    try:
        return allowed(raw)
    except ValueError:
        raise ReferenceFault(f"{where}: {raw!r} is none of {', '.join(allowed)}") from None


def many_of(raw: Any, allowed: type[EnumT], where: str) -> tuple[EnumT, ...]:
    """Return members of a closed list; at least one, none twice."""
    return tuple(one_of(item, allowed, where) for item in codes(raw, where))


def codes(
    raw: Any, where: str, known: Iterable[str] | Mapping[str, Any] | None = None
) -> list[str]:
    """Return a list of codes; at least one, none twice, each of them known."""
    if not isinstance(raw, list) or not raw or not all(isinstance(item, str) for item in raw):
        raise ReferenceFault(f"{where} must be a list of codes")
    if len(set(raw)) != len(raw):
        raise ReferenceFault(f"{where} names a code twice")
    if known is not None and (unknown := set(raw) - set(known)):
        raise ReferenceFault(f"{where}: unknown {', '.join(sorted(unknown))}")
    return raw


def filled(row: Mapping[str, str], column: str, where: str) -> str:
    """Return a cell that may not be empty."""
    value = row[column].strip()
    if not value:
        raise ReferenceFault(f"{where}: {column} is empty")
    return value
