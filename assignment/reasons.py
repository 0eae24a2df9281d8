"""Why-records of assignments, read back from where they are stored."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from assignment.facts import Candidate, Rule, Why


def why_of(stored: Mapping[str, Any] | None) -> Why | None:
    """Return the why-record that is stored with an assignment; None where it holds no terms."""
    if not stored or not stored.get("chosen"):
        return None
    first = stored.get("first_given_at")
    return Why(
        Rule(stored["rule"]),
        _candidate(stored["chosen"]),
        tuple(_candidate(each) for each in stored.get("others", ())),
        None if first is None else datetime.fromisoformat(first),
    )


def _candidate(terms: Mapping[str, Any]) -> Candidate:
    costs = {name: float(terms[name]) for name in Candidate._fields[1:]}
    return Candidate(UUID(terms["doctor"]), **costs)
