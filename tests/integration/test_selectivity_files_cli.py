"""Rules as files on the command line, and an engine of its own started from them."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from medcontrol import db as database
from medcontrol.crypto import KeyRing
from medcontrol.model import RuleSetVersion
from medcontrol.settings import settings
from medcontrol.vocabulary import Role
from runtime import wiring
from selectivity.engine import RuleEngine
from selectivity.exchange import from_xlsx, to_yaml
from selectivity.packaged import data, load
from tests.factories import make_user
from tests.integration.test_cli import ROOT, Run, environment_of, refused, runner_inside
from tests.unit.selectivity_rules import facts, message
from workflows.tools import make_tools


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    wiring.forget()
    settings.cache_clear()


@pytest.fixture
def run(home: Path, committed: sa.Engine, database_url: str) -> Run:
    return runner_inside(home, MEDCONTROL_DATABASE_URL=database_url,
                         MEDCONTROL_REDIS_URL="redis://127.0.0.1:9/0")  # fmt: skip


def test_rules_leave_as_a_workbook_and_come_back_as_a_draft(
    run: Run, home: Path, committed: sa.Engine
) -> None:
    with database.transaction() as session:
        login = make_user(session, Role.ANALYST, "MA-CENTRAL").login
    book = home / "rules.xlsx"
    assert run("selectivity", "export", "ma/1", "--format", "xlsx", "-o", str(book)).returncode == 0
    assert from_xlsx(book.read_bytes())[1] == load("ma", 1)

    done = run("selectivity", "import", str(book), "--by", login, "--note", "as it was", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["sha256"] == load("ma", 1).sha256
    with database.read_only() as session:
        kept = session.scalars(sa.select(RuleSetVersion)).one()
        assert said["draft"] == f"{kept.code}/{kept.version}"
        assert kept.status == "draft"
        assert json.loads(kept.content)["rows"] == data("ma", 1)["rows"]


def test_faults_of_a_file_are_told_with_their_places(run: Run, home: Path) -> None:
    text = to_yaml(data("ma", 1)).decode().replace("lane: orange", "lane: violet", 1)
    (home / "rules.yaml").write_text(text)
    done = run("selectivity", "import", str(home / "rules.yaml"))

    assert "violet" in done.stdout
    assert "nothing was saved" in refused(done)
    assert "no_such.csv" in refused(run("selectivity", "export", str(home / "no_such.csv")))
    assert "yaml, csv" in refused(run("selectivity", "export", "ma/1", "--format", "pdf"))


def test_an_engine_of_its_own_draws_as_the_system_it_has_the_keys_of(run: Run, home: Path) -> None:
    keys, rules = home / "draw-keys.json", home / "rules.csv"
    assert run("selectivity", "draw-keys", "2026-10", "2026-11", "-o", str(keys)).returncode == 0
    assert keys.stat().st_mode & 0o777 == 0o600
    assert "can't be written" in refused(
        run("selectivity", "draw-keys", "2026-10", "2026-11", "-o", str(keys))
    )
    run("selectivity", "export", "ma/1", "--format", "csv", "-o", str(rules))
    ring = KeyRing.open(home / "keys.json")
    expected = RuleEngine(load("ma", 1), lambda month: ring.derive(f"draw:{month}"))

    elsewhere = home / "elsewhere"
    place = elsewhere / "engine.sock"
    elsewhere.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "runtime.cli", "selectivity", "serve", "--rules", str(rules),
         "--draw-keys", str(keys), "--uds", str(place)],
        env=environment_of(elsewhere, {}), cwd=ROOT, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        transport = httpx.HTTPTransport(uds=str(place), retries=60)
        with httpx.Client(transport=transport, base_url="http://engine", timeout=30) as caller:
            answer = _when_up(caller, place)
        assert answer["draw"] == expected.decide([facts(7)])[0].draw.hex()
        assert answer["rule_set_hash"] == load("ma", 1).sha256
        assert [each.name for each in elsewhere.iterdir()] == [
            "engine.sock"
        ]  # no key ring, no database
    finally:
        process.terminate()
        process.wait(20)


def _when_up(caller: httpx.Client, place: Path) -> dict[str, str]:
    import time

    for _ in range(600):
        if place.exists():
            try:
                found: dict[str, str] = caller.post(
                    "/decisions", json={"message": message(7)}
                ).json()
                return found
            except httpx.ConnectError:
                pass
        time.sleep(0.05)
    raise AssertionError("the engine does not start")


def test_an_engine_without_a_token_stays_on_its_machine(run: Run) -> None:
    assert "MEDCONTROL_SELECTIVITY_TOKEN" in refused(
        run("selectivity", "serve", "--host", "0.0.0.0", "--port", "0")  # noqa: S104
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert "listened" in refused(run("selectivity", "serve", "--port", str(port)))


def test_no_address_no_client(tmp_path: Path, keys: KeyRing) -> None:
    tools = make_tools(settings().model_copy(update={"home": tmp_path}), keys)

    assert isinstance(tools.selectivity("ma", facts(1).received_on), RuleEngine)
