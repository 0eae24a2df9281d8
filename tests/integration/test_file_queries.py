"""The file page read from the database: rights, header, tabs, neighbours."""

from datetime import date, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa

from medcontrol import journal
from medcontrol.errors import NotFound
from medcontrol.ids import new_id
from medcontrol.journal import Actor
from medcontrol.model import (
    CompletionRequest,
    ControlFile,
    Deadline,
    Document,
    DocumentView,
    Entitlement,
    HumanTask,
    LineOpinion,
    Message,
    Opinion,
    ReceivedFile,
    SelectivityDecision,
)
from medcontrol.policy import Action, Grant, Principal
from medcontrol.queries.activity_loading import (
    load_documents,
    load_flow,
    load_messages,
    load_opinions,
)
from medcontrol.queries.file_loading import (
    actions_of,
    header_of,
    load_counts,
    load_neighbours,
    open_file,
)
from medcontrol.queries.file_page import FileAction
from medcontrol.queries.file_tabs import JournalKind, PieceState, StepState
from medcontrol.queries.journal_loading import load_journal
from medcontrol.queries.tabs_loading import lines_of, load_history, load_summary, request_of
from medcontrol.queries.worklist import DueState, QueueFilters
from medcontrol.rules.calendar import WorkingCalendar
from medcontrol.vocabulary import (
    ActorKind,
    CompletionKind,
    ControlFileStatus,
    ControlLevel,
    DeadlineKind,
    DocumentClass,
    EntitlementStatus,
    Jurisdiction,
    Lane,
    LineOutcome,
    MessageAudience,
    Role,
    StepKind,
    TaskStatus,
)
from tests.integration.assignment_fund import (
    NOW,
    TODAY,
    add_doctor,
    add_tasks,
    add_units,
    file_of,
    insert,
)
from tests.statements import statements

CALENDAR = WorkingCalendar("ma")
WHEN = {"now": NOW, "calendar": CALENDAR}


class UpperWords:
    """Titles that show which code they were asked for."""

    def step(self, code: str) -> str:
        return f"step {code}"

    def outcome(self, code: str) -> str:
        return f"outcome {code}"

    def motive(self, code: str) -> str:
        return f"motive {code}"

    def deadline(self, code: str) -> str:
        return f"deadline {code}"

    def document(self, code: str) -> str:
        return f"document {code}"


WORDS = UpperWords()
AGENT = Principal(new_id(), "Agent", (Grant(Role.AGENT, ControlLevel.LOCAL, "T-A1"),))
SUPERVISOR = Principal(new_id(), "S", (Grant(Role.SUPERVISOR, ControlLevel.REGIONAL, "T-R1"),))


@pytest.fixture
def fund(db):
    add_units(db)
    return db


@pytest.fixture
def doctor(fund) -> Principal:
    return Principal(
        new_id(), "Dr", (Grant(Role.DOCTOR, ControlLevel.LOCAL, "T-A1"),), add_doctor(fund)
    )


def give(session, doctor: Principal, number: int = 1, **values) -> list[UUID]:
    """Files in a doctor's hands, as their task ids."""
    tasks = add_tasks(session, number, **values)
    files = [file_of(session, task) for task in tasks]
    holder = {"assigned_doctor_id": doctor.doctor_id}
    session.execute(sa.update(HumanTask).where(HumanTask.id.in_(tasks)).values(**holder))
    session.execute(sa.update(ControlFile).where(ControlFile.id.in_(files)).values(**holder))
    return tasks


@pytest.fixture
def task(fund, doctor) -> UUID:
    return give(fund, doctor)[0]


def reference_of(session, task: UUID) -> str:
    return session.get_one(HumanTask, task).reference


def opened(session, who, task):
    return open_file(session, who, reference_of(session, task))


def change_file(session, task: UUID, **values) -> None:
    where = ControlFile.id == file_of(session, task)
    session.execute(sa.update(ControlFile).where(where).values(**values))
    session.expire_all()


def change_received(session, task: UUID, **values) -> None:
    where = ReceivedFile.id == session.get_one(ControlFile, file_of(session, task)).received_file_id
    session.execute(sa.update(ReceivedFile).where(where).values(**values))
    session.expire_all()


def test_rights_come_with_the_file_in_one_statement(fund, doctor, task):
    reference = reference_of(fund, task)

    with statements(fund) as seen:
        found = open_file(fund, doctor, reference)

    assert len(seen) == 1
    assert found.allowed == {Action.SEE, Action.READ_MEDICAL, Action.CONTROL}
    assert found.task.id == task
    assert open_file(fund, AGENT, reference).allowed == {Action.SEE, Action.ADMINISTRATE}


