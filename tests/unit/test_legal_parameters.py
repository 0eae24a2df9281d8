from datetime import date, time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from medcontrol.errors import ParameterNotInForce
from medcontrol.legal import ma
from medcontrol.legal.dated import Status, UnknownParameter
from medcontrol.legal.generate import (
    DOC_FILE,
    JURISDICTIONS,
    document,
    module_file,
    typed_module,
)
from medcontrol.legal.loading import ParameterFault, law, load_folder
from medcontrol.strict_yaml import YamlFault

TODAY = date(2026, 11, 20)
GOOD = """\
description: Time to answer
unit: calendar_day
values:
  2019-07-01: {value: 30, reference: {title: A text, href: "https://example.org/a"}}
  2024-01-01: {value: 15, reference: {title: Another, href: "https://example.org/b"}}
reviewed_on: 2026-02-01
"""


def one_file(folder: Path, text: str) -> Path:
    file = folder / "clocks" / "answer_days.yaml"
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    return folder


def test_every_value_of_the_first_edition_is_there_with_its_status():
    expected = {
        "clocks.pec_hospital_answer_working_hours": (48, Status.UNCONFIRMED),
        "clocks.pec_medicament_answer_hours": (48, Status.CNOPS),
        "clocks.ep_answer_days": (15, Status.FRANCE),
        "clocks.tacit_agreement": (False, Status.PROJECT_DEFAULT),
        "clocks.reimbursement_filing_days": (60, None),
        "clocks.provider_invoice_days": (90, None),
        "clocks.ijm_notice_days": (30, None),
        "clocks.ijm_claim_months": (6, None),
        "clocks.ijm_waiting_days": (3, None),
        "clocks.ijm_max_weeks": (52, None),
        "clocks.ijm_max_weeks_within_months": (24, None),
        "clocks.pi_claim_months_for_retroactivity": (6, None),
        "clocks.convocation_notice_days": (15, Status.TUNISIA),
        "clocks.complement_days": (30, Status.PROJECT_DEFAULT),
        "clocks.appeal_file_days": (60, Status.FRANCE),
        "clocks.appeal_decision_days": (60, Status.TUNISIA),
        "clocks.expertise_exam_days": (5, Status.FRANCE),
        "clocks.expertise_report_days": (30, Status.FRANCE),
        "ijm.contrib_days": (54, None),
        "ijm.in_months": (6, None),
        "ijm.rate": (Fraction(2, 3), None),
        "ijm.reopen_days": (6, None),
        "pi.contrib_days": (1080, None),
        "pi.last12m": (108, None),
        "pi.base": (Decimal("0.50"), None),
        "pi.step": (Decimal("0.01"), None),
        "pi.step_days": (216, None),
        "pi.cap": (Decimal("0.70"), None),
        "pi.third_person": (Decimal("0.10"), None),
        "ald.default_validity_months": (5 * 12, Status.CNOPS),
        "ald.renewal_open_days_before": (90, Status.PROJECT_DEFAULT),
        "psh.card_years": (7, None),
        "dental.prosthesis_ceiling_cents": (300_000, None),
        "dental.window_months": (24, None),
        "dental.odf_max_age": (16, None),
        "quality.random": (Decimal("0.05"), Status.PROJECT_DEFAULT),
        "quality.refusals": (Decimal("0.10"), Status.PROJECT_DEFAULT),
        "quality.newcomer_share": (Decimal("0.20"), Status.PROJECT_DEFAULT),
        "quality.newcomer_months": (3, Status.PROJECT_DEFAULT),
    }
    ours = law("ma").at(date(2002, 11, 21))

    assert {p: (ours.value(p).value, ours.value(p).status) for p in expected} == expected


def test_every_parameter_has_a_source_and_can_be_asked_from_law_65_00_on():
    for path in law("ma").paths:
        value = law("ma").parameter(path).at(date(2002, 11, 21))

        assert value.reference.title
        assert value.reference.href or value.status in (
            Status.PROJECT_DEFAULT,
            Status.UNCONFIRMED,
        )


