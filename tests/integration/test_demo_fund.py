"""The invented fund in the database: believable, and indistinguishable from work that was done."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from uuid import UUID

import orjson
import pytest
import sqlalchemy as sa
from sqlmodel import Session, col

from medcontrol import journal
from medcontrol.clock import ZONES
from medcontrol.crypto import KeyRing, bind
from medcontrol.db import read_only, transaction, using
from medcontrol.ids import new_id
from medcontrol.intake import Line
from medcontrol.model import ReceivedFile, SelectivityDecision
from medcontrol.policy import ControlFile, visible
from medcontrol.services.passwords import authenticate
from medcontrol.services.users import by_login, principal_for
from medcontrol.settings import Settings
from runtime.demo.generator import Fund
from runtime.demo.loader import FundLoaded, agencies, evening, load_fund
from runtime.demo.playing import Play
from runtime.demo.staff_rows import PASSWORD
from runtime.demo.supply import Volume
from selectivity.history.checking import check_counters
from selectivity.history.reading import hasher_of, history_columns
from selectivity.history.stored import facts_of
from tests.emptying import empty
from tests.factories import NOW
from workflows.gate import draws_check
from workflows.gate.counts import BatchName
from workflows.gate.intake import take_in
from workflows.invariants import check_all
from workflows.letters import rendering as letters
from workflows.linked.appeals import RegisterAppeal, register_appeal
from workflows.rights.reviews import review_round
from workflows.tools import Tools, make_tools

AS_OF = date(2026, 11, 20)
VOLUME = Volume(received=2_000, controlled=200)


@pytest.fixture(scope="module")
def tools(keys: KeyRing, tmp_path_factory: pytest.TempPathFactory) -> Tools:
    home = tmp_path_factory.mktemp("demo")
    return make_tools(Settings(home=home, database_url=None, redis_url=None), keys)


@pytest.fixture(scope="module")
def fund(engine: sa.Engine) -> Fund:
    with using(engine), read_only() as session:
        places = agencies(session)
    return Fund.make(5, as_of=AS_OF, agencies=places, insured=30_000)


@pytest.fixture(scope="module")
def loaded(engine: sa.Engine, fund: Fund, tools: Tools) -> Iterator[FundLoaded]:
    """A small fund, committed once for all tests of this module; the tables are emptied after."""
    with using(engine):
        yield load_fund(tools, fund, volume=VOLUME)
    empty(engine)


def one(text: str, **values: object) -> object:
    with read_only() as session:
        return session.execute(sa.text(text), values).scalar()


def test_the_past_is_whole_and_holds_what_the_gate_would_have_kept(
    loaded: FundLoaded, tools: Tools
) -> None:
    recent = sum(len(lines) for lines in loaded.recent.values())
    assert loaded.received + recent == VOLUME.received
    assert loaded.closed == VOLUME.controlled
    assert one("SELECT count(*) FROM received_file") == loaded.received
    assert one("SELECT count(*) FROM inbox_message") == loaded.received
    assert one("SELECT count(*) FROM selectivity_decision") == loaded.received
    with read_only() as session:
        broken = journal.verify(session)[1]
        wrong = draws_check.verify(session, lambda month: tools.keys.derive(f"draw:{month}"))[1]
        row = session.execute(sa.text("SELECT id, external_id, key_id, payload FROM received_file"))
        file_id, external_id, key_id, payload = row.first() or ()
    message = orjson.loads(tools.keys.decrypt(key_id, payload, bind("received_file", file_id)))
    assert (broken, wrong) == ([], [])
    assert message["external_id"] == external_id


def test_each_past_decision_knew_what_history_said_on_its_day(
    loaded: FundLoaded, tools: Tools
) -> None:
    """Of the days before; what the person did that day, and controls of the week, are not held."""
    decided = sa.select(ReceivedFile, SelectivityDecision.features).join(
        SelectivityDecision, SelectivityDecision.received_file_id == ReceivedFile.id
    )
    with read_only() as session:
        day = min(loaded.recent) - timedelta(days=1)
        while len(rows := session.execute(decided.where(_received_on(day))).all()) < 3:
            day -= timedelta(days=1)
        facts = [facts_of(row, day) for row, _ in rows]
        counted = history_columns(session, facts, hasher_of(tools.keys))
    names = ("provider_files_365d", "provider_amount_30d", "prescriber_files_365d",
             "prescriber_provider_share", "provider_newcomer_share", "provider_peer_zscore",
             "amount_peer_zscore", "price_ratio")  # fmt: skip
    known = [{name: features.get(name) for name in names} for _, features in rows]
    assert known == [{name: counted[name][place] for name in names} for place in range(len(rows))]
    assert sum(each["prescriber_files_365d"] or 0 for each in known) > 0


def _received_on(day: date) -> sa.ColumnElement[bool]:
    start = datetime.combine(day, time(), ZONES["ma"])
    return col(ReceivedFile.received_at).between(start, start + timedelta(days=1))


def test_every_closed_file_has_all_that_a_decision_leaves_behind(loaded: FundLoaded) -> None:
    with read_only() as session:
        files = session.execute(
            sa.text(
                "SELECT f.status, f.outcome = d.outcome, n.ended_at IS NOT NULL,"
                " EXISTS (SELECT FROM human_task t WHERE t.control_file_id = f.id"
                "         AND t.status = 'done'),"
                " EXISTS (SELECT FROM letter l WHERE l.control_file_id = f.id"
                "         AND l.status = 'sent'),"
                " EXISTS (SELECT FROM medical_record m WHERE m.control_file_id = f.id)"
                " FROM control_file f JOIN decision d ON d.control_file_id = f.id"
                " JOIN flow_instance n ON n.control_file_id = f.id"
            )
        ).all()
    assert len(files) == VOLUME.controlled
    assert Counter(tuple(row) for row in files) == {
        ("closed", True, True, True, True, True): VOLUME.controlled
    }
    assert one("SELECT count(*) FROM human_task WHERE status = 'open'") == 0
    assert one("SELECT sum(open_points) FROM doctor_load") == 0


def test_a_refused_line_names_its_motive_and_most_controls_grant(loaded: FundLoaded) -> None:
    outcomes = Counter()
    with read_only() as session:
        for outcome, motive in session.execute(
            sa.text("SELECT outcome, motive_code FROM decision")
        ):
            outcomes[outcome] += 1
            assert (motive is not None) == outcome.startswith("refused") or outcome in (
                "adjourned",
                "partially_granted",
            )
    assert outcomes["granted"] > 0.6 * VOLUME.controlled
    assert outcomes.keys() >= {"granted", "refused_medical", "partially_granted"}


def test_a_letter_of_the_past_can_be_printed_again(loaded: FundLoaded, tools: Tools) -> None:
    with read_only() as session:
        code, pack, flow, language, context = session.execute(
            sa.text(
                "SELECT l.code, l.pack, f.flow, l.language, l.context FROM letter l"
                " JOIN control_file f ON f.id = l.control_file_id"
                " WHERE l.code = 'grant' LIMIT 1"
            )
        ).one()
    whole = letters.checked(tools.catalog.get(pack, flow), code, context)

    assert language in ("fr", "ar")
    assert whole.decision is not None


def test_everybody_can_log_in_and_a_doctor_sees_what_was_in_his_hands(loaded: FundLoaded) -> None:
    doctor_id = one("SELECT doctor_id FROM opinion GROUP BY doctor_id ORDER BY count(*) DESC")
    login = str(one("SELECT login FROM user_account WHERE doctor_id = :id", id=doctor_id))
    with transaction() as session:
        assert authenticate(session, login, PASSWORD, now=NOW) is not None
        doctor = principal_for(session, by_login(session, login), AS_OF)
        seen = session.execute(
            sa.select(sa.func.count()).select_from(ControlFile).where(visible(doctor))
        ).scalar_one()
    assert 0 < seen < VOLUME.controlled


def test_rights_are_due_within_the_month(loaded: FundLoaded) -> None:
    due = one(
        "SELECT count(*) FROM entitlement WHERE status = 'active' AND opens_on <= :day", day=AS_OF
    )
    assert loaded.due_rights > 50
    assert 10 < int(str(due)) < 60


def test_the_last_days_go_through_the_gate_and_people_work_on_them(
    loaded: FundLoaded, fund: Fund, tools: Tools, db: Session
) -> None:
    today = [Line(number, raw, len(raw)) for number, raw in enumerate(fund.day(AS_OF, 600), 1)]
    lines = [*(line for some in loaded.recent.values() for line in some), *today]
    counts = take_in(tools, lines, batch=BatchName(new_id(), "recent"), now=lambda: evening(AS_OF))

    # A part of what is usually played: the last days of so small a fund open few files.
    played = Play(tools, evening(AS_OF) + timedelta(minutes=5), share=0.4).run()

    assert counts.accepted == len(lines)
    assert counts.opened == counts.by_lane["orange"] + counts.by_lane["red"] > 20
    assert min(played["escalate"], played["ask_completion"], played["hold"]) > 0
    assert one("SELECT count(*) FROM human_task WHERE held_until IS NOT NULL") == played["hold"]
    assert one("SELECT count(*) FROM completion_request") == played["ask_completion"]
    assert journal.verify(db)[1] == []


def test_the_first_night_finds_nothing_wrong_with_an_appeal_and_placed_reviews(
    loaded: FundLoaded, tools: Tools, db: Session
) -> None:
    now = evening(AS_OF) + timedelta(minutes=30)
    refused = one(
        "SELECT id FROM control_file WHERE outcome = 'refused_medical'"
        " ORDER BY closed_at DESC, id LIMIT 1"
    )
    login = str(one("SELECT login FROM user_account WHERE login LIKE 'appeals_secretary.%'"))
    appeal = RegisterAppeal(
        contested_file_id=UUID(str(refused)), filed_on=AS_OF, filed_by="insured",
        contests="medical", reasons="Le refus ne tient pas compte du compte rendu joint.",
    )  # fmt: skip
    with transaction() as session:
        secretary = principal_for(session, by_login(session, login), AS_OF)
        register_appeal(session, tools, appeal, by=secretary, now=now)
    reviews = review_round(tools, now=lambda: now)

    problems = check_all(now=lambda: now)
    found = check_counters(tools.keys, today=AS_OF, days=30)

    moved_for_life = one(
        "SELECT count(*) FROM entitlement"
        " WHERE status = 'active' AND valid_to IS NULL AND opens_on > planned_on"
    )
    assert one("SELECT count(*) FROM received_file WHERE channel = 'internal'") == 1
    assert min(reviews["opened"], reviews["moved"], int(str(moved_for_life))) > 0
    assert problems == []
    assert found.files > 0
    assert found.differences == 0


def test_what_the_past_taught_is_counted(
    engine: sa.Engine, loaded: FundLoaded, tools: Tools
) -> None:
    with using(engine):
        with read_only() as session:
            outcomes = session.execute(sa.text("SELECT count(*) FROM control_outcome")).scalar_one()
        found = check_counters(tools.keys, today=AS_OF, days=3000)

    assert outcomes >= loaded.closed > 0
    assert found.files >= loaded.received
    assert found.differences == 0
