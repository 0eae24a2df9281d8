"""The catalogue of flows (catalogue des circuits): drawn, with what waits where, and the law."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.queries.packs import at_places, running_by_pack
from medcontrol.vocabulary import Role
from ui.forms import text_of
from ui.pages.packs import parts
from ui.pages.packs.parts import PackPage, PacksPage
from ui.rendering import render
from ui.visitors import Me, Visitor
from workflows.definition.catalog import Pack, read_lock
from workflows.definition.diff import SECTIONS, Change, differences, shown
from workflows.definition.samples import sample_context
from workflows.letters.rendering import preview_png

router = APIRouter(prefix="/flows")

READERS = (
    Role.ADMINISTRATOR, Role.REFERENCE_MANAGER, Role.SUPERVISOR, Role.COORDINATOR, Role.AUDITOR,
)  # fmt: skip
_PNG = {"cache-control": "private, max-age=300"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparePage:
    """What two versions have otherwise, by section."""

    before: Pack
    after: Pack
    title: str
    sections: Sequence[tuple[str, Sequence[Change]]] = field(default_factory=tuple)

    @staticmethod
    def told(value: Any) -> str:
        """Return a value of a pack as text."""
        return shown(value)


@router.get("")
def show_all(request: Request, visitor: Me) -> Response:
    """Draw the list of flows with their versions."""
    visitor.must_have(*READERS)
    catalog = visitor.site.tools.catalog
    with read_only() as session:
        running = running_by_pack(session)
    released = frozenset(read_lock(catalog.root))
    language = request.state.shell.language
    rows = parts.rows(catalog, visitor.site.jurisdiction, language, running, released)
    page = PacksPage(rows=rows, may_move=visitor.principal.has(Role.ADMINISTRATOR))
    return render(request, "packs/list.html", page)


@router.get("/compare")
def compare(request: Request, visitor: Me) -> Response:
    """Draw what two versions have otherwise."""
    visitor.must_have(*READERS)
    catalog = visitor.site.tools.catalog
    before = catalog.version(text_of(request.query_params, "before", 64))
    after = catalog.version(text_of(request.query_params, "after", 64))
    language = request.state.shell.language
    page = _compared(before, after, differences(before, after), language)
    return render(request, "packs/compare.html", page)


def _compared(before: Pack, after: Pack, changes: Sequence[Change], language: str) -> ComparePage:
    """Return the page of a comparison."""
    sections = [(name, [c for c in changes if c.section == name]) for name in SECTIONS]
    return ComparePage(
        before=before, after=after, title=parts.title_of(after.meta.titles, language),
        sections=[(name, found) for name, found in sections if found],
    )  # fmt: skip


@router.get("/{jurisdiction}/{code}/{version}")
def show(request: Request, visitor: Me, jurisdiction: str, code: str, version: str) -> Response:
    """Draw one version: a tab for its diagram, forms, letters, law, scenarios or versions."""
    visitor.must_have(*READERS)
    pack = visitor.site.tools.catalog.version(f"{jurisdiction}/{code}/{version}")
    return render(request, "packs/pack.html", _page(request, visitor, pack))


def _page(request: Request, visitor: Visitor, pack: Pack) -> PackPage:
    asked, language = request.query_params, request.state.shell.language
    catalog = visitor.site.tools.catalog
    flows = list(pack.meta.flows)
    page = PackPage(
        pack=pack,
        title=parts.title_of(pack.meta.titles, language),
        is_released=pack.key in read_lock(catalog.root),
        tab=parts.tab_of(text_of(asked, "tab", 20)),
        may_edit=visitor.principal.has(Role.ADMINISTRATOR),
        steps=parts.steps(pack, language),
    )
    if page.tab == "diagram":
        statuses = {each.key: parts.places_by_status(each) for each in catalog}
        with read_only() as session:
            page.places = parts.places(
                pack, language, at_places(session, flows, statuses, visitor.now)
            )
    elif page.tab == "forms":
        step = text_of(asked, "step", 64) or next(iter(pack.meta.steps))
        if step not in pack.meta.steps:
            raise NotFound(f"no step {step!r}", field="step")
        natures = pack.served.natures
        nature = text_of(asked, "nature", 64)
        page.form = parts.form(pack, step, nature if nature in natures else natures[0], language)
    elif page.tab == "letters":
        page.letter = text_of(asked, "letter", 64) or next(iter(pack.meta.letters), "")
        page.letters = parts.letters(pack, language)
    elif page.tab == "parameters":
        page.parameters = parts.parameters_of(pack, visitor.today)
        page.clocks = parts.clocks(pack, language, visitor.today)
    elif page.tab == "scenarios":
        page.scenarios = parts.scenarios(pack)
    else:
        with read_only() as session:
            page.versions = parts.versions(catalog, pack, running_by_pack(session))
    return page


@router.get("/{jurisdiction}/{code}/{version}/diagram.bpmn")
def diagram(visitor: Me, jurisdiction: str, code: str, version: str) -> Response:
    """Return the diagram as BPMN."""
    visitor.must_have(*READERS)
    pack = visitor.site.tools.catalog.version(f"{jurisdiction}/{code}/{version}")
    return Response(pack.bpmn(), media_type="application/xml")


@router.get("/{jurisdiction}/{code}/{version}/letters/{letter}.{language}.png")
def letter(
    visitor: Me, jurisdiction: str, code: str, version: str, letter: str, language: str
) -> Response:
    """Return the first page of a letter, filled with invented data."""
    visitor.must_have(*READERS)
    tools = visitor.site.tools
    pack = tools.catalog.version(f"{jurisdiction}/{code}/{version}")
    if language not in ("fr", "ar"):
        raise InvalidInput("letters are in fr and ar", field="language")
    if letter not in pack.meta.letters:
        raise NotFound(f"no letter {letter!r}", field="letter")
    picture = preview_png(pack, letter, language, sample_context(language), fonts=tools.fonts)
    return Response(picture, media_type="image/png", headers=_PNG)
