"""One version of the rules: its rows, checks, history, and everything done with it (atelier)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel import Session
from starlette.datastructures import FormData

from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError, InvalidInput
from medcontrol.vocabulary import Role, RuleSetStatus
from selectivity.backtest import jobs, sources
from selectivity.exchange.files import MEDIA_TYPES
from selectivity.faults import Finding
from selectivity.lifecycle import checking, editing, service, store
from selectivity.lifecycle import rows as version_rows
from selectivity.lifecycle.rows import Act, Event
from selectivity.lifecycle.volumes import volumes
from selectivity.outcomes.effectiveness import by_row
from ui.forms import as_day, as_uuid, text_of, whole_of
from ui.notices import see_other
from ui.pages.selectivity.versions import (
    ListedRow,
    Shown,
    act_of,
    listed_rows,
    open_code,
    refusal_status,
    state_of,
)
from ui.rendering import render
from ui.rule_sentences import RuleSentences
from ui.visitors import Me, Posted, Visitor

router = APIRouter(prefix="/selectivity/rules/{code}/{version:int}")
PERIOD = timedelta(days=90)
STEPS = ("draft", "checked", "backtested", "shadow", "approved", "published")


@dataclass(frozen=True, slots=True)
class ListedStratum:
    """One part of the random floor."""

    id: str
    sentence: str
    faults: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioPage:
    """A version with all that can be done with it."""

    shown: Shown
    rows: Sequence[ListedRow]
    floor: Sequence[ListedStratum]
    lists: Sequence[tuple[str, Sequence[str]]]
    findings: Sequence[Finding]
    events: Sequence[Event]
    others: Sequence[store.Version]
    backtest: UUID | None
    is_writer: bool
    may_edit: bool
    may_approve: bool
    tomorrow: date
    since: date
    until: date
    q: str = ""
    refusal: str | None = None
    formats: Sequence[str] = tuple(MEDIA_TYPES)
    steps: Sequence[str] = STEPS

    @property
    def tab(self) -> str:
        """The tab of selectivity that the page belongs to."""
        return "rules"

    @property
    def status(self) -> str:
        """How far the version has come."""
        return self.shown.version.status.value

    @property
    def faults(self) -> list[Finding]:
        """The findings that block it."""
        return [each for each in self.findings if each.severity == "block"]

    @property
    def warnings(self) -> list[Finding]:
        """The findings that do not."""
        return [each for each in self.findings if each.severity == "warn"]


@router.get("")
def show_version(request: Request, visitor: Me, code: str, version: int) -> Response:
    """Draw a version."""
    code = open_code(visitor, code)
    return draw_version(request, visitor, version)


@router.post("/act")
def act(request: Request, visitor: Me, form: Posted, code: str, version: int) -> Response:
    """Take a version a step further, or back; a refusal is drawn on its page."""
    code = open_code(visitor, code)
    visitor.must_have(Role.ANALYST)
    note = text_of(form, "note", version_rows.LONGEST_NOTE)
    done = act_of(visitor, version, text_of(form, "revision", 9), note)
    try:
        with transaction() as session:
            address = _act(session, visitor, done, form)
    except DomainError as refusal:
        return draw_version(request, visitor, version, refusal)
    return see_other(address or f"/selectivity/rules/{code}/{version}", "saved")


@router.post("/lists")
def change_list(request: Request, visitor: Me, form: Posted, code: str, version: int) -> Response:
    """Put a list of codes in, give it its next number, or take it out."""
    code = open_code(visitor, code)
    visitor.must_have(Role.ANALYST)
    done = act_of(visitor, version, text_of(form, "revision", 9))
    try:
        with transaction() as session:
            data = version_rows.content(session, code, version)
            service.save(session, done, _with_list(data, form))
    except DomainError as refusal:
        return draw_version(request, visitor, version, refusal)
    return see_other(f"/selectivity/rules/{code}/{version}#lists", "saved")


def draw_version(
    request: Request, visitor: Visitor, number: int, refusal: DomainError | None = None
) -> Response:
    """Draw a version's page, with what was refused."""
    with read_only() as session:
        page = _page(session, request, visitor, number, refusal)
    status = refusal_status(refusal) if refusal else 200
    return render(request, "selectivity/version.html", page, status_code=status)


