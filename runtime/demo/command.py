"""``medcontrol demo``: an invented fund, a day of files through the real gate, then the screens."""

import os
import socket
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.clock import Clock, civil_date, utc_now
from medcontrol.db import engine, read_only, transaction
from medcontrol.embedded import servers
from medcontrol.errors import InvalidInput, Unavailable
from medcontrol.ids import new_id
from medcontrol.intake import Line
from medcontrol.model import IntakeBatch, Schedule
from medcontrol.queries.own_account import load_demo_accounts
from medcontrol.services.schedule import note_run
from medcontrol.settings import settings
from runtime import wiring
from runtime.commands.output import say, say_json, show_table, warn
from runtime.demo import living
from runtime.demo.generator import Fund
from runtime.demo.generator.arrivals import is_working_day
from runtime.demo.living import MARK
from runtime.demo.loader import FundLoaded, agencies, load_fund
from runtime.demo.night import work_the_night
from runtime.demo.playing import Play
from runtime.demo.progress import Progress
from runtime.demo.staff_rows import PASSWORD
from runtime.demo.supply import Volume
from runtime.demo.weeks import Weeks
from runtime.environment import environment, prepare
from workflows.gate.counts import BatchName, Counts
from workflows.gate.intake import take_in
from workflows.rights.reviews import open_due_reviews
from workflows.sweeping import sweep_deadlines
from workflows.tools import Tools


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the fund and its past are."""

    insured: int = 200_000
    volume: Volume = field(default_factory=Volume)
    campaign: float = 1.0  # share of the usual campaign of the last weeks


FAULTS = 0.004
_LANES = ("green", "blue", "orange", "red")


def run_demo(
    *, files: int = 5000, seed: int = 1, serve: bool = True, json: bool = False,
    fresh: bool = False, scale: Scale | None = None,
) -> None:  # fmt: skip
    """Show the system at work on an invented fund, in this home folder.

    Args:
        files: lines of the day.
        seed: the same seed, the same fund and day.
        serve: whether to go on with the screens until Ctrl-C.
        json: print one JSON object on stdout instead of tables; progress goes to stderr.
        fresh: forget the demonstration that this home holds, and build another.
        scale: another size of the fund and its past than the usual one.

    Raises:
        InvalidInput: the home holds real work, or an argument is out of bounds.
        Unavailable: the servers can't start, or the port is taken.
    """
    if seed < 0:
        raise InvalidInput("--seed: from 0", field="seed")
    os.environ["MEDCONTROL_DEMO"] = "1"
    # The print page of agencies has something to show.
    os.environ.setdefault("MEDCONTROL_LETTERS_PRINTED_BY", "agency_for_paper")
    settings.cache_clear()
    if serve:
        _check_port()
    with servers(settings()):
        with environment() as addresses:
            summary = _found(fresh=fresh, url=addresses.database_url)
            if summary is None:
                summary = _build(files, seed, scale or Scale())
            _show(summary, as_json=json)
        if serve:
            from runtime.commands.serving import serve_all

            day = living.spec()
            serve_all(beside=[day] if day else [])


def _check_port() -> None:
    """Refuse a port that somebody has, before the work and not after."""
    configured = settings()
    if configured.port == 0:
        return
    try:
        with socket.create_server((configured.host, configured.port)):
            pass
    except OSError as error:
        raise Unavailable(
            f"{configured.host}:{configured.port} can't be listened on ({error.strerror}):"
            " set PORT to another one"
        ) from None


def _found(*, fresh: bool, url: str) -> dict[str, Any] | None:
    """Return the summary of the demonstration that this home holds, if it is to be shown again.

    Raises:
        InvalidInput: there is work in this database that no demonstration made.
    """
    with read_only() as session:
        before = session.get(Schedule, MARK)
        is_used = session.execute(
            sa.text(
                "SELECT EXISTS (SELECT FROM user_account) OR EXISTS (SELECT FROM received_file)"
            )
        ).scalar_one()
    home = settings().home_path
    if before is None:
        if is_used:
            raise InvalidInput(
                f"{home} holds work that is no demonstration: set MEDCONTROL_HOME to another folder"
            )
        return None
    if not fresh and before.last_result.get("is_complete"):
        warn(f"{home} holds a demonstration already, shown again (--fresh builds another)")
        return {**before.last_result["summary"], "reused": True}
    _empty(url)
    return None


def _empty(url: str) -> None:
    """Forget everything that the demonstration's database holds."""
    with transaction() as session:
        session.execute(sa.text("DROP SCHEMA public CASCADE"))
        session.execute(sa.text("CREATE SCHEMA public"))
    engine().dispose()
    prepare(url)


def demo_day() -> date:
    """Return the last working day, today included: funds receive little on Sundays."""
    day = civil_date(utc_now(), "ma")
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day


@dataclass(slots=True)
class _Built:
    """What was done, for the summary."""

    loaded: FundLoaded
    day: Counts
    reviews: Counts
    earlier: Counts
    played: dict[str, int]
    lived: dict[str, int]
    day_seconds: float


