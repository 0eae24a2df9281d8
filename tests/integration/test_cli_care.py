"""``medcontrol fluctuation``: cases in, minutes out, as another program reads them."""

import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from runtime.cli import main
from tests.care_cases import CASES, FOLDER


def run(*arguments: str) -> tuple[int, str, str]:
    said, warned = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["medcontrol", "fluctuation", *arguments]),
        redirect_stdout(said),
        redirect_stderr(warned),
        pytest.raises(SystemExit) as end,
    ):
        main()
    code = end.value.code if isinstance(end.value.code, int) else 0
    return code, said.getvalue(), warned.getvalue()


def write(folder: Path, content: Any, name: str = "cases.json") -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_every_case_comes_back_with_its_result() -> None:
    code, said, _ = run("--cases", str(FOLDER / "overrun.yaml"), "--json", "--explain")
    results = json.loads(said)["cases"]

    assert code == 0
    assert [r["id"] for r in results] == [case["id"] for case in CASES]
    assert [r["overrun_total"] for r in results] == [case["overrun_total"] for case in CASES]
    formulas = [step["formula"] for step in results[7]["explanation"]]
    assert "Dep_Période = 836 + 627/7 = 6479/7" in formulas


def test_a_case_that_cannot_be_is_named_and_the_others_follow(tmp_path: Path) -> None:
    good = {"id": "good", "input": CASES[0]["input"]}
    bad = {"id": "bad", "input": CASES[0]["input"] | {"period": ["2007-03-31", "2007-03-01"]}}
    path = write(tmp_path, {"cases": [bad, good, "no case"]})

    code, said, warned = run("--cases", path, "--json")
    results = json.loads(said)["cases"]

    assert code == 1
    assert "2 of 3" in warned
    assert (results[0]["error"]["field"], results[0]["error"]["rule"]) == ("period", "order")
    assert results[1]["overrun_total"] == "930"
    assert results[2]["error"]["field"] == "case"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"cases": 3}', '{"cases": []}', "[" * 5000, "\udcff"]
)
def test_a_file_without_cases_is_one_sentence(tmp_path: Path, content: str) -> None:
    path = tmp_path / "cases.json"
    path.write_text(content, errors="surrogateescape")

    code, said, warned = run("--cases", str(path))

    assert (code, said) == (1, "")
    assert warned.count("\n") == 1


def test_another_law_says_which_cases_it_changes_and_by_how_much() -> None:
    cases = str(FOLDER / "overrun.yaml")
    _, said, _ = run("--cases", cases, "--json", "--with", "fluctuation.ceiling_test=whole_plan")
    found = json.loads(said)

    assert [row["id"] for row in found["changed"]] == ["L24", "L27"]
    assert found["minutes"] == "-1240"
    code, _, warned = run("--cases", cases, "--with", "fluctuation.ceiling_test=none")
    assert code == 1
    assert "provider, whole_plan" in warned
