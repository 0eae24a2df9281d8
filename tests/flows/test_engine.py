"""The engine takes text and gives text; what it does not know, it refuses by name."""

import json
import logging
from datetime import date

import pytest

from medcontrol.errors import InvalidInput, NotFound, StepNotOpen
from workflows import engine
from workflows.definition.catalog import Pack, catalog
from workflows.definition.conditions import holds, names

DAY = date(2026, 3, 2)


@pytest.fixture
def ald() -> Pack:
    return catalog().pack("ma", "ald", DAY)


def test_copies_of_a_prepared_start_have_their_own_ids_and_facts(ald: Pack) -> None:
    first = engine.start(ald, {"channel": "portal", "pieces_missing": False})
    second = engine.start(ald, {"channel": "portal", "off_list": True})

    assert first.tasks[0].task_id != second.tasks[0].task_id
    assert engine.facts_of(second.state) == {"channel": "portal", "off_list": True}
    done = engine.complete(ald, second.state, second.tasks[0].task_id, {"outcome": "granted"})
    assert [task.step for task in done.tasks] == ["co_signature"]
    with pytest.raises(StepNotOpen):
        engine.complete(ald, first.state, second.tasks[0].task_id, {"outcome": "granted"})


def test_a_start_is_never_taken_from_a_file_that_goes_another_way(ald: Pack) -> None:
    steps = {
        (channel, lane): engine.start(ald, {"channel": channel, "lane": lane}).tasks[0].step
        for channel in ("portal", "paper")
        for lane in ("orange", "red")
    }

    assert steps == {
        ("portal", "orange"): "control_on_file",
        ("portal", "red"): "appointment",
        ("paper", "orange"): "completeness",
        ("paper", "red"): "completeness",
    }


def test_facts_of_the_law_come_from_the_law(ald: Pack) -> None:
    known = {"channel": "edi", "unknown": 1}

    facts = engine.opening_facts(
        ald, known, law={"convocation.no_shows_before_closing": 3}.__getitem__
    )

    assert facts == {"channel": "edi", "no_show_limit": 3}


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"channel": "pigeon"}, "channel"),
        ({"colour": "red"}, "colour"),
        ({"no_shows": 2}, "no_shows"),
        ({"pieces_missing": 1}, "pieces_missing"),
        ({"no_show_limit": True}, "no_show_limit"),
    ],
)
def test_a_start_refuses_what_the_pack_does_not_declare(
    ald: Pack, facts: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        engine.start(ald, facts)

    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({}, "outcome"),
        ({"outcome": "signed"}, "outcome"),
        ({"outcome": "granted", "decision": "refused_medical"}, "decision"),
        ({"outcome": "granted", "off_list": "yes"}, "off_list"),
    ],
)
def test_a_step_refuses_outcomes_and_facts_that_are_not_its_own(
    ald: Pack, facts: dict[str, object], field: str
) -> None:
    stands = engine.start(ald, {})

    with pytest.raises(InvalidInput) as refusal:
        engine.complete(ald, stands.state, stands.tasks[0].task_id, facts)

    assert refusal.value.field == field


def test_outcomes_of_a_review_are_refused_for_a_first_request() -> None:
    pack = catalog().pack("ma", "invalidity", DAY)
    stands = engine.start(pack, {"nature": "first"})
    booked = engine.complete(pack, stands.state, stands.tasks[0].task_id, {"outcome": "booked"})

    with pytest.raises(InvalidInput):
        engine.complete(pack, booked.state, booked.tasks[0].task_id, {"outcome": "maintained"})


