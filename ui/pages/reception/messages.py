"""From the counter's form to an intake message, and from its faults back to fields.

Fields are named as the members of the message are: ``insured.family_name``, ``lines.0.act``.
"""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from starlette.datastructures import FormData

from medcontrol.clock import ZONES, civil_date
from medcontrol.intake import FieldError
from medcontrol.reference.flows import Flow
from ui.forms import text_of
from ui.pages.reception.uploads import Upload
from workflows.tools import Tools

SCHEMA = "medcontrol.intake.v1"
LINE_FIELDS = ("act", "label", "quantity", "amount", "date", "tooth")
FEW_LINES, MORE_LINES, MOST_LINES = 4, 5, 200
OLDEST_DEPOSIT = timedelta(days=60)

_TEXTS = (
    "insured.registration_number", "insured.national_id", "insured.family_name",
    "insured.given_name", "insured.birth_date", "insured.sex", "insured.phone", "insured.address",
    "insured.language", "prescriber.id", "prescriber.name", "prescriber.kind", "provider.id",
    "provider.name", "provider.kind", "care.from", "care.to", "authorisation", "ald_number",
    "paper.location", "paper.slip",
)  # fmt: skip
_BENEFICIARY = ("family_name", "given_name", "birth_date", "sex")
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")
_SPACES = re.compile(r"[\s\u00a0\u202f]")


@dataclass(frozen=True, slots=True)
class Entry:
    """What was typed, as it was typed: every field by its name."""

    values: Mapping[str, str]
    rows: int
    uploads: Sequence[Upload] = ()

    def get(self, name: str) -> str:
        """Return a field, empty when nothing was typed."""
        return self.values.get(name, "")


@dataclass(slots=True)
class Draft:
    """A message made of an entry, with the row of each of its lines."""

    message: dict[str, Any]
    rows: list[int] = field(default_factory=list)

    def field_of(self, path: str) -> str:
        """Return the field that a path of the message belongs to."""
        parts = path.strip("/").split("/")
        if parts[0] == "lines" and len(parts) > 2 and parts[1].isdecimal():
            row = int(parts[1])
            parts[1] = str(self.rows[row]) if row < len(self.rows) else parts[1]
        if parts[0] == "documents":
            return "documents"
        known = {"received_at": "deposited_on", "agency": "agency", "source": "agency"}
        return known.get(parts[0], ".".join(parts))


def read_entry(form: FormData, uploads: Sequence[Upload]) -> Entry:
    """Return every field of the form as it was typed."""
    sent = text_of(form, "rows", 4)
    rows = min(int(sent), MOST_LINES) if sent.isascii() and sent.isdecimal() else FEW_LINES
    values = {
        name: text_of(form, name, 400)
        for name in form
        if not name.startswith(("piece-", "kept", "csrf"))
    }
    return Entry(values, rows, uploads)


def draft_of(entry: Entry, flow: Flow, agency: str, now: datetime, tools: Tools) -> Draft:
    """Return the message that an entry says; what was left empty is left out."""
    message: dict[str, Any] = {
        "schema": SCHEMA,
        "source": f"counter:{agency}",
        "external_id": entry.get("number"),
        "received_at": received_at(entry, flow.jurisdictions[0], now).isoformat(),
        "jurisdiction": flow.jurisdictions[0].value,
        "scheme": flow.scheme.value,
        "flow": flow.code,
        "nature": entry.get("nature"),
        "channel": "paper",
        "agency": agency,
        "insured": {},
    }
    for name in _TEXTS:
        if entry.get(name):
            _put(message, name, entry.get(name))
    if entry.get("beneficiary.relation"):
        typed = {name: entry.get(f"beneficiary.{name}") for name in _BENEFICIARY}
        beneficiary = {name: text for name, text in typed.items() if text}
        message["beneficiary"] = {"relation": entry.get("beneficiary.relation"), **beneficiary}
    for name in ("urgent", "paper.sealed_envelope"):
        if entry.get(name) == "1":
            _put(message, name, value=True)
    if entry.get("paper.pages"):
        pages = entry.get("paper.pages")
        _put(message, "paper.pages", int(pages) if _is_whole(pages) else pages)
    draft = Draft(message)
    _add_lines(draft, entry)
    _add_documents(draft, entry, tools)
    return draft


