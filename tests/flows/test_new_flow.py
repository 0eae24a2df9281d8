"""A flow of one's own: a pack folder copied, renamed and edited by hand; no Python is touched."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import Session

from medcontrol.reference import flows
from medcontrol.vocabulary import ControlFileStatus, Role, StepKind
from tests.factories import NOW, make_doctor, make_principal
from tests.flow_world import World, make_world
from workflows.definition.bpmn import read
from workflows.definition.catalog import PACKS, Catalog, make_flows_known
from workflows.definition.checks import check
from workflows.definition.layout import lay_out
from workflows.definition.listing import described
from workflows.tools import FONTS, Tools

STEP = "second_look"
TITLES = {"fr": "Relecture", "ar": "مراجعة ثانية", "en": "Second look"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of packs in which somebody made ``rare`` out of ``ald``, with one more step."""
    made = tmp_path / "packs"
    for part in ("ma/ald", "ma/_common"):
        shutil.copytree(PACKS / part, made / part)
    shutil.copytree(made / "ma/ald/1", made / "ma/rare/1")
    rename(made / "ma/rare/1")
    one_more_step(made / "ma/rare/1")
    return made


def change(folder: Path, how: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "pack.yaml"
    pack = yaml.safe_load(path.read_text("utf-8"))
    how(pack)
    path.write_text(yaml.safe_dump(pack, allow_unicode=True, sort_keys=False), "utf-8")


def rename(folder: Path) -> None:
    def name(pack: dict[str, Any]) -> None:
        served = pack["flows"].pop("ald")
        titles = {"fr": "Maladie rare", "ar": "مرض نادر", "en": "Rare disease"}
        pack |= {"code": "rare", "titles": titles}
        pack["flows"] = {"rare": served | {"titles": titles, "reference_prefix": "RAR"}}

    change(folder, name)
    diagram = folder / "flow.bpmn"
    diagram.write_text(diagram.read_text("utf-8").replace('"ald"', '"rare"'), "utf-8")


def one_more_step(folder: Path) -> None:
    """Put a step of an agent before the start's first element, and end it in every scenario."""

    def add(pack: dict[str, Any]) -> None:
        pack["steps"] = (pack.get("steps") or {}) | {
            STEP: {
                "titles": TITLES, "kind": "completeness", "status": "awaiting_completeness",
                "roles": ["agent"], "level": "local", "points": 5, "form": "completeness",
                "outcomes": ["complete"],
            }
        }  # fmt: skip

    change(folder, add)
    diagram = folder / "flow.bpmn"
    text = diagram.read_text("utf-8")
    graph = read(text)
    first = graph.outgoing(graph.of("startEvent")[0].id)[0]
    text = text.replace(
        f'targetRef="{first.target}"', f'targetRef="{STEP}"', 1
    ) if f'id="{first.id}"' not in text else re.sub(
        rf'(<bpmn:sequenceFlow id="{first.id}"[^>]*?targetRef=")[^"]+', rf"\g<1>{STEP}", text
    )  # fmt: skip
    step = f'<bpmn:userTask id="{STEP}" name="{TITLES["fr"]}"/>'
    way = f'<bpmn:sequenceFlow id="{STEP}_on" sourceRef="{STEP}" targetRef="{first.target}"/>'
    text = text.replace("</bpmn:process>", f"{step}{way}</bpmn:process>")
    diagram.write_text(lay_out(text), "utf-8")
    for path in (folder / "scenarios").glob("*.yaml"):
        told = yaml.safe_load(path.read_text("utf-8"))
        told.pop("flow", None)
        told["when"] = [{"step": STEP, "outcome": "complete"}, *(told.get("when") or ())]
        path.write_text(yaml.safe_dump(told, allow_unicode=True, sort_keys=False), "utf-8")


def test_the_new_flow_has_no_fault_and_is_listed(root: Path) -> None:
    packs = Catalog(root)

    assert check(packs, fonts=(FONTS,)) == []
    rare = next(each for each in described(packs, NOW.date()) if each["flow"] == "rare")
    assert STEP in [step["id"] for step in rare["packs"][0]["steps"]]


def test_a_file_of_the_new_flow_comes_in_is_done_and_closed(
    db: Session, tools: Tools, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender names a flow that no list of the product knows; the pack says all there is."""
    monkeypatch.setattr(flows, "_brought", {})
    packs = Catalog(root)
    make_flows_known(packs)
    world: World = make_world(db, replace(tools, catalog=packs))
    doctor = make_doctor(db, flows=("rare",), minutes=480)
    world.by_doctor[doctor.id] = make_principal(db, Role.DOCTOR, "CASA-1", doctor)

    file = world.file(world.take(flow="rare", control={"required": True}))
    opened = world.task(file)
    world.end(file, "complete")

    assert (file.reference[:3], opened.step, opened.kind) == ("RAR", STEP, StepKind.COMPLETENESS)
    world.walk(file, ("granted", {"reasoning": "Critères remplis."}))
    assert file.status is ControlFileStatus.CLOSED
