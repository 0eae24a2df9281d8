"""How texts and values stand in the cells of a spreadsheet: readable, exact, never a formula.

A text stands as it is. One that a spreadsheet would run, trim or not show stands in quotation
marks, as JSON has it: ``"=SUM(A1)"``. A value (cell of a rule, number, list of words) is written
as in the YAML of docs/selectivity/rules.md, without the outer braces: ``in: [A, B], missing: yes``.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from medcontrol.strict_yaml import YamlFault, parse_yaml

_FORMULA = '=+-@"'
_PLAIN = re.compile(r"[^\W\d][\w./@-]*")
_RESOLVED = frozenset({"true", "false", "null"})
# What XML can't hold or changes; a line feed and a tab inside a text are safe.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


class BadNotation(ValueError):
    """What stands in a cell can't be read; the message says what would be right."""


def write_text(text: str | None) -> str:
    """Return a text as it stands in a cell.

    >>> write_text("Vérifier l’acte"), write_text("=1+1"), write_text("")
    ('Vérifier l’acte', '"=1+1"', '""')
    """
    if text is None:
        return "null"
    is_odd = text != text.strip() or not text or text[0] in _FORMULA or text == "null"
    return _quoted(text) if is_odd or _UNSAFE.search(text) else text


def read_text(cell: str) -> str | None:
    """Return the text that stands in a cell.

    Raises:
        BadNotation: it begins with a quotation mark and is no JSON string.
    """
    if cell == "null":
        return None
    if not cell.startswith('"'):
        return cell
    try:
        found = json.loads(cell)
    except ValueError:
        found = None
    if not isinstance(found, str):
        raise BadNotation('a text that begins with " ends with ", with \\" for the marks inside')
    return found


def write_value(value: Any) -> str:
    """Return plain data as YAML in one line, a mapping without its outer braces.

    >>> write_value({"in": ["A", "2"], "missing": "yes"})
    'in: [A, "2"], missing: yes'
    """
    if isinstance(value, Mapping) and value:
        return _members(value)
    return write_flow(value)


def read_value(cell: str) -> Any:
    """Return the plain data that a cell holds.

    Raises:
        BadNotation: it can't be read; says why in one line.
    """
    text = cell.strip()
    is_whole = text[:1] in ("{", "[") or not _opens_mapping(text)
    try:
        return parse_yaml(text if is_whole else f"{{{text}}}", source="")
    except YamlFault as fault:
        problem = getattr(fault.__cause__, "problem", None) or "write it as in: [A, B]"
        raise BadNotation(str(problem)) from None
    except (RecursionError, ValueError):
        raise BadNotation("no cell is like this") from None


def _opens_mapping(text: str) -> bool:
    """Return whether a value begins with the name of a member, as in ``ge: 5``."""
    return re.match(r'("(?:[^"\\]|\\.)*"|[\w.@/-]+)\s*:(\s|$)', text) is not None


def write_flow(value: Any) -> str:
    """Return plain data as YAML in one line."""
    if isinstance(value, Mapping):
        return f"{{{_members(value)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(write_flow, value))}]"
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, int):
        return str(value)
    return _word(str(value))


def _members(value: Mapping[str, Any]) -> str:
    return ", ".join(f"{_word(name)}: {write_flow(part)}" for name, part in value.items())


def _word(word: str) -> str:
    is_plain = _PLAIN.fullmatch(word) is not None and word not in _RESOLVED
    return word if is_plain else _quoted(word)


def _quoted(text: str) -> str:
    """Return a JSON string, which YAML reads alike; what no printer shows is escaped."""
    shown = json.dumps(text, ensure_ascii=False)
    return "".join(sign if _is_shown(sign) else _escape(sign) for sign in shown)


def _is_shown(sign: str) -> bool:
    # Beyond 16 bits JSON and YAML escape in different ways, and both read the sign itself.
    return (sign.isprintable() and sign != "\x7f") or sign in "\xa0\u202f" or sign > "\uffff"


def _escape(sign: str) -> str:
    return json.dumps(sign)[1:-1]
