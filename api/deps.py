"""What operations are given: a transaction, the tools, the time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlmodel import Session

from medcontrol.clock import Clock, utc_now
from medcontrol.db import read_only, transaction
from medcontrol.settings import Settings
from workflows.tools import Tools


@dataclass(frozen=True)
class Context:
    """What the composition root hands to the API; there is one per process."""

    settings: Settings
    tools: Tools
    clock: Clock = field(default=utc_now)


def open_transaction() -> Iterator[Session]:
    """Give a session that is committed when the operation ends."""
    with transaction() as session:
        yield session


def open_reading() -> Iterator[Session]:
    """Give a session in which a write fails."""
    with read_only() as session:
        yield session


def _context(request: Request) -> Context:
    return cast("Context", request.app.state.context)


def _tools(request: Request) -> Tools:
    return _context(request).tools


def _now(request: Request) -> datetime:
    return _context(request).clock()


# Function scope commits before the response leaves. The default scope commits after it, so a
# failed commit would already have been answered 201.
Db = Annotated[Session, Depends(open_transaction, scope="function")]
ReadDb = Annotated[Session, Depends(open_reading, scope="function")]
InContext = Annotated[Context, Depends(_context)]
WithTools = Annotated[Tools, Depends(_tools)]
Now = Annotated[datetime, Depends(_now)]
