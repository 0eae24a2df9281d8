"""A rule set as one SELECT that DuckDB and PostgreSQL both run (export), for analysts.

The table of files has a column for each feature: text, ``text[]``, bigint, date or boolean, NULL
where a value is missing. Every condition says what NULL does, so that none is ever unknown.
"""

from collections.abc import Sequence
from datetime import date

from selectivity.cells import AbsentCell, Cell, CodeCell, FlagCell, IntervalCell, Missing
from selectivity.registry import FEATURES, Feature, FeatureKind, Registry
from selectivity.tables import Conditions, Row, RuleSet, Stratum

_TYPES = {
    FeatureKind.CODE: "text",
    FeatureKind.CODES: "text[]",
    FeatureKind.INTEGER: "bigint",
    FeatureKind.DATE: "date",
    FeatureKind.FLAG: "boolean",
}
_HITS = ("row_id", "kind", "lane", "level", "mode", "rate", "reason", "expires_on")
_STRATA = ("stratum", "rate", "lane", "level", "place")


def to_sql(rules: RuleSet, registry: Registry = FEATURES, *, table: str = "files") -> str:
    """Return two statements: the rows that each file matches, and the stratum of each file.

    Args:
        rules: the rule set. Draws, quotas and the sequence of the engine are not part of it.
        registry: features that the rules name.
        table: name of the table of files, which has an ``id``.
    """
    name = _identifier(table)
    columns = "\n".join(f"--   {line}" for line in _columns([*rules.rows, *rules.floor], registry))
    hits = select_hits(rules.rows, registry, table=table)
    strata = ",\n".join(
        f"    ({_stratum(stratum, place)}, {condition(stratum, registry)})"
        for place, stratum in enumerate(rules.floor)
    )
    head = (
        f"-- {_comment(rules.name)}, SHA-256 {rules.sha256}\n-- {name} has:\n--   id\n{columns}\n"
    )
    return (
        f"{head}\n-- every row that a file matches; a row ends with expires_on\n{hits}"
        f"\n-- the stratum of random control that a file falls in\n"
        f"SELECT DISTINCT ON (f.id) f.id, s.stratum, s.rate, s.lane, s.level\n"
        f"FROM {name} AS f\nCROSS JOIN LATERAL (VALUES\n{strata}\n"
        f") AS s({', '.join(_STRATA)}, is_hit)\nWHERE s.is_hit\nORDER BY f.id, s.place;\n"
    )


def select_hits(
    rows: Sequence[Conditions], registry: Registry = FEATURES, *, table: str = "files"
) -> str:
    """Return the statement that lists every file with every row that it matches."""
    values = ",\n".join(f"    ({_row(row)}, {condition(row, registry)})" for row in rows)
    shown = ", ".join(f"r.{name}" for name in _HITS)
    return (
        f"SELECT f.id, {shown}\nFROM {_identifier(table)} AS f\nCROSS JOIN LATERAL (VALUES\n"
        f"{values}\n) AS r({', '.join(_HITS)}, is_hit)\nWHERE r.is_hit\nORDER BY f.id, r.row_id;\n"
    )


def condition(row: Conditions, registry: Registry = FEATURES) -> str:
    """Return all cells of a row as one condition over the file ``f``; never NULL."""
    tests = [_cell(f"f.{_identifier(n)}", cell, registry[n]) for n, cell in row.when.items()]
    return " AND ".join(tests) or "TRUE"


def _cell(column: str, cell: Cell, feature: Feature) -> str:
    is_many = feature.kind is FeatureKind.CODES
    absent = f"coalesce(cardinality({column}), 0) = 0" if is_many else f"{column} IS NULL"
    present = f"cardinality({column}) > 0" if is_many else f"{column} IS NOT NULL"
    if isinstance(cell, AbsentCell):
        return f"({absent})"
    is_words = is_many and isinstance(cell, CodeCell)
    test = _many(column, cell) if is_words else _test(column, cell, feature)
    if cell.missing is Missing.YES:
        return f"({absent} OR {test})"
    # Not a bare test: NULL would make the whole condition unknown, also under a later NOT.
    return f"(coalesce({present}, FALSE) AND {test})" if is_many else f"({present} AND {test})"


def _test(column: str, cell: Cell, feature: Feature) -> str:
    match cell:
        case FlagCell():
            return column if cell.value else f"NOT {column}"
        case CodeCell():
            return f"{'NOT ' if cell.negated else ''}({_named(column, cell)})"
        case IntervalCell():
            return f"{'NOT ' if cell.negated else ''}({_inside(column, cell, feature)})"
    raise AssertionError(cell)


def _many(column: str, cell: Cell) -> str:
    assert isinstance(cell, CodeCell)  # noqa: S101 - several words have no other cells
    source = f"FROM unnest({column}) AS w(word) WHERE {_named('w.word', cell)}"
    return f"{'NOT ' if cell.negated else ''}EXISTS (SELECT 1 {source})"


def _named(column: str, cell: CodeCell) -> str:
    codes = ", ".join(map(_text, sorted(cell.codes)))
    tests = [f"{column} IN ({codes})"] if codes else []
    tests += [f"starts_with({column}, {_text(prefix)})" for prefix in sorted(cell.prefixes)]
    return " OR ".join(tests)


def _inside(column: str, cell: IntervalCell, feature: Feature) -> str:
    def end(number: int) -> str:
        is_day = feature.kind is FeatureKind.DATE
        return f"DATE '{date.fromordinal(number).isoformat()}'" if is_day else str(number)

    tests = [f"{column} >= {end(cell.low)}"] if cell.low is not None else []
    tests += [f"{column} < {end(cell.high)}"] if cell.high is not None else []
    return " AND ".join(tests)


def _row(row: Conditions) -> str:
    if not isinstance(row, Row):
        return ", ".join([_text(row.id), *["NULL"] * (len(_HITS) - 1)])
    values = (row.id, row.kind, row.lane, row.level, row.mode)
    words = [_text(str(value)) if value else "NULL" for value in values]
    return ", ".join([*words, str(row.rate), _text(row.reason.code),
                      f"DATE '{row.expires_on.isoformat()}'"])  # fmt: skip


def _stratum(stratum: Stratum, place: int) -> str:
    words = [_text(stratum.id), str(stratum.rate), _text(stratum.lane), _text(stratum.level)]
    return ", ".join([*words, str(place)])


def _columns(rows: Sequence[Conditions], registry: Registry) -> list[str]:
    names = sorted({name for row in rows for name in row.when})
    return [f"{name} {_TYPES[registry[name].kind]}" for name in names]


def _text(word: str) -> str:
    return "'" + word.replace("'", "''").replace("\0", "") + "'"


def _identifier(name: str) -> str:
    return name if name.isidentifier() and name.isascii() else '"' + name.replace('"', '""') + '"'


def _comment(text: str) -> str:
    return " ".join(text.split())
