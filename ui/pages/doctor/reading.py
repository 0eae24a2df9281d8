"""A file's page put together: who it is, one tab, the panel."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlmodel import Session
from starlette.datastructures import QueryParams

from medcontrol.db import read_only
from medcontrol.errors import NotTheAssignedDoctor, StepNotOpen
from medcontrol.policy import Action
from medcontrol.queries import tabs_loading as tabs
from medcontrol.queries.decisions import may_undo
from medcontrol.queries.file_loading import (
    OpenFile,
    actions_of,
    header_of,
    load_counts,
    load_neighbours,
    open_file,
)
from medcontrol.queries.file_page import (
    Conflict,
    FileAction,
    FilePage,
    FileTab,
    OpinionPanel,
)
from medcontrol.queries.file_past import load_past
from medcontrol.queries.file_tabs import RequestLine
from medcontrol.queries.journal_loading import load_journal
from medcontrol.queries.step_form import StepPart
from medcontrol.reference.acts import act_label
from medcontrol.services.calendar import working_calendar
from medcontrol.services.medical import MedicalContent, read_medical
from medcontrol.vocabulary import CURRENCIES, ControlFileStatus, MedicalRecordKind
from ui.forms import Sent, text_of
from ui.pages.doctor.computed import computed_checks
from ui.pages.doctor.filters import filters_in
from ui.pages.doctor.panel import Desk, draft_of, panel_of, step_form
from ui.pages.doctor.tabs import TABS, Reading, Wanted, in_words
from ui.visitors import Visitor
from workflows.commands import read_messages

# What of the medical content a tab shows. The panel's draft is read with it.
_KINDS: Mapping[FileTab, tuple[MedicalRecordKind, ...]] = {
    FileTab.SUMMARY: (MedicalRecordKind.INTAKE,),
    FileTab.OPINIONS: (
        MedicalRecordKind.REASONING, MedicalRecordKind.EXAMINATION, MedicalRecordKind.SNAPSHOT,
        MedicalRecordKind.EXPERT_REPORT, MedicalRecordKind.OUTSIDE_OPINION,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What was sent and refused: it is shown again, with why.

    ``since`` is the number of journal entries when the page was drawn, when the file moved.
    """

    sent: Sent
    errors: tuple[tuple[str, str], ...] = ()
    since: int | None = None
    step: str = ""
    is_opinion: bool = True


def read_page(
    visitor: Visitor, language: str, wanted: Wanted, refusal: Refusal | None = None
) -> FilePage:
    """Return everything that the page draws. Medical content is read through the logged door.

    Raises:
        NotFound: no such file, or the policy hides it.
    """
    with read_only() as session:
        opened = open_file(session, visitor.principal, wanted.reference)
    pack = visitor.site.tools.catalog.get(opened.file.pack, opened.file.flow)
    reading = _with_content(Reading(visitor, language, wanted, opened, pack))
    with read_only() as session:
        return _page(session, reading, refusal)


def read_step(visitor: Visitor, language: str, reference: str, sent: Sent) -> StepPart:
    """Return the open step's form and checks, on what is typed.

    Raises:
        NotFound: no such file. StepNotOpen: no step of it is open.
        NotTheAssignedDoctor: the step is somebody else's.
    """
    with read_only() as session:
        desk = open_desk(session, visitor, language, reference)
    if desk is None:
        raise StepNotOpen("no step of this file is open")
    if Action.CONTROL not in desk.opened.allowed:
        raise NotTheAssignedDoctor
    records = read_medical(
        visitor.principal, desk.opened.file.id, visitor.site.tools.keys, purpose="computed_checks",
        kinds=(MedicalRecordKind.INTAKE,), now=lambda: visitor.now,
    )  # fmt: skip
    fields = step_form(desk, sent).fields(desk.pack.meta.facts)
    with read_only() as session:
        checks = computed_checks(
            session, visitor.site.tools.catalog, desk, tuple(records), sent, visitor.today
        )
    return StepPart(
        form=fields,
        checks=checks,
        drawn={each.name: text_of(sent, f"drawn-{each.name}", 2000) for each in fields},
        currency=desk.opened.received.currency or CURRENCIES[desk.opened.file.jurisdiction],
    )


def open_desk(session: Session, visitor: Visitor, language: str, reference: str,
              step: str = "") -> Desk | None:  # fmt: skip
    """Return a file's open step; None when no step is open.

    Raises:
        NotFound: no such file, or the policy hides it.
    """
    opened = open_file(session, visitor.principal, reference)
    pack = visitor.site.tools.catalog.get(opened.file.pack, opened.file.flow)
    code = step if step in pack.meta.steps else (opened.task.step if opened.task else "")
    return Desk(opened, pack, code, language) if opened.task else None


def lines_with_titles(opened: OpenFile, language: str) -> tuple[RequestLine, ...]:
    """Return the lines of the request, acts without a label named from the reference list."""
    jurisdiction = opened.file.jurisdiction

    def title(line: RequestLine) -> str | None:
        known = act_label(jurisdiction, line.act, language)
        return line.title or (known if known != line.act else None)

    return tuple(replace(line, title=title(line)) for line in tabs.lines_of(opened))


