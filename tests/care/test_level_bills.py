"""Bills by level of need on the real database: late levels, a provider's year, letters."""

from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol.crypto import KeyRing
from medcontrol.model import CareLevel, CareProviderYear, ControlFile, Letter
from medcontrol.services.care_bills import find_bill, last_check, result_of
from medcontrol.services.care_years import years
from medcontrol.services.reference import load_reference_data
from medcontrol.vocabulary import DecisionOutcome
from tests.care_world import NOW, PERSON, PROVIDER, answer
from tests.flow_world import World
from workflows.care.controls import open_controls
from workflows.care.lines import Recorded, record_lines
from workflows.steps.computed_refusals import ComputedRefusal

LEVEL = {"level": {"registration_number": PERSON, "from": "2018-01-01", "level": 5}}


def send(keys: KeyRing, *lines: dict[str, Any], explain: bool = False) -> Recorded:
    found = record_lines(keys, [orjson.dumps(each) for each in lines], now=NOW, explain=explain)
    assert found.faults == []
    return found


def bill(
    number: str = "F-1", level: int = 5, missed: int = 0, executed: int = 3000, **more: Any
) -> dict[str, Any]:
    act = {"code": "AEVH", "planned": executed + missed, "executed": executed,
           "not_executed": missed}  # fmt: skip
    month = more.get("month", "2019-03")
    period = {"from": f"{month}-01", "to": f"{month}-28", "level": level, "acts": [act]}
    return {"bill": {
        "registration_number": PERSON, "family_name": "Weber", "given_name": "Anne",
        "birth_date": "1938-04-02", "agency": "AEC-LUX", "provider_id": PROVIDER,
        "provider_name": "Réseau d’essai", "number": number, "month": month,
        "periods": [period], **more,
    }}  # fmt: skip


@pytest.fixture
def known(db: Session) -> Session:
    load_reference_data(db, "lu")
    return db


def test_a_level_changed_back_in_time_works_the_bill_out_again(
    known: Session, keys: KeyRing
) -> None:
    send(keys, LEVEL, bill())
    back_dated = LEVEL["level"] | {"from": "2019-03-15", "level": 4}

    found = send(keys, {"level": back_dated}, explain=True)

    assert (found.rechecked, found.difference_minutes) == (1, -280)  # (840 − 700) × 14/7
    [(_, result)] = found.checks
    assert (result["payable"], result["difference"], result["cause"]) == (3080, -280, "level")
    formulas = [step["text"] for step in result["periods"][0]["steps"]]
    assert "Forfait_dû = min(840 ; 840) × 14/7 + min(840 ; 700) × 14/7 = 3080" in formulas
    kept = known.exec(select(CareLevel)).all()
    assert sorted((row.valid_from.day, row.replaced_at is None) for row in kept) == [
        (1, False), (1, True), (15, True),
    ]  # fmt: skip
    assert send(keys, {"level": back_dated}).rechecked == 0  # the same again changes nothing


def test_a_provider_s_own_part_counts_before_the_need(known: Session, keys: KeyRing) -> None:
    own = LEVEL["level"] | {"provider_id": PROVIDER, "level": 0}

    found = send(keys, LEVEL, {"level": own}, bill(), explain=True)

    assert found.checks[0][1]["payable"] == 500  # 125 × 28/7
    assert found.checks[0][1]["signs"] == ["cut_over_level"]


def test_two_providers_paid_for_the_whole_need_are_a_sign(known: Session, keys: KeyRing) -> None:
    found = send(keys, LEVEL, bill(), bill("G-1", provider_id="ZZ-900002"), explain=True)

    assert [result["signs"] for _, result in found.checks] == [[], ["providers_together"]]


def test_a_year_of_care_not_executed_is_summed_and_the_excess_paid_back(
    known: Session, keys: KeyRing
) -> None:
    send(keys, LEVEL)
    send(keys, bill("F-1", missed=50))  # 50 of 3000: within 2 per cent of the year
    first = send(keys, bill("F-2", missed=400, month="2019-04"), explain=True)

    # 300 of the 400 are due by the month; 350 of 6000 minutes in the year, of which 120 stay.
    [year] = years(known, 2019)
    assert (year["executed"], year["not_executed"], year["limit"]) == ("6000", "350", "120")
    assert year["to_pay_back"] == "230"
    assert year["steps"] == [
        "NonExécuté_max = 6000 × 2/100 = 120", "À restituer = max(0 ; 350 − 120) = 230",
    ]  # fmt: skip
    assert [(basis["path"], basis["since"]) for basis in year["law"]] == [
        ("non_executed.year_percent", "2010-01-01")
    ]
    assert "not_executed_year" in first.checks[0][1]["signs"]

    send(keys, bill("F-3", missed=0, month="2019-04"))  # a correction takes the bill's place
    [after] = years(known, 2019)
    assert (after["executed"], after["not_executed"]) == ("6000", "50")
    assert after["to_pay_back"] == "0"
    assert years(known, 2020) == []


