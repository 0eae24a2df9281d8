"""Steering: every figure against a count by hand, by month and region; exports with definitions."""

import csv
import io
from datetime import date, timedelta

import openpyxl
import pyarrow.parquet as pq
import pytest
from sqlmodel import Session

from medcontrol.errors import InvalidInput
from medcontrol.model import Deadline
from medcontrol.queries.steering import SteeringFilters, steering
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.services.steering import count_month, months_to_count
from medcontrol.vocabulary import (
    Channel,
    ControlFileStatus,
    DeadlineKind,
    DeadlineStatus,
    DecisionOutcome,
    Role,
)
from tests.factories import NOW, TODAY, make_control_file, make_principal
from tests.pages.desk import Fund, texts
from tests.pages.people import log_in

NOVEMBER = SteeringFilters(first=date(2026, 11, 1), last=date(2026, 11, 1))


def closed(
    session: Session,
    outcome: DecisionOutcome,
    *,
    days: int = 0,
    late: bool = False,
    **changes: object,
) -> None:
    """A file of today minus some days, closed that day, with a legal clock kept or missed."""
    at = NOW - timedelta(days=days)
    region = {"region_code": changes.pop("region", "MA-06"), "received_at": at}
    file = make_control_file(
        session, received=region, opened_at=at, closed_at=at,
        received_on=at.date() - timedelta(days=7),
        status=ControlFileStatus.CLOSED, outcome=outcome, **changes,
    )  # fmt: skip
    session.add(
        Deadline(
            control_file_id=file.id, name="answer", kind=DeadlineKind.LEGAL, starts_at=at, amount=1,
            unit="working_day", parameter="x", due_at=at + timedelta(hours=-1 if late else 1),
            status=DeadlineStatus.FIRED if late else DeadlineStatus.MET, settled_at=at,
        )
    )  # fmt: skip
    session.flush()


def figures(session: Session, role: Role, unit: str, filters: SteeringFilters = NOVEMBER):
    principal = make_principal(session, role, unit)
    return steering(
        session, principal, filters, "ma", today=TODAY, calendar=WorkingCalendar("ma", {})
    )


def test_the_figures_are_those_counted_by_hand(db: Session) -> None:
    closed(db, DecisionOutcome.GRANTED)
    closed(db, DecisionOutcome.REFUSED_MEDICAL, late=True)
    closed(db, DecisionOutcome.GRANTED, days=2, region="MA-04")
    closed(db, DecisionOutcome.CONCLUDED, channel=Channel.INTERNAL)  # another file opened it
    closed(db, DecisionOutcome.GRANTED, days=40)  # October

    total = figures(db, Role.AUDITOR, "MA-CENTRAL").total.figures

    assert (total.controlled, total.closed) == (3, 3)
    assert total.outcomes == {"granted": 2, "refused_medical": 1}
    assert (total.legal_kept, total.legal_late) == (2, 1)
    # Seven days before a Friday lie five working days, but for a holiday of the week before.
    calendar = WorkingCalendar("ma", {})
    assert total.days_below(0.5) == calendar.working_days_between(TODAY - timedelta(days=7), TODAY)


def test_a_region_sees_its_own_figures_alone(db: Session) -> None:
    closed(db, DecisionOutcome.GRANTED)
    closed(db, DecisionOutcome.GRANTED, region="MA-04")
    by_region = SteeringFilters(first=NOVEMBER.first, last=NOVEMBER.last, group="region")

    own = figures(db, Role.COORDINATOR, "MA-04", by_region)

    assert [(line.key, line.figures.closed) for line in own.lines] == [("MA-04", 1)]
    assert figures(db, Role.SUPERVISOR, "CASA-1").total.figures.closed == 0


def test_what_the_night_counted_and_what_happened_since_add_up(db: Session) -> None:
    for days in (0, 1, 1, 5):
        closed(db, DecisionOutcome.GRANTED, days=days)
    live = figures(db, Role.AUDITOR, "MA-CENTRAL")
    before = live.total.figures

    cells = count_month(db, "ma", NOVEMBER.first, today=TODAY, now=NOW)
    kept = figures(db, Role.AUDITOR, "MA-CENTRAL")

    assert cells >= 1
    assert kept.through == TODAY - timedelta(days=1)
    assert kept.total.figures == before
    closed(db, DecisionOutcome.GRANTED)  # today's figures too
    assert figures(db, Role.AUDITOR, "MA-CENTRAL").total.figures.closed == before.closed + 1
    assert months_to_count(db, "ma", today=TODAY, back=3)[:2] == [NOVEMBER.first, date(2026, 10, 1)]


def test_an_appeal_counts_where_the_contested_decision_was_taken(db: Session) -> None:
    parent = make_control_file(db, flow="dental")
    for outcome in (DecisionOutcome.OVERTURNED, DecisionOutcome.MAINTAINED,
                    DecisionOutcome.INADMISSIBLE):  # fmt: skip
        make_control_file(
            db, flow="appeal", parent_id=parent.id, channel=Channel.INTERNAL, closed_at=NOW,
            status=ControlFileStatus.CLOSED, outcome=outcome,
        )  # fmt: skip

    found = figures(
        db,
        Role.AUDITOR,
        "MA-CENTRAL",
        SteeringFilters(first=NOVEMBER.first, last=NOVEMBER.last, group="flow"),
    )

    line = next(each for each in found.lines if each.key == "dental")
    assert (line.figures.appeals, line.figures.overturned) == (2, 1)


def test_months_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(InvalidInput):
        SteeringFilters(first=date(2026, 11, 1), last=date(2026, 10, 1))
    with pytest.raises(InvalidInput):
        SteeringFilters(first=date(2020, 1, 1), last=date(2026, 10, 1))


def test_the_page_leads_to_the_lists_and_exports_say_what_each_figure_means(fund: Fund) -> None:
    fund.take()
    watcher = log_in(fund, Role.COORDINATOR, "MA-06")

    page = watcher.page("/steering?group=flow&level=local")

    assert texts(page, "//tfoot//td")[0:2] == ["1", "1"]
    (link,) = page.xpath("//tbody//a[contains(@href, '/search?opened_from')]/@href")
    assert "flow=ald" in link
    assert "ALD-" in watcher.page(link).text_content()
    book = openpyxl.load_workbook(io.BytesIO(watcher.get("/steering/export/xlsx").content))
    assert len(book.worksheets) == 2
    assert book.worksheets[1].max_row > 10
    lines = list(
        csv.reader(io.StringIO(watcher.get("/steering/export/csv").content.decode("utf-8-sig")))
    )
    assert all(len(line) == 8 and line[7] for line in lines)
    table = pq.read_table(io.BytesIO(watcher.get("/steering/export/parquet").content))
    assert table.num_rows == len(lines) - 1
    assert watcher.get("/steering/export/exe").status_code == 404
    assert fund.agent().get("/steering").status_code == 403
    watcher.page("/quality/results")
