"""What is written from the parameter files: the typed module and the table of ``docs/law.md``."""

from collections import defaultdict
from pathlib import Path

from medcontrol.legal.dated import DatedParameter, DatedValue, Parameters, Value
from medcontrol.legal.loading import law

ROOT = Path(__file__).parents[2]
DOC_FILE = ROOT / "docs" / "law.md"
JURISDICTIONS = ("ma", "lu")
BEGIN, END = "<!-- begin parameters {} -->", "<!-- end parameters {} -->"


def typed_module(jurisdiction: str) -> str:
    """Return the source of ``medcontrol/legal/<jurisdiction>.py``."""
    parameters = law(jurisdiction)
    groups = defaultdict(list)
    for path in parameters.paths:
        group, _, name = path.partition(".")
        groups[group].append((name, parameters.parameter(path)))
    lines = [
        f'"""The law of {jurisdiction}, typed. Written by ``python -m medcontrol.legal``."""',
        "",
        "from medcontrol.legal.loading import law",
        "",
        f'_LAW = law("{jurisdiction}")',
    ]
    for group, members in groups.items():
        lines += ["", "", f"class _{group.title().replace('_', '')}:"]
        lines += [
            f'    {name} = _LAW.{parameter.unit.kind}("{parameter.path}")'
            for name, parameter in members
        ]
    lines += ["", ""]
    lines += [f"{group} = _{group.title().replace('_', '')}" for group in groups]
    return "\n".join(lines) + "\n"


def module_file(jurisdiction: str) -> Path:
    """Return where the typed module of a jurisdiction lies."""
    return Path(__file__).parent / f"{jurisdiction}.py"


def describe(jurisdiction: str) -> str:
    """Return every parameter of a jurisdiction as a Markdown table, one row per start date."""
    parameters = law(jurisdiction)
    rows = ["| Parameter | Value | Unit | From | Status | Source |", "|---|---|---|---|---|---|"]
    rows += [_row(parameter, value) for parameter in _all(parameters) for value in parameter.values]
    return "\n".join(rows) + "\n"


def document(text: str, jurisdiction: str) -> str:
    """Return ``docs/law.md`` with the table between its marks written anew."""
    begin, end = BEGIN.format(jurisdiction), END.format(jurisdiction)
    before, rest = text.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{describe(jurisdiction)}{end}{after}"


def write(jurisdiction: str) -> None:
    """Write the typed module and the document's table."""
    module_file(jurisdiction).write_text(typed_module(jurisdiction), encoding="utf-8")
    text = DOC_FILE.read_text(encoding="utf-8")
    DOC_FILE.write_text(document(text, jurisdiction), encoding="utf-8")


def _all(parameters: Parameters) -> list[DatedParameter[Value]]:
    return [parameters.parameter(path) for path in parameters.paths]


def _row(parameter: DatedParameter[Value], value: DatedValue[Value]) -> str:
    reference = value.reference
    source = f"[{reference.title}]({reference.href})" if reference.href else reference.title
    notes = f" {parameter.notes}" if parameter.notes else ""
    cells = (
        f"`{parameter.path}`<br>{parameter.description}.{notes}",
        _text(value.value),
        parameter.unit.label_fr,
        value.since.isoformat() + (f" to {value.until.isoformat()}" if value.until else ""),
        value.status or "",
        source,
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    return f"{value:%H:%M}" if hasattr(value, "hour") else str(value)
