"""A small fund of Luxembourg, and a person in its care: plan, stay, bill, right, requests."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from sqlmodel import Session

from medcontrol.model import ControlFile, Entitlement
from medcontrol.services.reference import load_reference_data
from medcontrol.vocabulary import ControlLevel, DocumentClass, Role
from tests.factories import make_doctor, make_principal
from tests.flow_world import World
from workflows.care.lines import record_lines
from workflows.commands import NewDocument, add_documents
from workflows.tools import Tools

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
FLOWS = ("care_reassessment", "fluctuation_control")
PERSON, PROVIDER = "1938040212345", "ZZ-900001"
ANNE = {"registration_number": PERSON, "family_name": "Weber", "given_name": "Anne",
        "birth_date": "1938-04-02"}  # fmt: skip
BELOW = {"motive_code": "care.below_threshold", "reasoning": "Sous le seuil."}
PLAN = {"plan": {"registration_number": PERSON, "provider_id": PROVIDER, "from": "2017-01-01",
                 "acts": [{"code": "AEVH", "minutes": "700"}]}}  # fmt: skip
STAY = {"stay": {"registration_number": PERSON, "admission": "2017-02-10",
                 "discharge": "2017-02-20", "acute": True, "source": "hospital"}}  # fmt: skip


def make_care_world(db: Session, tools: Tools) -> World:
    """Two evaluators and a doctor of the fund, in Luxembourg."""
    load_reference_data(db, "lu")
    near = make_doctor(db, flows=FLOWS, unit_code="AEC-LUX", minutes=480)
    second = make_doctor(
        db, flows=FLOWS, unit_code="LU-CENTRAL", level=ControlLevel.CENTRAL, minutes=480
    )
    third = make_doctor(
        db, flows=FLOWS, unit_code="LU-CENTRAL", level=ControlLevel.CENTRAL, minutes=480
    )
    people = {
        near.id: make_principal(db, Role.DOCTOR, "AEC-LUX", near),
        second.id: make_principal(db, Role.CENTRAL_DOCTOR, "LU-CENTRAL", second),
        third.id: make_principal(db, Role.CENTRAL_DOCTOR, "LU-CENTRAL", third),
    }
    agent = make_principal(db, Role.AGENT, "AEC-LUX")
    return World(db, tools, near, second, third, people, agent, NOW)


def bill(number: str = "F-1", minutes: str = "3500", **more: Any) -> dict[str, Any]:
    return {"bill": {
        "registration_number": PERSON, "family_name": "Weber", "given_name": "Anne",
        "birth_date": "1938-04-02", "agency": "AEC-LUX", "provider_id": PROVIDER,
        "provider_name": "Réseau d’essai", "number": number, "month": "2017-03",
        "periods": [{"from": "2017-03-01", "to": "2017-03-31", "minutes": minutes}], **more,
    }}  # fmt: skip


def send(world: World, *lines: dict[str, Any], at: datetime = NOW) -> Any:
    return record_lines(world.tools.keys, [orjson.dumps(line) for line in lines], now=at)


def answer(world: World, file: ControlFile) -> None:
    """Let the provider, or whoever objects, send something."""
    document = NewDocument(kind="reasons", title="Réponse", content=b"%PDF-1.4 x",
                           document_class=DocumentClass.MEDICAL)  # fmt: skip
    add_documents(world.session, world.tools, file.id, [document], by=world.agent, now=NOW)
    world.session.refresh(file)


def right(world: World, code: str, opens_on: date) -> Entitlement:
    row = Entitlement.model_validate({
        "number": f"AD-2024-{code}", "jurisdiction": "lu", "flow": "care_reassessment",
        "right_code": code, "registration_number": PERSON, "family_name": "Weber",
        "given_name": "Anne", "birth_date": date(1938, 4, 2), "agency_code": "AEC-LUX",
        "valid_from": date(2024, 12, 1), "next_review_on": date(2026, 12, 1),
        "opens_on": opens_on, "granted_at": NOW - timedelta(days=740),
    })  # fmt: skip
    world.session.add(row)
    world.session.flush()
    return row


def request(world: World, number: str, at: datetime, **form: Any) -> ControlFile:
    """Let the person ask for a reassessment."""
    world.now = at
    taken = world.take(
        external_id=number, received_at=at.isoformat(), jurisdiction="lu",
        scheme="long_term_care", flow="care_reassessment", nature="requested", agency="AEC-LUX",
        insured=ANNE, medical=None, form={"benefit": "mixed", "has_carer": True} | form,
    )  # fmt: skip
    return world.file(taken)


def refused(world: World, at: datetime = NOW) -> ControlFile:
    """Let a request end below the threshold, its letter written; an objection is possible."""
    file = request(world, f"R-{at.date()}", at)
    world.walk(file, "complete", "assessed", ("refused_medical", BELOW), "signed")
    return file


def report(world: World, file: ControlFile, kind: str = "medical_report") -> None:
    document = NewDocument(kind=kind, title="Rapport", content=b"%PDF-1.4 x",
                           document_class=DocumentClass.MEDICAL)  # fmt: skip
    add_documents(world.session, world.tools, file.id, [document], by=world.agent, now=world.now)
    world.session.refresh(file)
