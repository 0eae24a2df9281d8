"""Processes of this machine: who they are, and how to end them surely (Linux, ``/proc``)."""

import ctypes
import os
import select
import signal
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Identity:
    """One process. A pid alone may be somebody else's tomorrow; with its start it is not.

    ``started`` joins the boot of the machine and the clock tick at which the process began.
    """

    pid: int
    started: str


def identify(pid: int) -> Identity | None:
    """Return who runs under this pid, or None if nobody does. A zombie is nobody."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    # The command's name is in parentheses and may hold spaces: count fields after the last ")".
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else Identity(pid, f"{boot}:{fields[19]}")


def is_alive(who: Identity | None) -> bool:
    """Tell whether this very process still lives."""
    return who is not None and identify(who.pid) == who


def send(who: Identity, number: int) -> bool:
    """Send a signal to this very process; return whether it was there to get it."""
    try:
        handle = os.pidfd_open(who.pid)
    except ProcessLookupError:
        return False
    try:
        # The handle is held: if the identity matches now, the signal can't reach another.
        if not is_alive(who):
            return False
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True


def end(everyone: Iterable[Identity], steps: Iterable[tuple[int, float]]) -> None:
    """End processes that are not our children: each signal in turn, with its patience in seconds.

    Returns as soon as none lives. SIGKILL comes last by itself. Stopped ones are woken up to hear.
    """
    left = list(everyone)
    for number, seconds in (*steps, (signal.SIGKILL, 5.0)):
        left = [who for who in left if send(who, number) and send(who, signal.SIGCONT)]
        if wait_gone(left, seconds):
            return


def wait_gone(everyone: Collection[Identity], seconds: float) -> bool:
    """Wait until none of them lives, at most so many seconds; return whether that came true."""
    return wait_until(lambda: not any(is_alive(who) for who in everyone), seconds)


def wait_until(condition: Callable[[], bool], seconds: float, step: float = 0.01) -> bool:
    """Ask again and again until the answer is yes or the seconds are over; return the answer."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= until:
            return False
        time.sleep(step)
    return True


def nap(seconds: float, wakeup: int) -> None:
    """Sleep, but wake when a signal writes into ``wakeup`` (see ``signal.set_wakeup_fd``)."""
    if select.select([wakeup], [], [], seconds)[0]:
        os.read(wakeup, 4096)


def everyone() -> Iterator[Identity]:
    """Yield every living process that can be seen."""
    for name in os.listdir("/proc"):  # noqa: PTH208 - names only, thousands of them
        if name.isdigit() and (who := identify(int(name))) is not None:
            yield who


def working_in(folder: Path, command: str) -> list[Identity]:
    """Return the processes of that command name whose working directory is this folder.

    PostgreSQL and all its backends stand in the data folder, whatever they were started by: the
    surest way to find what a killed supervisor left behind.
    """
    place = os.path.realpath(folder)
    return [who for who in everyone() if _stands_in(who.pid, place, command)]


def _stands_in(pid: int, place: str, command: str) -> bool:
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
        return name == command and os.readlink(f"/proc/{pid}/cwd") == place  # noqa: PTH115
    except OSError:
        return False


def marked(*marks: str) -> list[Identity]:
    """Return the processes, but ourselves, whose first environment holds all of ``NAME=value``."""
    wanted = {os.fsencode(mark) for mark in marks}
    return [who for who in everyone() if who.pid != os.getpid() and wanted <= _environment(who.pid)]


def _environment(pid: int) -> set[bytes]:
    try:
        return set(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    except OSError:
        return set()


def die_with_parent(number: int) -> Callable[[], None]:
    """Return what a child runs between fork and exec so that the kernel signals it when we die.

    The setting is lost when the user changes, so it must come after ``setuid`` (Popen's ``user=``
    does that before ``preexec_fn``), and it follows the *thread* that forked: fork from the main
    one.
    """
    parent = os.getpid()

    def arrange() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # died before we asked
            os._exit(1)

    return arrange


def adopt_orphans(yes: bool = True) -> None:
    """Become the parent of descendants whose parent dies, so that they can be found and reaped."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)


@dataclass(slots=True)
class Backoff:
    """How long to wait before a restart: at once the first time, then twice as long each time.

    A process that lived for ``healthy`` seconds starts anew with no wait.
    """

    longest: float = 30.0
    healthy: float = 60.0
    _failures: int = 0
    _started: float = 0.0
    _not_before: float = field(default=0.0)

    def started(self) -> None:
        """Note that it was started just now."""
        self._started = time.monotonic()

    def died(self) -> float:
        """Note that it died; return the seconds to wait before the next start."""
        now = time.monotonic()
        self._failures = 0 if now - self._started > self.healthy else self._failures + 1
        wait = 0.0 if self._failures <= 1 else min(self.longest, 0.25 * 2**self._failures)
        self._not_before = now + wait
        return wait

    @property
    def is_over(self) -> bool:
        """Whether it may be started now."""
        return time.monotonic() >= self._not_before
