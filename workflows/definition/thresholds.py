"""Facts that compare a number of the file with the law of the day (seuils). Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from medcontrol.rules.calendar import whole_years
from workflows.definition.facts import Facts
from workflows.definition.schema import PackFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Measures:
    """The numbers of a file that a threshold may be about.

    Attributes:
        form: answers of the sender's form; empty where nobody may read them.
    """

    amount_cents: int | None
    care_from: date | None
    care_to: date | None
    birth_date: date
    received_on: date
    lines: int
    form: Mapping[str, Any] = field(default_factory=dict)

    def number(self, of: str) -> int | None:
        """Return the number that a threshold names; none when the file does not say it.

        >>> day = date(2026, 11, 22)
        >>> file = Measures(amount_cents=None, care_from=day, care_to=day, lines=0,
        ...                 birth_date=date(1990, 1, 1), received_on=day)
        >>> file.number("days"), file.number("age_years"), file.number("form.months")
        (1, 36, None)
        """
        if of == "amount_cents":
            return self.amount_cents
        if of == "days":
            if self.care_from is None or self.care_to is None:
                return None
            return (self.care_to - self.care_from).days + 1
        if of == "age_years":
            return whole_years(self.birth_date, self.received_on)
        if of == "lines":
            return self.lines
        found = self.form.get(of.removeprefix("form."))
        return found if isinstance(found, int) and not isinstance(found, bool) else None


def compared(meta: PackFile, file: Measures, law: Callable[[str], int]) -> Facts:
    """Return the facts of a pack that compare a number of the file with the law.

    A number that the file does not say is above nothing.
    """
    found: Facts = {}
    for name, fact in meta.facts.items():
        if fact.above is not None:
            number = file.number(fact.above.of)
            found[name] = number is not None and number > law(fact.above.parameter)
    return found
