"""Files about files before the demonstration's day: appeals, expertises, second readings."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.clock import civil_date
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError
from medcontrol.model import Expert, UserAccount
from medcontrol.policy import QUALITY, Principal
from medcontrol.services.users import principal_for
from runtime.simulation.answers import Extra, Waiting
from runtime.simulation.extras import Extras
from runtime.simulation.people import People
from workflows.linked.appeals import RegisterAppeal, receive_observations, register_appeal
from workflows.linked.quality import move_readings
from workflows.linked.quality_draws import draw_campaign
from workflows.tools import Tools

Plan = Mapping[str, str]
_ADMITTED = {"admissibility": "admissible"}
_HEARD = _ADMITTED | {"counter_examination": "to_commission"}
_SET = _HEARD | {"hearing": "booked"}
# How far each appeal comes, the oldest first: it stops at the first step that is not named.
APPEALS: tuple[Plan, ...] = (
    _SET | {"commission": "overturned"},
    _ADMITTED | {"counter_examination": "expertise"},
    _SET | {"commission": "maintained"},
    {"admissibility": "inadmissible"},
    _ADMITTED | {"counter_examination": "overturned"},
    _ADMITTED | {"counter_examination": "expertise"},
    _SET,
    _HEARD,
    _ADMITTED,
    {"admissibility": "incomplete"},
    _ADMITTED | {"counter_examination": "maintained"},
    {},
    {},
)
#: Appeals that are registered in each round, and those whose person answered what was found.
_EACH_ROUND = 3
_OBSERVED = frozenset({0, 2, 4})
_EXPERTISES: tuple[Plan, ...] = (
    {"expert_naming": "named", "expert_report": "reported"},
    {"expert_naming": "named"},
)
#: Of second readings in a row, one differs and the last ones are left to the reader.
_DIFFERS, _LEFT = 3, 4
_WORDS = (
    "Mon médecin traitant confirme l’indication ; je demande un nouvel examen du dossier.",
    "Le refus ne tient pas compte du compte rendu opératoire joint à la demande.",
    "Le montant accordé est inférieur au tarif de la convention.",
)
_OBSERVATIONS = "J’ai pris connaissance du rapport et joins un certificat de mon médecin."

_CONTESTED = """
SELECT f.id, f.reference FROM control_file f
WHERE f.jurisdiction = 'ma' AND f.parent_id IS NULL AND f.status = 'closed'
  AND f.outcome IN ('refused_medical', 'partially_granted')
  AND f.closed_at BETWEEN :since AND :before
