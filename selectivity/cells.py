"""The closed grammar of a cell (case de la table), and what each cell accepts."""

from dataclasses import dataclass
from enum import StrEnum

Scalar = str | int | bool
Value = Scalar | tuple[str, ...] | None
"""A value while rules run: days are ordinals, several words a tuple; ``None``, ``()``: missing."""


class Missing(StrEnum):
    """What a cell says of a value that is not there. Nothing is ever guessed from absence."""

    NO = "no"  # does not match (the default)
    YES = "yes"  # matches as well
    ONLY = "only"  # matches nothing else


@dataclass(frozen=True, slots=True)
class CodeCell:
    """Words: any of some codes, or of some beginnings of codes; or, negated, none of them.

    Attributes:
        codes: whole words, those of the named lists included.
        prefixes: beginnings of words, never empty strings.
        lists: named lists as "name@version", for display.
        negated: none of the words may be there.
    """

    codes: frozenset[str]
    prefixes: frozenset[str] = frozenset()
    lists: tuple[str, ...] = ()
    negated: bool = False
    missing: Missing = Missing.NO

    def lists_word(self, word: str) -> bool:
        """Return whether the word, or its beginning, is named in the cell."""
        return word in self.codes or any(word.startswith(prefix) for prefix in self.prefixes)

    def accepts(self, value: Value) -> bool:
        """Return whether the cell lets the value through."""
        if value is None or value == ():
            return self.missing is not Missing.NO
        if self.missing is Missing.ONLY:
            return False
        words = value if isinstance(value, tuple) else (str(value),)
        return any(self.lists_word(word) for word in words) != self.negated


@dataclass(frozen=True, slots=True)
class IntervalCell:
    """Whole numbers or days: from ``low`` (included) to ``high`` (not included).

    Bounds are whole, so that "greater than 5" is "from 6" and every end is exact. ``None`` is
    no bound. ``negated`` means outside.
    """

    low: int | None = None
    high: int | None = None
    negated: bool = False
    missing: Missing = Missing.NO

    @property
    def is_empty(self) -> bool:
        """Return whether no number lies between the bounds."""
        return self.low is not None and self.high is not None and self.low >= self.high

    def accepts(self, value: Value) -> bool:
        """Return whether the cell lets the value through."""
        if value is None:
            return self.missing is not Missing.NO
        if self.missing is Missing.ONLY:
            return False
        if isinstance(value, str | tuple):
            raise TypeError(f"{value!r} is no number")
        above = self.low is None or value >= self.low
        below = self.high is None or value < self.high
        return (above and below) != self.negated


@dataclass(frozen=True, slots=True)
class FlagCell:
    """Yes or no."""

    value: bool
    missing: Missing = Missing.NO

    def accepts(self, value: Value) -> bool:
        """Return whether the cell lets the value through."""
        if value is None:
            return self.missing is not Missing.NO
        return self.missing is not Missing.ONLY and value is self.value


@dataclass(frozen=True, slots=True)
class AbsentCell:
    """The value must not be there: ``missing: only`` and nothing else."""

    missing: Missing = Missing.ONLY

    def accepts(self, value: Value) -> bool:
        """Return whether the cell lets the value through."""
        return value is None or value == ()


Cell = CodeCell | IntervalCell | FlagCell | AbsentCell
