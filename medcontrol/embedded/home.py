"""What the embedded servers keep under the home folder: state, secrets, locks, logs."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from medcontrol.embedded.process import Identity
from medcontrol.errors import Unavailable

LOG_BYTES = 16 * 1024 * 1024


class Phase(StrEnum):
    """What the supervisor is doing."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class State:
    """What the supervisor tells the others, in ``servers.json``."""

    phase: Phase
    sockets: str
    supervisor: Identity
    postgres: Identity | None = None
    valkey: Identity | None = None


@dataclass(frozen=True, slots=True)
class Secrets:
    """Passwords of the two servers. They stay the same for the life of the data."""

    postgres: str
    valkey: str


@dataclass(frozen=True, slots=True)
class Home:
    """The home folder and the names in it."""

    path: Path

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        """Valkey's working folder; it keeps nothing there."""
        return self.path / "valkey"

    @property
    def users(self) -> Path:
        """Lock: shared by every user of the servers, exclusive for whoever stops them."""
        return self.path / "users.lock"

    @property
    def starters(self) -> Path:
        """Lock: held by the one who is starting a supervisor."""
        return self.path / "start.lock"

    @property
    def supervisors(self) -> Path:
        """Lock: held by the supervisor for its whole life."""
        return self.path / "supervisor.lock"

    def prepare(self) -> None:
        """Create the folder if it is not there.

        Raises:
            Unavailable: it can't be created or written to; the sentence says why.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Unavailable(f"MEDCONTROL_HOME {self.path} can't be created: {error}") from error
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise Unavailable(f"MEDCONTROL_HOME {self.path} can't be written to by this user")

    def open(self, name: str, flags: int = os.O_RDWR) -> int:
        """Open or create a file only its owner reads; it belongs to the home folder's owner."""
        return open_private(self.path / name, flags)

    def log(self, name: str) -> Path:
        """Return the path of a log, after moving an overgrown one to ``.1``."""
        path = self.path / "log" / f"{name}.log"
        path.parent.mkdir(exist_ok=True)
        if path.exists() and path.stat().st_size > LOG_BYTES:
            path.replace(path.with_suffix(".log.1"))
        return path

    def state(self) -> State | None:
        """Return what the last supervisor wrote, or None if it left orderly or never was."""
        try:
            raw = json.loads((self.path / "servers.json").read_text())
            raw |= {
                name: Identity(**raw[name]) if raw[name] else None
                for name in ("supervisor", "postgres", "valkey")
            }
            return State(**(raw | {"phase": Phase(raw["phase"])}))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def write_state(self, state: State) -> None:
        """Replace the state as a whole, so that no reader sees half of it."""
        self._write("servers.json", asdict(state))

    def forget_state(self) -> None:
        """Remove the state: nothing runs."""
        (self.path / "servers.json").unlink(missing_ok=True)

    def secrets(self) -> Secrets | None:
        """Return the passwords, or None if there are none yet."""
        try:
            return Secrets(**json.loads((self.path / "servers.secret").read_text()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise Unavailable(f"{self.path}/servers.secret can't be read: {error}") from error

    def new_secrets(self) -> Secrets:
        """Return fresh passwords; :meth:`keep` them once the servers know them."""
        return Secrets(postgres=secrets.token_hex(16), valkey=secrets.token_hex(16))

    def keep(self, passwords: Secrets) -> None:
        """Write the passwords, readable by the owner only."""
        self._write("servers.secret", asdict(passwords))

    def _write(self, name: str, content: object) -> None:
        temporary = f"{name}.{os.getpid()}"
        with os.fdopen(self.open(temporary, os.O_WRONLY | os.O_TRUNC), "w") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        (self.path / temporary).replace(self.path / name)


def open_private(path: Path, flags: int = os.O_RDWR) -> int:
    """Open or create a file of mode 0600, owned as its folder is, closed in children we exec."""
    descriptor = os.open(path, flags | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def take(path: Path, operation: int) -> int | None:
    """Take a lock (``fcntl.LOCK_…``); return its descriptor, or None if LOCK_NB and taken.

    Closing the descriptor gives it back. A forked child shares it; the kernel gives it back when
    all of them are gone, also after SIGKILL. Should the folder be removed and made anew while we
    wait, the lock on the removed file would bind nobody: then it is taken again.
    """
    while True:
        descriptor = open_private(path)
        try:
            fcntl.flock(descriptor, operation)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        with suppress(FileNotFoundError):
            if os.fstat(descriptor).st_ino == path.stat().st_ino:
                return descriptor
        os.close(descriptor)


@contextmanager
def held(path: Path, operation: int) -> Iterator[None]:
    """Hold a lock for the length of a block."""
    descriptor = take(path, operation & ~fcntl.LOCK_NB)
    try:
        yield
    finally:
        os.close(descriptor)  # type: ignore[arg-type]
