"""Monthly statements of contracted doctors (relevés d'honoraires): page, CSV and PDF."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from assignment.statements import Statement, as_pdf, month_of, next_month, statement
from medcontrol.db import read_only
from medcontrol.errors import NotFound
from medcontrol.queries.fairness import ComparedDoctor, compared_doctors
from medcontrol.vocabulary import DoctorKind, Role
from ui.codes import word_for
from ui.downloads import saved, saved_table
from ui.formats import Formats
from ui.forms import text_of
from ui.i18n import N_, babel_locale, translations
from ui.labels import label_of
from ui.rendering import render
from ui.visitors import Me, Visitor

router = APIRouter(prefix="/supervision/statements")
DEFAULT_FEES = N_("Some fees are defaults of the software: no convention was entered.")


@dataclass(frozen=True, slots=True)
class StatementsPage:
    """What each contracted doctor is owed for a month."""

    month: date
    rows: tuple[tuple[ComparedDoctor, Statement], ...]

    @property
    def previous(self) -> str:
        """The month before, for an address."""
        return (self.month - timedelta(days=1)).strftime("%Y-%m")

    @property
    def next(self) -> str:
        """The month after, for an address."""
        return next_month(self.month).strftime("%Y-%m")

    @property
    def cents(self) -> int:
        """What all of them are owed."""
        return sum(made.cents for _, made in self.rows)


@dataclass(frozen=True, slots=True)
class StatementPage:
    """One statement."""

    statement: Statement

    @property
    def address(self) -> str:
        """The page itself."""
        made = self.statement
        return f"/supervision/statements/{made.doctor_id}/{made.month:%Y-%m}"


@router.get("")
def show_statements(request: Request, visitor: Me) -> Response:
    """List the contracted doctors of one's units with what they are owed for a month."""
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    text = text_of(request.query_params, "month", 7)
    month = month_of(text) if text else visitor.today.replace(day=1)
    with read_only() as session:
        doctors = _contracted(session, visitor)
        jurisdiction = visitor.site.jurisdiction
        rows = tuple(
            (each, statement(session, each.id, month, jurisdiction=jurisdiction))
            for each in doctors
        )
    return render(request, "supervision/statements.html", StatementsPage(month, rows))


@router.get("/{doctor_id}/{month}")
def show_statement(request: Request, visitor: Me, doctor_id: UUID, month: str) -> Response:
    """Show the statement of a doctor and month."""
    page = StatementPage(_load(visitor, doctor_id, month))
    return render(request, "supervision/statement.html", page)


@router.get("/{doctor_id}/{month}/statement.csv")
def export(request: Request, visitor: Me, doctor_id: UUID, month: str) -> Response:
    """Return a statement line by line, for a spreadsheet."""
    made = _load(visitor, doctor_id, month)
    words = _Words(request.state.shell.language, visitor.site.jurisdiction)
    rows = [
        (each.done_on.isoformat(), each.reference, words.flow(each.flow), words.step(each),
         f"{Decimal(each.cents) / 100:.2f}")
        for each in made.items
    ]  # fmt: skip
    return saved_table([("date", "reference", "type", "step", "fee"), *rows], _name(made, "csv"))


@router.get("/{doctor_id}/{month}/statement.pdf")
def print_statement(request: Request, visitor: Me, doctor_id: UUID, month: str) -> Response:
    """Return a statement as PDF, in the language of the screen."""
    made = _load(visitor, doctor_id, month)
    language = request.state.shell.language
    words = _Words(language, visitor.site.jurisdiction)
    tools = visitor.site.tools
    content = as_pdf(words.of(made, tools.fund_name), language, tools.fonts)
    return saved(content, _name(made, "pdf"), "application/pdf")


def _contracted(session: Session, visitor: Visitor) -> list[ComparedDoctor]:
    jurisdiction = visitor.site.jurisdiction
    return list(
        compared_doctors(session, visitor.principal, jurisdiction, kind=DoctorKind.CONTRACTED)
    )


def _load(visitor: Visitor, doctor_id: UUID, month: str) -> Statement:
    visitor.must_have(Role.SUPERVISOR, Role.COORDINATOR)
    first = month_of(month)
    with read_only() as session:
        if doctor_id not in {each.id for each in _contracted(session, visitor)}:
            raise NotFound(f"no contracted doctor {doctor_id} of these units")
        return statement(session, doctor_id, first, jurisdiction=visitor.site.jurisdiction)


def _name(made: Statement, ending: str) -> str:
    return f"statement-{made.code}-{made.month:%Y-%m}.{ending}"


class _Words:
    """A statement in a language: every text that paper shows."""

    def __init__(self, language: str, jurisdiction: str) -> None:
        self.gettext: Callable[[str], str] = translations(language).gettext
        self.formats = Formats(babel_locale(language), jurisdiction)

    def flow(self, code: str) -> str:
        """Name of a kind of file."""
        known = word_for("flow", code)
        return self.gettext(known) if known else code

    def step(self, each: Any) -> str:
        """Name of a kind of step."""
        return self.gettext(label_of(each.step))

    def of(self, made: Statement, fund: str) -> dict[str, Any]:
        """Return all texts of a statement."""
        _, money = self.gettext, self.formats.money
        month = self.formats.month(made.month)
        rows = [
            [self.flow(each.flow), self.step(each), str(each.number),
             money(each.fee.cents) if each.fee else "–", money(each.cents)]
            for each in made.sums
        ]  # fmt: skip
        items = [
            [self.formats.numeric_day(each.done_on), each.reference, self.flow(each.flow),
             self.step(each), money(each.cents)]
            for each in made.items
        ]  # fmt: skip
        return {
            "fund": fund,
            "title": _("Statement of fees"),
            "month": month,
            "facts": [[_("Doctor"), made.name], [_("Number"), made.code],
                      [_("Unit"), made.unit_name], [_("Month"), month]],
            "heads": [_("Type"), _("Step"), _("Number of files"), _("Fee"), _("Amount")],
            "rows": rows,
            "total_word": _("Total"),
            "total": money(made.cents),
            "remark": _(DEFAULT_FEES) if made.has_defaults else "",
            "list_title": _("File by file"),
            "list_heads": [_("Day"), _("File"), _("Type"), _("Step"), _("Fee")],
            "items": items,
        }  # fmt: skip
