import json
import os
import stat
from multiprocessing import get_context
from pathlib import Path

import pytest

from medcontrol.crypto import (
    ContentTampered,
    CryptoFault,
    KeyFileUnusable,
    KeyRing,
    UnknownKey,
    bind,
)

ROW = bind("medical_record", "0190")
SECRET_TEXT = b"I25.1 coronaropathie"


@pytest.fixture
def ring(tmp_path) -> KeyRing:
    return KeyRing.open(tmp_path / "keys" / "keys.json")


def test_what_was_encrypted_is_read_back_and_does_not_show(ring):
    key_id, blob = ring.encrypt(SECRET_TEXT, ROW)

    assert ring.decrypt(key_id, blob, ROW) == SECRET_TEXT
    assert SECRET_TEXT not in blob
    assert ring.encrypt(SECRET_TEXT, ROW)[1] != blob


def test_long_texts_are_stored_smaller_and_incompressible_ones_are_not_blown_up(ring):
    long, noise = SECRET_TEXT * 400, os.urandom(2000)

    key_id, blob = ring.encrypt(long, ROW)
    noisy = ring.encrypt(noise, ROW)[1]

    assert len(blob) < len(long) / 5
    assert len(noisy) == len(noise) + 29
    assert ring.decrypt(key_id, blob, ROW) == long
    assert ring.decrypt(key_id, noisy, ROW) == noise


def test_content_of_one_row_can_not_stand_in_another(ring):
    key_id, blob = ring.encrypt(SECRET_TEXT, ROW)

    for other in (bind("medical_record", "0191"), bind("quarantine", "0190"), b""):
        with pytest.raises(ContentTampered) as refusal:
            ring.decrypt(key_id, blob, other)
        assert "coronaropathie" not in str(refusal.value)


def test_every_changed_or_missing_byte_is_noticed(ring):
    key_id, blob = ring.encrypt(b"x", ROW)

    for place in range(len(blob)):
        changed = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        with pytest.raises(ContentTampered):
            ring.decrypt(key_id, changed, ROW)
        with pytest.raises(ContentTampered):
            ring.decrypt(key_id, blob[:place], ROW)


def test_a_key_that_is_not_in_the_ring_is_named(ring):
    blob = ring.encrypt(SECRET_TEXT, ROW)[1]

    with pytest.raises(UnknownKey, match="k99"):
        ring.decrypt("k99", blob, ROW)


def test_after_a_rotation_the_new_key_encrypts_and_the_old_one_still_reads(ring):
    old_id, blob = ring.encrypt(SECRET_TEXT, ROW)
    draw_key = ring.derive("draw:2026-11")

    new_id = ring.rotate()

    assert ring.encrypt(b"", ROW)[0] == new_id == ring.active != old_id
    assert ring.decrypt(old_id, blob, ROW) == SECRET_TEXT
    assert ring.derive("draw:2026-11") == draw_key
    assert KeyRing.open(ring.path).active == new_id


def test_a_process_that_runs_reads_what_another_encrypted_after_a_rotation(ring):
    other = KeyRing.open(ring.path)
    ring.rotate()
    key_id, blob = ring.encrypt(SECRET_TEXT, ROW)

    assert other.decrypt(key_id, blob, ROW) == SECRET_TEXT
    assert other.active == key_id


def test_two_rotations_at_once_lose_no_key(ring):
    other = KeyRing.open(ring.path)

    written = [ring.encrypt(SECRET_TEXT, ROW)]
    for each in (ring, other, ring):
        each.rotate()
        written.append(each.encrypt(SECRET_TEXT, ROW))

    assert len({key_id for key_id, _ in written}) == 4
    kept = KeyRing.open(ring.path)
    assert [kept.decrypt(*each, ROW) for each in written] == [SECRET_TEXT] * 4


def test_derived_keys_differ_by_purpose_and_ring_but_not_by_time(ring):
    again = KeyRing.open(ring.path)

    assert ring.derive("draw:2026-11") == again.derive("draw:2026-11")
    assert ring.derive("draw:2026-11") != ring.derive("draw:2026-12")
    assert ring.derive("draw:2026-11") != KeyRing.in_memory().derive("draw:2026-11")
    assert len(ring.derive("x")) == 32


def test_the_file_is_readable_by_its_owner_only_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        path = KeyRing.open(tmp_path / "new" / "keys.json").path
        KeyRing.open(path).rotate()
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert sorted(f.name for f in path.parent.iterdir()) == ["keys.json", "keys.json.lock"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_may_read_is_refused(ring, mode):
    ring.path.chmod(mode)

    with pytest.raises(KeyFileUnusable, match="chmod 600"):
        KeyRing.open(ring.path)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.pop("active"),
        lambda c: c.pop("secret"),
        lambda c: c.update(active="k7"),
        lambda c: c.update(secret=""),
        lambda c: c.update(format=2),
        lambda c: c["keys"].update(k1="c2hvcnQ="),
        lambda c: c["keys"].update(k1="no base64!"),
        lambda c: c["keys"].update(other=c["keys"]["k1"]),
        lambda c: c.update(keys=[]),
    ],
)
def test_a_damaged_file_is_refused_without_its_content(ring, change):
    content = json.loads(ring.path.read_text())
    key = content["keys"]["k1"]
    change(content)
    ring.path.write_text(json.dumps(content))

    with pytest.raises(KeyFileUnusable) as refusal:
        KeyRing.open(ring.path)

    assert key not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", "\x00"])
def test_a_file_that_is_no_key_ring_is_refused_and_kept(tmp_path, text):
    path = tmp_path / "keys.json"
    path.write_text(text)
    path.chmod(0o600)

    with pytest.raises(KeyFileUnusable):
        KeyRing.open(path)

    assert path.read_text() == text


def test_nothing_secret_shows_in_the_ring_itself(ring):
    assert "k1" in repr(ring)
    assert all(
        part not in repr(ring) for part in json.loads(ring.path.read_text())["keys"].values()
    )


def test_every_fault_is_a_refusal_of_the_domain():
    assert {f.code for f in (UnknownKey, ContentTampered, KeyFileUnusable)} == {
        "crypto.unknown_key",
        "crypto.tampered",
        "crypto.key_file",
    }
    assert all(issubclass(f, CryptoFault) for f in (UnknownKey, ContentTampered, KeyFileUnusable))


def _secret_of(path: Path) -> bytes:
    return KeyRing.open(path).derive("same?")


def test_processes_that_start_at_once_share_one_ring(tmp_path):
    path = tmp_path / "keys.json"

    with get_context("spawn").Pool(4) as pool:
        secrets_seen = pool.map(_secret_of, [path] * 8)

    assert len(set(secrets_seen)) == 1
