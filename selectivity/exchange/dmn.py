"""A rule set as DMN 1.3 (export): decision tables that any modeller shows, with cells in FEEL.

Each cell writes out what a missing value does; nothing is left to how an engine treats null.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import date

from lxml import etree

from selectivity.cells import AbsentCell, Cell, CodeCell, FlagCell, IntervalCell, Missing
from selectivity.registry import FEATURES, Feature, FeatureKind, Registry
from selectivity.tables import Conditions, Row, RuleSet, Stratum

MODEL = "https://www.omg.org/spec/DMN/20191111/MODEL/"
_DMNDI = "https://www.omg.org/spec/DMN/20191111/DMNDI/"
_DC = "http://www.omg.org/spec/DMN/20180521/DC/"
_TYPES = {
    FeatureKind.CODE: "string",
    FeatureKind.CODES: "tWords",
    FeatureKind.INTEGER: "number",
    FeatureKind.DATE: "date",
    FeatureKind.FLAG: "boolean",
}
_ROW_OUTPUTS = (
    ("row", "string"), ("kind", "string"), ("lane", "string"), ("level", "string"),
    ("mode", "string"), ("rate", "number"), ("daily_quota", "number"), ("reason", "string"),
)  # fmt: skip
_FLOOR_OUTPUTS = (("stratum", "string"), ("rate", "number"), ("lane", "string"),
                  ("level", "string"))  # fmt: skip


def to_dmn(rules: RuleSet, registry: Registry = FEATURES) -> bytes:
    """Return the rows as a table that collects, the floor as one that takes the first.

    Draws, quotas, expiry and the sequence of the engine are not part of DMN; rate, quota, owner
    and last day stand in outputs and annotations.
    """
    root = etree.Element(
        _tag("definitions"), nsmap={None: MODEL, "dmndi": _DMNDI, "dc": _DC}, id="definitions",
        name=_clean(rules.name), namespace=f"urn:medcontrol:rules:{rules.sha256}",
        exporter="medcontrol",
    )  # fmt: skip
    _add(root, "description", text=f"SHA-256 {rules.sha256}")
    words = _add(root, "itemDefinition", id="tWords", name="tWords", isCollection="true")
    _add(words, "typeRef", text="string")
    for name in _features([*rules.rows, *rules.floor]):
        data = _add(root, "inputData", id=f"input_{name}", name=name)
        _add(data, "variable", id=f"variable_{name}", name=name, typeRef=_type(registry[name]))
    _decision(root, "rows", rules.rows, "COLLECT", _ROW_OUTPUTS, registry)
    _decision(root, "floor", rules.floor, "FIRST", _FLOOR_OUTPUTS, registry)
    _diagram(root)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def _decision(
    root: etree._Element,
    name: str,
    rows: Sequence[Conditions],
    policy: str,
    outputs: Sequence[tuple[str, str]],
    registry: Registry,
) -> None:
    decision = _add(root, "decision", id=f"decision_{name}", name=name)
    _add(decision, "variable", id=f"variable_of_{name}", name=name)
    features = _features(rows)
    for each in features:
        needs = _add(decision, "informationRequirement", id=f"{name}_needs_{each}")
        _add(needs, "requiredInput", href=f"#input_{each}")
    table = _add(decision, "decisionTable", id=f"table_{name}", hitPolicy=policy)
    for each in features:
        clause = _add(table, "input", id=f"{name}_in_{each}", label=each)
        source = _add(clause, "inputExpression", id=f"{name}_expression_{each}",
                      typeRef=_type(registry[each]))  # fmt: skip
        _add(source, "text", text=each)
    for each, kind in outputs:
        _add(table, "output", id=f"{name}_out_{each}", name=each, label=each, typeRef=kind)
    for heading in ("rationale", "owner", "expires_on"):
        _add(table, "annotation", name=heading)
    for number, row in enumerate(rows, 1):
        _rule(table, f"{name}_{number}", row, features, registry)


def _rule(
    table: etree._Element, name: str, row: Conditions, features: Sequence[str], registry: Registry
) -> None:
    rule = _add(table, "rule", id=name)
    _add(rule, "description", text=row.id)
    for number, feature in enumerate(features, 1):
        cell = row.when.get(feature)
        entry = _add(rule, "inputEntry", id=f"{name}_i{number}")
        _add(entry, "text", text="-" if cell is None else feel(cell, registry[feature]))
    for number, value in enumerate(_values(row), 1):
        output = _add(rule, "outputEntry", id=f"{name}_o{number}")
        _add(output, "text", text=value)
    notes = (row.rationale, row.owner, row.expires_on.isoformat()) if isinstance(row, Row) else ()
    for note in (*notes, "", "", "")[:3]:
        annotation = _add(rule, "annotationEntry")
        _add(annotation, "text", text=note)


def _values(row: Conditions) -> Iterator[str]:
    """Yield the output entries in the order of the headings."""
    if isinstance(row, Row):
        for word in (row.id, row.kind, row.lane, row.level, row.mode):
            yield _text(word) if word else "null"
        yield str(row.rate)
        yield "null" if row.daily_quota is None else str(row.daily_quota)
        yield _text(row.reason.code)
    elif isinstance(row, Stratum):
        yield _text(row.id)
        yield str(row.rate)
        yield _text(row.lane)
        yield _text(row.level)


def feel(cell: Cell, feature: Feature) -> str:
    """Return a cell as a FEEL test of the value ``?``, true or false for every value and null."""
    is_many = feature.kind is FeatureKind.CODES
    absent = "(? = null or count(?) = 0)" if is_many else "? = null"
    present = "? != null and count(?) > 0" if is_many else "? != null"
    if isinstance(cell, AbsentCell):
        return absent
    test = _test(cell, feature)
    return f"{absent} or {test}" if cell.missing is Missing.YES else f"{present} and {test}"


def _test(cell: Cell, feature: Feature) -> str:
    match cell:
        case FlagCell():
            return f"? = {'true' if cell.value else 'false'}"
        case CodeCell() if feature.kind is FeatureKind.CODES:
            test = f"(some word in ? satisfies {_named('word', cell)})"
        case CodeCell():
            test = f"({_named('?', cell)})"
        case IntervalCell():
            test = f"({_inside(cell, feature)})"
        case _:
            raise AssertionError(cell)
    return f"not{test}" if cell.negated else test


def _named(value: str, cell: CodeCell) -> str:
    codes = ", ".join(map(_text, sorted(cell.codes)))
    tests = [f"list contains([{codes}], {value})"] if codes else []
    tests += [f"starts with({value}, {_text(prefix)})" for prefix in sorted(cell.prefixes)]
    return " or ".join(tests)


def _inside(cell: IntervalCell, feature: Feature) -> str:
    def end(number: int) -> str:
        is_day = feature.kind is FeatureKind.DATE
        return f'date("{date.fromordinal(number).isoformat()}")' if is_day else str(number)

    tests = [f"? >= {end(cell.low)}"] if cell.low is not None else []
    tests += [f"? < {end(cell.high)}"] if cell.high is not None else []
    return " and ".join(tests)


def _diagram(root: etree._Element) -> None:
    """Place every element, so that modellers draw the requirements."""
    page = etree.SubElement(root, f"{{{_DMNDI}}}DMNDI")
    diagram = etree.SubElement(page, f"{{{_DMNDI}}}DMNDiagram", id="diagram")
    for kind, y, step in (("decision", 80, 400), ("inputData", 300, 200)):
        for number, element in enumerate(root.findall(_tag(kind))):
            name = element.get("id")
            shape = etree.SubElement(
                diagram, f"{{{_DMNDI}}}DMNShape", id=f"shape_{name}", dmnElementRef=name
            )
            etree.SubElement(
                shape, f"{{{_DC}}}Bounds", x=str(100 + step * number), y=str(y), width="180",
                height="80",
            )  # fmt: skip


def _features(rows: Sequence[Conditions]) -> list[str]:
    return sorted({name for row in rows for name in row.when})


def _type(feature: Feature) -> str:
    return _TYPES[feature.kind]


def _tag(name: str) -> str:
    return f"{{{MODEL}}}{name}"


def _add(
    parent: etree._Element, tag: str, /, text: str | None = None, **more: str
) -> etree._Element:
    element = etree.SubElement(parent, _tag(tag), {key: _clean(v) for key, v in more.items()})
    if text is not None:
        element.text = _clean(text)
    return element


def _clean(text: str) -> str:
    """Return a text without the signs that XML has no way to write."""
    return "".join(
        sign for sign in text if sign in "\t\n" or (sign >= " " and sign not in "\ufffe\uffff")
    )


def _text(word: str) -> str:
    return json.dumps(str(word), ensure_ascii=False)
