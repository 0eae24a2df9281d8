"""What can be read in a stored row, without the signs that chance chose."""

import re

DRAWN = re.compile(
    r"x[0-9a-f]{40,}"  # sealed content and digests, as PostgreSQL prints them
    r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # identifiers
    r"|\d\d:\d\d:\d\d\.\d+"  # the microseconds of a moment
)


def in_clear(row: str) -> str:
    """The text of a row where a figure that is found was written, not drawn by chance."""
    return DRAWN.sub("", row)
