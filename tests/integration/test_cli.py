"""The command line as an operator meets it: a process on a home folder of its own."""

import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import psycopg
import pytest

from medcontrol import embedded
from medcontrol.embedded import Addresses
from medcontrol.settings import Settings, settings
from runtime.cli import main
from tests.fixed_keys import lay_keys

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "tests" / "data" / "intake_sample.ndjson"
FIRST_RUN = {"received": 513, "accepted": 500, "quarantined": 8, "duplicates": 3, "conflicts": 2}
SECOND_RUN = {"received": 513, "accepted": 0, "quarantined": 8, "duplicates": 503, "conflicts": 2}

Run = Callable[..., subprocess.CompletedProcess[str]]


def environment_of(home: Path, more: dict[str, str]) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MEDCONTROL_", "PORT"))}
    return clean | {"MEDCONTROL_HOME": str(home)} | more


def runner(home: Path, **more: str) -> Run:
    """Return what runs a command as a process of its own."""

    def run(
        *arguments: str, given: str | bytes = "", **own: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "runtime.cli", *arguments],
            input=given.encode() if isinstance(given, str) else given,
            capture_output=True, check=False, cwd=ROOT, timeout=300,
            env=environment_of(home, more | own),
        )  # fmt: skip
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    return run


def runner_inside(home: Path, **more: str) -> Run:
    """Return what runs a command in this process: a start of Python takes longer than most."""

    def run(
        *arguments: str, given: str | bytes = "", **own: str
    ) -> subprocess.CompletedProcess[str]:
        raw = given.encode() if isinstance(given, str) else given
        said, warned = io.StringIO(), io.StringIO()
        settings.cache_clear()
        with (
            mock.patch.dict(os.environ, environment_of(home, more | own), clear=True),
            mock.patch.object(sys, "argv", ["medcontrol", *arguments]),
            mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw))),
            redirect_stdout(said),
            redirect_stderr(warned),
            pytest.raises(SystemExit) as end,
        ):
            main()
        settings.cache_clear()
        code = end.value.code if isinstance(end.value.code, int) else 0
        return subprocess.CompletedProcess(arguments, code, said.getvalue(), warned.getvalue())

    return run


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("cli") / "home"
    lay_keys(home)
    yield home
    embedded.stop(home)


@pytest.fixture(scope="module")
def addresses(home: Path) -> Iterator[Addresses]:
    """Servers that stay up between commands, which share them."""
    with embedded.servers(Settings(home=home, database_url=None, redis_url=None)) as found:
        yield found


@pytest.fixture(scope="module")
def run(home: Path, addresses: Addresses) -> Run:
    return runner_inside(home)


@pytest.fixture(scope="module")
def day(run: Run) -> dict[str, Any]:
    """The sample day, taken in once for this module."""
    return ask(run, "intake", str(SAMPLE), "--json")


def ask(run: Run, *arguments: str, **options: Any) -> dict[str, Any]:
    """Return the one JSON object that a command prints."""
    done = run(*arguments, **options)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1, "one line, so that a program can read it"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def sql(addresses: Addresses, statement: str, *values: object) -> Any:
    url = addresses.database_url.replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement, values)
        return cursor.fetchone() if cursor.description else None


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence of a refusal."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("medcontrol: ")
    return lines[0]


def test_the_first_administrator_needs_nothing_but_a_fresh_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run = runner(home)
    try:
        done = run("users", "create", "chef", "--name", "Chef", "--password-stdin",
                   given="quatre mots bien longs\n")  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "administrator at MA-CENTRAL" in done.stdout
        assert embedded.processes(home) == {}, "the servers stop with the command"
        users = ask(run, "users", "list", "--json")["users"]
        assert [(u["login"], u["roles"]) for u in users] == [("chef", ["administrator@MA-CENTRAL"])]
    finally:
        embedded.stop(home)


def test_help_names_every_command_and_starts_nothing(tmp_path: Path) -> None:
    done = runner(tmp_path / "home")("--help")
    for name in ("up", "down", "intake", "users", "packs", "journal", "draws", "demo", "keys"):
        assert name in done.stdout
    assert not (tmp_path / "home").exists()


