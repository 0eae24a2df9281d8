"""What can be wrong with a rule set (jeu de règles), always with row and column."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from medcontrol.errors import InvalidInput

Severity = Literal["block", "warn"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with, or doubtful about, a rule set.

    Attributes:
        code: stable word for the kind of fault, "unknown_feature".
        message: what is wrong and what would be right.
        row: id of the row, or its place ("row 3") when it has none; "" for the set itself.
        column: feature or member of the row; "" for the row itself.
        severity: ``block`` keeps the set from being used, ``warn`` does not.
        detail: ids and codes that it is about, the same in every language.
    """

    code: str
    message: str
    row: str = ""
    column: str = ""
    severity: Severity = "block"
    detail: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the finding as plain data."""
        return asdict(self)

    def __str__(self) -> str:
        """Return "row / column: message", leaving out what is empty."""
        place = " / ".join(part for part in (self.row, self.column) if part)
        return f"{place}: {self.message}" if place else self.message


class RuleSetFault(InvalidInput):
    """A rule set can't be read; ``findings`` lists every fault, not only the first."""

    code = "selectivity.rule_set_fault"

    def __init__(self, source: str, findings: Sequence[Finding]) -> None:
        self.source = source
        self.findings = tuple(findings)
        lines = "\n".join(f"{source}: {finding}" for finding in findings)
        super().__init__(lines, field=self.findings[0].column or None)


class Faults:
    """Collects faults while a file is read, so that one reading reports them all."""

    def __init__(self) -> None:
        self.found: list[Finding] = []

    def add(self, code: str, message: str, *, row: str = "", column: str = "") -> None:
        """Note one fault and go on reading."""
        self.found.append(Finding(code, message, row, column))
