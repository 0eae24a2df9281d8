"""Opinions that doctors of the invented fund asked outside their file (avis demandés)."""

import logging
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from medcontrol.clock import civil_date
from medcontrol.db import read_only, transaction
from medcontrol.errors import DomainError
from medcontrol.model import UserAccount
from medcontrol.services.users import principal_for
from workflows.linked.opinion_asks import OpinionAsk
from workflows.linked.opinions import answer_request, send_request
from workflows.tools import Tools

_LOG = logging.getLogger(__name__)
_QUESTIONS = (
    "La poursuite du traitement en hospitalisation de jour est-elle justifiée ?",
    "Les lésions décrites relèvent-elles de la même affection que celle déjà reconnue ?",
    "Une reprise à temps partiel est-elle envisageable au vu du bilan ?",
)
_ANSWER = "Indication retenue pour six mois, avec réévaluation clinique à l’issue."
_DRAFTS = """
SELECT r.id, r.asked_by, a.user_id AS asking FROM opinion_request r
LEFT JOIN user_account u ON u.id = r.asked_by
LEFT JOIN LATERAL (SELECT id AS user_id FROM user_account
                   WHERE doctor_id = r.asking_doctor_id LIMIT 1) a ON true
WHERE r.status = 'draft' ORDER BY r.id
"""
_OPEN = """
SELECT r.id, coalesce(e.user_id, u.id) AS user_id FROM opinion_request r
LEFT JOIN expert e ON e.id = r.expert_id LEFT JOIN user_account u ON u.doctor_id = r.doctor_id
WHERE r.status = 'open' ORDER BY r.asked_at, r.id
"""
# Who is asked: the showcase's expert and central doctor first, so that a visitor finds some.
_ASKABLE = """
(SELECT id, true AS is_expert FROM expert WHERE is_active AND user_id IS NOT NULL
 ORDER BY code LIMIT 1)
UNION ALL
(SELECT id, false FROM doctor WHERE is_active AND level = 'central' AND profession = 'doctor'
 ORDER BY code LIMIT 2)
"""


def send_drafts(tools: Tools, now: datetime) -> int:
    """Write and send every request that a step left to be written; return how many left."""
    with read_only() as session:
        drafts = session.execute(sa.text(_DRAFTS)).all()
        asked = session.execute(sa.text(_ASKABLE)).all()
    sent = 0
    for place, row in enumerate(drafts):
        who = asked[place % len(asked)]
        ask = OpinionAsk(
            question=_QUESTIONS[place % len(_QUESTIONS)],
            expert_id=who.id if who.is_expert else None,
            doctor_id=None if who.is_expert else who.id,
            is_pseudonymised=place % 2 == 1,
        )  # fmt: skip
        sent += _as_user(row.asked_by or row.asking, now, lambda session, by, r=row, a=ask: (
            send_request(session, tools, r.id, a, principal=by, now=now)
        ))  # fmt: skip
    return sent


def answer_some(tools: Tools, many: int, now: datetime) -> int:
    """Let the oldest requests be answered by whom they were sent to; return how many were."""
    with read_only() as session:
        rows = session.execute(sa.text(_OPEN)).all()
    return sum(
        _as_user(row.user_id, now, lambda session, by, r=row: answer_request(
            session, tools, r.id, _ANSWER, principal=by, now=now
        ))
        for row in rows[:many]
    )  # fmt: skip


def _as_user(user_id: Any, now: datetime, work: Any) -> bool:
    if user_id is None:
        return False
    try:
        with transaction() as session:
            user = session.get_one(UserAccount, user_id)
            work(session, principal_for(session, user, civil_date(now, "ma")))
    except DomainError as refusal:
        _LOG.warning("an opinion was refused: %s (%s)", refusal.code, refusal.field)
        return False
    return True
