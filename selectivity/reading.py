"""Reads a rule set from YAML and reports every fault with file, row and column."""

import hashlib
import json
import unicodedata
from collections import Counter
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from medcontrol.ports import SelectivityReason
from medcontrol.strict_yaml import YamlFault, parse_yaml
from medcontrol.vocabulary import ControlLevel, ControlMode, Lane
from selectivity.cell_grammar import CellFault, parse_cell
from selectivity.cells import Cell
from selectivity.faults import Faults, Finding, RuleSetFault
from selectivity.registry import FEATURES, Registry, Sensitivity
from selectivity.tables import WHOLE, Row, RowKind, RuleSet, Stratum
from selectivity.translations import translated

_SET = frozenset({"code", "version", "valid_from", "lists", "rows", "floor"})
_ROW = frozenset(
    {"id", "when", "then", "reason", "rationale", "owner", "expires_on", "examples"}
)  # fmt: skip
_REASON = frozenset({"msgid", "fr", "ar", "en"})
_THEN = frozenset({"kind", "lane", "level", "mode", "rate", "daily_quota"})
_E = TypeVar("_E", bound=StrEnum)
_NOWHERE = date.max
_MOST_VALUES, _DEEPEST = 500_000, 20


def read_rule_set(path: Path, registry: Registry = FEATURES) -> RuleSet:
    """Return the rule set of one YAML file.

    Raises:
        RuleSetFault: with every fault of the file, each with row and column.
    """
    return parse_rule_set(path.read_text(encoding="utf-8"), source=str(path), registry=registry)


def parse_rule_set(text: str, *, source: str, registry: Registry = FEATURES) -> RuleSet:
    """Return the rule set of YAML text; ``source`` is what faults are reported against.

    Raises:
        RuleSetFault: with every fault of the text, each with row and column.
    """
    return read_data(read_plain(text, source=source), source=source, registry=registry)


def read_plain(text: str, *, source: str) -> Any:
    """Return YAML text as plain data; nothing else is checked.

    Raises:
        RuleSetFault: it is no YAML of ours.
    """
    try:
        return parse_yaml(text, source=source)
    except YamlFault as fault:
        raise RuleSetFault(source, [Finding("bad_yaml", str(fault))]) from fault
    except (RecursionError, ValueError) as fault:  # thousands of brackets, or of digits
        raise RuleSetFault(source, [Finding("bad_yaml", "no rule set is like this")]) from fault


def read_data(data: Any, *, source: str, registry: Registry = FEATURES) -> RuleSet:
    """Return the rule set that plain data describe: what YAML, a table or a draft holds.

    Raises:
        RuleSetFault: with every fault of the data, each with row and column.
    """
    odd = _oddity(data)
    if odd:
        raise RuleSetFault(source, [Finding("bad_file", odd)])
    faults = Faults()
    rules = _Reading(faults, registry).rule_set(data)
    if faults.found or rules is None:
        raise RuleSetFault(source, faults.found)
    return rules