def test_a_file_outside_the_policy_is_as_unknown_as_one_that_is_not_there(fund, task):
    stranger = Principal(new_id(), "X", (Grant(Role.AGENT, ControlLevel.LOCAL, "T-B1"),))
    for who, reference in ((stranger, reference_of(fund, task)), (AGENT, "NO-SUCH-FILE")):
        with pytest.raises(NotFound):
            open_file(fund, who, reference)


def test_header_says_whose_it_is_where_it_stands_and_until_when(fund, doctor, task):
    header = header_of(opened(fund, doctor, task), doctor, WORDS, **WHEN)

    assert header.is_mine
    assert header.task_id == task
    assert header.step_title == "step control"
    assert header.due.state is DueState.LATER
    assert header.unit_name == "T-A1"
    assert header.outcome is None


@pytest.mark.parametrize(
    ("status", "closed_at", "state"),
    [
        (ControlFileStatus.AWAITING_COMPLETION, None, DueState.STOPPED),
        (ControlFileStatus.CLOSED, NOW, DueState.DONE),
    ],
)
def test_the_clock_of_a_file_that_waits_or_is_closed_is_no_threat(
    fund, doctor, task, status, closed_at, state
):
    change_file(fund, task, status=status, closed_at=closed_at, due_at=NOW - timedelta(days=9))

    assert header_of(opened(fund, doctor, task), doctor, WORDS, **WHEN).due.state is state


def test_actions_are_those_of_the_step_and_of_the_reader(fund, doctor, task):
    outcomes = ["granted", "ask_completion", "escalate"]
    his = actions_of(opened(fund, doctor, task), doctor, outcomes)

    assert his == {
        FileAction.GIVE_OPINION, FileAction.HOLD, FileAction.REQUEST_COMPLETION,
        FileAction.ESCALATE, FileAction.WRITE_MESSAGE, FileAction.ADD_DOCUMENT,
    }  # fmt: skip
    assert actions_of(opened(fund, doctor, task), doctor, ["granted"]) == his - {
        FileAction.REQUEST_COMPLETION, FileAction.ESCALATE,
    }  # fmt: skip
    assert actions_of(opened(fund, SUPERVISOR, task), SUPERVISOR, outcomes) == {FileAction.TRANSFER}
    assert FileAction.GIVE_OPINION not in actions_of(opened(fund, AGENT, task), AGENT, outcomes)


def test_an_agent_checks_what_is_administrative_and_a_held_step_can_only_be_resumed(fund, task):
    held = {"held_until": NOW + timedelta(days=3), "hold_reason": "other"}
    values = {"is_medical": False, "kind": StepKind.COMPLETENESS, **held}
    fund.execute(sa.update(HumanTask).where(HumanTask.id == task).values(**values))
    fund.expire_all()

    actions = actions_of(opened(fund, AGENT, task), AGENT, ["complete", "incomplete"])

    assert {FileAction.CHECK_COMPLETENESS, FileAction.RELEASE} <= actions
    assert FileAction.HOLD not in actions
    assert FileAction.REQUEST_COMPLETION in actions


def test_lines_and_request_are_what_the_sender_gave(fund, doctor, task):
    line = {"no": 2, "act": "Z15", "label": "Radio", "quantity": "1", "amount": "982.90",
            "date": "2026-02-19", "tooth": "16"}  # fmt: skip
    details = {
        "lines": [line],
        "prescriber": {"name": "Dr P", "specialty": "cardiology"},
        "paper": {"location": "étagère 3", "slip": "B-1", "pages": 8},
        "authorisation": "PEC-1",
    }
    change_received(fund, task, details=details, prescriber_id="P-1", amount_cents=98290)
    found = opened(fund, doctor, task)

    [got] = lines_of(found)
    request = request_of(found)

    assert (got.no, got.act, got.title, got.tooth) == (2, "Z15", "Radio", "16")
    assert (got.amount_cents, got.unit_price_cents, got.on) == (98290, None, date(2026, 2, 19))
    assert (request.prescriber.id, request.prescriber.specialty) == ("P-1", "cardiology")
    assert request.provider is None
    assert (request.paper_slip, request.paper_pages) == ("B-1", 8)


def add_document(session, task, kind, *, stored=True, document_class=DocumentClass.ADMINISTRATIVE):
    file = session.get_one(ControlFile, file_of(session, task))
    row = {
        "id": new_id(), "received_file_id": file.received_file_id, "kind": kind, "title": "",
        "document_class": document_class.value, "media_type": "application/pdf",
        "sha256": "0" * 64, "size": 10, "is_stored": stored, "added_at": NOW,
    }  # fmt: skip
    insert(session, Document, [row])
    return row["id"]


