"""The pages of results, fairness, probes and cases: who sees them, what they say and do."""

import pytest
from sqlmodel import select

from medcontrol import db as database
from medcontrol.model import Probe, ProviderCase, RuleProposal
from medcontrol.vocabulary import ProposalStatus, ProviderCaseStatus, Role
from selectivity.outcomes import night
from tests.factories import NOW, TODAY
from tests.outcomes.past import fill
from tests.pages.conftest import fund, pages_settings
from tests.pages.desk import Fund
from tests.pages.people import log_in

__all__ = ["fund", "pages_settings"]

PAGES = ("/selectivity/results", "/selectivity/fairness", "/selectivity/probes")
CASES = "/selectivity/cases"


@pytest.fixture
def measured(fund: Fund) -> Fund:
    with database.transaction() as session:
        fill(session, 600)
        night.measure_all(session, fund.tools.keys, "ma", today=TODAY, now=NOW)
    return fund


def test_reception_and_doctors_see_nothing_and_suspicions_stay_at_the_centre(fund: Fund) -> None:
    for role in (Role.AGENT, Role.DOCTOR, Role.COORDINATOR, Role.CENTRAL_DOCTOR):
        browser = log_in(fund, role, "MA-CENTRAL" if role is Role.CENTRAL_DOCTOR else "CASA-1")
        for address in PAGES:
            assert browser.get(address).status_code == 403, (role, address)
    for role, status in {
        Role.AGENT: 403, Role.DOCTOR: 403, Role.SUPERVISOR: 403, Role.CENTRAL_DOCTOR: 200,
        Role.ANALYST: 200, Role.AUDITOR: 200,
    }.items():  # fmt: skip
        assert log_in(fund, role, "MA-CENTRAL").get(CASES).status_code == status, role
    reader = log_in(fund, Role.AUDITOR, "MA-CENTRAL")
    token = reader.page("/selectivity/probes")
    assert not token.xpath("//form[@action='/selectivity/probes']"), "an auditor only reads"


def test_an_analyst_reads_the_night_and_opens_a_case_from_a_proposal(measured: Fund) -> None:
    analyst = log_in(measured, Role.ANALYST, "MA-CENTRAL")
    page = analyst.page("/selectivity/results")
    text = page.text_content()
    assert "below" in text
    assert "above" in text
    assert "P-77" in text
    with database.read_only() as session:
        proposal = session.exec(select(RuleProposal).where(RuleProposal.kind == "provider")).one()
    answer = analyst.send(page, f"/selectivity/results/proposals/{proposal.id}/accept")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(CASES)
    case = analyst.page(answer.headers["location"])
    assert "P-77" in case.text_content()
    assert "Alami" not in case.text_content(), "no insured person is named"
    doctor = log_in(measured, Role.CENTRAL_DOCTOR, "MA-CENTRAL")
    shown = doctor.page(answer.headers["location"])
    address = answer.headers["location"]
    assert doctor.send(shown, f"{address}/take").status_code == 303
    shown = doctor.page(address)
    form = doctor.send(shown, f"{address}/note", note="Seen with the regional office.")
    assert form.status_code == 303
    with database.read_only() as session:
        assert session.exec(select(ProviderCase)).one().status is ProviderCaseStatus.UNDER_REVIEW
        settled = session.exec(select(RuleProposal).where(RuleProposal.id == proposal.id)).one()
        assert settled.status is ProposalStatus.ACCEPTED


def test_fairness_is_told_in_words_and_figures(measured: Fund) -> None:
    analyst = log_in(measured, Role.SUPERVISOR, "MA-CENTRAL")
    page = analyst.page("/selectivity/fairness?scope=rules")
    assert len(page.xpath("//table")) >= 2
    assert analyst.get("/selectivity/fairness?scope=nonsense").status_code == 200


def test_a_probe_is_started_stopped_and_refused_field_by_field(fund: Fund) -> None:
    analyst = log_in(fund, Role.ANALYST, "MA-CENTRAL")
    page = analyst.page("/selectivity/probes?provider_id=P-1")
    wrong = analyst.send(
        page, "/selectivity/probes", flow="ambulatory", sample_size="90", reason="Segment."
    )
    assert wrong.status_code == 400
    assert "sample_size-error" in wrong.text
    done = analyst.send(page, "/selectivity/probes", flow="ambulatory", reason="Segment.")
    assert done.status_code == 303
    again = analyst.send(page, "/selectivity/probes", flow="ambulatory", reason="Segment.")
    assert again.status_code == 400
    with database.read_only() as session:
        probe = session.exec(select(Probe)).one()
    page = analyst.page("/selectivity/probes")
    stopped = analyst.send(page, f"/selectivity/probes/{probe.id}/stop", reason="By mistake.")
    assert stopped.status_code == 303
    for address in ("letters/none", "letters/01a202a7-8ef1-745a-9001-ce246e20fc23"):
        assert analyst.get(f"/selectivity/probes/{address}").status_code == 404
    assert analyst.get(f"{CASES}/none").status_code == 404
