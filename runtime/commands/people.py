"""``medcontrol users`` and ``clients``: who may log in, and which programs may call."""

import getpass
import secrets
import sys
from typing import Annotated

import typer

from medcontrol.clock import utc_now
from medcontrol.db import read_only, transaction
from medcontrol.errors import InvalidInput
from medcontrol.services import clients as client_service
from medcontrol.services import users as user_service
from medcontrol.services.clients import Scope
from medcontrol.settings import settings
from medcontrol.vocabulary import Role
from runtime.commands.output import AsJson, read_day, say, say_json, show_table, today
from runtime.environment import environment

users = typer.Typer(help="People who log in, and their roles.", no_args_is_help=True)
clients = typer.Typer(help="Programs that call the API.", no_args_is_help=True)

FromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
Generate = Annotated[
    bool, typer.Option("--generate-password", help="Make a password and print it, once.")
]
Unit = Annotated[str | None, typer.Option("--unit", help="Agency, region or central body.")]


@users.command("create")
def create_user(
    login: Annotated[str, typer.Argument(help="2 to 64 letters, digits, or . _ @ + -")],
    name: Annotated[str, typer.Option("--name", help="As it stands on screens.")],
    role: Annotated[
        Role | None, typer.Option("--role", help="Default for the first account: administrator.")
    ] = None,
    unit: Unit = None,
    language: Annotated[str, typer.Option("--language", help="fr, ar or en.")] = "fr",
    doctor: Annotated[
        str | None, typer.Option("--doctor", help="Code of the control doctor who this is.")
    ] = None,
    password_stdin: FromStdin = False,
    generate_password: Generate = False,
) -> None:
    """Create an account; the first one becomes the administrator."""
    password = _password(password_stdin, generate_password)
    with environment(), transaction() as session:
        on = today()
        if role is None and unit is None and not user_service.has_administrator(session, on):
            role = Role.ADMINISTRATOR
        if role is None:
            raise InvalidInput("--role is needed: there is an administrator already")
        if unit is None:
            if role not in _CENTRAL_ROLES:
                raise InvalidInput(f"--unit is needed for the role {role.value}")
            unit = user_service.central_unit(session, settings().jurisdiction)
        user = user_service.create_user(
            session,
            login=login,
            name=name,
            password=password,
            language=language,
            doctor_code=doctor,
        )
        user_service.grant(session, user.id, role, unit, valid_from=on)
    say(f"{user.login} may log in, as {role.value} at {unit}")
    if generate_password:
        say(f"password: {password}")


# Roles that belong to the whole fund unless a unit is named.
_CENTRAL_ROLES = frozenset(
    {
        Role.ADMINISTRATOR,
        Role.ANALYST,
        Role.AUDITOR,
        Role.CENTRAL_DOCTOR,
        Role.QUALITY_READER,
        Role.REFERENCE_MANAGER,
    }
)


@users.command("list")
def list_users(as_json: AsJson = False) -> None:
    """List accounts with the roles of today."""
    with environment(), read_only() as session:
        found = user_service.list_users(session, today())
        rows = [
            {
                "login": each.user.login,
                "name": each.user.name,
                "active": each.user.is_active,
                "locked_until": each.user.locked_until,
                "roles": list(each.grants),
            }
            for each in found
        ]
        if as_json:
            say_json({"users": rows})
        else:
            show_table(
                ("login", "name", "active", "roles"),
                [
                    (r["login"], r["name"], "yes" if r["active"] else "no", ", ".join(each.grants))
                    for r, each in zip(rows, found, strict=True)
                ],
            )


@users.command("grant")
def grant(
    login: str,
    role: Role,
    unit: Annotated[str, typer.Argument(help="Agency, region or central body.")],
    first: Annotated[
        str | None, typer.Option("--from", help="First day, 2026-11-20; default today.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="Last day; without it, no end is set.")
    ] = None,
) -> None:
    """Give a role at a unit, from a day to a day, both included."""
    valid_from = read_day(first, "--from") if first else today()
    valid_to = read_day(last, "--to") if last else None
    with environment(), transaction() as session:
        user = user_service.by_login(session, login)
        user_service.grant(session, user.id, role, unit, valid_from=valid_from, valid_to=valid_to)
    until = f" to {valid_to}" if valid_to else ""
    say(f"{user.login} is {role.value} at {unit} from {valid_from}{until}")


@users.command("passwd")
def change_password(
    login: str, password_stdin: FromStdin = False, generate_password: Generate = False
) -> None:
    """Set a new password; every login of the account ends."""
    password = _password(password_stdin, generate_password)
    with environment(), transaction() as session:
        user_service.change_password(session, user_service.by_login(session, login).id, password)
    say(f"the password of {login} was changed")
    if generate_password:
        say(f"password: {password}")


@users.command("deactivate")
def deactivate(login: str) -> None:
    """Close an account at once; nothing is deleted."""
    with environment(), transaction() as session:
        user_service.deactivate(session, user_service.by_login(session, login).id)
    say(f"{login} can't log in any more")


def _password(from_stdin: bool, generate: bool) -> str:
    """Return a password that no process list and no shell history shows."""
    if generate:
        return secrets.token_urlsafe(18)
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InvalidInput("say --password-stdin or --generate-password: there is no terminal")
    password = getpass.getpass("Password (at least 12 characters): ")
    if getpass.getpass("Once more: ") != password:
        raise InvalidInput("the two passwords differ")
    return password


@clients.command("create")
def create_client(
    name: str,
    scope: Annotated[list[Scope], typer.Option("--scope", help="May be given several times.")],
    unit: Unit = None,
    as_json: AsJson = False,
) -> None:
    """Create a client and print its token, which is shown this once only."""
    with environment(), transaction() as session:
        client, token = client_service.create(
            session, name=name, scopes=scope, unit_code=unit, now=utc_now()
        )
    if as_json:
        say_json({"name": client.name, "scopes": client.scopes, "unit": unit, "token": token})
    else:
        say(f"{client.name} may {', '.join(client.scopes)}")
        say(f"token: {token}")


@clients.command("list")
def list_clients(as_json: AsJson = False) -> None:
    """List clients, those revoked too."""
    with environment(), read_only() as session:
        found = client_service.list_clients(session)
        if as_json:
            rows = [
                {
                    "name": c.name,
                    "scopes": c.scopes,
                    "unit": c.unit_code,
                    "revoked_at": c.revoked_at,
                }
                for c in found
            ]
            say_json({"clients": rows})
        else:
            show_table(
                ("name", "scopes", "unit", "since", "revoked"),
                [
                    (c.name, ", ".join(c.scopes), c.unit_code, f"{c.created_at:%Y-%m-%d}",
                     f"{c.revoked_at:%Y-%m-%d}" if c.revoked_at else "")
                    for c in found
                ],
            )  # fmt: skip


@clients.command("revoke")
def revoke_client(name: str) -> None:
    """Let a client's token be good for nothing from now on."""
    with environment(), transaction() as session:
        client_service.revoke(session, name, now=utc_now())
    say(f"the token of {name} is good for nothing now")
