"""The keeper of ``medcontrol up``: starts, watches, restarts and stops its processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from medcontrol import embedded
from medcontrol.embedded import Addresses
from medcontrol.embedded.home import Home
from medcontrol.embedded.process import Backoff, die_with_parent, end, marked, wait_until
from medcontrol.embedded.server import last_lines
from medcontrol.errors import Unavailable

if TYPE_CHECKING:
    from medcontrol.settings import Settings  # takes 0.8 s to import; the caller has it if needed

TICK = 0.05
CHECK_SERVERS = 1.0


@dataclass(frozen=True)
class ProcessSpec:
    """One process of the tree.

    ``stop_signal`` asks it to end, and after ``stop_seconds`` it is ended by force. ``is_ready``
    says whether it does its work by now (a web server: whether it answers); it is asked about
    twenty times a second and must answer at once.
    """

    name: str
    argv: list[str]
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 10
    is_ready: Callable[[], bool] | None = None


@dataclass(slots=True)
class Requests:
    """What was asked of us by signals. Filled by the handlers, read by the loops."""

    stop: int = 0
    hurry: bool = False


@dataclass(slots=True)
class Running:
    """One process of the tree and its history."""

    spec: ProcessSpec
    logfile: Path
    process: subprocess.Popen[bytes] | None = None
    backoff: Backoff = field(default_factory=Backoff)

    def is_ready(self) -> bool:
        """Tell whether it does its work."""
        if self.process is None or self.process.poll() is not None:
            return False
        return self.spec.is_ready is None or self.spec.is_ready()


@dataclass(slots=True)
class Tree:
    """The keeper's work: start, watch, restart, stop."""

    home: Home
    settings: "Settings"
    specs: Sequence[ProcessSpec]
    requests: Requests
    on_ready: Callable[[Addresses], None] | None
    children: list[Running] = field(default_factory=list)
    addresses: Addresses | None = None

    def run(self) -> int:
        """Run the tree until somebody asks it to stop; return the exit code."""
        try:
            with embedded.servers(self.settings) as self.addresses:
                self.children = [Running(spec, self.home.log(spec.name)) for spec in self.specs]
                try:
                    self._loop()
                finally:
                    self._stop()
        except Unavailable as refusal:
            say(str(refusal))
            return 1
        return 0

    def _loop(self) -> None:
        check_at = time.monotonic() + CHECK_SERVERS
        while not self.requests.stop:
            for child in reversed(self.children):
                self._revive(child)
            if self.on_ready and self.addresses and all(c.is_ready() for c in self.children):
                self.on_ready(self.addresses)
                sys.stdout.flush()
                self.on_ready = None
            if time.monotonic() >= check_at:
                self._check_servers()
                check_at = time.monotonic() + CHECK_SERVERS
            time.sleep(TICK)

    def _revive(self, child: Running) -> None:
        if child.process is not None:
            if child.process.poll() is None:
                return
            wait = child.backoff.died()
            say(
                f"{child.spec.name} ended ({child.process.returncode}), restart in {wait:.1f} s; "
                f"{child.logfile}:\n{last_lines(child.logfile)}"
            )
            child.process = None
            # What it forked may still hold its port.
            end(marked(tree_mark(self.home), process_mark(child.spec)), [(signal.SIGTERM, 1.0)])
        if child.backoff.is_over:
            self._start(child)

    def _start(self, child: Running) -> None:
        child.backoff.started()
        with os.fdopen(self._log(child), "ab") as output:
            try:
                child.process = subprocess.Popen(  # noqa: S603 - our own commands
                    child.spec.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=self._environment(child.spec),
                    start_new_session=True,  # Ctrl-C reaches us only; we stop in order
                    preexec_fn=die_with_parent(child.spec.stop_signal),
                )
            except OSError as error:
                say(f"{child.spec.name} can't start: {error}")
                child.backoff.died()

    def _log(self, child: Running) -> int:
        self.home.log(child.spec.name)
        return self.home.open(f"log/{child.logfile.name}", os.O_WRONLY | os.O_APPEND)

    def _environment(self, spec: ProcessSpec) -> dict[str, str]:
        addresses = self.addresses
        if addresses is None:
            raise RuntimeError("processes start after the servers")
        return {
            **os.environ,
            "MEDCONTROL_DATABASE_URL": addresses.database_url,
            "MEDCONTROL_REDIS_URL": addresses.redis_url,
            "MEDCONTROL_HOME": str(self.home.path),
            "PYTHONUNBUFFERED": "1",
            **dict(mark.split("=", 1) for mark in (tree_mark(self.home), process_mark(spec))),
        }

    def _check_servers(self) -> None:
        """Bring back the servers if their supervisor was killed; the addresses stay the same."""
        if self.settings.database_url and self.settings.redis_url:
            return
        if not embedded.is_supervised(self.home.path):
            say("the servers' supervisor is gone, starting it anew")
            try:
                embedded.ensure(self.home.path)
            except Unavailable as refusal:
                say(str(refusal))

    def _stop(self) -> None:
        for child in self.children:
            if child.process is not None:
                self._stop_one(child.spec, child.process)
            end(marked(tree_mark(self.home), process_mark(child.spec)), [])

    def _stop_one(self, spec: ProcessSpec, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(spec.stop_signal)
        if not wait_until(
            lambda: process.poll() is not None or self.requests.hurry, spec.stop_seconds
        ):
            say(f"{spec.name} does not stop within {spec.stop_seconds:.0f} s, killed")
        process.kill()
        process.wait()


def tree_mark(home: Home) -> str:
    """Return what each process of this home's tree carries in its environment."""
    return f"MEDCONTROL_TREE={home.path}"


def process_mark(spec: ProcessSpec) -> str:
    """Return what one process of a tree, and all it forks, carries in its environment."""
    return f"MEDCONTROL_PROCESS={spec.name}"


def say(sentence: str) -> None:
    """Tell the one who watches the terminal."""
    sys.stderr.write(f"medcontrol up: {sentence}\n")
    sys.stderr.flush()
