"""Business identities of live files, for the rows' own draws (identité du dossier)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Session

from selectivity.draws import identity
from selectivity.history.cases import Cases

_CHUNK = 5_000
_COLUMNS = sa.text("""
SELECT id, flow, nature, registration_number, relation, beneficiary_birth_date, care_from, care_to,
       provider_id
FROM received_file WHERE id = ANY(:ids)
""")


def identities_of(session: Session, cases: Cases) -> list[bytes | None]:
    """Return the identity of each case; ``None`` for an imported one, which keeps only a hash."""
    live = [file_id for file_id, is_live in zip(cases.ids, cases.is_live, strict=True) if is_live]
    found: dict[UUID, bytes] = {}
    for start in range(0, len(live), _CHUNK):
        for row in session.execute(_COLUMNS, {"ids": live[start : start + _CHUNK]}):
            found[row.id] = identity(message_of(dict(row._mapping)))
    return [found.get(file_id) for file_id in cases.ids]


def message_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a message that its identity is made of, from the columns kept."""
    message: dict[str, Any] = {
        "insured": {"registration_number": row["registration_number"]},
        "flow": row["flow"],
        "nature": row["nature"],
    }
    if row["relation"] is not None:
        born = row["beneficiary_birth_date"].isoformat()
        message["beneficiary"] = {"relation": row["relation"], "birth_date": born}
    if row["care_from"] is not None:
        end = {"to": row["care_to"].isoformat()} if row["care_to"] is not None else {}
        message["care"] = {"from": row["care_from"].isoformat(), **end}
    if row["provider_id"] is not None:
        message["provider"] = {"id": row["provider_id"]}
    return message
