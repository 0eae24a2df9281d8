"""``medcontrol selectivity results|scan|drift|fairness``: what controls teach."""

from typing import Annotated, Any

import typer

from medcontrol.clock import civil_date, utc_now
from medcontrol.db import read_only, transaction
from medcontrol.errors import NotFound
from medcontrol.settings import settings
from medcontrol.vocabulary import MeasureKind
from runtime import wiring
from runtime.commands.output import AsJson, fail, read_day, say, say_json, show_table
from runtime.commands.selectivity.group import selectivity
from runtime.environment import environment

AsOf = Annotated[str | None, typer.Option("--as-of", help="Last day of reception; default today.")]
Measure = Annotated[
    bool, typer.Option("--measure", help="Measure now and keep it, as the night does.")
]


def _day(as_of: str | None) -> Any:
    return read_day(as_of, "--as-of") if as_of else civil_date(utc_now(), settings().jurisdiction)


def _kept(kind: MeasureKind, as_of: str | None, *, measure: bool) -> dict[str, Any]:
    """Return a measure's content, measured now or by the last night; none is exit code 1."""
    from datetime import timedelta

    from selectivity.outcomes import measures, night

    place, day = settings().jurisdiction, _day(as_of)
    with environment():
        if measure:
            with transaction() as session:
                _measure(night, kind, session, place, day)
        with read_only() as session:
            found = measures.latest(session, place, kind, before=day + timedelta(days=1))
            content = None if found is None else {"as_of": found.as_of.isoformat(), **found.content}
    if content is None:
        fail("nothing was measured yet: run it with --measure, or wait for the night")
    return content


def _measure(night: Any, kind: MeasureKind, session: Any, place: str, day: Any) -> None:
    now = utc_now()
    if kind is MeasureKind.EFFECTIVENESS:
        night.measure_effects(session, wiring.keys(), place, today=day, now=now)
    elif kind is MeasureKind.SCAN:
        night.scan_segments(session, wiring.keys(), place, today=day, now=now)
    elif kind is MeasureKind.DRIFT:
        night.measure_drift(session, wiring.keys(), place, today=day, now=now)
    else:
        night.measure_fairness(session, place, today=day, now=now)


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


def _interval(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{100 * low:.1f}–{100 * high:.1f} %"


@selectivity.command("results")
def results(as_of: AsOf = None, measure: Measure = False, as_json: AsJson = False) -> None:
    """Show what each row, origin and level finds against chance, with Wilson intervals."""
    found = _kept(MeasureKind.EFFECTIVENESS, as_of, measure=measure)
    if as_json:
        say_json(found)
        return
    columns = ("kind", "key", "files", "controls", "hits", "rate", "95 %", "lift", "avoided",
               "minutes", "verdict")  # fmt: skip
    rows = [
        (e["kind"], e["key"], e["files"], e["controls"], e["hits"], _percent(e["rate"]),
         _interval(e["low"], e["high"]), f"{e['lift']:.1f}" if e["lift"] is not None else "",
         f"{e['avoided_cents'] / 100:.2f}", e["minutes"], e["verdict"])
        for e in found["effects"]
    ]  # fmt: skip
    show_table(columns, rows, title=f"{found['since']} to {found['as_of']}")


@selectivity.command("scan")
def scan(as_of: AsOf = None, measure: Measure = False, as_json: AsJson = False) -> None:
    """Show the segments of random controls that stand out, and what they were held against."""
    found = _kept(MeasureKind.SCAN, as_of, measure=measure)
    if as_json:
        say_json(found)
        return
    rows = [
        (s["sentence"], s["window_days"], f"{s['hits']}/{s['controls']}", _percent(s["base"]),
         f"{s['lift']:.1f}", f"{s['p']:.1e}")
        for s in found["segments"]
    ]  # fmt: skip
    show_table(("segment", "days", "hits", "elsewhere", "lift", "p"), rows)
    say(f"{found['controls']} controls; chance of any false segment at most {found['error']}")


@selectivity.command("drift")
def drift(as_of: AsOf = None, measure: Measure = False, as_json: AsJson = False) -> None:
    """Show how far features, score and the random hit rate moved."""
    found = _kept(MeasureKind.DRIFT, as_of, measure=measure)
    if as_json:
        say_json(found)
        return
    show_table(("feature", "PSI"), [(s["feature"], f"{s['psi']:.3f}") for s in found["shifts"]])
    rows = [
        (c["direction"], _percent(c["rate"]), f"{c['statistic']:.2f}", f"{c['limit']:.2f}",
         c["alarm_on"] or "")
        for c in found["cusum"]
    ]  # fmt: skip
    show_table(("random hit rate", "reference", "sum", "limit", "moved since"), rows)


@selectivity.command("fairness")
def fairness(as_of: AsOf = None, measure: Measure = False, as_json: AsJson = False) -> None:
    """Show how control falls on groups of people; end with 1 when a group is harmed."""
    found = _kept(MeasureKind.FAIRNESS, as_of, measure=measure)
    harmed = [line for line in found["lines"] if line["is_alert"]]
    if as_json:
        say_json(found)
    else:
        columns = ("scope", "by", "group", "files", "chosen", "ratio", "controls", "hit rate",
                   "ratio of hits", "days")  # fmt: skip
        rows = [
            (e["scope"], e["dimension"], e["group"], e["files"], _percent(e["selection"]),
             _ratio(e["selection_ratio"]), e["controls"],
             "" if e["is_small"] else _percent(e["rate"]),
             "" if e["is_small"] else _ratio(e["outcome_ratio"]),
             f"{e['days'][0]:.0f}" if e["days"] else "")
            for e in found["lines"]
        ]  # fmt: skip
        show_table(columns, rows)
    if harmed:
        fail(f"{len(harmed)} groups are chosen more while they are found wrong less")


def _ratio(found: list[float] | None) -> str:
    return "" if found is None else f"{found[0]:.2f} ({found[1]:.2f}–{found[2]:.2f})"


@selectivity.command("overturn")
def overturn(
    reference: Annotated[str, typer.Argument(help="Control file whose result no longer stands.")],
    as_json: AsJson = False,
) -> None:
    """Take back what a control had found, after an appeal that was won outside this system."""
    from sqlmodel import select

    from medcontrol.model import ControlFile
    from workflows.effects.outcomes import overturn as take_back

    with environment(), transaction() as session:
        file = session.exec(select(ControlFile).where(ControlFile.reference == reference)).first()
        if file is None:
            raise NotFound(f"there is no control file {reference}", field="reference")
        today = civil_date(utc_now(), file.jurisdiction)
        done = take_back(session, wiring.keys(), file.id, on=today)
    if as_json:
        say_json({"reference": reference, "overturned": done})
    else:
        say(f"{reference} counts as conform" if done else f"{reference} had no standing result")
