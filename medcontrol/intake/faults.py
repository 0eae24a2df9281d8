"""What is wrong with a line (anomalie), one sentence per code, never the faulty value."""

from collections.abc import Sequence
from dataclasses import dataclass

MAX_FAULTS = 50
"""Faults kept for one line; more would help nobody correct it."""

ADMINISTRATIVE = frozenset(
    {
        "schema",
        "source",
        "external_id",
        "received_at",
        "jurisdiction",
        "scheme",
        "flow",
        "nature",
        "channel",
        "agency",
    }
    | {"agency", "urgent", "insured", "beneficiary", "prescriber", "provider", "care", "lines"}
    | {"amount", "currency", "authorisation", "ald_number", "documents", "paper", "control"}
)
"""Members of a message that are not medical; of ``documents``, titles and contents are."""

_MAY_HIDE = ("member.unknown", "json.too_deep")  # what the sender put there is anyone's guess
_MAX_TOKEN = 80  # characters of a member's name shown in a path


def N_(text: str) -> str:  # noqa: N802
    """Mark a sentence for extraction by gettext; it is translated where it is shown."""
    return text


MESSAGES: dict[str, str] = {
    "line.too_long": N_("La ligne dépasse la taille permise."),
    "line.not_utf8": N_("La ligne n’est pas en UTF-8."),
    "json.invalid": N_("La ligne n’est pas du JSON complet et correct."),
    "json.nul": N_("Le caractère NUL n’est pas permis."),
    "json.lone_surrogate": N_("Un caractère Unicode est incomplet (demi-codet isolé)."),
    "json.not_finite": N_("NaN et Infinity ne sont pas des nombres."),
    "json.number_too_large": N_("Le nombre est trop grand pour être gardé exactement."),
    "json.duplicate_key": N_("Le même membre est donné deux fois."),
    "json.too_deep": N_("Les éléments sont imbriqués trop profondément."),
    "json.too_many_values": N_("La ligne contient trop de valeurs."),
    "message.not_object": N_("La ligne doit être un objet JSON, un par dossier."),
    "member.unknown": N_("Ce membre n’existe pas dans le format."),
    "member.missing": N_("Ce membre est obligatoire."),
    "value.wrong_type": N_("La valeur n’est pas du type attendu."),
    "value.not_in_list": N_("La valeur n’est pas dans la liste permise."),
    "value.wrong_form": N_("La valeur n’a pas la forme attendue."),
    "value.too_short": N_("Le texte est trop court."),
    "value.too_long": N_("Le texte est trop long."),
    "value.too_small": N_("Le nombre est trop petit."),
    "value.too_large": N_("Le nombre est trop grand."),
    "value.too_many": N_("La liste a trop d’éléments."),
    "value.refused": N_("La valeur n’est pas permise par le format."),
    "date.not_real": N_("Cette date n’existe pas dans le calendrier (attendu : AAAA-MM-JJ)."),
    "instant.not_real": N_("Cet instant n’existe pas ou n’a pas de décalage horaire."),
    "flow.unknown": N_("Ce circuit est inconnu."),
    "flow.not_of_jurisdiction": N_("Ce circuit n’existe pas dans cette juridiction."),
    "flow.not_open": N_("Ce circuit n’est pas encore ouvert dans cette juridiction."),
    "nature.unknown": N_("Cette nature n’existe pas dans ce circuit."),
    "agency.unknown": N_("Cette agence est inconnue dans cette juridiction."),
    "lines.number_repeated": N_("Ce numéro de ligne est déjà pris."),
    "lines.sum_differs": N_("Le montant n’est pas la somme des lignes."),
    "currency.missing": N_("Un montant est donné sans sa devise."),
    "birth_date.after_receipt": N_("La date de naissance est postérieure à la réception."),
    "care.ends_before_start": N_("La fin des soins précède leur début."),
    "document.not_base64": N_("Le contenu du document n’est pas du base64."),
    "document.hash_differs": N_("L’empreinte annoncée n’est pas celle du document reçu."),
    "document.size_differs": N_("La taille annoncée n’est pas celle du document reçu."),
    "document.type_differs": N_("Le type annoncé n’est pas celui du document reçu."),
}
"""Sentence (msgid, French) of every code. A code, once released, is never renamed."""

PathToken = str | int


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong, without the value that is wrong.

    Attributes:
        path: JSON Pointer (RFC 6901) of the member; empty when the whole line is meant.
            Names are shortened and cleaned of characters that cannot be stored.
        code: stable, key of ``MESSAGES``.
        message_fr: the sentence, also its gettext msgid.
        medical: the member lies in medical content, or in an unknown member that might hold
            some: its value is shown only to those with the right.
        expected: what would be right (limit, pattern, list), from the format or the registers;
            the same in every language, may be empty.
    """

    path: str
    code: str
    message_fr: str
    medical: bool
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Faulty:
    """A line that does not pass; it goes to quarantine with its bytes.

    Attributes:
        errors: at least one, at most ``MAX_FAULTS``.
        bytes_hash: SHA-256 of the bytes as received, without BOM and line end (32 bytes).
        source: the sending system, ``None`` when it could not be read.
        external_id: the sender's number, ``None`` when it could not be read.
    """

    errors: tuple[FieldError, ...]
    bytes_hash: bytes
    source: str | None = None
    external_id: str | None = None


def fault(path: Sequence[PathToken], code: str, expected: str = "") -> FieldError:
    """Return the error of a code at a path."""
    return FieldError(to_pointer(path), code, MESSAGES[code], is_medical(path, code), expected)


def to_pointer(path: Sequence[PathToken]) -> str:
    """Return the JSON Pointer of a path.

    >>> to_pointer(("lines", 0, "a/b"))
    '/lines/0/a~1b'
    """
    return "".join(f"/{_clean(token)}" for token in path)


def is_medical(path: Sequence[PathToken], code: str = "") -> bool:
    """Whether what stands at this path may be medical; an unknown member may be."""
    if not path:
        return False
    if path[0] == "documents":
        return len(path) < 3 or path[2] in ("content_base64", "title") or code in _MAY_HIDE
    return path[0] not in ADMINISTRATIVE or code in _MAY_HIDE


def _clean(token: PathToken) -> str:
    """Return a name that any text column and page can take."""
    text = str(token)
    text = text if len(text) <= _MAX_TOKEN else f"{text[:_MAX_TOKEN]}…"
    text = "".join(char if char.isprintable() else "\ufffd" for char in text)
    return text.replace("~", "~0").replace("/", "~1")
