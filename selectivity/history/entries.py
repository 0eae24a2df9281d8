"""What the counters keep of a file: hashed identities and whole numbers (écritures)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from medcontrol.ports import FileFacts
from selectivity.features import cents, ordinal
from selectivity.history.keys import Hasher, mixed

LINES: Final = 4
"""Of a file, so many lines are compared with those of other files: the dearest."""

ENTRY = np.dtype(
    [
        ("day", "<i4"),  # ordinal of the civil day of reception
        ("number", "<i8"),  # of the file, at random
        ("whole", "<i8"),  # hash of the jurisdiction
        ("beneficiary", "<i8"),
        ("provider", "<i8"),  # 0 none, here and below
        ("prescriber", "<i8"),
        ("flow", "<i8"),
        ("peer", "<i8"),
        ("segment", "<i8"),
        ("act", "<i8"),  # the dearest
        ("amount", "<i8"),  # centimes; 0 none
        ("price", "<i8"),  # centimes a unit of the dearest line; 0 none
        ("is_weekend", "i1"),  # care began on a Saturday or Sunday
        ("is_stoppage", "i1"),  # a sick leave begins
        ("leave_days", "<i4"),
        ("prosthesis", "<i8"),  # centimes
        ("lines", "<i8", (LINES,)),  # act, day and tooth under this person and provider
    ]
)
"""One file as the counters see it; also kept with past files, byte for byte."""

Entries = npt.NDArray[Any]
"""Structured array of ``ENTRY``, in the order of arrival."""

_NUMBER_MASK = 2**63 - 1
_PROSTHESES = {"ma": ("DP",)}
_LEAVES = frozenset({"first", "prolongation"})
_NO_LINES = ((0, 0, 0),) * LINES
_EMPTY: Mapping[str, Any] = {}


def number_of(row_id: UUID) -> int:
    """Return the number under which counters know a file or an outcome."""
    return row_id.int & _NUMBER_MASK


def entries_of(facts: Sequence[FileFacts], ids: Sequence[UUID] | None, hasher: Hasher) -> Entries:
    """Return what the counters keep of files.

    Args:
        facts: the files, in the order in which they came.
        ids: of the received or past files; ``None`` when nothing will be written.
        hasher: of this installation.
    """
    rows, lines = [], []
    for place, file in enumerate(facts):
        row, found = _entry(file, hasher)
        rows.append((row[0], 0 if ids is None else number_of(ids[place]), *row[1:]))
        lines.append(found)
    made = np.zeros(len(rows), dtype=ENTRY)
    if not rows:
        return made
    for name, column in zip((ENTRY.names or ())[:-1], zip(*rows, strict=True), strict=True):
        made[name] = column
    parts = np.array(lines, dtype=np.int64)
    prints = mixed(
        made["beneficiary"][:, None], made["provider"][:, None],
        parts[:, :, 0], parts[:, :, 1], parts[:, :, 2],
    )  # fmt: skip
    made["lines"] = np.where(parts[:, :, 1] == 0, 0, prints)
    return made


def _entry(
    file: FileFacts, hasher: Hasher
) -> tuple[tuple[int, ...], Sequence[tuple[int, int, int]]]:
    """Return the members of an entry but number and lines, and the parts of its lines."""
    message = file.message
    kept = hasher.kept
    place, flow, nature = message["jurisdiction"], message["flow"], message["nature"]
    provider: Mapping[str, Any] = message.get("provider") or _EMPTY
    prescriber: Mapping[str, Any] = message.get("prescriber") or _EMPTY
    care: Mapping[str, str] = message.get("care") or _EMPTY
    began = ordinal(care["from"]) if care else 0
    lines = message.get("lines") or ()
    act, price, prosthesis = 0, 0, 0
    prints: Sequence[tuple[int, int, int]] = _NO_LINES
    if lines:
        act, price, prosthesis, prints = _of_lines(lines, began, (place, flow, nature), hasher)
    is_leave = flow == "sick_leave" and nature in _LEAVES
    kind = provider.get("kind", "")
    specialty = provider.get("specialty", "")
    row = (
        file.received_on.toordinal(),
        kept("all", place),
        _beneficiary(message, hasher),
        kept("provider", place, provider["id"]) if provider else 0,
        kept("provider", place, prescriber["id"]) if prescriber else 0,
        kept("flow", flow),
        kept("peer", place, flow, nature, kind, specialty) if provider else 0,
        kept("segment", place, flow, nature, file.region or ""),
        act,
        cents(message["amount"]) if "amount" in message else 0,
        price,
        1 if began and (began - 1) % 7 >= 5 else 0,
        1 if is_leave and nature == "first" else 0,
        ordinal(care["to"]) - began + 1 if is_leave and care and "to" in care else 0,
        prosthesis,
    )
    return row, prints


def _beneficiary(message: Mapping[str, Any], hasher: Hasher) -> int:
    """Return the person treated: the insured's number, and relation and birth date of another."""
    other = message.get("beneficiary")
    return hasher.number(
        "person",
        message["jurisdiction"],
        message["insured"]["registration_number"],
        f"{other['relation']}/{other['birth_date']}" if other else "",
    )


def _of_lines(
    lines: Sequence[Mapping[str, Any]], began: int, where: tuple[str, str, str], hasher: Hasher
) -> tuple[int, int, int, Sequence[tuple[int, int, int]]]:
    """Return act and unit price of the dearest line, prostheses, and the dearest lines' parts."""
    place, flow, nature = where
    prefixes = _PROSTHESES.get(place, ()) if flow == "dental" and nature != "authorisation" else ()
    best, dearest, prosthesis = -1, lines[0], 0
    if len(lines) > LINES:
        chosen = sorted(lines, key=lambda line: -cents(line["amount"]))
    else:
        chosen = list(lines)
    found: dict[tuple[int, int, int], None] = {}
    for line in chosen:
        amount = cents(line["amount"])
        if amount > best:
            best, dearest = amount, line
        if prefixes and line["act"].upper().startswith(prefixes):
            prosthesis += amount
        if len(found) < LINES:
            act = hasher.kept("act", place, flow, nature, line["act"])
            day = ordinal(line["date"]) if "date" in line else began
            found[act, day, int(line.get("tooth", 0))] = None
    quantity = float(dearest["quantity"]) or 1.0
    prints = [*found, *_NO_LINES][:LINES]
    act = hasher.kept("act", place, flow, nature, dearest["act"])
    return act, round(best / quantity), prosthesis, prints
