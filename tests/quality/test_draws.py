"""The draw of second readings: keyed, by stratum, verifiable, as often as the law says."""

import re
from datetime import date, datetime, timedelta
from math import sqrt
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from medcontrol.errors import InvalidInput, NotFound
from medcontrol.ids import new_id
from medcontrol.model import Decision, Doctor, Opinion, SecondReading
from medcontrol.rules.agreement import Pair, agreement
from medcontrol.vocabulary import DecisionOutcome
from tests.factories import NOW, make_control_file, make_doctor
from tests.fixed_keys import fixed_keys
from workflows.linked.quality_check import verify_campaign
from workflows.linked.quality_draws import Decided, draw, draw_campaign, draws, fitting
from workflows.tools import Tools

CAMPAIGN = "2026-11"


def decided(**changes: object) -> Decided:
    return Decided(
        **{
            "decision_id": new_id(), "control_file_id": new_id(), "jurisdiction": "ma",
            "flow": "ald", "region_code": "MA-06", "level": "local",
            "outcome": DecisionOutcome.GRANTED, "decided_on": date(2026, 11, 20),
            "author": new_id(), "practises_since": date(2020, 1, 1), **changes,
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "stratum", "rate"),
    [
        ({}, "all", 500),
        ({"outcome": DecisionOutcome.REFUSED_MEDICAL}, "refusal", 1000),
        ({"practises_since": date(2026, 9, 1)}, "newcomer", 2000),
        ({"practises_since": date(2026, 8, 20)}, "all", 500),
        ({"flow": "care_abroad", "outcome": DecisionOutcome.REFUSED_MEDICAL},
         "care_abroad_refusal", 10_000),
        ({"flow": "care_abroad"}, "all", 500),
        ({"flow": "invalidity", "facts": frozenset({"third_person_aid"})}, "third_person", 10_000),
        ({"flow": "invalidity"}, "all", 500),
    ],
)  # fmt: skip
def test_a_decision_belongs_to_the_most_drawn_stratum_that_fits(
    changes: dict[str, object], stratum: str, rate: int
) -> None:
    found = fitting(decided(**changes))

    assert found is not None
    assert (found[0].code, found[1]) == (stratum, rate)


def test_each_rate_is_kept_within_three_sigma_and_a_higher_one_keeps_every_lower_draw() -> None:
    # One key and one set of files: fresh ones stray beyond three sigma once in two hundred runs.
    made, keys = draws(fixed_keys()), 6_000
    cases = [decided(control_file_id=UUID(int=n)) for n in range(keys)]
    refused = [
        Decided(**{**_fields(each), "outcome": DecisionOutcome.REFUSED_MEDICAL}) for each in cases
    ]

    drawn = {each.control_file_id for each in cases if draw(made, each)}
    more = {each.control_file_id for each in refused if draw(made, each)}

    for found, rate in ((drawn, 0.05), (more, 0.10)):
        assert abs(len(found) - keys * rate) < 3 * sqrt(keys * rate * (1 - rate))
    assert drawn < more


def _fields(each: Decided) -> dict[str, object]:
    return {name: getattr(each, name) for name in Decided.__dataclass_fields__}


def decide(
    session: Session, doctor: Doctor, outcome: DecisionOutcome, at: datetime, file_id: UUID
) -> Decision:
    """A decision as an import leaves it: without a draw."""
    file = make_control_file(session, id=file_id)
    opinion = Opinion(
        control_file_id=file.id, human_task_id=new_id(), doctor_id=doctor.id,
        step="control_on_file", outcome=outcome.value, given_at=at, is_proposal=True,
    )  # fmt: skip
    row = Decision(
        control_file_id=file.id, opinion_id=opinion.id, outcome=outcome, decided_at=at,
        decided_with={},
    )  # fmt: skip
    session.add_all([opinion, row])
    session.flush()
    return row


