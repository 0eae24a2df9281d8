"""Rule sets, messages and cases for the tests of back-test, shadow and experiments."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import numpy as np

from medcontrol.ports import FileFacts, SelectivityOutcome
from selectivity.draws import identity
from selectivity.history.cases import Cases, objects
from selectivity.reading import parse_rule_set
from selectivity.tables import RuleSet
from tests.unit.selectivity_rules import DAY, harbour, message, row, rule_text

AMBULATORY = {"flow": {"in": ["ambulatory"]}}
PRIVATE = {"provider_sector": {"in": ["private"]}}

ROWS = (
    row("duty", {"flow": {"in": ["dental"]}, "amount": {"ge": 90000}}, kind="mandatory"),
    row("duty-blue", {"flow": {"in": ["optical"]}}, kind="mandatory", lane="blue", mode=None),
    row("costly", {"amount": {"ge": 60000}}, rate=3000),
    row("private-some", {**AMBULATORY, **PRIVATE}, daily_quota=7, rate=6000),
    row("red", {"amount": {"ge": 98000}}, lane="red", mode="in_person", level="regional"),
    row("later", {"amount": {"lt": 20000}}, lane="blue", mode=None),
    row("gone", {"amount": {"ge": 0}}) | {"expires_on": "2026-11-01"},
    harbour("agreed", {"has_authorisation": {"is": True}}),
)
FLOOR = [
    {"id": "public", "when": {"provider_sector": {"in": ["public"]}},
     "then": {"rate": 2500, "lane": "orange"}},
    {"id": "rest", "when": {}, "then": {"rate": 500, "lane": "blue"}},
]  # fmt: skip


def rules(*rows: dict[str, Any], floor: Any = None, version: int = 1) -> RuleSet:
    """Return a rule set; the rows above unless others are given."""
    return parse_rule_set(
        rule_text(*(rows or ROWS), floor=floor or FLOOR, version=version), source="test"
    )


def many(count: int, seed: int, *, days: int = 3) -> list[FileFacts]:
    """Return files of several kinds over some days."""
    draw = random.Random(seed)  # noqa: S311
    found = []
    for number in range(count):
        nature = draw.choices(["reimbursement", "a_posteriori"], [20, 1])[0]
        members: dict[str, Any] = {
            "flow": draw.choice(["ambulatory", "ambulatory", "dental", "optical"]),
            "nature": nature,
            "amount": f"{draw.randrange(1000)}.00",
            "provider": {"id": f"P{draw.randrange(40)}", "kind": "doctor",
                         "sector": draw.choice(["private", "public"])},
        }  # fmt: skip
        if draw.random() < 0.1:
            members["authorisation"] = {"number": "A-1"}
        if draw.random() < 0.03:
            members["control"] = {"required": True, "mode": draw.choice(["on_file", "in_person"])}
        day = DAY + timedelta(days=draw.randrange(days))
        found.append(FileFacts(message(number, **members), day))
    return found


def cases_of(files: Sequence[FileFacts], made: Sequence[SelectivityOutcome], **more: Any) -> Cases:
    """Return decided files as cases of the past, without outcomes unless they are given."""
    count = len(files)
    none = objects([None] * count)
    messages = [file.message for file in files]
    columns: dict[str, Any] = {
        "ids": objects([UUID(int=number + 1) for number in range(count)]),
        "is_live": np.ones(count, bool),
        "received_on": np.array([file.received_on for file in files], dtype="datetime64[D]"),
        "snapshots": [each.features | each.medical_features for each in made],
        "lane": objects([each.lane.value for each in made]),
        "level": objects([each.level.value for each in made]),
        "origins": [tuple(origin.value for origin in each.origins) for each in made],
        "matched_rows": [each.matched_rows for each in made],
        "draw": np.array([int.from_bytes(each.draw, "big") for each in made], dtype=np.uint64),
        "period": objects([each.period for each in made]),
        "inclusion_probability": np.array([each.inclusion_probability for each in made]),
        "outcome": none, "amount_avoided": np.zeros(count, np.int64),
        "decided_on": np.full(count, np.datetime64("NaT"), dtype="datetime64[D]"),
        "sex": none, "age": none,
        "scheme": objects([each["scheme"] for each in messages]),
        "region": none,
        "sector": objects([each["provider"]["sector"] for each in messages]),
        "flow": objects([each["flow"] for each in messages]),
        "nature": objects([each["nature"] for each in messages]),
        "agency": objects([each["agency"] for each in messages]),
        "provider": objects([each["provider"]["id"] for each in messages]),
        "minutes": np.full(count, np.nan),
    }  # fmt: skip
    return Cases(**(columns | more))


def identities(files: Sequence[FileFacts]) -> list[bytes | None]:
    return [identity(file.message) for file in files]


def day(number: int) -> date:
    return DAY + timedelta(days=number)
