"""The process that owns both servers: ``python -m medcontrol.embedded.supervisor HOME``.

It detaches, starts PostgreSQL and Valkey as its children, restarts the one that dies, and ends
when nobody holds the users' lock any more. Its standard output is what it has to say to the one
who started it: nothing, or one sentence about what is wrong.
"""

import fcntl
import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from medcontrol.embedded import binaries
from medcontrol.embedded.account import Account, choose, remove_socket_folder, socket_folder
from medcontrol.embedded.home import Home, Phase, State, open_private, take
from medcontrol.embedded.process import Identity, identify, nap, wait_until
from medcontrol.embedded.server import Server, make_postgres, make_valkey
from medcontrol.errors import Unavailable

log = logging.getLogger(__name__)

TICK = 0.1
#: Longer than an orderly stop of the supervisor before us.
LOCK_SECONDS = 100.0


@dataclass(slots=True)
class Supervisor:
    """Two servers of one home folder. One thread, no work but watching."""

    home: Home
    account: Account
    sockets: Path
    database: Server
    broker: Server
    me: Identity
    wakeup: int
    asked_to_stop: bool = field(default=False)

    @property
    def servers(self) -> tuple[Server, Server]:
        """Both, in the order in which they stop."""
        return (self.broker, self.database)

    def start(self) -> None:
        """Start both and wait until they answer."""
        self._tell(Phase.STARTING)
        for server in self.servers:
            server.start()
        for server in self.servers:
            server.wait_ready()
        self._tell(Phase.READY)
        log.info("ready: %s", ", ".join(f"{s.name} {s.identity}" for s in self.servers))

    def watch(self) -> None:
        """Restart what dies, until nobody needs us or we are told to end."""
        signal.signal(signal.SIGTERM, self._stop)
        while not self.asked_to_stop and not self._is_unused():
            for server in self.servers:
                if server.has_died():
                    self._revive(server)
            nap(TICK, self.wakeup)

    def stop(self) -> None:
        """Stop both, Valkey first, and tidy up."""
        if self._folder_is_there():
            self._tell(Phase.STOPPING)
        for server in self.servers:
            server.stop()
        remove_socket_folder(self.sockets, self.account)
        if self._folder_is_there():
            self.home.forget_state()
        log.info("stopped")

    def _stop(self, *_: object) -> None:
        self.asked_to_stop = True

    def _is_unused(self) -> bool:
        """Take the users' lock if nobody shares it: then newcomers wait until we are gone."""
        return not self._folder_is_there() or take_unused(self.home) is not None

    def _folder_is_there(self) -> bool:
        """Somebody may have removed the whole home folder: then there is nothing left to serve."""
        return (self.home.path / "servers.json").exists()

    def _revive(self, server: Server) -> None:
        process, server.process = server.process, None
        if process is not None:
            wait = server.backoff.died()
            log.error("%s died (%s); restart in %.1f s", server.name, process.returncode, wait)
            self._tell(Phase.STARTING)
        if not server.backoff.is_over:
            return
        try:
            server.start()
            server.wait_ready()
        except (Unavailable, OSError):
            log.exception("%s does not come back yet", server.name)
            return
        log.info("%s is back: %s", server.name, server.identity)
        if not any(one.has_died() for one in self.servers):
            self._tell(Phase.READY)

    def _tell(self, phase: Phase) -> None:
        state = State(
            phase=phase,
            sockets=str(self.sockets),
            supervisor=self.me,
            postgres=self.database.identity,
            valkey=self.broker.identity,
        )
        try:
            self.home.write_state(state)
        except OSError:
            log.exception("can't say that we are %s", phase)  # a full disk must not end the servers


def take_unused(home: Home) -> int | None:
    """Take the users' lock alone and keep it, or return None while somebody shares it."""
    return take(home.users, fcntl.LOCK_EX | fcntl.LOCK_NB)


def prepare(home: Home, wakeup: int) -> Supervisor:
    """Find programs, account and folders; make the data if there is none.

    Raises:
        Unavailable: something is missing or in the way; the sentence says what.
    """
    me = identify(os.getpid())
    if me is None:
        raise Unavailable("embedded servers need /proc")
    account = choose(home.path)
    last = home.state()
    sockets = socket_folder(account, last.sockets if last else None)
    home.write_state(State(Phase.STARTING, str(sockets), me))
    programs = binaries.usable(binaries.find(), account, sockets)
    database, password = make_postgres(home, programs, account, sockets, home.secrets())
    broker = make_valkey(home, programs, account, sockets, password)
    return Supervisor(home, account, sockets, database, broker, me, wakeup)


def supervise(home: Home, report: Callable[[str], None]) -> None:
    """Run both servers until nobody needs them. ``report("")`` says that they are ready."""
    lock: int | None = None

    def alone() -> bool:
        nonlocal lock
        lock = take(home.supervisors, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return lock is not None

    if not wait_until(alone, LOCK_SECONDS, 0.02):
        raise Unavailable(f"another supervisor of {home.path} does not end: medcontrol down")
    supervisor = prepare(home, _wakeup())
    try:
        supervisor.start()
        report("")
        supervisor.watch()
    finally:
        supervisor.stop()


def _wakeup() -> int:
    """Return a descriptor that becomes readable at every signal, so that none is slept through."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return reader


def main(home: Home) -> int:
    """Detach; return, to the one who started us, once the servers are ready or have failed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child > 0:
        os.close(writer)
        with os.fdopen(reader) as said:
            sentence = said.read()
        if sentence == "\n":
            return 0
        os.waitpid(child, 0)
        sys.stdout.write(sentence.strip())
        return 1
    os.close(reader)
    os.setsid()
    _detach_output(home)
    return _run(home, writer)


def _detach_output(home: Home) -> None:
    """Write to the log from here on, so that nobody waits for our end of a pipe."""
    logfile = home.log("servers")
    output = open_private(logfile, os.O_WRONLY | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.chdir("/")
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(level=logging.INFO, format="%(asctime)sZ [%(process)d] %(message)s")


def _run(home: Home, writer: int) -> int:
    def report(sentence: str) -> None:
        os.write(writer, f"{sentence}\n".encode())
        os.close(writer)

    try:
        supervise(home, report)
    except Unavailable as refusal:
        log.error("%s", refusal)
        report(str(refusal))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Home(Path(sys.argv[1]))))
