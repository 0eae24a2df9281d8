"""Minutes that work counts (points): the package's, and what the fund said since, day by day.

A base for each flow, nature and step, and what each line, document, examination in person or
urgency adds. Rows are only ever added: a later one replaces an earlier one from its day on.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col, select

from medcontrol.ids import new_id
from medcontrol.model import WorkPoints
from medcontrol.reference.flows import flows
from medcontrol.reference.points import points
from medcontrol.services import tables
from medcontrol.services.code_uses import Codes
from medcontrol.services.tables import Column, Report
from medcontrol.vocabulary import Jurisdiction, StepKind

TASK = "task"
#: What a rule may count: the task itself (the base), or something that makes it longer.
PER = (TASK, "line", "document", "in_person", "urgent")
_MOST = 1440
COLUMNS = ("flow", "nature", "step", "per", "points", "valid_from", "why")


class Size(NamedTuple):
    """What makes a file long to look at."""

    lines: int = 0
    documents: int = 0
    is_urgent: bool = False


NOTHING_SPECIAL = Size()


class _Rule(NamedTuple):
    flow: str | None
    nature: str | None
    step: StepKind | None
    per: str
    points: int

    def covers(self, flow: str, nature: str, step: StepKind, per: str) -> bool:
        return (
            self.per == per
            and self.flow in (None, flow)
            and self.nature in (None, nature)
            and self.step in (None, step)
        )

    @property
    def detail(self) -> int:
        """How much it says of what it is about; who says more is heard."""
        return (self.flow is not None) + (self.nature is not None) + (self.step is not None)


@dataclass(frozen=True, slots=True)
class Tariff:
    """The minutes of one day in one jurisdiction."""

    jurisdiction: str
    rules: tuple[_Rule, ...] = ()

    @property
    def counts_size(self) -> bool:
        """Whether lines or documents count at all, so that they must be known."""
        return any(rule.per in ("line", "document") for rule in self.rules)

    def minutes(self, flow: str, nature: str, step: StepKind, size: Size, *, usual: int) -> int:
        """Return what a task counts, at most a day.

        Args:
            flow: of the file.
            nature: of the file.
            step: kind of the task.
            size: what makes the file long.
            usual: what the flow's pack says, where nothing else does.
        """
        known = points(self.jurisdiction).get((flow, step), usual)
        total = self._of(flow, nature, step, TASK, known)
        for per, many in (
            ("line", size.lines),
            ("document", size.documents),
            ("in_person", int(step is StepKind.EXAMINATION)),
            ("urgent", int(size.is_urgent)),
        ):
            if many:
                total += many * self._of(flow, nature, step, per, 0)
        return min(total, _MOST)

    def _of(self, flow: str, nature: str, step: StepKind, per: str, otherwise: int) -> int:
        found = [rule for rule in self.rules if rule.covers(flow, nature, step, per)]
        return max(found, key=lambda rule: rule.detail).points if found else otherwise


@dataclass(frozen=True, slots=True)
class Work:
    """What weighs the tasks of one file: the minutes of the day, and how long the file is."""

    tariff: Tariff
    size: Size = NOTHING_SPECIAL


def tariff(session: Session, jurisdiction: str, day: date) -> Tariff:
    """Return the tariff of a day. One statement."""
    row: Any = WorkPoints
    key = (row.flow, row.nature, row.step, row.per)
    statement = (
        sa.select(*key, row.points)
        .where(row.jurisdiction == jurisdiction, row.valid_from <= day)
        .order_by(*key, row.valid_from.desc(), row.recorded_at.desc(), row.id.desc())
        .ext(distinct_on(*key))
    )
    return Tariff(jurisdiction, tuple(_Rule(*found) for found in session.execute(statement)))


def import_points(
    session: Session, content: bytes, jurisdiction: str, *, who: UUID | None, now: datetime
) -> Report:
    """Bring in a file of rules; one that is known already changes nothing, a fault keeps all out.

    Raises:
        UnreadableTable: no table with these columns.
    """
    report = Report("points")
    rows = tables.read_table(content, _columns(jurisdiction), report)
    rows = tables.keep_first(rows, ("flow", "nature", "step", "per", "valid_from"), report)
    if report.refuses(False):
        return report
    known = {
        (row.flow, row.nature, row.step, row.per, row.valid_from): row.points
        for row in history(session, jurisdiction)[::-1]
    }
    for each in rows:
        cells = each.values
        key = (cells["flow"], cells["nature"], cells["step"], cells["per"], cells["valid_from"])
        if known.get(key) == cells["points"]:
            report.unchanged += 1
            continue
        report.touched.add(Codes(flow=cells["flow"], nature=cells["nature"], step=cells["step"]))
        report.changed += key in known
        report.added += key not in known
        row = WorkPoints(
            id=new_id(), jurisdiction=Jurisdiction(jurisdiction), **cells, who=who, recorded_at=now
        )
        session.add(row)
    session.flush()
    return report


def _columns(jurisdiction: str) -> list[Column]:
    here = {code: flow for code, flow in flows().items() if jurisdiction in flow.jurisdictions}
    natures = sorted({nature for flow in here.values() for nature in flow.natures})
    return [
        Column("flow", tables.one_of(here.keys()), is_required=False),
        Column("nature", tables.one_of(natures), is_required=False),
        Column("step", tables.word_of(StepKind), is_required=False),
        Column("per", tables.one_of(PER)),
        Column("points", tables.whole(0, _MOST)),
        Column("valid_from", tables.day),
        Column("why", tables.text()),
    ]


def history(session: Session, jurisdiction: str) -> list[WorkPoints]:
    """Return everything that was ever said, the last first."""
    statement = select(WorkPoints).where(WorkPoints.jurisdiction == jurisdiction)
    order = (col(WorkPoints.recorded_at).desc(), col(WorkPoints.id).desc())
    return list(session.exec(statement.order_by(*order)))


def export_points(session: Session, jurisdiction: str) -> str:
    """Return the rules as a file; brought in again, it changes nothing."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    latest: dict[tuple[Any, ...], WorkPoints] = {}
    for row in history(session, jurisdiction):
        latest.setdefault((row.flow, row.nature, row.step, row.per, row.valid_from), row)
    for row in reversed(latest.values()):
        writer.writerow(_cells(row))
    return out.getvalue()


def _cells(row: WorkPoints) -> Sequence[str]:
    values = [getattr(row, name) for name in COLUMNS]
    return ["" if value is None else str(value) for value in values]
