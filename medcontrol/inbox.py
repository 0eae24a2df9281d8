"""The inbox: what was handled once is recognised when it comes again (idempotence)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.copying import bytes_text, codes_text, ids_text


@dataclass(frozen=True, slots=True)
class Identity:
    """Who sent what: ``content_hash`` (32 bytes) tells the same content from another."""

    source: str
    external_id: str
    content_hash: bytes
    subject_id: UUID


@dataclass(frozen=True, slots=True)
class Known:
    """What stands under an identity already."""

    content_hash: bytes
    subject_id: UUID


_CLAIM = sa.text("""
INSERT INTO inbox_message (source, external_id, content_hash, subject_id, seen_at)
SELECT s, e, h, i, :now FROM unnest(CAST(:sources AS text[]), CAST(:external_ids AS text[]),
       CAST(:hashes AS bytea[]), CAST(:subjects AS uuid[])) AS v(s, e, h, i)
ORDER BY s, e
ON CONFLICT (source, external_id) DO NOTHING
RETURNING subject_id
""")
_KNOWN = sa.text("""
SELECT m.source, m.external_id, m.content_hash, m.subject_id
FROM unnest(CAST(:sources AS text[]), CAST(:external_ids AS text[])) AS v(s, e)
JOIN inbox_message m ON m.source = v.s AND m.external_id = v.e
""")


def claim(
    session: Session, identities: Sequence[Identity], *, now: datetime
) -> dict[UUID, Known | None]:
    """Claim identities, each given once, in one statement; ordered, so that claims never deadlock.

    Returns:
        By subject id: None when the identity is new and now the subject's; otherwise what stood
        there before. A claim of a running transaction is waited for.
    """
    if not identities:
        return {}
    values = {
        "now": now,
        "sources": codes_text([each.source for each in identities]),
        "external_ids": codes_text([each.external_id for each in identities]),
        "hashes": bytes_text([each.content_hash for each in identities]),
        "subjects": ids_text([each.subject_id for each in identities]),
    }
    new = set(session.execute(_CLAIM, values).scalars())
    if len(new) == len(identities):
        return dict.fromkeys(new)
    old = [each for each in identities if each.subject_id not in new]
    rows = session.execute(
        _KNOWN,
        {
            "sources": codes_text([each.source for each in old]),
            "external_ids": codes_text([each.external_id for each in old]),
        },
    )
    found = {(row[0], row[1]): Known(bytes(row[2]), row[3]) for row in rows}
    answer: dict[UUID, Known | None] = dict.fromkeys(new)
    for each in old:
        answer[each.subject_id] = found[each.source, each.external_id]
    return answer
