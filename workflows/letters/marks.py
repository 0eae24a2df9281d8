"""What each letter carries beside its text (courriers): a code to verify it, and how it leaves.

The code proves that a letter is genuine to whoever holds it, and tells nothing of what it says.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from medcontrol.settings import Settings
from medcontrol.vocabulary import Channel, LetterWay

# Crockford's alphabet: no letter that resembles a digit.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 20  # 100 bits
_GROUP = 5
_ALIKE = str.maketrans("OIL", "011")
_NEUTRAL = {"fr": "Contrôle médical", "ar": "المراقبة الطبية"}
# What somebody outside the relation of care may be told of a decision: that it is, and its days.
_TOLD_TO_EMPLOYERS = frozenset({"outcome", "decided_on", "valid_from", "valid_to", "is_renewal"})

PrintedBy = Literal["carrier", "agency", "agency_for_paper"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterWays:
    """How this installation sends letters.

    Attributes:
        verify_at: address of the public page, without the code; no code is printed when empty.
        printed_by: the carrier, the agencies, or the agencies for files that came on paper.
        has_accounts: people who chose it get their letters in their account.
    """

    verify_at: str = ""
    printed_by: PrintedBy = "carrier"
    has_accounts: bool = False


def letter_ways(settings: Settings) -> LetterWays:
    """Return how letters leave under these settings."""
    own = settings.public_url or f"http://{settings.host}:{settings.port}"
    return LetterWays(
        verify_at=f"{own.rstrip('/')}/verify",
        printed_by=settings.letters_printed_by,
        has_accounts=settings.accounts_url is not None,
    )


def way_of(
    ways: LetterWays, *, channel: str, recipient: str, is_registered: bool, has_consent: bool
) -> LetterWay:
    """Return how a letter leaves. A registered letter is a letter of paper.

    Examples:
        >>> ways = LetterWays(printed_by="agency_for_paper", has_accounts=True)
        >>> person = {"recipient": "insured", "is_registered": False}
        >>> way_of(ways, channel="paper", has_consent=False, **person).value
        'agency'
        >>> way_of(ways, channel="portal", has_consent=True, **person).value
        'digital'
    """
    if ways.has_accounts and has_consent and recipient == "insured" and not is_registered:
        return LetterWay.DIGITAL
    by_agency = ways.printed_by == "agency" or (
        ways.printed_by == "agency_for_paper" and channel == Channel.PAPER
    )
    return LetterWay.AGENCY if by_agency else LetterWay.CARRIER


def new_code() -> str:
    """Return a code that nobody can guess."""
    # Every sign is as likely as the others: 256 is a multiple of the alphabet's 32.
    return "".join([ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(CODE_LENGTH)])


def read_typed_code(text: str) -> str:
    """Return a code as it is stored, from how people type it; empty when it can be none.

    >>> read_typed_code("o1l2x-00000-00000-00000")
    '0112X000000000000000'
    >>> read_typed_code("'; DROP TABLE letter")
    ''
    """
    plain = "".join(text.upper().split()).replace("-", "").translate(_ALIKE)
    is_code = len(plain) == CODE_LENGTH and set(plain) <= set(ALPHABET)
    return plain if is_code else ""


def spelled_code(code: str) -> str:
    """Return a code as it is printed, in groups.

    >>> spelled_code("0123456789ABCDEFGHJK")
    '01234-56789-ABCDE-FGHJK'
    """
    return "-".join(code[at : at + _GROUP] for at in range(0, len(code), _GROUP))


def verification(ways: LetterWays, code: str) -> dict[str, str] | None:
    """Return the group of a letter's context that its QR code is drawn from."""
    if not ways.verify_at:
        return None
    return {"address": f"{ways.verify_at}/{code}", "at": ways.verify_at, "code": spelled_code(code)}


def told_to(recipient: str, context: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return what of a letter's context the recipient may know.

    An employer learns neither of what the control was about nor why it ended so: the kind of
    file, motives, lines and the number of a right point at an illness.
    """
    if recipient != "employer":
        return dict(context)
    decision = context.get("decision")
    kept = decision and {
        name: value for name, value in decision.items() if name in _TOLD_TO_EMPLOYERS
    }
    hidden = {"flow": _NEUTRAL[language], "decision": kept, "review": None}
    return {**context, **hidden}
