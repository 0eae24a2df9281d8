"""Virtual doctors, agents, secretaries and experts: what waits for them, and what they choose."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import civil_date
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError
from medcontrol.model import UserAccount
from medcontrol.policy import Principal
from medcontrol.services.users import principal_for
from medcontrol.vocabulary import DecisionOutcome, Role, StepKind
from runtime.simulation.answers import Waiting, answer
from runtime.simulation.draws import place, share
from runtime.simulation.extras import Extras
from workflows import commands
from workflows.definition.steps import Outcome
from workflows.tools import Tools

#: Minutes of work in half a day: more than a doctor's points leaves the rest for later.
HALF_DAY = 240
#: A step that ended so often in one file ends the file, or carries it on.
_PATIENCE = 2
_AFFIRMED, _AFFIRMED_AGAIN = 0.15, 0.6
_WEIGHTS: Mapping[DecisionOutcome | None, int] = {
    DecisionOutcome.GRANTED: 60,
    DecisionOutcome.PARTIALLY_GRANTED: 8,
    DecisionOutcome.REFUSED_MEDICAL: 9,
    DecisionOutcome.REFUSED_ADMINISTRATIVE: 3,
    DecisionOutcome.ADJOURNED: 3,
    DecisionOutcome.WITHDRAWN: 1,
    DecisionOutcome.MAINTAINED: 30,
    DecisionOutcome.OVERTURNED: 20,
}
_ONWARD = frozenset(
    {"complete", "booked", "advised", "agreed", "signed", "admissible", "named", "reported", "read",
     "conform", "paid", "close_file"}
)  # fmt: skip

_TASKS = """
SELECT t.id, t.step, t.kind, t.control_file_id, t.points, t.is_medical, t.assigned_doctor_id,
       t.agency_code, t.region_code, t.level, f.reference, f.pack, f.flow, f.nature, f.version,
       f.jurisdiction, r.details, u.id AS user_id,
       (SELECT count(*) FROM human_task b WHERE b.control_file_id = t.control_file_id
        AND b.step = t.step AND b.status = 'done') AS visits
FROM human_task t JOIN control_file f ON f.id = t.control_file_id
JOIN received_file r ON r.id = f.received_file_id
LEFT JOIN user_account u ON u.doctor_id = t.assigned_doctor_id
WHERE t.status = 'open' AND t.held_until IS NULL
  AND (NOT t.is_medical OR t.assigned_doctor_id IS NOT NULL)
