"""``medcontrol selectivity backtest``, ``replay``: the past again, by other rules or the same."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from sqlmodel import Session

from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from medcontrol.settings import settings
from runtime import wiring
from runtime.commands.output import (
    AsJson,
    fail,
    read_day,
    read_file,
    say,
    say_json,
    show_table,
    warn,
)
from runtime.commands.selectivity.group import selectivity
from runtime.environment import environment

if TYPE_CHECKING:
    from selectivity.backtest.result import BacktestResult
    from selectivity.backtest.sources import RuleText

_ASKED_BY = "medcontrol selectivity backtest"


@selectivity.command("backtest")
def backtest(
    since: Annotated[str, typer.Option("--from", help="First day of reception, 2026-09-01.")],
    until: Annotated[str, typer.Option("--to", help="Last day of reception.")],
    rules: Annotated[str, typer.Option("--rules", help="A file (YAML), or a version as ma/2.")],
    base: Annotated[
        str | None, typer.Option("--base", help="Compare with; default: in force on the last day.")
    ] = None,
    capacity: Annotated[
        int | None,
        typer.Option("--capacity", min=0, help="Controls a day; default: all asked for."),
    ] = None,
    with_score: Annotated[
        bool, typer.Option("--score", help="Fill the capacity by the score that decides.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Show the result on the screens too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what rules, a score or a capacity would have done with the files of a period."""
    from selectivity.backtest import jobs, sources

    first, last = read_day(since, "--from"), read_day(until, "--to")
    with environment():
        place = settings().jurisdiction
        with read_only() as session:
            asked = jobs.Request(
                jurisdiction=place,
                rules=_source(session, rules),
                base=None if base is None else _source(session, base),
                since=first,
                until=last,
                capacity=capacity,
                score=sources.active_score(session, place) if with_score else None,
                asked_by=_ASKED_BY,
            )
            jobs.check(asked)
            result = jobs.answer(session, wiring.keys(), asked, progress=_telling(as_json))
        if keep:
            with transaction() as session:
                warn(f"kept as {jobs.keep(session, asked, result, now=utc_now())}")
    if as_json:
        say_json(result.as_json())
    else:
        _show(result)


def _source(session: Session, name: str) -> "RuleText":
    """Return the rules of a file, or of a version when there is no such file."""
    from selectivity.backtest import sources

    if Path(name).is_file():
        try:
            return sources.from_text(read_file(name).decode("utf-8"), source=name)
        except UnicodeDecodeError:
            raise InvalidInput(f"{name} is no text in UTF-8", field="rules") from None
    return sources.from_version(session, *sources.version_of(name))


def _telling(as_json: bool) -> Callable[[int], None]:
    told = [0]

    def tell(percent: int) -> None:
        if percent >= told[0] + 10 and not as_json:
            told[0] = percent
            warn(f"{percent} %")

    return tell


def _show(result: "BacktestResult") -> None:
    found: dict[str, Any] = result.as_json()
    say(
        f"{result.rules} beside {result.base}: {result.files} files, {result.controlled} controlled"
        f" ({result.base_controlled}), {result.doctor_days:.1f} doctor-days"
        f" ({result.base_doctor_days:.1f})"
    )
    show_table(
        ("from \\ to", *found["lanes"]),
        [(before, *to.values()) for before, to in found["transitions"].items()],
        title="Lanes: rows are the base",
    )
    members = ("all_hits", "base_caught", "caught", "missed", "difference")
    show_table(
        ("hits", "estimate", "95 %", "outcomes"),
        [_figure(name, found["findings"][name]) for name in members],
        title=f"{result.findings.closed} of {result.findings.controlled} controls closed",
    )
    show_table(
        ("row", "lane", "matched", "taken", "alone", "doctor-days", "hit rate"),
        [
            (row["row"], row["lane"], row["matched"], row["taken"], row["alone"],
             row["doctor_days"], _figure("", row["rate"])[1])
            for row in found["rows"]
            if row["matched"]
        ],
    )  # fmt: skip


def _figure(name: str, figure: dict[str, Any]) -> tuple[str, str, str, int]:
    if not figure["is_enough"]:
        return name, "not enough data", "", figure["outcomes"]
    ends = f"{figure['low']:g} – {figure['high']:g}"
    return name, f"{figure['value']:g}", ends, figure["outcomes"]


@selectivity.command("replay")
def replay(
    sample: Annotated[
        int, typer.Option("--sample", min=1, help="Decisions drawn at random.")
    ] = 1000,
    as_json: AsJson = False,
) -> None:
    """Decide stored decisions again; end with 1 when one comes out otherwise."""
    from selectivity.records.replay import replay_sample

    with environment():
        report = replay_sample(wiring.keys(), settings().jurisdiction, number=sample, now=utc_now)
    if as_json:
        say_json(report.as_json())
    elif not report.differences:
        say(f"{report.replayed} decisions, each the one that was recorded")
    if report.differences:
        if not as_json:
            rows = [(each.name, ", ".join(each.members)) for each in report.differences[:20]]
            show_table(("file", "what differs"), rows)
        fail(f"{len(report.differences)} of {report.replayed} decisions come out otherwise")
