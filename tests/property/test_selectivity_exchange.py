"""What leaves as CSV, XLSX or YAML comes back as it was, to the last sign and the same SHA-256."""

import io
import random
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from selectivity.exchange import from_csv, from_xlsx, from_yaml, to_csv, to_xlsx, to_yaml
from selectivity.exchange.notation import read_text, read_value, write_text, write_value
from selectivity.exchange.sheets import RESERVED, Content, to_sheets
from selectivity.faults import RuleSetFault
from selectivity.packaged import FOLDER
from selectivity.reading import digest
from selectivity.registry import FEATURES
from selectivity.tables import RuleSet
from tests.selectivity_random import CONTENTS

MA: Content = from_yaml((FOLDER / "ma" / "1.yaml").read_bytes())[0]

Write = Callable[[Content], bytes]
Read = Callable[[bytes], tuple[Content, RuleSet]]
WAYS: dict[str, tuple[Write, Read]] = {
    "csv": (to_csv, from_csv),
    "xlsx": (to_xlsx, from_xlsx),
    "yaml": (to_yaml, from_yaml),
}


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=12, deadline=None)
@given(CONTENTS)
@example({**MA, "lists": {}})
@example({**MA, "lists": None})
@example({name: value for name, value in MA.items() if name != "lists"})
def test_whatever_is_written_is_read_again(way: str, content: Content) -> None:
    if not content.get("lists"):
        content = {**content, "rows": content["rows"][:1]}  # what names a list would be refused
    write, read = WAYS[way]

    found, rules = read(write(content))

    assert found == content
    assert rules.sha256 == digest(content)


@pytest.mark.parametrize("way", WAYS)
def test_the_packaged_rules_come_back_whole(way: str) -> None:
    write, read = WAYS[way]
    _, rules = read(write(MA))

    assert rules == from_yaml((FOLDER / "ma" / "1.yaml").read_bytes())[1]


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_text_is_safe_in_a_cell_and_comes_back(text: str) -> None:
    cell = write_text(text)

    assert read_text(cell) == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert read_value(write_value({"in": [text], text: text})) == {"in": [text], text: text}


def test_nothing_in_a_written_file_begins_like_a_formula() -> None:
    row = {**MA["rows"][0], "rationale": '=HYPERLINK("http://x")', "owner": "@cmd"}
    evil = {**MA, "rows": [row]}
    book = load_workbook(io.BytesIO(to_xlsx(evil)))

    cells = [cell for page in book.worksheets for line in page.iter_rows() for cell in line]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert b",=" not in to_csv(evil)
    assert b",@" not in to_csv(evil)


# --- what comes in wrong -------------------------------------------------------------------------


def changed(place: str, value: Any) -> bytes:
    """The packaged rules as a workbook in which somebody changed one cell ("rows!F7")."""
    book = load_workbook(io.BytesIO(to_xlsx(MA)))
    sheet, _, cell = place.partition("!")
    book[sheet][cell].value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def column(sheet: str, heading: str) -> str:
    number = list(to_sheets(MA)[sheet].headings).index(heading)
    return Workbook().active.cell(1, number + 1).column_letter  # type: ignore[union-attr]


def line_of(row: str) -> int:
    return [each["id"] for each in MA["rows"]].index(row) + 2


@pytest.mark.parametrize(
    ("heading", "value", "rule"),
    [
        ("kind", "urgent", "one of mandatory, safe_harbour, targeting"),
        ("rate", 0.5, "no text, whole number or day|floats are not exact"),
        ("rate", 20_000, "a whole number from 1 to 10000"),
        ("expires_on", None, "2026-11-20"),
        ("reason.fr", None, "write msgid and fr"),
        ("amount", "ge: 5, lt: 5", "no value lies between"),
        ("amount", "in: [A]", "does not go with a integer"),
        ("flow", "in: [dental", "expected"),
        ("flow", "=1+1", "a formula; write its value"),
        ("flow", '"dental', "quot|JSON|end|scanner|mapping"),
        ("acts", "in_list: [nothing@1]", "there is no list"),
        ("rationale", '"open', "ends with"),
    ],
)
def test_a_wrong_cell_is_named_with_sheet_row_and_column(
    heading: str, value: object, rule: str
) -> None:
    place = f"{column('rows', heading)}{line_of('dental-prosthesis')}"

    with pytest.raises(RuleSetFault, match=f"sheet rows, cell {place}.*({rule})"):
        from_xlsx(changed(f"rows!{place}", value))


