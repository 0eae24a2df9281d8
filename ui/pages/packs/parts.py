"""What the pages of packs draw, in plain values and the reader's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml
from starlette.datastructures import FormData

from medcontrol.queries.packs import Waiting
from medcontrol.queries.step_form import FormField
from medcontrol.vocabulary import CURRENCIES, ControlFileStatus
from ui.i18n import N_
from ui.pages.doctor.step_form import StepForm
from ui.words import PackWords
from workflows.definition.bpmn import read
from workflows.definition.catalog import Catalog, Pack
from workflows.definition.listing import parameters, value_of
from workflows.definition.parts import Titles
from workflows.definition.steps import Step

_PLAIN_UNITS = frozenset({"count", "fraction", "time_of_day", "flag", "choice"})
TABS: tuple[tuple[str, str], ...] = (
    ("diagram", N_("Diagram and load")),
    ("forms", N_("Forms")),
    ("letters", N_("Letters")),
    ("parameters", N_("Law and clocks")),
    ("scenarios", N_("Scenarios")),
    ("versions", N_("Versions")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRow:
    """A version in the list."""

    pack: Pack
    title: str
    flows: tuple[str, ...]
    natures: tuple[str, ...]
    is_released: bool
    running: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PacksPage:
    """The list of flows."""

    rows: Sequence[PackRow]
    may_move: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """A step with its rule and the titles of its outcomes."""

    id: str
    title: str
    rule: Step
    outcomes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """A place at which files wait: on the diagram and in the table. ``heat``: 0 to 4."""

    id: str
    title: str
    is_step: bool
    waiting: int
    late: int
    heat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FormPart:
    """The form of a step, drawn as a doctor or an agent sees it, to be read only."""

    step: str
    title: str
    nature: str
    natures: tuple[str, ...]
    name: str
    fields: tuple[FormField, ...]

    def error_of(self, _name: str) -> str | None:
        """Nothing is submitted, so nothing is wrong."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRow:
    """A letter of the pack."""

    code: str
    title: str
    recipient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioRow:
    """A scenario: what it is called, how many things happen, and how it ends."""

    name: str
    title: str
    happens: int
    status: ControlFileStatus | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """Another version of the same pack."""

    key: str
    valid_from: date
    running: int
    is_this: bool


@dataclass(slots=True, kw_only=True)
class PackPage:
    """One version; only what its tab draws is filled."""

    pack: Pack
    title: str
    is_released: bool
    tab: str
    may_edit: bool
    steps: Sequence[StepRow]
    places: Sequence[PlaceRow] = ()
    form: FormPart | None = None
    letter: str = ""
    letters: Sequence[LetterRow] = ()
    parameters: Sequence[Mapping[str, Any]] = ()
    clocks: Sequence[Mapping[str, Any]] = ()
    scenarios: Sequence[ScenarioRow] = ()
    versions: Sequence[VersionRow] = ()
    tabs: tuple[tuple[str, str], ...] = TABS

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"/flows/{self.pack.key}"

    @property
    def currency(self) -> str:
        """Of the amounts that its forms ask for."""
        return CURRENCIES[self.pack.meta.jurisdiction]


def title_of(titles: Titles, language: str) -> str:
    """Return a title in a language of the screens."""
    return str(getattr(titles, language))


def tab_of(asked: str) -> str:
    """Return the tab that was asked for, else the first."""
    return asked if asked in dict(TABS) else TABS[0][0]


def rows(
    catalog: Catalog, jurisdiction: str, language: str, running: Mapping[str, int],
    released: frozenset[str],
) -> list[PackRow]:  # fmt: skip
    """Return every version of a jurisdiction's packs by title, newest first."""
    found = [
        PackRow(
            pack=pack,
            title=title_of(pack.meta.titles, language),
            flows=tuple(pack.meta.flows),
            natures=tuple(dict.fromkeys(n for f in pack.meta.flows.values() for n in f.natures)),
            is_released=pack.key in released,
            running=running.get(pack.key, 0),
        )
        for pack in catalog
        if pack.meta.jurisdiction == jurisdiction
    ]
    return sorted(found, key=lambda row: (row.title, -row.pack.meta.version))


