"""The Celery application: queues, guarantees and the processes that run it.

The broker may lose everything: what must happen stands in the outbox or is due in a table.
Tasks get an id, work in transactions of their own and may run twice.
"""

import logging
import sys
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_process_init
from kombu.entity import Exchange, Queue
from kombu.exceptions import OperationalError

from medcontrol import db
from medcontrol.errors import Unavailable
from medcontrol.settings import Settings, settings
from runtime import wiring
from runtime.beat import JOBS, SCHEDULE
from runtime.logs import set_up_logs

log = logging.getLogger(__name__)

QUEUES = ("flow", "letters", "exchange", "batch")
#: Seconds. A message that nobody acknowledged comes again after the visibility time-out, so no
#: task may still run by then.
TIME_LIMIT, SOFT_TIME_LIMIT, VISIBILITY_TIMEOUT = 1800, 1740, 3600

#: Which queue carries which task. Tasks are declared with these names in ``runtime/tasks``.
ROUTES = {
    "letters.*": "letters",
    "events.*": "exchange",
    "intake.*": "batch",
    "reviews.*": "batch",
    "reassignment.*": "batch",
    "invariants.*": "batch",
    "history.*": "batch",
    "backtest.*": "batch",
    "selectivity.*": "batch",
    "blue.*": "batch",
    "care.*": "batch",
    "opinions.*": "batch",
    "files.*": "batch",
    "incidents.*": "batch",
    "calendar.*": "batch",
    "quality.*": "batch",
    "steering.*": "batch",
    "journal.*": "batch",
    "packs.*": "batch",
    "provider_letters.*": "letters",
    "*": "flow",
}
TASKS = ("runtime.tasks.letters", "runtime.tasks.reassignment", "runtime.tasks.exchange",
         "runtime.tasks.intake", "runtime.tasks.periodic", "runtime.tasks.backtest",
         "runtime.tasks.history", "runtime.tasks.ranking",
         "runtime.tasks.outcomes", "runtime.tasks.care", "runtime.tasks.packs",
         "runtime.tasks.clocks", "runtime.tasks.quality", "runtime.tasks.adjacent",
         "runtime.tasks.signing", "runtime.tasks.incidents")  # fmt: skip


def configuration() -> dict[str, Any]:
    """Return the configuration, read from the settings when the app is first used.

    Raises:
        Unavailable: no broker is known; the edge starts the embedded one first.
    """
    url = settings().redis_url
    if url is None:
        raise Unavailable("no broker: MEDCONTROL_REDIS_URL is not set")
    return _broker(url) | _guarantees() | _processes() | {"timezone": "UTC", "enable_utc": True}


def _broker(url: str) -> dict[str, Any]:
    return {
        "broker_url": url,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {"visibility_timeout": VISIBILITY_TIMEOUT},
        "task_queues": [_queue(name) for name in QUEUES],
        "task_create_missing_queues": False,
        "task_default_queue": "flow",
        "task_routes": {name: {"queue": queue} for name, queue in ROUTES.items()},
        # A broker that is gone is found out at once; the next call of the relay tries again.
        "task_publish_retry": False,
    }


def _guarantees() -> dict[str, Any]:
    """A task is acknowledged when it ended, and comes again when its process died."""
    return {
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_time_limit": TIME_LIMIT,
        "task_soft_time_limit": SOFT_TIME_LIMIT,
    }


def _processes() -> dict[str, Any]:
    return {
        "worker_prefetch_multiplier": 1,
        "worker_concurrency": settings().worker_processes,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "worker_max_tasks_per_child": 2000,
        "worker_hijack_root_logger": False,
        "beat_schedule": SCHEDULE,
        "beat_schedule_filename": str(settings().home_path / "beat.schedule"),
        "beat_max_loop_interval": 1,
    }


def _queue(name: str) -> Queue:
    """Return a queue of a direct exchange.

    Celery publishes to such a queue by its name alone and needs no binding in the broker, so
    one that lost everything is still one to publish to.
    """
    return Queue(name, Exchange("medcontrol"), routing_key=name)  # type: ignore[no-untyped-call]


app = Celery("medcontrol", include=list(TASKS))
app.add_defaults(configuration)


def start_process(**_: object) -> None:
    """Give a new worker process an engine of its own: a pool must not cross a fork."""
    if db.engine.cache_info().currsize:
        db.engine().dispose(close=False)
        db.engine.cache_clear()
    wiring.forget()


def call_at_start(**_: object) -> None:
    """Look at once at what fell due while the scheduler did not run."""
    for job in JOBS:
        if job.is_called_at_start:
            try:
                app.send_task(job.task, expires=job.every)
            except OperationalError:
                log.warning("beat.no_broker", extra={"task": job.task})


def keep_our_logs(**_: object) -> None:
    """Log as the other processes do: codes and ids, never arguments."""
    set_up_logs()


worker_process_init.connect(start_process)
beat_init.connect(call_at_start)
setup_logging.connect(keep_our_logs)


def worker_argv(configured: Settings) -> list[str]:
    """Return the command of a worker on all queues."""
    return [
        *_celery(), "worker", "--loglevel", "INFO", "--pool", "prefork",
        "--concurrency", str(configured.worker_processes), "--queues", ",".join(QUEUES),
        "--without-gossip", "--without-mingle", "--without-heartbeat",
    ]  # fmt: skip


def beat_argv(configured: Settings) -> list[str]:
    """Return the command of the scheduler; its notes lie in the home folder."""
    home = configured.home_path
    return [
        *_celery(), "beat", "--loglevel", "INFO", "--pidfile", "",
        "--schedule", str(home / "beat.schedule"),
    ]  # fmt: skip


def _celery() -> list[str]:
    return [sys.executable, "-m", "celery", "--app", "runtime.celery_app:app", "--quiet"]
