"""``medcontrol assign``: which doctor gets a file, what would happen, why, and whether it holds."""

import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from assignment import rebalancing
from assignment.batch_run import BatchRun, reason_of, run_batch
from assignment.explaining import TaskExplained, explain, find_file
from assignment.invariants import check_standing
from assignment.staff import codes
from medcontrol.clock import utc_now
from medcontrol.db import read_only
from medcontrol.services.points import export_points, import_points
from medcontrol.settings import settings
from runtime.commands.bringing_in import Preview, bring_in
from runtime.commands.output import (
    AsJson,
    fail,
    read_file,
    say,
    say_json,
    show_table,
)
from runtime.environment import environment

assign = typer.Typer(help="Which doctor gets a file.", no_args_is_help=True)

weights = typer.Typer(help="Minutes that work counts.", no_args_is_help=True)
assign.add_typer(weights, name="points")

Region = Annotated[str | None, typer.Option("--region", help="Only of this region.")]
Agency = Annotated[str | None, typer.Option("--agency", help="Only of this agency.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write nothing.")]

_MOST_SHOWN = 1000
_NOT_COMPARED = {
    "chosen": "a person chose this doctor, no costs were compared",
    "kept": "who worked on the file goes on with it, no costs were compared",
}


@assign.command("run")
def run(
    region: Region = None, agency: Agency = None, dry_run: DryRun = False, as_json: AsJson = False
) -> None:
    """Give a doctor to each task of the pool, as far as competence and capacity allow."""
    with environment():
        done = run_batch(
            settings().jurisdiction, now=utc_now, region=region, agency=agency, is_dry_run=dry_run
        )
    if as_json:
        say_json(_figures(done))
        return
    say(f"{done.waiting} tasks waited, {done.assigned} have a doctor now")
    for what, counts in (("why not", done.unassigned), ("left out", done.dropped)):
        if counts:
            show_table((what, "tasks"), sorted(counts.items()))


