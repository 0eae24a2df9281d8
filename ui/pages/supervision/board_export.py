"""The board's figures as a file: units by due date, what will be late, doctors and loads."""

from collections.abc import Iterator

from fastapi import APIRouter, Request, Response

from medcontrol.errors import NotFound
from medcontrol.queries.supervision import Measure, UnitTasks
from medcontrol.vocabulary import Role
from ui.board_words import FIGURES
from ui.codes import word_for
from ui.downloads import saved
from ui.figure_tables import TYPES, Layout, Row, as_file, sayer
from ui.i18n import N_
from ui.pages.supervision.board import BoardPage, DoctorLine, read_page
from ui.visitors import Me

router = APIRouter(prefix="/supervision/export")
LAYOUT = Layout(
    heads=(N_("Day"), N_("Unit code"), N_("Unit name"), N_("Doctor code"), N_("Doctor"), N_("Due")),
    names=("day", "unit_code", "unit_name", "doctor_code", "doctor", "due"),
    widths=(12, 14, 30, 14, 30, 18),
    figures=FIGURES,
)


@router.get("/{form}")
def export_board(request: Request, visitor: Me, form: str) -> Response:
    """Return the figures of the page as xlsx, csv or parquet, each with its definition."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    if form not in TYPES:
        raise NotFound("exports are xlsx, csv and parquet", field="form")
    page, language = read_page(visitor, request.query_params), request.state.shell.language
    rows = [*_unit_rows(page, language), *_nobody_rows(page, language), *_loads(page, language)]
    content = as_file(form, rows, LAYOUT, language)
    return saved(content, f"supervision-{page.board.today.isoformat()}.{form}", TYPES[form])


def _unit_rows(page: BoardPage, language: str) -> Iterator[Row]:
    """Every unit's open steps by due date, its pool, and what it will let pass."""
    say = sayer(language)
    for row in page.board.matrix:
        for code, measure in (("due_files", Measure.FILES), ("due_points", Measure.POINTS)):
            for bucket in page.buckets:
                due = say(word_for("bucket", bucket.value) or bucket.value)
                keys = (*_place(page, row), "", "", due)
                yield LAYOUT.row(keys, code, row.value(bucket, measure), language)
        for code, value in _of_unit(row).items():
            yield LAYOUT.row((*_place(page, row), "", "", ""), code, value, language)


def _of_unit(row: UnitTasks) -> dict[str, float]:
    found: dict[str, float] = {"pool_files": row.pool_files, "pool_points": row.pool_points}
    if row.breaches is not None:
        found |= {
            "breach_files": row.breaches.files,
            "breach_points": row.breaches.points,
            "pace": round(row.breaches.pace, 1),
        }
    return found


def _nobody_rows(page: BoardPage, language: str) -> Iterator[Row]:
    """Steps of the units shown for which nobody may be chosen, by reason."""
    say = sayer(language)
    for each in page.board.reasons:
        reason = say(word_for("constraint", each.reason) or each.reason)
        title = f"{say(FIGURES['nobody'][0])}: {reason}"
        day = page.board.today.isoformat()
        yield LAYOUT.row((day, page.unit, "", "", "", ""), "nobody", each.count, language, title)


def _loads(page: BoardPage, language: str) -> Iterator[Row]:
    """What each doctor holds and can do."""
    day = page.board.today.isoformat()
    for line in page.doctors:
        row = line.row
        keys = (day, row.unit_code, row.unit_name, row.code, row.name, "")
        for code, value in _of_doctor(line).items():
            yield LAYOUT.row(keys, code, value, language)


def _of_doctor(line: DoctorLine) -> dict[str, int]:
    row = line.row
    return {
        "doctor_open": row.open_files,
        "doctor_late": row.late,
        "doctor_soon": row.due_soon,
        "doctor_held": row.held,
        "doctor_done": row.done,
        "doctor_points": line.points,
        "doctor_capacity": line.capacity,
    }


def _place(page: BoardPage, row: UnitTasks) -> tuple[str, str, str]:
    return page.board.today.isoformat(), row.unit.code, row.unit.name
