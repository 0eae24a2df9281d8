"""Batches: kept before they are answered, taken in by a worker, whatever happens in between."""

import gzip
from typing import Any
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa

from api.bodies import BATCH_TYPES
from medcontrol import db as database
from medcontrol.crypto import ContentTampered
from medcontrol.model import IntakeBatch, OutboxMessage, QuarantinedMessage, ReceivedFile
from medcontrol.services.clients import Scope
from medcontrol.turns import take_turn
from tests.factories import NOW
from tests.intake_examples import SAMPLE, message
from tests.serving import API, LARGEST_BATCH, Web
from workflows.gate import batches, intake
from workflows.gate.batches import BatchBusy, run_batch
from workflows.gate.spool import SpoolReader, spool_path

URL = f"{API}/intake/batches"
NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture
def sender(web: Web) -> Any:
    return web.program(Scope.INTAKE_WRITE, Scope.QUARANTINE_READ, unit=None)


def lines(number: int) -> bytes:
    return b"".join(orjson.dumps(message(external_id=f"B-{n}")) + b"\n" for n in range(number))


def count(table: Any) -> int:
    with database.read_only() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def hand_in(sender: Any, content: bytes, **headers: str) -> UUID:
    response = sender.post(URL, content=content, headers=NDJSON | headers)
    assert response.status_code == 202, response.text
    assert response.headers["location"] == f"{URL}/{response.json()['id']}"
    return UUID(response.json()["id"])


def report(sender: Any, batch_id: UUID) -> dict[str, Any]:
    found: dict[str, Any] = sender.get(f"{URL}/{batch_id}").json()
    return found


def test_the_sample_day_is_counted_as_the_contract_says(web: Web, sender: Any) -> None:
    batch_id = hand_in(sender, SAMPLE.read_bytes())
    before = report(sender, batch_id)
    run_batch(web.tools, batch_id, now=lambda: NOW)
    after = report(sender, batch_id)

    assert (before["state"], after["state"]) == ("waiting", "done")
    names = ("received", "accepted", "quarantined", "duplicates", "conflicts")
    assert [after["counts"][name] for name in names] == [513, 500, 8, 3, 2]
    assert count(ReceivedFile) == 500
    assert not spool_path(batch_id).exists()


@pytest.mark.parametrize(
    "headers",
    [{"content-encoding": "gzip"}, {"content-type": "application/gzip"}, {}],
    ids=["encoding", "type", "by its bytes"],
)
def test_gzip_is_understood(web: Web, sender: Any, headers: dict[str, str]) -> None:
    batch_id = hand_in(sender, gzip.compress(lines(3)), **headers)
    run_batch(web.tools, batch_id, now=lambda: NOW)

    assert report(sender, batch_id)["counts"]["accepted"] == 3


