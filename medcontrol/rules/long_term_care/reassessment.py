"""When a person is reassessed, by whom, and what a refusal blocks (réévaluation)."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from medcontrol.rules.calendar import add_months
from medcontrol.rules.long_term_care.facts import CareFault

_MONTHS = 12


class Benefit(StrEnum):
    """What a person receives: in kind (PN), in cash (PE) or both."""

    IN_KIND = "in_kind"
    CASH = "cash"
    MIXED = "mixed"


class CarriedBy(StrEnum):
    """Who assesses: the provider on a mandate, or the administration (AEC) itself."""

    PROVIDER = "provider"
    ADMINISTRATION = "administration"


class Ground(StrEnum):
    """Why a person is reassessed."""

    PERIODIC = "periodic"  # the administration looks again (art. 366)
    ESTABLISHMENT = "establishment"  # the person entered an establishment
    REQUEST = "request"  # the person or the provider asks


@dataclass(frozen=True, slots=True, kw_only=True)
class ReassessmentTerms:
    """Waiting times of art. 351 and 366, as of the notice of the final decision."""

    in_kind_months: int
    carer_months: int
    establishment_days: int
    request_months: int
    reapplication_years: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known of a person when a reassessment is looked at.

    Attributes:
        benefit: what the person receives.
        has_carer: somebody at home does all or part of the care.
        notified_on: notice of the last final decision.
        entered_on: day of entry into an establishment after it.
        requested_on: last request of reassessment.
        refused_on: notice of a refusal because the threshold was not met.
        shows_change: a doctor's report shows a fundamental change.
    """

    benefit: Benefit
    has_carer: bool
    notified_on: date
    entered_on: date | None = None
    requested_on: date | None = None
    refused_on: date | None = None
    shows_change: bool = False

    def __post_init__(self) -> None:
        """Refuse an entry before the decision and a carer of somebody who gets only services."""
        if self.entered_on is not None and self.entered_on < self.notified_on:
            detail = f"{self.entered_on} is before the decision of {self.notified_on}"
            raise CareFault("order", detail, field="entered_on")


@dataclass(frozen=True, slots=True)
class Earliest:
    """The first day on which a reassessment is possible, and the parameter it rests on."""

    day: date
    rests_on: str


def carried_by(situation: Situation) -> CarriedBy:
    """Return who assesses: in-kind files go to the provider, the others stay."""
    in_kind = situation.benefit is Benefit.IN_KIND and not situation.has_carer
    return CarriedBy.PROVIDER if in_kind else CarriedBy.ADMINISTRATION


def earliest(situation: Situation, ground: Ground, terms: ReassessmentTerms) -> Earliest:
    """Return the first day on which a reassessment may be opened.

    Raises:
        CareFault: the ground does not fit what is known of the person.
    """
    if ground is Ground.ESTABLISHMENT:
        if situation.entered_on is None:
            raise CareFault("required", "the day of entry is not known", field="entered_on")
        wait = timedelta(days=terms.establishment_days)
        return Earliest(situation.entered_on + wait, "reassessment.establishment_days")
    if ground is Ground.REQUEST:
        return _on_request(situation, terms)
    if situation.has_carer:
        day = add_months(situation.notified_on, terms.carer_months)
        return Earliest(day, "reassessment.carer_months")
    day = add_months(situation.notified_on, terms.in_kind_months)
    return Earliest(day, "reassessment.in_kind_months")


def _on_request(situation: Situation, terms: ReassessmentTerms) -> Earliest:
    if situation.refused_on is not None and not situation.shows_change:
        day = add_months(situation.refused_on, terms.reapplication_years * _MONTHS)
        return Earliest(day, "reassessment.reapplication_years")
    if situation.requested_on is not None and not situation.shows_change:
        day = add_months(situation.requested_on, terms.request_months)
        return Earliest(day, "reassessment.request_months")
    return Earliest(situation.notified_on, "reassessment.request_months")
