"""Reading control files (dossiers de contrôle): lists, search, export, one file, why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from api.auth import Caller, Permission
from api.deps import InContext, ReadDb
from api.errors import refusals
from api.searching import After, Filters, Size
from medcontrol.errors import Forbidden
from medcontrol.policy import Action
from medcontrol.queries import explanations, file_detail, files, search, tasks
from medcontrol.queries.csv_export import to_csv
from medcontrol.queries.explanations import Why
from medcontrol.queries.file_detail import FileDetail, JournalRow
from medcontrol.queries.files import FilesPage
from medcontrol.queries.tasks import TasksPage
from medcontrol.services.clients import Scope
from medcontrol.services.medical import read_medical
from medcontrol.vocabulary import MedicalRecordKind, Role

router = APIRouter(tags=["control files"])

Reader = Annotated[Caller, Depends(Permission(Scope.FILES_READ))]
Person = Annotated[Caller, Depends(Permission(None))]
# Analysts see the rules of files only where another role of theirs shows them the file.
Explained = Annotated[Caller, Depends(Permission(None, {Role.SUPERVISOR, Role.ANALYST}))]


@dataclass(frozen=True, slots=True)
class CountOut:
    """A number of files."""

    count: int


@dataclass(frozen=True, slots=True)
class MedicalOut:
    """One record of medical content, decrypted for this reader; its reading was logged."""

    id: UUID
    kind: MedicalRecordKind
    author_id: UUID | None
    created_at: datetime
    content: dict[str, Any]


@router.get("/control-files", response_model=FilesPage)
def list_files(
    caller: Reader, db: ReadDb, filters: Filters, after: After = "", size: Size = 50
) -> FilesPage:
    """Return a page of the files that the caller may see, the latest opened first."""
    if filters.is_empty:
        return files.list_files(db, caller.principal, after=after, size=size)
    return search.search(db, caller.principal, filters, after=after, size=size)


@router.get("/control-files/count", response_model=CountOut)
def count_files(caller: Reader, db: ReadDb, filters: Filters) -> CountOut:
    """Return how many files the same criteria find."""
    return CountOut(search.count(db, caller.principal, filters))


@router.get(
    "/control-files/export",
    response_class=Response,
    responses={200: {"description": "All files found", "content": {"text/csv": {}}}},
)
def export_files(caller: Reader, db: ReadDb, filters: Filters) -> Response:
    """Return every file found as CSV (UTF-8); refused above 50,000 rows."""
    return Response(
        to_csv(search.export(db, caller.principal, filters)),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="control-files.csv"'},
    )


@router.get("/control-files/{control_file_id}", response_model=FileDetail, responses=refusals(404))
def get_file(control_file_id: UUID, caller: Reader, db: ReadDb) -> FileDetail:
    """Return one file with its tasks, clocks, decisions, letters and documents."""
    return file_detail.load_detail(db, caller.principal, control_file_id)


@router.get(
    "/control-files/{control_file_id}/journal",
    response_model=list[JournalRow],
    responses=refusals(404),
)
def get_journal(control_file_id: UUID, caller: Reader, db: ReadDb) -> tuple[JournalRow, ...]:
    """Return the journal of a file, oldest entry first."""
    return file_detail.load_journal(db, caller.principal, control_file_id)


@router.get(
    "/control-files/{control_file_id}/medical",
    response_model=list[MedicalOut],
    responses=refusals(404),
)
def get_medical(
    control_file_id: UUID, caller: Person, db: ReadDb, context: InContext
) -> list[MedicalOut]:
    """Return the medical content of a file, for those with the right; every reading is logged."""
    files.find_file(db, caller.principal, control_file_id)
    records = read_medical(
        caller.principal,
        control_file_id,
        context.tools.keys,
        purpose="api",
        now=context.clock,
    )
    return [
        MedicalOut(each.id, each.kind, each.author_id, each.created_at, each.content)
        for each in records
    ]


@router.get("/control-files/{control_file_id}/why", response_model=Why, responses=refusals(404))
def get_why(control_file_id: UUID, caller: Explained, db: ReadDb) -> Why:
    """Return why selectivity chose this file, and assignment its doctors."""
    files.find_file(db, caller.principal, control_file_id)
    if Action.EXPLAIN not in files.allowed_actions(db, caller.principal, control_file_id):
        raise Forbidden("why this file was chosen")
    return explanations.load_why(db, control_file_id)


@router.get("/tasks", response_model=TasksPage)
def list_tasks(
    caller: Reader,
    db: ReadDb,
    doctor: Annotated[UUID | None, Query(description="In whose hands")] = None,
    unassigned: Annotated[bool, Query(description="In nobody's hands")] = False,
    after: After = "",
    size: Size = 50,
) -> TasksPage:
    """Return a page of the open tasks that the caller may see, the first due first."""
    return tasks.list_tasks(
        db, caller.principal, doctor_id=doctor, is_unassigned=unassigned, after=after, size=size
    )
