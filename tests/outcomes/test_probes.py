"""Probe rounds at a provider: the gate takes the next files, a round decides what comes after."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.errors import Forbidden, InvalidInput
from medcontrol.model import (
    ControlOutcome,
    OutboxMessage,
    Probe,
    ProbeFile,
    ProbeRound,
    ProviderCase,
    ProviderCaseFile,
    ProviderLetter,
    SelectivityDecision,
)
from medcontrol.policy import Principal
from medcontrol.ports import FileFacts
from medcontrol.vocabulary import LetterStatus, Origin, ProbeStatus, Role
from selectivity.outcomes import probes
from selectivity.outcomes.probes import ProbeRunning, Wish
from selectivity.probing import PROBE_ROW
from tests.factories import NOW, TODAY, make_principal
from tests.flow_world import World, make_world, message, raw
from workflows.gate.probe_rounds import move_probe
from workflows.gate.single import take_in_one
from workflows.letters.provider import render, send
from workflows.tools import Tools

LINE = {"no": 1, "act": "KINE20", "quantity": "1", "amount": "100.00"}


@pytest.fixture
def analyst(db: Session) -> Principal:
    return make_principal(db, Role.ANALYST, "MA-CENTRAL")


@pytest.fixture
def world(db: Session, tools: Tools) -> World:
    return make_world(db, tools)


def wish(**changes: Any) -> Wish:
    plain: dict[str, Any] = {
        "provider_id": "P-9", "flow": "ambulatory", "acts": "kine", "sample_size": 20,
        "reason": "Segment.",
    }  # fmt: skip
    return Wish(**plain | changes)


def asked(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "flow": "ambulatory", "nature": "reimbursement", "medical": None, "form": None,
        "provider": {"id": "P-9", "kind": "paramedical", "name": "Cabinet des Orangers"},
        "lines": [LINE], "amount": "100.00", "currency": "MAD", "external_id": f"F-{number}",
        "care": {"from": "2026-11-02"}, "insured": {**message()["insured"],
        "registration_number": f"99912{number:04d}"}, **changes,
    }  # fmt: skip


def taken(world: World, number: int, **changes: Any) -> UUID:
    made = take_in_one(
        world.tools, raw(**asked(number, **changes)), source_name="test", now=world.now
    )
    assert made.received_file_id is not None
    return made.received_file_id


def probed(session: Session) -> list[ProbeFile]:
    session.expire_all()
    return list(session.exec(select(ProbeFile).order_by(col(ProbeFile.received_file_id))).all())


def ended(session: Session, *, hits: int, withdrawn: int = 0) -> None:
    """Let the controls of the open round end."""
    known = set(session.exec(select(ControlOutcome.received_file_id)).all())
    rows = [row for row in probed(session) if row.received_file_id not in known]
    for place, row in enumerate(rows):
        result = "refused" if place < hits else "conform"
        if place >= len(rows) - withdrawn:
            result = "withdrawn"
        session.add(
            ControlOutcome.model_validate(
                {"received_file_id": row.received_file_id, "jurisdiction": "ma", "result": result,
                 "amount_avoided_cents": 0, "decided_on": TODAY, "origins": ["mandatory"]}
            )
        )  # fmt: skip
    session.flush()


def test_the_gate_takes_the_next_files_of_the_service_and_no_more_than_the_sample(
    world: World, analyst: Principal
) -> None:
    before = taken(world, 1)
    probes.start(world.session, "ma", wish(), actor=analyst, now=NOW)
    other_act = taken(world, 2, lines=[{**LINE, "act": "B100"}])
    other_flow = taken(world, 3, flow="hospital", nature="invoice")
    other_provider = taken(world, 4, provider={"id": "P-8", "kind": "paramedical"})
    wanted = [taken(world, 10 + n) for n in range(20)]
    late = taken(world, 40)
    assert {row.received_file_id for row in probed(world.session)} == set(wanted)
    decision = world.session.get_one(SelectivityDecision, wanted[0])
    assert decision.lane.is_controlled
    assert PROBE_ROW.id in decision.matched_rows
    assert Origin.MANDATORY.value in decision.origins
    assert decision.inclusion_probability == pytest.approx(1.0)
    for file_id in (before, other_act, other_flow, other_provider, late):
        assert PROBE_ROW.id not in world.session.get_one(SelectivityDecision, file_id).matched_rows

    engine = world.tools.selectivity("ma", TODAY, world.session)
    facts = FileFacts(message(**asked(10)), TODAY, decision.features["region"])
    again = engine.replay(facts, decision.features, {})  # type: ignore[attr-defined]
    assert again.lane is decision.lane, "a replay comes to the same from the record"


def test_a_compliant_round_ends_the_probe_and_says_so(
    world: World, analyst: Principal, tools: Tools
) -> None:
    probe = probes.start(world.session, "ma", wish(), actor=analyst, now=NOW)
    for n in range(20):
        taken(world, n)
    assert move_probe(world.session, "Caisse", probe.id, now=NOW) is None, "controls still run"
    ended(world.session, hits=3)
    assert move_probe(world.session, "Caisse", probe.id, now=NOW) is ProbeStatus.COMPLIANT
    letter = world.session.exec(select(ProviderLetter)).one()
    assert (letter.context["controls"], letter.context["hits"]) == (20, 3)
    assert letter.context["next_on"] is None
    assert world.session.exec(select(ProviderCase)).first() is None


def test_rounds_go_on_until_the_last_one_hands_the_provider_up(
    world: World, analyst: Principal
) -> None:
    probe = probes.start(world.session, "ma", wish(max_rounds=2), actor=analyst, now=NOW)
    for n in range(20):
        taken(world, n)
    ended(world.session, hits=6)
    assert move_probe(world.session, "Caisse", probe.id, now=NOW) is ProbeStatus.EDUCATION
    assert taken(world, 50) not in {row.received_file_id for row in probed(world.session)}, (
        "between two rounds nothing is taken"
    )
    world.now = NOW + timedelta(days=probe.pause_days)
    later = world.now.isoformat()
    assert move_probe(world.session, "Caisse", probe.id, now=world.now) is ProbeStatus.SAMPLING
    for n in range(20):
        taken(world, 100 + n, received_at=later)
    ended(world.session, hits=6)
    assert move_probe(world.session, "Caisse", probe.id, now=world.now) is ProbeStatus.ESCALATED
    case = world.session.exec(select(ProviderCase)).one()
    assert (case.provider_id, case.origin) == ("P-9", "probe")
    assert world.session.exec(
        sa.select(sa.func.count()).select_from(ProviderCaseFile)
    ).scalar_one() == 40  # type: ignore[call-overload]  # fmt: skip
    assert len(world.session.exec(select(ProviderLetter)).all()) == 2
    assert world.session.get_one(Probe, probe.id).case_id == case.id


def test_a_request_that_was_taken_back_is_replaced_by_the_next_file(
    world: World, analyst: Principal
) -> None:
    probe = probes.start(world.session, "ma", wish(), actor=analyst, now=NOW)
    for n in range(20):
        taken(world, n)
    ended(world.session, hits=0, withdrawn=2)
    assert move_probe(world.session, "Caisse", probe.id, now=NOW) is None
    assert world.session.get_one(ProbeRound, (probe.id, 1)).taken == 18
    for n in range(5):
        taken(world, 60 + n)
    assert len(probed(world.session)) == 22


@pytest.mark.parametrize("language", ["fr", "ar"])
def test_the_letter_names_figures_and_motives_and_leaves_once(
    world: World, analyst: Principal, tools: Tools, language: str
) -> None:
    probe = probes.start(world.session, "ma", wish(language=language), actor=analyst, now=NOW)
    for n in range(20):
        taken(world, n)
    ended(world.session, hits=9)
    move_probe(world.session, "Caisse", probe.id, now=NOW)
    letter = world.session.exec(select(ProviderLetter)).one()
    assert letter.context["provider_name"] == "Cabinet des Orangers"
    assert "Alami" not in str(letter.context)
    assert render(letter, fonts=tools.fonts).startswith(b"%PDF")
    outbox = world.session.exec(
        select(OutboxMessage).where(OutboxMessage.topic == "provider_letters.send")
    ).one()
    sent: list[str] = []

    class Carrier:
        def send(self, *_: object, idempotency_key: str, **__: object) -> str:
            sent.append(idempotency_key)
            return "R-1"

    for _ in range(2):
        send(world.session, outbox.id, fonts=tools.fonts, documents=tools.documents,
             post=Carrier(), now=lambda: NOW)  # fmt: skip
    assert sent == [f"provider_letter:{letter.id}"]
    assert letter.status is LetterStatus.SENT


def test_a_probe_needs_an_analyst_a_reason_and_a_provider_that_is_not_under_probe(
    world: World, analyst: Principal
) -> None:
    session = world.session
    with pytest.raises(Forbidden):
        probes.start(session, "ma", wish(), actor=world.agent, now=NOW)
    wrong: dict[str, Any] = {
        "reason": " ", "sample_size": 19, "flow": "nope", "max_rounds": 4, "provider_id": "",
        "language": "de",
    }  # fmt: skip
    for field, value in wrong.items():
        with pytest.raises(InvalidInput) as refused:
            probes.start(session, "ma", wish(**{field: value}), actor=analyst, now=NOW)
        assert refused.value.field == field
    probes.start(session, "ma", wish(), actor=analyst, now=NOW)
    with pytest.raises(ProbeRunning):
        probes.start(session, "ma", wish(acts="KINE "), actor=analyst, now=NOW)
    whole = probes.start(session, "ma", wish(acts=None), actor=analyst, now=NOW)
    assert whole.acts is None
