"""What people add to a control file: documents, messages; and going on without pieces."""

import base64
import binascii
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, StringConstraints

from api.auth import Caller, Permission
from api.commands import Code, CompletedOut, Given, LongText, ShortText, Version, Worker
from api.deps import Db, Now, ReadDb, WithTools
from api.errors import refusals
from medcontrol.errors import InvalidInput
from medcontrol.queries import files
from medcontrol.vocabulary import DocumentClass, MessageAudience
from workflows import commands

router = APIRouter(prefix="/control-files/{control_file_id}", tags=["commands"])

Person = Annotated[Caller, Depends(Permission(None))]


class DocumentIn(Given):
    """A document as it stands in an intake message."""

    kind: Code
    title: Annotated[ShortText, StringConstraints(min_length=1)]
    document_class: DocumentClass = DocumentClass.MEDICAL
    content_base64: Annotated[str, StringConstraints(min_length=1, max_length=75_000_000)]

    def content(self) -> bytes:
        """Return the bytes.

        Raises:
            InvalidInput: no base64.
        """
        try:
            return base64.b64decode("".join(self.content_base64.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise InvalidInput("not base64", field="/content_base64") from error


class MessageIn(Given):
    """A message to the others who work on the file."""

    text: Annotated[LongText, StringConstraints(min_length=1, strip_whitespace=True)]
    audience: MessageAudience = MessageAudience.EVERYONE


class MessageOut(BaseModel):
    """A message of a file."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    author_name: str
    audience: MessageAudience
    sent_at: datetime
    text: str


class WrittenOut(BaseModel):
    """The id of what was written."""

    id: UUID


class VersionIn(Given):
    """The file as the caller read it."""

    expected_version: Version


@router.post(
    "/documents", status_code=201, response_model=CompletedOut, responses=refusals(404, 409)
)
def add_document(
    control_file_id: UUID, body: DocumentIn, caller: Worker, db: Db, tools: WithTools, now: Now
) -> CompletedOut:
    """Add a document; whoever waits for pieces goes on."""
    files.find_file(db, caller.principal, control_file_id)
    document = commands.NewDocument(
        kind=body.kind,
        title=body.title,
        content=body.content(),
        document_class=body.document_class,
    )
    done = commands.add_documents(
        db, tools, control_file_id, [document], by=caller.principal, now=now
    )
    return CompletedOut.model_validate(done)


@router.post("/waive-completion", response_model=CompletedOut, responses=refusals(404, 409))
def waive(
    control_file_id: UUID, body: VersionIn, caller: Worker, db: Db, tools: WithTools, now: Now
) -> CompletedOut:
    """Go on without the pieces that were asked for."""
    files.find_file(db, caller.principal, control_file_id)
    done = commands.waive_completion(
        db,
        tools,
        control_file_id,
        expected_version=body.expected_version,
        principal=caller.principal,
        now=now,
    )
    return CompletedOut.model_validate(done)


@router.get("/messages", response_model=list[MessageOut], responses=refusals(404))
def get_messages(
    control_file_id: UUID, caller: Person, db: ReadDb, tools: WithTools, now: Now
) -> list[MessageOut]:
    """Return the messages that the caller may read, oldest first."""
    files.find_file(db, caller.principal, control_file_id)
    found = commands.read_messages(caller.principal, tools, control_file_id, now=now)
    return [MessageOut.model_validate(each) for each in found]


@router.post("/messages", status_code=201, response_model=WrittenOut, responses=refusals(404, 409))
def post_message(
    control_file_id: UUID, body: MessageIn, caller: Person, db: Db, tools: WithTools, now: Now
) -> WrittenOut:
    """Write a message to the others who work on the file."""
    files.find_file(db, caller.principal, control_file_id)
    written = commands.write_message(
        db, tools, control_file_id, body.text, body.audience, principal=caller.principal, now=now
    )
    return WrittenOut(id=written)


@router.post("/undo-decision", response_model=CompletedOut, responses=refusals(404, 409))
def undo(
    control_file_id: UUID, body: VersionIn, caller: Person, db: Db, tools: WithTools, now: Now
) -> CompletedOut:
    """Take back a decision within the seconds after it, before anything left."""
    files.find_file(db, caller.principal, control_file_id)
    done = commands.undo_decision(
        db,
        tools,
        control_file_id,
        expected_version=body.expected_version,
        principal=caller.principal,
        now=now,
    )
    return CompletedOut.model_validate(done)