def test_summary_says_why_what_rights_and_which_pieces(fund, doctor, task):
    file = fund.get_one(ControlFile, file_of(fund, task))
    decision = {
        "received_file_id": file.received_file_id, "decided_at": NOW, "lane": Lane.RED,
        "level": ControlLevel.LOCAL, "mode": None, "origins": ["mandatory", "rule"],
        "reasons": [{"code": "first", "text": "Première demande."}], "matched_rows": ["M-1"],
        "draw_period": "2026-03", "draw": b"12345678", "inclusion_probability": 1.0,
        "rule_set": "r", "rule_set_hash": "h", "features": {},
    }  # fmt: skip
    insert(fund, SelectivityDecision, [decision])
    right = {
        "id": new_id(), "number": "ALD-1", "jurisdiction": Jurisdiction.MA, "flow": "ald",
        "registration_number": file.registration_number, "family_name": "N", "given_name": "N",
        "birth_date": date(1980, 1, 1), "agency_code": "T-A1", "valid_from": TODAY,
        "status": EntitlementStatus.ACTIVE, "granted_at": NOW,
    }  # fmt: skip
    insert(fund, Entitlement, [right])
    form = add_document(fund, task, "form")
    add_document(fund, task, "exams", stored=False)
    request = {
        "id": new_id(), "control_file_id": file.id, "kind": CompletionKind.INCOMPLETE,
        "pieces": [{"kind": "identity"}], "requested_by": new_id(), "requested_at": NOW,
    }  # fmt: skip
    insert(fund, CompletionRequest, [request])
    required = {
        "form": ("Formulaire", True), "exams": ("Examens", True), "identity": ("CNIE", True),
        "quote": ("Devis", False),
    }  # fmt: skip

    def summary_for(who):
        return load_summary(fund, who, opened(fund, who, task), required, None, CALENDAR)

    summary = summary_for(doctor)

    assert [reason.text for reason in summary.reasons] == ["Première demande."]
    assert summary.matched_rows == ()
    assert summary_for(SUPERVISOR).matched_rows == ("M-1",)
    assert [right.number for right in summary.rights] == ["ALD-1"]
    assert {piece.kind: piece.state for piece in summary.pieces} == {
        "form": PieceState.PRESENT, "exams": PieceState.ANNOUNCED,
        "identity": PieceState.REQUESTED, "quote": PieceState.MISSING,
    }  # fmt: skip
    assert summary.pieces[0].document_id == form


def test_history_tells_the_controlling_doctor_of_files_he_may_not_open(fund, doctor, task):
    person = fund.get_one(ControlFile, file_of(fund, task)).registration_number
    [elsewhere] = add_tasks(fund, 1, agency="T-B1", region="T-R2")
    change_file(fund, elsewhere, registration_number=person, received_on=date(2025, 1, 1))
    mine = give(fund, doctor)[0]
    change_file(fund, mine, registration_number=person)

    def history(who):
        found = opened(fund, who, task)
        rows = load_history(fund, who, found, CALENDAR)
        assert load_counts(fund, who, found).history == len(rows)
        return [(row.reference, row.may_open) for row in rows]

    assert history(doctor) == [
        (reference_of(fund, mine), True), (reference_of(fund, elsewhere), False),
    ]  # fmt: skip
    assert history(AGENT) == [(reference_of(fund, mine), True)]


def test_medical_documents_are_closed_to_agents_and_reading_is_ticked(fund, doctor, task):
    add_document(fund, task, "form")
    medical = add_document(fund, task, "exams", document_class=DocumentClass.MEDICAL)
    insert(
        fund,
        DocumentView,
        [{"document_id": medical, "user_id": doctor.id, "seen_at": NOW},
         {"document_id": medical, "user_id": new_id(), "seen_at": NOW}],
    )  # fmt: skip

    his = load_documents(fund, doctor, opened(fund, doctor, task), WORDS)
    theirs = load_documents(fund, AGENT, opened(fund, AGENT, task), WORDS)

    assert [(row.title, row.may_open, row.seen_by_me) for row in his] == [
        ("document form", True, False), ("document exams", True, True),
    ]  # fmt: skip
    assert [(row.may_open, row.seen_by_me) for row in theirs] == [(True, False), (False, False)]


def test_opinions_show_their_lines_and_only_the_reasoning_that_was_given(fund, doctor, task):
    file_id = file_of(fund, task)
    rows = [
        {"id": new_id(), "control_file_id": file_id, "human_task_id": task, "step": "control",
         "doctor_id": doctor.doctor_id, "outcome": outcome, "given_at": NOW + timedelta(days=n),
         "reasoning_id": new_id()}
        for n, outcome in enumerate(["granted", "refused_medical"])
    ]  # fmt: skip
    insert(fund, Opinion, rows)
    line = {"opinion_id": rows[0]["id"], "line_no": 1, "outcome": LineOutcome.REFUSED,
            "motive_code": "m1"}  # fmt: skip
    insert(fund, LineOpinion, [line])

    found = opened(fund, doctor, task)
    newest, oldest = load_opinions(fund, found, WORDS, {rows[1]["reasoning_id"]: "Parce que."})

    assert (newest.outcome_title, newest.tone) == ("outcome refused_medical", "refuse")
    assert (newest.reasoning, oldest.reasoning) == ("Parce que.", None)
    assert oldest.lines == ((1, LineOutcome.REFUSED, "motive m1"),)


