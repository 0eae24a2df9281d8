"""Amounts as people write them."""

import re
from decimal import Decimal

_AMOUNT = re.compile(r"[0-9]{1,9}([.,][0-9]{1,2})?", re.ASCII)


def cents_of(text: str) -> int | None:
    """Return an amount in centimes; None when it is none.

    >>> cents_of("1 250,50")
    125050
    """
    plain = re.sub(r"[\s\u202f\u00a0]", "", text)
    if not _AMOUNT.fullmatch(plain):
        return None
    return int(Decimal(plain.replace(",", ".")).scaleb(2))
