"""Messages for programs: the list, one with all that was found in it, its thread, its text made safe, and its parts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from sekisho.app.console import messages, passwords, threads
from sekisho.app.console.inert import cleaned
from sekisho.app.console.messages import Choice, Listed, Message
from sekisho.app.console.parts import packed_part
from sekisho.app.console.reading import question_of
from sekisho.app.web.access import Analyst, Responder, Viewer
from sekisho.app.web.desk import desk_of

router = APIRouter(tags=["messages"])
MessageId = Annotated[str, Path(pattern=r"^a[0-9a-f]{12}$", description="id of a message")]
PartId = Annotated[str, Path(pattern=r"^a[0-9a-f]{12}$", description="id of one of its artifacts")]
CaseId = Annotated[str, Path(pattern=r"^c[0-9a-f]{12}$", description="id of a case")]
Moment = Annotated[int | None, Query(ge=0, le=1 << 40, description="seconds UTC")]
ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}}}


class Password(BaseModel):
    """A password for what is locked in a case."""

    word: str = Field(min_length=1, max_length=passwords.LONGEST)


class Kept(BaseModel):
    """What became of a password."""

    new: bool = Field(description="false: it was given before")
    job: int = Field(description="the investigation that tries it")


@router.get("/messages")
def listing(
    request: Request,
    visitor: Viewer,
    verdict: Literal["", "malicious", "suspicious", "unscanned", "clean"] = "",
    unscanned: bool = False,
    case: Annotated[str, Query(max_length=64)] = "",
    incident: Annotated[str, Query(max_length=64)] = "",
    since: Moment = None,
    until: Moment = None,
    text: Annotated[str, Query(max_length=300, description="words of subject, names, addresses and body")] = "",
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=messages.MOST_LISTED)] = 0,
) -> list[dict[str, Any]]:
    """List messages, the latest first."""
    choice = Choice(verdict, unscanned, _plain(case), since, until, _plain(text), _plain(incident))
    return [asdict(one) for one in messages.listed(desk_of(request).database, choice, limit, offset)]


@router.get("/messages/{message_id}")
def get(request: Request, visitor: Viewer, message_id: MessageId) -> dict[str, Any]:
    """Give a message with its artifacts: features, URLs, verdicts and reasons, as ``sekisho scan --json`` does."""
    found = _known(request, message_id)
    return {**asdict(found.listed), "artifacts": list(found.tree)}


@router.get("/messages/{message_id}/thread")
def thread(request: Request, visitor: Viewer, message_id: MessageId) -> list[dict[str, Any]]:
    """List messages of the same thread or subject, copies, and mail with the same file, each with ``why``."""
    database, found = desk_of(request).database, _known(request, message_id)
    told: list[tuple[Listed, str]] = [(one.message, one.why) for one in threads.related(database, found)]
    told += [(one, f"file {digest}") for one, digest in messages.same_files(database, found)]
    return [{**asdict(one), "why": why} for one, why in told]


@router.get("/messages/{message_id}/content")
def content(
    request: Request, visitor: Viewer, message_id: MessageId, language: Literal["ja", "en"] = "en"
) -> dict[str, Any]:
    """Read a mail's header fields, hops and bodies anew from its bytes; HTML comes sanitised, URLs defanged."""
    desk, found = desk_of(request), _known(request, message_id)
    told = desk.readers.ask(question_of(desk.database, found, "mail", language=language)).told
    return {**told, "pages": [{**one, "html": cleaned(str(one["html"]))} for one in told["pages"]]}


@router.get("/messages/{message_id}/parts")
def parts(request: Request, visitor: Viewer, message_id: MessageId) -> list[dict[str, Any]]:
    """List a message's artifacts without their features, parents before children."""
    names = ("id", "parent", "name", "relation", "media_type", "size", "sha256", "verdict", "unscanned")
    return [
        {**{name: one[name] for name in names}, "declared": one.get("declared", ""), "depth": depth}
        for depth, one in _known(request, message_id).within()
    ]


@router.get("/messages/{message_id}/parts/{part_id}/source")
def source(request: Request, visitor: Viewer, message_id: MessageId, part_id: PartId) -> dict[str, str]:
    """Give a part's bytes as text: a macro's source, a script."""
    desk, found = desk_of(request), _known(request, message_id)
    asked = question_of(desk.database, found, "source", _part(found, part_id)["address"])
    return {"text": str(desk.readers.ask(asked).told["text"])}


@router.get("/messages/{message_id}/parts/{part_id}/zip", response_class=Response, responses=ZIP)
def take(request: Request, visitor: Responder, message_id: MessageId, part_id: PartId) -> Response:
    """Give a part, or the whole mail, in a ZIP locked with the password ``infected``."""
    desk, found = desk_of(request), _known(request, message_id)
    packed = packed_part(desk.database, desk.readers, found, _part(found, part_id), visitor.actor)
    return Response(packed, media_type="application/zip")


@router.post("/cases/{case_id}/passwords", status_code=202)
def give_password(request: Request, visitor: Analyst, case_id: CaseId, given: Password) -> Kept:
    """Keep a password for what is locked in a case, and have the case investigated anew."""
    desk = desk_of(request)
    if not desk.cases.exists(case_id):
        raise HTTPException(404, "there is no such case")
    new = passwords.give(desk.database, case_id, given.word, visitor.actor)
    return Kept(new=new, job=desk.jobs.ask(case_id, visitor.actor))


def _known(request: Request, message_id: str) -> Message:
    found = messages.get(desk_of(request).database, message_id)
    if found is None:
        raise HTTPException(404, "there is no such message")
    return found


def _part(message: Message, key: str) -> dict[str, Any]:
    one = message.part(key)
    if one is None:
        raise HTTPException(404, "the message has no such part")
    return one


def _plain(text: str) -> str:
    """Give a text without halves of surrogate pairs, which the database cannot hold."""
    return text.encode("utf-8", "ignore").decode()
