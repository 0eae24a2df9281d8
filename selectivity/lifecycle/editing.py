"""Changes to the plain data of a draft (rédaction): rows, strata, lists. Pure; faults may stand."""

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from medcontrol.errors import InvalidInput, NotFound

Part = Literal["rows", "floor"]
PARTS: tuple[Part, ...] = ("rows", "floor")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_LIST = re.compile(r"[a-z0-9][a-z0-9-]{0,50}@[1-9][0-9]{0,5}", re.ASCII)
MOST_ROWS = 2_000


def items(data: Any, part: Part) -> list[dict[str, Any]]:
    """Return the rows or strata of plain data, those that are none left out."""
    found = data.get(part) if isinstance(data, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def item(data: Any, part: Part, row_id: str) -> dict[str, Any]:
    """Return one row or stratum.

    Raises:
        NotFound: there is none of that id.
    """
    for each in items(data, part):
        if each.get("id") == row_id:
            return each
    raise NotFound(f"there is no row {row_id}", field="row")


def put(data: Any, part: Part, row_id: str | None, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the data with a row put in the place of another, or added when there is none.

    Raises:
        InvalidInput: the id is no plain word, stands already, or there are too many rows.
        NotFound: the row to replace is gone.
    """
    new_id = row.get("id")
    if not isinstance(new_id, str) or not _ID.fullmatch(new_id):
        raise InvalidInput("an id is small letters, digits and dashes", field="id")
    rows = copy.deepcopy(items(data, part))
    if new_id != row_id and any(each.get("id") == new_id for each in rows):
        raise InvalidInput(f"there is a row {new_id} already", field="id")
    if row_id is None:
        if len(rows) >= MOST_ROWS:
            raise InvalidInput(f"more than {MOST_ROWS} rows", field="id")
        # The last stratum takes the rest, so what is new goes before it.
        place = len(rows) - 1 if part == "floor" and rows else len(rows)
        rows.insert(place, dict(row))
    else:
        place = next((n for n, each in enumerate(rows) if each.get("id") == row_id), -1)
        if place < 0:
            raise NotFound(f"there is no row {row_id}", field="row")
        rows[place] = dict(row)
    return {**data, part: rows}


def remove(data: Any, part: Part, row_id: str) -> dict[str, Any]:
    """Return the data without a row.

    Raises:
        NotFound: there is none of that id.
    """
    item(data, part, row_id)
    return {**data, part: [each for each in items(data, part) if each.get("id") != row_id]}


def duplicate(data: Any, part: Part, row_id: str) -> tuple[dict[str, Any], str]:
    """Return the data with a copy of a row after it, and the id of the copy.

    Raises:
        NotFound: there is none of that id.
    """
    rows = copy.deepcopy(items(data, part))
    place = next((n for n, each in enumerate(rows) if each.get("id") == row_id), -1)
    if place < 0:
        raise NotFound(f"there is no row {row_id}", field="row")
    taken = {each.get("id") for each in rows}
    number = next(n for n in range(2, len(rows) + 3) if f"{row_id[:56]}-{n}" not in taken)
    new_id = f"{row_id[:56]}-{number}"
    again = {**copy.deepcopy(rows[place]), "id": new_id}
    reason = again.get("reason")
    if isinstance(reason, dict) and "msgid" in reason:
        again["reason"] = {**reason, "msgid": new_id.replace("-", "_")}
    rows.insert(place + 1, again)
    return {**data, part: rows}, new_id


def put_list(data: Any, name: str, codes: Sequence[str]) -> dict[str, Any]:
    """Return the data with a list of codes put in or replaced.

    Raises:
        InvalidInput: the name is not name@1, or the list is empty.
    """
    if not _LIST.fullmatch(name):
        raise InvalidInput("a list is named name@1", field="list")
    if not codes:
        raise InvalidInput("a list holds one code at least", field="codes")
    lists = data.get("lists") if isinstance(data.get("lists"), dict) else {}
    return {**data, "lists": {**lists, name: list(dict.fromkeys(codes))}}


def next_list(data: Any, name: str) -> tuple[dict[str, Any], str]:
    """Return the data with the next number of a list in its place, and that list's name.

    Rows that named the old one name the new one; the old one goes.

    Raises:
        NotFound: there is no such list.
    """
    lists = data.get("lists") if isinstance(data.get("lists"), dict) else {}
    if name not in lists:
        raise NotFound(f"there is no list {name}", field="list")
    base, _, number = name.partition("@")
    new = f"{base}@{int(number) + 1}"
    kept = {(new if each == name else each): codes for each, codes in lists.items()}
    found = {**copy.deepcopy(dict(data)), "lists": kept}
    for row in (*items(found, "rows"), *items(found, "floor")):
        _rename(row, name, new)
    return found, new


def remove_list(data: Any, name: str) -> dict[str, Any]:
    """Return the data without a list; rows that name it are then at fault."""
    lists = data.get("lists") if isinstance(data.get("lists"), dict) else {}
    return {**data, "lists": {each: codes for each, codes in lists.items() if each != name}}


def _rename(row: dict[str, Any], old: str, new: str) -> None:
    when = row.get("when")
    for cell in when.values() if isinstance(when, dict) else ():
        for operator in ("in_list", "not_in_list"):
            named = cell.get(operator) if isinstance(cell, dict) else None
            if isinstance(named, list):
                cell[operator] = [new if each == old else each for each in named]
            elif named == old:
                cell[operator] = new
