"""What a command asks first: the file under lock, its open tasks, and what is around it."""

from medcontrol.model import ControlFile, HumanTask
from workflows.steps.locked import column_list

#: Columns of the received file that a move knows.
RECEIVED = (
    "given_name", "family_name", "beneficiary_given_name", "beneficiary_family_name", "language",
    "details", "received_at", "birth_date", "sex", "relation", "beneficiary_birth_date",
    "currency",
)  # fmt: skip

# The first locks; the others see the file as it is then. Named by itself or by one of its tasks.
_FILE, _TASK = column_list(ControlFile, "f"), column_list(HumanTask, "t")
_BEGIN = (
    f"SELECT {_FILE} FROM control_file f WHERE f.id = {{which}} FOR UPDATE",  # noqa: S608 - ours
    f"SELECT {_TASK} FROM human_task t WHERE t.control_file_id = {{which}}"  # noqa: S608 - ours
    " AND t.status = 'open' ORDER BY t.id",
    f"""
    SELECT w.state, w.pack_hash, w.ended_at, u.name,
           EXISTS (SELECT FROM medical_record m WHERE m.control_file_id = f.id
                   AND m.author_id = %(actor)s AND m.kind = 'draft'),
           {", ".join(f"r.{name}" for name in RECEIVED)}
    FROM control_file f
    JOIN flow_instance w ON w.control_file_id = f.id
    JOIN received_file r ON r.id = f.received_file_id
    JOIN unit u ON u.code = f.agency_code
    WHERE f.id = {{which}}
    """,  # noqa: S608 - ours
)
BY_FILE = tuple(each.format(which="%(id)s").encode() for each in _BEGIN)
BY_TASK = tuple(
    each.format(which="(SELECT control_file_id FROM human_task WHERE id = %(id)s)").encode()
    for each in _BEGIN
)
