"""What an operator, a client or a lawyer may look up stands in the documents."""

import re

from tests.architecture import reference
from tests.architecture.source import ROOT, files

STALE = "docs are out of date: run `make reference` and commit what it wrote"
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#\s]+)")


def test_the_reference_is_what_the_code_says() -> None:
    assert reference.TARGET.read_text("utf-8") == reference.text(), STALE


def test_the_schema_of_letters_is_what_templates_get() -> None:
    assert reference.LETTER_SCHEMA.read_text("utf-8") == reference.letter_schema(), STALE


def test_every_setting_refusal_and_job_has_a_sentence() -> None:
    rows = [*reference.settings(), *reference.errors(), *reference.tasks()]

    assert not [row[0] for row in rows if not row[-1].strip()], "say what it is, in its docstring"


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for path in files():
        if path.suffix == ".md":
            text = (ROOT / path).read_text("utf-8")
            broken += [
                f"{path}: {target}"
                for target in LINK.findall(text)
                if not (ROOT / path.parent / target).exists()
            ]

    assert not broken


def test_what_the_deployment_sets_is_a_setting() -> None:
    known = {row[0].strip("`") for row in reference.settings()}
    deployed = [path for path in files() if path.parts[0] == "deploy"]
    named = {
        name
        for path in deployed
        for name in re.findall(r"MEDCONTROL_[A-Z_]+[A-Z]", (ROOT / path).read_text("utf-8"))
    }

    assert named
    assert named <= known
