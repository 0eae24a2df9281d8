"""``medcontrol packs``: flow packs are checked, listed, compared, released and migrated."""

import getpass
from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from medcontrol.journal import Actor
from medcontrol.queries.packs import migrations, results
from medcontrol.settings import settings
from medcontrol.vocabulary import ActorKind, PackMigrationStatus
from runtime import wiring
from runtime.commands.output import AsJson, fail, read_day, say, say_json, show_table, today
from runtime.environment import environment

if TYPE_CHECKING:
    # They load the flow engine, which --help does without.
    from workflows.definition.catalog import Pack
    from workflows.definition.checks import Problem

packs = typer.Typer(help="Flow packs.", no_args_is_help=True)

_KEY = "A version of a pack, such as ma/ald/1."
From = Annotated[str, typer.Argument(metavar="A", help=_KEY)]
To = Annotated[str, typer.Argument(metavar="B", help=_KEY)]


@packs.command("check")
def check_packs(as_json: AsJson = False) -> None:
    """Check every flow pack: diagram, conditions, law, forms, letters, scenarios, lock file.

    Scenarios together have to take every outcome of every step, every timer, every event and
    every way out of every gateway; what none of them takes is named.
    """
    from workflows.definition.catalog import catalog
    from workflows.definition.checks import check
    from workflows.tools import FONTS

    found = list(catalog())
    problems = check(catalog(), fonts=(FONTS,))
    if as_json:
        say_json({"packs": [_pack(pack) for pack in found], "problems": _problems(problems)})
    else:
        columns = ("key", "flow", "steps", "letters", "scenarios", "digest")
        rows = [_pack(pack) for pack in found]
        show_table(columns, [[row[name] for name in columns] for row in rows])
        if problems:
            members = ("pack", "where", "what")
            show_table(members, [[p[name] for name in members] for p in _problems(problems)])
        else:
            say(f"{len(found)} packs, no fault")
    if problems:
        fail(f"{len(problems)} faults in packs")


def _pack(pack: "Pack") -> dict[str, Any]:
    return {
        "key": pack.key,
        "flow": pack.flow,
        "steps": len(pack.meta.steps),
        "letters": len(pack.meta.letters),
        "scenarios": len(pack.scenarios()),
        "digest": pack.digest[:12],
    }


def _problems(problems: Iterable["Problem"]) -> list[dict[str, str]]:
    return [{"pack": p.pack, "where": p.where, "what": p.what} for p in problems]