def test_faults_of_every_sheet_are_found_in_one_reading() -> None:
    book = load_workbook(io.BytesIO(to_xlsx(MA)))
    book["set"]["B3"] = "one"
    book["lists"]["A2"] = "no version"
    book["floor"]["B2"] = 0
    book["examples"]["A2"] = "nobody"
    book["rows"].cell(1, 200, "sex")
    book["rows"].cell(2, 200, "in: [F]")
    book["rows"].cell(3, 201, "stray")
    book.create_sheet("notes")["A1"] = "mine"
    out = io.BytesIO()
    book.save(out)

    with pytest.raises(RuleSetFault) as raised:
        from_xlsx(out.getvalue())
    first = str(raised.value)
    assert "no sheet 'notes'" in first
    assert "sheet rows, cell GS3" in first
    assert "sheet examples, cell A2" in first

    del book["notes"]
    book["rows"].cell(3, 201).value = None
    book["examples"]["A2"] = MA["rows"][0]["id"]
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(RuleSetFault) as raised:
        from_xlsx(out.getvalue())
    second = str(raised.value)
    for place in ("sheet set, cell B3", "sheet lists, cell A2", "sheet floor, cell B2",
                  "sheet rows, cell GR2"):  # fmt: skip
        assert place in second
    assert "no rule may look at it" in second


def test_a_wrong_csv_is_named_with_line_and_column() -> None:
    text = to_csv(MA).decode("utf-8-sig").replace("mandatory,orange", "mandatory,violet", 1)

    with pytest.raises(RuleSetFault, match=r"sheet rows, line 6, column 4 .*lane.*violet"):
        from_csv(text.encode())


def test_what_a_french_spreadsheet_saves_is_read() -> None:
    import csv

    rows = list(csv.reader(io.StringIO(to_csv(MA).decode("utf-8-sig"), newline="")))
    out = io.StringIO(newline="")
    width = max(map(len, rows))
    csv.writer(out, delimiter=";").writerows(row + [""] * (width - len(row)) for row in rows)

    assert from_csv(out.getvalue().encode("utf-8-sig"))[0] == MA


def test_days_and_numbers_that_a_spreadsheet_made_its_own_are_understood() -> None:
    from datetime import datetime

    line = line_of("dental-prosthesis")
    expiry = f"rows!{column('rows', 'expires_on')}{line}"
    _, rules = from_xlsx(changed(expiry, datetime(2031, 5, 1)))  # noqa: DTZ001 - a spreadsheet's day

    row = next(row for row in rules.rows if row.id == "dental-prosthesis")
    assert row.expires_on.isoformat() == "2031-05-01"


# --- what comes in to harm -----------------------------------------------------------------------


def packed(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def with_part(name: str, content: bytes) -> bytes:
    out = io.BytesIO(to_xlsx(MA))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "no workbook"),
        (b"garbage" * 100, "no workbook"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "old or locked"),
        (packed(a=b"x"), "no readable workbook"),
        (packed(**{"xl/worksheets/sheet1.xml": b"0" * (17 << 20)}), "unpacked"),
        (packed(**{str(n): b"" for n in range(201)}), "unpacked"),
        (b"0" * (5 << 20), "may have"),
        (with_part("xl/vbaProject.bin", b"x"), "macros"),
        (with_part("xl/externalLinks/externalLink1.xml", b"<a/>"), "links"),
        (with_part("xl/x.xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"), "no part"),
    ],
)
def test_a_file_that_is_no_honest_workbook_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(RuleSetFault, match=why):
        from_xlsx(data)


def test_a_cell_at_the_end_of_the_world_costs_nothing() -> None:
    with pytest.raises(RuleSetFault, match="XFD1048576"):
        from_xlsx(changed("rows!XFD1048576", "x"))


@pytest.mark.parametrize("way", WAYS)
def test_damaged_bytes_are_refused_or_read_but_never_crash(way: str) -> None:
    write, read = WAYS[way]
    whole = write(MA)
    chance = random.Random(1)  # noqa: S311 - the same damage every time
    for _ in range(20 if way == "csv" else 6):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        if chance.random() < 0.3:
            del broken[chance.randrange(len(broken)) :]
        with suppress(RuleSetFault):
            read(bytes(broken))


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_refused_politely(data: bytes) -> None:
    for read in (from_csv, from_xlsx, from_yaml):
        with pytest.raises(RuleSetFault):
            read(data)


@pytest.mark.parametrize(
    "text",
    ["a: &a [*a]", "[" * 1500, "1: 2", "version: " + "9" * 5000, 'code: "\\ud800"',
     "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\n"
     "d: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e]"],
)  # fmt: skip
def test_yaml_that_is_written_to_break_a_reader_is_refused(text: str) -> None:
    with pytest.raises(RuleSetFault):
        from_yaml(text.encode())


def test_no_feature_is_called_like_a_column_of_the_sheet() -> None:
    assert not RESERVED & set(FEATURES)


def test_a_text_longer_than_a_cell_is_refused_instead_of_cut() -> None:
    from medcontrol.errors import InvalidInput

    row = {**MA["rows"][0], "rationale": "x" * 40_000}
    with pytest.raises(InvalidInput, match="rows!"):
        to_xlsx({**MA, "rows": [row]})
    assert from_csv(to_csv({**MA, "rows": [row]}))[0]["rows"][0] == row


def test_the_file_on_disk_is_what_is_packaged(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_bytes(to_yaml(MA))

    assert from_yaml((tmp_path / "rules.yaml").read_bytes())[0] == MA
