"""What a change of reference data touches: open files, and the rules in force (impact)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session

from medcontrol.services.code_uses import count_files, named_codes
from medcontrol.services.tables import Report
from selectivity.lifecycle.store import in_force
from selectivity.naming import rules_naming


@dataclass(frozen=True, slots=True)
class Impact:
    """What refers to the rows that a file adds or changes.

    Attributes:
        files: open control files.
        rules: ids of rules and strata in force; None where rules never name such codes.
        rule_set: which version they stand in.
    """

    files: int
    rules: tuple[str, ...] | None
    rule_set: str

    def as_json(self) -> dict[str, Any]:
        """Return the impact as plain values."""
        rules = None if self.rules is None else list(self.rules)
        return {"files": self.files, "rules": rules, "rule_set": self.rule_set}


def impact_of(session: Session, report: Report, jurisdiction: str, day: date) -> Impact | None:
    """Return what a report's added and changed rows touch; None when there are none.

    Two small statements, however many rows.
    """
    if not report.touched:
        return None
    rules = in_force(session, jurisdiction, day)
    codes = named_codes(report.touched)
    return Impact(
        files=count_files(session, jurisdiction, report.touched),
        rules=rules_naming(rules, codes) if codes else None,
        rule_set=rules.name,
    )
