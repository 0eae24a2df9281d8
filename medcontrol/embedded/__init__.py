"""PostgreSQL and Valkey that start by themselves when no address is given.

Whoever needs them says ``with servers() as addresses:``; the first user starts them, the last one
who leaves stops them, and several processes share them. See ``docs/decisions/0002``.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from medcontrol.embedded import postgres, valkey
from medcontrol.embedded.account import choose, remove_socket_folder
from medcontrol.embedded.home import Home, Phase, held, take
from medcontrol.embedded.process import Identity, end, is_alive, wait_until
from medcontrol.embedded.server import POSTGRES_STEPS, VALKEY_STEPS, end_leftovers
from medcontrol.errors import Unavailable

if TYPE_CHECKING:
    # Only for types: the supervisor imports this package and must start fast.
    from medcontrol.settings import Settings

START_SECONDS = 420.0
#: Marks of a process tree (``runtime/tree.py``): the supervisor outlives the tree that started it.
UNSHARED = ("MEDCONTROL_TREE", "MEDCONTROL_PROCESS")
STOP_SECONDS = 90.0


@dataclass(frozen=True)
class Addresses:
    """Where the two servers are.

    ``database_url`` is for SQLAlchemy (``postgresql+psycopg://``), ``redis_url`` for Celery and
    kombu (``redis+socket://`` when embedded).
    """

    database_url: str = field(repr=False)  # both hold a password
    redis_url: str = field(repr=False)

    @property
    def redis_client_url(self) -> str:
        """``redis_url`` in the form that the client library ``redis`` reads (``unix://``)."""
        return redis_client_url(self.redis_url)


def redis_client_url(url: str) -> str:
    """Return an address for the client library ``redis``, from the one that kombu reads.

    >>> redis_client_url("redis+socket://:pw@/tmp/x/valkey.sock?virtual_host=3")
    'unix://:pw@/tmp/x/valkey.sock?db=3'
    >>> redis_client_url("redis://example.org:6379/0")
    'redis://example.org:6379/0'
    """
    if not url.startswith("redis+socket://"):
        return url
    return url.replace("redis+socket://", "unix://", 1).replace("virtual_host=", "db=")


@contextmanager
def servers(settings: "Settings | None" = None) -> Iterator[Addresses]:
    """Give the addresses of PostgreSQL and Valkey, started if need be, for the length of a block.

    Addresses that the settings name are used as they are; an embedded pair under
    ``settings.home_path`` serves what they don't name. It stops when its last user has left,
    also when users were killed. Any number of processes may do this at once.

    Raises:
        Unavailable: the servers can't start; the sentence says why.
    """
    if settings is None:
        from medcontrol.settings import settings as configured

        settings = configured()
    if settings.database_url and settings.redis_url:
        yield Addresses(settings.database_url, settings.redis_url)
        return
    home = Home(settings.home_path)
    home.prepare()
    try:
        with held(home.users, fcntl.LOCK_SH):
            own = ensure(home.path)
            yield Addresses(
                settings.database_url or own.database_url, settings.redis_url or own.redis_url
            )
    finally:
        wait_if_unused(home.path)


def ensure(path: Path) -> Addresses:
    """Return the addresses of the servers, after starting them if they don't run.

    Without the users' lock (see :func:`servers`) they stop again at once.

    Raises:
        Unavailable: the servers can't start; the sentence says why.
    """
    home = Home(path)
    found = running(path)
    if found is not None:
        return found
    with held(home.starters, fcntl.LOCK_EX):
        until = time.monotonic() + START_SECONDS
        while (found := running(path)) is None:
            if time.monotonic() > until:
                raise Unavailable(f"the servers do not get ready: see {path}/log/servers.log")
            state = home.state()
            if state and state.phase is Phase.STARTING and is_alive(state.supervisor):
                time.sleep(0.02)  # it is restarting a server that died
            else:
                _spawn(home)
        return found


def running(path: Path) -> Addresses | None:
    """Return the addresses of the servers that run under this home folder, or None."""
    home = Home(path)
    state = home.state()
    if state is None or state.phase is not Phase.READY or not is_alive(state.supervisor):
        return None
    passwords = home.secrets()
    if passwords is None:
        return None
    sockets = Path(state.sockets)
    return Addresses(
        postgres.url(sockets, passwords.postgres), valkey.url(sockets, passwords.valkey)
    )


def is_supervised(path: Path) -> bool:
    """Tell whether a supervisor lives, be the servers ready or just being restarted by it."""
    state = Home(path).state()
    return state is not None and is_alive(state.supervisor)


def processes(path: Path) -> dict[str, int]:
    """Return the pids of what runs: ``supervisor``, ``postgres`` (the first one), ``valkey``."""
    state = Home(path).state()
    if state is None:
        return {}
    known: dict[str, Identity | None] = {
        "supervisor": state.supervisor,
        "postgres": state.postgres,
        "valkey": state.valkey,
    }
    return {name: who.pid for name, who in known.items() if who is not None and is_alive(who)}


def wait_if_unused(path: Path) -> None:
    """Wait until the servers have stopped by themselves, unless somebody uses them."""
    home = Home(path)
    state = home.state()
    if state is None:
        return
    wait_until(lambda: not is_alive(state.supervisor) or _others_use(home), STOP_SECONDS, step=0.02)


def stop(path: Path) -> bool:
    """Stop the servers whoever uses them, and whatever a killed supervisor left behind.

    Returns whether there was anything to stop.
    """
    home = Home(path)
    state = home.state()
    found = state is not None and is_alive(state.supervisor)
    if state is not None and found:
        end([state.supervisor], [(signal.SIGTERM, STOP_SECONDS)])
    for folder, command, steps in (
        (home.valkey, "valkey-server", VALKEY_STEPS),
        (home.data, "postgres", POSTGRES_STEPS),
        (home.data.with_name("postgres.new"), "postgres", POSTGRES_STEPS),
    ):
        found = end_leftovers(folder, command, steps) or found
    if state is not None and home.path.is_dir():
        remove_socket_folder(Path(state.sockets), choose(home.path))
        home.forget_state()
    return found


def _spawn(home: Home) -> None:
    """Start a supervisor and wait until it is ready."""
    package = Path(__file__).resolve().parents[2]
    environment = {name: value for name, value in os.environ.items() if name not in UNSHARED}
    environment["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(package), os.environ.get("PYTHONPATH")])
    )
    started = subprocess.run(  # noqa: S603 - ourselves
        [sys.executable, "-m", "medcontrol.embedded.supervisor", str(home.path)],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    if started.returncode != 0:
        said = started.stdout.strip() or started.stderr.strip()
        raise Unavailable(said or f"the servers did not start: see {home.path}/log/servers.log")


def _others_use(home: Home) -> bool:
    """Tell whether somebody shares the users' lock; the stopping supervisor holds it alone."""
    if not home.path.is_dir():
        return False
    alone = take(home.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    if alone is not None:
        os.close(alone)
        return False
    shared = take(home.users, fcntl.LOCK_SH | fcntl.LOCK_NB)
    if shared is None:
        return False
    os.close(shared)
    return True
