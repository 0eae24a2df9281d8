"""Random cells, rows, files and rule sets, as Hypothesis draws them for tests of selectivity."""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from selectivity.cell_grammar import CellFault, parse_cell
from selectivity.cells import Cell
from selectivity.registry import FEATURES

WORDS = ["A", "AB", "ABC", "B", "BA", "É", "C-1"]
NUMBERS = st.integers(-3, 8)
DAYS = [f"2026-11-{day:02}" for day in range(18, 24)]
FEATURES_USED = ["agency", "acts", "amount", "care_days", "care_from", "is_urgent"]


@dataclass(frozen=True)
class AnyRow:
    """Only what matching needs of a row."""

    id: str
    when: MappingProxyType[str, Cell]


def _maybe_missing(cell: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from([{}, {"missing": "no"}, {"missing": "yes"}]).map(lambda m: {**cell, **m})


def word_cells(negation: bool = True) -> st.SearchStrategy[dict[str, Any]]:
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


def interval_cells(
    negation: bool = True, end: st.SearchStrategy[Any] = NUMBERS
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


def flag_cells(negation: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    plain = st.booleans().map(lambda value: {"is": value})
    return plain.flatmap(_maybe_missing) | st.just({"missing": "only"}) if negation else plain


def conditions(negation: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """Return cells by feature, of every kind."""
    return st.fixed_dictionaries(
        {},
        optional={
            "agency": word_cells(negation),
            "acts": word_cells(negation),
            "amount": interval_cells(negation),
            "care_days": interval_cells(negation),
            "care_from": interval_cells(negation, st.sampled_from(DAYS)),
            "is_urgent": flag_cells(negation),
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


def rows_of_cells(specifications: list[dict[str, Any]]) -> list[AnyRow]:
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


# --- whole rule sets -----------------------------------------------------------------------------

_NASTY = st.sampled_from(
    ["=1+1", "@SUM(A1)", "+33", "-", '"', "null", "true", "12", " ", "\t", "a\r\nb", "x_x000D_",
     "\u2028", "\u202f;", "﻿", "'", "a: b", "[a", "#", "é\u0301", "😀", "\x07", "\x85", "{"]
)  # fmt: skip
TEXTS = (
    st.lists(_NASTY | st.text(max_size=8), min_size=1, max_size=3).map("".join).filter(str.strip)
)
_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)


def _no_empty_interval(when: dict[str, Any]) -> bool:
    try:
        for name, cell in when.items():
            parse_cell(cell, FEATURES[name], {"many@1": frozenset({"A"})})
    except CellFault:
        return False
    return True


_LISTED = st.just({"in_list": ["many@1"], "in": "Z"})
_WHEN = st.one_of(conditions(), st.fixed_dictionaries({"agency": _LISTED})).filter(
    _no_empty_interval
)
_EXAMPLES = st.lists(st.dictionaries(TEXTS, _PLAIN, max_size=3), min_size=1, max_size=2)
_EFFECTS = st.fixed_dictionaries(
    {"lane": st.sampled_from(["green", "blue", "orange", "red"])},
    optional={
        "kind": st.sampled_from(["mandatory", "targeting", "safe_harbour"]),
        "level": st.sampled_from(["local", "regional", "central"]),
        "mode": st.sampled_from(["on_file", "in_person"]),
        "rate": st.integers(1, 10_000),
        "daily_quota": st.integers(1, 10**6),
    },
)
_ROWS = st.fixed_dictionaries(
    {
        "id": TEXTS,
        "when": _WHEN,
        "then": _EFFECTS,
        "reason": st.fixed_dictionaries(
            {"msgid": TEXTS, "fr": TEXTS}, optional={"ar": TEXTS, "en": st.none() | TEXTS}
        ),
        "rationale": TEXTS,
        "owner": TEXTS,
        "expires_on": st.dates().map(str),
        "examples": st.fixed_dictionaries({"positive": _EXAMPLES, "negative": _EXAMPLES}),
    }
)
_STRATA = st.fixed_dictionaries(
    {
        "id": TEXTS,
        "when": _WHEN,
        "then": st.fixed_dictionaries(
            {"rate": st.integers(1, 10_000)},
            optional={"lane": st.sampled_from(["orange", "blue"]), "level": st.just("regional")},
        ),
    }
)
CONTENTS = st.fixed_dictionaries(
    {
        "code": TEXTS,
        "version": st.integers(1, 10**6),
        "valid_from": st.dates().map(str),
        "lists": st.dictionaries(
            TEXTS.map(lambda name: f"{name.replace('@', '')}x@2"),
            st.lists(TEXTS | st.just(""), max_size=3),
            max_size=2,
        ).map(lambda lists: {**lists, "many@1": ["A", "BA"]}),
        "rows": st.lists(_ROWS, min_size=1, max_size=4, unique_by=lambda row: row["id"]),
        "floor": st.lists(_STRATA, min_size=1, max_size=2, unique_by=lambda row: row["id"]),
    }
)
"""Rule sets that can be read, with everything in them that a file format may stumble over."""
