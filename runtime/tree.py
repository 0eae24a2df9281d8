"""``medcontrol up``: servers, web, worker and beat as one tree of processes.

Two of our own processes watch it. The *keeper* starts, restarts and stops the tree; the process
that was called (*up*) is its parent and only watches the keeper. If the keeper is killed, up ends
what is left; if up is killed, the kernel tells the keeper, which stops everything in order; if both
are, the kernel tells every process of the tree.
"""

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from medcontrol import embedded
from medcontrol.embedded import Addresses
from medcontrol.embedded.home import Home, take
from medcontrol.embedded.process import (
    Identity,
    adopt_orphans,
    die_with_parent,
    end,
    identify,
    is_alive,
    marked,
    send,
    wait_until,
)
from runtime.keeper import TICK, ProcessSpec, Requests, Tree, say, tree_mark

if TYPE_CHECKING:
    from medcontrol.settings import Settings  # takes 0.8 s to import; the caller has it if needed

__all__ = ["ProcessSpec", "down", "up"]

DOWN_SECONDS = 60.0


def up(
    settings: "Settings",
    specs: Sequence[ProcessSpec],
    *,
    on_ready: Callable[[Addresses], None] | None = None,
) -> int:
    """Run the servers and the processes until Ctrl-C or SIGTERM; return the exit code.

    Processes start in reverse order and stop in the order given (web, beat, worker), then Valkey,
    then PostgreSQL, unless another command still uses the two. Each gets the addresses in
    ``MEDCONTROL_DATABASE_URL`` and ``MEDCONTROL_REDIS_URL``, and writes to ``HOME/log/NAME.log``.
    What dies is restarted, at growing intervals. A second Ctrl-C does not wait.

    Args:
        settings: names the home folder, and the servers if they are not embedded.
        specs: in the order in which they stop.
        on_ready: called once, in a process forked from this one, when all of them are ready; it
            must return soon.

    Returns:
        0 after an orderly stop; 1 if another tree runs on this home, or the servers can't start.
    """
    home = Home(settings.home_path)
    home.prepare()
    lock = take(home.path / "up.lock", fcntl.LOCK_EX | fcntl.LOCK_NB)
    if lock is None:
        say(f"medcontrol is already up on {home.path} ({_who_is_up(home)}); medcontrol down")
        return 1
    try:
        with _requests() as requests:
            adopt_orphans()
            sys.stdout.flush()
            sys.stderr.flush()
            dies_with_us = die_with_parent(signal.SIGTERM)
            keeper = os.fork()
            if keeper == 0:
                _become_keeper(Tree(home, settings, specs, requests, on_ready), dies_with_us)
            return _watch(home, keeper, requests)
    finally:
        adopt_orphans(False)
        (home.path / "up.json").unlink(missing_ok=True)
        os.close(lock)


def down(settings: "Settings") -> bool:
    """Stop the tree that runs on this home, its servers, and whatever a crash left of them.

    Returns whether there was anything to stop.
    """
    home = Home(settings.home_path)
    if not home.path.is_dir():
        return False
    watchers = _watchers(home)
    found = any(is_alive(who) for who in watchers)
    if any(send(who, signal.SIGTERM) for who in watchers):  # the first one alive passes it on
        wait_until(lambda: not any(map(is_alive, watchers)), DOWN_SECONDS)
        end(watchers, [])
    left = marked(tree_mark(home))
    end(left, [(signal.SIGTERM, 2.0)])
    (home.path / "up.json").unlink(missing_ok=True)
    return embedded.stop(home.path) or found or bool(left)


@contextmanager
def _requests() -> Iterator[Requests]:
    """Count Ctrl-C, SIGTERM and SIGHUP as requests to stop, SIGUSR1 as a request to hurry."""
    requests = Requests()

    def ask_stop(*_: object) -> None:
        requests.stop += 1

    def ask_hurry(*_: object) -> None:
        requests.hurry = True

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, ask_stop) for number in numbers}
    before[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, ask_hurry)
    try:
        yield requests
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _become_keeper(tree: Tree, dies_with_us: Callable[[], None]) -> None:
    """Run the tree in this forked process and never return."""
    code = 1
    try:
        os.setsid()  # the terminal's Ctrl-C goes to up, which passes it on
        dies_with_us()
        code = tree.run()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _watch(home: Home, keeper: int, requests: Requests) -> int:
    """Wait for the keeper, pass requests on to it, and end what it leaves behind."""
    _write_watchers(home, os.getpid(), keeper)
    passed_on = 0
    while (status := _reap(keeper)) is None:
        asked = requests.stop  # read once: whoever reads "stopping" may ask again at that instant
        if asked > passed_on:
            if passed_on == 0:
                say("stopping… (a second Ctrl-C does not wait)")
            # The keeper is our child and not reaped: this pid is its own.
            os.kill(keeper, signal.SIGTERM if passed_on == 0 else signal.SIGUSR1)
            passed_on = asked
        time.sleep(TICK)
    left = marked(tree_mark(home))
    if left:
        say(f"ending {len(left)} processes that their keeper left")
        end(left, [(signal.SIGTERM, 10.0)])
    embedded.wait_if_unused(home.path)
    return _reap_all(os.waitstatus_to_exitcode(status))


def _reap(keeper: int) -> int | None:
    """Reap every child that ended; return the keeper's status once it is among them."""
    found = None
    while found is None:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == 0:
            break
        found = status if pid == keeper else None
    return found


def _reap_all(code: int) -> int:
    """Reap adopted orphans that ended meanwhile; return the exit code for the shell."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
    return code if code >= 0 else 128 - code


def _write_watchers(home: Home, *pids: int) -> None:
    known = [asdict(who) for pid in pids if (who := identify(pid)) is not None]
    with os.fdopen(home.open("up.json", os.O_WRONLY | os.O_TRUNC), "w") as file:
        json.dump(known, file)


def _watchers(home: Home) -> list[Identity]:
    """Return up and its keeper, in this order, as written by the last tree."""
    try:
        return [Identity(**who) for who in json.loads((home.path / "up.json").read_text())]
    except (OSError, ValueError, TypeError):
        return []


def _who_is_up(home: Home) -> str:
    alive = [str(who.pid) for who in _watchers(home) if is_alive(who)]
    return f"pid {alive[0]}" if alive else "just starting"
