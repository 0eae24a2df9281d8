"""YAML as data files of ours may use it: no floats, no dates, no duplicate keys."""

import re
from pathlib import Path
from typing import Any

import yaml


class YamlFault(ValueError):
    """A data file of the project can't be used; the message names the file."""


# The parser in C reads the same in a tenth of the time; a PyYAML without it has only the other.
_Safe: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Safe):  # type: ignore[misc]  # one of two classes
    """Safe loader that guesses only whole numbers, ``true``, ``false`` and ``null``.

    Dates, times and versions stay text until our own code reads them, so ``16:30`` is not
    990 and ``no`` is not false.
    """

    yaml_implicit_resolvers: dict[str, Any] = {}


def _refuse_float(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> None:
    raise yaml.constructor.ConstructorError(
        None, None, f"write {node.value} in quotes: floats are not exact", node.start_mark
    )


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(
                None, None, "a key must be a plain word", key.start_mark
            )
        if key.value in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key.value} stands twice", key.start_mark
            )
        seen.add(key.value)
    made: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return made


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("null", r"^(?:null|~|)$", ["n", "~", ""]),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
):
    _StrictLoader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first)
    )
_StrictLoader.add_constructor("tag:yaml.org,2002:float", _refuse_float)
_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load_yaml(path: Path) -> Any:
    """Return the content of one YAML file.

    Raises:
        YamlFault: no valid YAML, a float, a key that stands twice. Names file and line.
    """
    return parse_yaml(path.read_text(encoding="utf-8"), source=str(path))


def parse_yaml(text: str, *, source: str) -> Any:
    """Return the content of YAML text; ``source`` is what a fault is reported against."""
    try:
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - derives from SafeLoader
    except yaml.YAMLError as fault:
        raise YamlFault(f"{source}: {fault}") from fault
