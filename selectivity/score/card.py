"""The model card (fiche du modèle): what a trained score is, made from the run itself."""

from typing import Any

from medcontrol.model import TrainedModel
from selectivity.registry import FEATURES
from selectivity.score.families import TEXTS, refused, role_of

_DIRECTIONS = {1: "more never lowers the score", 0: "either way", -1: "more never raises it"}


def card_of(row: TrainedModel) -> str:
    """Return the card of a model as Markdown."""
    report = row.report
    parts = (
        _head(row),
        _measured(report),
        _calibration(report["calibration"]),
        _features(report["columns"]),
        _refused(),
        _limits(report),
    )
    return "\n".join(line for part in parts for line in (*part, "")).rstrip() + "\n"


def _head(row: TrainedModel) -> list[str]:
    report, name = row.report, f"{row.jurisdiction.value}/{row.number}"
    origins = ", ".join(f"{count} {origin}" for origin, count in report["origins"].items())
    weights, value = report["weights"], report["value"]
    return [
        f"# Model card: score {name}",
        "",
        f"- Text: SHA-256 `{row.sha256}`, {row.kind}, one thread, one seed: fitted again it is"
        " the same",
        f"- Learned from: {report['cases']} closed controls, {report['hits']} of them a hit"
        f" (a refusal, a reduction, a confirmed anomaly that still stands), by origin: {origins}",
        f"- Received {' to '.join(report['received'])},"
        f" results known {' to '.join(report['decided'])}, nothing of {report['as_of']} or later",
        f"- Weights: 1/π up to {weights['clip']:g} ({weights['clipped']} clipped), half as much"
        f" after {weights['half_life_days']:g} days; as good as {weights['effective_cases']}"
        " equal cases",
        f"- Ranking: P × (min(amount, {value['cap_cents'] / 100:.2f}) / cap) ^ {value['alpha']:g}",
        "- Use: it chooses files for a doctor to look at while there is capacity. It never"
        " refuses, reduces or delays payment by itself, and doctors don't see it",
    ]


def _measured(report: dict[str, Any]) -> list[str]:
    rows = [("boosted trees, monotone", report["measured"])]
    if "challenger" in report:
        rows.append(("glass box (EBM), challenger", report["challenger"]))
    lines = [
        "## Figures",
        "",
        "On cases that the measured fit never saw (folds by keyed draw). *All* weighs each"
        " control by the files it stands for; *random* are the controls drawn at random alone.",
        "",
        "| model | cases | hits | AUC | lift at 1 % | lift at 5 % |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, measured in rows:
        for which in ("all", "random"):
            found = measured[which]
            cells = (found["cases"], found["hits"], found["auc"], found["lift_1"], found["lift_5"])
            lines.append(f"| {name}, {which} | " + " | ".join(map(_cell, cells)) + " |")
    return lines


def _calibration(found: dict[str, Any]) -> list[str]:
    lines = ["## Calibration", ""]
    if found["why_not"]:
        return [*lines, f"None: {found['why_not']}. Scores rank, they are no rates."]
    lines += [
        f"Isotonic, on the {found['cases']} controls drawn at random ({found['hits']} hits).",
        "",
        "| said | found | cases |",
        "| --- | --- | --- |",
    ]
    return lines + [
        f"| {each['said']:.1%} | {each['found']:.1%} | {each['cases']} |" for each in found["chart"]
    ]


def _features(columns: list[dict[str, Any]]) -> list[str]:
    lines = [
        "## Features",
        "",
        "Strength: how far the feature moves the log-odds of a control on average.",
        "",
        "| feature | family | direction | strength |",
        "| --- | --- | --- | --- |",
    ]
    for each in columns:
        feature = FEATURES.get(each["feature"])
        name = f"{each['feature']}{' (medical)' if feature and feature.is_medical else ''}"
        family = TEXTS[role_of(each["feature"]).family]
        direction = _DIRECTIONS[each["direction"]]
        lines.append(f"| {name} | {family} | {direction} | {each['strength']} |")
    return lines


def _refused() -> list[str]:
    lines = [
        "## Never used",
        "",
        "The registry refuses them; training with one ends in an error.",
        "",
    ]
    return lines + [f"- {why}" for why in refused().values()]


def _limits(report: dict[str, Any]) -> list[str]:
    return [
        "## Limits",
        "",
        "- It learns what doctors decided. Where they err together, it errs with them.",
        "- What nobody was drawn for, it can't know: the random floor and the scan of segments"
        " find new schemes, not this score.",
        "- Files that only a score chose teach it more of the same; weights 1/π correct for it as"
        f" far as {report['weights']['clip']:g} files a control.",
        "- A rate per file is right on average; for one file it is a reason to look, no finding.",
    ]


def _cell(value: Any) -> str:
    return "–" if value is None else str(value)