def test_the_sample_day_counts_as_its_readme_says(run: Run, day: dict[str, Any]) -> None:
    assert {name: day[name] for name in FIRST_RUN} == FIRST_RUN
    assert sum(day["by_lane"].values()) == 500
    assert day["opened"] == day["by_lane"]["orange"] + day["by_lane"]["red"] > 0
    again = ask(run, "intake", str(SAMPLE), "--json")
    assert {name: again[name] for name in SECOND_RUN} == SECOND_RUN
    held = ask(run, "quarantine", "list", "--settled", "--json")["lines"]
    assert len([line for line in held if line["batch"] == SAMPLE.name]) == 10


def test_gzip_and_standard_input_are_the_same_delivery(
    run: Run, day: dict[str, Any], tmp_path: Path
) -> None:
    packed = tmp_path / "day.ndjson.gz"
    packed.write_bytes(gzip.compress(SAMPLE.read_bytes()))
    for again in (
        ask(run, "intake", str(packed), "--json"),
        ask(run, "intake", "-", "--json", given=packed.read_bytes()),
        ask(run, "intake", "-", "--json", given=SAMPLE.read_bytes()),
    ):
        assert {name: again[name] for name in SECOND_RUN} == SECOND_RUN


def test_a_cut_delivery_says_so_after_taking_in_what_precedes(
    run: Run, day: dict[str, Any], tmp_path: Path
) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(SAMPLE.read_bytes())[:20_000])
    done = run("intake", str(cut), "--json")
    assert "cut short" in refused(done)
    assert json.loads(done.stdout)["duplicates"] > 0


def test_a_corrected_line_is_replayed_and_its_old_bytes_are_handled(
    run: Run, day: dict[str, Any], tmp_path: Path
) -> None:
    good = json.loads(SAMPLE.read_bytes().splitlines()[0])
    good |= {"external_id": "CLI-REPLAY-1"}
    faulty = json.dumps(good | {"flow": "unknown"}) + "\n"
    assert ask(run, "intake", "-", "--json", given=faulty)["quarantined"] == 1
    lines = ask(run, "quarantine", "list", "--json")["lines"]
    held = next(line for line in lines if line["external_id"] == "CLI-REPLAY-1")
    assert "/flow" in run("quarantine", "show", held["id"]).stdout
    assert "does not pass" in refused(run("quarantine", "replay", held["id"], "--json"))
    corrected = tmp_path / "corrected.json"
    corrected.write_text(json.dumps(good))
    taken = ask(run, "quarantine", "replay", held["id"], "--file", str(corrected), "--json")
    assert taken["result"] == "accepted"
    assert ask(run, "intake", "-", "--json", given=faulty)["already_handled"] == 1
    refused(run("quarantine", "discard", held["id"]))


def test_the_journal_holds_until_a_row_is_edited_and_then_its_file_is_named(
    run: Run, day: dict[str, Any], addresses: Addresses
) -> None:
    assert ask(run, "journal", "verify", "--json")["broken"] == []
    file_id, reference, facts = sql(
        addresses,
        "SELECT f.id, f.reference, e.facts FROM journal_entry e"
        " JOIN control_file f ON f.id = e.control_file_id WHERE e.number = 1 LIMIT 1",
    )
    edit = "UPDATE journal_entry SET facts = %s WHERE control_file_id = %s AND number = 1"
    sql(addresses, edit, facts + " ", file_id)
    try:
        done = run("journal", "verify")
        assert reference in done.stdout
        assert "1 files whose journal does not hold" in refused(done)
    finally:
        sql(addresses, edit, facts, file_id)
    assert run("journal", "verify").returncode == 0


def test_signed_days_are_kept_elsewhere_and_show_one_that_was_taken_out(
    run: Run, day: dict[str, Any], addresses: Addresses, tmp_path: Path
) -> None:
    assert ask(run, "journal", "sign", "--json") == {"signed": 1, "last": 1}
    assert ask(run, "journal", "sign", "--json") == {"signed": 0, "last": 1}
    kept = tmp_path / "days.ndjson"
    assert str(kept) in run("journal", "digests", "--out", str(kept)).stdout
    key = ask(run, "journal", "digests", "--json")["public_key"]
    assert key in run("journal", "digests").stdout

    check = ("journal", "verify", "--kept", str(kept), "--public-key", key)
    assert "1 signed days hold, until " in run(*check).stdout
    assert "64 hexadecimal" in refused(run("journal", "verify", "--public-key", "x"))
    sql(addresses, "DELETE FROM journal_digest RETURNING number")
    try:
        done = run(*check)
        assert "signed day 1 (–): is missing" in done.stdout
        assert "1 signed days do not hold" in refused(done)
    finally:
        sql(addresses, "DELETE FROM schedule WHERE name = 'journal.sign' RETURNING name")