def _oddity(data: Any) -> str:
    """Return what keeps data from being written as JSON and hashed; "" for ordinary data.

    An anchor of YAML can stand for itself, or for a thousand others that stand for a thousand.
    """
    waiting, seen = [(data, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        seen += 1
        if seen > _MOST_VALUES or depth > _DEEPEST:
            return "more values, or deeper, than any rule set has"
        parts: list[Any] = []
        if isinstance(value, Mapping):
            if not all(isinstance(name, str) for name in value):
                return "the name of a member is a word"
            parts = [*value, *value.values()]
        elif isinstance(value, list):
            parts = value
        elif isinstance(value, str) and any("\ud800" <= sign <= "\udfff" for sign in value):
            return "half a character (a lone surrogate)"
        waiting += [(part, depth + 1) for part in parts]
    return ""


def read_row(
    row: Any, lists: Any, *, is_stratum: bool = False, registry: Registry = FEATURES
) -> tuple[Row | Stratum, list[Finding]]:
    """Return one row, or stratum, of a draft as far as it can be read, and what is wrong with it.

    Args:
        row: the row as plain data.
        lists: the lists of the draft, as plain data.
        is_stratum: read it as a part of the random floor.
        registry: features that it may name.
    """
    reading = _Reading(Faults(), registry)
    reading.lists = reading.code_lists(lists or {})
    reading.faults.found.clear()  # the lists are another matter
    found = reading.stratum(row, 1) if is_stratum else reading.row(row, 1)
    return found, reading.faults.found


def canonical(data: Any) -> str:
    """Return plain data as canonical JSON: sorted keys, NFC; the text that ``digest`` hashes."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return unicodedata.normalize("NFC", text)


def digest(data: Any) -> str:
    """Return the SHA-256 of plain data in canonical JSON (sorted keys, NFC, UTF-8)."""
    return hashlib.sha256(canonical(data).encode()).hexdigest()


class _Reading:
    """One pass over the data. Every method notes faults and returns something of the type."""

    def __init__(self, faults: Faults, registry: Registry) -> None:
        self.faults = faults
        self.registry = registry
        self.lists: dict[str, frozenset[str]] = {}

    def rule_set(self, data: Any) -> RuleSet | None:
        if not isinstance(data, dict):
            self.faults.add("bad_file", "a rule set is a mapping")
            return None
        self._unknown(data, _SET, "")
        self.lists = self.code_lists(data.get("lists") or {})
        rows = [self.row(row, n) for n, row in enumerate(self._list(data, "rows"), 1)]
        floor = [self.stratum(item, n) for n, item in enumerate(self._list(data, "floor"), 1)]
        self._once([row.id for row in rows])
        self._once([stratum.id for stratum in floor])
        return RuleSet(
            code=self._text(data, "code", ""),
            version=self._number(data, "version", "", 1, 10**6),
            sha256=digest(data),
            valid_from=self._day(data, "valid_from", "", "bad_day"),
            rows=tuple(rows),
            floor=tuple(floor),
            lists=MappingProxyType(self.lists),
        )

    def code_lists(self, data: Any) -> dict[str, frozenset[str]]:
        lists: dict[str, frozenset[str]] = {}
        if not isinstance(data, dict):
            self.faults.add("bad_list", "'lists' is a mapping", column="lists")
            data = {}
        for name, codes in data.items():
            base, _, version = name.partition("@")
            if not base or not version.isdigit():
                self.faults.add("bad_list", "a list is named name@1", column=f"lists.{name}")
            if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
                self.faults.add("bad_list", "a list holds words", column=f"lists.{name}")
                continue
            lists[name] = frozenset(codes)
        return lists

    def row(self, data: Any, number: int) -> Row:
        data, row = self._identified(data, number, _ROW, "row")
        then = self._mapping(data, "then", row)
        self._unknown(then, _THEN, row)
        kind = self._word(then, "kind", row, RowKind, RowKind.TARGETING)
        lane = None if kind is RowKind.SAFE_HARBOUR else self._word(then, "lane", row, Lane)
        examples = data.get("examples") if isinstance(data.get("examples"), dict) else {}
        self._unknown(examples, frozenset({"positive", "negative"}), row)
        return Row(
            id=row,
            when=self._when(data, row),
            kind=kind,
            lane=lane,
            level=self._word(then, "level", row, ControlLevel, ControlLevel.LOCAL),
            mode=self._word(then, "mode", row, ControlMode) if "mode" in then else None,
            rate=self._number(then, "rate", row, 1, WHOLE) if "rate" in then else WHOLE,
            daily_quota=self._number(then, "daily_quota", row, 1, 10**6)
            if "daily_quota" in then
            else None,
            reason=self._reason(data.get("reason"), row),
            rationale=self._text(data, "rationale", row),
            owner=self._text(data, "owner", row),
            expires_on=self._day(data, "expires_on", row, "no_expiry"),
            positive=self._examples(examples, "positive", row),
            negative=self._examples(examples, "negative", row),
        )

    def stratum(self, data: Any, number: int) -> Stratum:
        data, row = self._identified(data, number, frozenset({"id", "when", "then"}), "stratum")
        then = self._mapping(data, "then", row)
        self._unknown(then, frozenset({"rate", "lane", "level"}), row)
        return Stratum(
            id=row,
            when=self._when(data, row),
            rate=self._number(then, "rate", row, 1, WHOLE),
            lane=self._word(then, "lane", row, Lane, Lane.ORANGE),
            level=self._word(then, "level", row, ControlLevel, ControlLevel.LOCAL),
        )

    def _identified(
        self, data: Any, number: int, members: frozenset[str], what: str
    ) -> tuple[dict[str, Any], str]:
        place = f"{what} {number}"
        if not isinstance(data, dict):
            self.faults.add("bad_row", f"a {what} is a mapping", row=place)
            data = {}
        row = data.get("id")
        if not isinstance(row, str) or not row:
            self.faults.add("no_id", f"the {what} has no id", row=place, column="id")
            row = place
        self._unknown(data, members, row)
        return data, row

    def _when(self, data: Mapping[str, Any], row: str) -> Mapping[str, Cell]:
        cells: dict[str, Cell] = {}
        for column, cell in self._mapping(data, "when", row).items():
            feature = self.registry.get(column)
            if feature is None:
                self.faults.add("unknown_feature", "no such feature", row=row, column=column)
            elif feature.sensitive is Sensitivity.FORBIDDEN:
                self.faults.add(
                    "forbidden_feature", "no rule may look at it", row=row, column=column
                )
            else:
                try:
                    cells[column] = parse_cell(cell, feature, self.lists)
                except CellFault as fault:
                    self.faults.add(fault.code, str(fault), row=row, column=column)
        return MappingProxyType(cells)

    def _reason(self, data: Any, row: str) -> SelectivityReason:
        parts = data if isinstance(data, dict) else {}
        self._unknown(parts, _REASON, row)
        code, text = parts.get("msgid"), parts.get("fr")
        if not all(isinstance(each, str) and each.strip() for each in (code, text)):
            self.faults.add("no_reason", "write msgid and fr", row=row, column="reason")
        ar, en = (parts.get(language) for language in ("ar", "en"))
        for language, sentence in (("ar", ar), ("en", en)):
            if sentence is not None and not isinstance(sentence, str):
                self.faults.add("bad_reason", "a sentence", row=row, column=f"reason.{language}")
        return translated(SelectivityReason(str(code), str(text), ar or None, en or None))

    def _examples(self, data: Any, side: str, row: str) -> tuple[Mapping[str, Any], ...]:
        found = data.get(side)
        if not isinstance(found, list) or not found or not all(isinstance(x, dict) for x in found):
            self.faults.add(
                "no_example",
                f"give one {side} example at least",
                row=row,
                column=f"examples.{side}",
            )
            return ()
        return tuple(found)

    def _list(self, data: Mapping[str, Any], member: str) -> list[Any]:
        found = data.get(member)
        if not isinstance(found, list) or not found:
            self.faults.add("bad_file", f"'{member}' is a list and not empty", column=member)
            return []
        return found

    def _mapping(self, data: Mapping[str, Any], member: str, row: str) -> dict[str, Any]:
        found = data.get(member)
        if isinstance(found, dict):
            return found
        self.faults.add("bad_row", f"'{member}' is a mapping", row=row, column=member)
        return {}

    def _unknown(self, data: Mapping[str, Any], known: frozenset[str], row: str) -> None:
        for member in data:
            if member not in known:
                self.faults.add("unknown_member", "no such member", row=row, column=str(member))

    def _once(self, ids: list[str]) -> None:
        for row in sorted(row for row, times in Counter(ids).items() if times > 1):
            self.faults.add("id_twice", "the id stands twice", row=row, column="id")

    def _text(self, data: Mapping[str, Any], member: str, row: str) -> str:
        value = data.get(member)
        if isinstance(value, str) and value.strip():
            return value
        self.faults.add(f"no_{member}", "text is missing", row=row, column=member)
        return ""

    def _number(self, data: Mapping[str, Any], member: str, row: str, low: int, high: int) -> int:
        value = data.get(member)
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        self.faults.add(
            "bad_number", f"a whole number from {low} to {high}", row=row, column=member
        )
        return low

    def _day(self, data: Mapping[str, Any], member: str, row: str, code: str) -> date:
        try:
            return date.fromisoformat(data.get(member) or "")
        except (TypeError, ValueError):
            self.faults.add(code, "write a day as 2026-11-20", row=row, column=member)
            return _NOWHERE

    def _word(
        self,
        data: Mapping[str, Any],
        member: str,
        row: str,
        words: type[_E],
        default: _E | None = None,
    ) -> _E:
        fallback = default or next(iter(words))
        value = data.get(member, default)
        try:
            return words(value)
        except ValueError:
            allowed = ", ".join(words)
            self.faults.add("bad_word", f"one of {allowed}, not {value!r}", row=row, column=member)
            return fallback
