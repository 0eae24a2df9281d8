"""What ``docs/operations.md`` promises is what there is."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import typer

from medcontrol.model import Entitlement
from medcontrol.services.clients import Scope
from medcontrol.services.doctor_tables import KINDS, Known
from medcontrol.services.imports import entitlement_columns
from medcontrol.services.tables import Column
from medcontrol.settings import Settings
from runtime.cli import command_line

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text("utf-8")
NOBODY = Known({}, {})


def commands(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        path = f"{prefix}{name}"
        if hasattr(command, "commands"):
            yield from commands(command, f"{path} ")
        else:
            yield path, command


ALL = dict(commands(typer.main.get_command(command_line())))


def test_every_setting_stands_in_the_table_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `MEDCONTROL_(\w+)` \| `?([^|`]*?)`? \|", TEXT, re.MULTILINE))
    expected = {
        name.upper(): "–" if field.default is None else str(field.default)
        for name, field in Settings.model_fields.items()
    }
    assert rows == expected


@pytest.mark.parametrize("path", sorted(ALL))
def test_every_command_is_told_of_and_explains_itself(path: str) -> None:
    assert re.search(rf"[`\s]{re.escape(path)}\b", TEXT), f"{path} is missing in docs/operations.md"
    assert ALL[path].help


def test_every_command_in_the_text_exists() -> None:
    told = re.findall(r"^medcontrol ([a-z-]+(?: [a-z-]+)?)", TEXT, re.MULTILINE)
    assert told
    for words in told:
        assert {words, words.split()[0]} & set(ALL), f"there is no medcontrol {words}"


def test_every_scope_stands_in_its_table() -> None:
    assert set(re.findall(r"^\| `(\w+:\w+)` \|", TEXT, re.MULTILINE)) == set(map(str, Scope))


def documented(command: str) -> list[tuple[str, bool]]:
    """Return the columns of a row of the table, and whether each must be filled."""
    cells = re.search(rf"^\| `{re.escape(command)}` \| (.*?) \|", TEXT, re.MULTILINE)
    assert cells, command
    names = [re.sub(r"\(.*?\)", "", cell).strip() for cell in cells[1].split(", ")]
    return [(name.strip("*"), not name.startswith("*")) for name in names]


def sorted_columns(columns: list[Column]) -> list[tuple[str, bool]]:
    return sorted((column.name, column.is_required) for column in columns)


@pytest.mark.parametrize("what", sorted(KINDS))
def test_the_columns_of_doctors_files_are_those_that_are_read(what: str) -> None:
    command = "doctors import FILE" + ("" if what == "doctors" else f" --what {what}")
    assert sorted(documented(command)) == sorted_columns(KINDS[what].columns(NOBODY))


def test_the_columns_of_rights_are_those_that_are_read() -> None:
    nobody: dict[str, UUID] = {}
    columns = entitlement_columns([], nobody, "ma")
    assert sorted(documented("import entitlements FILE")) == sorted_columns(columns)
    stored = {*Entitlement.model_fields, "agency", "previous_doctor", "granted_on"}
    assert {column.name for column in columns} <= stored