def test_the_draws_hold_until_one_is_changed_and_then_its_file_is_named(
    run: Run, day: dict[str, Any], addresses: Addresses
) -> None:
    assert ask(run, "draws", "verify", "--json")["wrong"] == []
    file_id, period, name = sql(
        addresses,
        "SELECT d.received_file_id, d.draw_period, r.source || '/' || r.external_id"
        " FROM selectivity_decision d JOIN received_file r ON r.id = d.received_file_id LIMIT 1",
    )
    flip = (
        "UPDATE selectivity_decision SET draw = set_byte(draw, 7, get_byte(draw, 7) # 1)"
        " WHERE received_file_id = %s"
    )
    sql(addresses, flip, file_id)
    try:
        done = run("draws", "verify")
        assert name in done.stdout
        assert "1 files whose draw is not their own" in refused(done)
        assert run("draws", "verify", "--period", period).returncode == 1
        assert run("draws", "verify", "--period", "1999-01").returncode == 0
    finally:
        sql(addresses, flip, file_id)
    assert run("draws", "verify").returncode == 0


def test_a_period_that_was_changed_with_its_draw_is_found(
    run: Run, day: dict[str, Any], addresses: Addresses
) -> None:
    """Someone who may choose the month may try months until the draw is a pleasant one."""
    [file_id, period] = sql(
        addresses,
        "SELECT d.received_file_id, d.draw_period FROM selectivity_decision d"
        " JOIN received_file r ON r.id = d.received_file_id WHERE r.care_from IS NOT NULL LIMIT 1",
    )
    edit = "UPDATE selectivity_decision SET draw_period = %s WHERE received_file_id = %s"
    sql(addresses, edit, "2031-01", file_id)
    try:
        assert run("draws", "verify").returncode == 1
    finally:
        sql(addresses, edit, period, file_id)


def test_a_refusal_of_a_process_is_one_sentence_too(home: Path, addresses: Addresses) -> None:
    refused(runner(home)("users", "passwd", "nobody", "--generate-password"))


def test_packs_are_whole(run: Run) -> None:
    found = ask(run, "packs", "check", "--json")
    assert found["problems"] == []
    assert {"ma/ald/1", "ma/invalidity/1"} <= {pack["key"] for pack in found["packs"]}


def test_packs_list_names_every_flow_with_natures_levels_and_steps(run: Run) -> None:
    found = {flow["flow"]: flow for flow in ask(run, "packs", "list", "--json")["flows"]}

    assert {
        "ald", "ambulatory", "hospital", "dental", "medicines", "care_abroad", "conventional",
        "sick_leave", "invalidity", "disability", "quality", "appeal", "expertise",
    } <= found.keys()  # fmt: skip
    assert found["ald"]["natures"] == ["first", "renewal", "aggravation"]
    assert found["ald"]["levels"] == ["local", "regional", "central"]
    pack = found["ald"]["packs"][0]
    assert pack["status"] in ("draft", "released")
    control = next(step for step in pack["steps"] if step["id"] == "control_on_file")
    assert (control["kind"], "granted" in control["outcomes"]) == ("control_on_file", True)
    limit = next(clock for clock in pack["deadlines"] if clock["name"] == "completion_limit")
    assert limit["parameter"] == "clocks.complement_days"
    assert limit["value"] > 0


def test_packs_are_compared_by_part_and_id(run: Run) -> None:
    told = ask(run, "packs", "diff", "ma/ald/1", "ma/invalidity/1", "--json")["changes"]

    kinds = {(change["section"], change["kind"]) for change in told}
    assert {("flows", "added"), ("flows", "removed"), ("steps", "changed")} <= kinds
    assert ask(run, "packs", "diff", "ma/ald/1", "ma/ald/1", "--json")["changes"] == []
    assert "ma/ald/9" in refused(run("packs", "diff", "ma/ald/1", "ma/ald/9"))


def test_a_move_that_can_not_be_is_refused_in_one_sentence(run: Run) -> None:
    refused(run("packs", "migrate", "ma/ald/1", "ma/ald/1"))
    refused(run("packs", "migrate", "ma/ald/1", "ma/invalidity/1"))
    refused(run("packs", "migrate", "ma/ald/1", "ma/ald/1", "--map", "nothing"))
    refused(run("packs", "revert", "no-id"))
    assert ask(run, "packs", "moves", "--json") == {"moves": []}


