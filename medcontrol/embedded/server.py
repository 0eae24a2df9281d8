"""One server under supervision: started, watched, restarted, stopped."""

import logging
import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from medcontrol.embedded import postgres, valkey
from medcontrol.embedded.account import Account
from medcontrol.embedded.binaries import Binaries
from medcontrol.embedded.home import Home, Secrets, open_private
from medcontrol.embedded.process import (
    Backoff,
    Identity,
    die_with_parent,
    end,
    identify,
    wait_gone,
    wait_until,
    working_in,
)
from medcontrol.errors import Unavailable

log = logging.getLogger(__name__)

#: Seconds for crash recovery: replaying ``max_wal_size`` of WAL on a slow disk.
READY_SECONDS = 300.0


@dataclass(slots=True)
class Server:
    """One server process: a child of ours, in a session of its own, that dies with us.

    ``steps`` are the signals that end it, each with its patience in seconds; the first one is also
    what the kernel sends it when we die.
    """

    name: str
    command: list[str]
    folder: Path
    logfile: Path
    account: Account
    steps: tuple[tuple[signal.Signals, float], ...]
    is_ready: Callable[[int], bool]
    text: str = ""
    process: subprocess.Popen[bytes] | None = None
    backoff: Backoff = field(default_factory=Backoff)

    def start(self) -> None:
        """Start it; must be called from the main thread (see ``die_with_parent``)."""
        end_leftovers(self.folder, Path(self.command[0]).name, self.steps)
        (self.folder / "postmaster.pid").unlink(missing_ok=True)  # nobody stands there any more
        with os.fdopen(open_private(self.logfile, os.O_WRONLY | os.O_APPEND), "ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own binaries
                self.command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                env=postgres.ENVIRONMENT,
                start_new_session=True,
                preexec_fn=die_with_parent(self.steps[0][0]),
                **self.account.popen,
            )
        self.backoff.started()
        self._feed()

    def _feed(self) -> None:
        if self.process is None or self.process.stdin is None:
            return
        try:
            self.process.stdin.write(self.text.encode())
            self.process.stdin.close()
        except BrokenPipeError:
            log.warning("%s did not read its configuration", self.name)

    def wait_ready(self) -> None:
        """Wait until it takes connections.

        Raises:
            Unavailable: it ended instead; the sentence carries the last lines of its log.
        """
        if not wait_until(lambda: self.has_died() or self._answers(), READY_SECONDS, 0.005):
            raise Unavailable(f"{self.name} does not answer after {READY_SECONDS:.0f} s")
        if self.has_died():
            raise Unavailable(f"{self.name} does not start: {last_lines(self.logfile)}")

    def _answers(self) -> bool:
        return self.process is not None and self.is_ready(self.process.pid)

    def has_died(self) -> bool:
        """Tell whether it is not running."""
        return self.process is None or self.process.poll() is not None

    @property
    def identity(self) -> Identity | None:
        """Who it is, or None if it is not running."""
        return None if self.process is None else identify(self.process.pid)

    def stop(self) -> None:
        """End it in order, then by force, and whatever it left."""
        if self.process is None:
            return
        for number, seconds in (*self.steps, (signal.SIGKILL, 5.0)):
            self.process.send_signal(number)  # never reaches another: it is our child, not reaped
            try:
                self.process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                log.warning("%s ignores %s", self.name, number.name)
        end_leftovers(self.folder, Path(self.command[0]).name, self.steps)


def end_leftovers(
    folder: Path, command: str, steps: tuple[tuple[signal.Signals, float], ...]
) -> bool:
    """End the servers that stand in this folder with nobody above them; return if there were any.

    After the death of a supervisor or of a postmaster they are ending already: they get a moment.
    """
    left = working_in(folder, command)
    if left and not wait_gone(left, 1.0):
        end(working_in(folder, command), steps)
    return bool(left)


def last_lines(path: Path, count: int = 5) -> str:
    """Return the last lines of a log."""
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return ""


#: Fast shutdown writes a checkpoint; immediate shutdown leaves that to the next start.
POSTGRES_STEPS = ((signal.SIGINT, 60.0), (signal.SIGQUIT, 10.0))
VALKEY_STEPS = ((signal.SIGTERM, 5.0),)


def make_postgres(
    home: Home, binaries: Binaries, account: Account, sockets: Path, passwords: Secrets | None
) -> tuple[Server, str]:
    """Prepare PostgreSQL's data if need be; return the server, not started, and its password."""
    if home.data.exists():
        account.own(home.data)
    end_leftovers(home.data, "postgres", POSTGRES_STEPS)
    postgres.initialise(home.data, binaries, account)
    if passwords is None:
        passwords = home.new_secrets()
        (home.data / "postmaster.pid").unlink(missing_ok=True)
        postgres.set_password(passwords.postgres, home.data, binaries, account)
        home.keep(passwords)
    server = Server(
        name="PostgreSQL",
        command=postgres.command(binaries, sockets),
        folder=home.data,
        logfile=home.log("postgres"),
        account=account,
        steps=POSTGRES_STEPS,
        is_ready=lambda pid: postgres.is_ready(home.data, pid),
    )
    return server, passwords.valkey


def make_valkey(
    home: Home, binaries: Binaries, account: Account, sockets: Path, password: str
) -> Server:
    """Return the Valkey server, not started."""
    account.own(home.valkey)
    return Server(
        name="Valkey",
        command=[str(binaries.valkey), "-"],
        folder=home.valkey,
        logfile=home.log("valkey"),
        account=account,
        steps=VALKEY_STEPS,
        is_ready=lambda _: valkey.is_ready(sockets),
        text=valkey.configuration(sockets, password),
    )
