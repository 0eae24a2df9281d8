"""What the counters keep of a file: hashed identities and whole numbers (écritures)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import numpy as np
import numpy.typing as npt

from medcontrol.ports import FileFacts
from selectivity.compiled import ordinal
from selectivity.features import cents
from selectivity.history.keys import Context, Hasher, mixed

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
_NO_LINE = (0, 0, 0)
_NO_LINES = _NO_LINE * LINES
_EMPTY: Mapping[str, Any] = {}
_COLUMNS = tuple(name for name in ENTRY.names or () if name not in ("number", "lines"))


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
    made = np.zeros(len(facts), dtype=ENTRY)
    if not facts:
        return made
    columns = tuple(zip(*(_entry(file, hasher) for file in facts), strict=True))
    for name, column in zip(_COLUMNS, columns, strict=False):
        made[name] = column
    if ids is not None:
        made["number"] = [number_of(row_id) for row_id in ids]
    parts = np.array(columns[len(_COLUMNS) :], dtype=np.int64)
    acts, days, teeth = parts[0::3].T, parts[1::3].T, parts[2::3].T
    whose = mixed(made["beneficiary"], made["provider"])[:, None]
    made["lines"] = np.where(days == 0, 0, mixed(whose, acts, days, teeth))
    return made


def _entry(file: FileFacts, hasher: Hasher) -> tuple[int, ...]:
    """Return the members of an entry but its number, then act, day and tooth of each line."""
    message = file.message
    place, flow, nature = words = (message["jurisdiction"], message["flow"], message["nature"])
    context = hasher.context(place, flow, nature, file.region or "")
    provider = message.get("provider") or _EMPTY
    prescriber = message.get("prescriber") or _EMPTY
    care = message.get("care") or _EMPTY
    began = ordinal(care["from"]) if care else 0
    lines = message.get("lines")
    act, price, prosthesis = 0, 0, 0
    prints: tuple[int, ...] = _NO_LINES
    if lines:
        act, price, prosthesis, prints = _of_lines(lines, began, context, words, hasher)
    is_leave = flow == "sick_leave" and nature in _LEAVES
    like = (provider.get("kind", ""), provider.get("specialty", ""))
    return (
        file.received_on.toordinal(),
        context.whole,
        _beneficiary(message, hasher),
        hasher.professional(place, provider["id"]) if provider else 0,
        hasher.professional(place, prescriber["id"]) if prescriber else 0,
        context.flow,
        hasher.peer(context, words, like) if provider else 0,
        context.segment,
        act,
        cents(message["amount"]) if "amount" in message else 0,
        price,
        1 if began and (began - 1) % 7 >= 5 else 0,
        1 if is_leave and nature == "first" else 0,
        ordinal(care["to"]) - began + 1 if is_leave and "to" in care else 0,
        prosthesis,
        *prints,
    )


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
    lines: Sequence[Mapping[str, Any]],
    began: int,
    context: Context,
    words: tuple[str, str, str],
    hasher: Hasher,
) -> tuple[int, int, int, tuple[int, ...]]:
    """Return act and unit price of the dearest line, prostheses, and the dearest lines' parts."""
    amounts = [cents(line["amount"]) for line in lines]
    best = max(amounts)
    dearest = lines[amounts.index(best)]
    prosthesis = _prostheses(lines, amounts, words) if words[1] == "dental" else 0
    if len(lines) > LINES:
        order = sorted(range(len(lines)), key=lambda place: -amounts[place])
        lines = [lines[place] for place in order]
    found: dict[tuple[int, int, int], None] = {}
    for line in lines:
        day = ordinal(line["date"]) if "date" in line else began
        tooth = int(line["tooth"]) if "tooth" in line else 0
        found[hasher.act(context, words, line["act"]), day, tooth] = None
        if len(found) == LINES:
            break
    prints = [part for line_parts in found for part in line_parts]
    prints += _NO_LINE * (LINES - len(found))
    quantity = dearest["quantity"]
    price = best if quantity == "1" else round(best / (float(quantity) or 1.0))
    return hasher.act(context, words, dearest["act"]), price, prosthesis, tuple(prints)


def _prostheses(
    lines: Sequence[Mapping[str, Any]], amounts: Sequence[int], words: tuple[str, str, str]
) -> int:
    """Return the centimes of dental prostheses that are to be paid, not those asked about."""
    prefixes = _PROSTHESES.get(words[0], ())
    if words[2] == "authorisation":
        return 0
    return sum(
        amount
        for line, amount in zip(lines, amounts, strict=True)
        if line["act"].upper().startswith(prefixes)
    )