def test_a_key_is_rotated_and_everything_goes_on(
    run: Run, day: dict[str, Any], addresses: Addresses
) -> None:
    done = ask(run, "keys", "rotate", "--json")
    assert done["renewed"]["received_file"] >= 500
    assert done["unreadable"] == 0
    [left] = sql(addresses, "SELECT count(*) FROM received_file WHERE key_id = 'k1'")
    assert left == 0
    assert run("draws", "verify").returncode == 0, "draws do not hang on the key that encrypts"
    assert ask(run, "keys", "rotate", "--resume", "--json")["active"] == done["active"]


def test_doctors_come_in_by_csv_and_get_the_files_that_wait(
    run: Run, day: dict[str, Any], tmp_path: Path, addresses: Addresses
) -> None:
    # Which files wait hangs on draws: the doctor is put where some do.
    level, unit, flow = sql(
        addresses,
        "SELECT level, CASE level WHEN 'local' THEN agency_code ELSE region_code END, flow"
        " FROM human_task WHERE status = 'open' AND is_medical AND level <> 'central'"
        " AND specialty IS NULL AND 'doctor' = ANY (professions) ORDER BY reference LIMIT 1",
    )
    people = tmp_path / "doctors.csv"
    people.write_text(
        "code,name,kind,profession,specialty,level,unit,professional_id\n"
        f"MC-01,Dr Alaoui,salaried,doctor,,{level},{unit},\n"
    )
    tried = ask(run, "doctors", "import", str(people), "--preview", "--json")
    assert (tried["added"], tried["made"]) == (1, False)
    assert ask(run, "doctors", "import", str(people), "--json")["added"] == 1
    for what, text in (
        ("competences", "doctor,flow,nature,valid_from,valid_to\n"
         + f"MC-01,{flow},,2020-01-01,\n"),
        ("availabilities", "doctor,weekday,minutes,valid_from,valid_to\n"
         + "".join(f"MC-01,{weekday},420,2020-01-01,\n" for weekday in range(1, 6))),
    ):  # fmt: skip
        done = run("import", "doctors", "-", "--what", what, given=text)
        assert done.returncode == 0, done.stderr
    waited = ask(run, "assign", "run", "--json")
    assert waited["waiting"] == waited["assigned"] + sum(waited["unassigned"].values())
    planned = ask(run, "assign", "plan", "--dry-run", "--json")
    assert planned["waiting"] == sum(waited["unassigned"].values())
    assert (planned["given"], planned["violations"], planned["dry_run"]) == ([], 0, True)
    assert {row["why"] for row in planned["waits"]} <= {"awaits_capacity", "nobody_may_take_it"}
    exported = run("doctors", "export", "--what", "competences").stdout
    again = run("doctors", "import", "-", "--what", "competences", "--json", given=exported)
    assert json.loads(again.stdout)["unchanged"] == 1
    [reference] = sql(
        addresses,
        "SELECT t.reference FROM human_task t JOIN assignment a ON a.human_task_id = t.id"
        " WHERE a.ended_at IS NULL LIMIT 1",
    )
    [why, *_] = ask(run, "assign", "explain", reference, "--json")["tasks"]
    assert (why["doctor"], why["chosen"]["code"]) == ("MC-01", "MC-01")
    assert "no control file" in refused(run("assign", "explain", "NONE", "--json"))
    stands = ask(run, "assign", "check", "--json")
    assert (stands["total"], stands["assigned"]) == (0, waited["assigned"])
    even = ask(run, "assign", "rebalance", "--dry-run", "--json")
    assert (even["moves"], even["loads"], even["dry_run"]) == ([], [], True)  # there is one doctor
    assert even["after"] == even["before"] > 0
    shown = ask(run, "doctors", "list", "--json")["doctors"]
    assert [doctor["code"] for doctor in shown] == ["MC-01"]
    assert shown[0]["open_files"] == waited["assigned"]
    leave = "doctor,first_day,last_day,reason\nMC-01,2026-12-01,2026-12-05,leave\n"
    away = run("doctors", "import", "-", "--what", "absences", "--preview", given=leave).stdout
    assert f"open files that carry their codes: {waited['assigned']}\n" in away
    assert "nothing was changed" in away


def test_a_wrong_line_keeps_the_file_out_and_is_named(run: Run) -> None:
    text = (
        "code,name,kind,profession,specialty,level,unit,professional_id\n"
        "X,Dr X,none,doctor,,local,CASA-1,\n"
    )
    done = run("doctors", "import", "-", given=text)
    assert "nothing was saved" in refused(done)
    assert "kind" in done.stdout


