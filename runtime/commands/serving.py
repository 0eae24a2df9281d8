"""``medcontrol up`` and its parts: servers, web, worker and beat as one tree, or one by one."""

import fcntl
import http.client
import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from medcontrol import db
from medcontrol.embedded import Addresses, servers
from medcontrol.embedded.home import Home, take
from medcontrol.errors import Unavailable
from medcontrol.services import users
from medcontrol.settings import Settings, settings
from runtime import tree
from runtime.commands.output import say, today
from runtime.environment import environment, prepare

_HEALTH_SECONDS = 0.5
_GRACE_SECONDS = 8

Host = Annotated[str | None, typer.Option("--host", help="Address to listen on.")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="0: any free one.")]
Uds = Annotated[Path | None, typer.Option("--uds", help="Listen on this socket file instead.")]


def up(
    host: Host = None,
    port: Port = None,
    uds: Uds = None,
    no_migrate: Annotated[
        bool, typer.Option("--no-migrate", help="Refuse an older database instead.")
    ] = False,
) -> None:
    """Run everything until Ctrl-C: servers, web, worker, beat. Leaves no process behind."""
    serve_all(host, port, uds, no_migrate=no_migrate)


def serve_all(
    host: str | None = None,
    port: int | None = None,
    uds: Path | None = None,
    *,
    no_migrate: bool = False,
    beside: Sequence[tree.ProcessSpec] = (),
) -> NoReturn:
    """Do what ``up`` does, with more processes beside its own; they stop first.

    Raises:
        SystemExit: always, with the exit code of the tree.
    """
    configured = settings()
    where = where_to_listen(configured, host, port, uds)
    with servers(configured) as addresses:
        if not _is_up(configured):
            prepare(addresses.database_url, may_migrate=not no_migrate)
            where.check_free()
        hint = _hint(addresses)
        processes = [*beside, *specs(configured, where)]
        code = tree.up(configured, processes, on_ready=_announce(where, hint))
    raise SystemExit(code)


def down() -> None:
    """Stop what runs on this home folder, and whatever a crash left of it."""
    say("stopped" if tree.down(settings()) else "nothing was running")


def serve(host: Host = None, port: Port = None, uds: Uds = None) -> None:
    """Run the web server alone, in the foreground."""
    import uvicorn

    where = where_to_listen(settings(), host, port, uds)
    where.check_free()
    with environment():
        uvicorn.run(
            "runtime.asgi:app",
            host=where.host,
            port=where.port,
            uds=str(where.uds) if where.uds else None,
            workers=settings().web_workers,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )


def worker() -> None:
    """Run a Celery worker alone, in the foreground."""
    from runtime.celery_app import worker_argv

    _run_celery(worker_argv)


def beat() -> None:
    """Run the scheduler alone, in the foreground. One per installation."""
    from runtime.celery_app import beat_argv

    _run_celery(beat_argv)


def migrate() -> None:
    """Bring the database up to date, and a new one its units."""
    with environment():
        say("the database is up to date")


class _Where:
    """Where the web server listens."""

    def __init__(self, host: str, port: int, uds: Path | None) -> None:
        self.host, self.port, self.uds = host, port, uds

    @property
    def address(self) -> str:
        """What a person types, or the socket file."""
        if self.uds is not None:
            return str(self.uds)
        host = self._reachable()
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def argv(self) -> list[str]:
        """Return uvicorn's options."""
        if self.uds is not None:
            return ["--uds", str(self.uds)]
        return ["--host", self.host, "--port", str(self.port)]

    def check_free(self) -> None:
        """Refuse an address that somebody has already.

        Raises:
            Unavailable: says which.
        """
        if self.uds is not None:
            return
        try:
            with socket.create_server((self.host, self.port), family=self._family()):
                pass
        except OSError as error:
            raise Unavailable(
                f"{self.host}:{self.port} can't be listened on ({error.strerror}):"
                " set MEDCONTROL_PORT or PORT"
            ) from None

    def answers(self) -> bool:
        """Tell whether the web server does its work."""
        connection = _Connection(self)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        """Return a connection, in half a second or not at all."""
        if self.uds is None:
            return socket.create_connection((self._reachable(), self.port), _HEALTH_SECONDS)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_HEALTH_SECONDS)
        connection.connect(str(self.uds))
        return connection

    def _family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self.host else socket.AF_INET

    def _reachable(self) -> str:
        """Return an address to call; "everywhere" is none."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104


class _Connection(http.client.HTTPConnection):
    """HTTP to wherever the web server listens, a socket file too."""

    def __init__(self, where: _Where) -> None:
        super().__init__("localhost", timeout=_HEALTH_SECONDS)
        self._where = where

    def connect(self) -> None:
        self.sock = self._where.connect()


def where_to_listen(
    configured: Settings, host: str | None, port: int | None, uds: Path | None
) -> _Where:
    """Return where a web server is to listen; port 0 becomes one that is free now."""
    host = host or configured.host
    port = configured.port if port is None else port
    if port == 0 and uds is None:
        with socket.create_server((host, 0)) as found:
            port = found.getsockname()[1]
    return _Where(host, port, uds.absolute() if uds else None)


def specs(configured: Settings, where: _Where) -> list[tree.ProcessSpec]:
    """Return the processes of the tree, in the order in which they stop."""
    from runtime.celery_app import beat_argv, worker_argv

    web = [
        sys.executable, "-m", "uvicorn", "runtime.asgi:app", *where.argv(),
        "--workers", str(configured.web_workers), "--no-server-header",
        "--timeout-graceful-shutdown", str(_GRACE_SECONDS),
    ]  # fmt: skip
    return [
        tree.ProcessSpec("web", web, stop_seconds=_GRACE_SECONDS + 4, is_ready=where.answers),
        tree.ProcessSpec("beat", beat_argv(configured)),
        tree.ProcessSpec("worker", worker_argv(configured), stop_seconds=30),
    ]


def _announce(where: _Where, hint: str) -> Callable[[Addresses], None]:
    def tell(_addresses: Addresses) -> None:
        say(f"medcontrol is up at {where.address} (Ctrl-C stops it){hint}")

    return tell


def _is_up(configured: Settings) -> bool:
    """Tell whether a tree runs on this home; the tree itself then says so better than we do."""
    home = Home(configured.home_path)
    home.prepare()
    lock = take(home.path / "up.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
    if lock is None:
        return True
    os.close(lock)
    return False


def _hint(addresses: Addresses) -> str:
    """Return what to do on an installation that nobody can log in to."""
    engine = db.make_engine(addresses.database_url, pool_size=1)
    try:
        with db.using(engine), db.read_only() as session:
            is_new = not users.has_administrator(session, today())
    finally:
        engine.dispose()
    return "\nnobody can log in yet: medcontrol users create LOGIN --name NAME" if is_new else ""


def _run_celery(argv: Callable[[Settings], list[str]]) -> None:
    """Run Celery in this process, so that signals reach it and the servers stop after it."""
    with environment():
        command = argv(settings())
        from celery.__main__ import main

        sys.argv = ["celery", *command[command.index("celery") + 1 :]]
        main()
