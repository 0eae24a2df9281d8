"""A closed file of the past on its way into rows, and what follows from what is known of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from medcontrol import journal
from medcontrol.ids import new_id
from medcontrol.legal.loading import law
from medcontrol.ports import SelectivityOutcome
from medcontrol.reference.motives import motives
from runtime.demo.generator import draws
from runtime.demo.generator.outcomes import Outcome
from runtime.demo.journeys import Journey
from workflows.definition.catalog import Pack


@dataclass(slots=True)
class Closed:
    """One closed file on its way into rows: what is known of it, and the journal so far."""

    pack: Pack
    received: Mapping[str, Any]  # the received file's columns and received_on
    message: Mapping[str, Any]
    selected: SelectivityOutcome
    outcome: Outcome
    journey: Journey
    file: dict[str, Any] = field(default_factory=dict)
    doctor_id: UUID = field(init=False)
    minutes: int = 0  # of doctors
    proposal: UUID | None = None
    decision: UUID = field(default_factory=new_id)
    entries: list[tuple[datetime, journal.Actor, journal.Entry]] = field(default_factory=list)

    def tell(self, at: datetime, actor: journal.Actor, action: str, **facts: Any) -> None:
        """Note a journal entry."""
        self.entries.append((at, actor, journal.Entry(self.file["id"], action, facts)))

    def instant(self, stage: int) -> datetime:
        """Return when a stage ended: evenly between opening and decision."""
        span = self.outcome.decided_at - self.outcome.opened_at
        return self.outcome.opened_at + span * (stage + 1) / len(self.journey.stages)


# What a motive has to explain, and of which kind it is best.
_EFFECTS: dict[str, tuple[str | None, str | None]] = {
    "refused_medical": ("refused", "medical"),
    "refused_administrative": ("refused", "administrative"),
    "refused": ("refused", "medical"),
    "partially_granted": ("modified", None),
    "modified": ("modified", None),
    "adjourned": ("adjourned", None),
}


def appointment_at(closed: Closed) -> datetime:
    """Return when the examination was: an hour before the doctor wrote it down."""
    return closed.outcome.decided_at - timedelta(hours=1)


def civil_day(closed: Closed) -> date:
    """Return the civil day of the decision."""
    return closed.outcome.decided_at.date()


def motive_of(closed: Closed, decided: str) -> str | None:
    """Return a motive that may explain an outcome in this flow, always the same one."""
    effect, kind = _EFFECTS.get(decided, (None, None))
    if effect is None:
        return None
    known = motives(closed.file["jurisdiction"]).values()
    fitting = [m for m in known if m.fits(closed.file["flow"], effect)]
    of_kind = [m for m in fitting if kind is None or m.kind == kind] or fitting
    if not of_kind:
        return None  # nothing has to be explained in this flow
    place = draws.key(0, "motive", closed.received["external_id"]) % len(of_kind)
    return of_kind[place].code


def decided_with(closed: Closed) -> dict[str, Any]:
    """Return pack and numbers of the law that the decision was made with."""
    numbers = law(closed.file["jurisdiction"]).at(closed.file["received_on"])
    return {
        "pack": closed.pack.key,
        "pack_hash": closed.pack.digest,
        "parameters": [
            numbers.value(rule.parameter).facts() for rule in closed.pack.meta.deadlines.values()
        ],
    }
