"""What fails, in groups, for whoever watches the program from outside (incidents)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api.auth import Caller, Permission
from api.deps import Now, ReadDb
from medcontrol.queries.incidents import Incident
from medcontrol.queries.incidents_loading import load_incidents
from medcontrol.services.clients import Scope
from medcontrol.vocabulary import IncidentKind, Role

router = APIRouter(tags=["incidents"])

Operator = Annotated[
    Caller, Depends(Permission(Scope.INCIDENTS_READ, frozenset({Role.ADMINISTRATOR})))
]


class IncidentOut(BaseModel):
    """Failures with the same fingerprint: what was being done, its step, the error."""

    key: str = Field(description="Stands for the fingerprint; the same as long as it fails so")
    kind: IncidentKind = Field(description="Chapter of docs/runbook.md")
    what: str = Field(description="A topic of the outbox, or a job")
    step: str = Field(description="Event, letter, clock or step of the flow; empty when unknown")
    error: str = Field(description="Code of a refusal or class of an error, never content")
    first_seen: datetime
    last_seen: datetime
    items: int
    files: int = Field(description="Control files among them, each counted once")
    tried_again: int = Field(description="Those that are tried again by themselves")
    next_try_at: datetime | None = Field(
        description="When the first of them is; null at the job's next run, or never"
    )
    given_up: int


class IncidentsOut(BaseModel):
    """Everything that fails now, what failed last first."""

    incidents: list[IncidentOut]


@router.get("/incidents", response_model=IncidentsOut)
def list_incidents(caller: Operator, db: ReadDb, now: Now) -> IncidentsOut:
    """Return what fails now, in groups; no file, no person."""
    del caller  # whoever may ask sees all
    return IncidentsOut(incidents=[_out(each) for each in load_incidents(db, now=now)])


def _out(incident: Incident) -> IncidentOut:
    that = incident.fingerprint
    names = IncidentOut.model_fields.keys() - {"key", "what", "step", "error"}
    return IncidentOut(
        key=that.key,
        what=that.what,
        step=that.step,
        error=that.error,
        **{name: getattr(incident, name) for name in names},
    )
