"""`packs check` finds what is wrong with a pack that someone edited by hand."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from medcontrol.errors import InvalidInput
from workflows.definition.catalog import LOCK, PACKS, Catalog, catalog, read_lock, write_lock
from workflows.definition.checks import check
from workflows.definition.scenarios import load, play

FONTS = [Path(__file__).parents[2] / "ui/static/vendor/fonts"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with the ALD pack alone, to edit."""
    root = tmp_path / "packs"
    for part in ("ma/ald", "ma/_common"):
        shutil.copytree(PACKS / part, root / part)
    return root


def edit(root: Path, file: str, old: str, new: str) -> None:
    path = root / "ma" / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def found(root: Path) -> list[tuple[str, str]]:
    return [(problem.where, problem.what) for problem in check(Catalog(root), fonts=FONTS)]


def test_the_packs_that_ship_have_no_problem_and_are_all_released() -> None:
    assert check(catalog(), fonts=FONTS) == []
    assert read_lock() == {pack.key: pack.digest for pack in catalog()}


BREAKS: dict[str, tuple[str, str, str, str, str]] = {
    "undeclared fact": (
        "ald/1/flow.bpmn",
        "lane == ",
        "colour == ",
        "which_control_to_appointment",
        "reads 'colour', which is not a declared fact",
    ),
    "python in a condition": (
        "ald/1/flow.bpmn",
        'nature == "renewal"',
        "nature.strip()",
        "right_after_no_show_to_suspend_right_no_show",
        "is not allowed",
    ),
    "no default": (
        "ald/1/flow.bpmn",
        ' default="who_asked_to_control_on_file"',
        "",
        "who_asked",
        "has no default way",
    ),
    "script": (
        "ald/1/flow.bpmn",
        "bpmn:serviceTask",
        "bpmn:scriptTask",
        "grant_right",
        "a scriptTask is not allowed",
    ),
    "unknown deadline": (
        "ald/1/flow.bpmn",
        '>"completion_limit"<',
        '>"another_limit"<',
        "completion_limit",
        "deadline 'another_limit' is not declared with scope wait",
    ),
    "clock of the wall": (
        "ald/1/flow.bpmn",
        '>"completion_limit"<',
        ">P30D<",
        "completion_limit",
        "deadline 'P30D' is not declared with scope wait",
    ),
    "unknown law": (
        "_common/1/shared.yaml",
        "clocks.complement_days",
        "clocks.no_such_days",
        "completion_limit",
        "clocks.no_such_days",
    ),
    "no length of time": (
        "_common/1/shared.yaml",
        "clocks.complement_days",
        "ijm.contrib_days",
        "completion_limit",
        "which is no length of time",
    ),
    "unknown operation": (
        "_common/1/shared.yaml",
        "call: resume_clock",
        "call: resume",
        "resume_clock",
        "no operation is called 'resume'",
    ),
    "wrong argument": (
        "_common/1/shared.yaml",
        "level: regional}",
        "level: planetary}",
        "raise_to_region",
        "set_level: level",
    ),
    "argument of a wrong fact": (
        "_common/1/shared.yaml",
        "outcome: {fact: decision}",
        "outcome: {fact: channel}",
        "close_decided",
        "close: outcome",
    ),
    "unknown letter": (
        "_common/1/shared.yaml",
        "{letter: reminder}",
        "{letter: remainder}",
        "send_reminder",
        "there is no letter 'remainder'",
    ),
    "missing form": (
        "ald/1/pack.yaml",
        "form: ald_control",
        "form: no_such_form",
        "examination",
        "no form 'no_such_form'",
    ),
    "field that is not in the schema": (
        "_common/1/forms/opinion.ui.yaml",
        "name: valid_to",
        "name: valid_until",
        "co_signature",
        "form: valid_until is not both in the schema and on the screen",
    ),
    "wrong template": (
        "_common/1/letters/reminder.ar.typ",
        "#data.answer_by",
        "#data.answer_bye",
        "reminder.ar",
        "answer_bye",
    ),
    "dead end": (
        "ald/1/flow.bpmn",
        'id="send_reminder_to_reminder_sent" sourceRef="send_reminder"',
        'id="send_reminder_to_reminder_sent" sourceRef="reminder_sent"',
        "send_reminder",
        "leads to no end",
    ),
    "no layout": (
        "ald/1/flow.bpmn",
        'bpmnElement="examination"',
        'bpmnElement="received"',
        "examination",
        "has no place in the layout",
    ),
    "forgotten step": (
        "_common/1/shared.yaml",
        "  visit_approval:",
        "  other_approval:",
        "visit_approval",
        "is a user task without a step",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_check_names_the_part_that_is_wrong(copy: Path, name: str) -> None:
    file, old, new, where, what = BREAKS[name]
    edit(copy, file, old, new)

    assert any(where == at and what in text for at, text in found(copy))


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("level: central", "level: planetary", "steps.central_opinion.level"),
        ("outcomes: [advised]", "outcomes: [adviced]", "adviced"),
        ("roles: [central_doctor]", "roles: []", "steps.central_opinion.roles"),
        ("common: 1", "common: 7", "common"),
        ("code: ald\n", "code: adl\n", "code"),
        ("counts: no_shows", "counts: shows", "shows"),
        ("titles: {fr: ", "title: {fr: ", "title"),
    ],
)
def test_a_wrong_pack_yaml_is_refused_with_file_and_member(
    copy: Path, old: str, new: str, field: str
) -> None:
    own = old in (copy / "ma/ald/1/pack.yaml").read_text("utf-8")
    edit(copy, "ald/1/pack.yaml" if own else "_common/1/shared.yaml", old, new)

    with pytest.raises(InvalidInput) as refusal:
        Catalog(copy)

    assert "pack.yaml" in str(refusal.value)
    assert field in str(refusal.value)


