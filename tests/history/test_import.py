"""Lines of history that do not pass: named by line and member, and nothing else is lost."""

import io
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from sqlmodel import Session, select

from medcontrol.db import transaction
from medcontrol.intake import read_lines
from medcontrol.model import ControlOutcome, PastFile
from selectivity.history.cases import read_cases
from selectivity.history.importing import Importer
from tests.flow_world import message, raw
from workflows.gate.registers import registers
from workflows.gate.single import take_in_one
from workflows.tools import Tools

NOW = datetime(2026, 12, 20, 9, 0, tzinfo=UTC)
CONTROL = {"origin": "random", "inclusion_probability": 0.02}
OUTCOME = {"code": "refused", "amount_avoided": "98.00", "decided_on": "2026-12-01"}


def line(number: int, **members: Any) -> dict[str, Any]:
    return {"message": message(external_id=f"I-{number}"), **members}


def closed(member: str, value: Any) -> dict[str, Any]:
    return line(1, control=CONTROL, outcome=OUTCOME | {member: value})


def chosen(chance: Any) -> dict[str, Any]:
    return line(1, control=CONTROL | {"inclusion_probability": chance})


def bring(tools: Tools, lines: list[bytes]) -> tuple[Any, bytes]:
    rejects = io.BytesIO()
    with transaction() as session:
        known = registers(session, tools, NOW.date())
    importer = Importer(tools.keys, known, NOW, NOW.date(), rejects)
    return importer.run(read_lines(io.BytesIO(b"\n".join(lines)))), rejects.getvalue()


WRONG: list[tuple[Any, str]] = [
    (b"{not json", ""),
    ({"message": "no"}, "/message"),
    ({"messages": {}}, "/message"),
    (line(1, extra=1), "/extra"),
    ({"message": message(agency="NOWHERE-1")}, "/message/agency"),
    ({"message": message(received_at="2027-02-01T08:00:00+01:00")}, "/message/received_at"),
    (line(1, outcome=OUTCOME), "/control"),
    (line(1, control={"origin": "luck"}), "/control/origin"),
    (chosen(0), "/control/inclusion_probability"),
    (chosen(True), "/control/inclusion_probability"),
    (closed("code", "bad"), "/outcome/code"),
    (closed("amount_avoided", -1), "/outcome/amount_avoided"),
    (closed("decided_on", "1.3.26"), "/outcome/decided_on"),
    (closed("decided_on", "2026-01-01"), "/outcome/decided_on"),
    (closed("decided_on", "2027-01-01"), "/outcome/decided_on"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "path"), WRONG, ids=[path or "json" for _, path in WRONG])
def test_a_line_that_does_not_pass_is_named_and_kept_and_the_others_come_in(
    db: Session, tools: Tools, wrong: Any, path: str
) -> None:
    bad = wrong if isinstance(wrong, bytes) else orjson.dumps(wrong)

    counts, rejects = bring(tools, [orjson.dumps(line(8)), b"", bad, orjson.dumps(line(9))])

    assert (counts.received, counts.imported, counts.faulty) == (3, 2, 1)
    assert {(fault.line, fault.path) for fault in counts.faults} == {(3, path)}
    assert rejects == bad + b"\n"
    assert not counts.is_complete


def test_an_imported_file_has_its_outcome_and_names_nobody(db: Session, tools: Tools) -> None:
    counts, _ = bring(tools, [orjson.dumps(line(1, control=CONTROL, outcome=OUTCOME))])

    assert counts.outcomes == 1
    kept = db.exec(select(PastFile)).one()
    person = message()["insured"]
    for words in (person["family_name"], person["registration_number"]):
        assert words not in str(kept.features)
        assert words.encode() not in kept.entry
    outcome = db.exec(select(ControlOutcome)).one()
    assert (outcome.result, outcome.amount_avoided_cents) == ("refused", 9800)
    cases = read_cases(
        db, tools.keys, jurisdiction="ma", since=date(2026, 1, 1), until=date(2026, 12, 31),
        controlled_only=True, with_medical=True,
    )  # fmt: skip
    assert (len(cases), cases.outcome[0], cases.origins[0]) == (1, "refused", ("random",))
    assert cases.inclusion_probability[0] == 0.02
    assert "acts" in cases.snapshots[0] or "pathology" in cases.snapshots[0]


def test_other_content_under_one_identity_stays_out(db: Session, tools: Tools) -> None:
    first, other = (
        orjson.dumps(line(1)),
        orjson.dumps({"message": message(external_id="I-1", agency="RABAT-2")}),
    )

    counts, rejects = bring(tools, [first, other])
    later, _ = bring(tools, [other])

    assert (counts.imported, counts.conflicts, rejects) == (1, 1, other + b"\n")
    assert (later.imported, later.conflicts) == (0, 1)
    assert len(db.exec(select(PastFile.id)).all()) == 1


def test_a_file_that_this_system_decided_is_not_imported_again(db: Session, tools: Tools) -> None:
    take_in_one(tools, raw(external_id="I-1"), source_name="test", now=NOW)

    counts, _ = bring(tools, [orjson.dumps(line(1)), orjson.dumps(line(2))])

    assert (counts.live, counts.imported) == (1, 1)
