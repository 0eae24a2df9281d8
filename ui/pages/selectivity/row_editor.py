"""One row, or part of the random floor, being written: fields, sentence, checks, try on a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError
from medcontrol.vocabulary import Role, RuleSetStatus
from selectivity.faults import Finding
from selectivity.lifecycle import checking, editing, service, store
from selectivity.lifecycle import rows as version_rows
from selectivity.lifecycle.editing import Part
from selectivity.lifecycle.store import Version
from selectivity.outcomes.effectiveness import Effect, by_row
from ui.forms import text_of
from ui.notices import see_other
from ui.pages.selectivity.bench import Tried, try_row
from ui.pages.selectivity.row_forms import RowForm, blank_row, row_form, row_sent
from ui.pages.selectivity.versions import act_of, open_code, refusal_status
from ui.rendering import render
from ui.rule_sentences import RuleSentences
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/selectivity/rules/{code}/{version:int}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPage:
    """The editor of one row."""

    version: Version
    part: Part
    row_id: str | None
    form: RowForm
    sentence: str
    findings: Sequence[Finding]
    may_edit: bool
    bench: str
    tried: Tried | None
    effect: Effect | None
    neighbours: tuple[str | None, str | None] = (None, None)
    refusal: str | None = None
    refused_field: str | None = None

    @property
    def tab(self) -> str:
        """The tab of selectivity that the page belongs to."""
        return "rules"

    @property
    def home(self) -> str:
        """The page of the version."""
        return f"/selectivity/rules/{self.version.name}"

    @property
    def address(self) -> str:
        """Where the form goes to."""
        if self.row_id is None:
            return f"{self.home}/new/{self.part}"
        return f"{self.home}/{self.part}/{self.row_id}"


@dataclass(frozen=True, slots=True)
class _Wish:
    """Which row of which version, as the address says."""

    version: int
    part: Part
    row_id: str | None


@router.get("/rows/{row_id}")
def show_row(request: Request, visitor: Me, code: str, version: int, row_id: str) -> Response:
    """Draw a row."""
    return _show(request, visitor, code, _Wish(version, "rows", row_id))


@router.get("/floor/{row_id}")
def show_stratum(request: Request, visitor: Me, code: str, version: int, row_id: str) -> Response:
    """Draw a part of the random floor."""
    return _show(request, visitor, code, _Wish(version, "floor", row_id))


@router.get("/new/rows")
def new_row(request: Request, visitor: Me, code: str, version: int) -> Response:
    """Draw an empty row."""
    return _show(request, visitor, code, _Wish(version, "rows", None))


@router.get("/new/floor")
def new_stratum(request: Request, visitor: Me, code: str, version: int) -> Response:
    """Draw an empty part of the random floor."""
    return _show(request, visitor, code, _Wish(version, "floor", None))


@router.post("/rows/{row_id}")
def change_row(
    request: Request, visitor: Me, form: Posted, code: str, version: int, row_id: str
) -> Response:
    """Save, copy or delete a row, or draw it as typed."""
    return _change(request, visitor, form, code, _Wish(version, "rows", row_id))


@router.post("/floor/{row_id}")
def change_stratum(
    request: Request, visitor: Me, form: Posted, code: str, version: int, row_id: str
) -> Response:
    """Save, copy or delete a part of the random floor, or draw it as typed."""
    return _change(request, visitor, form, code, _Wish(version, "floor", row_id))


@router.post("/new/rows")
def add_row(request: Request, visitor: Me, form: Posted, code: str, version: int) -> Response:
    """Save a new row, or draw it as typed."""
    return _change(request, visitor, form, code, _Wish(version, "rows", None))


@router.post("/new/floor")
def add_stratum(request: Request, visitor: Me, form: Posted, code: str, version: int) -> Response:
    """Save a new part of the random floor, or draw it as typed."""
    return _change(request, visitor, form, code, _Wish(version, "floor", None))


def _show(request: Request, visitor: Visitor, code: str, wish: _Wish) -> Response:
    open_code(visitor, code)
    with read_only() as session:
        data = version_rows.content(session, visitor.site.jurisdiction, wish.version)
    row = _before(data, wish, visitor.today)
    return _draw(request, visitor, wish, data, row)


def _change(request: Request, visitor: Visitor, form: FormData, code: str, wish: _Wish) -> Response:
    code = open_code(visitor, code)
    with read_only() as session:
        data = version_rows.content(session, code, wish.version)
    what = text_of(form, "do", 16)
    bench = text_of(form, "bench", 4_000)
    try:
        before = _before(data, wish, visitor.today)
    except DomainError:
        if what not in ("save", "preview"):
            raise
        before = blank_row("", is_stratum=wish.part == "floor")  # deleted by somebody meanwhile
    row = row_sent(form, before, data.get("lists"))
    if what not in ("save", "delete", "copy"):
        return _draw(request, visitor, wish, data, row, bench=bench, is_try=what == "try")
    visitor.must_have(Role.ANALYST)
    done = act_of(visitor, wish.version, text_of(form, "revision", 9))
    try:
        changed, shown = _changed(data, wish, row, what)
        with transaction() as session:
            service.save(session, done, changed)
    except DomainError as refusal:
        return _draw(request, visitor, wish, data, row, bench=bench, refusal=refusal)
    home = f"/selectivity/rules/{code}/{wish.version}"
    if what == "copy":
        return see_other(f"{home}/{wish.part}/{shown}", "created")
    return see_other(f"{home}#row-{shown}", "saved" if what == "save" else "removed")


def _changed(
    data: Any, wish: _Wish, row: Mapping[str, Any], what: str
) -> tuple[dict[str, Any], str]:
    """Return the data as changed, and the id of the row to show."""
    if what == "delete" and wish.row_id is not None:
        return editing.remove(data, wish.part, wish.row_id), ""
    if what == "copy" and wish.row_id is not None:
        return editing.duplicate(data, wish.part, wish.row_id)
    return editing.put(data, wish.part, wish.row_id, row), str(row["id"])


def _before(data: Any, wish: _Wish, today: date) -> dict[str, Any]:
    if wish.row_id is None:
        last_day = date(today.year + 1, today.month, min(today.day, 28))
        return blank_row(last_day.isoformat(), is_stratum=wish.part == "floor")
    return editing.item(data, wish.part, wish.row_id)


def _draw(
    request: Request,
    visitor: Visitor,
    wish: _Wish,
    data: Any,
    row: Mapping[str, Any],
    *,
    bench: str = "",
    is_try: bool = False,
    refusal: DomainError | None = None,
) -> Response:
    code = visitor.site.jurisdiction
    words = RuleSentences(request.state.shell.language, code)
    lists = data.get("lists")
    is_stratum = wish.part == "floor"
    tried = (
        try_row(visitor, words, row, lists, bench, with_medical=is_try, is_stratum=is_stratum)
        if bench
        else None
    )
    with read_only() as session:
        version = store.version(session, code, wish.version)
        found = checking.check_version(session, code, _with(data, wish, row))
        effect = None if is_stratum else by_row(session, code).get(str(row.get("id", "")))
    is_draft = version.status is RuleSetStatus.DRAFT
    page = RowPage(
        version=version,
        part=wish.part,
        row_id=wish.row_id,
        form=row_form(row, lists, words, is_stratum=is_stratum),
        sentence=words.stratum(row, lists) if is_stratum else words.row(row, lists),
        findings=[each for each in found if each.row == _place(data, wish, row)],
        may_edit=is_draft and visitor.principal.has(Role.ANALYST),
        bench=bench,
        tried=tried,
        effect=effect,
        neighbours=_neighbours(data, wish),
        refusal=refusal.code if refusal else None,
        refused_field=refusal.field if refusal else None,
    )
    status = refusal_status(refusal) if refusal else 200
    return render(request, "selectivity/row.html", page, status_code=status)


def _with(data: Any, wish: _Wish, row: Mapping[str, Any]) -> Any:
    """Return the data with the row as typed, under whatever id it has so far."""
    rows = [dict(each) for each in editing.items(data, wish.part)]
    place = next((n for n, each in enumerate(rows) if each.get("id") == wish.row_id), None)
    if place is None:
        rows.insert(max(0, len(rows) - 1) if wish.part == "floor" else len(rows), dict(row))
    else:
        rows[place] = dict(row)
    return {**data, wish.part: rows}


def _place(data: Any, wish: _Wish, row: Mapping[str, Any]) -> str:
    """Return under which name findings speak of the row: its id, or its place without one."""
    if row.get("id"):
        return str(row["id"])
    rows = editing.items(data, wish.part)
    number = len(rows) + 1 if wish.part == "rows" else max(1, len(rows))
    return f"{'row' if wish.part == 'rows' else 'stratum'} {number}"


def _neighbours(data: Any, wish: _Wish) -> tuple[str | None, str | None]:
    ids = [str(each.get("id")) for each in editing.items(data, wish.part)]
    if wish.row_id not in ids:
        return None, None
    place = ids.index(wish.row_id)
    return (
        ids[place - 1] if place else None,
        ids[place + 1] if place + 1 < len(ids) else None,
    )