ORDER BY t.due_at, f.reference, t.step
"""
_GRANTS = """
SELECT g.role, g.unit_code, g.user_id FROM role_grant g JOIN user_account u ON u.id = g.user_id
WHERE u.is_active AND g.unit_code IS NOT NULL ORDER BY u.login
"""


@dataclass
class People:
    """The fund's people for one simulation.

    Attributes:
        done: steps ended, by pack and outcome.
        refused: what the rules refused, by code: the task stays and is tried again.
        taken: (pack, step, outcome) that were ever taken.
        failed: refusals by task: something else is chosen then.
    """

    tools: Tools
    seed: int
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    taken: set[tuple[str, str, str]] = field(default_factory=set)
    failed: Counter[UUID] = field(default_factory=Counter)

    def work(self, now: datetime) -> int:
        """Let everybody do half a day's work; return how many steps ended."""
        extras = self.extras(now)
        left: defaultdict[UUID, int] = defaultdict(lambda: HALF_DAY)
        before = self.done.total()
        for task, points in self._tasks(extras):
            if task.doctor_id is not None:
                if left[task.doctor_id] <= 0:
                    continue
                left[task.doctor_id] -= points
            self._end(task, extras, now)
        return self.done.total() - before

    def extras(self, now: datetime) -> Extras:
        """Return what makes an answer whole at an instant."""
        return Extras(self.tools, now)

    def _tasks(self, extras: Extras) -> list[tuple[Waiting, int]]:
        with read_only() as session:
            users = _users_by_role(session)
            rows = session.execute(sa.text(_TASKS)).all()
            found = [(self._waiting(row, users, extras, session), row.points) for row in rows]
        return [(task, points) for task, points in found if task is not None]

    def _waiting(
        self, row: Any, users: Mapping[tuple[str, str], Sequence[UUID]], extras: Extras,
        session: Session,
    ) -> Waiting | None:  # fmt: skip
        pack = self.tools.catalog.get(row.pack, row.flow)
        kind, user = StepKind(row.kind), row.user_id
        if kind is StepKind.EXPERT_REPORT:
            user = extras.named_expert(session, row.control_file_id)
        elif not row.is_medical:
            user = self._somebody(row, pack.meta.steps[row.step].roles, users)
        if user is None:
            return None
        return Waiting(
            id=row.id, step=row.step, kind=kind, control_file_id=row.control_file_id,
            reference=row.reference, pack=pack, nature=row.nature, version=row.version,
            details=row.details, user_id=user,
            doctor_id=row.assigned_doctor_id if row.is_medical else None, visits=row.visits,
        )  # fmt: skip

    def _somebody(
        self, row: Any, roles: Sequence[Role], users: Mapping[tuple[str, str], Sequence[UUID]]
    ) -> UUID | None:
        """Return who has one of the roles at the file's agency, region or centre."""
        for role in roles:
            for unit in (row.agency_code, row.region_code, f"{row.jurisdiction}:central"):
                found = users.get((role.value, unit))
                if found:
                    return found[place(self.seed, row.reference, len(found))]
        return None

    def _end(self, task: Waiting, extras: Extras, now: datetime) -> None:
        outcome = self.choose(task)
        try:
            with transaction() as session:
                more = extras.of(session, task, outcome)
                if more is None:
                    self.refused["nothing_free"] += 1
                    return
                command = answer(task, outcome, replace(more, gives=self._facts(task)))
                who = _who(session, task.user_id, now, task.pack.meta.jurisdiction)
                commands.complete_step(session, self.tools, command, principal=who, now=now)
        except DomainError as refusal:
            self.refused[
                f"{task.pack.key} {task.step} {outcome}: {refusal.code} {refusal.field}"
            ] += 1
            self.failed[task.id] += 1
            return
        self.done[f"{task.pack.key} {outcome}"] += 1
        self.taken.add((task.pack.key, task.step, outcome))

    def _facts(self, task: Waiting) -> dict[str, object]:
        """Return the facts that somebody gives at a step: rarely at first, then more."""
        facts, step = task.pack.meta.facts, task.pack.meta.steps[task.step]
        odds = _AFFIRMED_AGAIN if task.visits else _AFFIRMED
        said: dict[str, object] = {}
        for name in step.gives:
            words = f"{task.reference} {task.step} {task.visits} {name}"
            if facts[name].type == "integer" or share(self.seed, words) >= odds:
                continue
            values = facts[name].values
            said[name] = values[place(self.seed, words, len(values))] if values else True
        return said

    def choose(self, task: Waiting) -> str:
        """Return how the step ends: weighted, drawn by file and visit; rare ways first taken once.

        The same seed and the same file choose the same.
        """
        offered = task.outcomes
        fresh = [c for c in offered if (task.pack.key, task.step, c) not in self.taken]
        tries = f"{task.visits} {self.failed[task.id]}"
        draw = random.Random(f"{self.seed} {task.reference} {task.step} {tries}")  # noqa: S311 - no secret
        if fresh and task.visits < _PATIENCE and not self.failed[task.id]:
            return draw.choice(fresh)
        weights = {code: _weight(code, rule) for code, rule in offered.items()}
        if task.visits >= _PATIENCE:
            ending = {c: w for c, w in weights.items() if offered[c].decides or c in _ONWARD}
            weights = ending or weights
        return draw.choices(list(weights), list(weights.values()))[0]


def _weight(code: str, rule: Outcome) -> int:
    if code in _ONWARD:
        return 80
    return _WEIGHTS.get(rule.decides, 5) if rule.decides else 6


def _who(session: Session, user_id: UUID, now: datetime, jurisdiction: str) -> Principal:
    return principal_for(
        session, session.get_one(UserAccount, user_id), civil_date(now, jurisdiction)
    )


def _users_by_role(session: Session) -> dict[tuple[str, str], list[UUID]]:
    """Return accounts by role and unit; those of a central unit also under its jurisdiction."""
    central = {
        row[0]: row[1]
        for row in session.execute(
            sa.text("SELECT code, jurisdiction FROM unit WHERE level = 'central'")
        )
    }
    found: dict[tuple[str, str], list[UUID]] = defaultdict(list)
    for role, unit, user in session.execute(sa.text(_GRANTS)):
        found[role, unit].append(user)
        if unit in central:
            found[role, f"{central[unit]}:central"].append(user)
    return found
