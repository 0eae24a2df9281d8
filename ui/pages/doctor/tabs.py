"""The tabs of a file's page, each read when it is shown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlmodel import Session

from medcontrol.model import Message
from medcontrol.policy import Action
from medcontrol.queries import activity_loading as activity
from medcontrol.queries import tabs_loading as tabs
from medcontrol.queries.document_reader import openable, show
from medcontrol.queries.explanations import load_given
from medcontrol.queries.file_loading import OpenFile
from medcontrol.queries.file_page import FilePage, FileTab
from medcontrol.queries.file_tabs import DocumentRow, JournalKind, JournalRow
from medcontrol.queries.journal_loading import load_journal
from medcontrol.queries.letters import load_file_letters
from medcontrol.queries.paper_loading import load_paper
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.services.envelopes import OPENERS
from medcontrol.services.medical import MedicalContent
from medcontrol.vocabulary import LineOutcome
from ui.citing import cites
from ui.pages.doctor.beside import beside_notes
from ui.pages.doctor.medical import medical_summary
from ui.pages.doctor.why_doctor import may_compare
from ui.visitors import Visitor
from ui.words import PackWords
from workflows.definition.catalog import Pack
from workflows.letters.copies import COPIERS

_ID_LENGTH = 36


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which part of the page is wanted, and from which queue the reader came."""

    reference: str
    tab: FileTab = FileTab.SUMMARY
    document: UUID | None = None
    page: int | None = None
    journal_kind: JournalKind | None = None
    open_action: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of one file, by one person."""

    visitor: Visitor
    language: str
    wanted: Wanted
    opened: OpenFile
    pack: Pack
    records: tuple[MedicalContent, ...] = ()
    messages: Mapping[UUID, str] = field(default_factory=dict)

    @property
    def words(self) -> PackWords:
        """Titles of the pack, in the reader's language."""
        return PackWords(self.pack, self.language)

    def step_outcomes(self) -> tuple[str, ...]:
        """Return the outcomes that the pack gives the open step."""
        task = self.opened.task
        return self.pack.meta.steps[task.step].outcomes if task else ()


def _summary(session: Session, reading: Reading, calendar: WorkingCalendar,
             _page: FilePage) -> dict[str, Any]:  # fmt: skip
    opened, nature = reading.opened, reading.opened.file.nature
    pieces = {
        kind: (reading.words.document(kind), piece.required)
        for kind, piece in reading.pack.meta.pieces.items()
        if not piece.natures or nature in piece.natures
    }
    medical = medical_summary(reading.records, reading.pack, reading.language)
    summary = tabs.load_summary(
        session, reading.visitor.principal, opened, pieces, medical, calendar
    )
    compares = may_compare(opened)
    task, mine = opened.task, Action.CONTROL in opened.allowed
    given = load_given(session, task.id) if task and (compares or mine) else None
    return {"summary": replace(summary, given=given, may_compare=compares)}


def _request(session: Session, reading: Reading, _calendar: WorkingCalendar,
             page: FilePage) -> dict[str, Any]:  # fmt: skip
    last = activity.load_opinions(session, reading.opened, reading.words, {})
    verdicts: dict[int, LineOutcome] = next(
        ({no: outcome for no, outcome, _ in each.lines} for each in last if each.lines), {}
    )
    lines = tuple(replace(line, outcome=verdicts.get(line.no)) for line in page.lines)
    return {"request": tabs.request_of(reading.opened), "lines": lines}


def _documents(session: Session, reading: Reading, _calendar: WorkingCalendar,
               _page: FilePage) -> dict[str, Any]:  # fmt: skip
    rows, wanted = _rows(session, reading), reading.wanted
    return {"documents": rows, "shown_document": show(rows, wanted.document, wanted.page)}


def _rows(session: Session, reading: Reading) -> tuple[DocumentRow, ...]:
    principal = reading.visitor.principal
    return activity.load_documents(session, principal, reading.opened, reading.words)


