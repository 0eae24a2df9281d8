"""What somebody chooses for their own screens (préférences)."""

from uuid import UUID

from sqlmodel import Session

from medcontrol.errors import InvalidInput
from medcontrol.model import UserAccount
from medcontrol.services.users import LANGUAGES


def save_preferences(
    session: Session, user_id: UUID, *, language: str, has_shortcuts: bool
) -> None:
    """Keep the language of the screens, and whether single keys are shortcuts (WCAG 2.1.4).

    Raises:
        InvalidInput: we do not speak this language.
    """
    if language not in LANGUAGES:
        raise InvalidInput(f"a language is one of {', '.join(LANGUAGES)}", field="language")
    user = session.get_one(UserAccount, user_id, with_for_update=True, populate_existing=True)
    user.language, user.shortcuts = language, has_shortcuts
    session.flush()
