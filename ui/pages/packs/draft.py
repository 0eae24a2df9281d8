"""A copy of a diagram edited in the browser, checked by the server, downloaded (brouillon)."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response

from medcontrol.vocabulary import Role
from ui.forms import text_of
from ui.pages.packs.parts import title_of
from ui.rendering import render
from ui.visitors import Me, Posted
from workflows.definition.catalog import Pack
from workflows.definition.checks import Problem
from workflows.definition.drafts import check_diagram

router = APIRouter(prefix="/flows")


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftPage:
    """The modeler; ``problems`` of the last check, none while nothing was checked."""

    pack: Pack
    title: str
    problems: Sequence[Problem] | None = None

    @property
    def address(self) -> str:
        """Where the version's own page is."""
        return f"/flows/{self.pack.key}"


@router.get("/{jurisdiction}/{code}/{version}/draft")
def edit(request: Request, visitor: Me, jurisdiction: str, code: str, version: str) -> Response:
    """Draw the modeler with the diagram of this version."""
    visitor.must_have(Role.ADMINISTRATOR)
    pack = visitor.site.tools.catalog.version(f"{jurisdiction}/{code}/{version}")
    title = title_of(pack.meta.titles, request.state.shell.language)
    return render(request, "packs/draft.html", DraftPage(pack=pack, title=title))


@router.post("/{jurisdiction}/{code}/{version}/draft")
def check(
    request: Request, visitor: Me, form: Posted, jurisdiction: str, code: str, version: str
) -> Response:
    """Check the edited diagram in its pack; draw what was found. Nothing is kept."""
    visitor.must_have(Role.ADMINISTRATOR)
    tools = visitor.site.tools
    pack = tools.catalog.version(f"{jurisdiction}/{code}/{version}")
    problems = check_diagram(pack, text_of(form, "bpmn"), fonts=tools.fonts)
    title = title_of(pack.meta.titles, request.state.shell.language)
    page = DraftPage(pack=pack, title=title, problems=problems)
    return render(request, "packs/draft.html", page, block="found")
