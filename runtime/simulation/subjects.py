"""What begins beside the gate: appeals, second readings, files that follow, care in Luxembourg."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from datetime import time as hour
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import ZONES, civil_date
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError
from medcontrol.model import UserAccount
from medcontrol.services.users import principal_for
from runtime.simulation.answers import REASONING
from runtime.simulation.draws import place, share
from workflows.effects.successions import TOPIC
from workflows.linked.appeals import CONTESTS, FILED_BY, RegisterAppeal, register_appeal
from workflows.linked.quality import move_readings
from workflows.linked.successions import open_asked
from workflows.tools import Tools

#: One refusal in so many is contested, some days after the letter.
_APPEALED = 0.2
_THINKS_FOR = timedelta(days=3)
_REFUSED = """
SELECT f.id, f.reference FROM control_file f
WHERE f.jurisdiction = 'ma' AND f.parent_id IS NULL AND f.status = 'closed'
  AND f.outcome IN ('refused_medical', 'partially_granted') AND f.closed_at < :before
  AND NOT EXISTS (SELECT FROM control_file c WHERE c.parent_id = f.id AND c.flow = 'appeal')
ORDER BY f.reference
"""
_FOLLOWING = """
SELECT id FROM outbox_message
WHERE topic = :topic AND done_at IS NULL AND next_try_at <= :now ORDER BY created_at, key
"""
_SECRETARY = "SELECT user_id FROM role_grant WHERE role = 'appeals_secretary' ORDER BY 1 LIMIT 1"
#: Natures of care in Luxembourg and how many of each come every working day.
_CARE = {
    ("care_reassessment", "periodic"): 2, ("care_reassessment", "requested"): 2,
    ("fluctuation_control", "sample"): 1, ("fluctuation_control", "rule"): 2,
}  # fmt: skip
_AGENCIES = ("AEC-LUX", "AEC-ESCH", "AEC-DIEK")


class Subjects:
    """Whoever appeals, is drawn for a second reading, or receives care in Luxembourg."""

    def __init__(self, tools: Tools, seed: int) -> None:
        """Keep the tools and the seed."""
        self._tools, self._seed = tools, seed
        self.refused: list[str] = []

    def appear(self, now: datetime) -> None:
        """Open readings that are drawn and files that follow; register appeals thought over."""
        move_readings(self._tools, "ma", now=lambda: now)
        self._follow(now)
        with read_only() as session:
            found = session.execute(sa.text(_REFUSED), {"before": now - _THINKS_FOR}).all()
        for file_id, reference in found:
            if share(self._seed, f"appeal {reference}") < _APPEALED:
                self._appeal(file_id, reference, now)

    def _follow(self, now: datetime) -> None:
        """Do what the relay and a worker do with files that decisions asked for."""
        with read_only() as session:
            due = session.execute(sa.text(_FOLLOWING), {"topic": TOPIC, "now": now}).scalars().all()
        for message_id in due:
            with transaction() as session:
                open_asked(session, self._tools, message_id, now=now)

    def _appeal(self, file_id: UUID, reference: str, now: datetime) -> None:
        command = RegisterAppeal(
            contested_file_id=file_id,
            filed_on=civil_date(now, "ma"),
            filed_by=FILED_BY[0],
            contests=CONTESTS[0],
            reasons=REASONING,
        )
        try:
            with transaction() as session:
                by = _secretary(session, now)
                register_appeal(session, self._tools, command, by=by, now=now)
        except DomainError as refusal:
            self.refused.append(f"appeal {reference}: {refusal.code}")

    def messages(self, day: date) -> Iterator[bytes]:
        """Yield the messages of long-term care of a day: flows that the invented fund has not."""
        for (flow, nature), count in _CARE.items():
            for number in range(count):
                yield orjson.dumps(self._care(day, flow, nature, number))

    def _care(self, day: date, flow: str, nature: str, number: int) -> dict[str, Any]:
        at = datetime.combine(day, hour(8), ZONES["lu"])
        identity = f"{flow}:{nature}:{day}:{number}"
        last = place(self._seed, identity, 10)
        in_kind = share(self._seed, f"benefit {identity}") < 0.7
        message = {
            "schema": "medcontrol.intake.v1",
            "source": "simulation",
            "external_id": identity,
            "received_at": at.isoformat(),
            "jurisdiction": "lu",
            "scheme": "long_term_care",
            "flow": flow,
            "nature": nature,
            "channel": "periodic" if nature in ("periodic", "sample", "rule") else "portal",
            "agency": _AGENCIES[number % len(_AGENCIES)],
            "insured": {
                "registration_number": f"19{40 + number}0101{day:%m%d}{last}",
                "family_name": "Muller",
                "given_name": "Jeanne",
                "birth_date": f"19{40 + number}-01-01",
            },
            "provider": {"id": "ZZ-900001", "name": "Réseau fictif", "kind": "care_network"},
            "form": {"benefit": "in_kind" if in_kind else "mixed", "has_carer": not in_kind},
            "control": {"required": True},
        }
        if share(self._seed, f"provider {identity}") < 0.2:
            del message["provider"]
        return message


def _secretary(session: Session, now: datetime) -> Any:
    user = session.execute(sa.text(_SECRETARY)).scalar_one()
    return principal_for(session, session.get_one(UserAccount, user), civil_date(now, "ma"))
