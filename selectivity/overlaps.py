"""Rows that can match the same file and ask for different levels (recouvrements): warnings."""

from selectivity.faults import Finding
from selectivity.reasoning import can_meet, pairs_of
from selectivity.registry import FEATURES, Registry
from selectivity.tables import Row, RowKind, RuleSet


def overlaps(rules: RuleSet, registry: Registry = FEATURES) -> tuple[Finding, ...]:
    """Return a warning for each row whose files another row may send to a higher level.

    That may not be what the author of the row had in mind. Not part of ``check``: it compares
    every two rows.
    """
    rows = [(row, pairs_of(row)) for row in rules.rows if _controls(row)]
    higher: dict[str, list[Row]] = {}
    for number, (row, pairs) in enumerate(rows):
        for other, others in rows[:number]:
            if row.level is not other.level and pairs & others and can_meet(row, other, registry):
                narrow, wide = sorted((row, other), key=lambda each: each.level.rank)
                higher.setdefault(narrow.id, []).append(wide)
    return tuple(_finding(row, higher[row.id]) for row, _ in rows if row.id in higher)


def _controls(row: Row) -> bool:
    return row.kind is not RowKind.SAFE_HARBOUR and row.lane is not None and row.lane.is_controlled


def _finding(row: Row, wider: list[Row]) -> Finding:
    names = ", ".join(f"{each.id} ({each.level})" for each in wider)
    text = f"rows of a higher level can match the same file: {names}"
    return Finding("overlap", text, row.id, "level", "warn", names)