@assign.command("plan")
def plan(
    region: Region = None,
    agency: Agency = None,
    _dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Said for clarity: a plan never writes.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Show what a run would do now: who would get what, and when the rest is expected."""
    with environment():
        would = run_batch(
            settings().jurisdiction, now=utc_now, region=region, agency=agency, is_dry_run=True
        )
        with read_only() as session:
            names = codes(session)
    given = [
        {
            "task": str(each.task.id),
            "file": str(each.task.control_file_id),
            "doctor": names[each.doctor_id],
            "points": each.task.points,
            **each.why.as_json(),
        }
        for each in would.plan.assignments[:_MOST_SHOWN]
    ]
    waits = [
        {
            "task": str(left.task.id),
            "file": str(left.task.control_file_id),
            "why": reason_of(left),
            "removed": {name.value: count for name, count in left.removed.items()},
            "expected_on": left.expected_on,
        }
        for left in would.plan.unassigned[:_MOST_SHOWN]
    ]
    if as_json:
        say_json({**_figures(would), "given": given, "waits": waits})
        return
    say(f"{would.waiting} tasks wait, {would.assigned} would have a doctor")
    show_table(
        ("file", "doctor", "points", "rule"),
        [(row["file"], row["doctor"], row["points"], row["rule"]) for row in given],
    )
    if waits:
        show_table(
            ("file", "why", "expected"), [(w["file"], w["why"], w["expected_on"]) for w in waits]
        )


def _figures(done: BatchRun) -> dict[str, Any]:
    return {
        "waiting": done.waiting,
        "assigned": done.assigned,
        "unassigned": done.unassigned,
        "dropped": done.dropped,
        "busy_regions": done.busy_regions,
        "lower_bound": done.lower_bound,
        "worst_utilisation": done.worst_utilisation,
        "late_points": done.late_points,
        "late_points_bound": done.late_points_bound,
        "violations": done.violations,
        "dry_run": done.is_dry_run,
    }


@assign.command("rebalance")
def rebalance(
    region: Region = None,
    _dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Said for clarity: a supervisor accepts, on the page.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Show the fewest files that would have to move to make loads even; nothing moves."""
    place, now = settings().jurisdiction, utc_now()
    with environment(), read_only() as session:
        found = rebalancing.propose(
            session, rebalancing.doctors_of(session, place, region), jurisdiction=place, now=now
        )
        names = codes(session)
    moves = [
        {
            "task": str(each.task.id),
            "file": found.references[each.task.id],
            "points": each.task.points,
            "from": names[each.from_doctor],
            "to": names[each.to_doctor],
        }
        for each in found.moves
    ]
    loads = [{**asdict(load), "doctor": names[load.doctor_id]} for load in found.loads]
    if as_json:
        figures = {
            name: getattr(found, name)
            for name in ("before", "after", "bound", "threshold", "budget", "opened", "settling",
                         "elsewhere")
        }  # fmt: skip
        say_json({**figures, "moves": moves, "loads": loads, "dry_run": True})
        return
    say(f"{len(moves)} files would move")
    say(f"the busiest doctor: {found.before:.0%} now, {found.after:.0%} then")
    show_table(("file", "points", "from", "to"), [list(row.values())[1:] for row in moves])


@assign.command("explain")
def explain_file(
    reference: Annotated[str, typer.Argument(help="Reference of a control file.")],
    as_json: AsJson = False,
) -> None:
    """Say why a file has its doctor, or how many doctors each constraint keeps from it."""
    place = settings().jurisdiction
    with environment(), read_only() as session:
        file_id = find_file(session, reference, place)
        found = explain(session, file_id, jurisdiction=place, now=utc_now())
    if as_json:
        say_json({"reference": reference, "tasks": [each.as_json() for each in found]})
        return
    if not found:
        say(f"nothing for a doctor to do on {reference} now")
    for each in found:
        _show(each)


def _show(each: TaskExplained) -> None:
    if each.doctor:
        say(f"{each.step}: {each.doctor} ({each.rule}, {each.mode})")
        if each.first_given_at and each.assigned_at:
            back, first = each.assigned_at.date(), each.first_given_at.date()
            say(f"a move was taken back on {back}; the reason is of {first}, when it was given")
        if each.rule in _NOT_COMPARED:
            say(f"{_NOT_COMPARED[each.rule]}; the costs are those of now")
    else:
        say(f"{each.step}: nobody ({each.waits}), expected on {each.expected_on or 'no day'}")
    shown = (each.chosen, *each.others) if each.chosen else each.candidates
    columns = ("code", "place", "level", "continuity", "fee", "load", "total")
    show_table(columns, [[asdict(row)[name] for name in columns] for row in shown])
    show_table(("constraint", "doctors it keeps out now"), each.removed.items())


@assign.command("check")
def check(as_json: AsJson = False) -> None:
    """Hold what stands against the rules: eligible doctors, right loads, nothing lost."""
    with environment(), read_only() as session:
        found = check_standing(session, jurisdiction=settings().jurisdiction, now=utc_now())
    total = found.counts.total()
    if as_json:
        say_json({**asdict(found), "total": total})
    else:
        say(f"{found.assigned} tasks have a doctor, {found.waiting} wait")
        if total:
            show_table(("what is wrong", "how many"), sorted(found.counts.items()))
    if total:
        fail(f"{total} violations")


@weights.command("import")
def import_weights(
    file: Annotated[str, typer.Argument(help="A file, or - for standard input.")],
    preview: Preview = False,
    as_json: AsJson = False,
) -> None:
    """Bring in a CSV file of minutes: flow,nature,step,per,points,valid_from,why.

    An empty flow, nature or step stands for all; per is task, line, document, in_person or urgent.
    Says how many open files and rules refer to what is new or changed.
    """
    content, place, now = read_file(file), settings().jurisdiction, utc_now()
    bring_in(
        lambda session: import_points(session, content, place, who=None, now=now),
        only_look=preview,
        as_json=as_json,
    )


@weights.command("export")
def export_weights() -> None:
    """Print what was said of minutes as CSV; brought in again, it changes nothing."""
    with environment(), read_only() as session:
        text = export_points(session, settings().jurisdiction)
    sys.stdout.write(text)
