"""The rules of selectivity: their versions, the rows in force, new drafts, files in and out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from medcontrol.vocabulary import Role
from selectivity.exchange.files import MEDIA_TYPES, export, read_bytes
from selectivity.faults import Finding, RuleSetFault
from selectivity.lifecycle import rows as version_rows
from selectivity.lifecycle import service, store
from selectivity.outcomes.effectiveness import by_row
from selectivity.reading import read_data
from ui.downloads import saved
from ui.forms import Sent, files_of, text_of, whole_of
from ui.notices import see_other
from ui.pages.selectivity.versions import (
    READERS,
    ListedRow,
    Shown,
    act_of,
    listed_rows,
    open_code,
    shown_versions,
)
from ui.rendering import render
from ui.rule_sentences import RuleSentences
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/selectivity/rules")


@dataclass(frozen=True, slots=True)
class RulesPage:
    """Versions, and the rows of the one in force."""

    versions: Sequence[Shown]
    current: Shown | None
    rows: Sequence[ListedRow]
    may_write: bool
    q: str = ""
    error: str | None = None
    findings: Sequence[Finding] = field(default_factory=tuple)

    @property
    def tab(self) -> str:
        """The tab of selectivity that the page belongs to."""
        return "rules"


@router.get("")
def show_rules(request: Request, visitor: Me) -> Response:
    """Draw the versions and the rows in force."""
    visitor.must_have(*READERS)
    return render(request, "selectivity/rules.html", _page(request, visitor))


@router.post("/draft")
def new_draft(visitor: Me, form: Posted) -> Response:
    """Begin a draft from a version, the one in force when none is named."""
    visitor.must_have(Role.ANALYST)
    act = act_of(visitor, 0, note=text_of(form, "note", version_rows.LONGEST_NOTE))
    with transaction() as session:
        number = service.draft(session, act, parent=whole_of(form, "parent"))
    return see_other(f"/selectivity/rules/{act.code}/{number}", "created")


@router.post("/import")
def import_rules(request: Request, visitor: Me, form: Posted) -> Response:
    """Begin a draft from a file; every fault names sheet, row and column."""
    visitor.must_have(Role.ANALYST)
    sent = files_of(form, "file")
    if not sent:
        return _redraw(request, visitor, "file_required")
    content = sent[0].file.read()
    name = sent[0].filename or ""
    act = act_of(visitor, 0, note=text_of(form, "note", version_rows.LONGEST_NOTE) or name[:200])
    try:
        data, _ = read_bytes(content, name)
        with transaction() as session:
            number = service.draft(session, act, parent=_current(visitor), data=data)
    except RuleSetFault as fault:
        return _redraw(request, visitor, fault.code, fault.findings)
    return see_other(f"/selectivity/rules/{act.code}/{number}", "created")


@router.get("/{code}/{version:int}/export/{form}")
def export_rules(visitor: Me, code: str, version: int, form: str) -> Response:
    """Give a version as a file: YAML, CSV and XLSX come back in, DMN, JDM and SQL do not."""
    code = open_code(visitor, code)
    with read_only() as session:
        data = version_rows.content(session, code, version)
    if form not in MEDIA_TYPES:
        raise InvalidInput(f"one of {', '.join(MEDIA_TYPES)}", field="form")
    read_data(data, source=f"{code}/{version}")  # a draft at fault has no other form yet
    ending = "json" if form == "jdm" else form
    return saved(export(data, form), f"rules-{code}-{version}.{ending}", MEDIA_TYPES[form])


def _page(request: Request, visitor: Visitor, query: Sent | None = None) -> RulesPage:
    code = visitor.site.jurisdiction
    sent = request.query_params if query is None else query
    q = text_of(sent, "q", 100)
    words = RuleSentences(request.state.shell.language, code)
    with read_only() as session:
        versions = shown_versions(session, code, visitor.today)
        current = next((each for each in versions if each.state == "in_force"), None)
        rows: list[ListedRow] = []
        if current is not None:
            data = version_rows.content(session, code, current.version.version)
            effects = by_row(session, code)
            rows = listed_rows(data, words, (), visitor.today, effects)
    found = [row for row in rows if _fits(row, q)]
    return RulesPage(versions, current, found, visitor.principal.has(Role.ANALYST), q)


def _fits(row: ListedRow, q: str) -> bool:
    wanted = q.casefold()
    return wanted in f"{row.id} {row.sentence} {row.owner}".casefold()


def _current(visitor: Visitor) -> int | None:
    with read_only() as session:
        found = store.deciding(store.versions(session, visitor.site.jurisdiction), visitor.today)
    return found.version if found else None


def _redraw(
    request: Request, visitor: Visitor, error: str, findings: Sequence[Finding] = ()
) -> Response:
    page = _page(request, visitor)
    page = RulesPage(
        page.versions, page.current, page.rows, page.may_write, page.q, error, findings
    )
    return render(request, "selectivity/rules.html", page, status_code=422)
