"""New files decided on, saved, and opened where they are controlled (dossiers reçus)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session

from medcontrol.copying import copy_rows
from medcontrol.intake import Accepted, Registers
from medcontrol.model import Document, ReceivedFile, SelectivityDecision
from medcontrol.ports import FileFacts, SelectivityOutcome
from selectivity.history.entries import entries_of
from selectivity.history.reading import hasher_of, look
from selectivity.history.writing import record
from workflows.gate import arms, messages, probing, shadowing
from workflows.gate.counts import Counts
from workflows.gate.deciding import decide
from workflows.gate.opening import ToOpen, open_files
from workflows.tools import Tools


@dataclass(slots=True)
class _Rows:
    """Rows of the new files of a chunk, and which of them are to be opened."""

    files: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    chosen: list[ToOpen] = field(default_factory=list)


def save(
    session: Session,
    tools: Tools,
    new: Mapping[UUID, Accepted],
    known: Registers,
    now: datetime,
) -> tuple[Counts, dict[UUID, str]]:
    """Decide on new files, save them, open those that are controlled.

    Args:
        session: the transaction that claimed their identities.
        tools: of this process.
        new: accepted messages by the id of the received file to come.
        known: agencies and flows.
        now: the instant.

    Returns:
        What became of them, and the references of opened ones by received file.
    """
    ids = list(new)
    facts = [messages.facts_of(each, _region(each, known)) for each in new.values()]
    looked = look(session, entries_of(facts, ids, hasher_of(tools.keys)))
    picked = probing.pick(session, facts, ids)
    outcomes, decided = decide(session, tools, facts, looked, picked, now)
    rows = _rows(tools, new, known, facts, outcomes, now)
    copy_rows(session, ReceivedFile, rows.files)
    copy_rows(session, SelectivityDecision, rows.decisions)
    arms.record(session, decided, ids)
    copy_rows(session, Document, rows.documents)
    record(session, looked)
    probing.keep(session, picked, now)
    opened = open_files(session, tools, rows.chosen, now=now)
    shadowing.watch(session, tools.keys, ids, facts, outcomes)
    counts = Counts(
        accepted=len(new), opened=len(rows.chosen),
        assigned=opened.assigned, unassigned=opened.unassigned,
        by_lane=Counter(outcome.lane.value for outcome in outcomes),
    )  # fmt: skip
    return counts, opened.references


def _region(accepted: Accepted, known: Registers) -> str:
    return known.agencies[accepted.message["jurisdiction"]][accepted.message["agency"]]


def _rows(
    tools: Tools,
    new: Mapping[UUID, Accepted],
    known: Registers,
    facts: Sequence[FileFacts],
    outcomes: Sequence[SelectivityOutcome],
    now: datetime,
) -> _Rows:
    rows = _Rows()
    for (file_id, each), fact, outcome in zip(new.items(), facts, outcomes, strict=True):
        row = messages.received_row(each, file_id, _region(each, known), tools.keys, now)
        rows.files.append(row)
        rows.decisions.append(messages.decision_row(outcome, file_id, tools.keys, now))
        if each.documents:
            rows.documents += messages.document_rows(each, file_id, now)
            for attachment in each.documents:
                if attachment.content is not None:
                    tools.documents.put(attachment.content)
        if outcome.lane.is_controlled:
            received = row | {"received_on": fact.received_on}
            rows.chosen.append(ToOpen(received, each.message, outcome))
    return rows
