"""A whole installation as an operator has it, in a folder of its own, to be killed in parts."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import redis
import sqlalchemy as sa

from medcontrol import db, embedded
from medcontrol.embedded.process import marked, wait_until
from medcontrol.services.clients import Scope, create
from tests.factories import NOW, make_doctor

ROOT = Path(__file__).resolve().parents[2]
CLI = [sys.executable, "-c", "from runtime.cli import main; main()"]
#: Seconds for any one thing to happen; on an idle machine each takes a few.
PATIENCE = 90.0
STEP = 0.03  # between two looks; what is waited for lasts much longer


class Installation:
    """``medcontrol up`` with its letters going to a receiver that is a process too."""

    def __init__(self, folder: Path) -> None:
        self.home, self.calls = folder / "home", folder / "calls.ndjson"
        self.up_log = folder / "up.log"
        self._port_file = folder / "port"
        self._processes: list[subprocess.Popen[bytes]] = []
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("MEDCONTROL_")
        } | {
            "MEDCONTROL_HOME": str(self.home),
            "MEDCONTROL_OUTBOX_RETRY_SECONDS": "1",
            "MEDCONTROL_WORKER_PROCESSES": "2",
        }

    def start(self) -> None:
        """Start the receiver, then everything else; return when the web answers."""
        receiver = [sys.executable, "-m", "tests.post_receiver", str(self._port_file)]
        self.spawn([*receiver, str(self.calls)])
        assert wait_until(self._port_file.exists, 20, STEP)
        port = self._port_file.read_text()
        self.environment["MEDCONTROL_POST_URL"] = f"http://127.0.0.1:{port}/letters"
        self.tree = self.spawn([*CLI, "up", "--port", "0"], log=self.up_log)
        self.wait_for("web, worker and beat", lambda: "is up at" in self.up_log.read_text())
        found = re.search(r"is up at (http://\S+)", self.up_log.read_text())
        assert found is not None
        self.url = found[1]
        addresses = embedded.running(self.home)
        assert addresses is not None
        self.engine = sa.create_engine(addresses.database_url, pool_pre_ping=True)
        self.valkey = redis.Redis.from_url(addresses.redis_client_url)
        with db.using(self.engine), db.transaction() as session:
            for unit in ("CASA-1", "RABAT-1", "FES-1"):
                make_doctor(session, minutes=600, unit_code=unit)
            _, self.token = create(
                session, name="portal", scopes=[Scope.INTAKE_WRITE], unit_code=None, now=NOW
            )

    def spawn(self, argv: list[str], log: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a process of this installation; it is ended with it."""
        with (log or self.home.with_name("commands.log")).open("ab") as output:
            process = subprocess.Popen(
                argv, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        self._processes.append(process)
        return process

    def intake(self, file: Path) -> subprocess.Popen[bytes]:
        """Start ``medcontrol intake``."""
        return self.spawn([*CLI, "intake", str(file), "--json"])

    def post_batch(self, body: Any) -> httpx.Response:
        """Hand in a batch as another system does."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/x-ndjson",
        }
        return httpx.post(
            f"{self.url}/api/v1/intake/batches", content=body, headers=headers, timeout=20
        )

    def number(self, statement: str, **values: Any) -> int:
        """Return a count; -1 while the database is away."""
        try:
            with self.engine.connect() as connection:
                return int(connection.execute(sa.text(statement), values).scalar_one())
        except sa.exc.OperationalError:
            return -1

    def wait_for(self, what: str, is_there: Callable[[], bool]) -> None:
        """Wait for something, and say what did not come."""
        if not wait_until(is_there, PATIENCE, STEP):
            raise AssertionError(f"no {what} after {PATIENCE} s:\n{self.last_words()}")

    def kill(self, name: str, *, only_one: bool = False) -> int:
        """SIGKILL a process of the tree with all it forked, or one process that it forked."""
        found = marked(f"MEDCONTROL_TREE={self.home.resolve()}", f"MEDCONTROL_PROCESS={name}")
        chosen = sorted(found, key=lambda who: who.pid)
        for who in chosen[-1:] if only_one else chosen:
            os.kill(who.pid, signal.SIGKILL)
        return len(chosen)

    def kill_postgres(self) -> None:
        """SIGKILL PostgreSQL's first process; its supervisor starts it again."""
        os.kill(embedded.processes(self.home)["postgres"], signal.SIGKILL)

    def last_words(self) -> str:
        """Return the ends of all logs, for the one who reads a failure."""
        logs = [self.up_log, self.home.with_name("commands.log"), *self.home.glob("log/*.log")]
        return "\n".join(f"== {log}\n{log.read_text()[-3000:]}" for log in logs if log.exists())

    def stop(self) -> None:
        """End everything that was started here."""
        command = subprocess.run(
            [*CLI, "down"], cwd=ROOT, env=self.environment, timeout=60, check=False
        )
        for process in self._processes:
            process.kill()
            process.wait(10)
        assert command.returncode == 0


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """Give an installation that runs; everything of it ends with the block."""
    made = Installation(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
