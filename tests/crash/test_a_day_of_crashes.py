"""Whatever is killed in the middle of a day: no file lost or doubled, one key for each letter."""

import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import orjson
import pytest
import sqlalchemy as sa

from medcontrol import db, journal
from medcontrol.clock import utc_now
from tests.crash.installation import PATIENCE, Installation, installed
from tests.flow_world import message
from tests.post_receiver import Calls
from workflows.invariants import check_all

pytestmark = [pytest.mark.crash, pytest.mark.long]

FILES = 9000  # five chunks of intake, so that a quick machine is still in the middle of them
CONTROLLED = 90  # first ALD requests: always controlled, each with a letter
RECEIVED = "SELECT count(*) FROM received_file WHERE source = :source"
UNDONE = "SELECT count(*) FROM outbox_message WHERE done_at IS NULL"


def write_day(path: Path, source: str) -> set[tuple[str, str]]:
    """Write a day of files and return their identities."""
    identities = set()
    with path.open("wb") as file:
        for number in range(FILES):
            line = _line(source, number)
            identities.add((source, str(line["external_id"])))
            file.write(orjson.dumps(line) + b"\n")
    return identities


def _line(source: str, number: int) -> dict[str, object]:
    common = {
        "source": source,
        "external_id": f"{source}-{number}",
        "agency": ("CASA-1", "RABAT-1", "FES-1")[number % 3],
        "insured": {
            "registration_number": f"{999_000_000 + number}",
            "family_name": "Alami",
            "given_name": "Amina",
            "birth_date": "1975-03-02",
        },
    }
    if number % (FILES // CONTROLLED) == 0:
        return message(**common)
    lines = [{"no": 1, "act": "C1", "quantity": "1", "amount": "80.00"}]
    return message(
        **common, flow="ambulatory", nature="reimbursement", lines=lines, amount="80.00",
        currency="MAD", medical=None, form=None,
    )  # fmt: skip


def kill_web_and_worker_while_a_batch_comes_in(here: Installation, day: Path, source: str) -> None:
    half = threading.Event()

    def body() -> Iterator[bytes]:
        content = day.read_bytes()
        yield content[: len(content) // 2]
        half.set()
        here.wait_for("end of the web", killed.is_set)
        yield content[len(content) // 2 :]

    killed = threading.Event()

    def kill_web() -> None:
        assert half.wait(PATIENCE)
        assert here.kill("web") >= 1
        killed.set()

    killer = threading.Thread(target=kill_web)
    killer.start()
    with pytest.raises(httpx.TransportError):
        here.post_batch(body())
    killer.join()
    here.wait_for("web again", lambda: _answers(here))
    answer = here.post_batch(day.read_bytes())
    assert answer.status_code == 202, answer.text
    here.kill("web")
    here.wait_for("batch", lambda: here.number(RECEIVED, source=source) > 0)
    here.kill("worker")
    assert here.number(RECEIVED, source=source) < FILES, "the batch was over before the kill"


def _answers(here: Installation) -> bool:
    try:
        return httpx.get(f"{here.url}/ready", timeout=1).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def held(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Stop a process where it is, and let it go on afterwards."""
    process.send_signal(signal.SIGSTOP)
    yield
    process.send_signal(signal.SIGCONT)


def kill_intake_and_postgres_while_a_day_comes_in(
    here: Installation, day: Path, source: str
) -> None:
    command = here.intake(day)
    here.wait_for("chunk", lambda: here.number(RECEIVED, source=source) > 0)
    command.kill()
    assert command.wait(10) == -9
    before = here.number(RECEIVED, source=source)
    assert before < FILES, "the day was over before the kill"

    command = here.intake(day)
    here.wait_for("further chunk", lambda: here.number(RECEIVED, source=source) > before)
    with held(command):  # or a quick machine is through before the signal arrives
        assert here.number(RECEIVED, source=source) < FILES, "the day was over before the kill"
        here.kill_postgres()
    assert command.wait(PATIENCE) == 1, here.last_words()
    here.wait_for("PostgreSQL again", lambda: here.number("SELECT 1") == 1)
    assert before < here.number(RECEIVED, source=source) < FILES

    assert here.intake(day).wait(PATIENCE) == 0, here.last_words()


def flush_the_broker_and_kill_while_letters_leave(here: Installation) -> int:
    """Return how many messages the broker lost."""
    here.wait_for("queue of letters", lambda: here.valkey.llen("letters") > 5)
    lost = int(here.valkey.llen("letters"))
    here.valkey.flushall()
    sent = Calls.read(here.calls).total
    here.wait_for("further letters", lambda: Calls.read(here.calls).total > sent)
    here.kill("worker", only_one=True)
    sent = Calls.read(here.calls).total
    here.wait_for("further letters", lambda: Calls.read(here.calls).total > sent)
    here.kill("worker")
    sent = Calls.read(here.calls).total
    here.wait_for("further letters", lambda: Calls.read(here.calls).total > sent)
    here.kill_postgres()
    here.wait_for("PostgreSQL again", lambda: here.number("SELECT 1") == 1)
    return lost


def test_no_file_is_lost_or_doubled_and_each_letter_has_one_key(tmp_path: Path) -> None:
    sent = write_day(tmp_path / "counter.ndjson", "counter")
    sent |= write_day(tmp_path / "portal.ndjson", "portal")
    with installed(tmp_path) as here:
        kill_intake_and_postgres_while_a_day_comes_in(here, tmp_path / "counter.ndjson", "counter")
        kill_web_and_worker_while_a_batch_comes_in(here, tmp_path / "portal.ndjson", "portal")
        lost = flush_the_broker_and_kill_while_letters_leave(here)
        here.wait_for("end of the batch", lambda: here.number(RECEIVED, source="portal") == FILES)
        here.wait_for("end of the work", lambda: here.number(UNDONE) == 0)

        assert lost > 5
        check_files(here, sent)
        check_letters(here)


def check_files(here: Installation, sent: set[tuple[str, str]]) -> None:
    with here.engine.connect() as connection:
        found = connection.execute(sa.text("SELECT source, external_id FROM received_file")).all()
        opened = connection.execute(sa.text("SELECT received_file_id FROM control_file")).all()
        flows = connection.execute(sa.text("SELECT control_file_id FROM flow_instance")).all()
        batches = connection.execute(
            sa.text("SELECT count(*) FROM intake_batch WHERE spool_name IS NOT NULL"
                    " AND (finished_at IS NULL OR error IS NOT NULL)")
        ).scalar_one()  # fmt: skip
    assert len(found) == len(sent)
    assert {(row[0], row[1]) for row in found} == sent
    assert len(opened) == len(set(opened)) == len(flows)
    assert len(opened) >= 2 * CONTROLLED
    assert batches == 0
    assert here.number("SELECT count(*) FROM quarantined_message") == 0
    with db.using(here.engine):
        assert check_all(now=utc_now) == []
        with db.read_only() as session:
            entries, broken = journal.verify(session)
    assert entries >= 2 * len(opened)
    assert broken == []


def check_letters(here: Installation) -> None:
    calls = Calls.read(here.calls)
    with here.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT id, status FROM letter")).all()
    letters = {str(row[0]) for row in rows}
    assert {row[1] for row in rows} == {"sent"}
    assert calls.without_key == 0
    assert set(calls.by_letter) == letters
    assert len(letters) >= 2 * CONTROLLED
    for letter, keys in calls.by_letter.items():
        assert set(keys) == {f"letter:{letter}"}
    assert all(len(pdfs) == 1 for pdfs in calls.pdfs.values())
