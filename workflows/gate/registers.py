"""What intake knows of a day: agencies, and the flows that open files in them (référentiels)."""

from datetime import date

from sqlmodel import Session

from medcontrol.intake import FlowInfo, Registers
from medcontrol.reference.flows import flows
from medcontrol.services.reference import agency_regions
from workflows.tools import Tools


def registers(session: Session, tools: Tools, on: date) -> Registers:
    """Return the agencies and flows that intake knows on a day."""
    agencies = agency_regions(session)
    open_in = {code: tools.catalog.open_flows(code, on) for code in agencies}
    known = {
        flow.code: FlowInfo(
            jurisdictions=frozenset(j.value for j in flow.jurisdictions),
            natures=frozenset(flow.natures),
            open_in=frozenset(
                j for j, served in open_in.items() if flow.code in served and flow.may_open_in(j)
            ),
        )
        for flow in flows().values()
        if not flow.is_internal
    }
    return Registers(agencies=agencies, flows=known)
