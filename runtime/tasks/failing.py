"""What happens when work fails: it is noted without content, and tried again later."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import UUID

import sqlalchemy as sa

from medcontrol import outbox
from medcontrol.clock import utc_now
from medcontrol.db import transaction
from medcontrol.errors import DomainError

log = logging.getLogger(__name__)


class TaskFailed(Exception):
    """A task ended by a bug or a lost server. Says which error, never with which values."""


@contextmanager
def noted(message_id: UUID) -> Iterator[None]:
    """Note a failure with its outbox message; the relay hands it over again when it is due.

    A refusal ends here, since trying again is all there is to do about it.

    Raises:
        TaskFailed: anything else.
    """
    try:
        with without_values(message_id=str(message_id)):
            yield
    except DomainError as refusal:
        log.warning("outbox.refused", extra={"message_id": str(message_id), "code": refusal.code})
        _note(message_id, refusal.code)
    except TaskFailed as failure:
        _note(message_id, str(failure))
        raise


@contextmanager
def without_values(**ids: str) -> Iterator[None]:
    """Log an error with its place and turn it into one that Celery may print.

    The text of a database error quotes the row that it is about.

    Raises:
        TaskFailed: instead of any error but a refusal of the domain.
    """
    try:
        yield
    except DomainError:
        raise
    except Exception as error:
        log.exception("task.failed", extra=ids)
        raise TaskFailed(type(error).__name__) from None


def _note(message_id: UUID, error: str) -> None:
    # When it is the database that is gone, the next try is planned all the same.
    with suppress(sa.exc.OperationalError), transaction() as session:
        outbox.note_failure(session, message_id, error, now=utc_now())
