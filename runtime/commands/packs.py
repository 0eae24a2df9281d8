"""``medcontrol packs``: flow packs are checked, listed, compared, released and migrated."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medcontrol.errors import NotFound
from runtime.commands.output import AsJson, fail, read_day, say, say_json, show_table, today

if TYPE_CHECKING:
    # They load the flow engine, which --help does without.
    from workflows.catalog import Pack
    from workflows.checks import Problem

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
    from workflows.catalog import catalog
    from workflows.checks import check
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
    from workflows.catalog import catalog
    from workflows.pack_list import described

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
    from workflows.pack_diff import differences, sentences

    old, new = _one(before), _one(after)
    changes = differences(old, new)
    if as_json:
        told = {"before": old.digest, "after": new.digest}
        say_json({"packs": [old.key, new.key], **told, "changes": [c.as_json() for c in changes]})
        return
    for line in sentences(changes):
        say(line)
    say(f"{len(changes)} differences between {old.key} and {new.key}")


def _one(key: str) -> "Pack":
    from workflows.catalog import catalog

    for pack in catalog():
        if pack.key == key:
            return pack
    known = ", ".join(sorted(pack.key for pack in catalog()))
    raise NotFound(f"no pack {key!r}; there are {known}", field="pack")


@packs.command("lock")
def lock_packs() -> None:
    """Note the content of every pack as released; later changes to it are then refused."""
    from workflows.catalog import catalog, write_lock

    found = list(catalog())
    write_lock(found)
    say(f"{len(found)} packs locked")
