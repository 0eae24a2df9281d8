"""What a bulk opening looks up once for all its files (recherches d'ouverture)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol import journal
from medcontrol.legal.loading import law
from medcontrol.model import Unit
from medcontrol.ports import SelectivityOutcome
from medcontrol.rules.completeness import missing_members
from medcontrol.services.points import Tariff, tariff
from medcontrol.vocabulary import ActorKind
from workflows import engine
from workflows.definition.catalog import Pack
from workflows.definition.facts import Facts
from workflows.definition.thresholds import Measures, compared
from workflows.letters.writing import Sender
from workflows.rights.reviewed import reviewed
from workflows.steps.limits import Limits, limits_of
from workflows.tools import Tools

ACTOR = journal.Actor(ActorKind.SYSTEM, "intake")

_SERIALS = sa.text("SELECT nextval('control_file_serial') FROM generate_series(1, :n)")
# Who last gave an opinion on a person's files, by number, flow and birth date.
_PREVIOUS = sa.text("""
SELECT DISTINCT ON (f.registration_number, f.flow, f.person_birth_date)
       f.registration_number, f.flow, f.person_birth_date, o.doctor_id
FROM control_file f JOIN opinion o ON o.control_file_id = f.id
WHERE f.registration_number = ANY(:numbers)
ORDER BY f.registration_number, f.flow, f.person_birth_date, o.given_at DESC
""")


@dataclass(frozen=True, slots=True)
class ToOpen:
    """A received file that selectivity chose: its row, the message, the decision.

    ``parent_id``: the control file that it is about, when another file opened it.
    """

    received: Mapping[str, Any]
    message: Mapping[str, Any]
    outcome: SelectivityOutcome
    parent_id: UUID | None = None


class Lookups:
    """What the files of one chunk share; a constant number of statements.

    Attributes:
        serials: numbers of the new files, one each.
        previous: who last gave an opinion, by registration number, flow and birth date.
        entitlements: the rights that files review, by received file.
    """

    def __init__(
        self, session: Session, tools: Tools, files: Sequence[ToOpen], now: datetime
    ) -> None:
        self._session, self._tools = session, tools
        found = session.execute(_SERIALS, {"n": len(files)}).scalars()
        self.serials: list[int] = list(found)
        numbers = list({each.received["registration_number"] for each in files})
        self.previous: dict[tuple[str, str, date], UUID] = {
            (row[0], row[1], row[2]): row[3]
            for row in session.execute(_PREVIOUS, {"numbers": numbers})
        }
        self._senders = self._make_senders()
        self._limits: dict[str, Limits] = {}
        self._tariffs: dict[tuple[str, date], Tariff] = {}
        self._packs: dict[tuple[str, str, date], Pack] = {}
        self._facts: dict[tuple[Any, ...], Facts] = {}
        received = [each.received for each in files]
        messages = {each.received["id"]: each.message for each in files}
        self.entitlements = reviewed(
            session, received, self.pack, messages=messages, actor=ACTOR, now=now
        )

    def _make_senders(self) -> dict[str, Sender]:
        names = sa.select(col(Unit.code), col(Unit.name))
        tools = self._tools
        return {
            code: Sender(
                fund=tools.fund_name,
                unit_name=name,
                undo_seconds=tools.undo_seconds,
                ways=tools.letter_ways,
            )
            for code, name in self._session.execute(names)
        }

    def sender(self, agency_code: str) -> Sender:
        """Return who signs the letters of an agency's files."""
        return self._senders[agency_code]

    def pack(self, jurisdiction: str, flow: str, day: date) -> Pack:
        """Return the pack in force on a day."""
        key = (jurisdiction, flow, day)
        if key not in self._packs:
            self._packs[key] = self._tools.catalog.pack(jurisdiction, flow, day)
        return self._packs[key]

    def limits(self, jurisdiction: str) -> Limits:
        """Return the law's limits under today's calendar."""
        if jurisdiction not in self._limits:
            self._limits[jurisdiction] = limits_of(self._session, jurisdiction)
        return self._limits[jurisdiction]

    def tariff(self, jurisdiction: str, day: date) -> Tariff:
        """Return what work counts on a day."""
        if (jurisdiction, day) not in self._tariffs:
            self._tariffs[jurisdiction, day] = tariff(self._session, jurisdiction, day)
        return self._tariffs[jurisdiction, day]

    def facts(self, pack: Pack, each: ToOpen) -> Facts:
        """Return what the flow is told of a file; few sets of facts serve thousands of files."""
        received = each.received
        day, jurisdiction = received["received_on"], received["jurisdiction"]
        known = {
            "channel": received["channel"],
            "nature": received["nature"],
            "lane": each.outcome.lane.value,
            "pieces_missing": bool(missing_members(each.message)),
            "has_provider": bool(each.message.get("provider")),
        }
        known |= _answers(pack, each.message.get("form") or {})
        numbers = law(jurisdiction)
        known |= compared(pack.meta, _measures(each), lambda path: numbers.number(path, day).value)
        key = (pack.key, pack.flow, day, *known.values())
        if key not in self._facts:
            self._facts[key] = engine.opening_facts(
                pack, known, lambda path: numbers.number(path, day).value
            )
        return self._facts[key]


def _measures(each: ToOpen) -> Measures:
    """Return the numbers of a file that thresholds are about."""
    received, message = each.received, each.message
    care = message.get("care") or {}
    first, last = (date.fromisoformat(d) if d else None for d in (care.get("from"), care.get("to")))
    return Measures(
        amount_cents=received["amount_cents"], care_from=first, care_to=last,
        birth_date=received["beneficiary_birth_date"] or received["birth_date"],
        received_on=received["received_on"], lines=len(message.get("lines") or ()),
        form=message.get("form") or {},
    )  # fmt: skip


def _answers(pack: Pack, form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that the sender's form gives; what a fact can't hold gives none."""
    return {
        name: form[fact.answer]
        for name, fact in pack.meta.facts.items()
        if fact.answer and fact.allows(form.get(fact.answer))
    }