def test_open_files_of_the_replaced_tool_are_reported_line_by_line(
    run: Run, day: dict[str, Any]
) -> None:
    good = json.loads(SAMPLE.read_bytes().splitlines()[0])
    lines = [
        good | {"external_id": "OLD-1", "control": {"required": True, "reason": "repris"}},
        good | {"external_id": "OLD-2", "agency": "NOWHERE"},
    ]
    text = "\n".join(map(json.dumps, lines))
    found = ask(run, "import", "open-files", "-", "--json", given=text)
    assert (found["opened"], found["quarantined"], found["not_opened"]) == (1, 1, 0)
    assert [(fault["line"], fault["path"]) for fault in found["faults"]] == [(2, "/agency")]


def test_a_client_gets_a_token_once_and_loses_it(run: Run) -> None:
    made = ask(run, "clients", "create", "edi", "--scope", "intake:write", "--json")
    assert made["token"].startswith("mc_")
    assert made["token"] not in run("clients", "list", "--json").stdout
    assert run("clients", "revoke", "edi").returncode == 0
    refused(run("clients", "revoke", "edi"))


def test_days_are_announced_and_listed(run: Run) -> None:
    assert run("calendar", "add", "2027-03-10", "Aïd al-Fitr").returncode == 0
    assert ask(run, "calendar", "list", "--year", "2027", "--json")["days"] == [
        {"day": "2027-03-10", "worked": False, "name": "Aïd al-Fitr"}
    ]
    looked = ask(run, "calendar", "withdraw", "2027-03-10", "--preview", "--json")
    assert looked == {"made": False, "flows": []}
    assert ask(run, "calendar", "withdraw", "2027-03-10", "--json")["made"]
    assert ask(run, "calendar", "list", "--year", "2027", "--json")["days"] == []
    refused(run("calendar", "withdraw", "2027-03-10"))


def test_work_that_was_given_up_is_listed_and_revived(run: Run, addresses: Addresses) -> None:
    assert ask(run, "outbox", "list", "--json")["messages"] == []  # makes the tables, if first
    sql(
        addresses,
        "INSERT INTO outbox_message (id, topic, key, payload, created_at, next_try_at, attempts,"
        " dead_at, last_error) VALUES (gen_random_uuid(), 'letters.send', 'letter:dead', '{}',"
        " now(), now() + interval '1 day', 20, now(), 'unavailable')",
    )
    [dead] = ask(run, "outbox", "list", "--json")["messages"]
    assert (dead["key"], dead["last_error"]) == ("letter:dead", "unavailable")
    assert run("outbox", "revive", dead["id"]).returncode == 0
    refused(run("outbox", "revive", dead["id"]))
    assert ask(run, "outbox", "list", "--json")["messages"] == []


def test_what_fails_is_listed_in_groups_and_tried_again(run: Run, addresses: Addresses) -> None:
    def stuck(listed: Any) -> list[Any]:
        """What other tests of this home left in the outbox may be listed too."""
        return [each for each in listed["incidents"] if each["error"] == "test.stuck"]

    run("incidents", "list")  # makes the tables, if first
    sql(
        addresses,
        "INSERT INTO outbox_message (id, topic, key, payload, created_at, next_try_at, attempts,"
        " dead_at, last_error) VALUES (gen_random_uuid(), 'letters.send', 'letter:stuck', '{}',"
        " now(), now() + interval '1 day', 20, now(), 'test.stuck')",
    )
    listed = run("incidents", "list", "--json")
    assert listed.returncode == 1, "somebody has to act"
    [found] = stuck(json.loads(listed.stdout))
    assert (found["kind"], found["items"], found["given_up"]) == ("letter", 1, 1)

    [item] = ask(run, "incidents", "show", found["key"], "--json")["items"]
    tried = ask(run, "incidents", "retry", found["key"], "--wait", "0", "--json")

    assert [(each["id"], each["outcome"]) for each in tried["items"]] == [(item["id"], "waiting")]
    [left] = stuck(json.loads(run("incidents", "list", "--json").stdout))
    assert (left["tried_again"], left["given_up"]) == (1, 0)
    refused(run("incidents", "retry", "0000000000"))
    refused(run("incidents", "retry", found["key"], "--item", "x"))
    assert ask(run, "incidents", "watch", "--json") == {"files": {}}
    sql(addresses, "DELETE FROM incident_retry_item; DELETE FROM incident_retry;"
                   " DELETE FROM outbox_message WHERE key = 'letter:stuck'")  # fmt: skip


