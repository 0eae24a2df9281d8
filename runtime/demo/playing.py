"""What the fund's people did with the first files (vie du jour): queues then look alive.

Every move is the real command under the rights of the doctor or agent who has the task.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import cached_property, partial
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import ZONES, civil_date
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError
from medcontrol.model import ControlFile, HumanTask, UserAccount
from medcontrol.policy import Principal
from medcontrol.reference.motives import motives
from medcontrol.services.users import principal_for
from medcontrol.vocabulary import DocumentClass, LineOutcome, MessageAudience
from runtime.demo.generator.arrivals import working_days_after
from workflows import commands
from workflows.commands import CompleteStep, LineVerdict, NewDocument, PieceAsked
from workflows.definition.catalog import Pack
from workflows.steps import booking
from workflows.tools import Tools

REASONING = "Éléments du dossier concordants ; avis conforme aux pièces transmises."
QUESTION = "Bonjour, pouvez-vous confirmer la date de dépôt de l’original ? Merci."
_ANSWERED = 3
# What is played, the scarcer first; a task gets the first one that its step offers.
_DOCTORS = {
    "ask_opinion": 5, "summon": 6, "escalate": 5, "ask_completion": 9, "refused_medical": 4,
    "hold": 8, "message": 5, "partially_granted": 5, "granted": 30,
}  # fmt: skip
_AGENTS = {"booked": 8, "complete": 8}

_DOCTOR_TASKS = """
SELECT * FROM (
    SELECT t.id, t.step, t.control_file_id, f.pack, f.flow, f.version, r.details, u.id AS user_id,
           row_number() OVER (PARTITION BY t.assigned_doctor_id ORDER BY t.due_at, t.id) AS place
    FROM human_task t JOIN control_file f ON f.id = t.control_file_id
    JOIN received_file r ON r.id = f.received_file_id
    JOIN user_account u ON u.doctor_id = t.assigned_doctor_id
    WHERE t.status = 'open' AND t.is_medical AND t.held_until IS NULL AND f.parent_id IS NULL
      AND u.login <> ALL (CAST(:spared AS text[]))
      -- Nobody ends an examination before the person came.
      AND NOT EXISTS (SELECT FROM appointment a WHERE a.control_file_id = f.id
                      AND a.state = 'booked' AND a.starts_at > :now)
) AS mine WHERE place <= 2 ORDER BY place, id
"""
_AGENT_TASKS = """
SELECT DISTINCT ON (t.id) t.id, t.step, t.control_file_id, f.pack, f.flow, f.version, r.details,
       g.user_id
FROM human_task t JOIN control_file f ON f.id = t.control_file_id
JOIN received_file r ON r.id = f.received_file_id
JOIN role_grant g ON g.role = 'agent' AND g.unit_code = t.agency_code
JOIN user_account u ON u.id = g.user_id AND u.login <> ALL (CAST(:spared AS text[]))
WHERE t.status = 'open' AND NOT t.is_medical AND f.parent_id IS NULL ORDER BY t.id, g.user_id
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task that waits for somebody, with what an answer needs."""

    id: UUID
    step: str
    control_file_id: UUID
    pack: Pack
    version: int
    details: Mapping[str, Any]
    user_id: UUID

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What the step offers."""
        return self.pack.meta.steps[self.step].outcomes


