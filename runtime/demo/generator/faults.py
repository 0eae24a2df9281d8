"""Lines that intake must not accept (lignes fautives), so that quarantine is not empty."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import orjson

from runtime.demo.generator.identities import Message


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that does not pass as new: ``line_no`` counts from 1.

    ``kind`` is ``duplicate``, ``conflict`` or the name of what is wrong with it.
    """

    kind: str
    line_no: int
    external_id: str


def _broken(message: Message) -> bytes:
    return orjson.dumps(message)[:-40]


def _unknown_flow(message: Message) -> bytes:
    return orjson.dumps(message | {"flow": "teleportation"})


def _sum(message: Message) -> bytes:
    return orjson.dumps(message | {"amount": f"9{message['amount']}"})


def _unborn(message: Message) -> bytes:
    message["insured"]["birth_date"] = f"{int(message['received_at'][:4]) + 1}-03-02"
    return orjson.dumps(message)


def _reversed_care(message: Message) -> bytes:
    care = message["care"]
    return orjson.dumps(message | {"care": {"from": care["to"], "to": "2001-01-01"}})


def _unknown_agency(message: Message) -> bytes:
    return orjson.dumps(message | {"agency": "ATLANTIS-1"})


def _unknown_member(message: Message) -> bytes:
    return orjson.dumps(message | {"comment": "champ inconnu"})


def _bad_hash(message: Message) -> bytes:
    document = {"kind": "prescription", "media_type": "application/pdf", "sha256": "0" * 64,
                "size": 9, "content_base64": "JVBERi0xLjQK"}  # fmt: skip
    return orjson.dumps(message | {"documents": [document]})


def _impossible_date(message: Message) -> bytes:
    message["insured"]["birth_date"] = "1984-02-30"
    return orjson.dumps(message)


def _conflict(message: Message) -> bytes:
    return orjson.dumps(message | {"urgent": not message.get("urgent", False)})


_FAULTY: dict[str, Callable[[Message], bytes]] = {
    "broken_json": _broken,
    "unknown_flow": _unknown_flow,
    "sum_differs": _sum,
    "born_after_reception": _unborn,
    "duplicate": orjson.dumps,
    "care_reversed": _reversed_care,
    "unknown_agency": _unknown_agency,
    "conflict": _conflict,
    "unknown_member": _unknown_member,
    "document_differs": _bad_hash,
    "impossible_date": _impossible_date,
}
KINDS: tuple[str, ...] = tuple(_FAULTY)
# Same identity as a line already sent; every other fault has an identity of its own.
_SAME_IDENTITY = frozenset({"duplicate", "conflict"})


def spoil(message: Message, number: int) -> tuple[str, str, bytes]:
    """Return kind, ``external_id`` and bytes of the n-th fault of a day, made from a good file.

    Args:
        message: a file with lines, amount and care that came earlier the same day.
        number: from 0; kinds take turns.
    """
    kind = KINDS[number % len(KINDS)]
    spoiled = copy.deepcopy(message)
    if kind not in _SAME_IDENTITY:
        spoiled["external_id"] = f"{message['external_id']}-F{number}"
    identity: str = spoiled["external_id"]
    return kind, identity, _FAULTY[kind](spoiled)