def test_events_of_some_days_are_counted_then_told_again(run: Run, addresses: Addresses) -> None:
    assert ask(run, "outbox", "list", "--json")["messages"] == []  # makes the tables, if first
    sql(
        addresses,
        "INSERT INTO outbox_message (id, topic, key, payload, created_at, next_try_at, attempts,"
        " done_at) VALUES (gen_random_uuid(), 'events.deliver', 'event:old',"
        """ '{"event": "file.opened"}', '2025-03-03 12:00Z', now(), 1, now())""",
    )
    days = ("outbox", "replay", "--from", "2025-03-03", "--to", "2025-03-03", "--json")

    assert ask(run, *days, "--event", "file.closed", "--dry-run")["events"] == {}
    assert ask(run, *days, "--dry-run") == {"made": False, "events": {"file.opened": 1}}
    assert ask(run, *days) == {"made": True, "events": {"file.opened": 1}}
    assert ask(run, *days)["events"] == {}, "it waits to be told"
    refused(run("outbox", "replay", "--from", "2025-03-03", "--to", "2025-03-02"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("intake", "/nowhere/at/all"),
        ("users", "passwd", "nobody", "--generate-password"),
        ("users", "create", "x y", "--name", "X", "--generate-password"),
        ("users", "create", "xy", "--name", "X"),
        ("users", "grant", "nobody", "agent", "CASA-1"),
        ("clients", "create", "edi2", "--scope", "files:read"),
        ("calendar", "add", "2027-02-30", "Jour"),
        ("quarantine", "show", "not-an-id"),
        ("quarantine", "discard", "00000000-0000-0000-0000-000000000000"),
        ("outbox", "revive"),
        ("params", "list", "--on", "2002-00-00"),
        ("draws", "verify", "--period", "2026-13"),
        ("doctors", "import", "/nowhere"),
    ],
)
def test_a_refusal_is_one_sentence_and_exit_code_1(run: Run, arguments: tuple[str, ...]) -> None:
    refused(run(*arguments))


@pytest.mark.parametrize(
    ("variable", "value"),
    [("MEDCONTROL_PORT", "many"), ("MEDCONTROL_JURISDICTION", "fr"), ("PORT", "x"), ("PORT", "-1")],
)
def test_a_wrong_setting_is_named_before_anything_starts(
    tmp_path: Path, variable: str, value: str
) -> None:
    done = runner_inside(tmp_path / "home")("migrate", **{variable: value})
    assert "PORT" in refused(done) or variable in done.stderr
    assert not (tmp_path / "home").exists()


def test_an_older_database_is_refused_when_it_may_not_be_migrated(
    tmp_path: Path, addresses: Addresses
) -> None:
    sql(addresses, "DROP DATABASE IF EXISTS older")
    sql(addresses, "CREATE DATABASE older")
    given = addresses.database_url.partition("?")
    url = f"{given[0].rpartition('/')[0]}/older{given[1]}{given[2]}"
    run = runner_inside(tmp_path / "home", MEDCONTROL_DATABASE_URL=url,
                 MEDCONTROL_REDIS_URL=addresses.redis_url)  # fmt: skip
    assert "older than this version" in refused(run("up", "--no-migrate", "--port", "0"))
    assert run("migrate").returncode == 0
    newer = addresses.database_url.replace(given[0], f"{given[0].rpartition('/')[0]}/older")
    sql(Addresses(newer, ""), "UPDATE alembic_version SET version_num = 'tomorrow'")
    assert "newer than this version" in refused(run("migrate"))


def test_a_database_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    run = runner_inside(
        tmp_path / "home",
        MEDCONTROL_DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:1/none",
        MEDCONTROL_REDIS_URL="redis://127.0.0.1:1/0",
    )
    assert "database can't be used" in refused(run("users", "list"))


def test_second_readings_are_drawn_checked_and_reported(run: Run, day: dict[str, Any]) -> None:
    drawn = ask(run, "quality", "draw", "--campaign", "2026-11", "--json")
    assert drawn == {"campaign": "2026-11", "decisions": 0, "drawn": 0, "new": 0}
    report = ask(run, "quality", "report", "--json")
    assert report["lines"][0]["group"] == "all"
    assert report["lines"][0]["kappa"] is None
    assert "nothing was drawn" in refused(run("quality", "verify", "--campaign", "2026-11"))
    assert "no month" in refused(run("quality", "draw", "--campaign", "2026-13"))
