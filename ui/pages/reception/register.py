"""Registering a paper file: the same checks as for every other sender, shown at the fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from medcontrol.clock import civil_date
from medcontrol.db import read_only
from medcontrol.documents import DocumentTooLarge, EmptyDocument
from medcontrol.errors import Forbidden, NotFound
from medcontrol.ids import new_id
from medcontrol.intake import Faulty, check
from medcontrol.queries.counter import agencies_of, find_registered
from medcontrol.queries.reception import Registered
from medcontrol.reference.flows import Flow, flows
from medcontrol.vocabulary import Relation, Role, Sex
from ui.forms import Errors, text_of
from ui.notices import see_other
from ui.pages.reception.messages import (
    FEW_LINES,
    LINE_FIELDS,
    MORE_LINES,
    MOST_LINES,
    OLDEST_DEPOSIT,
    Draft,
    Entry,
    deposit_fault,
    draft_of,
    encode,
    errors_by_field,
    read_entry,
)
from ui.pages.reception.uploads import Upload, read_uploads, seal
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.definition.catalog import Pack
from workflows.gate.registers import registers
from workflows.gate.single import TakenIn, take_in_one

router = APIRouter(prefix="/reception")

PRESCRIBERS = ("doctor", "dentist", "hospital", "clinic", "other")
PROVIDERS = (
    "doctor", "dentist", "pharmacy", "clinic", "hospital", "laboratory", "radiology",
    "paramedical", "other",
)  # fmt: skip
LANGUAGES = ("fr", "ar", "en")


@dataclass(frozen=True, slots=True)
class PieceField:
    """A kind of document that the form takes."""

    code: str
    title: str
    is_medical: bool


@dataclass(frozen=True, slots=True)
class ChoicePage:
    """Which type of file, and what is asked within it."""

    flows: Sequence[Flow]


@dataclass(frozen=True, slots=True)
class FormPage:
    """The form, with what was typed and what is wrong with it."""

    flow: Flow
    nature: str
    entry: Entry
    agencies: Mapping[str, str]
    pieces: Sequence[PieceField]
    kept: Sequence[tuple[Upload, str]]
    today: date
    earliest: date
    has_lines: bool
    errors: Mapping[str, str] = field(default_factory=dict)
    line_fields: Sequence[str] = LINE_FIELDS
    sexes: Sequence[Sex] = tuple(Sex)
    relations: Sequence[Relation] = tuple(Relation)
    prescribers: Sequence[str] = PRESCRIBERS
    providers: Sequence[str] = PROVIDERS
    person_languages: Sequence[str] = LANGUAGES

    @property
    def refusal(self) -> Literal["conflict", ""]:
        """What the whole file was refused for, when no field is."""
        return "conflict" if "external_id" in self.errors else ""


@router.get("/new")
def new(request: Request, visitor: Me) -> Response:
    """Ask for the type of file, then draw its form."""
    visitor.must_have(Role.AGENT)
    code, nature = (text_of(request.query_params, name, 64) for name in ("flow", "nature"))
    known = _open_flows(visitor)
    if code not in known or nature not in known[code].natures:
        return render(request, "reception/choose.html", ChoicePage(tuple(known.values())))
    values = {
        "nature": nature,
        "number": _new_number(visitor),
        "drawn_at": visitor.now.isoformat(timespec="seconds"),
        "deposited_on": visitor.today.isoformat(),
    }
    return _draw(request, visitor, known[code], Entry(values, FEW_LINES), {})


@router.post("/new")
def register(request: Request, visitor: Me, form: Posted) -> Response:
    """Take the file in, or show what is wrong and keep all that was typed."""
    visitor.must_have(Role.AGENT)
    known = _open_flows(visitor)
    flow = known.get(text_of(form, "flow", 64))
    if flow is None:
        raise NotFound("this type of file is not open", field="flow")
    entry, faults = _read(form, visitor, flow)
    if text_of(form, "do", 16) == "more":
        more = Entry(entry.values, min(entry.rows + MORE_LINES, MOST_LINES), entry.uploads)
        return _draw(request, visitor, flow, more, {})
    draft = draft_of(entry, flow, _agency(visitor, entry), visitor.now, visitor.site.tools)
    raw = encode(draft)
    faults |= _faults(visitor, draft, raw, entry)
    if faults:
        return _draw(request, visitor, flow, entry, faults)
    taken = take_in_one(
        visitor.site.tools, raw, source_name=draft.message["source"], now=visitor.now
    )
    return _answer(request, visitor, flow, entry, draft, taken)


@router.get("/registered/{received_id}")
def registered(request: Request, visitor: Me, received_id: UUID) -> Response:
    """Say under which number the file is known and what happens to it."""
    visitor.must_have(Role.AGENT)
    with read_only() as session:
        page: Registered = find_registered(session, visitor.principal, received_id)
    return render(request, "reception/registered.html", page)


def _open_flows(visitor: Visitor) -> dict[str, Flow]:
    jurisdiction = visitor.site.jurisdiction
    served = visitor.site.tools.catalog.open_flows(jurisdiction, visitor.today)
    return {
        code: flow
        for code, flow in flows().items()
        if code in served and flow.may_open_in(jurisdiction)
    }


def _new_number(visitor: Visitor) -> str:
    """Return a number for the slip: the day, then what no other counter draws."""
    return f"{visitor.today:%y%m%d}-{new_id().hex[-10:].upper()}"


def _pack(visitor: Visitor, flow: Flow) -> Pack:
    return visitor.site.tools.catalog.pack(visitor.site.jurisdiction, flow.code, visitor.today)


def _read(form: FormData, visitor: Visitor, flow: Flow) -> tuple[Entry, dict[str, str]]:
    """Return the entry; a document that can't be stored is a fault, not the end."""
    tools = visitor.site.tools
    try:
        uploads = read_uploads(form, tools, _pack(visitor, flow), visitor.principal.id)
    except (EmptyDocument, DocumentTooLarge) as error:
        return read_entry(form, ()), {"documents": error.code}
    return read_entry(form, uploads), {}


