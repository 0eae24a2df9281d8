"""Raw bodies: read or spooled only after the caller is known, and only of the right type."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from anyio import to_thread
from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from api.auth import Caller, Permission
from api.deps import InContext
from api.errors import Refusal
from medcontrol.ids import new_id
from medcontrol.queries.quarantine import WRITERS
from medcontrol.services.clients import Scope
from medcontrol.vocabulary import Role
from workflows.gate.spool import PIECE, SpoolWriter

JSON_TYPES = ("application/json",)
GZIP_TYPES = ("application/gzip", "application/x-gzip")
BATCH_TYPES = ("application/x-ndjson", "application/ndjson", "application/jsonl", *GZIP_TYPES)
# A line of intake may have 80 MiB; a little more is read, so that intake itself can say so.
ONE_FILE = 81 * 1024 * 1024
_GZIP = b"\x1f\x8b"

HandInFile = Annotated[
    Caller, Depends(Permission(Scope.INTAKE_WRITE, {Role.AGENT, Role.ADMINISTRATOR}))
]
HandInBatch = Annotated[Caller, Depends(Permission(Scope.INTAKE_WRITE, {Role.ADMINISTRATOR}))]


@dataclass(frozen=True, slots=True)
class Spooled:
    """A delivery that is safely on disk."""

    batch_id: UUID
    size: int


def type_of(request: Request, allowed: tuple[str, ...]) -> str:
    """Return the media type of a body.

    Raises:
        Refusal: 415, it is none of the allowed ones.
    """
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared not in allowed:
        raise Refusal(415, "body.wrong_type", "send one of " + ", ".join(allowed))
    return declared


def _is_gzip_said(request: Request, media_type: str, *, may_be: bool) -> bool:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip") or (encoding != "identity" and not may_be):
        raise Refusal(415, "body.wrong_encoding", "this content encoding is not understood")
    return encoding != "identity" or media_type in GZIP_TYPES


async def chunks_of(request: Request) -> AsyncIterator[bytes]:
    """Yield a body as it comes.

    Raises:
        Refusal: 400, the connection ended before the body did.
    """
    try:
        async for chunk in request.stream():
            if chunk:
                yield chunk
    except ClientDisconnect:
        raise Refusal(400, "body.cut", "the connection ended before the body did") from None


async def read_message(request: Request, caller: HandInFile) -> bytes:
    """Return the body of one message; intake itself says what is wrong inside.

    Raises:
        Refusal: another media type, an encoding, or no body.
    """
    _is_gzip_said(request, type_of(request, JSON_TYPES), may_be=False)
    body = b"".join([chunk async for chunk in chunks_of(request)])
    if not body.strip():
        raise Refusal(400, "body.empty", "the body is empty")
    return body


Correct = Annotated[Caller, Depends(Permission(None, WRITERS))]


async def read_correction(request: Request, caller: Correct) -> bytes | None:
    """Return a corrected message; None when there is no body: the line as it is.

    Raises:
        Refusal: another media type or an encoding.
    """
    body = b"".join([chunk async for chunk in chunks_of(request)])
    if not body.strip():
        return None
    _is_gzip_said(request, type_of(request, JSON_TYPES), may_be=False)
    return body


async def spool_delivery(
    request: Request, caller: HandInBatch, context: InContext
) -> AsyncIterator[Spooled]:
    """Give the delivery once it is on disk; take it away again when the batch is not recorded.

    Raises:
        Refusal: another media type or encoding, no body, or no gzip where one was announced.
    """
    media_type = type_of(request, BATCH_TYPES)
    is_gzip = _is_gzip_said(request, media_type, may_be=True)
    batch_id = new_id()
    writer = await to_thread.run_sync(SpoolWriter, batch_id, context.tools.keys)
    try:
        size = await _copy(request, writer, is_gzip=is_gzip)
        await to_thread.run_sync(writer.close)
        yield Spooled(batch_id, size)
    except BaseException:
        writer.discard()
        raise


async def _copy(request: Request, writer: SpoolWriter, *, is_gzip: bool) -> int:
    held, size, head = bytearray(), 0, b""
    async for chunk in chunks_of(request):
        size += len(chunk)
        head = head or (bytes(held) + chunk)[:2] if size < PIECE else head
        held += chunk
        if len(held) >= PIECE:
            await to_thread.run_sync(writer.write, bytes(held))
            held.clear()
    if not size:
        raise Refusal(400, "body.empty", "the body is empty")
    if is_gzip and head != _GZIP:
        raise Refusal(400, "body.not_gzip", "the body was announced as gzip and is not")
    await to_thread.run_sync(writer.write, bytes(held))
    return size


Correction = Annotated[bytes | None, Depends(read_correction)]
Message = Annotated[bytes, Depends(read_message)]
Delivery = Annotated[Spooled, Depends(spool_delivery, scope="function")]
