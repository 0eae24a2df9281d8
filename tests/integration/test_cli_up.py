"""``medcontrol up`` with the real web server, worker and scheduler."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from medcontrol import embedded
from medcontrol.embedded.process import wait_until
from medcontrol.settings import Settings
from runtime import tree

pytestmark = pytest.mark.long

ROOT = Path(__file__).resolve().parents[2]


class Command:
    """A command that runs; what it says goes to files, so that no pipe fills."""

    def __init__(self, home: Path, *arguments: str) -> None:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("MEDCONTROL_", "PORT"))}
        number = len(list(home.parent.glob("said-*")))
        self.said = home.parent / f"said-{number}"
        self.warned = home.parent / f"warned-{number}"
        with self.said.open("wb") as said, self.warned.open("wb") as warned:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "runtime.cli", *arguments],
                stdout=said, stderr=warned, cwd=ROOT,
                env=clean | {"MEDCONTROL_HOME": str(home)},
            )  # fmt: skip

    def wait_for(self, words: str) -> str:
        """Return what was said once these words are among it."""
        wait_until(lambda: words in self.text or self.process.poll() is not None, 120, step=0.1)
        assert words in self.text, (self.text, self.warned.read_text())
        return self.text

    @property
    def text(self) -> str:
        return self.said.read_text()

    def end(self) -> int:
        return self.process.wait(timeout=120)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    home = tmp_path / "home"
    yield home
    tree.down(Settings(home=home, database_url=None, redis_url=None))


def is_left(home: Path) -> bool:
    """Whether a process lives that carries this home in its environment."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            own = (folder / "environ").read_bytes()
        except OSError:
            continue
        if f"MEDCONTROL_HOME={home}".encode() in own.split(b"\0"):
            return True
    return False


def test_everything_runs_on_a_fresh_home_and_nothing_is_left(home: Path) -> None:
    first = Command(home, "up", "--port", "0")
    said = first.wait_for("medcontrol users create")
    assert said.startswith("medcontrol is up at http://127.0.0.1:")
    with urllib.request.urlopen(f"{said.split()[4]}/ready", timeout=20) as answer:  # noqa: S310
        assert answer.status == 200

    second = Command(home, "up", "--port", "0")
    assert second.end() == 1
    assert "already up" in second.warned.read_text()

    first.process.send_signal(signal.SIGTERM)
    assert first.end() == 0
    assert embedded.processes(home) == {}
    assert wait_until(lambda: not is_left(home), 30, step=0.1)


def test_a_port_in_use_is_named_instead_of_tried_for_ever(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = Command(home, "up", "--port", str(port))
        assert up.end() == 1
    assert f"127.0.0.1:{port} can't be listened on" in up.warned.read_text()
    assert wait_until(lambda: not is_left(home), 30, step=0.1)


def test_down_stops_a_tree_from_elsewhere(home: Path, tmp_path: Path) -> None:
    socket_file = tmp_path / "web.sock"
    up = Command(home, "up", "--uds", str(socket_file))
    up.wait_for(str(socket_file))
    down = Command(home, "down")
    assert (down.end(), down.text) == (0, "stopped\n")
    assert up.end() == 0
    assert wait_until(lambda: not is_left(home), 30, step=0.1)
    again = Command(home, "down")
    assert (again.end(), again.text) == (0, "nothing was running\n")