def _build(files: int, seed: int, scale: Scale) -> dict[str, Any]:
    begun = time.monotonic()
    as_of = demo_day()
    tools = wiring.tools()
    with transaction() as session:
        note_run(session, MARK, {"is_complete": False, "seed": seed}, now=utc_now())
        places = agencies(session)
    with Progress() as progress:
        progress.start("inventing the fund")
        fund = Fund.make(seed, as_of=as_of, agencies=places, insured=scale.insured)
        built = _run(tools, fund, files, scale, progress)
    summary = _summary(built, as_of, round(time.monotonic() - begun, 1))
    with transaction() as session:
        result = {
            "is_complete": True, "seed": seed, "insured": scale.insured, "summary": summary,
        }  # fmt: skip
        note_run(session, MARK, result, now=utc_now())
    return summary


def _run(tools: Tools, fund: Fund, files: int, scale: Scale, progress: Progress) -> _Built:
    progress.start("fifteen months of files")
    loaded = load_fund(tools, fund, volume=scale.volume, on_share=progress.share)
    progress.start("the last weeks")
    weeks = Weeks(tools, fund, scale.campaign)
    weeks.live(loaded.recent, partial(_take, tools))
    progress.start("one day of files", total=files)
    begun = time.monotonic()
    today = _lines(fund.day(fund.as_of, files, faults=FAULTS))
    counts = _take(tools, today, f"demo-{fund.as_of}", utc_now, progress)
    seconds = time.monotonic() - begun
    progress.start("rights that are due for review")
    reviews = open_due_reviews(tools, now=utc_now)
    progress.start("the first decisions of the day")
    played = Play(tools, utc_now()).run()
    weeks.finish(utc_now())
    sweep_deadlines(tools, now=utc_now)
    progress.start("the measures of the night")
    work_the_night(tools, utc_now())
    return _Built(loaded, counts, reviews, weeks.taken, dict(played), dict(weeks.done), seconds)


def _lines(day: Iterator[bytes]) -> Iterator[Line]:
    for number, raw in enumerate(day, 1):
        body = raw.rstrip(b"\n")
        yield Line(number, body, len(body))


def _take(
    tools: Tools, lines: Iterable[Line], name: str, now: Clock, progress: Progress | None = None
) -> Counts:
    """Take lines in by the gate, under a batch of their own."""
    batch = IntakeBatch(id=new_id(), name=name, created_at=now(), started_at=now(), counts={})
    with transaction() as session:
        session.add(batch)
    counts = take_in(
        tools, lines, batch=BatchName(batch.id, name), now=now, chunk_size=1000,
        on_chunk=(lambda so_far: progress.at(so_far.received)) if progress else None,
    )  # fmt: skip
    with transaction() as session:
        session.get_one(IntakeBatch, batch.id).finished_at = now()
    return counts


def _summary(built: _Built, as_of: date, seconds: float) -> dict[str, Any]:
    """Return the figures of the day, then what surrounds it."""
    day = built.day
    return day.as_json() | {
        # Paper to complete, appointments to book: an agent first, a doctor later.
        "with_agency": day.opened - day.assigned - day.unassigned,
        "seconds": seconds,
        "day": as_of.isoformat(),
        "day_seconds": round(built.day_seconds, 1),
        "reviews_opened": built.reviews.opened,
        "past": {
            "received": built.loaded.received + built.earlier.accepted,
            "controlled": built.loaded.closed,
            "still_open": built.earlier.opened,
            "rights": built.loaded.rights,
            "seconds": round(built.loaded.seconds, 1),
        },
        "played": built.played,
        "lived": built.lived,
    }


def _show(summary: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json(summary)
        return
    lanes = [(f"  {lane}", summary["by_lane"][lane]) for lane in _LANES]
    past = summary["past"]
    rows = [
        ("received", summary["received"]), ("accepted", summary["accepted"]),
        ("quarantined", summary["quarantined"]),
        ("duplicates, conflicts", f"{summary['duplicates']}, {summary['conflicts']}"),
        *lanes,
        ("opened", summary["opened"]), ("assigned to doctors", summary["assigned"]),
        ("unassigned", summary["unassigned"]),
        ("with the agency first", summary["with_agency"]),
        ("reviews that opened by themselves", summary["reviews_opened"]),
        ("past: received, controlled", f"{past['received']}, {past['controlled']}"),
        ("seconds (of which the day)", f"{summary['seconds']} ({summary['day_seconds']})"),
    ]  # fmt: skip
    show_table(("files", "number"), rows, title=f"The day of {summary['day']}")
    with read_only() as session:
        _show_accounts(session)


def _show_accounts(session: Session) -> None:
    accounts = load_demo_accounts(session, civil_date(utc_now(), "ma"))
    rows = [(one.role.value, one.login, one.name, one.unit_name) for one in accounts]
    show_table(("role", "login", "name", "unit"), rows, title="Accounts: one click at /login")
    say(f"(password of all of them: {PASSWORD})")
