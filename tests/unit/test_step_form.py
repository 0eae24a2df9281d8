"""The form of a step: what is drawn from a pack, and what is read back."""

from typing import Any

from starlette.datastructures import QueryParams

from ui.amounts import cents_of
from ui.pages.doctor.step_form import StepForm
from workflows.definition.schema import Fact
from workflows.definition.steps import Step

LABEL = {"fr": "Libellé", "ar": "عنوان", "en": "Label"}
YES = {"fr": "Oui", "ar": "نعم", "en": "Yes"}
SCHEMA = {
    "properties": {
        "teeth": {"type": "array", "items": {"type": "string", "enum": ["11", "12", "85"]}},
        "daily": {"type": "object"},
        "criteria": {"type": "object"},
        "pathology": {"type": "string"},
        "price": {"type": "integer"},
        "days": {"type": "integer"},
        "implants": {
            "type": "array",
            "items": {"properties": {"code": {"type": "string"}, "price": {"type": "integer"}}},
        },
        "abroad": {"type": "boolean"},
    }
}
DISPLAY: dict[str, Any] = {
    "fields": [
        {"name": "pathology", "widget": "pathology", "label": LABEL},
        {"name": "criteria", "widget": "criteria", "label": LABEL},
        {"name": "teeth", "widget": "teeth", "label": LABEL, "section": {"fr": "Bouche"}},
        {"name": "daily", "widget": "grid", "label": LABEL,
         "rows": {"feeding": LABEL, "washing": LABEL}, "options": {"alone": YES, "helped": LABEL}},
        {"name": "price", "widget": "money", "label": LABEL},
        {"name": "days", "widget": "number", "label": LABEL},
        {"name": "implants", "widget": "rows", "label": LABEL, "columns": [
            {"name": "code", "widget": "text", "label": LABEL},
            {"name": "price", "widget": "money", "label": LABEL}]},
        {"name": "abroad", "widget": "checkbox", "label": LABEL, "natures": ["a_posteriori"]},
    ]
}  # fmt: skip
STEP = Step.model_validate(
    {
        "titles": LABEL, "kind": "control_on_file", "status": "awaiting_control",
        "roles": ["doctor"], "points": 5, "form": "own", "outcomes": ["granted"],
        "gives": ["days", "costly"],
    }
)  # fmt: skip
FACTS = {
    "days": Fact(type="integer", default=0),
    "costly": Fact(type="boolean", default=False),
}


def form(typed: str = "", nature: str = "first") -> StepForm:
    return StepForm(
        (SCHEMA, DISPLAY), STEP, jurisdiction="ma", nature=nature, language="fr",
        sent=QueryParams(typed),
    )  # fmt: skip


def test_every_widget_is_read_back_as_its_schema_wants_it() -> None:
    typed = (
        "form-teeth=12&form-teeth=85&form-daily.feeding=alone&form-price=1 250,50&form-days=12"
        "&form-implants.0.code=A1&form-implants.0.price=10&form-implants.2.code=B2"
        "&form-costly=yes"
    )

    answers, facts, errors = form(typed).answers(FACTS)

    assert answers == {
        "teeth": ["12", "85"],
        "daily": {"feeding": "alone"},
        "price": 125_050,
        "days": 12,
        "implants": [{"code": "A1", "price": 1000}, {"code": "B2"}],
    }
    assert facts == {"days": 12, "costly": True}
    assert errors == []


def test_what_cannot_be_read_names_its_question_and_gives_no_answer() -> None:
    typed = "form-teeth=99&form-daily.feeding=flying&form-price=free&form-implants.0.price=x"

    answers, _, errors = form(typed).answers(FACTS)

    assert {name for name, _ in errors} == {
        "form-teeth", "form-daily", "form-price", "form-implants",
    }  # fmt: skip
    assert "price" not in answers


def test_questions_of_another_nature_are_not_asked_nor_answered() -> None:
    assert "abroad" not in {each.name for each in form().fields(FACTS)}

    answers, _, _ = form("form-abroad=1", "a_posteriori").answers(FACTS)
    assert answers == {"abroad": True}
    assert form("form-abroad=1").answers(FACTS)[0] == {}


def test_the_criteria_are_those_of_the_illness_that_was_chosen() -> None:
    fields = {each.name: each for each in form("form-pathology=9").fields(FACTS)}
    chosen = fields["criteria"]

    assert len(chosen.rows) >= 3
    assert chosen.drawn != form().fields(FACTS)[1].drawn
    code = chosen.rows[0][0]
    answers, _, _ = form(f"form-pathology=9&form-criteria.{code}=met").answers(FACTS)
    assert answers["criteria"] == {code: "met"}


def test_a_table_offers_free_rows_below_those_that_were_filled() -> None:
    table = {each.name: each for each in form("form-implants.3.code=X").fields(FACTS)}["implants"]
    assert list(table.row_numbers) == [0, 1, 2, 3, 4, 5]


def test_amounts_are_read_as_people_write_them() -> None:
    assert cents_of("3 000") == 300_000
    assert cents_of("12.5") == 1250
    assert cents_of("1,234,5") is None
    assert cents_of("-3") is None
