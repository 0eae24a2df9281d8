"""Probe rounds at providers: start, follow, stop, and read the letters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.model import Probe
from medcontrol.reference.flows import flows
from medcontrol.vocabulary import Role
from selectivity.outcomes import probes
from selectivity.outcomes.probe_views import ProbeView, letter_of
from selectivity.outcomes.probe_views import probes as all_probes
from selectivity.outcomes.probes import ProbeRunning, Wish
from ui.forms import as_uuid, text_of
from ui.notices import see_other
from ui.pages.selectivity.versions import READERS
from ui.rendering import render
from ui.visitors import Me, Posted, Visitor
from workflows.letters.provider import reference_of
from workflows.letters.provider import render as render_letter

router = APIRouter(prefix="/selectivity/probes")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbesPage:
    """Probes, and the form for a new one."""

    probes: Sequence[ProbeView]
    flows: Sequence[str]
    form: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    may_write: bool = False

    @property
    def tab(self) -> str:
        """The tab of selectivity that the page belongs to."""
        return "probes"

    def reference(self, probe: Probe) -> str:
        """Return a probe's name in letters and lists."""
        return reference_of(probe)


_FIELDS = ("provider_id", "flow", "acts", "sample_size", "max_rounds", "language", "reason")


@router.get("")
def show_probes(request: Request, visitor: Me) -> Response:
    """Draw the probes; the address may name a provider to start with."""
    visitor.must_have(*READERS)
    given = {name: text_of(request.query_params, name, 64) for name in ("provider_id", "flow")}
    return _draw(request, visitor, given, {})


@router.post("")
def start(request: Request, visitor: Me, form: Posted) -> Response:
    """Start probe rounds."""
    visitor.must_have(Role.ANALYST)
    given = {name: text_of(form, name, 500) for name in _FIELDS}
    try:
        wish = Wish(
            provider_id=given["provider_id"], flow=given["flow"], acts=given["acts"] or None,
            sample_size=_whole(given["sample_size"], "sample_size"),
            max_rounds=_whole(given["max_rounds"], "max_rounds"),
            language=given["language"], reason=given["reason"],
        )  # fmt: skip
        with transaction() as session:
            probes.start(
                session, visitor.site.jurisdiction, wish, actor=visitor.principal, now=visitor.now
            )
    except (InvalidInput, ProbeRunning) as refusal:
        return _draw(request, visitor, given, {refusal.field or "reason": refusal.code})
    return see_other("/selectivity/probes", "created")


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 4):
        raise InvalidInput("a whole number", field=name)
    return int(text)


def _draw(
    request: Request, visitor: Visitor, form: Mapping[str, str], errors: Mapping[str, str]
) -> Response:
    place = visitor.site.jurisdiction
    with read_only() as session:
        page = ProbesPage(
            probes=all_probes(session, place),
            flows=[flow.code for flow in flows().values() if flow.may_open_in(place)],
            form={"sample_size": "30", "max_rounds": "3", "language": "fr", **form},
            errors=errors,
            may_write=visitor.principal.has(Role.ANALYST),
        )
        return render(request, "selectivity/probes.html", page, status_code=400 if errors else 200)


@router.post("/{probe}/stop")
def stop(visitor: Me, form: Posted, probe: str) -> Response:
    """Stop probe rounds, with a reason."""
    visitor.must_have(Role.ANALYST)
    key = as_uuid(probe)
    if key is None:
        raise NotFound("there is no such probe")
    with transaction() as session:
        probes.stop(
            session, key, text_of(form, "reason", 500), actor=visitor.principal, now=visitor.now
        )
    return see_other("/selectivity/probes", "ended")


@router.get("/letters/{letter}")
def show_letter(visitor: Me, letter: str) -> Response:
    """Give the letter to a provider as it is, or will be, sent."""
    visitor.must_have(*READERS)
    with read_only() as session:
        found = letter_of(session, as_uuid(letter))
        pdf = render_letter(found, fonts=visitor.site.tools.fonts)
    return Response(pdf, media_type="application/pdf")