def test_a_batch_waits_encrypted_and_a_worker_is_asked_for(web: Web, sender: Any) -> None:
    batch_id = hand_in(sender, lines(2))

    path = spool_path(batch_id)
    assert path.stat().st_mode & 0o077 == 0
    assert b"999098419" not in path.read_bytes()
    with database.read_only() as session:
        topic, payload = session.execute(sa.text("SELECT topic, payload FROM outbox_message")).one()
    assert (topic, payload) == ("intake.run_batch", {"batch_id": str(batch_id)})


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"", {}, 400, "body.empty"),
        (b"{}", {"content-type": "application/json"}, 415, "body.wrong_type"),
        (b"{}", {"content-encoding": "br"}, 415, "body.wrong_encoding"),
        (b"{}", {"content-encoding": "gzip"}, 400, "body.not_gzip"),
        (b"\x1f", {"content-type": "application/gzip"}, 400, "body.not_gzip"),
    ],
)
def test_what_is_no_batch_is_refused_and_leaves_nothing(
    web: Web, sender: Any, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    response = sender.post(URL, content=body, headers=NDJSON | headers)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert count(IntakeBatch) == count(OutboxMessage) == 0
    assert not list(spool_path(UUID(int=0)).parent.glob("*"))


def test_a_batch_above_the_limit_is_refused_and_leaves_nothing(
    sender: Any,
) -> None:
    # A stream does not say its length, so the limit is met in the middle.
    def endless() -> Any:
        for _ in range(5):
            yield b"\n" * (LARGEST_BATCH // 4)

    response = sender.post(URL, content=endless(), headers=NDJSON)

    assert (response.status_code, response.json()["code"]) == (413, "body.too_large")
    assert count(IntakeBatch) == 0
    assert not list(spool_path(UUID(int=0)).parent.glob("*"))


def test_a_batch_that_could_not_be_recorded_leaves_nothing_on_disk(
    sender: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no row")

    monkeypatch.setattr("medcontrol.outbox.publish", fail)
    response = sender.post(URL, content=lines(1), headers=NDJSON)

    assert response.status_code == 500
    assert count(IntakeBatch) == 0
    assert not list(spool_path(UUID(int=0)).parent.glob("*"))


def test_a_run_that_was_killed_goes_on_where_it_stopped(
    web: Web, sender: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_id = hand_in(sender, lines(7))
    monkeypatch.setattr(intake, "CHUNK", 2)
    chunks = iter([None, None, RuntimeError("killed")])
    whole = batches._save

    def dying(*arguments: Any) -> None:
        whole(*arguments)
        found = next(chunks)
        if found is not None:
            raise found

    small = intake.take_in
    monkeypatch.setattr(batches, "take_in", lambda *a, **k: small(*a, **k, chunk_size=2))
    with monkeypatch.context() as broken:
        broken.setattr(batches, "_save", dying)
        with pytest.raises(RuntimeError):
            run_batch(web.tools, batch_id, now=lambda: NOW)
    half = report(sender, batch_id)
    run_batch(web.tools, batch_id, now=lambda: NOW)
    whole_report = report(sender, batch_id)

    assert (half["state"], half["lines_done"]) == ("running", 6)
    assert whole_report["state"] == "done"
    assert whole_report["counts"]["accepted"] == 7
    assert whole_report["counts"]["duplicates"] == 0
    assert count(ReceivedFile) == 7


def test_a_batch_that_ended_is_not_run_again(web: Web, sender: Any) -> None:
    batch_id = hand_in(sender, lines(2))
    run_batch(web.tools, batch_id, now=lambda: NOW)

    assert run_batch(web.tools, batch_id, now=lambda: NOW) is None
    assert report(sender, batch_id)["counts"]["duplicates"] == 0


def test_two_workers_do_not_run_one_batch(web: Web, sender: Any) -> None:
    batch_id = hand_in(sender, lines(1))
    with database.transaction() as session:
        assert take_turn(session, f"intake:{batch_id}")
        with pytest.raises(BatchBusy):
            run_batch(web.tools, batch_id, now=lambda: NOW)


def test_a_gzip_that_was_cut_gives_its_lines_then_ends_with_the_code(web: Web, sender: Any) -> None:
    packed = gzip.compress(lines(400))
    batch_id = hand_in(sender, packed[: len(packed) - 40])
    run_batch(web.tools, batch_id, now=lambda: NOW)

    found = report(sender, batch_id)
    assert (found["state"], found["error"]) == ("failed", "intake.unreadable_delivery")
    assert found["counts"]["accepted"] > 0


def test_a_delivery_that_somebody_changed_is_not_read(web: Web, sender: Any) -> None:
    batch_id = hand_in(sender, lines(1))
    content = bytearray(spool_path(batch_id).read_bytes())
    content[-1] ^= 1
    spool_path(batch_id).write_bytes(content)

    with SpoolReader(batch_id, web.tools.keys) as reader:
        assert len(reader.read(1_000_000)) == len(lines(1))
        with pytest.raises(ContentTampered):
            reader.read(1)
    run_batch(web.tools, batch_id, now=lambda: NOW)
    assert report(sender, batch_id)["error"] == "crypto.tampered"


def test_a_program_sees_its_own_batches_only(web: Web, sender: Any) -> None:
    batch_id = hand_in(sender, b"{}\n")
    run_batch(web.tools, batch_id, now=lambda: NOW)
    other = web.program(Scope.INTAKE_WRITE, Scope.QUARANTINE_READ, unit=None, name="si-cnops")

    assert other.get(f"{URL}/{batch_id}").status_code == 404
    assert other.get(f"{API}/quarantine").json()["rows"] == []
    assert len(sender.get(f"{API}/quarantine").json()["rows"]) == 1
    assert count(QuarantinedMessage) == 1


def test_the_types_of_a_batch_are_those_of_the_description(web: Web) -> None:
    paths = web.anonymous().get(f"{API}/openapi.json").json()["paths"]

    assert set(paths["/intake/batches"]["post"]["requestBody"]["content"]) == set(BATCH_TYPES)
