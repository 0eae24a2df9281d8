"""Values of journal entries and of law as people read them: no code, no id, no ISO date."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum

from medcontrol.vocabulary import (
    AssignmentMode,
    CompletionKind,
    ControlLevel,
    DeadlineKind,
    Lane,
    MessageAudience,
)
from ui.codes import word_for
from ui.formats import Formats
from ui.i18n import N_
from ui.labels import label_of

RULES: Mapping[str, str] = {
    "cheapest": N_("best placed"),
    "planned": N_("by the plan of the day"),
    "made_room": N_("moved to make room"),
    "kept": N_("keeps the file"),
    "chosen": N_("chosen in person"),
}
FLAGS: Mapping[str, str] = {"True": N_("yes"), "False": N_("no")}

#: What a reader opened, as the access log names it before a colon.
READ: Mapping[str, str] = {
    "all": N_("everything medical"),
    "intake": N_("what was received"),
    "reasoning": N_("reasons of opinions"),
    "examination": N_("examination"),
    "draft": N_("draft"),
    "message": N_("messages"),
    "messages": N_("messages"),
    "document": N_("document"),
    "quarantine": N_("quarantined line"),
    "opinion": N_("question of an opinion asked"),
    "mission": N_("questions of a mission"),
    "snapshot": N_("frozen basis of a decision"),
    "expert_report": N_("expert’s report"),
    "outside_opinion": N_("opinions asked outside"),
    "envelope": N_("sealed envelope"),
    "evidence": N_("evidence of the file"),
}

_KINDS: Mapping[str, tuple[type[StrEnum], ...]] = {
    "level": (ControlLevel,),
    "before": (ControlLevel,),
    "after": (ControlLevel,),
    "lane": (Lane,),
    "audience": (MessageAudience,),
    "mode": (AssignmentMode,),
    "reason": (CompletionKind,),
    "kind": (DeadlineKind,),
}
_LISTS: Mapping[str, str] = {"reason": "hold"}
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def journal_value(name: str, value: str, gettext: Callable[[str], str], formats: Formats) -> str:
    """Return a value of a journal entry in words; one that is no known code as it stands."""
    for kind in _KINDS.get(name, ()):
        if value in {member.value for member in kind}:
            return gettext(label_of(kind(value)))
    if name in _LISTS and (known := word_for(_LISTS[name], value)):
        return gettext(known)
    if name == "rule" and value in RULES:
        return gettext(RULES[value])
    if value in FLAGS:
        return gettext(FLAGS[value])
    if _DAY.fullmatch(value):
        return formats.day(date.fromisoformat(value))
    return value


def read_words(what: str, gettext: Callable[[str], str]) -> list[str]:
    """Return what was read in words; a page of a document keeps its number.

    >>> read_words("intake,reasoning", str)
    ['what was received', 'reasons of opinions']
    """
    subjects = (part.partition(":")[0] for part in what.split(","))
    return [gettext(READ[subject]) if subject in READ else subject for subject in subjects]