def test_no_level_nor_act_lies_in_the_clear(known: Session, keys: KeyRing) -> None:
    send(keys, LEVEL, bill(executed=4242, missed=137))

    for table in ("care_level", "care_bill", "care_bill_check"):
        rows = known.execute(sa.text(f"SELECT to_jsonb(t) FROM {table} t")).scalars().all()  # noqa: S608 - tables of ours
        assert rows
        for row in rows:
            in_clear = {n: v for n, v in row.items() if n not in {"level", "periods", "result"}}
            assert not {"4242", "137"} & {str(value) for value in in_clear.values()}
            assert b"4242".hex() not in str(row)
    [counted] = known.exec(select(CareProviderYear)).all()
    assert (counted.executed, counted.not_executed_hundredths) == (4242, 13_700)


def controlled(world: World) -> ControlFile:
    assert open_controls(world.tools, now=lambda: NOW).opened == 1
    assert open_controls(world.tools, now=lambda: NOW).opened == 0
    return world.session.exec(select(ControlFile)).one()


def letter(world: World, code: str) -> dict[str, Any]:
    row = world.session.exec(select(Letter).where(Letter.code == code)).one()
    assert row.recipient == "provider"
    found: dict[str, Any] = row.context["calculation"]
    return found


def test_care_not_executed_without_documents_is_controlled_and_asked_back(
    world: World,
) -> None:
    send(world.tools.keys, LEVEL, bill(missed=600))
    file = controlled(world)
    assert file.nature == "rule"
    answer(world, file)

    world.end(file, "refused_medical", motive_code="care.need_not_shown", reasoning="Rien.")
    world.end(file, "signed")

    said = letter(world, "overrun_recovered")
    assert (said["paid"], said["disputed"], said["kept"], said["recovered"]) == (3080, 280, 0, 280)
    lines = [line["text"] for line in said["lines"]]
    assert "NonExécuté_dû = min(600 ; 300) = 300" in lines
    assert lines[-2:] == ["Contesté = 3080 − 2800 = 280", "À récupérer = 280 − 0 = 280"]
    assert said["periods"][0]["cuts"] == [
        {"minutes": "280", "why": "actes non exécutés au-delà de la limite"}
    ]
    law = {row["label"]: (row["value"], row["since"]) for row in said["law"]}
    assert law["Actes non exécutés : part du mois (%)"] == ("10", "2010-01-01")
    assert law["Forfait hebdomadaire du niveau 5"] == ("840", "2018-01-01")


@pytest.mark.parametrize(("kept", "recovered"), [(100, 300), (9999, 0)])
def test_a_letter_says_which_disputed_minutes_are_kept(
    world: World,
    kept: int,
    recovered: int,
) -> None:
    plan = {"registration_number": PERSON, "provider_id": PROVIDER, "from": "2017-01-01",
            "acts": [{"code": "AEVH", "minutes": "700"}]}  # fmt: skip
    stay = {"registration_number": PERSON, "admission": "2017-02-10",
            "discharge": "2017-02-20", "acute": True, "source": "hospital"}  # fmt: skip
    period = {"from": "2017-03-01", "to": "2017-03-31", "minutes": "3500"}
    send(world.tools.keys, {"plan": plan}, {"stay": stay},
         bill(month="2017-03", periods=[period]))  # fmt: skip
    file = controlled(world)
    answer(world, file)

    with pytest.raises(ComputedRefusal) as refused:
        world.end(file, "partially_granted", motive_code="care.need_not_shown", reasoning="Oui.")
    assert refused.value.field == "form.minutes_kept"
    world.end(file, "partially_granted", motive_code="care.need_not_shown", reasoning="En partie.",
              form={"minutes_kept": kept})  # fmt: skip
    world.end(file, "signed")

    said = letter(world, "overrun_recovered")
    assert (said["paid"], said["disputed"], said["recovered"]) == (3500, 400, recovered)
    texts = [line["text"] for line in said["periods"][0]["lines"]]
    assert "D = max(0 ; min(210 ; 1470 − 700)) = 210" in texts
    assert "Accepté = min(3500 ; 3100 + 930) = 3500" in texts
    assert said["plan"][0]["text"] == "DAEV_P = 700 × 1 × 1 = 700"
    assert {row["since"] for row in said["law"]} == {"2007-01-01"}


def test_an_overrun_that_is_kept_costs_nothing(world: World) -> None:
    send(world.tools.keys, LEVEL, bill(missed=600))
    file = controlled(world)
    answer(world, file)
    world.end(file, "granted", reasoning="Absences documentées.")
    world.end(file, "signed")

    said = letter(world, "overrun_kept")
    assert file.outcome is DecisionOutcome.GRANTED
    assert (said["kept"], said["recovered"]) == (280, 0)


def test_a_documented_bill_within_its_limits_waits_for_the_draw(
    known: Session, keys: KeyRing
) -> None:
    send(keys, LEVEL, bill(documented=True, missed=30))

    row = find_bill(known, PROVIDER, "F-1")
    result = result_of(known, keys, last_check(known, row.id).id)

    assert result["signs"] == ["not_executed"]
    assert result["year"]["to_pay_back"] == "0"
