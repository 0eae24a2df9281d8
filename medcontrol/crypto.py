"""Key ring that encrypts medical content at rest (AES-256-GCM), and keys derived for purposes."""

import base64
import fcntl
import json
import os
import re
import secrets
import stat
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from medcontrol.errors import DomainError, Kind

KEY_BYTES = 32
NONCE_BYTES = 12
# Shorter texts do not shrink enough to pay for the call.
COMPRESS_ABOVE = 4096
# First byte of what is encrypted, so it is authenticated with the content.
_PLAIN, _DEFLATED = b"\x00", b"\x01"
_FORMAT = 1
_KEY_ID = re.compile(r"k[1-9][0-9]{0,8}")


class CryptoFault(DomainError):
    """Encrypted content can't be read; never says what it holds."""

    kind = Kind.UNAVAILABLE
    code = "crypto.fault"


class UnknownKey(CryptoFault):
    """The key that encrypted this is not in the key ring."""

    code = "crypto.unknown_key"


class ContentTampered(CryptoFault):
    """The content was changed, cut, or belongs to another row."""

    code = "crypto.tampered"


class KeyFileUnusable(CryptoFault):
    """The key ring's file is missing a part, is no key ring, or others may read it."""

    code = "crypto.key_file"


def bind(kind: str, row_id: UUID | str) -> bytes:
    """Return the additional data that binds content to one row, so that rows can't be swapped.

    ``kind`` is the table or use, without colon: ``medical_record``, ``quarantine``, ``document``.
    """
    return f"{kind}:{row_id}".encode()


class KeyRing:
    """One active key that encrypts, retired keys that only decrypt, and a secret to derive from.

    Safe to use from several threads. A process that meets a key it does not know reads the file
    again once, so a rotation elsewhere needs no restart.

    A key should be retired long before 2³² messages (random nonces of 96 bits): once a year is
    ample for a fund of any size.
    """

    def __init__(
        self, keys: Mapping[str, bytes], active: str, secret: bytes, path: Path | None = None
    ) -> None:
        if active not in keys or not secret or any(len(k) != KEY_BYTES for k in keys.values()):
            raise KeyFileUnusable("the active key, a key of 32 bytes or the secret is missing")
        self.path = path
        self._set(keys, active, secret)

    def __repr__(self) -> str:
        """Show ids, never keys."""
        return f"<KeyRing active={self._active} keys={sorted(self._ciphers)}>"

    @classmethod
    def in_memory(cls) -> "KeyRing":
        """Return a fresh ring that is lost with the process; for tests and dry runs."""
        return cls({"k1": secrets.token_bytes(KEY_BYTES)}, "k1", secrets.token_bytes(KEY_BYTES))

    @classmethod
    def open(cls, path: Path) -> "KeyRing":
        """Return the ring of a file; made on first use, readable by its owner only.

        Several processes may do this at once: all of them end with the same ring.

        Raises:
            KeyFileUnusable: no key ring, or others may read it.
        """
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _locked(path):
                if not path.exists():
                    ring = cls.in_memory()
                    _write(path, ring._raw, "k1", ring._secret)
        return cls(*_read(path), path)

    @property
    def active(self) -> str:
        """Id of the key that encrypts now."""
        return self._active

    def encrypt(self, plaintext: bytes, aad: bytes) -> tuple[str, bytes]:
        """Return the active key's id and nonce ‖ ciphertext ‖ tag; 29 bytes more than the text.

        Longer texts are compressed first. ``aad`` (see ``bind``) must be given again to decrypt.
        """
        packed = zlib.compress(plaintext, 1) if len(plaintext) > COMPRESS_ABOVE else plaintext
        is_smaller = len(packed) < len(plaintext)
        content = _DEFLATED + packed if is_smaller else _PLAIN + plaintext
        nonce = os.urandom(NONCE_BYTES)
        key_id, cipher = self._current
        return key_id, nonce + cipher.encrypt(nonce, content, aad)

    def decrypt(self, key_id: str, blob: bytes, aad: bytes) -> bytes:
        """Return what was encrypted under this key for this row.

        Raises:
            UnknownKey: the key was lost, or the row comes from another installation.
            ContentTampered: a byte was changed, or the row is another one.
        """
        cipher = self._ciphers.get(key_id) or self._after_reload(key_id)
        try:
            content = cipher.decrypt(blob[:NONCE_BYTES], blob[NONCE_BYTES:], aad)
        except (InvalidTag, ValueError):  # ValueError: too short to hold nonce and tag
            raise ContentTampered(f"content under key {key_id} does not fit its row") from None
        return zlib.decompress(content[1:]) if content[:1] == _DEFLATED else content[1:]

    def rotate(self) -> str:
        """Add a new key, make it the active one, and return its id.

        Content under earlier keys stays readable; encrypting it again is the caller's work.
        With a file, the change is on disk when this returns.
        """
        if self.path is None:
            self._add_key()
            return self._active
        with _locked(self.path):
            self.reload()
            self._add_key()
            _write(self.path, self._raw, self._active, self._secret)
        return self._active

    def reload(self) -> None:
        """Read the file again, after a rotation in another process."""
        if self.path is not None:
            self._set(*_read(self.path))

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes that belong to a purpose (``draw:2026-11``), the same for ever.

        Survives rotations. To publish one derived key says nothing about any other.
        """
        hkdf = HKDF(
            algorithm=SHA256(), length=32, salt=None, info=b"medcontrol:" + purpose.encode()
        )
        return hkdf.derive(self._secret)

    def _set(self, keys: Mapping[str, bytes], active: str, secret: bytes) -> None:
        self._raw = dict(keys)
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._active = active
        # Read as one, so that a rotation in another thread can't mix an id with another key.
        self._current = (active, self._ciphers[active])
        self._secret = secret

    def _add_key(self) -> None:
        key_id = f"k{1 + max(int(key_id[1:]) for key_id in self._raw)}"
        keys = {**self._raw, key_id: secrets.token_bytes(KEY_BYTES)}
        self._set(keys, key_id, self._secret)

    def _after_reload(self, key_id: str) -> AESGCM:
        self.reload()
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnknownKey(f"key {key_id} is not in the key ring")
        return cipher


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time write the file; the lock ends with the process."""
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, keys: Mapping[str, bytes], active: str, secret: bytes) -> None:
    """Put the file in place at once: after a crash there is the old one or the new one."""
    content = {
        "format": _FORMAT,
        "active": active,
        "keys": {key_id: base64.b64encode(key).decode() for key_id, key in keys.items()},
        "secret": base64.b64encode(secret).decode(),
    }
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> tuple[dict[str, bytes], str, bytes]:
    try:
        with path.open(encoding="utf-8") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise KeyFileUnusable(f"{path} must be readable by its owner only (chmod 600)")
            content = json.load(file)
        if content["format"] != _FORMAT or not all(map(_KEY_ID.fullmatch, content["keys"])):
            raise ValueError
        keys = {i: base64.b64decode(k, validate=True) for i, k in content["keys"].items()}
        return keys, str(content["active"]), base64.b64decode(content["secret"], validate=True)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # The cause may quote the file's content, so it is not passed on.
        raise KeyFileUnusable(f"{path} can't be read as a key ring") from None
