"""Messages: the list with what could not be looked into, one message from every side, and its parts to take along."""

from __future__ import annotations

import base64
import hashlib
from datetime import date, datetime
from datetime import time as clock
from functools import cache
from importlib import resources
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup
from starlette.exceptions import HTTPException

from sekisho.app.console import messages, passwords, threads
from sekisho.app.console.audit import Actor
from sekisho.app.console.indexing import seconds
from sekisho.app.console.inert import cleaned, visible
from sekisho.app.console.messages import Choice, Message
from sekisho.app.console.parts import packed_part, side_by_side
from sekisho.app.console.reading import question_of
from sekisho.app.web.access import Analyst, Responder, Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.guard import INERT
from sekisho.app.web.shown import PAGE_ROWS, fragment, look_of, render
from sekisho.model.errors import SourceError

router = APIRouter(prefix="/messages")
Verdict = Literal["", "malicious", "suspicious", "unscanned", "clean"]
View = Literal["content", "headers", "links", "parts", "related"]
PartQuery = Annotated[str, Query(max_length=13, description="a part that is a mail or a page itself")]
LAST_PAGE = messages.MOST_LISTED // PAGE_ROWS
DAY_S = 86_400


@router.get("")
def listing(
    request: Request,
    visitor: Viewer,
    verdict: Verdict = "",
    unscanned: Literal["", "1"] = "",
    case: Annotated[str, Query(max_length=64)] = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
    text: Annotated[str, Query(max_length=300)] = "",
    page: Annotated[int, Query(ge=1, le=LAST_PAGE)] = 1,
) -> Response:
    """List messages, the latest first; with ``unscanned`` those of which a part could not be looked into."""
    desk = desk_of(request)
    begin, end = day_of(request, since), day_of(request, until)
    choice = Choice(verdict, bool(unscanned), case, begin, end + DAY_S - 1 if end is not None else None, _clean(text))
    found = messages.listed(desk.database, choice, PAGE_ROWS, (page - 1) * PAGE_ROWS)
    desk.readers.warm()  # somebody is about to open one
    context = {
        "messages": found,
        "total": messages.counted(desk.database, choice),
        "most": messages.MOST_LISTED,
        "unread": messages.unread(desk.database, [one.id for one in found]) if unscanned else {},
        "waiting": messages.counted(desk.database, Choice(unscanned=True)),
        "cases": desk.database.all("SELECT id, name FROM cases ORDER BY changed_at DESC LIMIT 200"),
        "chosen": {"verdict": verdict, "unscanned": unscanned, "case": case, "text": _clean(text)},
        "since": since if begin is not None else "",
        "until": until if end is not None else "",
        "page": page,
        "rows": PAGE_ROWS,
    }
    return render(request, "messages.html", **context)


@router.get("/{message_id}")
def message(
    request: Request,
    visitor: Viewer,
    message_id: str,
    view: View = "content",
    body: Literal["html", "text"] = "html",
) -> Response:
    """Show one message: what it says, where it came from, where it leads, what lies in it, what belongs to it."""
    desk, found = desk_of(request), known(request, message_id)
    desk.readers.warm()
    context = {
        "message": found,
        "root": found.root,
        "view": view,
        "body": body,
        "incident": desk.database.one(
            "SELECT id, title_en, title_ja, severity FROM incidents WHERE id = ?", found.listed.incident
        ),
        "case": desk.database.one("SELECT id, name FROM cases WHERE id = ?", found.listed.case_id),
        "related": threads.related(desk.database, found) if view == "related" else [],
        "same_files": messages.same_files(desk.database, found) if view == "related" else [],
        "sources": {one["id"] for one in found.tree if side_by_side(found, one) is not None},
    }
    return render(request, "message.html", **context)


@router.get("/{message_id}/raw")
def raw(request: Request, visitor: Viewer, message_id: str, part: PartQuery = "") -> Response:
    """Give the piece of a page with the header fields and the way of a mail, read anew from its bytes."""
    desk, found = desk_of(request), known(request, message_id)
    try:
        told = desk.readers.ask(question_of(desk.database, found, "mail", address_of(found, part))).told
    except SourceError as error:
        return HTMLResponse(fragment(request, "parts/unreadable.html", reason=error.reason))
    hops = [{**one, "at": seconds(one["at"] or None)} for one in told["hops"]]
    return HTMLResponse(fragment(request, "parts/headers.html", fields=told["fields"], hops=hops, block=told["block"]))


@router.get("/{message_id}/body")
def body(
    request: Request,
    visitor: Viewer,
    message_id: str,
    kind: Annotated[Literal["html", "text"], Query(alias="as")],
    part: PartQuery = "",
) -> Response:
    """Give what a mail says as a page of its own that can do nothing; it is shown within a sandboxed frame."""
    desk, found, look = desk_of(request), known(request, message_id), look_of(request)
    pages: list[str] = []
    text, refused = "", ""
    if kind == "text" and not part and found.feature("body.text"):
        text = visible(found.feature("body.text"))
    else:
        try:
            asked = question_of(desk.database, found, "mail", address_of(found, part), language=look.language)
            told = desk.readers.ask(asked).told
            text, pages = (
                str(told["text"]),
                [cleaned(str(one["html"])) for one in told["pages"]] if kind == "html" else [],
            )
        except SourceError as error:
            refused, text = error.reason, "" if part else visible(found.feature("body.text"))
    style, policy = inert_style()
    given = {"style": Markup(style), "pages": [Markup(one) for one in pages]}  # ours, and sanitised just above
    page = fragment(request, "parts/body.html", **given, text=text, refused=refused)
    return HTMLResponse(page, headers={"content-security-policy": policy})


