"""What pages that read nothing from the database draw: login and refusals."""

from dataclasses import dataclass

from medcontrol.vocabulary import Role


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoAccount:
    """An account of the demonstration, opened by one click. Demo mode only."""

    login: str
    name: str
    role: Role
    unit_name: str
    open_files: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPage:
    """The login form; ``next`` is a path of ours, already checked."""

    next: str = "/"
    login: str = ""
    error: str | None = None
    demo_accounts: tuple[DemoAccount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorPage:
    """A refusal, or a fault of ours with the number under which it was recorded."""

    status: int
    code: str
    field: str | None = None
    incident: str | None = None
    back: str = "/"
