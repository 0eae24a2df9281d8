"""What a reassignment refused, small enough for the address of its result page.

The page that follows a form is loaded anew, by another process perhaps; what was moved stands
in the database, what was refused stands nowhere else.
"""

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from uuid import UUID

import orjson

from assignment.service import FileResult

# Addresses of about 6 kB pass everywhere.
MOST_SHOWN = 150
_LARGEST = 65_536

Refused = tuple[UUID, tuple[str, ...]]


def pack(results: Sequence[FileResult]) -> str:
    """Return the files that were refused with their reasons, the first ``MOST_SHOWN`` of them."""
    by_reasons: dict[str, str] = {}
    for each in [each for each in results if each.refused][:MOST_SHOWN]:
        key = " ".join(each.refused)
        by_reasons[key] = by_reasons.get(key, "") + each.control_file_id.hex
    return urlsafe_b64encode(zlib.compress(orjson.dumps(by_reasons), 9)).decode().rstrip("=")


def unpack(text: str) -> list[Refused]:
    """Return what ``pack`` wrote; nothing when it was changed on the way."""
    try:
        packed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        unpacker = zlib.decompressobj()
        by_reasons = orjson.loads(unpacker.decompress(packed, _LARGEST))
        if not unpacker.eof:
            return []
        return [
            (UUID(ids[at : at + 32]), tuple(reasons.split()))
            for reasons, ids in by_reasons.items()
            for at in range(0, len(ids), 32)
        ]
    except (ValueError, zlib.error, AttributeError, TypeError):
        return []
