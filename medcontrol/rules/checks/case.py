"""What a computed check reads and says (contrôle calculé): it explains, a person decides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Literal

from medcontrol.vocabulary import DecisionOutcome, EntitlementStatus, Relation


class Verdict(StrEnum):
    """What a check says of a file."""

    FITS = "fits"
    ATTENTION = "attention"  # a person has to look: near a limit, or unusual
    EXCEEDS = "exceeds"  # beyond what the parameter allows
    UNKNOWN = "unknown"  # something that it needs is not there


Unit = Literal[
    "cents", "days", "weeks", "months", "years", "count", "rate", "date", "text"
]  # rates in ten-thousandths


@dataclass(frozen=True, slots=True)
class Figure:
    """A value that went into a check, or came out of it. Named in ``checks.yaml``."""

    name: str
    value: int | Decimal | date | str
    unit: Unit


@dataclass(frozen=True, slots=True)
class Found:
    """The result of a check.

    Attributes:
        figures: in the order in which a reader follows the computation.
    """

    verdict: Verdict
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A line of a request. Money in centimes."""

    no: int
    act: str
    label: str = ""
    quantity: Decimal | None = None
    amount_cents: int | None = None
    tooth: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class PastFile:
    """An earlier file of the same person, as far as administration knows it.

    Attributes:
        granted_cents: what the decision left of ``amount_cents``; the same when the file was not
            controlled; none while it is open.
    """

    flow: str
    nature: str
    received_on: date
    closed_on: date | None = None
    outcome: DecisionOutcome | None = None
    care_from: date | None = None
    care_to: date | None = None
    amount_cents: int | None = None
    granted_cents: int | None = None
    lines: tuple[CaseLine, ...] = ()
    answers: Mapping[str, Any] = field(default_factory=dict)
    notice: "Notice | None" = None


@dataclass(frozen=True, slots=True)
class Notice:
    """The last decision on a file that its person was told of, as long as it stands.

    Known of earlier files of the same flow, closed or waiting for an objection.
    """

    reference: str
    outcome: DecisionOutcome
    on: date


@dataclass(frozen=True, slots=True)
class PastRight:
    """A right of the person (droit ouvert); ``granted_on``: when it was first given."""

    kind: str
    code: str | None
    valid_from: date
    valid_to: date | None
    status: EntitlementStatus
    granted_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A file as its checks read it.

    Attributes:
        received_on: civil day of receipt; the law of this day counts.
        birth_date: of the person the care is for.
        relation: what that person is to the insured one; none when they are the same.
        answers: the sender's form, administrative members alone.
        typed: what the step's form holds so far.
        medical: diagnoses and pathology, for checks that are medical; else empty. With the
            pathology come ``validity`` (``reviews.Validity``) and ``criteria`` (codes).
        today: the civil day on which the check is made.
        pieces: kinds of the documents that the file holds.
        entered_on: the person's last known entry into an establishment (long-term care).
        past: earlier files of the person, newest first.
        rights: the person's rights, newest first.
        number: the law's number under a path, on the day of receipt: dirhams in centimes, shares
            in ten-thousandths.
    """

    flow: str
    nature: str
    channel: str
    received_on: date
    birth_date: date
    number: Callable[[str], int]
    relation: Relation | None = None
    amount_cents: int | None = None
    care_from: date | None = None
    care_to: date | None = None
    lines: tuple[CaseLine, ...] = ()
    authorisation: str | None = None
    ald_number: str | None = None
    prescriber_specialty: str | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    typed: Mapping[str, Any] = field(default_factory=dict)
    medical: Mapping[str, Any] = field(default_factory=dict)
    today: date | None = None
    pieces: frozenset[str] = frozenset()
    entered_on: date | None = None
    past: tuple[PastFile, ...] = ()
    rights: tuple[PastRight, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check.

    Attributes:
        is_medical: whether it reads medical content; only who may read that sees it.
        parameters: paths of the dated law that it reads, for the reader to look up.
    """

    name: str
    is_medical: bool
    parameters: tuple[str, ...]
    compute: Callable[[Case], Found]


CHECKS: Final[dict[str, Check]] = {}
"""Every check by name; filled by the modules that ``medcontrol.rules.checks`` imports."""


def check(
    name: str, *, medical: bool = False, parameters: tuple[str, ...] = ()
) -> Callable[[Callable[[Case], Found]], Callable[[Case], Found]]:
    """Register a pure function as a check."""

    def register(compute: Callable[[Case], Found]) -> Callable[[Case], Found]:
        if name in CHECKS:
            raise ValueError(f"the check {name} is registered twice")
        CHECKS[name] = Check(name, medical, parameters, compute)
        return compute

    return register
