"""Values that the law changes on known days (paramètres légaux datés)."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from typing import Generic, TypeVar

from medcontrol.errors import ParameterNotInForce

Value = int | Decimal | Fraction | time | bool | str
ValueT = TypeVar("ValueT", bound=Value, covariant=True)


class Status(StrEnum):
    """Where a value comes from when it is not the text of the law itself."""

    UNCONFIRMED = "a_confirmer"
    CNOPS = "cnops"
    FRANCE = "france"
    TUNISIA = "tunisie"
    PROJECT_DEFAULT = "defaut"


@dataclass(frozen=True, slots=True)
class Unit:
    """What a value is counted in; ``kind`` says how it is written and typed."""

    code: str
    kind: str
    label_fr: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The text that a value was read in; without an address when none is known."""

    title: str
    href: str | None = None
    published_on: date | None = None


@dataclass(frozen=True, slots=True)
class DatedValue(Generic[ValueT]):
    """A value with what a decision must keep of it: path, start date, source.

    ``until`` is the last day on which it holds, when the law ended it without another value.
    """

    value: ValueT
    since: date
    path: str
    reference: Reference
    status: Status | None = None
    until: date | None = None

    def facts(self) -> dict[str, str]:
        """Return path, start date and value as text, for ``Decision.decided_with``."""
        return {"path": self.path, "since": self.since.isoformat(), "value": str(self.value)}


@dataclass(frozen=True)
class DatedParameter(Generic[ValueT]):
    """One fact of law through time.

    ``values`` ascends by start date, has at least one member and no start date twice.
    """

    path: str
    description: str
    unit: Unit
    values: tuple[DatedValue[ValueT], ...]
    reviewed_on: date
    notes: str | None = None

    @cached_property
    def _starts(self) -> list[date]:
        return [value.since for value in self.values]

    def at(self, day: date) -> DatedValue[ValueT]:
        """Return the value that holds on ``day``.

        A value holds from its start date, included, to the next start date, excluded, or to
        its own last day, included.

        Raises:
            ParameterNotInForce: ``day`` is before the first start date or after the last day.
        """
        index = bisect_right(self._starts, day)
        if index == 0:
            raise ParameterNotInForce(
                f"{self.path} has no value on {day}; the first one starts on {self._starts[0]}",
                field=self.path,
            )
        found = self.values[index - 1]
        if found.until is not None and day > found.until:
            raise ParameterNotInForce(
                f"{self.path} has no value on {day}; it ended on {found.until}", field=self.path
            )
        return found


class UnknownParameter(LookupError):
    """No parameter has this path, or it is of another kind: a fault in our code or a pack."""


class Parameters:
    """Every parameter of one jurisdiction, by path (``clocks.complement_days``)."""

    def __init__(self, jurisdiction: str, by_path: Mapping[str, DatedParameter[Value]]) -> None:
        self.jurisdiction = jurisdiction
        self._by_path = dict(sorted(by_path.items()))

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path, in alphabetical order."""
        return tuple(self._by_path)

    def parameter(self, path: str) -> DatedParameter[Value]:
        """Return the parameter under a path.

        Raises:
            UnknownParameter: there is none.
        """
        try:
            return self._by_path[path]
        except KeyError:
            raise UnknownParameter(f"no parameter {self.jurisdiction}/{path}") from None

    def whole(self, path: str) -> DatedParameter[int]:
        """Return a parameter that counts something (days, months, people)."""
        return self._of_kind(path, "whole")  # type: ignore[return-value]

    def decimal(self, path: str) -> DatedParameter[Decimal]:
        """Return a parameter that is an exact decimal (shares, dirhams)."""
        return self._of_kind(path, "decimal")  # type: ignore[return-value]

    def fraction(self, path: str) -> DatedParameter[Fraction]:
        """Return a parameter that is an exact fraction."""
        return self._of_kind(path, "fraction")  # type: ignore[return-value]

    def time(self, path: str) -> DatedParameter[time]:
        """Return a parameter that is a local time of day."""
        return self._of_kind(path, "time")  # type: ignore[return-value]

    def flag(self, path: str) -> DatedParameter[bool]:
        """Return a parameter that is yes or no."""
        return self._of_kind(path, "flag")  # type: ignore[return-value]

    def word(self, path: str) -> DatedParameter[str]:
        """Return a parameter that is one of several ways to read the law."""
        return self._of_kind(path, "word")  # type: ignore[return-value]

    def number(self, path: str, day: date) -> DatedValue[int]:
        """Return the whole number that holds on a day; for paths that come from a pack.

        Raises:
            UnknownParameter: no such path, or it holds no whole number.
            ParameterNotInForce: the day is before the first start date.
        """
        return self.whole(path).at(day)

    def counted(self, path: str, day: date) -> int:
        """Return a number that holds on a day: dirhams in centimes, shares in ten-thousandths.

        Raises:
            UnknownParameter: no such path, or what it holds is no number.
            ParameterNotInForce: the day is before the first start date.
        """
        parts = _PARTS.get(self.parameter(path).unit.code)
        if parts is None:
            return self.number(path, day).value
        return int(self.decimal(path).at(day).value * parts)

    def at(self, day: date) -> "LawOfDay":
        """Return the law as it stands on a day."""
        return LawOfDay(self, day)

    def _of_kind(self, path: str, kind: str) -> DatedParameter[Value]:
        parameter = self.parameter(path)
        if parameter.unit.kind != kind:
            raise UnknownParameter(f"{path} is counted in {parameter.unit.code}, not a {kind}")
        return parameter


#: Into how many parts the house counts a unit that is written with decimals.
_PARTS = {"share": 10_000, "dirham": 100}


@dataclass(frozen=True, slots=True)
class LawOfDay:
    """The law of one jurisdiction on one day."""

    parameters: Parameters
    day: date

    def number(self, path: str) -> DatedValue[int]:
        """Return the whole number under a path; raises as ``Parameters.number``."""
        return self.parameters.number(path, self.day)

    def value(self, path: str) -> DatedValue[Value]:
        """Return the value under a path, of whatever kind."""
        return self.parameters.parameter(path).at(self.day)
