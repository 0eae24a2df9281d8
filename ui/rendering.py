"""Templates to responses: a whole page, or the block of the same template that htmx asked for."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache, partial
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from medcontrol.queries.file_page import FileAction, FileTab
from medcontrol.queries.file_tabs import JournalKind, Reason
from medcontrol.queries.worklist import DuePreset
from medcontrol.vocabulary import ControlLevel, Lane, StepKind
from selectivity.translations import language_of_sentence, sentence
from ui.citing import cited
from ui.codes import word_in
from ui.formats import Formats
from ui.i18n import LANGUAGES, babel_locale, is_right_to_left, translations
from ui.journal_words import journal_value, read_words
from ui.labels import label_of
from ui.notices import COOKIE as NOTICE_COOKIE
from ui.shell import Shell, is_current, navigation_for

UI = Path(__file__).resolve().parent
STATIC = UI / "static"
_VARY = "HX-Request, HX-Target, Accept-Language, Cookie"


@cache
def static(path: str) -> str:
    """Return the address of a static file, changing with its content so that it may be cached."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


def icon(name: str, label: str = "", css: str = "") -> Markup:
    """Draw an icon of the sprite; without a label it is decoration and hidden from readers."""
    address = static("vendor/icons.svg")
    if label:
        return Markup(
            '<svg class="icon {}" role="img" aria-label="{}"><use href="{}#{}"/></svg>'
        ).format(css, label, address, name)
    return Markup('<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>').format(
        css, address, name
    )


@cache
def environment(language: str, jurisdiction: str = "ma") -> Environment:
    """Return the templates of a language, with its words, dates and numbers."""
    env = Environment(
        loader=FileSystemLoader(UI / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    catalog = translations(language)
    env.install_gettext_translations(catalog, newstyle=True)  # type: ignore[attr-defined]

    def label(member: StrEnum) -> str:
        return catalog.gettext(label_of(member))

    word = partial(word_in, language)

    def reason_text(reason: Reason) -> str:
        return sentence(_stored(reason), language)

    def reason_language(reason: Reason) -> str:
        return language_of_sentence(_stored(reason), language)

    def filter_word(name: str, value: str) -> str:
        kinds: dict[str, type[StrEnum]] = {
            "lane": Lane, "level": ControlLevel, "kind": StepKind, "due": DuePreset,
        }  # fmt: skip
        return label(kinds[name](value)) if name in kinds else word(name, value)

    formats = Formats(babel_locale(language), jurisdiction)

    def fact(name: str, value: str) -> str:
        return journal_value(name, value, catalog.gettext, formats)

    env.globals.update(
        cited=cited,
        fact=fact,
        read_words=lambda what: read_words(what, catalog.gettext),
        icon=icon,
        filter_word=filter_word,
        DuePreset=DuePreset,
        FileAction=FileAction,
        FileTab=FileTab,
        JournalKind=JournalKind,
        Lane=Lane,
        static=static,
        label=label,
        reason_text=reason_text,
        reason_language=reason_language,
        word=word,
        fmt=formats,
        language=language,
        languages=LANGUAGES,
        comma="، " if language == "ar" else ", ",
        colon="\u00a0: " if language == "fr" else ": ",
        direction="rtl" if is_right_to_left(language) else "ltr",
        navigation_for=navigation_for,
        is_current=is_current,
    )
    # Macros, as ``ui.due(…)``: globals, so that a block rendered alone has them too.
    env.globals["ui"] = env.get_template("_macros.html").module
    env.globals["saved"] = env.get_template("_views.html").module
    env.globals["cols"] = env.get_template("_columns.html").module
    return env


def render(
    request: Request,
    template: str,
    page: object,
    *,
    status_code: int = 200,
    block: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Render a page's context: the whole template, or the block that htmx asked for.

    A request of htmx names the element it will replace (``HX-Target: queue-list``); the block of
    that name (``queue_list``) is rendered alone. A template without such a block is rendered
    whole. ``block`` overrides what the request says. The context is named ``page`` in templates
    and the frame ``shell``.
    """
    shell: Shell = getattr(request.state, "shell", Shell(path=request.url.path))
    found = environment(shell.language, shell.jurisdiction).get_template(template)
    context = {"page": page, "shell": shell}
    wanted = block or requested_block(request, found)
    body = found.render(context) if wanted is None else render_block(found, wanted, context)
    response = HTMLResponse(body, status_code, headers={"Vary": _VARY, **(headers or {})})
    if wanted is None and shell.toasts:
        response.delete_cookie(NOTICE_COOKIE)  # said once
    return response


def requested_block(request: Request, template: Template) -> str | None:
    """Return the block that an htmx request asks for, None when the whole page is due."""
    headers = request.headers
    if headers.get("hx-request") != "true" or "hx-history-restore-request" in headers:
        return None
    name = headers.get("hx-target", "").replace("-", "_")
    return name if name in template.blocks else None


def render_block(template: Template, name: str, context: Mapping[str, object]) -> str:
    """Render one block of a template alone.

    Raises:
        KeyError: the template has no such block.
    """
    return "".join(template.blocks[name](template.new_context(dict(context))))


def _stored(reason: Reason) -> dict[str, str]:
    stored = {"code": reason.code, "text": reason.text, "ar": reason.ar, "en": reason.en}
    return {name: text for name, text in stored.items() if text}
