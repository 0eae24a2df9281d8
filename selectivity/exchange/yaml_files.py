"""A rule set as YAML, the way rules are kept and reviewed."""

from collections.abc import Iterator, Mapping
from typing import Any

from selectivity.exchange.notation import write_flow
from selectivity.exchange.sheets import Content
from selectivity.reading import read_data, read_plain
from selectivity.registry import FEATURES, Registry
from selectivity.tables import RuleSet


def to_yaml(content: Content) -> bytes:
    """Return a rule set as YAML, each cell, effect and example on a line of its own."""
    return "".join(f"{line}\n" for line in _lines(content)).encode()


def from_yaml(
    data: bytes, *, source: str = "YAML", registry: Registry = FEATURES
) -> tuple[Content, RuleSet]:
    """Return the rule set of a YAML file.

    Raises:
        RuleSetFault: with every fault, each naming row and column.
    """
    content = read_plain(data.decode("utf-8-sig", "replace"), source=source)
    return content, read_data(content, source=source, registry=registry)


def _lines(content: Content) -> Iterator[str]:
    for name, value in content.items():
        if name not in ("rows", "floor", "lists") or not value:
            yield _member(name, value)
            continue
        yield ""
        yield f"{name}:"
        if name == "lists":
            yield from (f"  {_member(each, codes)}" for each, codes in value.items())
        for entry in value if name != "lists" else ():
            yield ""
            first, *others = _entry(entry)
            yield f"- {first}"
            yield from (f"  {line}" for line in others)


def _entry(entry: Mapping[str, Any]) -> Iterator[str]:
    for name, value in entry.items():
        if name not in ("when", "examples", "reason") or not value:
            yield _member(name, value)
            continue
        yield f"{name}:"
        for part, each in value.items():
            if name != "examples" or not each:
                yield f"  {_member(part, each)}"
                continue
            yield f"  {part}:"
            yield from (f"  - {write_flow(example)}" for example in each)


def _member(name: str, value: Any) -> str:
    return write_flow({name: value})[1:-1]
