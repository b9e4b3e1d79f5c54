"""Pages are made here: templates, texts in the reader's language, dates in their zone, values that cannot act."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from importlib import resources
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations
from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

import sekisho
from sekisho.app.web.access import visitor_of
from sekisho.app.web.desk import desk_of
from sekisho.model.errors import SekishoError
from sekisho.model.urltext import defang
from sekisho.respond.wording import LANGUAGES, Words, safe

LOOK = "sekisho_look"
THEMES = ("auto", "light", "dark")
PAGE_ROWS = 50
"""Rows of a table on one page."""
_ACCEPTED = re.compile(r"\b(ja|en)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Look:
    """How somebody wants to see the console; a cookie keeps it."""

    language: str
    theme: str = "auto"
    zone: str = "UTC"

    @property
    def tz(self) -> tzinfo:
        """The zone that times are shown in."""
        return ZoneInfo(self.zone)

    @property
    def words(self) -> Words:
        """The catalogue of stories and reports, in this language and zone."""
        return Words(self.language, (), self.tz)


def look_of(request: Request) -> Look:
    """Give how a request wants to see the console: as chosen, else as its browser asks."""
    parts = request.cookies.get(LOOK, "").split("|")
    language, theme, zone = [*parts, "", "", ""][:3]
    asked = request.query_params.get("lang", "")
    if asked in LANGUAGES:
        language = asked
    if language not in LANGUAGES:
        first = _ACCEPTED.search(request.headers.get("accept-language", ""))
        language = first.group(1).lower() if first else "en"
    if not zone:
        zone = "Asia/Tokyo" if language == "ja" else "UTC"
    return Look(language, theme if theme in THEMES else "auto", zone if zone in zones() else "UTC")


@cache
def zones() -> tuple[str, ...]:
    """Give the names of time zones that may be chosen."""
    return tuple(sorted(available_timezones() - {"localtime"}))


@cache
def translations(language: str) -> NullTranslations:
    """Give a language's texts: all files of its folder below ``locale/``, whose keys are the English texts."""
    if language == "en":
        return NullTranslations()
    merged = Translations()
    for file in sorted(resources.files(__package__).joinpath("locale", language).iterdir(), key=lambda one: one.name):
        if file.name.endswith(".po"):
            compiled = BytesIO()
            write_mo(compiled, read_po(BytesIO(file.read_bytes()), locale=language))
            compiled.seek(0)
            merged.merge(Translations(compiled))
    return merged


@cache
def environment(language: str) -> Environment:
    """Give the templates in a language."""
    made = Environment(
        loader=PackageLoader(__package__ or "", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.filters.update(
        shown=shown,
        defang=lambda value: shown(defang(str(value))),
        number=lambda value: format_decimal(value, locale=language),
        size=lambda value: size(value, language),
        tojson=_json,
    )
    return made


def render(request: Request, template: str, status: int = 200, /, **context: Any) -> HTMLResponse:
    """Answer with a page.

    Args:
        request: what it answers.
        template: a file below ``templates/``.
        status: of the answer.
        **context: what the template needs besides ``visitor``, ``look``, ``word``, ``when``, ``day`` and ``ago``.
    """
    text = fragment(request, template, **context)
    return HTMLResponse(text, status)


def fragment(request: Request, template: str, /, **context: Any) -> str:
    """Give a page, or a piece of one, as text."""
    look, visitor = look_of(request), visitor_of(request)
    words = look.words
    given: dict[str, Any] = {
        "request": request,
        "path": request.url.path,
        "look": look,
        "visitor": visitor,
        "csrf": visitor.csrf if visitor else "",
        "local": visitor is not None and visitor.name == "local",
        "running": desk_of(request).database.count("SELECT count(*) FROM jobs WHERE state IN ('queued', 'running')")
        if visitor
        else 0,
        "version": sekisho.__version__,
        "word": words.word,
        "when": lambda at: when(at, look),
        "day": lambda at: day(at, look),
        "ago": lambda at, now: ago(at, now, look),
        "query": lambda **changed: changed_query(request, changed),
        **context,
    }
    return environment(look.language).get_template(template).render(given)


def shown(value: Any, most: int = 400) -> str:
    """Give a value of the evidence as text that cannot act on a screen; what is longer is cut."""
    return safe(value if isinstance(value, str) else str(value))[:most]


def refusal(request: Request, error: SekishoError) -> str:
    """Give why something was refused, in the reader's language where its reason is one of the translated ones."""
    reason, place = getattr(error, "reason", ""), getattr(error, "place", "")
    if not reason:
        return str(error)
    told = translations(look_of(request).language).ugettext(reason)
    return f"{shown(place)}: {told}" if place else told


def when(at: float | None, look: Look) -> str:
    """Show a moment, given in seconds UTC; empty when there is none."""
    moment = _moment(at, look)
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def _moment(at: float | None, look: Look) -> datetime | None:
    """Give a moment in the reader's zone; None when there is none there, as on the last day that a mail may claim."""
    try:
        return datetime.fromtimestamp(at, UTC).astimezone(look.tz) if at is not None else None
    except (OverflowError, ValueError, OSError):
        return None


def day(at: float | None, look: Look) -> str:
    """Show a day as people of the language write it."""
    moment = _moment(at, look)
    if moment is None:
        return ""
    return format_datetime(moment, "MMMd" if look.language == "en" else "M月d日", locale=look.language)


def ago(at: float | None, now: float, look: Look) -> str:
    """Show how long ago something was."""
    if at is None:
        return ""
    return str(format_timedelta(timedelta(seconds=at - now), add_direction=True, locale=look.language))


def size(count: float, language: str) -> str:
    """Show a number of bytes."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            digits = 0 if unit == "B" or count >= 100 else 1
            return f"{format_decimal(round(count, digits), locale=language)} {unit}"
        count /= 1000
    return ""


def changed_query(request: Request, changed: Mapping[str, Any]) -> str:
    """Give the page's own address with parts of its query changed; None takes a part out."""
    left = {name: value for name, value in request.query_params.items() if name not in (*changed, "lang")}
    left.update({name: str(value) for name, value in changed.items() if value not in (None, "")})
    return str(request.url.replace_query_params(**left).path) + (f"?{_encoded(left)}" if left else "")


def _encoded(query: Mapping[str, str]) -> str:
    from urllib.parse import urlencode

    return urlencode(query)


def _json(value: Any) -> str:
    """Give a value as JSON for a ``data-`` attribute; the template escapes it like any text."""
    import orjson

    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
