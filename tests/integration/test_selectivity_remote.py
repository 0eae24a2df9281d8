"""The gate with an engine elsewhere: the same decisions, and nothing lost when it is gone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from medcontrol import db as database
from medcontrol.crypto import KeyRing, bind
from medcontrol.errors import InvalidInput, Unavailable
from medcontrol.ids import new_id
from medcontrol.intake import read_lines
from medcontrol.ports import FileFacts
from medcontrol.services.clients import Scope
from medcontrol.settings import Settings
from medcontrol.vocabulary import Lane, Origin
from selectivity.engine import FALLBACK, RuleEngine
from selectivity.packaged import load
from selectivity.remote import Breaker, EngineClient, EngineUnavailable, RemoteEngine
from selectivity.wire import outcome_as_json
from tests.factories import NOW
from tests.intake_examples import SAMPLE
from tests.serving import API, serving
from tests.unit.selectivity_rules import KEY, facts, message
from workflows.gate.counts import BatchName, Counts
from workflows.gate.intake import take_in
from workflows.gate.selecting import Selecting
from workflows.tools import Tools, make_tools

TOKEN = "a token of the tests"
ROOT = Path(__file__).parents[2]


@dataclass
class Server:
    """A running service, with the key ring that it shares with the gate."""

    process: subprocess.Popen[str]
    url: str
    keys: KeyRing
    made: list[Tools] = field(default_factory=list)

    def tools(self, home: Path, **more: Any) -> Tools:
        # A busy machine answers late; what is gone refuses at once.
        chosen = {"selectivity_url": self.url, "selectivity_token": TOKEN,
                  "selectivity_timeout": 120.0, **more}  # fmt: skip
        settings = Settings(home=home, database_url=None, redis_url=None, **chosen)
        self.made.append(make_tools(settings, self.keys))
        return self.made[-1]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


def close(*tools: Tools) -> None:
    for each in tools:
        assert isinstance(each.selectivity, Selecting)
        each.selectivity.close()


@contextmanager
def served(home: Path) -> Iterator[Server]:
    keys = KeyRing.open(home / "keys.json")
    process = subprocess.Popen(
        [sys.executable, "-m", "runtime.cli", "selectivity", "serve", "--port", "0"],
        env={**os.environ, "MEDCONTROL_HOME": str(home), "MEDCONTROL_SELECTIVITY_TOKEN": TOKEN},
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    server = Server(process, "", keys)
    url = server.url = process.stdout.readline().rpartition(" on ")[2].strip()
    try:
        for _ in range(600):
            try:
                httpx.get(f"{url}/health", timeout=1)
                break
            except httpx.HTTPError:
                time.sleep(0.05)
        yield server
    finally:
        close(*server.made)
        process.kill()
        process.wait(10)
        process.stdout.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("home")) as running:
        yield running


@contextmanager
def undone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A database whose changes are taken back at the end of the block."""
    with engine.connect() as connection:
        outer = connection.begin()
        with database.using(connection):
            yield connection
        outer.rollback()


def take(tools: Tools) -> Counts:
    with SAMPLE.open("rb") as stream:
        return take_in(
            tools, read_lines(stream), batch=BatchName(new_id(), "sample"), now=lambda: NOW
        )


def recorded(connection: sa.Connection, keys: KeyRing) -> dict[tuple[str, str], dict[str, Any]]:
    """Every decision by file, all that was recorded of it, medical features in the clear."""
    found = {}
    for row in connection.execute(
        sa.text(
            "SELECT f.source, f.external_id, d.* FROM selectivity_decision d"
            " JOIN received_file f ON f.id = d.received_file_id"
        )
    ):
        kept = dict(row._mapping)
        file_id, sealed = kept.pop("received_file_id"), kept.pop("medical_features")
        key_id = kept.pop("key_id")
        if sealed:
            aad = bind("selectivity_decision", file_id)
            kept["medical"] = keys.decrypt(key_id, bytes(sealed), aad)
        found[kept.pop("source"), kept.pop("external_id")] = kept
    return found


def test_the_gate_decides_the_same_through_a_server(
    engine: sa.Engine, server: Server, tmp_path: Path
) -> None:
    with undone(engine) as connection:
        here = take(server.tools(tmp_path, selectivity_url=None))
        expected = recorded(connection, server.keys)
    with undone(engine) as connection:
        there = take(server.tools(tmp_path))
        found = recorded(connection, server.keys)

    assert len(expected) == 500
    assert found == expected
    assert there.as_json() == here.as_json()


def test_a_server_with_other_draw_keys_or_without_the_token_decides_nothing(
    server: Server, tmp_path: Path
) -> None:
    stranger = server.tools(tmp_path, selectivity_token="wrong").selectivity("ma", NOW.date())

    with pytest.raises(EngineUnavailable, match="401"):
        stranger.decide([facts(1)])


def test_when_the_server_is_gone_files_wait_or_mandatory_rows_decide_alone(
    engine: sa.Engine, tmp_path: Path
) -> None:
    with served(tmp_path / "server") as running:
        holding = running.tools(tmp_path)
        going_on = running.tools(tmp_path, selectivity_fallback="mandatory")
        with undone(engine):
            assert take(holding).accepted == 500
        running.kill()
    with undone(engine) as connection:
        with pytest.raises(Unavailable):
            take(holding)
        kept = connection.execute(sa.text(
            "SELECT (SELECT count(*) FROM received_file), (SELECT count(*) FROM inbox_message),"
            " (SELECT count(*) FROM quarantined_message)"
        )).one()  # fmt: skip
        assert tuple(kept) == (0, 0, 0)
    with undone(engine) as connection:
        counts = take(going_on)
        found = recorded(connection, running.keys).values()

    assert counts.accepted == 500
    assert {each["features"][FALLBACK] for each in found} == {"mandatory"}
    origins = {origin for each in found for origin in each["origins"]}
    assert Origin.MANDATORY.value in origins
    assert origins <= {Origin.MANDATORY.value, Origin.EXTERNAL.value}
    mandatory = {row.id for row in load("ma", 1).rows if row.kind == "mandatory"}
    assert {row for each in found for row in each["matched_rows"]} <= mandatory


