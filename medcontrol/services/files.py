"""Locking a control file: the first statement of every command."""

from uuid import UUID

from sqlmodel import Session

from medcontrol.errors import NotFound, StaleControlFile
from medcontrol.model import ControlFile


def lock(
    session: Session, control_file_id: UUID, *, expected_version: int | None = None
) -> ControlFile:
    """Lock a file's row until the caller's transaction ends, and return it as it is now.

    Args:
        session: the caller's transaction.
        control_file_id: the file.
        expected_version: version the page was drawn from; None for commands of the system.

    Raises:
        NotFound: there is no such file.
        StaleControlFile: the file moved since; nothing may be changed.
    """
    found = session.get(ControlFile, control_file_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound(f"no control file {control_file_id}")
    if expected_version is not None and found.version != expected_version:
        raise StaleControlFile(f"file is at version {found.version}")
    return found
