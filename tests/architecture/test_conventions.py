"""Conventions that matter, as rules. Each message says why, so that nobody has to ask."""

import ast
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

import medcontrol.model  # noqa: F401  every table
from tests.architecture.source import MIGRATIONS, PACKAGES, ROOT, calls, files, modules, place, tree

# A savepoint may be taken back: the transaction goes on, and still only its edge commits.
ONE_COMMIT = (
    "only medcontrol/db.py commits: one request, command, task or chunk is one transaction, "
    "and half of a change must never be saved (use transaction())"
)
ONE_CLOCK = (
    "only medcontrol/clock.py asks what time it is: everything else takes `now` or a Clock, "
    "or deadlines can't be tested and tests depend on the day they run"
)
NO_CELERY_CALLS = (
    "work for later is an outbox row of the same transaction: what is sent to the broker directly "
    "is lost with it, or sent for a change that was rolled back"
)
NO_ETA = "legal deadlines are rows that are swept: an ETA lives in a broker that may be flushed"
NO_SQL_AT_THE_EDGE = (
    "api and ui translate: SQL there escapes the policy and the access log. Use a query of "
    "medcontrol.queries or a service"
)


SESSION_METHODS = frozenset(
    ("add", "add_all", "delete", "exec", "execute", "flush", "get", "get_one", "merge", "query",
     "refresh", "scalar", "scalars")
)  # fmt: skip
STATEMENTS = ("select", "sa.select", "sa.text", "text", "sa.insert", "sa.update", "sa.delete")


def test_only_the_database_module_commits() -> None:
    found = [
        place(path, call)
        for path in modules(*PACKAGES)
        if str(path) != "medcontrol/db.py" and not str(path).startswith(MIGRATIONS)
        for call, name in calls(path)
        if name.endswith((".commit", ".rollback")) and name != "savepoint.rollback"
    ]

    assert not found, f"{found}: {ONE_COMMIT}"


def test_only_the_clock_module_asks_for_the_time() -> None:
    asking = (
        "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time",
        "datetime.fromtimestamp",
    )  # fmt: skip
    found = [
        place(path, call)
        for path in modules(*PACKAGES)
        if str(path) != "medcontrol/clock.py"
        for call, name in calls(path)
        if name.endswith(asking)
    ]

    assert not found, f"{found}: {ONE_CLOCK}"


def test_nothing_is_handed_to_celery_but_by_the_relay() -> None:
    found = [
        place(path, call)
        for path in modules(*PACKAGES)
        for call, name in calls(path)
        if name.endswith((".delay", ".apply_async"))
    ]

    assert not found, f"{found}: {NO_CELERY_CALLS}"


def test_no_deadline_is_a_celery_eta() -> None:
    found = [
        place(path, call)
        for path in modules(*PACKAGES)
        for call, _ in calls(path)
        for keyword in call.keywords
        if keyword.arg in ("eta", "countdown")
    ]

    assert not found, f"{found}: {NO_ETA}"


def test_pages_and_api_contain_no_query() -> None:
    found = [
        place(path, call)
        for path in modules("api", "ui")
        for call, name in calls(path)
        if name in STATEMENTS or is_session_call(name)
    ]

    assert not found, f"{found}: {NO_SQL_AT_THE_EDGE}"


def is_session_call(name: str) -> bool:
    parts = name.split(".")
    return parts[-2:-1] == ["session"] and parts[-1] in SESSION_METHODS


def test_nothing_runs_behind_a_response() -> None:
    found = [
        place(path, node)
        for path in modules(*PACKAGES)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Name) and node.id == "BackgroundTasks"
    ]

    assert not found, f"{found}: a background task dies with the process; use the outbox"


def test_tables_are_written_without_postponed_annotations() -> None:
    found = [
        place(path, node)
        for path in modules("medcontrol")
        if path.parts[1] == "model"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module == "__future__"
    ]

    assert not found, f"{found}: SQLModel reads annotations when the class is made"


@pytest.mark.parametrize("path", list(modules("medcontrol")), ids=str)
def test_columns_of_kinds_that_drift_name_their_type(path: Path) -> None:
    """SQLModel's defaults for these kinds changed between releases, or break at run time."""
    if path.parts[1] != "model":
        return
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef) and any(k.arg == "table" for k in node.keywords):
            found += [place(path, each) for each in node.body if _drifts(each)]

    assert not found, f"{found}: write sa_type=INSTANT, DAY, CENTS, FACTS, CODES or code_enum(…)"


def _drifts(node: ast.stmt) -> bool:
    """Whether a column has a kind that must name its type, and does not."""
    if not isinstance(node, ast.AnnAssign) or not isinstance(node.value, ast.Call):
        return False
    kinds = {each.id for each in ast.walk(node.annotation) if isinstance(each, ast.Name)}
    plain = {"str", "int", "bool", "float", "UUID", "None", "ClassVar"}
    says = {keyword.arg for keyword in node.value.keywords}
    helper = isinstance(node.value.func, ast.Name) and node.value.func.id != "Field"
    return bool(kinds - plain) and not helper and "sa_type" not in says


def test_every_instant_has_a_zone_and_no_sum_is_a_float() -> None:
    found = []
    for table in SQLModel.metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, sa.DateTime) and not column.type.timezone:
                found.append(f"{table.name}.{column.name} has no zone")
            if column.name.endswith("_cents") and not isinstance(column.type, sa.BigInteger):
                found.append(f"{table.name}.{column.name} is no whole number")
            if column.name.endswith("_at") and not isinstance(column.type, sa.DateTime):
                found.append(f"{table.name}.{column.name} is no instant")
            if column.name.endswith("_on") and not isinstance(column.type, sa.Date):
                found.append(f"{table.name}.{column.name} is no day")

    assert not found


def test_the_project_knows_nothing_of_where_it_is_built() -> None:
    outside = [".." + "/shared", "/wo" + "rk/", "/tm" + "p/w/"]
    found = []
    for path in files():
        content = (ROOT / path).read_bytes()
        found += [f"{path}: {name}" for name in outside if name.encode() in content]

    assert not found, f"{found}: a fresh clone has none of these folders"
