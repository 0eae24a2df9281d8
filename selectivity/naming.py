"""Which rules name a code (règles qui citent un code); pure."""

from collections.abc import Collection

from selectivity.cells import CodeCell
from selectivity.registry import FEATURES
from selectivity.tables import Conditions, RuleSet


def rules_naming(
    rules: RuleSet, codes: Collection[Collection[tuple[tuple[str, ...], str]]]
) -> tuple[str, ...]:
    """Return the ids of the rows and strata that name one of several combinations of codes.

    A rule names a combination when a cell of it lists a code, negated or not, and no cell asks
    for other codes alone: a rule about ALD renewals does not name first requests of ALD.

    Args:
        rules: the rule set.
        codes: combinations; a code comes with the features by which a cell may ask for it.
    """
    all_rules: tuple[Conditions, ...] = (*rules.rows, *rules.floor)
    return tuple(
        each.id for each in all_rules if any(_names(each, combination) for combination in codes)
    )


def _names(rule: Conditions, codes: Collection[tuple[tuple[str, ...], str]]) -> bool:
    is_named = False
    for features, code in codes:
        asked = [
            (cell, cell.lists_word(_word(feature, code)))
            for feature in features
            if isinstance(cell := rule.when.get(feature), CodeCell)
        ]
        if any(lists for _, lists in asked):
            is_named = True
        elif any(not cell.negated for cell, _ in asked):
            return False
    return is_named


def _word(feature: str, code: str) -> str:
    """Return a code as cells have it: words of an open list are compared in upper case."""
    return code if FEATURES[feature].domain is not None else code.upper()