def test_messages_among_doctors_reach_no_agent_and_are_not_even_decrypted(fund, doctor, task):
    file_id = file_of(fund, task)
    rows = [
        {"id": new_id(), "control_file_id": file_id, "author_id": author, "author_name": "A",
         "audience": audience, "sent_at": NOW, "key_id": "k", "content": text.encode()}
        for author, audience, text in (
            (AGENT.id, MessageAudience.EVERYONE, "à tous"),
            (doctor.id, MessageAudience.DOCTORS, "secret"),
        )
    ]  # fmt: skip
    insert(fund, Message, rows)
    decrypted = []

    def open_text(message):
        decrypted.append(message.content.decode())
        return decrypted[-1]

    theirs = load_messages(fund, AGENT, opened(fund, AGENT, task), open_text)
    assert decrypted == ["à tous"]
    his = load_messages(fund, doctor, opened(fund, doctor, task), open_text)

    assert [(row.text, row.is_mine) for row in theirs] == [("à tous", True)]
    assert [(row.text, row.is_mine) for row in his] == [("à tous", False), ("secret", True)]
    assert load_counts(fund, AGENT, opened(fund, AGENT, task)).messages == 1


def test_way_and_clocks_follow_the_steps(fund, doctor, task):
    done = {"status": TaskStatus.DONE, "done_at": NOW, "outcome": "complete", "step": "first"}
    [earlier] = add_tasks(fund, 1)
    values = {**done, "control_file_id": file_of(fund, task), "opened_at": NOW - timedelta(days=2)}
    fund.execute(sa.update(HumanTask).where(HumanTask.id == earlier).values(**values))
    clock = {
        "id": new_id(), "control_file_id": file_of(fund, task), "name": "answer",
        "kind": DeadlineKind.LEGAL, "starts_at": NOW, "amount": 15, "unit": "calendar_day",
        "parameter": "clocks.ald", "due_at": NOW - timedelta(days=3),
    }  # fmt: skip
    insert(fund, Deadline, [clock])
    found = opened(fund, doctor, task)

    flow = load_flow(fund, found, WORDS, "/d", today=TODAY, calendar=CALENDAR)

    assert [(step.element_id, step.state, step.outcome) for step in flow.steps] == [
        ("first", StepState.DONE, "outcome complete"), ("control", StepState.CURRENT, None),
    ]  # fmt: skip
    [clock_row] = flow.clocks
    assert (clock_row.name, clock_row.is_legal) == ("deadline answer", True)
    assert clock_row.due.state is DueState.LATE


def test_journal_is_newest_first_by_kind_and_names_the_doctors(fund, doctor, task):
    actor, file_id = Actor(ActorKind.USER, "Hind", new_id()), file_of(fund, task)
    moved = {"from": None, "to": str(doctor.doctor_id), "mode": "bulk"}
    for action, facts in (("control_file.opened", {}), ("assignment.changed", moved),
                          ("clock.stopped", {"reason": "incomplete"})):  # fmt: skip
        journal.record(fund, file_id, action, facts, actor=actor, now=NOW)
    found = opened(fund, doctor, task)

    entries = load_journal(fund, found)
    [assigned] = load_journal(fund, found, JournalKind.ASSIGNMENT)
    [system] = load_journal(fund, found, JournalKind.SYSTEM)

    assert [entry.number for entry in entries] == [3, 2, 1]
    assert assigned.after.startswith("Dr ")
    assert assigned.facts == (("mode", "bulk"),)
    assert system.action == "clock.stopped"


def test_neighbours_follow_the_order_of_the_queue(fund, doctor):
    tasks = [give(fund, doctor, due_in_days=days)[0] for days in (5, 1, 3)]
    references = [reference_of(fund, tasks[n]) for n in (1, 2, 0)]

    def around(reference, **filters):
        return load_neighbours(fund, doctor, QueueFilters(**filters), reference, **WHEN)

    middle = around(references[1])
    assert (middle.previous_reference, middle.next_reference) == (references[0], references[2])
    assert (middle.position, middle.total) == (2, 3)
    assert around(references[0]).previous_reference is None
    assert around(references[0], flow=("dental",)) is None