def _citable(session: Session, reading: Reading, texts: Iterable[str]) -> tuple[DocumentRow, ...]:
    """Return what the marks in these texts may open; nothing is read when there is none."""
    return tuple(openable(_rows(session, reading))) if any(map(cites, texts)) else ()


def _letters(session: Session, reading: Reading, _calendar: WorkingCalendar,
             _page: FilePage) -> dict[str, Any]:  # fmt: skip
    opened, principal = reading.opened, reading.visitor.principal
    found = load_file_letters(session, opened.file.id)
    is_doctor = principal.doctor_id is not None and principal.has(*OPENERS)
    return {
        "letters": found,
        "letter_titles": {each.code: reading.words.letter(each.code) for each in found},
        "paper": load_paper(session, opened.file),
        "may_open_envelopes": is_doctor and opened.is_medical_readable,
        "may_administrate": Action.ADMINISTRATE in opened.allowed,
        "may_copy_letters": principal.has(*COPIERS),
    }


def _history(session: Session, reading: Reading, calendar: WorkingCalendar,
             _page: FilePage) -> dict[str, Any]:  # fmt: skip
    principal = reading.visitor.principal
    return {"history": tabs.load_history(session, principal, reading.opened, calendar)}


def _opinions(session: Session, reading: Reading, _calendar: WorkingCalendar,
              _page: FilePage) -> dict[str, Any]:  # fmt: skip
    reasons = {each.id: str(each.content.get("reasoning", "")) for each in reading.records}
    beside = beside_notes(reading.records)
    texts = (*reasons.values(), *(text for note in beside for _, text in note.parts))
    return {
        "opinions": activity.load_opinions(session, reading.opened, reading.words, reasons),
        "beside": beside,
        "citable": _citable(session, reading, texts),
    }


def _messages(session: Session, reading: Reading, _calendar: WorkingCalendar,
              _page: FilePage) -> dict[str, Any]:  # fmt: skip
    def text(message: Message) -> str:
        return reading.messages.get(message.id, "")

    rows = activity.load_messages(session, reading.visitor.principal, reading.opened, text)
    # One that came since the reading was recorded waits for the next page.
    shown = tuple(row for row in rows if row.text)
    return {"messages": shown, "citable": _citable(session, reading, (row.text for row in shown))}


def _flow(session: Session, reading: Reading, calendar: WorkingCalendar,
          _page: FilePage) -> dict[str, Any]:  # fmt: skip
    address = f"/files/{reading.opened.file.reference}/diagram.bpmn"
    flow = activity.load_flow(
        session, reading.opened, reading.words, address, today=reading.visitor.today,
        calendar=calendar,
    )  # fmt: skip
    return {"flow": flow}


def _journal(session: Session, reading: Reading, _calendar: WorkingCalendar,
             _page: FilePage) -> dict[str, Any]:  # fmt: skip
    kind = reading.wanted.journal_kind
    rows = load_journal(session, reading.opened, kind)
    return {
        "journal": tuple(in_words(row, reading.words) for row in rows),
        "journal_kind": kind,
        "may_oversee": Action.OVERSEE in reading.opened.allowed,
    }


def in_words(row: JournalRow, words: PackWords) -> JournalRow:
    """Return an entry with the pack's words for codes; ids say nothing to a reader."""
    said = {
        "step": words.step, "outcome": words.outcome, "kind": words.document,
        "deadline": words.deadline, "code": words.letter,
    }  # fmt: skip
    facts = tuple(
        (name, said[name](value) if name in said else value)
        for name, value in row.facts
        if len(value) != _ID_LENGTH or value.count("-") != 4
    )
    return replace(row, facts=facts)


TABS = {
    FileTab.SUMMARY: _summary,
    FileTab.REQUEST: _request,
    FileTab.DOCUMENTS: _documents,
    FileTab.LETTERS: _letters,
    FileTab.HISTORY: _history,
    FileTab.OPINIONS: _opinions,
    FileTab.MESSAGES: _messages,
    FileTab.FLOW: _flow,
    FileTab.JOURNAL: _journal,
}
