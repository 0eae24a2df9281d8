"""Rotation of the key that encrypts medical content."""

from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from medcontrol.crypto import KeyRing, bind
from medcontrol.db import transaction
from medcontrol.documents import FolderStore
from medcontrol.ids import new_id
from medcontrol.model import SelectivityDecision
from medcontrol.services import keys as key_service
from medcontrol.services import medical
from medcontrol.vocabulary import MedicalRecordKind
from tests.factories import NOW, make_control_file, make_received_file

COUNT = 7


@pytest.fixture
def store(tmp_path: Path) -> tuple[KeyRing, FolderStore]:
    ring = KeyRing.open(tmp_path / "keys.json")
    return ring, FolderStore(tmp_path / "documents", ring)


def fill(session: Session, ring: KeyRing) -> None:
    """Seven rows in each table that holds encrypted content."""
    file = make_control_file(session)
    for number in range(COUNT):
        medical.write(
            session, ring, file.id, MedicalRecordKind.REASONING, {"text": number},
            author_id=None, now=NOW,
        )  # fmt: skip
        row_id = new_id()
        key_id, payload = ring.encrypt(b"payload %d" % number, bind("received_file", row_id))
        make_received_file(session, id=row_id, key_id=key_id, payload=payload)
        key_id, secret = ring.encrypt(b"features", bind("selectivity_decision", row_id))
        session.add(
            SelectivityDecision.model_validate(
                {
                    "received_file_id": row_id, "decided_at": NOW, "lane": "green",
                    "level": "local", "reasons": [], "origins": [], "matched_rows": [],
                    "draw_period": "2026-11", "draw": b"12345678",
                    "inclusion_probability": 0.5, "rule_set": "ma/1", "rule_set_hash": "x",
                    "features": {}, "key_id": key_id, "medical_features": secret,
                }
            )
        )  # fmt: skip
    session.flush()
    _fill_raw(session, ring, file.id)


def _fill_raw(session: Session, ring: KeyRing, file_id: UUID) -> None:
    for number in range(COUNT):
        message_id, line_id = new_id(), new_id()
        key_id, content = ring.encrypt(b"message", bind("message", message_id))
        session.execute(
            sa.text(
                "INSERT INTO message (id, control_file_id, author_id, author_name, audience,"
                " sent_at, key_id, content) VALUES (:id, :file, :id, 'x', 'everyone', :now, :k, :c)"
            ),
            {"id": message_id, "file": file_id, "now": NOW, "k": key_id, "c": content},
        )
        key_id, content = ring.encrypt(b"line", bind("quarantined_message", line_id))
        session.execute(
            sa.text(
                "INSERT INTO quarantined_message (id, bytes_hash, batch_name, line_no, reason,"
                " status, errors, size, key_id, content, quarantined_at) VALUES"
                " (:id, :hash, 'b', :n, 'faulty', 'waiting', '[]', 4, :k, :c, :now)"
            ),
            {"id": line_id, "hash": line_id.bytes, "n": number, "now": NOW, "k": key_id,
             "c": content},
        )  # fmt: skip


def readable(ring: KeyRing, key_id: str) -> int:
    """Count the rows under a key, decrypting each."""
    count = 0
    with transaction() as session:
        for sealed in key_service.SEALED:
            rows = session.execute(
                sa.text(
                    f"SELECT {sealed.key}, key_id, {sealed.content}"  # noqa: S608 - our names
                    f" FROM {sealed.table.__tablename__} WHERE key_id = :key"
                ),
                {"key": key_id},
            )
            for row_id, own_key, content in rows:
                assert ring.decrypt(own_key, bytes(content), bind(sealed.use, row_id))
                count += 1
    return count


def test_every_encrypted_column_of_the_database_is_rotated(engine: sa.Engine) -> None:
    """A table with a ``key_id`` that rotation does not know would keep its old key for ever."""
    with engine.connect() as connection:
        tables = connection.execute(
            sa.text(
                "SELECT table_name FROM information_schema.columns"
                " WHERE column_name = 'key_id' AND table_schema = 'public'"
            )
        ).scalars()
        assert set(tables) == {str(each.table.__tablename__) for each in key_service.SEALED}


def test_everything_is_readable_under_the_new_key_and_nothing_is_left_under_the_old(
    committed: sa.Engine, store: tuple[KeyRing, FolderStore]
) -> None:
    ring, documents = store
    with transaction() as session:
        fill(session, ring)
    digest = documents.put(b"%PDF-1.7 a document").sha256
    before = readable(ring, "k1")
    done = key_service.rotate(ring, documents, chunk=3)
    assert done.active == "k2"
    assert sum(done.renewed.values()) == before + 1 == 5 * COUNT + 1
    assert (readable(ring, "k1"), readable(ring, "k2")) == (0, before)
    assert documents.get(digest).startswith(b"%PDF")
    assert done.unreadable_count == 1, "the received file behind the control file holds nothing"


def test_a_rotation_that_was_killed_is_finished_under_the_same_key(
    committed: sa.Engine, store: tuple[KeyRing, FolderStore]
) -> None:
    ring, documents = store
    with transaction() as session:
        fill(session, ring)
    before = readable(ring, "k1")

    def die(what: str, count: int) -> None:
        if what == "message":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        key_service.rotate(ring, documents, chunk=3, on_chunk=die)
    assert 0 < readable(ring, "k2") < before, "what was committed stays"
    done = key_service.rotate(ring, documents, resume=True, chunk=3)
    assert done.active == "k2"
    assert (readable(ring, "k1"), readable(ring, "k2")) == (0, before)
    again = key_service.rotate(ring, documents, resume=True)
    assert sum(again.renewed.values()) == 0


def test_a_row_that_can_not_be_read_is_named_and_stays(
    committed: sa.Engine, store: tuple[KeyRing, FolderStore]
) -> None:
    ring, documents = store
    with transaction() as session:
        file = make_control_file(session, received={"key_id": ring.active, "payload": b""})
        kept = medical.write(
            session, ring, file.id, MedicalRecordKind.REASONING, {}, author_id=None, now=NOW
        )
        session.execute(
            sa.text("UPDATE medical_record SET content = content || 'x'::bytea WHERE id = :id"),
            {"id": kept},
        )
    done = key_service.rotate(ring, documents)
    assert f"medical_record {kept}" in done.unreadable
    with transaction() as session:
        key = session.execute(sa.text("SELECT key_id FROM medical_record")).scalar_one()
    assert key == "k1"