@dataclass
class Play:
    """One round of work by the fund's people."""

    tools: Tools
    now: datetime
    share: float = 1.0  # of what is usually played
    more: Mapping[str, int] = field(default_factory=dict)  # moves beside, by name
    wanted_from: date | None = None  # no appointment before this day
    spared: tuple[str, ...] = ()  # logins of those whose work is left alone
    done: Counter[str] = field(default_factory=Counter)
    waiting_for_pieces: list[UUID] = field(default_factory=list)

    def run(self) -> Counter[str]:
        """Play doctors, then agents, then answers of insured people; return what was done.

        What the rules refuse (a conflict of interest, a step that moved) is left out.
        """
        self._round(_DOCTOR_TASKS, self._part(_DOCTORS))
        self._round(_AGENT_TASKS, self._part(_AGENTS))
        for file_id in self.waiting_for_pieces[:_ANSWERED]:
            self._try("answered", partial(self._answer, file_id))
        return self.done

    def _part(self, moves: Mapping[str, int]) -> dict[str, int]:
        return {
            what: max(round(many * self.share), 1) + self.more.get(what, 0)
            for what, many in moves.items()
        }

    def _round(self, query: str, left: dict[str, int]) -> None:
        for task in list(self._waiting(query)):
            move = next(
                (what for what, many in left.items() if many and self._fits(task, what)), None
            )
            if move is None:
                continue
            if self._try(move, partial(self._move, task, move)):
                left[move] -= 1

    def _waiting(self, query: str) -> Iterator[Waiting]:
        with read_only() as session:
            rows = session.execute(
                sa.text(query), {"now": self.now, "spared": list(self.spared)}
            ).all()
        for row in rows:
            pack = self.tools.catalog.get(row.pack, row.flow)
            yield Waiting(
                row.id, row.step, row.control_file_id, pack, row.version, row.details, row.user_id
            )

    def _fits(self, task: Waiting, move: str) -> bool:
        if move in ("hold", "message"):
            return True
        has_lines = bool(task.details.get("lines"))
        if move == "partially_granted" and not has_lines:
            return False
        return move in task.outcomes

    def _try(self, name: str, work: Callable[[Session], None]) -> bool:
        try:
            with transaction() as session:
                work(session)
        except DomainError:
            return False
        self.done[name] += 1
        return True

    def _move(self, task: Waiting, move: str, session: Session) -> None:
        who = self._who(session, task.user_id)
        if move == "hold":
            commands.hold(
                session, self.tools, task.id, until=self._later(6).date(),
                reason="awaiting_opinion", expected_version=task.version, principal=who,
                now=self.now,
            )  # fmt: skip
        elif move == "message":
            commands.write_message(
                session, self.tools, task.control_file_id, QUESTION, MessageAudience.EVERYONE,
                principal=who, now=self.now,
            )  # fmt: skip
        else:
            command = self._command(task, move)
            if move == "booked":
                command = replace(command, **self._slot(session, task))
            commands.complete_step(session, self.tools, command, principal=who, now=self.now)
            if move == "ask_completion":
                self.waiting_for_pieces.append(task.control_file_id)

    def _who(self, session: Session, user_id: UUID) -> Principal:
        user = session.get_one(UserAccount, user_id)
        return principal_for(session, user, civil_date(self.now, "ma"))

    def _command(self, task: Waiting, outcome: str) -> CompleteStep:
        rule = task.pack.meta.outcomes[outcome]
        motive = None
        if rule.needs_motive:
            effect = "modified" if outcome == "partially_granted" else "refused"
            motive = self._motive(task, effect)
        pieces: tuple[PieceAsked, ...] = ()
        if outcome == "ask_completion":
            kinds = list(task.pack.meta.pieces)
            pieces = (PieceAsked(kind=kinds[-1], note="copie lisible"),)
        return CompleteStep(
            task_id=task.id,
            expected_version=task.version,
            outcome=outcome,
            lines=tuple(self._lines(task, outcome)),
            motive_code=motive,
            reasoning=REASONING,
            pieces=pieces,
        )

    def _slot(self, session: Session, task: Waiting) -> dict[str, Any]:
        """Return the first free slot, as the command that books says it; by hand without one."""
        file = session.get_one(ControlFile, task.control_file_id)
        step = session.get_one(HumanTask, task.id)
        ahead = booking.awaited(session, task.pack, file, step)
        found = booking.offers(
            session, task.pack, file, ahead,
            booking.Search(limit=1, first_day=self.wanted_from), now=self.now,
        )  # fmt: skip
        if not found.slots:
            return {"appointment_at": self._later(20)}
        slot = found.slots[0]
        return {
            "appointment_at": slot.span.starts_at, "with_doctor": slot.doctor_id,
            "room_id": slot.room_id, "place": slot.place or "Au domicile",
        }  # fmt: skip

    def _lines(self, task: Waiting, outcome: str) -> Iterator[LineVerdict]:
        """Yield an opinion on each line that agrees with the outcome; a partial one cuts one."""
        asked = task.details.get("lines", ())
        for place, line in enumerate(asked):
            cents = int(line["amount"].replace(".", ""))
            if outcome == "granted" or (outcome == "partially_granted" and place):
                yield LineVerdict(
                    line_no=line["no"], outcome=LineOutcome.ACCEPTED, amount_cents=cents
                )
            elif outcome == "partially_granted":
                yield LineVerdict(
                    line_no=line["no"], outcome=LineOutcome.MODIFIED,
                    amount_cents=cents * 7 // 10, motive_code=self._motive(task, "modified"),
                )  # fmt: skip
            elif outcome == "refused_medical":
                yield LineVerdict(
                    line_no=line["no"], outcome=LineOutcome.REFUSED,
                    motive_code=self._motive(task, "refused"),
                )  # fmt: skip

    def _motive(self, task: Waiting, effect: str) -> str | None:
        known = motives(task.pack.meta.jurisdiction).values()
        fitting = [one for one in known if one.fits(task.pack.flow, effect)]
        medical = [one for one in fitting if one.kind == "medical"] or fitting
        return medical[0].code if medical else None

    def _answer(self, file_id: UUID, session: Session) -> None:
        """Let the pieces arrive that were asked for, in the portal's name."""
        document = NewDocument(
            kind="other", title="Pièces complémentaires", content=self._scan,
            document_class=DocumentClass.MEDICAL,
        )  # fmt: skip
        user = session.execute(
            sa.text(
                "SELECT g.user_id FROM role_grant g JOIN control_file f ON f.id = :id"
                " WHERE g.role = 'agent' AND g.unit_code = f.agency_code LIMIT 1"
            ),
            {"id": file_id},
        ).scalar_one()
        commands.add_documents(
            session, self.tools, file_id, [document], by=self._who(session, user), now=self.now
        )

    @cached_property
    def _scan(self) -> bytes:
        """A page, the first that the store has: what it shows does not matter."""
        digest = next(iter(self.tools.documents.digests()), None)
        return self.tools.documents.get(digest) if digest else b"%PDF-1.4\n%%EOF\n"

    def _later(self, working_days: int) -> datetime:
        """Return 10:00 some working days from now."""
        days = working_days_after(civil_date(self.now, "ma"))
        for _ in range(working_days - 1):
            next(days)
        return datetime.combine(next(days), time(10, 0), ZONES["ma"])
