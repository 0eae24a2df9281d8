"""Luxembourg's flows on the real database: control of overruns, reassessment with the provider."""

from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select

from medcontrol.model import (
    CareBillCheck,
    ControlFile,
    Deadline,
    Letter,
    QuarantinedMessage,
)
from medcontrol.vocabulary import (
    ControlFileStatus,
    DecisionOutcome,
)
from tests.care_world import (
    NOW,
    PLAN,
    PROVIDER,
    STAY,
    answer,
    bill,
    right,
    send,
)
from tests.flow_world import World
from tests.in_clear import in_clear
from workflows.care.controls import open_controls
from workflows.commands import PieceAsked, fire_deadline
from workflows.rights.reviews import open_due_reviews


def the_file(world: World) -> ControlFile:
    return world.session.exec(select(ControlFile)).one()


def letters(world: World) -> list[tuple[str, str, str]]:
    rows = world.session.exec(select(Letter).order_by(col(Letter.written_at), col(Letter.id))).all()
    return [(row.code, row.recipient, row.context["addressee"]["name"]) for row in rows]


def test_a_bill_with_a_sign_is_controlled_once_and_the_provider_asked(world: World) -> None:
    assert send(world, PLAN, STAY, bill()).bills == 1

    assert open_controls(world.tools, now=lambda: NOW).opened == 1
    assert open_controls(world.tools, now=lambda: NOW).opened == 0
    file = the_file(world)
    assert (file.flow, file.nature) == ("fluctuation_control", "rule")
    assert file.status is ControlFileStatus.AWAITING_COMPLETION
    assert letters(world) == [("control_notice", "provider", "Réseau d’essai")]
    rows = world.session.execute(sa.text("SELECT f::text FROM control_file f")).scalars().all()
    assert not any("3500" in in_clear(row) for row in rows)
    assert world.session.exec(select(QuarantinedMessage)).all() == []

    later = NOW + timedelta(days=3)
    found = send(world, STAY | {"stay": STAY["stay"] | {"discharge": "2017-02-12"}}, at=later)
    assert (found.rechecked, found.difference_minutes) == (1, -400)
    assert open_controls(world.tools, now=lambda: later).opened == 0


def test_a_recovery_waits_for_an_objection_and_another_person_looks_again(world: World) -> None:
    send(world, PLAN, STAY, bill())
    open_controls(world.tools, now=lambda: NOW)
    file = the_file(world)
    answer(world, file)

    world.end(file, "refused_medical", motive_code="care.need_not_shown", reasoning="Rien.")
    signer = world.task(file).assigned_doctor_id
    world.end(file, "signed")
    assert file.closed_at is None
    answer(world, file)
    again = world.task(file)
    assert again.assigned_doctor_id not in {world.doctor.id, None}
    world.end(file, "revised")

    assert signer is not None
    assert file.outcome is DecisionOutcome.GRANTED
    assert [code for code, _, _ in letters(world)] == [
        "control_notice", "overrun_recovered", "overrun_kept",
    ]  # fmt: skip


def test_a_bill_kept_elsewhere_is_controlled_asked_about_and_signed_without_its_calculation(
    world: World,
) -> None:
    provider = {"id": PROVIDER, "name": "Réseau d’essai", "kind": "care_network"}
    taken = world.take(
        jurisdiction="lu", scheme="long_term_care", flow="fluctuation_control", nature="sample",
        agency="AEC-LUX", provider=provider, control={"required": True}, form={},
    )  # fmt: skip
    file = world.file(taken)
    answer(world, file)
    world.end(file, "ask_completion", pieces=(PieceAsked(kind="other", note="dossier de soins"),))
    assert file.status is ControlFileStatus.AWAITING_COMPLETION
    answer(world, file)
    world.end(file, "granted", reasoning="Plausible.")
    world.end(file, "signed")

    assert file.outcome is DecisionOutcome.GRANTED
    told = world.session.exec(select(Letter).order_by(col(Letter.written_at), col(Letter.id))).all()
    assert [row.code for row in told] == ["control_notice", "completion_request", "overrun_kept"]
    assert told[1].context["answer_by"] == "2026-12-20"
    assert told[2].context["calculation"] is None