def _with_content(reading: Reading) -> Reading:
    """Read what is encrypted and belongs on the page; each reading is recorded first."""
    visitor, opened = reading.visitor, reading.opened
    file_id, tools = opened.file.id, visitor.site.tools
    kinds = {*_KINDS.get(reading.wanted.tab, ())}
    if opened.task is not None and opened.task.is_medical:
        kinds |= {MedicalRecordKind.DRAFT, MedicalRecordKind.INTAKE}  # checks are computed on it
    if opened.is_medical_readable and kinds:
        found = read_medical(
            visitor.principal, file_id, tools.keys, purpose="file_page", kinds=kinds,
            now=lambda: visitor.now,
        )  # fmt: skip
        reading = replace(reading, records=tuple(found))
    if reading.wanted.tab is FileTab.MESSAGES:
        texts = read_messages(visitor.principal, tools, file_id, now=visitor.now)
        reading = replace(reading, messages={each.id: each.text for each in texts})
    return reading


def _page(session: Session, reading: Reading, refusal: Refusal | None) -> FilePage:
    visitor, opened, wanted = reading.visitor, reading.opened, reading.wanted
    calendar = working_calendar(session, visitor.site.jurisdiction)
    lines = lines_with_titles(opened, reading.language)
    actions = _actions(session, reading)
    when: dict[str, Any] = {"now": visitor.now, "calendar": calendar}
    filters = filters_in(wanted.origin)
    neighbours = (
        load_neighbours(session, visitor.principal, filters, wanted.reference, **when)
        if wanted.origin
        else None
    )
    page = FilePage(
        today=visitor.today,
        now=visitor.now,
        header=header_of(opened, visitor.principal, reading.words, neighbours=neighbours, **when),
        counts=load_counts(session, visitor.principal, opened),
        tab=wanted.tab,
        actions=actions,
        may_read_medical=opened.is_medical_readable,
        lines=lines,
        currency=opened.received.currency or CURRENCIES[opened.file.jurisdiction],
        panel=_panel(session, reading, lines, actions, refusal),
        open_action=wanted.open_action,
        past=load_past(session, opened.file.id, reader=visitor.principal.id, **when),
        origin=filters.address() if wanted.origin else "",
    )
    return replace(page, **TABS[wanted.tab](session, reading, calendar, page))


def _actions(session: Session, reading: Reading) -> frozenset[FileAction]:
    visitor, opened = reading.visitor, reading.opened
    found = set(actions_of(opened, visitor.principal, reading.step_outcomes()))
    if opened.task is not None and not opened.task.is_medical:
        # The agency's steps have pages of their own.
        found -= {FileAction.HOLD, FileAction.REQUEST_COMPLETION}
    is_waiting = opened.file.status is ControlFileStatus.AWAITING_COMPLETION
    if opened.task is None and is_waiting and FileAction.ADD_DOCUMENT in found:
        found.add(FileAction.WAIVE_COMPLETION)
    seconds = visitor.site.tools.undo_seconds
    if opened.file.closed_at is not None and may_undo(
        session, visitor.principal, opened.file.id, now=visitor.now, seconds=seconds
    ):
        found.add(FileAction.UNDO_DECISION)
    return frozenset(found)


def _panel(
    session: Session, reading: Reading, lines: tuple[RequestLine, ...],
    actions: frozenset[FileAction], refusal: Refusal | None,
) -> OpinionPanel | None:  # fmt: skip
    opened, task = reading.opened, reading.opened.task
    is_mine = FileAction.GIVE_OPINION in actions
    step = task.step if task and is_mine else (refusal.step if refusal else "")
    if step not in reading.pack.meta.steps or (not is_mine and refusal is None):
        return None
    kept = next((each for each in reading.records if each.kind is MedicalRecordKind.DRAFT), None)
    sent = refusal.sent if refusal and refusal.is_opinion else _kept_fields(kept)
    draft = draft_of(sent, lines)
    if kept is not None:
        draft = replace(draft, saved_at=kept.created_at)
    desk = Desk(opened, reading.pack, step, reading.language)
    panel = replace(
        panel_of(desk, lines, draft, sent),
        undo_seconds=reading.visitor.site.tools.undo_seconds,
        checks=computed_checks(
            session,
            reading.visitor.site.tools.catalog,
            desk,
            reading.records,
            sent,
            reading.visitor.today,
        ),
    )
    if refusal is None:
        return panel
    panel = replace(panel, errors=refusal.errors)
    if not refusal.is_opinion:
        typed: dict[str, tuple[str, ...]] = {}
        for name, value in refusal.sent.multi_items():
            if isinstance(value, str):
                typed[name] = (*typed.get(name, ()), value)
        panel = replace(panel, typed=typed)
    if refusal.since is None:
        return panel
    changes = tuple(
        in_words(row, reading.words)
        for row in load_journal(session, opened)
        if row.number > refusal.since
    )
    return replace(panel, conflict=Conflict(changes=changes, is_still_mine=is_mine))


def _kept_fields(kept: MedicalContent | None) -> Sent:
    pairs = kept.content.get("fields", []) if kept else []
    return QueryParams([(str(name), str(value)) for name, value in pairs])
