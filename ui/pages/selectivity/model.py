"""The score that is at work, and those that could be: figures, features, limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from medcontrol.db import read_only, transaction
from medcontrol.errors import NotFound
from medcontrol.model import TrainedModel
from medcontrol.settings import settings
from medcontrol.vocabulary import Role, ScoreModelStatus
from selectivity.registry import FEATURES
from selectivity.score import store
from selectivity.score.card import card_of
from selectivity.score.families import refused, role_of
from selectivity.score.training import LEAST_CASES, LEAST_HITS
from ui.downloads import saved
from ui.forms import as_uuid, as_whole, text_of
from ui.notices import see_other
from ui.pages.selectivity.versions import READERS
from ui.rendering import render
from ui.visitors import Me, Posted

router = APIRouter(prefix="/selectivity/model")

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class FeatureLine:
    """One feature of a model: what it is, which way it points, how much it moves the score."""

    name: str
    is_norm: bool
    is_medical: bool
    family: str
    direction: str
    strength: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage:
    """The models of a fund, and one of them in full."""

    models: Sequence[TrainedModel]
    shown: TrainedModel | None
    features: Sequence[FeatureLine]
    never: Sequence[str]
    is_off: bool
    may_write: bool
    least_cases: int = LEAST_CASES
    least_hits: int = LEAST_HITS
    tab: str = "model"

    @property
    def report(self) -> Mapping[str, Any]:
        """The figures of the model that is shown."""
        return self.shown.report if self.shown else {}

    @property
    def learners(self) -> list[tuple[str, Mapping[str, Any]]]:
        """The measured learners: the model, and its challenger if there is one."""
        found = [("lightgbm", self.report["measured"])]
        if "challenger" in self.report:
            found.append(("ebm", self.report["challenger"]))
        return found

    def name(self, row: TrainedModel) -> str:
        """Return "ma/3"."""
        return store.name_of(row)


@router.get("")
def show_model(request: Request, visitor: Me) -> Response:
    """Draw the active model, or the one that the address names by number."""
    visitor.must_have(*READERS)
    wanted = text_of(request.query_params, "n", 9)
    with read_only() as session:
        models = store.listed(session, visitor.site.jurisdiction)
    page = ModelPage(
        models=models[:_SHOWN],
        shown=(shown := _chosen(models, wanted)),
        features=_features(shown) if shown else (),
        never=sorted(refused()),
        is_off=not settings().selectivity_score,
        may_write=visitor.principal.has(Role.ANALYST),
    )
    return render(request, "selectivity/model.html", page)


@router.get("/{number}/card")
def get_card(visitor: Me, number: int) -> Response:
    """Send the model card as Markdown."""
    visitor.must_have(*READERS)
    with read_only() as session:
        models = store.listed(session, visitor.site.jurisdiction)
    row = next((each for each in models if each.number == number), None)
    if row is None:
        raise NotFound(f"there is no model {number}")
    name = f"score-{row.jurisdiction.value}-{row.number}.md"
    return saved(card_of(row), name, "text/markdown; charset=utf-8")


@router.post("/{model}/activate")
def activate(visitor: Me, form: Posted, model: str) -> Response:
    """Let a model decide from now on."""
    visitor.must_have(Role.ANALYST)
    key = as_uuid(model)
    if key is None:
        raise NotFound("there is no such model")
    with transaction() as session:
        store.activate(session, key, by=visitor.principal.name, now=visitor.now)
    return see_other("/selectivity/model", "saved")


@router.post("/retire")
def retire(visitor: Me, form: Posted) -> Response:
    """Let rules and draws decide alone from now on."""
    visitor.must_have(Role.ANALYST)
    with transaction() as session:
        store.retire(session, visitor.site.jurisdiction, now=visitor.now)
    return see_other("/selectivity/model", "saved")


def _chosen(models: Sequence[TrainedModel], wanted: str) -> TrainedModel | None:
    """Return the model that is asked for, else the active one, else the newest."""
    if (number := as_whole(wanted)) is not None:
        return next((each for each in models if each.number == number), None)
    active = (each for each in models if each.status is ScoreModelStatus.ACTIVE)
    return next(active, models[0] if models else None)


def _features(row: TrainedModel) -> list[FeatureLine]:
    columns = row.report["columns"]
    most = max((each["strength"] for each in columns), default=0.0) or 1.0
    return [
        FeatureLine(
            name=each["feature"],
            is_norm=each["feature"] not in FEATURES,
            is_medical=bool(
                (known := FEATURES.get(each["feature"])) is not None and known.is_medical
            ),
            family=role_of(each["feature"]).family.value,
            direction=str(each["direction"]),
            strength=each["strength"],
            share=each["strength"] / most,
        )
        for each in columns
    ]
