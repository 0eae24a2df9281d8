"""The row that takes the files of probe rounds (sondages), beside the rows of any rule set.

Who is probed stands in tables, not in rules: the gate counts a round's files and says so in a
feature, and this row does the rest. So a probe starts and stops without a new version of the
rules, and a replay from the stored features comes to the same.
"""

from dataclasses import replace
from datetime import date

from medcontrol.ports import SelectivityReason
from medcontrol.vocabulary import ControlLevel, ControlMode, Lane, Role
from selectivity.cells import FlagCell
from selectivity.tables import WHOLE, Row, RowKind, RuleSet

FEATURE = "is_in_probe"

PROBE_ROW = Row(
    id="probe-round",
    when={FEATURE: FlagCell(value=True)},
    kind=RowKind.MANDATORY,
    lane=Lane.ORANGE,
    level=ControlLevel.LOCAL,
    mode=ControlMode.ON_FILE,
    rate=WHOLE,
    daily_quota=None,
    reason=SelectivityReason(
        "probe_round", "Contrôle d’un échantillon de dossiers du même professionnel."
    ),
    rationale="The next files of a provider's probe round; counted at the gate.",
    owner=Role.ANALYST.value,
    expires_on=date.max,
    positive=({FEATURE: True},),
    negative=({FEATURE: False},),
)


def with_probe_row(rules: RuleSet) -> RuleSet:
    """Return the rules as the engine runs them; name and hash stay those of the published ones."""
    if any(row.id == PROBE_ROW.id for row in rules.rows):
        return rules
    return replace(rules, rows=(*rules.rows, PROBE_ROW))
