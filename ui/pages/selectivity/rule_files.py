"""Rules as files: what comes in and goes out, by the name's ending (fichiers de règles)."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from medcontrol.errors import InvalidInput
from selectivity import exchange
from selectivity.reading import read_data
from selectivity.tables import RuleSet

Writer = Callable[[Any, RuleSet], bytes]

_JSON = orjson.OPT_INDENT_2
FORMATS: Mapping[str, tuple[str, str, Writer]] = {
    "yaml": ("yaml", "application/yaml", lambda data, _: exchange.to_yaml(data)),
    "csv": ("csv", "text/csv; charset=utf-8", lambda data, _: exchange.to_csv(data)),
    "xlsx": (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        lambda data, _: exchange.to_xlsx(data),
    ),
    "dmn": ("dmn", "application/xml", lambda _, rules: exchange.to_dmn(rules)),
    "jdm": (
        "jdm.json",
        "application/json",
        lambda _, rules: orjson.dumps(exchange.to_jdm(rules), option=_JSON),
    ),
    "sql": ("sql", "text/plain; charset=utf-8", lambda _, rules: exchange.to_sql(rules).encode()),
}
"""Ending, media type and writer by the name of the form."""

_READERS = {
    "yaml": exchange.from_yaml, "yml": exchange.from_yaml, "json": exchange.from_yaml,
    "csv": exchange.from_csv, "xlsx": exchange.from_xlsx,
}  # fmt: skip


def write_file(form: str, data: Any) -> tuple[str, str, bytes]:
    """Return name, media type and content of a version as a file.

    Raises:
        InvalidInput: no such form.
        RuleSetFault: a draft that can't be read yet.
    """
    if form not in FORMATS:
        raise InvalidInput(f"one of {', '.join(FORMATS)}", field="form")
    rules = read_data(data, source="rules")
    ending, media_type, writer = FORMATS[form]
    return f"rules-{rules.code}-{rules.version}.{ending}", media_type, writer(data, rules)


def read_file(name: str, content: bytes) -> Any:
    """Return the plain data of a file of rules.

    Raises:
        InvalidInput: the ending says no form that comes in.
        RuleSetFault: with every fault, each naming sheet, row and column.
    """
    reader = _READERS.get(name.rpartition(".")[2].casefold())
    if reader is None:
        raise InvalidInput("a file of rules is YAML, CSV or XLSX", field="file")
    data, _ = reader(content, source=name[:100])
    return data
