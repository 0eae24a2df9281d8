"""The ways a letter leaves: posted to a carrier over HTTP, or laid out for the print room."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import httpx

from medcontrol.errors import InvalidInput, Unavailable
from medcontrol.ports import Post
from medcontrol.settings import Settings

# Sending holds the file's row: all of it is shorter than the patience for a lock (5 s).
TIMEOUT = httpx.Timeout(3.0, connect=1.0)
REFERENCE_LENGTH = 200


class HttpPost:
    """A carrier with one address (prestataire d'envoi).

    Neither the address nor a header names the person: the letter goes by its id, and who it is
    for stands in the PDF only.
    """

    def __init__(self, url: str, client: httpx.Client | None = None) -> None:
        self._url = url
        self._client = client or httpx.Client(timeout=TIMEOUT, follow_redirects=False)

    def send(self, letter_id: UUID, pdf: bytes, *, idempotency_key: str, recipient: str) -> str:
        """See ``ports.Post.send``."""
        headers = {
            "Content-Type": "application/pdf",
            "Idempotency-Key": idempotency_key,
            "Letter-Id": str(letter_id),
            "Letter-Recipient": recipient,
        }
        try:
            answer = self._client.post(self._url, content=pdf, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable(f"the carrier does not answer: {type(error).__name__}") from None
        if not answer.is_success:
            raise Unavailable(f"the carrier answered {answer.status_code}")
        return reference_of(answer)


def reference_of(answer: httpx.Response) -> str:
    """Return the carrier's reference; an answer without one is no receipt."""
    try:
        found = answer.json()["reference"]
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, str) or not 0 < len(found) <= REFERENCE_LENGTH or "\0" in found:
        raise Unavailable("the carrier's answer has no reference", field="reference")
    return found


class FolderPost:
    """Letters as files of a folder, which the print room empties.

    A letter handed over twice is the same file, until it is taken away.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, letter_id: UUID, pdf: bytes, *, idempotency_key: str, recipient: str) -> str:  # noqa: ARG002 - the port's
        """See ``ports.Post.send``. When this returns, the letter outlives a crash."""
        name = f"{letter_id}.pdf"
        temporary = self._folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(temporary, pdf)
            temporary.replace(self._folder / name)
            _sync(self._folder)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise Unavailable(f"the outgoing folder can't be written: {error.strerror}") from None
        return f"outgoing/{name}"

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_post(settings: Settings) -> Post:
    """Return the way letters leave this installation.

    Raises:
        InvalidInput: ``post_url`` is not an http(s) address.
    """
    if settings.post_url is None:
        return FolderPost(settings.home_path / "outgoing")
    if not settings.post_url.startswith(("http://", "https://")):
        raise InvalidInput("MEDCONTROL_POST_URL must be an http(s) address", field="post_url")
    return HttpPost(settings.post_url)