def test_a_sender_is_told_to_come_back_and_comes_back(
    committed: sa.Engine, keys: KeyRing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = Settings(home=tmp_path, database_url=None, redis_url=None,
                      selectivity_url="http://127.0.0.1:9")  # fmt: skip
    raw = SAMPLE.read_bytes().partition(b"\n")[0]
    kind = {"content-type": "application/json"}
    tools = make_tools(nobody, keys)
    with serving(committed, tools, tmp_path, monkeypatch) as web:
        caller = web.program(Scope.INTAKE_WRITE)
        answer = caller.post(f"{API}/intake/files", content=raw, headers=kind)

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["code"] == "selectivity.engine_unavailable"
    close(tools)
    local = Settings(home=tmp_path, database_url=None, redis_url=None)
    with serving(committed, make_tools(local, keys), tmp_path, monkeypatch) as web:
        caller = web.program(Scope.INTAKE_WRITE, name="again")
        assert caller.post(f"{API}/intake/files", content=raw, headers=kind).status_code == 201


def test_what_mandatory_rows_decided_is_replayed_to_the_same() -> None:
    engine = RuleEngine(load("ma", 1), lambda _: KEY)
    files = [facts(n, flow="ald", nature="first") for n in range(20)]
    files += [facts(n, channel="portal", amount="90000.00") for n in range(20)]
    for file, outcome in zip(files, engine.decide_mandatory(files), strict=True):
        again = engine.replay(file, outcome.features, outcome.medical_features)
        assert again == outcome
    lanes = [each.lane for each in engine.decide_mandatory(files)]
    assert lanes == [Lane.ORANGE] * 20 + [Lane.GREEN] * 20


# --- the client, against answers that no honest server gives --------------------------------------


class Time:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_circuit_opens_rests_tries_and_closes() -> None:
    clock, asked, is_up = Time(), [0], [False]
    local = RuleEngine(load("ma", 1), lambda _: KEY)

    def answer(request: httpx.Request) -> httpx.Response:
        asked[0] += 1
        if not is_up[0]:
            raise httpx.ConnectTimeout("nobody there")
        outcome = outcome_as_json(local.decide([facts(1)])[0])
        return httpx.Response(200, json=[outcome])

    breaker = Breaker(failures=3, rest=30, clock=clock)
    client = EngineClient("http://engine", transport=httpx.MockTransport(answer), breaker=breaker)
    remote = RemoteEngine(client, local)

    def fails() -> bool:
        try:
            remote.decide([facts(1)])
        except EngineUnavailable:
            return True
        return False

    assert [fails() for _ in range(5)] == [True] * 5
    assert asked[0] == 3  # the circuit opened: two were not even sent
    assert breaker.is_open
    clock.now = 31
    assert [fails(), fails()] == [True, True]
    assert asked[0] == 4  # one try, then it rests again
    is_up[0], clock.now = True, 50
    assert fails()
    clock.now = 62
    assert not fails()
    assert not breaker.is_open
    assert remote.decide([facts(1)]) == local.decide([facts(1)])
    client.close()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, b"no json", EngineUnavailable),
        (200, b"[]", EngineUnavailable),
        (200, b"[{}]", EngineUnavailable),
        (200, b'{"a": 1}', EngineUnavailable),
        (500, b"", EngineUnavailable),
        (503, b'{"code": "busy"}', EngineUnavailable),
        (401, b'{"code": "unauthenticated"}', EngineUnavailable),
        (404, b"<html>", EngineUnavailable),
        (409, b'{"code": "selectivity.other_rules"}', EngineUnavailable),
        (422, b'{"errors": [{"path": "/x", "code": "y"}]}', InvalidInput),
        (422, b"[1]", InvalidInput),
    ],
)
def test_an_answer_that_is_none_is_told_from_a_refusal(
    status: int, body: bytes, error: type[Exception]
) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body))
    client = EngineClient("http://engine", transport=transport)
    remote = RemoteEngine(client, RuleEngine(load("ma", 1), lambda _: KEY))

    with pytest.raises(error):
        remote.decide([facts(1)])
    client.close()


def test_the_engine_is_told_everything_that_decides() -> None:
    seen: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        import orjson

        seen.append(orjson.loads(request.content))
        return httpx.Response(503)

    client = EngineClient("http://engine", transport=httpx.MockTransport(answer))
    remote = RemoteEngine(client, RuleEngine(load("ma", 1), lambda _: KEY))
    file = FileFacts(message(1), NOW.date(), "MA-06", replace(facts(1)).received_on)
    with pytest.raises(EngineUnavailable):
        remote.decide([file], history={"stoppages_365d": [3]}, quota_used={("r", NOW.date()): 4})

    assert seen[0]["files"][0]["history"] == {"stoppages_365d": 3}
    assert seen[0]["files"][0]["first_received_on"] == file.first_received_on.isoformat()
    assert seen[0]["quota_used"] == [{"row": "r", "day": NOW.date().isoformat(), "used": 4}]
    assert seen[0]["rule_set_sha256"] == load("ma", 1).sha256
    assert seen[0]["model_sha256"] == ""
    client.close()
