"""What a letter may say (contexte): checked parts, frozen as they were written.

A letter has nothing medical: the context has no place for it.
"""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from medcontrol.vocabulary import DecisionOutcome, LineOutcome


class Part(BaseModel):
    """A part of a context: frozen, and nothing else may stand in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Addressee(Part):
    """To whom the letter goes, and the address in lines."""

    name: str = Field(min_length=1)
    address: tuple[str, ...] = ()


class AskedPiece(Part):
    """A piece that is asked for; ``note`` is shareable wording."""

    label: str = Field(min_length=1)
    note: str = ""


class Appointment(Part):
    """When and where the examination is; ``starts_at`` in the zone of the fund, with offset."""

    starts_at: datetime
    place: str = Field(min_length=1)
    bring: tuple[str, ...] = ()


class DecidedLine(Part):
    """A line of the request and what was decided; ``motive`` is shareable wording."""

    label: str
    outcome: LineOutcome
    requested: str = ""
    granted: str = ""
    motive: str = ""


class DecisionPart(Part):
    """What was decided. Motives are the coded, shareable wordings, in the letter's language.

    Attributes:
        not_due: what was asked for and not granted, as an amount with its currency.
    """

    outcome: DecisionOutcome
    decided_on: date
    motives: tuple[str, ...] = ()
    lines: tuple[DecidedLine, ...] = ()
    entitlement_number: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    next_review_on: date | None = None
    is_renewal: bool = False
    not_due: str | None = None


class Appeal(Part):
    """How to contest: days from notification (law), and where to write."""

    days: int = Field(ge=1)
    address: str = Field(min_length=1)


class Stated(Part):
    """An answer of the step that sends the letter, with its label in the letter's language."""

    label: str = Field(min_length=1)
    value: str | date


class ReviewPart(Part):
    """The right that is reviewed."""

    entitlement_number: str = Field(min_length=1)
    ends_on: date | None = None
    review_on: date


class ContestPart(Part):
    """What an appeal contests, by when it had to be filed, and by when the person may comment."""

    reference: str = Field(min_length=1)
    flow: str = Field(min_length=1)
    decided_on: date
    filed_on: date
    limit_on: date
    observations_by: date
    contests: Literal["medical", "administrative", "both"]


class MissionPart(Part):
    """An expert's mission: what and whom it is about stands in the expert's account only."""

    expert: str = Field(min_length=1)
    questions: int = Field(ge=1)
    due_on: date
    access_until: date
    is_in_person: bool


class CalculatedLine(Part):
    """A line of a calculation with its values, and the place of the rule."""

    text: str = Field(min_length=1)
    section: str = ""


class CutLine(Part):
    """Minutes that were not accepted, and why."""

    minutes: str = Field(min_length=1)
    why: str = Field(min_length=1)


class CalculatedPeriod(Part):
    """Days of a bill, worked out line by line."""

    first: date
    last: date
    lines: tuple[CalculatedLine, ...]
    cuts: tuple[CutLine, ...] = ()


class LawLine(Part):
    """A parameter that a calculation rests on, the day from which it holds, and the text."""

    label: str = Field(min_length=1)
    value: str = Field(min_length=1)
    since: date
    title: str = Field(min_length=1)


class CalculationPart(Part):
    """A provider's own bill worked out, and what of it is kept or asked back; whole minutes."""

    bill: str = Field(min_length=1)
    month: date
    plan: tuple[CalculatedLine, ...] = ()
    periods: tuple[CalculatedPeriod, ...]
    lines: tuple[CalculatedLine, ...]
    reasons: tuple[str, ...] = ()
    law: tuple[LawLine, ...] = ()
    paid: int = Field(ge=0)
    disputed: int = Field(ge=0)
    kept: int = Field(ge=0)
    recovered: int = Field(ge=0)


class Verification(Part):
    """Where whoever holds the letter can ask whether it is genuine; drawn as a QR code."""

    address: str = Field(min_length=1)
    at: str = Field(min_length=1)
    code: str = Field(min_length=1)


class LetterContext(Part):
    """Everything that a letter may say. The groups are there when the letter ``needs`` them.

    Attributes:
        fund: name of the fund. service: the unit that signs. place: town of the letter.
        reference: the file's. flow: title of the flow, in the letter's language.
        registration_number: the insured person's. beneficiary: name, when it is another.
        stated: the answers that the letter ``prints``, those that were given.
    """

    fund: str = Field(min_length=1)
    service: str = Field(min_length=1)
    service_address: tuple[str, ...] = ()
    place: str = Field(min_length=1)
    written_on: date
    reference: str = Field(min_length=1)
    flow: str = Field(min_length=1)
    received_on: date
    registration_number: str = Field(min_length=1)
    addressee: Addressee
    beneficiary: str | None = None
    pieces: tuple[AskedPiece, ...] | None = None
    answer_by: date | None = None
    appointment: Appointment | None = None
    decision: DecisionPart | None = None
    appeal: Appeal | None = None
    review: ReviewPart | None = None
    contest: ContestPart | None = None
    mission: MissionPart | None = None
    calculation: CalculationPart | None = None
    verification: Verification | None = None
    stated: tuple[Stated, ...] = ()
