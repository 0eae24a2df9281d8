"""The calendar of a simulation: each day has its gate, its people, its clocks and its night."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as hour
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from medcontrol import journal
from medcontrol.clock import ZONES
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError
from medcontrol.ids import new_id
from medcontrol.intake import Line
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import DocumentClass
from runtime.demo.generator import Fund
from runtime.simulation.draws import share
from runtime.simulation.luxembourg import load_luxembourg
from runtime.simulation.people import People
from runtime.simulation.report import Report, fill
from runtime.simulation.subjects import Subjects
from workflows import commands
from workflows.commands import NewDocument
from workflows.gate.counts import BatchName
from workflows.gate.intake import take_in
from workflows.linked.quality import move_readings
from workflows.rights.reviews import open_due_reviews
from workflows.sweeping import assign_pool, sweep_deadlines, wake_holds
from workflows.tools import Tools

log = logging.getLogger(__name__)

_SCAN = b"%PDF-1.4\n%%EOF\n"
#: Pieces, and reasons of a provider, come after a day or more, or never: then the clocks speak.
#: A decision is objected to far more rarely.
_ANSWERS = {"awaiting_completion": 0.25, "awaiting_notification": 0.03}
_ASKED = """
SELECT f.id, f.reference, f.status FROM control_file f
WHERE f.status = ANY (:statuses) AND :since > coalesce(
    (SELECT max(c.requested_at) FROM completion_request c
     WHERE c.control_file_id = f.id AND c.answered_at IS NULL), f.opened_at)
ORDER BY f.reference
"""
#: Files of each flow and nature that come with "control required" every day.
_REQUIRED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What is simulated.

    Attributes:
        first: the first day. days: how many, from 1. files_per_day: received on a working day.
        seed: the same seed and the same code give the same month.
    """

    first: date
    days: int
    files_per_day: int
    seed: int


def simulate(
    tools: Tools, fund: Fund, month: Month, *, on_day: Callable[[Report], None] | None = None
) -> Report:
    """Drive a month and return what came of it.

    The database is the caller's and is filled: never that of a fund.
    """
    begun = time.monotonic()
    report = Report(days=month.days, files_per_day=month.files_per_day)
    run = _Run(tools, fund, month)
    for day in (month.first + timedelta(days=n) for n in range(month.days)):
        run.day(day)
        if on_day is not None:
            fill(report, now=run.now, packs=run.packs)
            on_day(report)
    fill(report, now=run.now, packs=run.packs)
    report.untaken = sorted(run.untaken())
    run.people.refused.update(run.subjects.refused)
    report.refused = dict(run.people.refused.most_common(40))
    report.steps = run.people.done.total()
    report.seconds = round(time.monotonic() - begun, 1)
    return report


class _Run:
    """A simulation under way."""

    def __init__(self, tools: Tools, fund: Fund, month: Month) -> None:
        self.tools, self.fund, self.month = tools, fund, month
        self.people = People(tools, month.seed)
        self.subjects = Subjects(tools, month.seed)
        self.packs = [pack.key for pack in _latest(tools, month.first)]
        self.now = datetime.combine(month.first, hour(0), ZONES["ma"])
        with transaction() as session:
            load_luxembourg(session, month.first)
        with read_only() as session:
            self.calendar: WorkingCalendar = working_calendar(session, "ma")

    def day(self, day: date) -> None:
        """Live one day: night work, gate, two half days of people, clocks in between."""
        self._at(day, hour(5))
        self._night()
        if not self.calendar.is_working_day(day):
            self._clocks()
            return
        self._at(day, hour(8, 15))
        take_in(self.tools, self._lines(day), batch=BatchName(new_id(), "day"), now=self._clock)
        for at in (hour(9), hour(13, 30)):
            self._at(day, at)
            self._clocks()
            for jurisdiction in ("ma", "lu"):
                assign_pool(jurisdiction, now=self._clock)
            self._answer()
            self.subjects.appear(self.now)
            self.people.work(self.now)
        self._at(day, hour(18))
        self._clocks()

    def untaken(self) -> Iterator[str]:
        """Yield what no virtual person ever chose, as ``pack step outcome``."""
        for pack in _latest(self.tools, self.month.first):
            for step, rule in pack.meta.steps.items():
                for outcome in rule.outcomes:
                    if (pack.key, step, outcome) not in self.people.taken:
                        yield f"{pack.key} {step} {outcome}"

    def _at(self, day: date, at: hour) -> None:
        self.now = datetime.combine(day, at, ZONES["ma"])

    def _clock(self) -> datetime:
        return self.now

    def _clocks(self) -> None:
        sweep_deadlines(self.tools, now=self._clock)
        wake_holds(self.tools, now=self._clock)
        move_readings(self.tools, "ma", now=self._clock)

    def _night(self) -> None:
        open_due_reviews(self.tools, now=self._clock)

    def _lines(self, day: date) -> Iterator[Line]:
        """Yield the day's messages; some of each flow and nature come with control required."""
        lines = self.fund.make_day(day, self.month.files_per_day, faults=0.001).lines()
        seen: defaultdict[tuple[str, str], int] = defaultdict(int)
        more = self.subjects.messages(day)
        for number, raw in enumerate((*lines, *more), 1):
            body = _required(raw, seen)
            yield Line(no=number, raw=body, size=len(body))

    def _answer(self) -> None:
        """Let some of what was asked for arrive, and some people object."""
        values = {"since": self.now - timedelta(days=1), "statuses": list(_ANSWERS)}
        with read_only() as session:
            asked = session.execute(sa.text(_ASKED), values).all()
        for file_id, reference, status in asked:
            if share(self.month.seed, f"pieces {reference} {self.now}") < _ANSWERS[status]:
                self._send_pieces(file_id)

    def _send_pieces(self, file_id: UUID) -> None:
        document = NewDocument(
            kind="other", title="Pièces complémentaires", content=_SCAN,
            document_class=DocumentClass.MEDICAL,
        )  # fmt: skip
        try:
            with transaction() as session:
                commands.add_documents(
                    session, self.tools, file_id, [document], by=journal.SYSTEM, now=self.now
                )
        except DomainError as refusal:
            self.people.refused[f"pieces: {refusal.code}"] += 1


def _latest(tools: Tools, on: date) -> list[Any]:
    """Return the packs in force on a day, each once."""
    found: dict[str, Any] = {}
    for pack in tools.catalog:
        for flow in pack.meta.flows:
            best = tools.catalog.pack(pack.meta.jurisdiction, flow, on)
            found[best.key] = best
    return [found[key] for key in sorted(found)]


def _required(raw: bytes, seen: defaultdict[tuple[str, str], int]) -> bytes:
    """Return a message that asks for control while few of its kind did today."""
    try:
        message: Mapping[str, Any] = orjson.loads(raw)
        kind = (str(message["flow"]), str(message["nature"]))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return raw  # a faulty one, on purpose
    seen[kind] += 1
    if seen[kind] > _REQUIRED:
        return raw
    return orjson.dumps({**message, "control": {"required": True}})
