"""The compiled table against an obvious evaluator and an independent engine."""

import json
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import zen
from hypothesis import given, settings
from hypothesis import strategies as st

from selectivity.cell_grammar import CellFault, parse_cell
from selectivity.cells import Cell, CodeCell, FlagCell, IntervalCell
from selectivity.compiled import CompiledTable, as_words, rows_of
from selectivity.features import columns_of, values_of
from selectivity.registry import FEATURES
from selectivity.tables import accepts

WORDS = ["A", "AB", "ABC", "B", "BA", "É", "C-1"]
NUMBERS = st.integers(-3, 8)
DAYS = [f"2026-11-{day:02}" for day in range(18, 24)]


@dataclass(frozen=True)
class AnyRow:
    """Only what matching needs of a row."""

    id: str
    when: MappingProxyType[str, Cell]


def _maybe_missing(cell: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from([{}, {"missing": "no"}, {"missing": "yes"}]).map(lambda m: {**cell, **m})


def _word_cells(negation: bool) -> st.SearchStrategy[dict[str, Any]]:
    words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)
    plain = st.fixed_dictionaries({}, optional={"in": words, "prefix": words}).filter(bool)
    cells = plain.flatmap(_maybe_missing)
    if not negation:
        return plain
    policy = st.sampled_from(["no", "yes"])
    excluded = st.fixed_dictionaries(
        {"missing": policy}, optional={"not_in": words, "not_prefix": words}
    )
    absent = st.just({"missing": "only"})
    return cells | excluded.filter(lambda cell: len(cell) > 1) | absent


def _interval_cells(
    negation: bool, end: st.SearchStrategy[Any] = NUMBERS
) -> st.SearchStrategy[dict[str, Any]]:
    low = st.sampled_from(["ge", "gt"]).flatmap(lambda name: end.map(lambda value: {name: value}))
    high = st.sampled_from(["le", "lt"]).flatmap(lambda name: end.map(lambda value: {name: value}))
    both = st.tuples(low, high).map(lambda ends: {**ends[0], **ends[1]})
    plain = low | high | both
    if not negation:
        return plain
    policy = st.sampled_from(["no", "yes"])
    outside = st.tuples(plain, policy).map(lambda pair: {"outside": pair[0], "missing": pair[1]})
    return plain.flatmap(_maybe_missing) | outside | st.just({"missing": "only"})


def _flag_cells(negation: bool) -> st.SearchStrategy[dict[str, Any]]:
    plain = st.booleans().map(lambda value: {"is": value})
    return plain.flatmap(_maybe_missing) | st.just({"missing": "only"}) if negation else plain


def _conditions(negation: bool) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "agency": _word_cells(negation),
            "acts": _word_cells(negation),
            "amount": _interval_cells(negation),
            "care_days": _interval_cells(negation),
            "care_from": _interval_cells(negation, st.sampled_from(DAYS)),
            "is_urgent": _flag_cells(negation),
        },
    )


FILES = st.fixed_dictionaries(
    {},
    optional={
        "agency": st.sampled_from([*WORDS, "OTHER"]),
        "acts": st.lists(st.sampled_from([*WORDS, "OTHER"]), min_size=1, max_size=3, unique=True),
        "amount": NUMBERS,
        "care_days": NUMBERS,
        "care_from": st.sampled_from(DAYS),
        "is_urgent": st.booleans(),
    },
)


def _rows(specifications: list[dict[str, Any]]) -> list[AnyRow]:
    """Return rows; a cell that is empty by its bounds is left out, with its whole row."""
    rows = []
    for number, when in enumerate(specifications):
        try:
            cells = {name: parse_cell(cell, FEATURES[name], {}) for name, cell in when.items()}
        except CellFault as fault:
            if fault.code != "empty_interval":
                raise
            continue
        rows.append(AnyRow(f"r{number}", MappingProxyType(cells)))
    return rows


@settings(max_examples=150, deadline=None)
@given(
    st.lists(_conditions(negation=True), min_size=1, max_size=12),
    st.lists(FILES, min_size=1, max_size=12),
    st.integers(1, 40),
)
def test_scalar_numpy_and_cell_by_cell_evaluation_agree(specifications, files, copies):
    # Copies of the rows carry the table over the borders of 64-bit words.
    rows = _rows(specifications) * copies
    table = CompiledTable(rows)
    values = [values_of(file, FEATURES_USED) for file in files]
    naive = [[n for n, row in enumerate(rows) if accepts(row, value)] for value in values]

    assert [rows_of(table.match(value)) for value in values] == naive
    columns = columns_of(files, FEATURES_USED)
    assert [rows_of(mask) for mask in table.match_masks(columns, len(files))] == naive


FEATURES_USED = ["agency", "acts", "amount", "care_days", "care_from", "is_urgent"]


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
    st.lists(_conditions(negation=False), min_size=1, max_size=8),
    st.lists(FILES, min_size=1, max_size=8),
)
def test_zen_engine_finds_the_same_rows(specifications, files):
    kept = [{name: cell for name, cell in row.items() if name in SINGLE} for row in specifications]
    rows = _rows(kept)
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
