"""The compiled table against an obvious evaluator and an independent engine."""

import json
from types import MappingProxyType

import numpy as np
import pytest
import zen
from hypothesis import given, settings
from hypothesis import strategies as st

from selectivity.cells import Cell, CodeCell, FlagCell, IntervalCell
from selectivity.compiled import CompiledTable, as_words, rows_of
from selectivity.features import columns_of, values_of
from selectivity.tables import accepts
from tests.selectivity_random import FEATURES_USED, FILES, AnyRow, conditions, rows_of_cells


@settings(max_examples=150, deadline=None)
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


# --- zen-engine, an independent rule engine, on the part of the grammar that it reads alike ------


def _zen_cell(name: str, cell: Cell | None) -> str:
    if cell is None:
        return ""
    if isinstance(cell, CodeCell):
        tests = [f"$ == '{code}'" for code in sorted(cell.codes)]
        tests += [f"startsWith($, '{prefix}')" for prefix in sorted(cell.prefixes)]
        return " or ".join(tests)
    if isinstance(cell, FlagCell):
        return "true" if cell.value else "false"
    assert isinstance(cell, IntervalCell), name
    tests = [f"$ >= {cell.low}"] if cell.low is not None else []
    tests += [f"$ < {cell.high}"] if cell.high is not None else []
    return " and ".join(tests)


def _zen_table(rows: list[AnyRow], names: list[str]) -> str:
    """Return the rows as a GoRules JDM decision table that collects the ids of all hits."""
    inputs = [{"id": f"i{n}", "name": name, "field": name} for n, name in enumerate(names)]
    rules = [
        {
            "_id": row.id,
            **{f"i{n}": _zen_cell(name, row.when.get(name)) for n, name in enumerate(names)},
            "o": f"'{row.id}'",
        }
        for row in rows
    ]
    content = {
        "hitPolicy": "collect",
        "inputs": inputs,
        "outputs": [{"id": "o", "name": "row", "field": "row"}],
        "rules": rules,
    }
    nodes = [
        {"id": "in", "type": "inputNode", "name": "in", "content": {}},
        {"id": "t", "type": "decisionTableNode", "name": "t", "content": content},
        {"id": "out", "type": "outputNode", "name": "out", "content": {}},
    ]
    edges = [
        {"id": "e1", "sourceId": "in", "targetId": "t", "type": "edge"},
        {"id": "e2", "sourceId": "t", "targetId": "out", "type": "edge"},
    ]
    return json.dumps({"nodes": nodes, "edges": edges})


SINGLE = ["agency", "amount", "care_days", "is_urgent"]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(conditions(negation=False), min_size=1, max_size=8),
    st.lists(FILES, min_size=1, max_size=8),
)
def test_zen_engine_finds_the_samerows_of_cells(specifications, files):
    kept = [{name: cell for name, cell in row.items() if name in SINGLE} for row in specifications]
    rows = rows_of_cells(kept)
    if not rows:
        return
    table = CompiledTable(rows)
    decision = zen.ZenEngine().create_decision(_zen_table(rows, SINGLE))
    for file in files:
        known = {name: value for name, value in file.items() if name in SINGLE}
        # startsWith refuses a missing text, so words are given and only numbers left out.
        known.setdefault("agency", "OTHER")
        answer = decision.evaluate(known)["result"]
        hits = [item["row"] for item in answer] if isinstance(answer, list) else []
        ours = [rows[n].id for n in rows_of(table.match(values_of(known, SINGLE)))]
        assert hits == ours
