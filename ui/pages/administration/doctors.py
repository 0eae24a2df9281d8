"""Doctors: the list, a new one, many by CSV, and who one is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response
from starlette.datastructures import FormData

from medcontrol.db import read_only, transaction, trial
from medcontrol.errors import AlreadyDone, InvalidInput
from medcontrol.queries.administration import DoctorFilters, DoctorSheet, ListedDoctor
from medcontrol.queries.administration_loading import load_units
from medcontrol.queries.csv_export import CSV
from medcontrol.queries.doctors_loading import doctors_of, list_doctors, load_doctor
from medcontrol.reference.flows import Flow, flows
from medcontrol.services.doctor_history import Said
from medcontrol.services.doctor_tables import CONFLICT_KINDS, KINDS, load_known
from medcontrol.services.doctors import export_csv, import_csv, save_doctor
from medcontrol.services.tables import Report, UnreadableTable
from medcontrol.vocabulary import ControlLevel, DoctorKind, Profession, Role
from ui.codes import SPECIALTIES
from ui.desk_codes import ABSENCES
from ui.downloads import saved
from ui.forms import Errors, files_of, is_ticked, member_of, text_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.reference_impact import Impact, impact_of

router = APIRouter(prefix="/doctors")
READERS = (Role.ADMINISTRATOR, Role.SUPERVISOR)
IDENTITY = (
    "code", "name", "kind", "profession", "specialty", "level", "unit", "professional_id",
    "practice_address",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DoctorsPage:
    """The list."""

    doctors: Sequence[ListedDoctor]
    filters: DoctorFilters
    units: Mapping[str, str]
    may_write: bool
    professions: Sequence[Profession] = tuple(Profession)
    kinds: Sequence[DoctorKind] = tuple(DoctorKind)


@dataclass(frozen=True, slots=True)
class SheetPage:
    """One doctor with everything that can be changed; a new one has no sheet yet."""

    sheet: DoctorSheet | None
    typed: Mapping[str, str]
    units: Mapping[str, str]
    may_write: bool
    today: str
    errors: Mapping[str, str] = field(default_factory=dict)
    open_part: str = ""
    flows: Sequence[Flow] = ()
    professions: Sequence[Profession] = tuple(Profession)
    kinds: Sequence[DoctorKind] = tuple(DoctorKind)
    levels: Sequence[ControlLevel] = tuple(ControlLevel)
    specialties: Sequence[str] = tuple(SPECIALTIES)
    absences: Sequence[str] = tuple(ABSENCES)
    conflicts: Sequence[str] = CONFLICT_KINDS

    @property
    def natures(self) -> list[str]:
        """Every nature of the flows, each once."""
        return list(dict.fromkeys(nature for flow in self.flows for nature in flow.natures))


@dataclass(frozen=True, slots=True)
class ImportPage:
    """The form for a file, and what became of the last one."""

    kinds: Mapping[str, tuple[str, ...]]
    what: str = ""
    report: Report | None = None
    is_saved: bool = False
    error: str | None = None
    impact: Impact | None = None


@router.get("")
def show_list(request: Request, visitor: Me) -> Response:
    """Draw the doctors that one may look at."""
    visitor.must_have(*READERS)
    query = request.query_params
    filters = DoctorFilters(
        q=text_of(query, "q", 100),
        unit=text_of(query, "unit", 64),
        profession=member_of(query, "profession", Profession),
        kind=member_of(query, "kind", DoctorKind),
        gone=is_ticked(query, "gone"),
    )
    jurisdiction = visitor.site.jurisdiction
    with read_only() as session:
        scope = doctors_of(session, visitor.principal, jurisdiction)
        found = list_doctors(session, scope, filters, on=visitor.today)
        units = load_units(session, jurisdiction)
    page = DoctorsPage(found, filters, units, visitor.principal.has(Role.ADMINISTRATOR))
    return render(request, "administration/doctors.html", page)


@router.get("/new")
def new(request: Request, visitor: Me) -> Response:
    """Draw the form of a new doctor."""
    visitor.must_have(Role.ADMINISTRATOR)
    return draw_sheet(request, visitor, None, {}, {})


@router.post("/new")
def create(request: Request, visitor: Me, form: Posted) -> Response:
    """Save a new doctor."""
    visitor.must_have(Role.ADMINISTRATOR)
    typed = _typed(form)
    errors = _save(visitor, typed, is_new=True)
    if errors:
        return draw_sheet(request, visitor, None, typed, errors)
    return see_other(f"/doctors/{typed['code']}", "doctor.created")


@router.get("/import")
def import_form(request: Request, visitor: Me) -> Response:
    """Draw the form for a file."""
    visitor.must_have(Role.ADMINISTRATOR)
    return render(request, "administration/import.html", ImportPage(_columns(visitor)))


@router.post("/import")
def import_file(request: Request, visitor: Me, form: Posted) -> Response:
    """Bring a file in, or only say what it would do; the report names each line at fault."""
    visitor.must_have(Role.ADMINISTRATOR)
    what, partial = text_of(form, "what", 32), is_ticked(form, "partial")
    is_trial = text_of(form, "do", 16) == "try"
    sent = files_of(form, "file")
    columns = _columns(visitor)
    if not sent or what not in columns:
        page = ImportPage(columns, what, error="file_required")
        return render(request, "administration/import.html", page, status_code=422)
    try:
        content = sent[0].file.read()
        report, impact = _bring_in(visitor, what, content, partial=partial, is_trial=is_trial)
    except UnreadableTable:
        page = ImportPage(columns, what, error="table.unreadable")
        return render(request, "administration/import.html", page, status_code=422)
    is_saved = not is_trial and not report.refuses(partial)
    page = ImportPage(columns, what, report, is_saved, impact=impact)
    return render(request, "administration/import.html", page)


def _bring_in(
    visitor: Visitor, what: str, content: bytes, *, partial: bool, is_trial: bool
) -> tuple[Report, Impact | None]:
    said = Said(who=visitor.principal.id, at=visitor.now)
    with trial() if is_trial else transaction() as session:
        report = import_csv(session, what, content, partial=partial, said=said)
        return report, impact_of(session, report, visitor.site.jurisdiction, visitor.today)


def _columns(visitor: Visitor) -> dict[str, tuple[str, ...]]:
    """Return the columns of each kind of file, those that may be left out in brackets."""
    with read_only() as session:
        known = load_known(session)
    return {
        what: tuple(
            column.name if column.is_required else f"[{column.name}]"
            for column in kind.columns(known)
        )
        for what, kind in KINDS.items()
    }


@router.get("/export/{what}.csv")
def export_file(visitor: Me, what: str) -> Response:
    """Give what is saved as a file that may be brought in again."""
    visitor.must_have(Role.ADMINISTRATOR)
    with read_only() as session:
        text = export_csv(session, what, visitor.site.jurisdiction)
    # Spreadsheets read UTF-8 by its mark; the import passes it over.
    return saved("\ufeff" + text, f"{what}.csv", CSV)


@router.get("/{code}")
def show(request: Request, visitor: Me, code: str) -> Response:
    """Draw one doctor."""
    visitor.must_have(*READERS)
    return draw_sheet(request, visitor, code, {}, {})


@router.post("/{code}")
def change(request: Request, visitor: Me, form: Posted, code: str) -> Response:
    """Save who the doctor is."""
    visitor.must_have(Role.ADMINISTRATOR)
    typed = {**_typed(form), "code": code}
    typed["active"] = "yes" if is_ticked(form, "active") else "no"
    errors = _save(visitor, typed, is_new=False)
    if errors:
        return draw_sheet(request, visitor, code, typed, errors)
    return see_other(f"/doctors/{code}", "saved")


def draw_sheet(
    request: Request,
    visitor: Visitor,
    code: str | None,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
    open_part: str = "",
) -> Response:
    """Draw a doctor's page, with what was typed and what is wrong with it."""
    jurisdiction = visitor.site.jurisdiction
    with read_only() as session:
        scope = doctors_of(session, visitor.principal, jurisdiction)
        sheet = code and load_doctor(session, scope, code, on=visitor.today)
        units = load_units(session, jurisdiction)
    page = SheetPage(
        sheet=sheet or None,
        typed=typed,
        units=units,
        may_write=visitor.principal.has(Role.ADMINISTRATOR),
        today=visitor.today.isoformat(),
        errors=Errors(errors),
        open_part=open_part,
        flows=tuple(flow for flow in flows().values() if jurisdiction in flow.jurisdictions),
    )
    return render(request, "administration/doctor.html", page, status_code=422 if errors else 200)


def _typed(form: FormData) -> dict[str, str]:
    return {name: text_of(form, name, 200) for name in IDENTITY}


def _save(visitor: Visitor, typed: Mapping[str, str], *, is_new: bool) -> dict[str, str]:
    """Save, and return what is wrong by field; the columns of files are the fields here."""
    try:
        with transaction() as session:
            said = Said(who=visitor.principal.id, at=visitor.now)
            save_doctor(session, typed, is_new=is_new, said=said)
    except AlreadyDone:
        return {"code": "code_taken"}
    except InvalidInput as error:
        name = error.field or "code"
        return {name: "invalid_input" if typed.get(name) else "required"}
    return {}
