"""Moves of running files between versions of a pack: prepared, watched, applied, taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from fastapi import APIRouter, Request, Response

from medcontrol import journal
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError
from medcontrol.model import PackMigration
from medcontrol.queries.packs import (
    FILE_COLUMNS,
    MigrationRow,
    ResultRow,
    files,
    migrations,
    results,
    running_by_pack,
)
from medcontrol.vocabulary import ActorKind, PackMigrationStatus, Role
from ui.downloads import saved_table
from ui.forms import Errors, text_of
from ui.notices import see_other
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from ui.words import PackWords
from workflows.definition.bpmn import Node, read
from workflows.definition.catalog import Pack
from workflows.versions import jobs as version_jobs
from workflows.versions.moving_files import PLACES, proposed

router = APIRouter(prefix="/flow-moves")

_WANTED = {
    "apply": PackMigrationStatus.RUNNING,
    "stop": PackMigrationStatus.STOPPED,
    "revert": PackMigrationStatus.REVERTING,
}
_BUSY = (PackMigrationStatus.CHECKING, PackMigrationStatus.RUNNING, PackMigrationStatus.REVERTING)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesPage:
    """The moves so far, and the versions that one may lead from and to."""

    moves: Sequence[MigrationRow]
    packs: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMovePage:
    """The mapping that is proposed from one version to another."""

    before: Pack
    after: Pack
    running: int
    places: Sequence[Node]
    targets: Sequence[Node]
    mapping: Mapping[str, str | None]
    rate: str = "1"
    errors: Errors = field(default_factory=Errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePage:
    """One move: how far it is, and what comes of the files."""

    move: PackMigration
    results: Sequence[ResultRow]
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_busy(self) -> bool:
        """Whether a worker is at it."""
        return self.move.status in _BUSY

    @property
    def looked(self) -> int:
        """How many files were looked at."""
        return sum(row.files for row in self.results)

    @property
    def counts(self) -> dict[str, int]:
        """How many files there are of each result."""
        found: dict[str, int] = {}
        for row in self.results:
            found[row.result.value] = found.get(row.result.value, 0) + row.files
        return found

    @property
    def may(self) -> list[str]:
        """What may be asked of it now."""
        status, counts = self.move.status, self.counts
        found = []
        if status in (PackMigrationStatus.CHECKED, PackMigrationStatus.STOPPED):
            found += ["apply"] if counts.get("migratable") else []
        if status in (PackMigrationStatus.RUNNING, PackMigrationStatus.CHECKING):
            found.append("stop")
        if status in (PackMigrationStatus.DONE, PackMigrationStatus.STOPPED):
            found += ["revert"] if counts.get("migrated") else []
        return found


@router.get("")
def show_all(request: Request, visitor: Me) -> Response:
    """Draw the moves, and the form of a new one."""
    visitor.must_have(Role.ADMINISTRATOR)
    place = visitor.site.jurisdiction
    with read_only() as session:
        moves, running = migrations(session, place), running_by_pack(session)
    keys = [p.key for p in visitor.site.tools.catalog if p.meta.jurisdiction == place]
    page = MovesPage(moves=moves, packs=[(key, running.get(key, 0)) for key in sorted(keys)])
    return render(request, "packs/moves.html", page)


@router.get("/new")
def prepare(request: Request, visitor: Me) -> Response:
    """Draw the proposed mapping between two versions."""
    visitor.must_have(Role.ADMINISTRATOR)
    asked = request.query_params
    names = text_of(asked, "before", 64), text_of(asked, "after", 64)
    return _prepare(request, visitor, names, None, Errors())


def _prepare(
    request: Request, visitor: Visitor, names: tuple[str, str],
    mapping: Mapping[str, str | None] | None, errors: Errors, rate: str = "1",
) -> Response:  # fmt: skip
    catalog = visitor.site.tools.catalog
    before, after = (catalog.version(name) for name in names)
    old, new = read(before.bpmn()), read(after.bpmn())
    with read_only() as session:
        running = running_by_pack(session).get(before.key, 0)
    page = NewMovePage(
        before=before, after=after, running=running,
        places=old.of(*PLACES), targets=new.of(*PLACES),
        mapping=mapping or proposed(old, new), rate=rate, errors=errors,
    )  # fmt: skip
    return render(request, "packs/new_move.html", page, status_code=422 if errors else 200)


@router.post("/new")
def begin(request: Request, visitor: Me, form: Posted) -> Response:
    """Ask for the dry run of a move; it runs in the background."""
    visitor.must_have(Role.ADMINISTRATOR)
    tools = visitor.site.tools
    names = text_of(form, "before", 64), text_of(form, "after", 64)
    old = read(tools.catalog.version(names[0]).bpmn())
    mapping = {node.id: text_of(form, f"map-{node.id}", 64) or None for node in old.of(*PLACES)}
    typed = text_of(form, "rate", 8)
    rate = _rate(typed)
    if rate is None:
        errors = Errors(rate="number_invalid")
        return _prepare(request, visitor, names, mapping, errors, typed)
    asked = version_jobs.Request(
        jurisdiction=visitor.site.jurisdiction, from_pack=names[0], to_pack=names[1],
        changes=mapping, max_error_rate=rate, asked_by=_actor(visitor),
    )  # fmt: skip
    try:
        with transaction() as session:
            made = version_jobs.request(session, tools.catalog, asked, now=visitor.now)
    except DomainError as refusal:
        errors = Errors({f"map-{refusal.field}": refusal.code})
        return _prepare(request, visitor, names, mapping, errors, typed)
    return see_other(f"/flow-moves/{made}")


def _rate(text: str) -> int | None:
    """Return per cents as ten-thousandths; none when it is no share."""
    try:
        found = round(float(text.replace(",", ".")) * 100)
    except (ValueError, OverflowError):  # "x", "inf"
        return None
    return found if 0 <= found <= 10_000 else None


def _actor(visitor: Visitor) -> journal.Actor:
    return journal.Actor(ActorKind.USER, visitor.principal.name, visitor.principal.id)


@router.get("/{move_id}")
def show(request: Request, visitor: Me, move_id: UUID) -> Response:
    """Draw one move; while a worker is at it, the page asks again."""
    visitor.must_have(Role.ADMINISTRATOR)
    with read_only() as session:
        move = version_jobs.find(session, move_id)
        found = results(session, move_id)
    titles = _titles(visitor, move.from_pack, request.state.shell.language)
    page = MovePage(move=move, results=found, titles=titles)
    return render(request, "packs/move.html", page)


def _titles(visitor: Visitor, key: str, language: str) -> dict[str, str]:
    """Return what the old version calls its places; nothing when it is gone."""
    for pack in visitor.site.tools.catalog:
        if pack.key == key:
            words = PackWords(pack, language)
            return {name: words.step(name) for name in (*pack.meta.steps, *pack.meta.waits)}
    return {}


@router.post("/{move_id}/{wanted}")
def ask(visitor: Me, _form: Posted, move_id: UUID, wanted: str) -> Response:
    """Apply a move, stop it, or take it back."""
    visitor.must_have(Role.ADMINISTRATOR)
    if wanted in _WANTED:
        with transaction() as session:
            version_jobs.ask(session, move_id, _WANTED[wanted], now=visitor.now)
    return see_other(f"/flow-moves/{move_id}")


@router.get("/{move_id}/files.csv")
def download(visitor: Me, move_id: UUID) -> Response:
    """Return what came of each file, as CSV."""
    visitor.must_have(Role.ADMINISTRATOR)
    with read_only() as session:
        version_jobs.find(session, move_id)
        return saved_table([FILE_COLUMNS, *files(session, move_id)], f"flow-move-{move_id}.csv")
