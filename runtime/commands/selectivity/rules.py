"""``medcontrol selectivity rules``: versions of the rules, from draft to retired."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medcontrol.db import read_only
from medcontrol.errors import InvalidInput
from medcontrol.settings import settings
from runtime.commands.output import AsJson, fail, say, say_json, show_table, today
from runtime.commands.selectivity.group import selectivity
from runtime.environment import environment

if TYPE_CHECKING:
    from selectivity.faults import Finding
    from selectivity.lifecycle.store import Version

rules = typer.Typer(help="Versions of the rules, from draft to retired.", no_args_is_help=True)
selectivity.add_typer(rules, name="rules")

Name = Annotated[str, typer.Argument(help="A version: ma/2, or 2.")]


@rules.command("list")
def list_versions(as_json: AsJson = False) -> None:
    """List every version, newest first."""
    from selectivity.lifecycle import store

    with environment(), read_only() as session:
        found = store.versions(session, settings().jurisdiction)
        deciding = store.deciding(found, today())
    lines = [_plain(each, is_in_force=each == deciding) for each in found]
    if as_json:
        say_json(lines)
        return
    columns = ("version", "status", "in_force", "valid_from", "valid_until", "author", "approver")
    show_table(columns, [[line[name] for name in columns] for line in lines])


@rules.command("show")
def show(name: Name, as_json: AsJson = False) -> None:
    """Show a version: its rows, what checks say of it, what was done with it."""
    from selectivity.lifecycle import checking, rows, store

    with environment(), read_only() as session:
        code, number = name_of(name)
        version = store.version(session, code, number)
        content = rows.content(session, code, number)
        findings = checking.check_version(session, code, content)
        events = rows.events(session, version.id) if version.id else ()
    done = [
        {"at": each.at.isoformat(), "by": each.actor_name, "action": each.action,
         "status": each.to_status.value, "note": each.note}
        for each in events
    ]  # fmt: skip
    if as_json:
        say_json({**_plain(version), "content": content, "events": done,
                  "findings": [each.as_json() for each in findings]})  # fmt: skip
        return
    say(f"{version.name}: {version.status}, {version.sha256}")
    show_table(("row", "kind", "lane", "level", "when", "until"), _rows(content))
    show_findings(findings)
    columns = ("at", "by", "action", "note")
    if done:
        show_table(columns, [[line[key] for key in columns] for line in done])


@rules.command("check")
def check_file(
    file: Annotated[Path, typer.Argument(help=".yaml, .csv, .xlsx or .json.")],
    as_json: AsJson = False,
) -> None:
    """Check a file of rules without a database; end with 1 when something blocks."""
    from selectivity.checks import blocking, check
    from selectivity.exchange.files import read_file
    from selectivity.faults import RuleSetFault
    from selectivity.overlaps import overlaps

    try:
        _, found = read_file(file)
        findings = (*check(found, today=today()), *overlaps(found))
    except RuleSetFault as fault:
        findings = fault.findings
    faults = blocking(findings)
    if as_json:
        say_json({"file": str(file), "findings": [each.as_json() for each in findings]})
    else:
        show_findings(findings)
    if faults:
        fail(f"{len(faults)} faults in {file}")
    if not as_json:
        say(f"{file}: nothing blocks")


@rules.command("diff")
def diff(
    old: Annotated[str, typer.Argument(help="A version: ma/1.")],
    new: Annotated[str, typer.Argument(help="Another: ma/2.")],
    as_json: AsJson = False,
) -> None:
    """Say which rows, strata and lists differ between two versions, and in what."""
    from selectivity.lifecycle.diff import differences
    from selectivity.lifecycle.rows import content

    with environment(), read_only() as session:
        found = differences(content(session, *name_of(old)), content(session, *name_of(new)))
    if as_json:
        say_json([each.as_json() for each in found])
        return
    lines: list[tuple[Any, ...]] = []
    for each in found:
        if not each.members:
            lines.append((each.part, each.id, each.change, "", "", ""))
        lines.extend(
            (each.part, each.id, each.change, member.name, member.before, member.after)
            for member in each.members
        )
    show_table(("part", "id", "change", "member", old, new), lines)


def name_of(text: str) -> tuple[str, int]:
    """Return code and number of "ma/2", or of "2" where the fund sits."""
    code, slash, number = text.rpartition("/")
    code = code if slash else settings().jurisdiction
    if not number.isdecimal() or len(number) > 6:
        raise InvalidInput(f"{text!r} is no version such as {settings().jurisdiction}/2")
    return code, int(number)


def _plain(version: "Version", *, is_in_force: bool | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "version": version.name,
        "status": version.status.value,
        "sha256": version.sha256,
        "revision": version.revision,
        "parent": version.parent,
        "packaged": version.is_packaged,
        "author": version.author_name,
        "editor": version.editor_name,
        "approver": version.approver_name,
        "note": version.note,
        "backtest": str(version.backtest_id) if version.backtest_id else None,
        "valid_from": version.valid_from.isoformat() if version.valid_from else None,
        "valid_until": version.valid_until.isoformat() if version.valid_until else None,
    }
    return found if is_in_force is None else {**found, "in_force": is_in_force}


def _rows(content: Any) -> list[list[Any]]:
    from selectivity.explain import describe
    from selectivity.lifecycle.editing import items
    from selectivity.reading import read_row
    from selectivity.registry import FEATURES

    lines = []
    for row in items(content, "rows"):
        found, _ = read_row(row, content.get("lists"))
        cells = [f"{name} {describe(cell, FEATURES[name])}" for name, cell in found.when.items()]
        then = row.get("then", {})
        lines.append(
            [row.get("id"), then.get("kind"), then.get("lane"), then.get("level"),
             "; ".join(cells), row.get("expires_on")]
        )  # fmt: skip
    return lines


def show_findings(findings: "tuple[Finding, ...]") -> None:
    if findings:
        lines = [(each.severity, each.row, each.column, each.message) for each in findings]
        show_table(("severity", "row", "column", "what"), lines)
