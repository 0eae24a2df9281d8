"""``medcontrol selectivity export`` and ``import``: rules as files, for people and other tools."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from runtime.commands.output import AsJson, fail, say, say_json, show_table, today, warn
from runtime.commands.selectivity.group import selectivity
from runtime.environment import environment

if TYPE_CHECKING:
    from selectivity.faults import Finding

_SHOWN = 50


@selectivity.command("export")
def export_rules(
    rule_set: Annotated[str, typer.Argument(help="ma/1, or a file: .yaml, .csv, .xlsx, .json.")],
    form: Annotated[
        str, typer.Option("--format", help="yaml, csv, xlsx, dmn, jdm or sql.")
    ] = "yaml",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to; else standard output.")
    ] = None,
) -> None:
    """Write rules in another format; yaml, csv and xlsx come back by import."""
    from selectivity.exchange.files import MEDIA_TYPES, export

    if form not in MEDIA_TYPES:
        raise InvalidInput(f"--format: one of {', '.join(MEDIA_TYPES)}, not {form!r}")
    data = export(_content(rule_set), form)
    if output is None:
        sys.stdout.buffer.write(data)
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise InvalidInput(f"{output} can't be written: {error.strerror}") from None
    warn(f"{rule_set}: {len(data)} bytes in {output}")


def _content(name: str) -> Any:
    """Return the plain data of a version, or of a file."""
    from selectivity.exchange.files import read_file
    from selectivity.lifecycle.rows import content

    code, _, number = name.partition("/")
    if code.isalpha() and number.isdigit() and not Path(name).exists():
        with environment(), read_only() as session:
            return content(session, code, int(number))
    return read_file(Path(name))[0]


@selectivity.command("import")
def import_rules(
    file: Annotated[Path, typer.Argument(help=".yaml, .csv, .xlsx or .json.")],
    by: Annotated[
        str | None,
        typer.Option("--by", help="Login of the analyst whose draft it becomes; else only check."),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Why, for those who read it later.")] = "",
    as_json: AsJson = False,
) -> None:
    """Check rules from a file; with --by, make a draft of them.

    Ends with 1 when they can't be read. What a static check finds does not keep a draft from being
    made: it is what drafts are for.
    """
    from selectivity.checks import blocking, check
    from selectivity.exchange.files import read_file
    from selectivity.faults import RuleSetFault

    try:
        content, rules = read_file(file)
    except RuleSetFault as fault:
        _tell(file, fault.findings, as_json=as_json)
        fail(f"{len(fault.findings)} faults in {file}; nothing was saved")
    findings = check(rules, today=today())
    draft = None if by is None else _draft(content, rules.code, by, note)
    if as_json:
        say_json({"file": str(file), "name": rules.name, "sha256": rules.sha256, "draft": draft,
                  "findings": [_plain(each) for each in findings]})  # fmt: skip
    else:
        _tell(file, findings, as_json=False)
        blocked = len(blocking(findings))
        made = f"; draft {draft}" if draft else ""
        say(
            f"{rules.name}: {len(rules.rows)} rows, {len(rules.floor)} strata, {blocked} faults,"
            f" {len(findings) - blocked} warnings{made}"
        )


def _draft(content: Any, code: str, login: str, note: str) -> str:
    from medcontrol.services.users import by_login, principal_for
    from selectivity.lifecycle.rows import Act
    from selectivity.lifecycle.service import draft

    now = utc_now()
    with environment(), transaction() as session:
        actor = principal_for(session, by_login(session, login), today())
        act = Act(code=code, version=0, actor=actor, now=now, note=note)
        number = draft(session, act, data=content)
    return f"{code}/{number}"


def _plain(finding: "Finding") -> dict[str, str]:
    names = ("severity", "row", "column", "code", "message")
    return {name: getattr(finding, name) for name in names}


def _tell(file: Path, findings: "tuple[Finding, ...]", *, as_json: bool) -> None:
    if as_json:
        say_json({"file": str(file), "findings": [_plain(each) for each in findings]})
        return
    columns = ("severity", "row", "column", "message")
    rows = [[_plain(each)[name] for name in columns] for each in findings]
    if rows:
        show_table(columns, rows[:_SHOWN])
    if len(rows) > _SHOWN:
        say(f"{len(rows) - _SHOWN} more are not shown, see --json")
