"""``medcontrol demo`` as a visitor runs it, on a fund of a small size."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.fixed_keys import lay_keys

pytestmark = pytest.mark.long

SMALL = (
    "import sys\n"
    "from runtime.demo.command import Scale, run_demo\n"
    "from runtime.demo.supply import Volume\n"
    "run_demo(files=int(sys.argv[1]), seed=3, serve=False, json=True, fresh='fresh' in sys.argv,\n"
    "         scale=Scale(30_000, Volume(2_000, 150), campaign=0.1))\n"
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("demo")
    lay_keys(home)
    return home


def demo(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("MEDCONTROL_")
    }
    return subprocess.run(
        [sys.executable, "-c", SMALL, *arguments],
        cwd=ROOT, env=environment | {"MEDCONTROL_HOME": str(home)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_demonstration_prints_one_json_object_and_is_shown_again_as_it_was(home: Path) -> None:
    first = demo(home, "400")
    again = demo(home, "400")

    assert first.returncode == 0, first.stderr[-3000:]
    summary = json.loads(first.stdout)
    assert summary.keys() >= {
        "received", "accepted", "quarantined", "by_lane", "opened", "assigned", "unassigned",
        "seconds",
    }  # fmt: skip
    assert summary["received"] == 400
    bad = summary["quarantined"] + summary["duplicates"] + summary["conflicts"]
    assert bad > 0
    assert summary["accepted"] == 400 - bad
    assert sum(summary["by_lane"].values()) == summary["accepted"]
    assert summary["opened"] == summary["by_lane"]["orange"] + summary["by_lane"]["red"] > 0
    assert summary["reviews_opened"] > 0
    lived = summary["lived"]
    assert min(lived["appeal"], lived["booked"], lived["slips"], lived["opinions asked"]) > 0
    assert lived["ma/appeal/1 admissible"] > 0
    assert "one day of files" in first.stderr
    assert json.loads(again.stdout) == summary | {"reused": True}
    assert "shown again" in again.stderr


def test_a_home_with_real_work_is_left_alone(tmp_path: Path) -> None:
    environment = os.environ | {"MEDCONTROL_HOME": str(tmp_path)}
    for name in ("MEDCONTROL_DATABASE_URL", "MEDCONTROL_REDIS_URL"):
        environment.pop(name, None)
    subprocess.run(
        [sys.executable, "-m", "runtime.cli", "intake", "tests/data/intake_sample.ndjson"],
        cwd=ROOT, env=environment, check=True, capture_output=True,
    )  # fmt: skip

    refused = demo(tmp_path, "50", "fresh")

    assert refused.returncode != 0
    assert refused.stdout == ""
    assert "no demonstration" in refused.stderr
