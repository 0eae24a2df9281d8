"""The board (tableau de charge): doctors and what they hold, units and what is due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from fastapi import APIRouter, Request, Response

from assignment import levers
from assignment.facts import DoctorFacts
from assignment.service import load_doctors
from medcontrol.db import read_only
from medcontrol.queries.absences import AbsenceRow, load_absences
from medcontrol.queries.deadline_alerts import Alerts, load_alerts
from medcontrol.queries.supervision import Board, Breaches, DoctorRow, DueBucket, Measure
from medcontrol.queries.supervision_loading import load_board
from medcontrol.queries.supervision_outlook import Outlook, load_outlook
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.services.calendar import working_calendar
from medcontrol.vocabulary import Role
from ui.board_words import FIGURES
from ui.figure_tables import TYPES
from ui.forms import Sent, member_of, text_of
from ui.rendering import render
from ui.visitors import Me, Visitor

router = APIRouter(prefix="/supervision")
STRIP_DAYS = 14


class DayState(StrEnum):
    """A day of the availability strip."""

    WORKS = "works"
    AWAY = "away"
    CLOSED = "closed"


class BoardSort(StrEnum):
    """Columns that the doctors can be sorted by."""

    NAME = "name"
    LOAD = "load"
    LATE = "late"
    SOON = "soon"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a doctor."""

    on: date
    state: DayState


@dataclass(frozen=True, slots=True)
class DoctorLine:
    """A doctor with what fits into the horizon and the next days."""

    row: DoctorRow
    points: int
    capacity: int
    days: tuple[Day, ...]

    @property
    def share(self) -> float:
        """Open points over capacity; a doctor without capacity who holds work is full."""
        return self.points / self.capacity if self.capacity else float(self.points > 0) * 9


@dataclass(frozen=True, slots=True)
class Projected:
    """The work that is open at the end of a day, if files come in and doctors work as usual."""

    on: date
    points: int


@dataclass(frozen=True, slots=True)
class BoardPage:
    """What the page draws."""

    board: Board
    doctors: tuple[DoctorLine, ...]
    unit: str
    measure: Measure
    sort: BoardSort
    strip: tuple[date, ...]
    outlook: Outlook
    projection: tuple[Projected, ...]
    absences: tuple[AbsenceRow, ...]
    deadlines: Alerts
    buckets: tuple[DueBucket, ...] = tuple(DueBucket)
    forms: tuple[str, ...] = tuple(TYPES)

    def count(self, bucket: DueBucket) -> int:
        """Return a column's sum."""
        return sum(row.value(bucket, self.measure) for row in self.board.matrix)

    @property
    def figures(self) -> Mapping[str, tuple[str, str, str]]:
        """Title, unit and definition of every figure."""
        return FIGURES

    @property
    def breaches(self) -> Breaches | None:
        """What all units shown will let pass soon; None while no pace can be measured."""
        known = [row.breaches for row in self.board.matrix if row.breaches is not None]
        return Breaches.sum(known) if known else None

    @property
    def pool(self) -> int:
        """Open tasks in nobody's hands."""
        return sum(row.pool_files for row in self.board.matrix)

    @property
    def pool_points(self) -> int:
        """Minutes of work in nobody's hands."""
        return sum(row.pool_points for row in self.board.matrix)

    @property
    def total(self) -> int:
        """The sum of the matrix."""
        return sum(row.total(self.measure) for row in self.board.matrix)

    @property
    def overloaded(self) -> tuple[DoctorLine, ...]:
        """Doctors who hold more than they can do, the fullest first."""
        over = (line for line in self.doctors if line.points > line.capacity)
        return tuple(sorted(over, key=lambda line: -line.share))

    @property
    def peak(self) -> int:
        """The largest value of the projection and of today."""
        return max([self.outlook.open_points, *(each.points for each in self.projection), 1])

    @property
    def unassignable(self) -> int:
        """Tasks for which nobody was found."""
        return sum(reason.count for reason in self.board.reasons)

    @property
    def open_files(self) -> int:
        """All open tasks."""
        return sum(row.total(Measure.FILES) for row in self.board.matrix)

    def files(self, bucket: DueBucket) -> int:
        """Return a column's sum in files, whatever the measure."""
        return sum(row.value(bucket, Measure.FILES) for row in self.board.matrix)


