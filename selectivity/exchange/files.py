"""Rule sets as files: the ending of the name says which format it is."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from medcontrol.errors import InvalidInput
from selectivity.exchange.csv_files import from_csv, to_csv
from selectivity.exchange.dmn import to_dmn
from selectivity.exchange.jdm import to_jdm
from selectivity.exchange.sheets import Content
from selectivity.exchange.sql import to_sql
from selectivity.exchange.xlsx_files import MEDIA_TYPE, from_xlsx, to_xlsx
from selectivity.exchange.yaml_files import from_yaml, to_yaml
from selectivity.faults import Finding, RuleSetFault
from selectivity.reading import read_data
from selectivity.registry import FEATURES, Registry
from selectivity.tables import RuleSet

MEDIA_TYPES: Mapping[str, str] = {
    "yaml": "application/yaml",
    "csv": "text/csv",
    "xlsx": MEDIA_TYPE,
    "dmn": "application/xml",
    "jdm": "application/json",
    "sql": "application/sql",
}
_READERS: Mapping[str, Callable[..., tuple[Content, RuleSet]]] = {
    "yaml": from_yaml,
    "yml": from_yaml,
    "json": from_yaml,
    "csv": from_csv,
    "xlsx": from_xlsx,
}
_MOST_BYTES = 8 * 1024 * 1024


def export(content: Content, form: str, registry: Registry = FEATURES) -> bytes:
    """Return a rule set in one of the formats of ``MEDIA_TYPES``.

    Raises:
        InvalidInput: no such format, or one that can't hold this rule set.
    """
    if form in ("yaml", "csv", "xlsx"):
        return {"yaml": to_yaml, "csv": to_csv, "xlsx": to_xlsx}[form](content)
    rules = read_data(content, source="", registry=registry)
    if form == "dmn":
        return to_dmn(rules, registry)
    if form == "jdm":
        return json.dumps(to_jdm(rules, registry), ensure_ascii=False, indent=1).encode()
    if form == "sql":
        return to_sql(rules, registry).encode()
    raise InvalidInput(f"one of {', '.join(MEDIA_TYPES)}, not {form!r}", field="format")


def read_bytes(data: bytes, name: str, registry: Registry = FEATURES) -> tuple[Content, RuleSet]:
    """Return the rule set of an uploaded file, told by the ending of its name.

    Raises:
        RuleSetFault: another ending, too long, or with faults; each names its place.
    """
    reader = _READERS.get(name.rpartition(".")[2].lower())
    if reader is None:
        raise _refused(name, f"the name ends with .{', .'.join(_READERS)}")
    if len(data) > _MOST_BYTES:
        raise _refused(name, f"the file may have {_MOST_BYTES} bytes")
    return reader(data, source=name, registry=registry)


def read_file(path: Path, registry: Registry = FEATURES) -> tuple[Content, RuleSet]:
    """Return the rule set of a file on disk; see ``read_bytes``."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _refused(str(path), f"the file may have {_MOST_BYTES} bytes")
        data = path.read_bytes()
    except OSError as fault:
        raise _refused(str(path), f"it can't be read: {fault.strerror}") from None
    return read_bytes(data, str(path), registry)


def _refused(source: str, message: str) -> RuleSetFault:
    return RuleSetFault(source, [Finding("bad_file", message)])