def test_the_same_event_twice_is_refused_and_changes_nothing(ald: Pack) -> None:
    stands = engine.start(ald, {})
    task_id = stands.tasks[0].task_id
    asked = engine.complete(ald, stands.state, task_id, {"outcome": "ask_completion"})
    limit = next(wait for wait in asked.waits if wait.name == "completion_limit")
    late = engine.fire(ald, asked.state, limit.task_id)

    with pytest.raises(StepNotOpen):
        engine.complete(ald, asked.state, task_id, {"outcome": "granted"})
    with pytest.raises(StepNotOpen):
        engine.fire(ald, late.state, limit.task_id)
    with pytest.raises(StepNotOpen):
        engine.complete(ald, stands.state, "no-id", {"outcome": "granted"})
    assert engine.receive(ald, late.state, "documents_received") is None
    with pytest.raises(InvalidInput):
        engine.fire(ald, asked.state, asked.waits[0].task_id)  # a message, not a deadline


def test_a_state_of_another_pack_or_format_is_refused_before_it_is_read(ald: Pack) -> None:
    stands = engine.start(ald, {})
    task_id = stands.tasks[0].task_id
    other = stands.state.replace(ald.digest, "0" * 64)
    older = stands.state.replace(f'"serializer":"{engine.SERIALIZER_VERSION}"', '"serializer":"0"')

    for state, field in ((other, "pack_hash"), (older, "serializer_version")):
        with pytest.raises(InvalidInput) as refusal:
            engine.complete(ald, state, task_id, {"outcome": "granted"})
        assert refusal.value.field == field


def test_a_state_is_json_and_survives_a_round_trip_as_text(ald: Pack) -> None:
    stands = engine.start(ald, {"nature": "renewal"})
    again = json.dumps(json.loads(stands.state))

    done = engine.complete(ald, again, stands.tasks[0].task_id, {"outcome": "granted"})

    assert done.ended


def test_the_engine_does_not_log_what_a_file_holds(
    ald: Pack, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert logging.getLogger("spiff.task").level == logging.WARNING
    assert logging.getLogger("spiff.workflow").level == logging.WARNING

    stands = engine.start(ald, {})
    engine.complete(ald, stands.state, stands.tasks[0].task_id, {"outcome": "granted"})

    assert [r for r in caplog.records if r.name.startswith("spiff")] == []


@pytest.mark.parametrize(
    "condition",
    [
        "__import__('os').system('true')",
        "channel.upper() == 'X'",
        "[c for c in (1,)]",
        "(lambda: 1)()",
        "channel == f'{lane}'",
        "2 ** 9999",
        "a := 1",
        "channel ==",
        "channel[0] == 'p'",
        "'a' * 9 == 'a'",
        " or ".join(["channel"] * 200),
    ],
)
def test_a_condition_is_only_comparisons_of_facts(condition: str) -> None:
    with pytest.raises(InvalidInput):
        names(condition)


def test_a_condition_over_an_undeclared_fact_is_an_error_not_a_guess() -> None:
    assert names("lane == 'red' and not urgent") == {"lane", "urgent"}
    with pytest.raises(InvalidInput):
        holds("lane == 'red' and not urgent", {"lane": "red"})


def test_the_catalog_opens_every_flow_where_it_belongs() -> None:
    flows = ["ald", "ambulatory", "care_abroad", "conventional", "dental"]
    flows += ["disability", "hospital", "invalidity", "medicines", "sick_leave"]
    beside = ["appeal", "expertise", "quality"]

    assert catalog().open_flows("ma", DAY) == sorted([*flows, *beside])
    assert catalog().open_flows("lu", DAY) == ["care_reassessment", "fluctuation_control"]
    with pytest.raises(NotFound):
        catalog().pack("ma", "ald", date(1999, 1, 1))
    with pytest.raises(NotFound):
        catalog().get("ma/ald/1", "dental")
    with pytest.raises(InvalidInput):
        catalog().get("ma/ald/1", "ald", "0" * 64)


def test_every_flow_of_the_fund_has_a_pack_of_its_own() -> None:
    for flow in catalog().open_flows("ma", DAY):
        pack = catalog().pack("ma", flow, DAY)

        assert (pack.key, pack.flow) == (f"ma/{flow}/1", flow)
    assert catalog().pack("ma", "dental", DAY).served.professions == ("dentist",)
    assert catalog().pack("ma", "medicines", DAY).served.professions == ("pharmacist", "doctor")
