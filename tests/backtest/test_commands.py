"""``medcontrol selectivity backtest``, ``replay`` and ``explain`` as an operator meets them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import Session, select
from typer.testing import CliRunner

from medcontrol.errors import DomainError
from medcontrol.model import BacktestRun, ReceivedFile, SelectivityDecision
from runtime import wiring
from runtime.cli import command_line
from runtime.commands.selectivity import backtest as backtest_command
from runtime.commands.selectivity import explain as explain_command
from selectivity.packaged import data
from tests.backtest.test_gate_trials import ALL_PRIVATE, take
from tests.flow_world import World, make_world
from workflows.tools import Tools

Run = Callable[..., Any]
PERIOD = ("--from", "2026-11-01", "--to", "2026-11-20")


@pytest.fixture
def run(db: Session, tools: Tools, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process, on the test's own transaction."""

    @contextmanager
    def here() -> Iterator[None]:
        yield

    for module in (backtest_command, explain_command):
        monkeypatch.setattr(module, "environment", here)
    monkeypatch.setattr(wiring, "keys", lambda: tools.keys)

    def call(*arguments: str, code: int = 0) -> Any:
        done = CliRunner().invoke(command_line(["selectivity"]), ["selectivity", *arguments])
        if isinstance(done.exception, DomainError):
            return done.exception
        assert done.exit_code == code, done.output
        return json.loads(done.stdout) if "--json" in arguments else done.stdout

    return call


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    made = make_world(db, tools)
    for number in range(5):
        take(made, number)
    made.take(external_id="ALD")
    return made


def test_the_rules_in_force_send_the_files_of_the_gate_where_they_went(
    world: World, run: Run
) -> None:
    found = run("backtest", *PERIOD, "--rules", "ma/1", "--json")

    assert found["schema"] == "medcontrol.backtest.v1"
    assert (found["files"], found["live"], found["reproduced"]) == (6, 6, 6)
    assert found["rules"] == found["base"]


def test_a_file_of_rules_is_tried_and_kept(world: World, run: Run, tmp_path: Path) -> None:
    whole = data("ma", 1)
    path = tmp_path / "wide.yaml"
    path.write_text(
        yaml.safe_dump({**whole, "version": 9, "rows": [*whole["rows"], ALL_PRIVATE]}), "utf-8"
    )

    found = run("backtest", *PERIOD, "--rules", str(path), "--json", "--keep")
    table = run("backtest", *PERIOD, "--rules", str(path), "--capacity", "1")

    row = next(row for row in found["rows"] if row["row"] == "all-private")
    assert row["matched"] == 5
    assert found["findings"]["caught"]["is_enough"] is False
    assert "not enough data" in table
    kept = world.session.exec(select(BacktestRun)).one()
    assert kept.result == found


@pytest.mark.parametrize(
    ("field", "arguments"),
    [
        ("until", ("--from", "2026-11-20", "--to", "2026-11-01", "--rules", "ma/1")),
        ("since", ("--from", "2016-11-20", "--to", "2026-11-01", "--rules", "ma/1")),
        ("rules", (*PERIOD, "--rules", "nowhere.yaml")),
        ("score", (*PERIOD, "--rules", "ma/1", "--capacity", "5", "--score")),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(
    world: World, run: Run, field: str, arguments: tuple[str, ...]
) -> None:
    refusal = run("backtest", *arguments)

    assert isinstance(refusal, DomainError)
    assert refusal.field == field


def test_decisions_are_replayed_and_a_changed_one_ends_the_command_with_one(
    world: World, run: Run
) -> None:
    assert run("replay", "--sample", "100", "--json")["identical"] == 6
    row = world.session.exec(
        select(SelectivityDecision).join(ReceivedFile).where(ReceivedFile.external_id == "ALD")
    ).one()
    row.origins = ["random"]
    world.session.flush()

    found = run("replay", "--json", code=1)

    assert [each["members"] for each in found["differences"]] == [["origins"]]


def test_a_file_is_explained_as_json(world: World, run: Run) -> None:
    found = run("explain", "test/ALD", "--json")
    text = run("explain", "ALD")
    refused = run("explain", "ALD", "--medical")

    assert found["schema"] == "medcontrol.explanation.v1"
    assert found["medical"] == {"present": True, "shown": False}
    assert {"rows", "near_misses", "draw", "score", "capacity", "rules"} <= set(found)
    assert found["rows"][0]["row"] in text
    assert isinstance(refused, DomainError)