@router.get("/{message_id}/parts/{part_id}.zip")
def take_part(request: Request, visitor: Responder, message_id: str, part_id: str) -> Response:
    """Give a part in a ZIP that a password locks, so that nothing opens it by chance."""
    return take(request, visitor.actor, message_id, part_id)


@router.get("/{message_id}/parts/{part_id}")
def part(request: Request, visitor: Viewer, message_id: str, part_id: str) -> Response:
    """Show a part: its source and what it unfolds to side by side, and everything that was read in it."""
    desk, found = desk_of(request), known(request, message_id)
    one = found.part(part_id)
    if one is None:
        raise HTTPException(404)
    sides, source, refused = side_by_side(found, one), "", ""
    if sides is not None and not sides.source:
        try:
            asked = question_of(desk.database, found, "source", one["address"])
            source = desk.readers.ask(asked).told["text"]
        except SourceError as error:
            refused = error.reason
    elif sides is not None:
        source = "\n".join(sides.source)
    context = {
        "message": found,
        "part": one,
        "sides": sides,
        "source": visible(source[:MOST_SOURCE]),
        "unfolded": [visible(text) for text in sides.unfolded] if sides else [],
        "refused": refused,
        "speaks": one["media_type"] in SPEAKS and one["parent"] is not None,
        "owner": next((other for other in found.tree if other["address"] == one["parent"]), None),
    }
    return render(request, "part.html", **context)


SPEAKS = frozenset({"message/rfc822", "application/vnd.ms-outlook", "text/html"})
"""Types of parts that say something to a reader: mails within mails, pages."""
MOST_SOURCE = 200_000  # characters of a source on a page


@router.get("/{message_id}/mail.zip")
def take_mail(request: Request, visitor: Responder, message_id: str) -> Response:
    """Give a whole mail in a ZIP that a password locks, so that nothing opens it by chance."""
    return take(request, visitor.actor, message_id, known(request, message_id).root["id"])


@router.post("/{message_id}/password")
def give_password(
    request: Request,
    visitor: Analyst,
    message_id: str,
    word: Annotated[str, Form(max_length=passwords.LONGEST)],
    next: Annotated[Literal["", "queue"], Form()] = "",
) -> Response:
    """Keep a password for what is locked, and have the message's case investigated anew."""
    desk, found = desk_of(request), known(request, message_id)
    passwords.give(desk.database, found.listed.case_id, word, visitor.actor)
    desk.jobs.ask(found.listed.case_id, visitor.actor)
    return RedirectResponse("/messages?unscanned=1" if next else f"/messages/{found.listed.id}?view=parts", 303)


def known(request: Request, message_id: str) -> Message:
    """Give a message.

    Raises:
        HTTPException: there is none of this id.
    """
    found = None
    if messages.MESSAGE_ID.fullmatch(message_id):
        found = messages.get(desk_of(request).database, message_id)
    if found is None:
        raise HTTPException(404, "there is no such message")
    return found


def address_of(message: Message, part_id: str) -> str:
    """Give the address of a part, the message's own when none is named.

    Raises:
        HTTPException: there is no such part.
    """
    if not part_id:
        return message.listed.address
    one = message.part(part_id)
    if one is None:
        raise HTTPException(404, "the message has no such part")
    return str(one["address"])


def take(request: Request, by: Actor, message_id: str, part_id: str) -> Response:
    """Answer with an artifact in a locked ZIP; the audit log tells who took it."""
    desk, found = desk_of(request), known(request, message_id)
    one = found.part(part_id)
    if one is None:
        raise HTTPException(404, "the message has no such part")
    packed = packed_part(desk.database, desk.readers, found, one, by)
    headers = {"content-disposition": f"attachment; filename={found.listed.id}-{part_id}.zip"}
    return Response(packed, media_type="application/zip", headers=headers)


@cache
def inert_style() -> tuple[str, str]:
    """Give the style of a page that shows a mail, and the policy that allows it that and nothing else.

    A sandboxed page has no origin of its own and so gets no file of ours: its style stands within, known by its digest.
    """
    text = resources.files("sekisho.app.web").joinpath("static", "inert.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return text, INERT.replace("style-src 'self'", f"style-src 'sha256-{digest}'")


def day_of(request: Request, text: str) -> int | None:
    """Give the first second of a day as people write it, in their zone; None when it is no day."""
    try:
        return int(datetime.combine(date.fromisoformat(text), clock(), look_of(request).tz).timestamp())
    except (ValueError, OverflowError):
        return None


def _clean(text: str) -> str:
    return "".join(one for one in text if one.isprintable() and not "\ud800" <= one <= "\udfff")
