"""Computed checks of a file on the real database: the person's past, and who sees what."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlmodel import Session

from medcontrol.model import ControlFile, ReceivedFile
from medcontrol.rules.checks.case import Verdict
from tests.flow_world import World, make_world
from workflows.steps.case_checks import Computed, Known, compute
from workflows.tools import Tools


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


def claim(world: World, number: str, amount: str, **more: Any) -> ControlFile:
    line = {"no": 1, "act": "DP60", "quantity": "1", "amount": amount, "date": "2026-10-18",
            "tooth": number[-2:]}  # fmt: skip
    taken = world.take(
        external_id=number, flow="dental", nature="reimbursement", lines=[line], amount=amount,
        currency="MAD", care={"from": "2026-10-18"}, control={"required": True}, **more,
    )  # fmt: skip
    return world.file(taken)


def checks(
    world: World, file: ControlFile, step: str, typed: Mapping[str, Any] | None = None,
    *, is_medical: bool = True,
) -> dict[str, Computed]:  # fmt: skip
    received = world.session.get_one(ReceivedFile, file.received_file_id)
    pack = world.tools.catalog.get(file.pack, file.flow)
    known = Known(
        answers={}, medical={"pathology": "ma-ald-09"}, typed=typed or {}, is_medical=is_medical
    )
    found = compute(world.session, world.tools.catalog, pack, file, received, step, known)
    return {each.check.name: each for each in found}


def figures(computed: Computed) -> dict[str, Any]:
    return {figure.name: figure.value for figure in computed.found.figures}


def test_what_was_claimed_before_counts_and_what_was_refused_does_not(world: World) -> None:
    refused = claim(world, "D-11", "2500.00", channel="paper")
    world.end(refused, "refused_administrative", motive_code="adm.rights_closed")
    claim(world, "D-12", "2000.00")
    now = claim(world, "D-13", "1500.00")

    found = checks(world, now, "control_on_file")["prosthesis_ceiling"]

    assert found.found.verdict is Verdict.EXCEEDS
    assert figures(found) | {"used": 200_000, "left": 100_000, "beyond": 50_000} == figures(found)
    path, value = found.law[0]
    assert (path, value.value) == ("dental.prosthesis_ceiling_cents", 300_000)
    assert value.reference.title


def test_another_persons_claims_and_later_ones_do_not_count(world: World) -> None:
    other = {"registration_number": "999654321", "family_name": "Autre", "given_name": "Personne",
             "birth_date": "1980-01-01"}  # fmt: skip
    claim(world, "D-21", "2000.00", insured=other)
    now = claim(world, "D-22", "1500.00")
    claim(world, "D-23", "2000.00", received_at="2026-11-20T11:30:00+01:00")

    assert figures(checks(world, now, "control_on_file")["prosthesis_ceiling"])["used"] == 0


def test_a_check_that_reads_medical_content_is_kept_from_who_may_not(world: World) -> None:
    file = world.file(world.take())
    step = world.task(file).step

    seen = checks(world, file, step)
    hidden = checks(world, file, step, is_medical=False)

    assert any(each.check.is_medical for each in seen.values())
    assert not any(each.check.is_medical for each in hidden.values())
    assert hidden.keys() < seen.keys()


def test_checks_are_those_of_the_step_and_the_nature(world: World) -> None:
    file = claim(world, "D-31", "100.00")
    assert "orthodontics_age" not in checks(world, file, "control_on_file")
    assert "filing_limit" not in checks(world, file, "examination")
