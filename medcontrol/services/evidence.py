"""Evidence of one file (dossier de preuve): what happened, who read it, and that it is unchanged.

Codes, names of people of the fund, instants and hashes: nothing medical and nothing about the
insured person but the number of the file. It is signed, and whoever has it and the public key
checks it without this installation.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlmodel import Session, select

from medcontrol.chaining import OTHER_END, first_fault
from medcontrol.crypto import KeyRing
from medcontrol.db import read_only
from medcontrol.errors import InvalidInput, NotFound
from medcontrol.model import ControlFile
from medcontrol.policy import Action, Principal, may, visible
from medcontrol.services import digests, medical

FORMAT = 1
WHAT = "evidence"

_FILE = """
SELECT id, reference, jurisdiction, scheme, flow, nature, channel, agency_code, region_code, level,
       status, received_on, opened_at, closed_at, pack, journal_length, journal_head
FROM control_file WHERE id = :id
"""
_PARTS = {
    "decisions": """
        SELECT d.decided_at AS at, d.outcome, d.valid_from, d.valid_to, u.name AS by, d.undone_at
        FROM decision d LEFT JOIN user_account u ON u.id = d.decided_by
        WHERE d.control_file_id = :id ORDER BY d.decided_at, d.id""",
    "letters": """
        SELECT written_at AS at, code, language, recipient, status, sent_at, is_registered, receipt,
               carrier_reference, pdf_sha256 AS sha256
        FROM letter WHERE control_file_id = :id ORDER BY written_at, id""",
    "documents": """
        SELECT d.id, d.class, d.media_type, d.size, d.sha256, d.is_stored, d.added_at AS at
        FROM document d JOIN control_file f ON f.received_file_id = d.received_file_id
        WHERE f.id = :id ORDER BY d.added_at, d.id""",
    "journal": """
        SELECT number, at, action, actor_kind, actor_id, actor_label, facts, hash
        FROM journal_entry WHERE control_file_id = :id ORDER BY number""",
    "readings": """
        SELECT l.at, u.login, u.name, l.what, l.purpose
        FROM access_log l LEFT JOIN user_account u ON u.id = l.user_id
        WHERE l.control_file_id = :id ORDER BY l.at, l.id""",
}


def overseen(session: Session, principal: Principal, reference: str) -> UUID:
    """Return the id of a file that somebody oversees: its supervisors and auditors.

    Raises:
        NotFound: there is none, or it is not theirs to oversee.
    """
    allowed = visible(principal, ControlFile, Action.OVERSEE)
    found = session.exec(
        select(ControlFile.id).where(ControlFile.reference == reference, allowed)
    ).one_or_none()
    if found is None:
        raise NotFound(f"no file {reference} to oversee", field="reference")
    return found


def gather(session: Session, file_id: UUID, *, fund: str, by: str, now: datetime) -> dict[str, Any]:
    """Return the evidence of a file as plain values; the caller has asked the policy.

    Args:
        session: reads only.
        file_id: of a file that exists.
        fund: name of the fund.
        by: who takes it out.
        now: when.
    """
    values = {"id": file_id}
    file = dict(session.execute(sa.text(_FILE), values).mappings().one())
    parts: dict[str, Any] = {
        name: [dict(row) for row in session.execute(sa.text(statement), values).mappings()]
        for name, statement in _PARTS.items()
    }
    whole = {
        "format": FORMAT, "fund": fund, "exported_by": by, "exported_at": now, "file": file,
        "signed_days": _days(session, [*parts["journal"], *parts["readings"]]), **parts,
    }  # fmt: skip
    plain: dict[str, Any] = orjson.loads(orjson.dumps(_hex(whole)))
    return plain


def _days(session: Session, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the signed days in which something of these rows happened."""
    found, since = [], digests.EVER
    for each in digests.all_days(session):
        if any(since <= row["at"] < each.until for row in rows):
            found.append(digests.as_line(each))
        since = each.until
    return found


def _hex(value: Any) -> Any:
    """Return a value with hashes in hexadecimal and instants in UTC, at every depth."""
    if isinstance(value, dict):
        return {name: _hex(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_hex(part) for part in value]
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def canonical(evidence: dict[str, Any]) -> bytes:
    """Return what is signed: JSON with sorted keys."""
    return orjson.dumps(evidence, option=orjson.OPT_SORT_KEYS)


def fingerprint(evidence: dict[str, Any]) -> str:
    """Return the SHA-256 of evidence, which its printed form names too."""
    return sha256(canonical(evidence)).hexdigest()


def sealed(keys: KeyRing, evidence: dict[str, Any]) -> bytes:
    """Return evidence as a JSON file with its hash, public key and signature."""
    key = digests.signing_key(keys)
    whole = {
        "evidence": evidence,
        "sha256": fingerprint(evidence),
        "public_key": key.public_key().public_bytes_raw().hex(),
        "signature": key.sign(canonical(evidence)).hex(),
    }
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2)


def broken_entry(evidence: dict[str, Any]) -> int | None:
    """Return the number of the first journal entry that does not hold; None when all do."""
    file = evidence["file"]
    fault = first_fault(
        UUID(file["id"]),
        map(_entry, evidence["journal"]),
        length=file["journal_length"],
        head=bytes.fromhex(file["journal_head"]),
    )
    if fault is None:
        return None
    return fault.number + (fault.text == OTHER_END)  # the one that should come next


def _entry(row: dict[str, Any]) -> SimpleNamespace:
    """Return a journal entry of evidence as the table has it."""
    return SimpleNamespace(**row | {
        "at": datetime.fromisoformat(row["at"]),
        "actor_id": UUID(row["actor_id"]) if row["actor_id"] else None,
        "hash": bytes.fromhex(row["hash"]),
    })  # fmt: skip


def check(content: bytes, trusted: bytes) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the evidence in a file and what is wrong with it: signature, hash, chain.

    Args:
        content: what ``sealed`` made.
        trusted: the public key of the installation that made it, 32 bytes.

    Raises:
        InvalidInput: it is no evidence.
    """
    try:
        whole = orjson.loads(content)
        evidence: dict[str, Any] = whole["evidence"]
        faults = []
        if not digests.is_signed(canonical(evidence), bytes.fromhex(whole["signature"]), trusted):
            faults.append("wrong signature")
        if whole["sha256"] != fingerprint(evidence):
            faults.append("wrong hash")
        number = broken_entry(evidence)
        if number is not None:
            faults.append(f"the journal does not hold at entry {number}")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidInput("this is no evidence of a file", field="file") from None
    return evidence, tuple(faults)


def take_out(principal: Principal, reference: str, *, fund: str, now: datetime) -> dict[str, Any]:
    """Return the evidence of a file for somebody who oversees it; taking it out is logged first.

    Raises:
        NotFound: as ``overseen``.
    """
    with read_only() as session:
        file_id = overseen(session, principal, reference)
    medical.log_reading(
        principal, file_id, WHAT, WHAT, now=lambda: now,
        allowed=lambda session: may(session, principal, file_id, Action.OVERSEE),
    )  # fmt: skip
    with read_only() as session:
        return gather(session, file_id, fund=fund, by=principal.name, now=now)
