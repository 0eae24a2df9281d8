"""The compiled table against an obvious evaluator, and against engines that others wrote."""

import re
from datetime import date
from types import MappingProxyType
from typing import Any

import duckdb
import numpy as np
import pytest
import zen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from selectivity.cells import CodeCell, FlagCell, IntervalCell
from selectivity.compiled import CompiledTable, as_words, rows_of
from selectivity.exchange.dmn import feel
from selectivity.exchange.jdm import matching_table
from selectivity.exchange.sql import select_hits
from selectivity.features import columns_of, values_of
from selectivity.registry import FEATURES
from selectivity.tables import accepts
from tests.selectivity_random import FEATURES_USED, FILES, AnyRow, conditions, rows_of_cells


@settings(max_examples=80, deadline=None)
@given(
    st.lists(conditions(negation=True), min_size=1, max_size=12),
    st.lists(FILES, min_size=1, max_size=12),
    st.integers(1, 40),
)
def test_scalar_numpy_and_cell_by_cell_evaluation_agree(specifications, files, copies):
    # Copies of the rows carry the table over the borders of 64-bit words.
    rows = rows_of_cells(specifications) * copies
    table = CompiledTable(rows)
    values = [values_of(file, FEATURES_USED) for file in files]
    naive = [[n for n, row in enumerate(rows) if accepts(row, value)] for value in values]

    assert [rows_of(table.match(value)) for value in values] == naive
    columns = columns_of(files, FEATURES_USED)
    assert [rows_of(mask) for mask in table.match_masks(columns, len(files))] == naive


@pytest.mark.parametrize("rows", [1, 63, 64, 65, 128, 129, 300])
def test_any_number_of_rows_works(rows):
    made = [
        AnyRow(f"r{n}", MappingProxyType({"amount": IntervalCell(low=n, high=None)}))
        for n in range(rows)
    ]
    table = CompiledTable(made)
    files = [{"amount": amount} for amount in (-1, 0, 62, 63, 64, 127, 128, 299, 10**15)] + [{}]
    expected = [min(rows, file["amount"] + 1) if file else 0 for file in files]

    assert [table.match(file).bit_count() for file in files] == expected
    masks = table.match_masks(columns_of(files, ["amount"]), len(files))
    assert [mask.bit_count() for mask in masks] == expected


def test_a_table_without_cells_matches_every_file():
    table = CompiledTable([AnyRow("all", MappingProxyType({}))])
    assert table.match({}) == 1
    assert table.match_masks({}, 3) == [1, 1, 1]


def test_words_hold_every_bit_of_a_mask():
    mask = (1 << 200) | (1 << 64) | 1
    words = as_words([mask], 4)
    assert words.dtype == np.uint64
    assert int.from_bytes(words.tobytes(), "little") == mask


def test_a_cell_says_itself_what_missing_means():
    for cell in (
        CodeCell(frozenset({"A"}), negated=True),
        IntervalCell(low=1),
        IntervalCell(low=1, negated=True),
        FlagCell(value=False),
    ):
        assert not cell.accepts(None)


# --- engines that others wrote, each with the rules as we export them ---------------------------


def _exportable(specifications: list[dict[str, Any]]) -> list[AnyRow]:
    """Return rows, repeated under other ids past the border of 64-bit words."""
    made = rows_of_cells(specifications)
    copies = 1 + (70 // len(made) if made else 0)
    return [AnyRow(f"{row.id}-{n}", row.when) for n in range(copies) for row in made]


def _naive(rows: list[AnyRow], files: list[dict[str, Any]]) -> list[list[str]]:
    values = [values_of(file, FEATURES_USED) for file in files]
    return [sorted(row.id for row in rows if accepts(row, each)) for each in values]


@settings(max_examples=25, deadline=None)
@given(st.lists(conditions(), min_size=1, max_size=10), st.lists(FILES, min_size=1, max_size=10))
def test_zen_engine_finds_the_same_rows(specifications, files):
    rows = _exportable(specifications)
    graph = {"rules": matching_table(rows)}
    engine = zen.ZenEngine({"loader": {"type": "static", "content": graph}})

    found = []
    for file in files:
        answer = engine.evaluate("rules", file)["result"]
        hits = answer if isinstance(answer, list) else []
        found.append(sorted(item["row"] for item in hits))
    assert found == _naive(rows, files)


@settings(max_examples=8, deadline=None)
@given(
    st.lists(conditions(), min_size=1, max_size=10),
    st.lists(FILES, min_size=1, max_size=10),
    st.sampled_from([False, False, False, False, False, False, False, True]),
)
def test_duckdb_finds_the_same_rows(specifications, files, is_long):
    # It plans seventy rows in seconds, so most tables are short.
    rows = _exportable(specifications) if is_long else rows_of_cells(specifications)
    if not rows:
        return
    with duckdb.connect() as connection:
        _fill(connection.execute, files)
        hits = connection.execute(select_hits(rows)).fetchall()

    assert _by_file(hits, len(files)) == _naive(rows, files)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(conditions(), min_size=1, max_size=10), st.lists(FILES, min_size=1, max_size=10))
def test_postgresql_finds_the_same_rows(db, specifications, files):
    rows = _exportable(specifications)
    if not rows:
        return
    driver = db.connection().connection.driver_connection
    with driver.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.files")
        _fill(lambda text, values=None: cursor.execute(text.replace("?", "%s"), values), files)
        # as written: a driver's placeholders are not SQL
        hits = cursor.execute(select_hits(rows).encode()).fetchall()

    assert _by_file(hits, len(files)) == _naive(rows, files)


def _fill(execute, files):
    execute(
        "CREATE TEMP TABLE files (id integer, agency text, acts text[], amount bigint,"
        " care_days bigint, care_from date, is_urgent boolean)"
    )
    for number, file in enumerate(files):
        values = [number, *(file.get(name) for name in FEATURES_USED)]
        execute("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", values)


def _by_file(hits, files):
    found = [[] for _ in range(files)]
    for number, row, *_ in hits:
        found[number].append(row)
    return [sorted(rows) for rows in found]


@settings(max_examples=80, deadline=None)
@given(st.lists(conditions(), min_size=1, max_size=4), st.lists(FILES, min_size=1, max_size=6))
def test_feel_says_the_same(specifications, files):
    """Our FEEL, read as Python: the few constructs that the export writes have one meaning."""
    for row in rows_of_cells(specifications):
        for name, cell in row.when.items():
            text = feel(cell, FEATURES[name])
            for file in [*files, {}]:
                value = file.get(name)
                if name == "care_from" and value:
                    value = date.fromisoformat(value)
                accepted = cell.accepts(values_of(file, [name])[name])
                assert _feel(text, value) is accepted, (text, value)


def _feel(text: str, value: Any) -> bool:
    for pattern, python in (
        (r"\? = null", "(v is None)"),
        (r"\? != null", "(v is not None)"),
        (r"count\(\?\)", "len(v)"),
        (r"list contains\((\[.*?\]), (\?|word)\)", r"(\2 in \1)"),
        (r"starts with\((\?|word), (\".*?\")\)", r"\1.startswith(\2)"),
        (r"some word in \? satisfies (.*)\)$", r"any((\1) for word in v))"),
        (r"\? = (true|false)", r"(v == \1)"),
        (r" = 0", " == 0"),
        (r"\?", "v"),
    ):
        text = re.sub(pattern, python, text)
    names = {"v": value, "true": True, "false": False, "date": date.fromisoformat}
    return bool(eval(text, {"__builtins__": {}, "any": any, "len": len, **names}))  # noqa: S307