def received_at(entry: Entry, jurisdiction: str, now: datetime) -> datetime:
    """Return when the file came to the counter: noon of an earlier day, else this form's instant.

    The form keeps its instant, so that sending it twice says the same thing twice.
    """
    zone = ZONES[jurisdiction]
    try:
        drawn = datetime.fromisoformat(entry.get("drawn_at"))
        if drawn.tzinfo is None or not timedelta(0) <= now - drawn <= timedelta(days=1):
            drawn = now
    except ValueError:
        drawn = now
    try:
        day = date.fromisoformat(entry.get("deposited_on"))
    except ValueError:
        return drawn
    if day == civil_date(drawn, jurisdiction):
        return drawn
    return datetime.combine(day, time(12), zone)


def deposit_fault(entry: Entry, today: date) -> str | None:
    """Return what is wrong with the day of deposit: to come, or too long ago."""
    if not entry.get("deposited_on"):
        return None
    try:
        day = date.fromisoformat(entry.get("deposited_on"))
    except ValueError:
        return "date.not_real"
    return None if today - OLDEST_DEPOSIT <= day <= today else "deposit_out_of_bounds"


def errors_by_field(draft: Draft, errors: Sequence[FieldError]) -> dict[str, str]:
    """Return the code of the first fault of each field, in the order of the faults."""
    found: dict[str, str] = {}
    for error in errors:
        found.setdefault(draft.field_of(error.path), error.code)
    return found


def _put(message: dict[str, Any], name: str, value: object) -> None:
    *holders, last = name.split(".")
    for holder in holders:
        message = message.setdefault(holder, {})
    message[last] = value


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 6


def as_decimal(text: str) -> str:
    """Return an amount as people type it with a point and two decimals; else as it stands.

    >>> as_decimal("1 234,5")
    '1234.50'
    """
    plain = _SPACES.sub("", text).replace(",", ".")
    return f"{Decimal(plain):.2f}" if _AMOUNT.fullmatch(plain) else text


def as_quantity(text: str) -> str:
    """Return a quantity with a point; without one typed, it is 1."""
    return _SPACES.sub("", text).replace(",", ".") or "1"


def _add_lines(draft: Draft, entry: Entry) -> None:
    lines: list[dict[str, Any]] = []
    for row in range(entry.rows):
        typed = {name: entry.get(f"lines.{row}.{name}") for name in LINE_FIELDS}
        if not any(typed.values()):
            continue
        draft.rows.append(row)
        line: dict[str, Any] = {"no": len(lines) + 1}
        line |= {name: text for name, text in typed.items() if text}
        line["quantity"] = as_quantity(typed["quantity"])
        if typed["amount"]:
            line["amount"] = as_decimal(typed["amount"])
        lines.append(line)
    amount = as_decimal(entry.get("amount")) if entry.get("amount") else _sum(lines)
    if lines:
        draft.message["lines"] = lines
    if amount is not None:
        draft.message |= {"amount": amount, "currency": "MAD"}


def _sum(lines: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the sum of the lines, None when one of them is no amount."""
    try:
        return f"{sum(Decimal(line['amount']) for line in lines):.2f}" if lines else None
    except (KeyError, InvalidOperation):
        return None


def _add_documents(draft: Draft, entry: Entry, tools: Tools) -> None:
    if entry.uploads:
        draft.message["documents"] = [
            {
                "kind": each.kind,
                "title": each.title,
                "media_type": each.media_type,
                "sha256": each.sha256,
                "size": each.size,
                "confidential": each.is_medical,
                "content_base64": b64encode(tools.documents.get(each.sha256)).decode(),
            }
            for each in entry.uploads
        ]


def encode(draft: Draft) -> bytes:
    """Return the message as one line of JSON."""
    return orjson.dumps(draft.message)
