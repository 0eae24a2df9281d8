"""The embedded PostgreSQL: how its data is made, how it is started, when it is ready."""

import os
import shutil
import subprocess
from pathlib import Path

from medcontrol.embedded.account import Account
from medcontrol.embedded.binaries import Binaries
from medcontrol.errors import Unavailable

NAME = "medcontrol"  # of the role and of the database
PORT = 5432  # no network: only the socket's name carries it

# The server stands in its data folder and is told so: it opens no path from the root, so a parent
# that is closed to its account (/root, a 0700 temporary folder) does not matter.
HERE = "/proc/self/cwd"

ENVIRONMENT = {"PATH": os.defpath, "LANG": "C", "LC_ALL": "C", "TZ": "UTC"}


def url(sockets: Path, password: str) -> str:
    """Return the address for SQLAlchemy."""
    return f"postgresql+psycopg://{NAME}:{password}@/{NAME}?host={sockets}"


def initialise(folder: Path, binaries: Binaries, account: Account) -> None:
    """Make the data folder, if it is not there yet: role and database ``medcontrol``.

    It is made beside and renamed when whole: a crash in between leaves nothing half made.
    Collation is PostgreSQL's own C.UTF-8, which no system update can change under our indexes.

    Raises:
        Unavailable: PostgreSQL refused; the sentence carries its words.
    """
    if (folder / "PG_VERSION").exists():
        _check_version(folder, binaries)
        return
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    account.own(fresh)
    _run(
        [
            *(binaries.initdb, "-D", HERE, "-U", NAME, "--auth=reject", "--no-instructions"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin"),
            "--builtin-locale=C.UTF-8",
        ],
        "",
        fresh,
        account,
    )
    hba = fresh / "pg_hba.conf"
    hba.write_text("# Only over the socket, only with the password.\nlocal all all scram-sha-256\n")
    _single(f"CREATE DATABASE {NAME}\n", fresh, binaries, account)
    fresh.rename(folder)


def set_password(password: str, folder: Path, binaries: Binaries, account: Account) -> None:
    """Give the role its password, in single-user mode: no server may run meanwhile."""
    _single(f"ALTER ROLE {NAME} PASSWORD '{password}'\n", folder, binaries, account)


def _check_version(folder: Path, binaries: Binaries) -> None:
    have = (folder / "PG_VERSION").read_text().strip()
    said = subprocess.run(  # noqa: S603 - our own binary
        [binaries.postgres, "--version"], capture_output=True, text=True, check=True, timeout=30
    ).stdout.split()
    if said[2].split(".")[0] != have:
        raise Unavailable(
            f"{folder} was made by PostgreSQL {have}, this is {said[2]}: dump it with the old "
            "release of medcontrol and load it with this one (pg_dump, pg_restore)"
        )


def _single(statements: str, folder: Path, binaries: Binaries, account: Account) -> None:
    """Run statements, one per line, without a server, as the role the data was made with."""
    options = ["--single", "-D", HERE, "-c", "exit_on_error=on", "template1"]
    _run([binaries.postgres, *options], statements, folder, account)


def _run(command: list[str | Path], text: str, folder: Path, account: Account) -> None:
    run = subprocess.run(  # noqa: S603 - our own binaries
        command,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=ENVIRONMENT,
        **account.popen,
    )
    if run.returncode != 0:
        raise Unavailable(f"{Path(command[0]).name} failed: {run.stderr.strip()[-2000:]}")


def command(binaries: Binaries, sockets: Path) -> list[str]:
    """Return the command line of the server, to be run in its data folder.

    Durable (``fsync`` stays on); memory modest, sized for loading tens of thousands of files.
    """
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(sockets),
        "unix_socket_permissions": "0700",
        "port": PORT,
        "max_connections": 300,
        "shared_buffers": f"{_shared_megabytes()}MB",
        "maintenance_work_mem": "128MB",
        "work_mem": "16MB",
        "effective_cache_size": "2GB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "random_page_cost": 1.1,
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] %d ",
        # Logs of a fund must not repeat what is in a row.
        "log_parameter_max_length_on_error": 0,
    }
    options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
    return [str(binaries.postgres), "-D", HERE, *options]


def _shared_megabytes() -> int:
    """Return a 32nd of the machine's memory, between 128 MB and 1 GB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(128, min(1024, memory // 32))


def is_ready(folder: Path, pid: int) -> bool:
    """Tell whether the server with this pid takes connections, as it writes in its pid file."""
    try:
        lines = (folder / "postmaster.pid").read_text().split("\n")
    except OSError:
        return False
    return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"
