"""What the pages of packs call codes: elements, parts, units, results of moves."""

from collections.abc import Mapping

from ui.i18n import N_

ELEMENTS: Mapping[str, str] = {
    "userTask": N_("step"),
    "receiveTask": N_("wait for a message"),
    "intermediateCatchEvent": N_("wait"),
    "boundaryEvent": N_("event meanwhile"),
    "parallelGateway": N_("meeting of branches"),
}

PARTS: Mapping[str, str] = {
    "pack": N_("The version"),
    "flows": N_("Flows and natures"),
    "elements": N_("Elements of the diagram"),
    "ways": N_("Ways and their conditions"),
    "steps": N_("Steps"),
    "outcomes": N_("Outcomes"),
    "forms": N_("Questions of forms"),
    "letters": N_("Letters"),
    "deadlines": N_("Clocks"),
    "waits": N_("Waits"),
    "parameters": N_("Parameters of the law"),
    "operations": N_("Operations"),
    "facts": N_("Facts"),
    "pieces": N_("Pieces"),
    "checks": N_("Computed checks"),
    "entitlement": N_("Right"),
}

PACK_CHANGES: Mapping[str, str] = {
    "added": N_("added"),
    "removed": N_("removed"),
    "changed": N_("changed"),
}

SOURCES: Mapping[str, str] = {
    "read": N_("read"),
    "to_confirm": N_("to confirm"),
    "borrowed": N_("borrowed"),
    "default": N_("default of the project"),
}

SCOPES: Mapping[str, str] = {
    "file": N_("from receipt to decision"),
    "step": N_("while the step is open"),
    "wait": N_("while the flow waits"),
}

UNITS: Mapping[str, str] = {
    "calendar_day": N_("calendar days"),
    "working_day": N_("working days"),
    "working_hour": N_("working hours"),
    "hour": N_("hours"),
    "minute": N_("minutes"),
    "second": N_("seconds"),
    "contribution_day": N_("days of contribution"),
    "week": N_("weeks"),
    "month": N_("months"),
    "year": N_("years"),
    "per_month": N_("a month"),
    "iso_weekday": N_("day of the week (1 = Monday)"),
    "dirham": N_("dirhams"),
    "centime": N_("centimes"),
    "share": N_("share (1 = all)"),
    "minute_per_week": N_("minutes a week"),
    "percent": N_("per cent"),
}

MOVE_RESULTS: Mapping[str, str] = {
    "migratable": N_("can move"),
    "blocked": N_("blocked"),
    "unchanged": N_("has it already"),
    "migrated": N_("moved"),
    "failed": N_("failed"),
    "reverted": N_("taken back"),
    "kept": N_("not taken back"),
}

MOVE_REASONS: Mapping[str, str] = {
    "no_place": N_("The new version has no place for where it waits"),
    "other_kind": N_("The place in the new version is of another kind"),
    "fact": N_("The new version does not allow a fact of the file"),
    "nature": N_("The new version does not serve this nature"),
    "flow": N_("The new version does not serve this flow"),
    "format": N_("The state was written in another format"),
    "holder": N_("Who holds the task may not do the step of the new version"),
    "decided": N_("A decision may still be taken back"),
    "nowhere": N_("The file waits for nothing"),
    "ended": N_("The file was closed meanwhile"),
    "failed": N_("A fault; the file was left as it was"),
    "touched": N_("The file went on since"),
    "no_pack": N_("The earlier version is not there any more"),
}

PACK_LISTS: Mapping[str, Mapping[str, str]] = {
    "bpmn_element": ELEMENTS,
    "pack_part": PARTS,
    "pack_change": PACK_CHANGES,
    "source_status": SOURCES,
    "clock_scope": SCOPES,
    "parameter_unit": UNITS,
    "move_result": MOVE_RESULTS,
    "move_reason": MOVE_REASONS,
}
