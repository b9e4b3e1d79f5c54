"""Hunts over all stored events."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from sekisho.app.console import hunts
from sekisho.app.store.state import State
from sekisho.app.web.access import Viewer
from sekisho.app.web.desk import desk_of
from sekisho.app.web.patience import patiently
from sekisho.app.web.shown import look_of
from sekisho.model.errors import RuleError
from sekisho.respond import hunted

router = APIRouter(tags=["hunt"])
Range = Literal["", "1h", "24h", "7d", "30d", "90d"]
REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"description": "the question or a time cannot be read; detail says where, and what to write"},
    429: {"description": "too many hunts run; try again"},
}


class Hunt(BaseModel):
    """A question to the stored events."""

    question: str = Field(
        min_length=1, max_length=hunts.MOST_CHARS, description="field|modifier:value ..., or a Sigma rule as YAML"
    )
    last: Range = Field("", description="time before the latest event")
    since: str = Field("", max_length=40, description="ISO 8601; without an offset in the zone of the caller's look")
    until: str = Field("", max_length=40, description="likewise")
    logsource: str = Field("", max_length=300, description="product/category/service, each may be empty")
    limit: int = Field(100, ge=1, le=hunts.MOST_ROWS)


class Answers(BaseModel):
    """The latest events that answer."""

    events: list[dict[str, Any]]
    more: bool = Field(description="there are older ones")
    searched: int = Field(description="events in the files that were opened")
    lost: list[str] = Field(description="files that could not be read")


class Count(BaseModel):
    """How often a value occurs."""

    value: str = Field(description="empty: events without the field")
    count: int


class Counts(BaseModel):
    """Answers counted by a field, commonest first."""

    total: int
    values: int
    counts: list[Count]
    rarest: list[Count]


class Bar(BaseModel):
    """Events in a step of time."""

    at: int = Field(description="begin, seconds UTC")
    count: int


class Times(BaseModel):
    """How all answers lie in time."""

    step_s: int
    total: int
    bars: list[Bar]


@router.get("/hunt/logsources")
def logsources(request: Request, visitor: Viewer) -> list[dict[str, Any]]:
    """List the kinds of logs in the store with their number of events."""
    with State(desk_of(request).settings.folder) as state:
        return [{"logsource": "/".join(one), "events": rows} for one, rows in state.status().logsources]


@router.post("/hunt", responses=REFUSED)
async def hunt(request: Request, visitor: Viewer, given: Hunt) -> Answers:
    """Give the latest events that answer a question."""

    def found(one: hunts.Asked, watch: hunts.Watch) -> Answers:
        answers = hunts.answers(desk_of(request).settings.folder, one, given.limit, watch)
        events = [orjson.loads(line) for line in hunted.lines(answers.events)]
        looked = answers.looked
        return Answers(events=events, more=answers.more, searched=looked.rows, lost=looked.lost[:20])

    answer: Answers = await _ask(request, given, found)
    return answer


@router.post("/hunt/counts", responses=REFUSED)
async def counts(
    request: Request, visitor: Viewer, given: Hunt, by: Annotated[str, Query(min_length=1, max_length=200)]
) -> Counts:
    """Count all answers by the values of a field: the commonest, as many as the limit says, and the rarest."""

    def found(one: hunts.Asked, watch: hunts.Watch) -> Counts:
        held, _ = hunts.counts(desk_of(request).settings.folder, one, by, watch)
        rows = [
            Count(value=value, count=count) for value, count in sorted(held.items(), key=lambda row: (-row[1], row[0]))
        ]
        rest = rows[given.limit :]
        return Counts(
            total=sum(held.values()), values=len(held), counts=rows[: given.limit], rarest=rest[-given.limit :]
        )

    answer: Counts = await _ask(request, given, found)
    return answer


@router.post("/hunt/times", responses=REFUSED)
async def times(request: Request, visitor: Viewer, given: Hunt) -> Times:
    """Count all answers over time."""
    zone = look_of(request).tz

    def found(one: hunts.Asked, watch: hunts.Watch) -> Times:
        bars = hunts.over_time(desk_of(request).settings.folder, one, zone, watch)
        return Times(step_s=bars.step_s, total=bars.total, bars=[Bar(at=at, count=count) for at, count in bars.bars])

    answer: Times = await _ask(request, given, found)
    return answer


async def _ask(request: Request, given: Hunt, work: Any) -> Any:
    """Understand a hunt and do something with it in its turn."""
    desk, zone = desk_of(request), look_of(request).tz
    span = hunts.Span(given.last, given.since, given.until)

    def asked(watch: hunts.Watch) -> Any:
        with State(desk.settings.folder) as state:
            one = hunts.asked(state, given.question, span, given.logsource, zone)
        return work(one, watch)

    try:
        return await patiently(request, asked)
    except RuleError as error:
        raise HTTPException(400, _told(error, given.question)) from error
    except hunts.BusyError as error:
        raise HTTPException(429, str(error)) from error


def _told(error: RuleError, question: str) -> str:
    told = hunts.problem(error, question)
    place = f"line {told.line}: " if told.line else f"character {len(told.before) + 1}: " if told.after else ""
    return f"{place}{told.reason}"