@router.get("")
def show_board(request: Request, visitor: Me) -> Response:
    """Draw the board of the supervisor's units, or of one of them."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    return render(request, "supervision/board.html", read_page(visitor, request.query_params))


def read_page(visitor: Visitor, query: Sent) -> BoardPage:
    """Return what the board of an address shows."""
    unit = text_of(query, "unit", 64)
    sort = member_of(query, "sort", BoardSort) or BoardSort.LATE
    jurisdiction = visitor.site.jurisdiction
    with read_only() as session:
        calendar = working_calendar(session, jurisdiction)
        board = load_board(
            session, visitor.principal, unit=unit, now=visitor.now, calendar=calendar
        )
        ids = [row.id for row in board.doctors]
        strip = tuple(visitor.today + timedelta(days=n) for n in range(STRIP_DAYS))
        facts = load_doctors(session, visitor.today, jurisdiction, ids=ids)
        presence = load_doctors(session, visitor.today, jurisdiction, ids=ids, days=strip)
        outlook = load_outlook(
            session, visitor.principal, unit=unit, now=visitor.now, calendar=calendar
        )
        ahead = timedelta(days=levers.current(session, visitor.today).drain_days)
        absences = load_absences(
            session, visitor.principal, jurisdiction, now=visitor.now, unit=unit
        )
        deadlines = load_alerts(session, visitor.principal, unit=unit, calendar=calendar)
    lines = _lines(board.doctors, facts, presence, strip, calendar)
    return BoardPage(
        board, _sorted(lines, sort), unit, member_of(query, "measure", Measure) or Measure.FILES,
        sort, strip, outlook, _project(outlook, presence, strip, calendar),
        tuple(each for each in absences if each.needs_handover(visitor.today, ahead)), deadlines,
    )  # fmt: skip


def _project(
    outlook: Outlook,
    presence: Sequence[DoctorFacts],
    strip: Sequence[date],
    calendar: WorkingCalendar,
) -> tuple[Projected, ...]:
    """Return the open work of each day: what is there, plus what comes in, less what is done."""
    left, found = float(outlook.open_points), []
    for number, day in enumerate(strip):
        if calendar.is_working_day(day):
            done = sum(each.minutes[number] for each in presence if number < len(each.minutes))
            left = max(0.0, left + outlook.daily_points - done)
        found.append(Projected(day, round(left)))
    return tuple(found)


def _lines(
    rows: Sequence[DoctorRow],
    facts: Sequence[DoctorFacts],
    presence: Sequence[DoctorFacts],
    strip: Sequence[date],
    calendar: WorkingCalendar,
) -> list[DoctorLine]:
    loads = {each.id: each for each in facts}
    away = {each.id: each.absent_on for each in presence}

    def state(row: DoctorRow, day: date) -> DayState:
        if not calendar.is_working_day(day):
            return DayState.CLOSED
        return DayState.AWAY if day in away[row.id] else DayState.WORKS

    return [
        DoctorLine(
            row,
            loads[row.id].open_points,
            loads[row.id].capacity_points,
            tuple(Day(day, state(row, day)) for day in strip),
        )
        for row in rows
        if row.id in loads
    ]


def _sorted(lines: Sequence[DoctorLine], sort: BoardSort) -> tuple[DoctorLine, ...]:
    """Sort by a column, the most urgent first; names decide ties."""
    by_name = sorted(lines, key=lambda line: line.row.name)
    keys = {
        BoardSort.LOAD: lambda line: -line.share,
        BoardSort.LATE: lambda line: (-line.row.late, -line.row.due_soon),
        BoardSort.SOON: lambda line: -line.row.due_soon,
        BoardSort.DONE: lambda line: -line.row.done,
    }
    return tuple(by_name if sort is BoardSort.NAME else sorted(by_name, key=keys[sort]))