def _page(
    session: Session, request: Request, visitor: Visitor, number: int, refusal: DomainError | None
) -> StudioPage:
    code, today = visitor.site.jurisdiction, visitor.today
    words = RuleSentences(request.state.shell.language, code)
    known = store.versions(session, code)
    version = store.version(session, code, number)
    data = version_rows.content(session, code, number)
    findings = (
        *checking.check_version(session, code, data),
        *volumes(session, version.sha256),
    )
    q = text_of(request.query_params, "q", 100)
    rows = listed_rows(data, words, findings, today, by_row(session, code))
    lists = data.get("lists")
    is_writer = visitor.principal.has(Role.ANALYST)
    return StudioPage(
        shown=Shown(version, state_of(version, store.deciding(known, today), today)),
        rows=[row for row in rows if q.casefold() in f"{row.id} {row.sentence}".casefold()],
        floor=_floor(data, words, findings),
        lists=sorted(lists.items()) if isinstance(lists, dict) else [],
        findings=_in_order(findings),
        events=version_rows.events(session, version.id) if version.id else (),
        others=[each for each in known if each.version != number],
        backtest=version.backtest_id or checking.finished_backtest(session, version.sha256),
        is_writer=is_writer,
        may_edit=is_writer and version.status is RuleSetStatus.DRAFT,
        may_approve=visitor.principal.id not in (version.author_id, version.editor_id),
        tomorrow=today + timedelta(days=1),
        since=today - PERIOD,
        until=today,
        q=q,
        refusal=refusal.code if refusal else None,
    )


def _act(session: Session, visitor: Visitor, done: Act, form: FormData) -> str | None:
    """Do what the button says; return where to go when it is not the version's page."""
    what = text_of(form, "do", 16)
    simple = {
        "submit": service.submit, "shadow": service.begin_shadow, "approve": service.approve,
        "retire": service.retire, "reopen": service.reopen,
    }  # fmt: skip
    if what in simple:
        simple[what](session, done)
    elif what == "publish":
        day = as_day(text_of(form, "valid_from", 10))
        if day is None:
            raise InvalidInput("a day", field="valid_from")
        service.publish(session, done, day)
    elif what == "backtest":
        return _ask(session, visitor, done, form)
    elif what == "accept":
        run = as_uuid(text_of(form, "backtest", 40))
        if run is None:
            raise InvalidInput("a back-test", field="backtest")
        service.accept_backtest(session, done, run)
    else:
        raise InvalidInput("nothing that can be done", field="do")
    return None


def _ask(session: Session, visitor: Visitor, done: Act, form: FormData) -> str:
    """Ask for a back-test of the version; return where its page is."""
    since, until = (as_day(text_of(form, name, 10)) for name in ("since", "until"))
    if since is None or until is None:
        raise InvalidInput("a first and a last day", field="since")
    asked = jobs.Request(
        jurisdiction=done.code,
        rules=sources.from_version(session, done.code, done.version),
        since=since,
        until=until,
        capacity=whole_of(form, "capacity"),
        asked_by=visitor.principal.name,
        asked_by_id=visitor.principal.id,
    )
    return f"/selectivity/backtests/{jobs.request(session, asked, now=visitor.now)}"


def _with_list(data: Any, form: FormData) -> Any:
    name, what = text_of(form, "list", 64), text_of(form, "do", 16)
    if what == "next":
        return editing.next_list(data, name)[0]
    if what == "remove":
        return editing.remove_list(data, name)
    typed = text_of(form, "codes", 400_000).replace("\n", ",").replace(";", ",")
    return editing.put_list(
        data, name, [word for each in typed.split(",") if (word := each.strip())]
    )


def _floor(data: Any, words: RuleSentences, findings: Sequence[Finding]) -> list[ListedStratum]:
    lists = data.get("lists") if isinstance(data, dict) else None
    faulty = [each.row for each in findings if each.severity == "block"]
    return [
        ListedStratum(name := str(row.get("id", "")), words.stratum(row, lists), faulty.count(name))
        for row in editing.items(data, "floor")
    ]


def _in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return what blocks first."""
    return sorted(findings, key=lambda each: each.severity != "block")