def test_a_diagram_with_a_loose_end_is_refused(copy: Path) -> None:
    edit(copy, "ald/1/flow.bpmn", 'id="co_signature"', 'id="other_signature"')

    with pytest.raises(InvalidInput, match="raise_to_centre_to_co_signature leads from or to"):
        Catalog(copy)


def test_check_names_the_way_that_no_scenario_takes(copy: Path) -> None:
    for path in list((copy / "ma/ald/1/scenarios").glob("*.yaml")):
        if "disagreed" in path.read_text("utf-8"):
            path.unlink()

    assert ("co_signature", "ends it with 'disagreed'") in [
        (where, what.split("no scenario ")[-1]) for where, what in found(copy)
    ]


def test_moving_elements_on_the_drawing_changes_nothing_that_a_flow_does(copy: Path) -> None:
    path = copy / "ma/ald/1/flow.bpmn"
    turned = re.sub(r' y="(\d+)', lambda y: f' y="{5000 - int(y[1])}', path.read_text("utf-8"))
    path.write_text(turned, "utf-8")

    pack = Catalog(copy).get("ma/ald/1", "ald")

    assert [run for path in pack.scenarios() for run in play(pack, load(path)).problems] == []


def test_check_names_the_scenario_that_goes_another_way(copy: Path) -> None:
    (copy / "ma/ald/1/scenarios/wrong.yaml").write_text(
        "title: Faux\nwhen:\n  - {step: control_on_file, outcome: granted}\n"
        "then: {status: closed, letters: [refusal], operations: []}\n"
    )

    assert any(where == "scenarios/wrong.yaml" and "refusal" in what for where, what in found(copy))


def test_a_released_pack_that_is_changed_fails_and_a_draft_does_not(copy: Path) -> None:
    write_lock(Catalog(copy), copy)
    assert found(copy) == []

    edit(copy, "_common/1/letters/grant.fr.typ", "avis favorable", "accord")

    assert ("packs.lock", "was released and is changed") in found(copy)
    with pytest.raises(InvalidInput):
        write_lock(Catalog(copy), copy)
    (copy / LOCK).unlink()
    assert found(copy) == []


def test_a_released_pack_that_is_gone_fails(copy: Path) -> None:
    write_lock(Catalog(copy), copy)
    shutil.rmtree(copy / "ma/ald")

    assert found(copy) == [("packs.lock", "was released and is gone")]


def test_a_new_scenario_does_not_change_a_released_pack(copy: Path) -> None:
    before = next(iter(Catalog(copy))).digest
    (copy / "ma/ald/1/scenarios/another.yaml").write_text("title: x\n", "utf-8")

    assert next(iter(Catalog(copy))).digest == before


def test_a_copied_and_renamed_pack_works_without_python(copy: Path) -> None:
    shutil.copytree(copy / "ma/ald/1", copy / "ma/rare/1")
    edit(copy, "rare/1/pack.yaml", "code: ald\n", "code: rare\n")
    edit(copy, "rare/1/pack.yaml", "  ald:\n", "  rare:\n")
    edit(copy, "rare/1/pack.yaml", "reference_prefix: ALD", "reference_prefix: RAR")
    edit(copy, "rare/1/flow.bpmn", '"ald"', '"rare"')

    packs = Catalog(copy)
    pack = packs.get("ma/rare/1", "rare")

    assert check(packs, fonts=FONTS) == []
    assert [run for path in pack.scenarios() for run in play(pack, load(path)).problems] == []


@pytest.mark.parametrize("change", ["title: [", "then: {status: closed, nonsense: 1}"])
def test_a_wrong_scenario_is_refused(tmp_path: Path, change: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(f"title: wrong\n{change}\n", "utf-8")
    reading: Callable[[Path], object] = load

    with pytest.raises(Exception, match=r"nonsense|while parsing|mapping"):
        reading(path)
