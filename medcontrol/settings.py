"""Settings, from the environment (``MEDCONTROL_…``). One class, checked at start."""

import os
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator may set. Each is described in ``docs/operations.md``."""

    model_config = SettingsConfigDict(env_prefix="MEDCONTROL_", extra="ignore")

    home: Path = Field(default=Path("var"), description="Folder of everything kept on disk")
    database_url: str | None = Field(default=None, description="PostgreSQL; embedded when absent")
    redis_url: str | None = Field(default=None, description="Redis or Valkey; embedded when absent")
    jurisdiction: Literal["ma", "lu"] = Field(default="ma", description="Law of this installation")
    fund_name: str = Field(default="Caisse (démonstration)", description="Printed on letters")
    host: str = Field(default="127.0.0.1", description="Address the web server listens on")
    port: int = Field(default=8000, ge=0, le=65535, description="Port of the web server")
    public_url: str | None = Field(
        default=None, description="Address people type; https in production"
    )
    demo: bool = Field(default=False, description="One-click accounts. Never in production")
    demo_files_per_minute: float = Field(
        default=6,
        ge=0,
        le=60,
        description="Files that come by themselves while a demonstration is served; 0: none",
    )
    key_file: Path | None = Field(default=None, description="Key ring; default HOME/keys.json")
    post_url: str | None = Field(
        default=None, description="Where letters are posted; default: the folder HOME/outgoing"
    )
    letters_printed_by: Literal["carrier", "agency", "agency_for_paper"] = Field(
        default="carrier",
        description="Who prints letters: post_url's carrier, or agencies in batches (all of them, "
        "or those of files that came on paper)",
    )
    accounts_url: str | None = Field(
        default=None,
        description="Where letters of people who chose digital administration are delivered, "
        "signed with webhook_secret; on paper when absent",
    )
    paper_missing_days: int = Field(
        default=5,
        ge=1,
        description="Working days after which a slip of paper files that was not received is "
        "reported",
    )
    verify_per_minute: int = Field(
        default=30, ge=1, description="Verifications of letters that one address may ask a minute"
    )
    events_url: str | None = Field(
        default=None, description="Where events are delivered; nobody is told when absent"
    )
    webhook_secret: SecretStr | None = Field(
        default=None, description="Signs outgoing events; whsec_… as Standard Webhooks has it"
    )
    outbox_retry_seconds: int = Field(
        default=60, ge=1, description="Wait before work that nobody confirmed is handed out again"
    )
    pool_size: int = Field(default=10, ge=1, description="Database connections per process")
    batch_max_bytes: int = Field(
        default=2 * 1024**3, ge=1024, description="Largest body of a batch sent to the API"
    )
    web_workers: int = Field(default=1, ge=1, description="Web processes")
    worker_processes: int = Field(default=2, ge=1, description="Celery processes")
    session_hours: int = Field(default=10, ge=1, description="Length of a login")
    undo_seconds: int = Field(
        default=30, ge=0, description="Time in which a decision can be undone"
    )

    selectivity_score: bool = Field(
        default=True, description="Let the active score choose files; off: rules and draws alone"
    )
    selectivity_valve: bool = Field(
        default=True, description="Keep what is targeted within the doctors' free time"
    )
    selectivity_url: str | None = Field(
        default=None, description="Selectivity engine elsewhere; in this process when absent"
    )
    selectivity_token: SecretStr | None = Field(
        default=None, description="What an engine of its own asks its callers for"
    )
    selectivity_timeout: float = Field(
        default=10.0, gt=0, le=600, description="Seconds that an engine elsewhere has to answer"
    )
    selectivity_fallback: Literal["hold", "mandatory"] = Field(
        default="hold",
        description="When it does not: files wait, or mandatory rows alone decide, noted as such",
    )

    @property
    def home_path(self) -> Path:
        """The home folder, absolute."""
        return self.home.expanduser().resolve()


@cache
def settings() -> Settings:
    """Return the settings of this process, read once."""
    if "MEDCONTROL_PORT" not in os.environ and "PORT" in os.environ:
        return Settings(port=int(os.environ["PORT"]))
    return Settings()