@packs.command("list")
def list_packs(
    on: Annotated[
        str | None, typer.Option("--on", help="Values of the law of this day; default today.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List every flow with the versions of its pack: steps, levels, letters, clocks, law."""
    from workflows.definition.catalog import catalog
    from workflows.definition.listing import described

    day = read_day(on, "--on") if on else today()
    flows = described(catalog(), day)
    if as_json:
        say_json({"on": day, "flows": flows})
        return
    columns = ("flow", "pack", "valid from", "status", "natures", "levels", "steps", "letters")
    rows = [
        (
            flow["flow"], pack["key"], pack["valid_from"], pack["status"],
            ", ".join(pack["natures"]), ", ".join(pack["levels"]),
            ", ".join(step["id"] for step in pack["steps"]), len(pack["letters"]),
        )
        for flow in flows
        for pack in flow["packs"]
    ]  # fmt: skip
    show_table(columns, rows)


@packs.command("diff")
def diff_packs(before: From, after: To, as_json: AsJson = False) -> None:
    """Say what version B has otherwise than version A: steps, ways, forms, letters, law."""
    from workflows.definition.catalog import catalog
    from workflows.definition.diff import differences, sentences

    old, new = catalog().version(before), catalog().version(after)
    changes = differences(old, new)
    if as_json:
        told = {"before": old.digest, "after": new.digest}
        say_json({"packs": [old.key, new.key], **told, "changes": [c.as_json() for c in changes]})
        return
    for line in sentences(changes):
        say(line)
    say(f"{len(changes)} differences between {old.key} and {new.key}")


@packs.command("lock")
def lock_packs() -> None:
    """Note the content of every pack as released; later changes to it are then refused."""
    from workflows.definition.catalog import catalog, write_lock

    found = list(catalog())
    write_lock(found)
    say(f"{len(found)} packs locked")


@packs.command("migrate")
def migrate_files(
    before: From,
    after: To,
    is_applied: Annotated[
        bool, typer.Option("--apply/--dry-run", help="Move the files; else only say which could.")
    ] = False,
    pairs: Annotated[
        list[str] | None,
        typer.Option("--map", help="old=new: which element stands for another; old= for none."),
    ] = None,
    max_error_rate: Annotated[
        float, typer.Option("--max-error-rate", min=0, max=100, help="Per cent; then it stops.")
    ] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Say which running files of version A can go on under version B; with --apply, move them.

    Tasks, doctors and due dates stay. Each file is journaled and can be taken back with packs
    revert while its flow has not moved on.
    """
    from workflows.versions.jobs import Request, ask, request, work

    asked = Request(
        jurisdiction=settings().jurisdiction, from_pack=before, to_pack=after,
        changes=_pairs(pairs or []), max_error_rate=round(max_error_rate * 100),
        asked_by=Actor(ActorKind.SYSTEM, getpass.getuser()),
    )  # fmt: skip
    with environment():
        catalog = wiring.tools().catalog
        with transaction() as session:
            migration = request(session, catalog, asked, now=utc_now(), background=False)
        status = work(migration, catalog, now=utc_now)
        if is_applied and status is PackMigrationStatus.CHECKED:
            with transaction() as session:
                ask(
                    session, migration, PackMigrationStatus.RUNNING, now=utc_now(), background=False
                )
            status = work(migration, catalog, now=utc_now)
        _show_results(migration, status, as_json)
    if status is PackMigrationStatus.STOPPED:
        fail(f"too many files failed: stopped; packs revert {migration} takes back what moved")


@packs.command("revert")
def revert_files(
    migration_id: Annotated[str, typer.Argument(help="As packs migrate and packs moves say it.")],
    as_json: AsJson = False,
) -> None:
    """Take a move back: files whose flow went on since stay where they are."""
    from workflows.versions.jobs import ask, work

    with environment():
        try:
            migration = UUID(migration_id)
        except ValueError:
            raise InvalidInput(f"{migration_id!r} is no id of a move", field="id") from None
        with transaction() as session:
            ask(session, migration, PackMigrationStatus.REVERTING, now=utc_now(), background=False)
        status = work(migration, wiring.tools().catalog, now=utc_now)
        _show_results(migration, status, as_json)


@packs.command("moves")
def list_moves(as_json: AsJson = False) -> None:
    """List the latest moves of running files between versions."""
    with environment(), read_only() as session:
        found = migrations(session, settings().jurisdiction)
    if as_json:
        say_json({"moves": [asdict(row) for row in found]})
        return
    columns = ("id", "from", "to", "status", "files", "asked by", "asked at")
    rows = [
        (m.id, m.from_pack, m.to_pack, m.status, m.total, m.asked_by, m.asked_at) for m in found
    ]
    show_table(columns, rows)


def _pairs(texts: Iterable[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for text in texts:
        old, sign, new = text.partition("=")
        if not sign or not old:
            raise InvalidInput(f"--map: {text!r} is not old=new", field="map")
        found[old.strip()] = new.strip() or None
    return found


def _show_results(migration: UUID, status: PackMigrationStatus, as_json: bool) -> None:
    with read_only() as session:
        found = results(session, migration)
    if as_json:
        say_json({"id": migration, "status": status, "files": [asdict(row) for row in found]})
        return
    columns = ("result", "files", "step", "reason", "about")
    show_table(columns, [(r.result, r.files, r.step, r.reason, r.about) for r in found])
    say(f"move {migration}: {status}")