@pytest.fixture
def month(db: Session, tools: Tools) -> list[Decision]:
    """Refusals and agreements of November, drawn; the draw is over the ids of their files."""
    doctor = make_doctor(db)
    kinds = (DecisionOutcome.GRANTED, DecisionOutcome.REFUSED_MEDICAL)
    made = [
        decide(db, doctor, kinds[n % 2], NOW - timedelta(hours=n), UUID(int=n)) for n in range(120)
    ]
    draw_campaign(db, tools.keys, "ma", CAMPAIGN, now=NOW)
    return made


def verified(session: Session, tools: Tools) -> list[str]:
    return [each.fault for each in verify_campaign(session, tools.keys, "ma", CAMPAIGN)[2]]


def test_a_month_is_drawn_once_and_can_be_drawn_again_by_who_holds_the_key(
    db: Session, tools: Tools, month: list[Decision]
) -> None:
    again = draw_campaign(db, tools.keys, "ma", CAMPAIGN, now=NOW)

    count, stored, wrong = verify_campaign(db, tools.keys, "ma", CAMPAIGN)
    assert (again.new, again.decisions, count) == (0, 120, 120)
    assert stored == again.drawn > 0
    assert wrong == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE second_reading SET draw = decode('0000000000000001', 'hex')", "not its own"),
        ("UPDATE second_reading SET rate = rate + 1", "not all at|not refusal at|stratum"),
        ("DELETE FROM second_reading", "left out"),
    ],
)
def test_whatever_is_changed_in_a_draw_is_found(
    db: Session, tools: Tools, month: list[Decision], change: str, fault: str
) -> None:
    one = db.exec(select(SecondReading.id).order_by(col(SecondReading.decision_id))).first()
    kept = " WHERE id = :id"
    db.execute(sa.text(change + kept), {"id": one})
    db.expire_all()

    assert [bool(re.search(fault, each)) for each in verified(db, tools)] == [True]


def test_a_reading_that_nobody_drew_is_found(
    db: Session, tools: Tools, month: list[Decision]
) -> None:
    known = set(db.exec(select(SecondReading.decision_id)).all())
    free = next(each for each in month if each.id not in known)
    row = db.exec(select(SecondReading).order_by(col(SecondReading.decision_id))).first()
    assert row is not None
    values = row.model_dump() | {"id": new_id(), "decision_id": free.id,
                                 "control_file_id": free.control_file_id}  # fmt: skip
    db.execute(sa.insert(SecondReading), [values])

    assert verified(db, tools) == ["drawn, though it is not its turn"]


def test_a_month_without_a_draw_says_so(db: Session, tools: Tools) -> None:
    with pytest.raises(NotFound):
        verify_campaign(db, tools.keys, "ma", "2026-10")
    with pytest.raises(InvalidInput):
        draw_campaign(db, tools.keys, "ma", "2026-13", now=NOW)


def test_kappa_is_cohens_and_says_how_sure_it_is() -> None:
    # The example of Fleiss, Cohen and Everitt (1969), 200 pairs: kappa 0.429, standard error 0.054.
    table = {("a", "a"): 106, ("a", "b"): 10, ("a", "c"): 4, ("b", "a"): 22, ("b", "b"): 28,
             ("b", "c"): 10, ("c", "a"): 2, ("c", "b"): 12, ("c", "c"): 6}  # fmt: skip
    pairs = [Pair(*key) for key, count in table.items() for _ in range(count)]

    found = agreement(pairs)

    assert found is not None
    assert found.kappa == pytest.approx(0.429, abs=0.001)
    assert found.low is not None
    assert (found.kappa or 0) - found.low == pytest.approx(1.96 * 0.054, abs=0.003)
    assert found.rate == pytest.approx(0.70)
    weighted = agreement([Pair(one.first, one.second, 20.0) for one in pairs])
    assert weighted is not None
    assert weighted.kappa == pytest.approx(found.kappa)
    assert agreement(pairs[:29], fewest=30) is None
    alike = agreement([Pair("a", "a")] * 40)
    assert alike is not None
    assert alike.kappa is None
