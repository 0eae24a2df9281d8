"""Keyed, sticky draws (tirages): the same case always draws the same number."""

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from medcontrol.errors import InvalidInput
from medcontrol.ports import FileFacts

RANDOM = "random"
"""Purpose of the draw for random control. Draws of different purposes are independent."""

DRAW_RANGE = 2**64

SEPARATOR = "\x1f"

Keys = Mapping[str, bytes] | Callable[[str], bytes]
"""Secret key by period ("2026-11"), given by the caller."""

_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def row_purpose(row: str) -> str:
    """Return the purpose of a row's own draw, for its rate and its quota."""
    return f"row_rate:{row}"


def identity(message: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of a file's business identity.

    Insured, beneficiary, flow, nature, care period, provider; each NFC and in upper case, empty
    when missing, with a unit separator between them. The beneficiary is relation and birth date:
    a name can be spelled anew until the draw is a pleasant one.
    """
    beneficiary = message.get("beneficiary")
    care = message.get("care")
    provider = message.get("provider")
    text = SEPARATOR.join(
        (
            message["insured"]["registration_number"],
            f"{beneficiary['relation']}/{beneficiary['birth_date']}" if beneficiary else "",
            message["flow"],
            message["nature"],
            f"{care['from']}/{care.get('to', '')}" if care else "",
            provider["id"] if provider else "",
        )
    )
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return text.upper().encode()


def period_of(file: FileFacts) -> str:
    """Return the month whose key makes the draws of a file.

    The month in which care began; without care dates, that of the first reception of the case.

    >>> from datetime import date
    >>> period_of(FileFacts({"care": {"from": "2026-10-31"}}, date(2026, 11, 20)))
    '2026-10'
    """
    care = file.message.get("care")
    if care:
        return str(care["from"][:7])
    first: date = file.first_received_on or file.received_on
    return first.isoformat()[:7]


class Draws:
    """Draws under the secret keys of their periods.

    A draw is the first 8 bytes, big-endian, of HMAC-SHA256 over purpose, unit separator and
    business identity. A rate takes the draws below it, so a higher rate keeps every earlier file.
    """

    def __init__(self, keys: Keys) -> None:
        self._key_of = keys if callable(keys) else keys.__getitem__
        self._pads: dict[str, tuple[Any, Any]] = {}

    def draw(self, period: str, purpose: str, who: bytes) -> int:
        """Return one draw as a whole number from 0 to 2**64 - 1."""
        return self.draw_many([(period, who)], purpose)[0]

    def draw_many(self, cases: Iterable[tuple[str, bytes]], purpose: str) -> list[int]:
        """Return one draw for each (period, identity), all for the same purpose.

        Raises:
            InvalidInput: there is no key for a period.
        """
        prefix = f"{purpose}{SEPARATOR}".encode()
        draws = []
        for period, who in cases:
            pads = self._pads.get(period) or self._open(period)
            inner = pads[0].copy()
            inner.update(prefix + who)
            outer = pads[1].copy()
            outer.update(inner.digest())
            draws.append(int.from_bytes(outer.digest()[:8], "big"))
        return draws

    def _open(self, period: str) -> tuple[Any, Any]:
        """Return both halves of HMAC with the key already taken in; copying them is cheap."""
        try:
            key = self._key_of(period)
        except KeyError:
            raise InvalidInput(f"there is no draw key for {period}", field="period") from None
        if len(key) < 16:
            raise InvalidInput(f"the draw key of {period} is too short", field="period")
        block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
        pads = hashlib.sha256(block.translate(_INNER)), hashlib.sha256(block.translate(_OUTER))
        self._pads[period] = pads
        return pads


def bound(rate: int, whole: int = 10_000) -> int:
    """Return the draw that is the first one not taken at a rate in ten-thousandths.

    >>> bound(10_000) == DRAW_RANGE, bound(0)
    (True, 0)
    """
    return -(-rate * DRAW_RANGE // whole)


def fraction(draw: int) -> float:
    """Return a draw as a number in [0, 1), rounded down to what a float can hold.

    >>> fraction(0), fraction(DRAW_RANGE - 1) < 1
    (0.0, True)
    """
    return (draw >> 11) / 2**53
