"""Administrative pieces that a message itself shows to be missing (recevabilité)."""

from collections.abc import Mapping
from typing import Any


def missing_members(message: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the members that the flow needs and the message does not have.

    Never a reason to refuse a file: the agent asks for them.
    """
    flow, nature = message["flow"], message["nature"]
    missing = []
    if flow == "ald" and nature == "renewal" and not message.get("ald_number"):
        missing.append("ald_number")
    if flow == "ald" and nature != "renewal" and not message.get("form"):
        missing.append("form")
    if (
        flow == "hospital"
        and nature in ("prolongation", "invoice")
        and not message.get("authorisation")
    ):
        missing.append("authorisation")
    if flow == "dental" and any(
        str(line["act"]).upper().startswith("D") and not line.get("tooth")
        for line in message.get("lines", ())
    ):
        missing.append("tooth")
    return tuple(missing)