def test_typed_access_gives_value_start_date_and_path():
    value = ma.clocks.complement_days.at(TODAY)

    assert (value.value, value.path) == (30, "clocks.complement_days")
    assert value.facts() == {
        "path": "clocks.complement_days",
        "since": "2002-11-21",
        "value": "30",
    }
    assert ma.working_time.opens_at.at(TODAY).value == time(8, 30)
    assert ma.clocks.tacit_agreement.at(TODAY).value is False


def test_a_day_before_the_first_start_date_is_refused_by_name():
    with pytest.raises(ParameterNotInForce, match=r"ald\.default_validity_months.*2002-11-20") as e:
        law("ma").number("ald.default_validity_months", date(2002, 11, 20))

    assert e.value.field == "ald.default_validity_months"


@pytest.mark.parametrize(
    "path", ["clocks.nothing", "clocks", "", "pi.base", "working_time.opens_at"]
)
def test_an_unknown_path_or_one_of_another_kind_is_refused(path):
    with pytest.raises(UnknownParameter):
        law("ma").number(path, TODAY)


@pytest.mark.parametrize("jurisdiction", ["fr", "", "../ma", "."])
def test_a_jurisdiction_without_law_is_refused(jurisdiction):
    with pytest.raises(UnknownParameter):
        law(jurisdiction)


def test_a_folder_is_read_with_its_path_as_name_and_dates_in_order(tmp_path):
    parameter = load_folder(one_file(tmp_path, GOOD)).whole("clocks.answer_days")

    assert parameter.at(date(2023, 12, 31)).value == 30
    assert parameter.at(date(2024, 1, 1)).value == 15
    assert parameter.reviewed_on == date(2026, 2, 1)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("value: 30", "value: 30.5", "in quotes"),
        ("value: 30", "value: '30'", "not a whole"),
        ("value: 30", "value: true", "not a whole"),
        ("value: 30, ", "", "lacks: value"),
        ("calendar_day", "fortnight", "units.yaml"),
        ("calendar_day", "share", "not a decimal"),
        ("2024-01-01", "2019-07-01", "stands twice"),
        ("2024-01-01", "2024-02-30", "not a date"),
        ("2024-01-01", "2024-W01-1", "not a date"),
        ("2024-01-01", "soon", "not a date"),
        (', href: "https://example.org/a"', "", "needs an href"),
        ("https://example.org/a", "javascript:a", "web address"),
        ("title: A text", "title: ''", "must be a text"),
        ("reviewed_on: 2026-02-01", "", "lacks: reviewed_on"),
        ("unit:", "unti:", "unknown members: unti"),
        ("description: Time to answer", "description: [1]", "description must be a text"),
    ],
)
def test_a_fault_in_a_file_is_named_with_the_file(tmp_path, old, new, says):
    assert old in GOOD
    folder = one_file(tmp_path, GOOD.replace(old, new))

    with pytest.raises((ParameterFault, YamlFault), match=says) as refusal:
        load_folder(folder)

    assert "answer_days.yaml" in str(refusal.value)


def test_an_empty_file_and_one_without_dates_are_refused(tmp_path):
    folder = one_file(tmp_path, "")
    with pytest.raises(ParameterFault, match="must be a mapping"):
        load_folder(folder)

    (folder / "clocks" / "answer_days.yaml").write_text(
        GOOD.split("values")[0] + "values: {}\nreviewed_on: 2026-02-01\n"
    )
    with pytest.raises(ParameterFault, match="at least one start date"):
        load_folder(folder)


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_the_typed_module_is_up_to_date(jurisdiction: str):
    written = module_file(jurisdiction).read_text(encoding="utf-8")

    assert written == typed_module(jurisdiction), "run: python -m medcontrol.legal"


@pytest.mark.parametrize("jurisdiction", JURISDICTIONS)
def test_the_document_lists_every_parameter_as_it_is(jurisdiction: str):
    text = DOC_FILE.read_text(encoding="utf-8")

    assert text == document(text, jurisdiction), "run: python -m medcontrol.legal"
    assert all(f"`{path}`" in text for path in law(jurisdiction).paths)


def test_a_value_that_the_law_ended_holds_to_its_last_day():
    ceiling = law("lu").whole("aev.weekly_ceiling_minutes")

    assert ceiling.at(date(2017, 12, 31)).value == 1470
    with pytest.raises(ParameterNotInForce, match="ended on 2017-12-31"):
        ceiling.at(date(2018, 1, 1))
