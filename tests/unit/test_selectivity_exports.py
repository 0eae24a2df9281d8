"""What leaves for other tools: DMN that its own schema takes, JDM and SQL of the packaged rules."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import SpiffWorkflow.dmn.parser
import zen
from lxml import etree

from medcontrol.errors import InvalidInput
from selectivity.cells import CodeCell
from selectivity.exchange import to_dmn, to_jdm, to_sql
from selectivity.exchange.dmn import MODEL
from selectivity.exchange.jdm import cell_text
from selectivity.features import value_of
from selectivity.packaged import load
from selectivity.registry import FEATURES, FeatureKind
from selectivity.tables import accepts

RULES = load("ma", 1)
EXAMPLES: list[dict[str, Any]] = [
    dict(each) for row in RULES.rows for each in (*row.positive, *row.negative)
]
NAMES = {"m": MODEL}


def hits(snapshot: dict[str, Any]) -> list[str]:
    values = {name: value_of(snapshot, name, FEATURES[name].kind) for name in snapshot}
    return sorted(row.id for row in RULES.rows if accepts(row, values))


def stratum(snapshot: dict[str, Any]) -> str:
    values = {name: value_of(snapshot, name, FEATURES[name].kind) for name in snapshot}
    return next(each.id for each in RULES.floor if accepts(each, values))


def test_the_schema_of_dmn_takes_what_we_export() -> None:
    # The schema of the OMG, as a package that we depend on brings it.
    folder = Path(SpiffWorkflow.dmn.parser.__file__).parent / "schema"
    schema = etree.XMLSchema(etree.parse(str(folder / "DMN13.xsd")))

    schema.assertValid(etree.fromstring(to_dmn(RULES)))


def test_a_dmn_table_has_an_entry_for_every_clause() -> None:
    root = etree.fromstring(to_dmn(RULES))
    tables = root.findall(".//m:decisionTable", NAMES)

    assert [table.get("hitPolicy") for table in tables] == ["COLLECT", "FIRST"]
    for table, rows in zip(tables, (RULES.rows, RULES.floor), strict=True):
        rules = table.findall("m:rule", NAMES)
        assert [rule.findtext("m:description", namespaces=NAMES) for rule in rules] == [
            row.id for row in rows
        ]
        for clause, entry in (
            ("input", "inputEntry"), ("output", "outputEntry"), ("annotation", "annotationEntry"),
        ):  # fmt: skip
            wanted = len(table.findall(f"m:{clause}", NAMES))
            assert {len(rule.findall(f"m:{entry}", NAMES)) for rule in rules} == {wanted}
    known = {element.get("id") for element in root.iter() if element.get("id")}
    pointed = {e.get("href")[1:] for e in root.iter(f"{{{MODEL}}}requiredInput")}
    drawn = {e.get("dmnElementRef") for e in root.iter() if e.get("dmnElementRef")}
    assert pointed | drawn <= known


def test_the_graph_answers_as_the_rules_do() -> None:
    graph = to_jdm(RULES)
    for each in ("rows", "floor"):
        kept = [node for node in graph["nodes"] if node["id"] in ("in", each, "out")]
        edges = [edge for edge in graph["edges"] if each in (edge["sourceId"], edge["targetId"])]
        part = {"nodes": kept, "edges": edges}
        engine = zen.ZenEngine({"loader": {"type": "static", "content": {"part": part}}})
        for example in EXAMPLES:
            answer = engine.evaluate("part", example)["result"]
            if each == "floor":
                assert answer["stratum"] == stratum(example)
            else:
                found = answer if isinstance(answer, list) else []
                assert sorted(item["row"] for item in found) == hits(example)


def test_the_statements_answer_as_the_rules_do() -> None:
    statements = to_sql(RULES)
    names = sorted({name for row in (*RULES.rows, *RULES.floor) for name in row.when})
    kinds = {
        FeatureKind.CODE: "text", FeatureKind.CODES: "text[]", FeatureKind.INTEGER: "bigint",
        FeatureKind.DATE: "date", FeatureKind.FLAG: "boolean",
    }  # fmt: skip
    with duckdb.connect() as connection:
        columns = ", ".join(f"{name} {kinds[FEATURES[name].kind]}" for name in names)
        connection.execute(f"CREATE TABLE files (id integer, {columns})")
        marks = ", ".join("?" * (len(names) + 1))
        for number, example in enumerate(EXAMPLES):
            values = [number, *(example.get(name) for name in names)]
            connection.execute(f"INSERT INTO files VALUES ({marks})", values)  # noqa: S608 - names of ours
        first, second = (each for each in statements.split(";\n") if each.strip())
        rows = connection.execute(first).fetchall()
        strata = connection.execute(second).fetchall()

    found: list[list[str]] = [[] for _ in EXAMPLES]
    for number, row, *_ in rows:
        found[number].append(row)
    assert found == [hits(example) for example in EXAMPLES]
    assert [row[1] for row in strata] == [stratum(example) for example in EXAMPLES]
    assert isinstance(rows[0][-1], date)


def test_a_word_that_zen_cannot_write_is_refused_rather_than_never_matched() -> None:
    with pytest.raises(InvalidInput, match="JDM"):
        cell_text(CodeCell(frozenset({"a'b\"c"})), FEATURES["agency"])
