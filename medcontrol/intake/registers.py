"""What intake compares a message with: agencies (agences) and flows (circuits)."""

from collections.abc import Mapping
from dataclasses import dataclass

_MA = frozenset({"ma"})
_LU = frozenset({"lu"})


@dataclass(frozen=True, slots=True)
class FlowInfo:
    """A flow as intake knows it.

    Attributes:
        jurisdictions: where the flow exists in law.
        natures: what may be asked within it.
        open_in: where a released pack can take files today.
    """

    jurisdictions: frozenset[str]
    natures: frozenset[str]
    open_in: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Registers:
    """The reference data of one chunk of intake, read once by the caller.

    Attributes:
        agencies: jurisdiction → agency code → region code.
        flows: flow code → what intake knows of it.
    """

    agencies: Mapping[str, Mapping[str, str]]
    flows: Mapping[str, FlowInfo]


NATURES: dict[str, frozenset[str]] = {
    "ald": frozenset({"first", "renewal", "aggravation"}),
    "ambulatory": frozenset({"reimbursement", "authorisation", "a_posteriori"}),
    "hospital": frozenset({"authorisation", "prolongation", "invoice", "a_posteriori"}),
    "dental": frozenset({"reimbursement", "authorisation", "orthodontics", "a_posteriori"}),
    "medicines": frozenset({"authorisation", "renewal", "a_posteriori"}),
    "care_abroad": frozenset({"authorisation", "a_posteriori", "prolongation"}),
    "conventional": frozenset({"opening", "prolongation"}),
    "sick_leave": frozenset({"first", "prolongation", "maternity"}),
    "invalidity": frozenset({"first", "review"}),
    "disability": frozenset({"first", "renewal"}),
    "care_reassessment": frozenset({"periodic", "establishment", "requested"}),
    "fluctuation_control": frozenset({"sample", "rule"}),
}
"""Natures by flow. Every flow that pays care back also takes ``a_posteriori``: the later
control of files that had gone on (blue lane)."""

LUXEMBOURG_FLOWS = frozenset({"care_reassessment", "fluctuation_control"})


def known_flows(open_in: Mapping[str, frozenset[str]]) -> dict[str, FlowInfo]:
    """Return every known flow with where it is open.

    Args:
        open_in: flow code → jurisdictions with a released pack; absent means not open.
    """
    return {
        flow: FlowInfo(
            jurisdictions=_LU if flow in LUXEMBOURG_FLOWS else _MA,
            natures=natures,
            open_in=open_in.get(flow, frozenset()),
        )
        for flow, natures in NATURES.items()
    }