def test_a_bill_without_a_sign_is_controlled_by_the_draw_alone(world: World) -> None:
    lines: list[dict[str, Any]] = [PLAN, STAY]
    for month in range(1, 13):
        day = f"2017-{month:02d}"
        lines.append(bill(f"F-{month}", "100", month=day, documented=True, periods=[
            {"from": f"{day}-01", "to": f"{day}-28", "minutes": "100"}]))  # fmt: skip
    assert send(world, *lines).bills == 12

    assert open_controls(world.tools, now=lambda: NOW).opened == 0  # nothing beyond the plan
    marks = world.session.exec(select(CareBillCheck.control_id)).all()
    assert set(marks) == {None}


def test_faulty_lines_are_named_by_field_and_the_others_kept(world: World) -> None:
    found = send(
        world, PLAN, {"plan": PLAN["plan"] | {"acts": []}}, {"stay": {"admission": "x"}}, {"x": 1},
        bill(minutes="-1"), bill(agency="CASA-1"), bill(month="2019-03"), bill(), bill(),
    )  # fmt: skip

    assert [(line, name) for line, name, _ in found.faults] == [
        (2, "acts"), (3, "admission"), (4, "line"), (5, "billed.minutes"), (6, "agency"),
        (7, "periods"),
    ]  # fmt: skip
    assert (found.plans, found.bills, found.duplicates) == (1, 1, 1)


def test_care_in_kind_is_offered_to_the_provider_who_may_decline(world: World) -> None:
    send(world, PLAN)
    held = right(world, "in_kind", date(2026, 11, 1))

    assert open_due_reviews(world.tools, now=lambda: NOW).opened == 1
    file = the_file(world)
    assert [code for code, _, _ in letters(world)] == ["notice", "mandate"]
    assert letters(world)[1][1:] == ("provider", PROVIDER)
    answer(world, file)
    world.end(file, "form_accepted")
    world.end(file, "granted", form={"level": 5, "hygiene_before": 300, "hygiene_after": 420})
    world.end(file, "signed")

    world.session.refresh(held)
    assert file.outcome is DecisionOutcome.GRANTED
    assert held.next_review_on == date(2028, 11, 20)  # two years, by providers alone
    assert [code for code, _, _ in letters(world)][2:] == ["decision_notice", "provider_copy"]


def test_with_a_carer_at_home_the_administration_assesses_after_a_year(world: World) -> None:
    send(world, PLAN)
    held = right(world, "mixed", date(2026, 11, 1))

    open_due_reviews(world.tools, now=lambda: NOW)
    file = the_file(world)
    assert [code for code, _, _ in letters(world)] == ["notice"]
    world.end(file, "assessed", form={"place": "home", "hygiene_minutes": 200})
    world.end(file, "granted", form={"level": 2})
    world.end(file, "signed")

    world.session.refresh(held)
    assert held.next_review_on == date(2027, 11, 20)


def test_a_provider_who_never_answers_meets_the_limit_of_the_notice(world: World) -> None:
    send(world, PLAN, STAY, bill())
    open_controls(world.tools, now=lambda: NOW)
    file = the_file(world)
    clocks = world.session.exec(select(Deadline).where(Deadline.control_file_id == file.id)).all()
    waited = [clock for clock in clocks if clock.engine_task_id is not None]
    assert waited  # the flow begins by waiting: its clock runs from the opening

    limit = max(waited, key=lambda clock: clock.due_at)
    fire_deadline(world.session, world.tools, limit.id, now=limit.due_at + timedelta(minutes=1))
    world.session.refresh(file)

    assert file.status is not ControlFileStatus.AWAITING_COMPLETION
    assert world.task(file).is_medical
