"""``medcontrol selectivity train``: a score from past controls, and its card."""

import getpass
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from medcontrol.settings import settings
from runtime import wiring
from runtime.commands.output import AsJson, read_day, say, say_json, show_table
from runtime.commands.selectivity.group import selectivity
from runtime.environment import environment

_TRAINER = "medcontrol train"


@selectivity.command("train")
def train(
    as_of: Annotated[
        str, typer.Option("--as-of", help="Learn only from results known before this day.")
    ],
    activate: Annotated[
        bool, typer.Option("--activate", help="Let it decide at once; you answer for it.")
    ] = False,
    alpha: Annotated[
        float, typer.Option("--alpha", help="0 ranks by chance of a finding, 1 by money.")
    ] = 0.0,
    cap: Annotated[
        int, typer.Option("--cap", help="Centimes beyond which an amount counts no more.")
    ] = 5_000_000,
    features: Annotated[
        str | None, typer.Option("--features", help="Only these, separated by commas.")
    ] = None,
    challenger: Annotated[
        bool, typer.Option("--challenger/--no-challenger", help="Fit the glass box as well.")
    ] = True,
    card: Annotated[
        Path | None, typer.Option("--card", help="Write the model card, as Markdown.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train a score from closed controls; it decides once a person activates it."""
    from selectivity.score.model import Value
    from selectivity.score.training import Training

    day = read_day(as_of, "--as-of")
    if not 0 <= alpha <= 2:
        raise InvalidInput(f"--alpha: {alpha} is not between 0 and 2", field="alpha")
    if cap < 100:
        raise InvalidInput(f"--cap: {cap} is less than 100 centimes", field="cap")
    asked = Training(
        as_of=day, ranking=Value(alpha, cap),
        features=tuple(features.split(",")) if features else None,
    )  # fmt: skip
    with environment():
        shown = _train(asked, with_challenger=challenger)
        if activate:
            _activate(shown["id"], f"operator {getpass.getuser()}")
            shown["status"] = "active"
        if card is not None:
            card.write_text(_card(shown["id"]), encoding="utf-8")
    say_json(shown) if as_json else _show(shown)


def _train(asked: Any, *, with_challenger: bool) -> dict[str, Any]:
    """Read, fit, keep; return what came of it."""
    from dataclasses import replace

    from selectivity.score import reading, store
    from selectivity.score.training import fit

    place, keys = settings().jurisdiction, wiring.keys()
    with read_only() as session:
        lessons = reading.lessons(session, keys, jurisdiction=place, as_of=asked.as_of)
        shown = reading.background(session, keys, jurisdiction=place, as_of=asked.as_of)
    made = fit(lessons, asked if with_challenger else replace(asked, glass=None), background=shown)
    with transaction() as session:
        row = store.save(session, made, jurisdiction=place, by=_TRAINER, now=utc_now())
        return {
            "id": str(row.id),
            "model": store.name_of(row),
            "sha256": row.sha256,
            "status": row.status.value,
            **row.report,
        }


def _activate(model_id: str, by: str) -> None:
    from selectivity.score import store

    with transaction() as session:
        store.activate(session, UUID(model_id), by=by, now=utc_now())


def _card(model_id: str) -> str:
    from medcontrol.model import TrainedModel
    from selectivity.score.card import card_of

    with read_only() as session:
        return card_of(session.get_one(TrainedModel, UUID(model_id)))


def _show(shown: dict[str, Any]) -> None:
    say(
        f"{shown['model']} ({shown['status']}), SHA-256 {shown['sha256'][:16]}…:"
        f" {shown['cases']} controls, {shown['hits']} of them a hit, known before {shown['as_of']}"
    )
    rows = [("trees", *_figures(shown["measured"]))]
    if "challenger" in shown:
        rows.append(("glass box", *_figures(shown["challenger"])))
    show_table(("model", "AUC", "lift 1 %", "lift 5 %", "AUC random", "lift 5 % random"), rows)
    calibration = shown["calibration"]
    how = calibration["why_not"] or (
        f"isotonic, on {calibration['cases']} controls drawn at random ({calibration['hits']} hits)"
    )
    say(f"calibration: {how}")
    weights = shown["weights"]
    say(
        f"weights: 1/π up to {weights['clip']:g} ({weights['clipped']} clipped), half-life"
        f" {weights['half_life_days']:g} days, worth {weights['effective_cases']} equal cases"
    )


def _figures(measured: dict[str, Any]) -> tuple[Any, ...]:
    whole, random = measured["all"], measured["random"]
    return whole["auc"], whole["lift_1"], whole["lift_5"], random["auc"], random["lift_5"]
