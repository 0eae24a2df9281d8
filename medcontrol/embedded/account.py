"""The unprivileged account the servers run under, and the folders it needs.

PostgreSQL refuses root. Started as root, both servers run as the owner of the home folder, or as
``nobody`` when root owns that too. Only folders of our own change owner, never a parent.
"""

import os
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medcontrol.errors import Unavailable

NOBODY = 65534
SOCKET_PREFIX = "medcontrol-"


@dataclass(frozen=True, slots=True)
class Account:
    """User and group by number; they need not have a name on this machine."""

    uid: int
    gid: int

    @property
    def popen(self) -> dict[str, Any]:
        """Arguments for ``subprocess`` that change to this account, if that is a change."""
        if os.geteuid() == self.uid:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Make a folder of ours, and all in it, belong to this account, mode 0700.

        Raises:
            Unavailable: it belongs to another account and we may not change that.
        """
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise Unavailable(f"{folder} is not a folder")
        if found.st_uid != self.uid:
            if os.geteuid() != 0:
                raise Unavailable(
                    f"{folder} belongs to uid {found.st_uid}, not to you (uid {self.uid}): run as "
                    "that user or as root, or choose another MEDCONTROL_HOME"
                )
            self._give(folder)
        folder.chmod(0o700)

    def _give(self, folder: Path) -> None:
        for parent, folders, files in os.walk(folder):
            for name in (".", *folders, *files):
                os.chown(os.path.join(parent, name), self.uid, self.gid, follow_symlinks=False)  # noqa: PTH118

    def may_run(self, binary: Path) -> bool:
        """Tell whether this account can reach and run a program (``/root`` is closed to it)."""
        try:
            run = subprocess.run(  # noqa: S603 - our own binary
                [binary, "--version"], capture_output=True, check=False, timeout=30, **self.popen
            )
        except PermissionError:
            return False
        return run.returncode == 0


def choose(home: Path) -> Account:
    """Return the account for the servers of this home."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    owner = home.stat()
    return Account(owner.st_uid, owner.st_gid) if owner.st_uid else Account(NOBODY, NOBODY)


def socket_folder(account: Account, last: str | None) -> Path:
    """Return a short folder, mode 0700, for the sockets: the last one if it is still ours.

    A socket's path holds 107 bytes at most, so it can't lie in the home folder. The name is random
    and the folder made by us: in ``/tmp`` nobody can prepare or swap it.

    Raises:
        Unavailable: the machine has no short temporary folder.
    """
    if last is not None and is_ours(Path(last), account):
        return Path(last)
    base = "/tmp" if os.access("/tmp", os.W_OK | os.X_OK) else tempfile.gettempdir()  # noqa: S108
    if len(os.fsencode(base)) > 70:
        raise Unavailable(f"sockets need a short temporary folder; {base} is too long (TMPDIR)")
    folder = Path(tempfile.mkdtemp(prefix=SOCKET_PREFIX, dir=base))
    if os.geteuid() == 0:
        os.chown(folder, account.uid, account.gid)
    return folder


def is_ours(folder: Path, account: Account) -> bool:
    """Tell whether this is a socket folder made by us and open to nobody else."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return (
        folder.name.startswith(SOCKET_PREFIX)
        and stat.S_ISDIR(found.st_mode)
        and found.st_uid == account.uid
        and not stat.S_IMODE(found.st_mode) & 0o077
    )


def remove_socket_folder(folder: Path, account: Account) -> None:
    """Remove a socket folder, if it is ours."""
    if is_ours(folder, account):
        shutil.rmtree(folder, ignore_errors=True)
