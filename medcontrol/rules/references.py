"""Reference of a control file, with a check digit (``ALD-2026-0000123-4``)."""

import re
from dataclasses import dataclass
from typing import Self

from medcontrol.errors import DomainError

_PATTERN = re.compile(r"([A-Z]{2,4})-([0-9]{4})-([0-9]{7})-([0-9])", re.ASCII)
LAST_NUMBER = 9_999_999

# Quasigroup of order 10 by H. M. Damm (2004): every single wrong digit and every swap of two
# neighbours changes the check digit.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


class WrongReference(DomainError):
    """This is no reference of a control file."""

    code = "reference.wrong"


class WrongCheckDigit(WrongReference):
    """The last digit does not fit: a digit of the reference was mistyped."""

    code = "reference.check_digit"


@dataclass(frozen=True, slots=True)
class Reference:
    """Flow prefix, year of opening and running number within both.

    Examples:
        >>> str(Reference("ALD", 2026, 123))
        'ALD-2026-0000123-1'
        >>> Reference.parse(" ald-2026-0000123-1 ").number
        123
    """

    prefix: str
    year: int
    number: int

    def __post_init__(self) -> None:
        """Refuse parts that could not be read back."""
        if not re.fullmatch(r"[A-Z]{2,4}", self.prefix, re.ASCII):
            raise WrongReference("the prefix is 2 to 4 capital letters", field="prefix")
        if not 1000 <= self.year <= 9999:
            raise WrongReference("the year has four digits", field="year")
        if not 1 <= self.number <= LAST_NUMBER:
            raise WrongReference(f"the number runs from 1 to {LAST_NUMBER}", field="number")

    def __str__(self) -> str:
        """Return the reference as it is printed."""
        return f"{self.prefix}-{self.year}-{self.number:07}-{self._check_digit()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference as typed: spaces around it and small letters are tolerated.

        Raises:
            WrongReference: not of this form.
            WrongCheckDigit: of this form, but mistyped.
        """
        match = _PATTERN.fullmatch(text.strip().upper())
        if match is None:
            raise WrongReference("expected a form like ALD-2026-0000123-1", field="reference")
        reference = cls(match[1], int(match[2]), int(match[3]))
        if str(reference)[-1] != match[4]:
            raise WrongCheckDigit(field="reference")
        return reference

    def _check_digit(self) -> int:
        letters = "".join(str(ord(letter) - ord("A") + 10) for letter in self.prefix)
        return check_digit(f"{letters}{self.year}{self.number:07}")


def make_reference(prefix: str, year: int, number: int) -> str:
    """Return the printed reference; raises ``WrongReference`` naming the part that is wrong."""
    return str(Reference(prefix, year, number))


def check_digit(digits: str) -> int:
    """Return the Damm check digit of decimal digits.

    Examples:
        >>> check_digit("572")
        4
    """
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim
