"""``medcontrol up``: one tree that restarts what dies and leaves nothing behind."""

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from medcontrol import embedded
from medcontrol.embedded.process import everyone, wait_until
from medcontrol.settings import Settings
from runtime import tree

ROOT = Path(__file__).resolve().parents[2]

# What the processes of these trees do: note every start and every stop in one file.
CHILD = """
import os, signal, sys, time
name, notes = sys.argv[1:3]
def note(text):
    with open(notes, "a") as file:
        file.write(f"{text}\\n")
def leave(*_):
    note(f"stop {name}")
    sys.exit()
signal.signal(signal.SIGTERM, signal.SIG_IGN if "deaf" in name else leave)
if "forks" in name and os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
note(f"start {name} {os.getpid()} {os.environ['MEDCONTROL_DATABASE_URL']}")
time.sleep(600)
"""

UP = f"""
import sys
from pathlib import Path
from types import SimpleNamespace
from runtime.tree import ProcessSpec, up

home, notes, *names = sys.argv[1:]
child = {CHILD!r}
# Who is killed in the end is not waited for; a busy machine may take long to stop the others.
patience = {{n: 1 if n in ("deaf", "forks") else 60 for n in names}}
specs = [ProcessSpec(n, [sys.executable, "-c", child, n, notes], stop_seconds=patience[n])
         for n in names]
# What up needs of the settings; importing the real ones takes longer than the whole tree.
settings = SimpleNamespace(home_path=Path(home), database_url=None, redis_url=None)
sys.exit(up(settings, specs, on_ready=lambda _: print("ready", flush=True)))
"""


class Up:
    """A tree started as from a shell."""

    def __init__(self, home: Path, notes: Path, *names: str) -> None:
        self.home, self.notes = home, notes
        self.process = subprocess.Popen(
            [sys.executable, "-c", UP, str(home), str(notes), *names],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def wait_ready(self, starts: int) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        assert wait_until(lambda: len(self.noted("start")) == starts, 60)

    def noted(self, what: str) -> list[list[str]]:
        lines = self.notes.read_text().splitlines() if self.notes.exists() else []
        return [line.split()[1:] for line in lines if line.startswith(what)]

    def end(self) -> tuple[int, str]:
        _, said = self.process.communicate(timeout=120)
        return self.process.returncode, said

    def keeper(self) -> int:
        return int(json.loads((self.home / "up.json").read_text())[1]["pid"])


Start = Callable[..., Up]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tree") / "home"


@pytest.fixture
def trees(home: Path, tmp_path: Path) -> Iterator[list[Up]]:
    started: list[Up] = []
    yield started
    tree.down(settings_of(home))
    for one in started:
        one.process.kill()
        one.process.communicate()


@pytest.fixture
def start(home: Path, tmp_path: Path, trees: list[Up]) -> Start:
    def run(*names: str) -> Up:
        trees.append(Up(home, tmp_path / "notes", *names))
        return trees[-1]

    return run


def settings_of(home: Path) -> Settings:
    return Settings(home=home, database_url=None, redis_url=None)


def left_of(home: Path) -> list[int]:
    return [who.pid for who in everyone() if belongs_to(who.pid, str(home))]


def belongs_to(pid: int, home: str) -> bool:
    try:
        folder = Path(f"/proc/{pid}")
        named = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        return str((folder / "cwd").readlink()).startswith(home) or home.encode() in named
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_tree_stops_in_order_and_leaves_no_process(start: Start, home: Path, number: int) -> None:
    up = start("web", "beat", "worker")
    up.wait_ready(3)

    up.process.send_signal(number)

    assert up.end()[0] == 0
    assert up.noted("stop") == [["web"], ["beat"], ["worker"]]
    assert left_of(home) == []


def test_ctrl_c_in_a_terminal_stops_in_order(home: Path, tmp_path: Path, trees: list[Up]) -> None:
    notes = tmp_path / "notes"
    command = [sys.executable, "-c", UP, str(home), str(notes), "web", "worker"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, command, {**os.environ, "PYTHONPATH": str(ROOT)})  # noqa: S606
    said = b""
    while b"ready" not in said:
        said += os.read(terminal, 1024)
    assert wait_until(lambda: notes.exists() and notes.read_text().count("start") == 2, 60)

    os.write(terminal, b"\x03")

    said = b""
    while b"stopping" not in said:
        said += os.read(terminal, 1024)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)
    assert notes.read_text().splitlines()[-2:] == ["stop web", "stop worker"]
    assert left_of(home) == []


def test_a_process_that_will_not_stop_is_killed_with_its_children(start: Start, home: Path) -> None:
    up = start("deaf", "forks")
    up.wait_ready(2)

    up.process.terminate()
    code, said = up.end()

    assert code == 0
    assert "deaf does not stop within 1 s, killed" in said
    assert left_of(home) == []


def test_a_second_ctrl_c_does_not_wait(start: Start, home: Path) -> None:
    up = start("deaf-for-long")
    up.wait_ready(1)

    up.process.send_signal(signal.SIGINT)
    assert up.process.stderr is not None
    heard = up.process.stderr.readline()  # or the second would be one with the first
    up.process.send_signal(signal.SIGINT)
    code, said = up.end()

    assert "a second Ctrl-C does not wait" in heard
    assert (code, "does not stop within" in said) == (0, False)
    assert left_of(home) == []


@pytest.mark.parametrize("victims", [("up",), ("keeper",), ("up", "keeper")])
def test_a_killed_tree_leaves_no_process(
    start: Start, home: Path, victims: tuple[str, ...]
) -> None:
    up = start("web", "worker")
    up.wait_ready(2)
    pids = {"up": up.process.pid, "keeper": up.keeper()}
    for victim in victims:
        os.kill(pids[victim], signal.SIGKILL)

    code, _ = up.end()

    assert code == (137 if victims == ("keeper",) else -signal.SIGKILL)
    assert wait_until(lambda: left_of(home) == [], 60)
    assert sorted(up.noted("stop")) == [["web"], ["worker"]]


def test_a_second_tree_on_the_same_home_is_refused(start: Start) -> None:
    first = start("web")
    first.wait_ready(1)

    code, said = start("web").end()

    assert code == 1
    assert f"already up on {first.home} (pid {first.process.pid})" in said
    assert len(first.noted("start")) == 1


def test_a_process_that_dies_comes_back_without_its_old_children(start: Start, home: Path) -> None:
    up = start("forks")
    up.wait_ready(1)
    first = int(up.noted("start")[0][1])
    before = set(left_of(home))

    os.kill(first, signal.SIGKILL)

    assert wait_until(lambda: len(up.noted("start")) == 2, 60)
    again = int(up.noted("start")[1][1])
    assert again not in before
    with_forked_child = 2
    assert wait_until(
        lambda: sum(in_process(pid, "forks") for pid in left_of(home)) == with_forked_child, 60
    )


def in_process(pid: int, name: str) -> bool:
    mark = f"MEDCONTROL_PROCESS={name}".encode()
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def test_servers_come_back_when_their_supervisor_is_killed(start: Start, home: Path) -> None:
    up = start("web")
    up.wait_ready(1)
    given = up.noted("start")[0][2]
    before = embedded.processes(home)
    os.kill(before["supervisor"], signal.SIGKILL)

    def came_back() -> bool:
        # By its own pid: in the instant of the kill the old one is seen alive here, gone there.
        now = embedded.processes(home).get("supervisor", before["supervisor"])
        return now != before["supervisor"] and embedded.running(home) is not None

    assert wait_until(came_back, 60)
    addresses = embedded.running(home)
    assert addresses is not None
    assert addresses.database_url == given


def test_a_process_that_can_not_start_is_said_and_the_rest_runs(home: Path, tmp_path: Path) -> None:
    code = UP.replace("specs = [", "specs = [ProcessSpec('ghost', ['/no/such/program'])] + [")
    up = subprocess.Popen(
        [sys.executable, "-c", code, str(home), str(tmp_path / "notes"), "web"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert wait_until((tmp_path / "notes").exists, 60)
    up.terminate()
    _, said = up.communicate(timeout=120)

    assert up.returncode == 0
    assert "ghost can't start: [Errno 2] No such file or directory: '/no/such/program'" in said
    assert left_of(home) == []


def test_down_stops_a_running_tree_in_order(start: Start, home: Path) -> None:
    up = start("web", "worker")
    up.wait_ready(2)

    assert tree.down(settings_of(home)) is True
    assert up.end()[0] == 0
    assert up.noted("stop") == [["web"], ["worker"]]
    assert left_of(home) == []
    assert tree.down(settings_of(home)) is False


def test_down_ends_what_a_crash_left(start: Start, home: Path) -> None:
    up = start("forks")
    up.wait_ready(1)
    running = embedded.processes(home)
    os.kill(running["postgres"], signal.SIGSTOP)
    for pid in (running["supervisor"], up.process.pid, up.keeper()):
        os.kill(pid, signal.SIGKILL)
    up.end()
    assert running["postgres"] in left_of(home)
    assert any(in_process(pid, "forks") for pid in left_of(home))

    assert tree.down(settings_of(home)) is True
    assert left_of(home) == []