def _agency(visitor: Visitor, entry: Entry) -> str:
    """Return the agency at whose counter the file came in.

    Raises:
        Forbidden: it is not one of the agent's.
    """
    with read_only() as session:
        own = agencies_of(session, visitor.principal, visitor.site.jurisdiction)
    chosen = entry.get("agency") or next(iter(own), "")
    if chosen not in own:
        raise Forbidden(f"the counter of {chosen}")
    return chosen


def _faults(visitor: Visitor, draft: Draft, raw: bytes, entry: Entry) -> dict[str, str]:
    """Return what is wrong by field, from the check that every message passes."""
    with read_only() as session:
        known = registers(session, visitor.site.tools, visitor.today)
    result = check(raw, known)
    found = errors_by_field(draft, result.errors) if isinstance(result, Faulty) else {}
    deposit = deposit_fault(entry, visitor.today)
    return found | ({"deposited_on": deposit} if deposit else {})


def _answer(
    request: Request, visitor: Visitor, flow: Flow, entry: Entry, draft: Draft, taken: TakenIn
) -> Response:
    if taken.kind in ("accepted", "duplicate"):
        notice = "quarantine.duplicate" if taken.kind == "duplicate" else None
        return see_other(f"/reception/registered/{taken.received_file_id}", notice)
    # The number is taken by other content: the form gets a new one.
    values = {**entry.values, "number": _new_number(visitor)}
    fresh = Entry(values, entry.rows, entry.uploads)
    return _draw(request, visitor, flow, fresh, errors_by_field(draft, taken.errors))


def _draw(
    request: Request, visitor: Visitor, flow: Flow, entry: Entry, errors: Mapping[str, str]
) -> Response:
    with read_only() as session:
        agencies = agencies_of(session, visitor.principal, visitor.site.jurisdiction)
    tools, user_id = visitor.site.tools, visitor.principal.id
    pack = _pack(visitor, flow)
    language = request.state.shell.language
    pieces = [
        PieceField(code, getattr(piece.titles, language), piece.document_class == "medical")
        for code, piece in pack.meta.pieces.items()
        if not piece.natures or entry.get("nature") in piece.natures
    ]
    page = FormPage(
        flow=flow,
        nature=entry.get("nature"),
        entry=entry,
        agencies=agencies,
        pieces=pieces,
        kept=[(each, seal(each, tools, user_id)) for each in entry.uploads],
        today=civil_date(visitor.now, visitor.site.jurisdiction),
        earliest=visitor.today - OLDEST_DEPOSIT,
        has_lines=flow.reimburses,
        errors=Errors(errors),
    )
    return render(request, "reception/register.html", page, status_code=422 if errors else 200)