ORDER BY f.region_code <> :region, f.closed_at DESC, f.reference LIMIT :many
"""
_LINKED = """
SELECT f.id, f.reference FROM control_file f WHERE f.flow = :flow ORDER BY f.opened_at, f.reference
"""
_OBSERVED_FILES = """
SELECT id FROM control_file WHERE flow = 'appeal' AND status = 'awaiting_observations'
"""
_SECRETARY = "SELECT user_id FROM role_grant WHERE role = 'appeals_secretary' ORDER BY 1 LIMIT 1"


class _WithFirstExpert(Extras):
    """Names the first expert of the list."""

    def of(self, session: Session, task: Waiting, outcome: str) -> Extra | None:
        """Return what the step needs, with that expert where one is named."""
        first = session.exec(
            select(Expert.id).where(col(Expert.is_active)).order_by(col(Expert.code))
        ).first()
        found = super().of(session, task, outcome)
        if found is None or first is None or "expert" not in found.form:
            return found
        return replace(found, form={**found.form, "expert": str(first)})


class _Planned(People):
    """People who end exactly the steps that a plan names."""

    plans: Mapping[str, Plan]

    def extras(self, now: datetime) -> Extras:
        """Return what steps need; the expert is the one whom visitors can be."""
        return _WithFirstExpert(self.tools, now)

    def _tasks(self, extras: Extras) -> list[tuple[Waiting, int]]:
        return [each for each in super()._tasks(extras) if self._next(each[0])]

    def choose(self, task: Waiting) -> str:
        """Return what the plan says of this step."""
        return self._next(task) or "withdrawn"

    def _next(self, task: Waiting) -> str | None:
        if task.visits:
            return None
        return self.plans.get(task.reference, {}).get(task.step)


@dataclass
class Beside:
    """What is contested, examined by experts and read again, round after round.

    Attributes:
        tools: of this process.
        region: where visitors look first.
        seed: the fund's.
        done: steps and registrations, by name.
    """

    tools: Tools
    region: str
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    _people: _Planned = field(init=False)

    def __post_init__(self) -> None:
        """Gather the people once."""
        self._people = _Planned(self.tools, self.seed)

    def begin(self, now: datetime) -> None:
        """Draw this month's decisions for second readings."""
        with transaction() as session:
            for day in {civil_date(now, "ma").replace(day=1), _month_before(now)}:
                draw_campaign(session, self.tools.keys, "ma", day.isoformat()[:7], now=now)

    def round(self, now: datetime) -> None:
        """Register some appeals, open readings, and let everybody do what the plans name."""
        self._register(now)
        move_readings(self.tools, "ma", now=lambda: now)
        for _ in range(3):  # what one person ends, the next one begins
            self._people.plans = self._plans()
            before = self._people.done.total()
            self._people.work(now)
            self._observe(now)
            if self._people.done.total() == before:
                break
        self.done.update(self._people.done)
        self.refused.update(self._people.refused)
        self._people.done.clear()
        self._people.refused.clear()

    def _plans(self) -> dict[str, Plan]:
        """Return the plan of each linked file, by reference."""
        with read_only() as session:
            appeals, expertises, readings = (
                [row.reference for row in session.execute(sa.text(_LINKED), {"flow": flow})]
                for flow in ("appeal", "expertise", QUALITY)
            )
        found = dict(zip(appeals, APPEALS, strict=False))
        found |= zip(expertises, _EXPERTISES, strict=False)
        found |= zip(readings[:-_LEFT], _readings(), strict=False)
        return found

    def _register(self, now: datetime) -> None:
        """Let people contest who were refused something in the last weeks."""
        begun = self.done["appeal"]
        many = min(_EACH_ROUND, len(APPEALS) - begun)
        with read_only() as session:
            since, before = _weeks_before(now, 6), _weeks_before(now, 1)
            asked = {"since": since, "before": before, "region": self.region, "many": 4 * many}
            found = session.execute(sa.text(_CONTESTED), asked).all()
        for place, row in enumerate(found):
            if self.done["appeal"] >= begun + many:
                break
            command = RegisterAppeal(
                contested_file_id=row.id, filed_on=civil_date(now, "ma"), filed_by="insured",
                contests="medical", reasons=_WORDS[place % len(_WORDS)],
            )  # fmt: skip
            self._try("appeal", lambda session, c=command: register_appeal(
                session, self.tools, c, by=_secretary(session, now), now=now
            ))  # fmt: skip

    def _observe(self, now: datetime) -> None:
        """Let those answer who were told what was found."""
        with read_only() as session:
            appeals = session.execute(sa.text(_LINKED), {"flow": "appeal"}).all()
            waiting = set(session.execute(sa.text(_OBSERVED_FILES)).scalars())
        for place, row in enumerate(appeals):
            if row.id in waiting and place in _OBSERVED:
                self._try("observations", lambda session, file_id=row.id: receive_observations(
                    session, self.tools, file_id, _OBSERVATIONS,
                    principal=_secretary(session, now), now=now,
                ))  # fmt: skip

    def _try(self, name: str, work: Any) -> None:
        try:
            with transaction() as session:
                work(session)
        except DomainError as refusal:
            self.refused[f"{name}: {refusal.code} {refusal.field}"] += 1
            return
        self.done[name] += 1


def _readings() -> Iterator[Plan]:
    """Yield how readings end: most as the first decision, one in some otherwise."""
    place = 0
    while True:
        place += 1
        if place % _DIFFERS:
            yield {"second_reading": "granted", "grid": "conform"}
        else:
            yield {"second_reading": "refused_medical", "grid": "minor"}


def _secretary(session: Session, now: datetime) -> Principal:
    user: UUID = session.execute(sa.text(_SECRETARY)).scalar_one()
    return principal_for(session, session.get_one(UserAccount, user), civil_date(now, "ma"))


def _weeks_before(now: datetime, weeks: int) -> datetime:
    return now - timedelta(weeks=weeks)


def _month_before(now: datetime) -> date:
    day = civil_date(now, "ma").replace(day=1)
    return (day.replace(year=day.year - 1, month=12) if day.month == 1
            else day.replace(month=day.month - 1))  # fmt: skip
