"""``docs/reference.md``: lists that would otherwise drift from the code.

``python -m tests.architecture.reference`` writes it; a test compares.
"""

import ast
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

from medcontrol.errors import DomainError
from medcontrol.legal.loading import law
from medcontrol.settings import Settings
from tests.architecture.source import PACKAGES, ROOT, calls, modules, tree
from workflows.letters.context import LetterContext

TARGET = ROOT / "docs" / "reference.md"
LETTER_SCHEMA = ROOT / "docs" / "letter-context.schema.json"
HEAD = """# Reference

Written by `make reference` from the code; a test fails when it is out of date.
"""


def text() -> str:
    parts = [
        HEAD,
        section(
            "Settings",
            "Environment variables. `PORT` stands for `MEDCONTROL_PORT` where that is not set.",
            ("Variable", "Default", "What it sets"),
            settings(),
        ),
        section(
            "Refusals",
            "Codes are stable: the API gives them as `code`, the screens translate them.",
            ("Code", "Kind", "What it means"),
            errors(),
        ),
        section(
            "Outbox topics and jobs",
            "Names of Celery tasks. Topics come with an outbox message, jobs from the scheduler.",
            ("Name", "What it does"),
            tasks(),
        ),
        section(
            "Events",
            "Delivered to `MEDCONTROL_EVENTS_URL`: ids only, nothing personal or medical.",
            ("Event", "Said by"),
            events(),
        ),
        section(
            "Journal",
            "Actions of journal entries; `facts` hold codes and ids.",
            ("Action", "Said by"),
            actions(),
        ),
        section(
            "Parameters of the law (ma)",
            "Dated values under `medcontrol/legal/parameters/ma`; here the last one.",
            ("Parameter", "Last value", "Unit", "What it is"),
            parameters(),
        ),
    ]
    return "\n".join(parts)


def section(title: str, lead: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"## {title}", "", lead, "", _row(columns), _row(["---"] * len(columns))]
    return "\n".join([*lines, *(_row(row) for row in rows), ""])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def settings() -> Iterator[Sequence[str]]:
    for name, field in sorted(Settings.model_fields.items()):
        default = "–" if field.default is None else f"`{field.default}`"
        yield f"`MEDCONTROL_{name.upper()}`", default, field.description or ""


def errors() -> Iterator[Sequence[str]]:
    """Every refusal of the domain, wherever it is declared."""
    for path in modules(*PACKAGES):
        if any(_is_refusal(node) for node in ast.walk(tree(path))):
            import_module(".".join(path.with_suffix("").parts))
    found = {kind.code: kind for kind in _below(DomainError)}
    for code, kind in sorted(found.items()):
        yield f"`{code}`", kind.kind.value, (kind.__doc__ or "").strip().split("\n")[0]


def _is_refusal(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        isinstance(each, ast.Assign | ast.AnnAssign) and "code" in ast.unparse(each).split("=")[0]
        for each in node.body
    )


def _below(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for each in kind.__subclasses__():
        if each.__module__.split(".")[0] in PACKAGES:
            yield each
        yield from _below(each)


def tasks() -> Iterator[Sequence[str]]:
    found = {}
    for path in modules("runtime"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef):
                for name in _task_names(path, node):
                    found[name] = (ast.get_docstring(node) or "").split("\n")[0]
    for name, what in sorted(found.items()):
        yield f"`{name}`", what


def _task_names(path: Path, node: ast.FunctionDef) -> Iterator[str]:
    for each in node.decorator_list:
        if isinstance(each, ast.Call) and "task" in ast.unparse(each.func):
            for keyword in each.keywords:
                if keyword.arg == "name":
                    yield _value(path, keyword.value)


def _value(path: Path, node: ast.expr) -> str:
    """Return what a constant is, or what a name of the module stands for."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    module = import_module(".".join(path.with_suffix("").parts))
    return str(getattr(module, ast.unparse(node)))


def events() -> Iterator[Sequence[str]]:
    found: dict[str, set[str]] = {}
    for path in modules(*PACKAGES):
        if path.parts[:2] == ("runtime", "demo"):
            continue
        source = (ROOT / path).read_text("utf-8")
        names = re.findall(r'"event": "([a-z_.]+)"', source)
        names += re.findall(r'\.announce\(\s*"([a-z_.]+)"', source)
        for name in names:
            found.setdefault(name, set()).add(_module(path))
    yield from _said_by(found)


def actions() -> Iterator[Sequence[str]]:
    found: dict[str, set[str]] = {}
    for path in modules(*PACKAGES):
        for call, name in calls(path):
            at = _ACTION_AT.get(name.split(".")[-1])
            if at is None or len(call.args) <= at:
                continue
            argument = call.args[at]
            if isinstance(argument, ast.Constant) and "." in str(argument.value):
                found.setdefault(str(argument.value), set()).add(_module(path))
    yield from _said_by(found)


# Where the action stands among the arguments of what writes to the journal.
_ACTION_AT = {"tell": 0, "Entry": 1, "record": 2, "_save": 1}


def _said_by(found: dict[str, set[str]]) -> Iterator[Sequence[str]]:
    for name, places in sorted(found.items()):
        yield f"`{name}`", ", ".join(f"`{each}`" for each in sorted(places))


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts)


def parameters() -> Iterator[Sequence[str]]:
    known = law("ma")
    for path in sorted(known.paths):
        one = known.parameter(path)
        last = one.values[-1]
        yield f"`{path}`", str(last.value), one.unit.code, one.description


def letter_schema() -> str:
    """The JSON Schema of what letters are set with."""
    schema = LetterContext.model_json_schema()
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    TARGET.write_text(text(), "utf-8")
    LETTER_SCHEMA.write_text(letter_schema(), "utf-8")


if __name__ == "__main__":
    main()