def steps(pack: Pack, language: str) -> list[StepRow]:
    """Return the steps with the titles of their outcomes."""
    words = PackWords(pack, language)
    return [
        StepRow(id=name, title=words.step(name), rule=rule,
                outcomes=tuple(words.outcome(each) for each in rule.outcomes))
        for name, rule in pack.meta.steps.items()
    ]  # fmt: skip


def places_by_status(pack: Pack) -> dict[str, str]:
    """Return the place that a file's status means when it waits for no person."""
    return {str(rule.status): name for name, rule in reversed(pack.meta.waits.items())}


def places(
    pack: Pack, language: str, counts: Mapping[str, Mapping[str, Waiting]]
) -> list[PlaceRow]:
    """Return the places of the diagram with what waits there under this version."""
    words, here = PackWords(pack, language), counts.get(pack.key, {})
    most = max((each.waiting for each in here.values()), default=0)
    found = []
    for node in read(pack.bpmn()).nodes.values():
        if node.id not in pack.meta.steps and node.id not in pack.meta.waits:
            continue
        count = here.get(node.id, Waiting(0, 0))
        heat = 0 if not count.waiting else 1 + round(3 * count.waiting / most)
        found.append(
            PlaceRow(
                id=node.id, title=words.step(node.id), is_step=node.id in pack.meta.steps,
                waiting=count.waiting, late=count.late, heat=heat,
            )
        )  # fmt: skip
    return found


def form(pack: Pack, step: str, nature: str, language: str) -> FormPart:
    """Return the form of a step as it is for a nature, empty."""
    drawn = StepForm(
        pack.form(step), pack.meta.steps[step], jurisdiction=pack.meta.jurisdiction,
        nature=nature, language=language, sent=FormData(),
    )  # fmt: skip
    return FormPart(
        step=step, title=PackWords(pack, language).step(step), nature=nature,
        natures=pack.served.natures, name=pack.meta.steps[step].form,
        fields=drawn.fields(pack.meta.facts),
    )  # fmt: skip


def letters(pack: Pack, language: str) -> list[LetterRow]:
    """Return the letters by title."""
    found = [
        LetterRow(code=code, title=title_of(part.titles, language), recipient=part.recipient)
        for code, part in pack.meta.letters.items()
    ]
    return sorted(found, key=lambda row: row.title)


def parameters_of(pack: Pack, on_day: date) -> list[dict[str, Any]]:
    """Return every parameter that the pack names, with value, source and who names it."""
    return [
        _in_force(pack, path, on_day) | {"used_by": sorted(where)}
        for path, where in sorted(parameters(pack).items())
    ]


def _in_force(pack: Pack, path: str, on_day: date) -> dict[str, Any]:
    """Return a parameter as of a day; its unit is empty where the value says it all."""
    found = value_of(pack, path, on_day)
    return found | {"unit": "" if found["unit"] in _PLAIN_UNITS else found["unit"]}


def clocks(pack: Pack, language: str, on_day: date) -> list[dict[str, Any]]:
    """Return the pack's clocks with the law's value of a day."""
    return [
        {"name": name, "title": title_of(rule.titles, language), "rule": rule}
        | _in_force(pack, rule.parameter, on_day)
        for name, rule in pack.meta.deadlines.items()
    ]


def scenarios(pack: Pack) -> list[ScenarioRow]:
    """Return the pack's scenarios in order; one that can't be read keeps its name."""
    found = []
    for path in pack.scenarios():
        try:
            told = yaml.safe_load(path.read_text("utf-8"))
            row = ScenarioRow(
                name=path.stem, title=str(told["title"]), happens=len(told.get("when") or ()),
                status=ControlFileStatus(told["then"]["status"]),
            )  # fmt: skip
        except (yaml.YAMLError, KeyError, TypeError, ValueError):
            row = ScenarioRow(name=path.stem, title=path.stem, happens=0, status=None)
        found.append(row)
    return found


def versions(catalog: Catalog, pack: Pack, running: Mapping[str, int]) -> list[VersionRow]:
    """Return all versions of the same pack, newest first."""
    same = [
        each for each in catalog
        if (each.meta.jurisdiction, each.meta.code) == (pack.meta.jurisdiction, pack.meta.code)
    ]  # fmt: skip
    return [
        VersionRow(key=each.key, valid_from=each.meta.valid_from,
                   running=running.get(each.key, 0), is_this=each.key == pack.key)
        for each in sorted(same, key=lambda p: -p.meta.version)
    ]  # fmt: skip
