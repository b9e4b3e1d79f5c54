"""Raw evidence is read again when somebody looks at it: in a jailed process each time, never in the server.

A reader is a process of its own (``python -m sekisho.app.console.reading SECONDS``) that reads no evidence itself: for
every question it forks a worker that may open the one file and nothing else, and passes on what that answers. A hostile
mail costs its own view at most. Answers are JSON and bytes, never objects: what parsed hostile bytes is not believed.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

import orjson

from sekisho.app.console.cases import CASES
from sekisho.app.console.database import Database
from sekisho.app.console.messages import Message
from sekisho.model.artifact import SEPARATOR, Artifact
from sekisho.model.errors import LimitError, MalformedError, SourceError
from sekisho.model.limits import DEFAULT, Limits

READERS = 2  # at once; more wait
WAIT_S = 15.0  # for a reader
WALL_S = 8.0  # of one question
START_S = 20.0  # of a reader: it imports every analyser
LIMITS = replace(DEFAULT, wall_s=WALL_S, cpu_s=8)
TEXT_CHARS = 200_000  # of a text or a header block that is shown
MOST_PAGES = 40  # bodies of one mail
SOURCE_BYTES = 4 * 1024 * 1024  # of a body or a macro
_HEAD = struct.Struct(">II")
MOST_BYTES = LIMITS.member_bytes + 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be read."""

    what: str
    """mail: fields, hops and bodies of a mail, one within it or a page; part: the bytes of one artifact; source: one
    artifact as text."""
    path: str
    """Of the file, absolute."""
    root: str
    """Address of the message: the file's, or that of one within it."""
    target: str
    """Address of the artifact."""
    passwords: tuple[str, ...] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was read."""

    told: dict[str, Any]
    data: bytes = b""


class Readers:
    """The readers of a console, started when they are needed."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits, self._started = limits, False
        self._free: deque[_Reader] = deque()
        self._places, self._lock = threading.BoundedSemaphore(READERS), threading.Lock()

    def ask(self, question: Question) -> Answer:
        """Read something.

        Raises:
            SourceError: it cannot be read, or not in time; the reason is fit to be shown.
        """
        if not self._places.acquire(timeout=WAIT_S):
            raise SourceError("others are reading; try again in a moment", question.target)
        reader = None
        try:
            with self._lock:
                reader = self._free.popleft() if self._free else None
            if reader is not None and reader.dead:
                reader.end()
                reader = None
            if reader is None:
                reader = _Reader(self._limits)
            answer = reader.ask(question)
            with self._lock:
                self._free.append(reader)
            reader = None
        finally:
            if reader is not None:
                reader.end()
            self._places.release()
        if reason := answer.told.get("refused"):
            raise SourceError(str(reason), question.target)
        return answer

    def warm(self) -> None:
        """Have a reader at hand: it takes a second or more to start, which nobody waits for."""
        with self._lock:
            if not self._started:
                self._started = True
                self._free.append(_Reader(self._limits))

    def close(self) -> None:
        """End all readers."""
        with self._lock:
            while self._free:
                self._free.popleft().end()


class _Reader:
    """One reader."""

    def __init__(self, limits: Limits) -> None:
        self._wall_s = limits.wall_s + START_S
        self._process = subprocess.Popen(
            [sys.executable, "-m", "sekisho.app.console.reading", str(limits.wall_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def dead(self) -> bool:
        return self._process.poll() is not None

    def ask(self, question: Question) -> Answer:
        process, until = self._process, time.monotonic() + self._wall_s
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            asked = orjson.dumps(asdict(question))
            process.stdin.write(_HEAD.pack(len(asked), 0) + asked)
            process.stdin.flush()
            told, data = _HEAD.unpack(_exactly(process.stdout, _HEAD.size, until))
            if told + data > MOST_BYTES:
                raise SourceError("the answer is too large", question.target)
            whole = _exactly(process.stdout, told + data, until)
        except (OSError, EOFError, TypeError) as error:
            raise SourceError("its reader ended", question.target) from error
        return Answer(orjson.loads(whole[:told]), whole[told:])

    def end(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()


def _exactly(pipe: IO[bytes], count: int, until: float) -> bytes:
    """Read a number of bytes by a time, or raise."""
    number, held = pipe.fileno(), bytearray()
    while len(held) < count:
        ready, _, _ = select.select([number], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            raise OSError("timed out")
        piece = os.read(number, min(count - len(held), 1 << 20))
        if not piece:
            raise EOFError
        held += piece
    return bytes(held)


def question_of(database: Database, message: Message, what: str, target: str = "", *, language: str = "en") -> Question:
    """Give the question for a message, or a part of it.

    Raises:
        SourceError: the file is not in the case any more.
    """
    one = message.listed
    shown = one.address.partition(SEPARATOR)[0].partition("/")[2]
    row = database.one("SELECT path FROM files WHERE case_id = ? AND path = ?", one.case_id, shown)
    if row is None:  # a name that is written otherwise in addresses
        from sekisho.app.intake import shown_name

        odd = database.all("SELECT path FROM files WHERE case_id = ? AND path LIKE ?", one.case_id, f"%{SEPARATOR}%")
        row = next((row for row in odd if shown_name(row["path"]) == shown), None)
    if row is None:
        raise SourceError("the case has no such file any more", shown)
    path = database.folder / CASES / one.case_id / row["path"]
    return Question(what, str(path), one.address, target or one.address, message.passwords(), language)


# What follows runs in the reader and its workers.


def main() -> int:
    """Answer questions until there are none."""
    from sekisho import analyzers, sources
    from sekisho.app import examine, intake, jail, worker  # noqa: F401 - once, before workers fork
    from sekisho.app.console import hops, inert  # noqa: F401 - the same
    from sekisho.model.registered import registered_domain

    limits = replace(LIMITS, wall_s=float(sys.argv[1]))
    analyzers.load()
    sources.load()
    registered_domain("host.example")
    asked, out = sys.stdin.buffer, sys.stdout.buffer
    while head := asked.read(_HEAD.size):
        length, _ = _HEAD.unpack(head)
        given = orjson.loads(asked.read(length))
        question = Question(**{**given, "passwords": tuple(given["passwords"])})
        told, data = _answer(question, limits)
        out.write(_HEAD.pack(len(told), len(data)) + told + data)
        out.flush()
    return 0


def _answer(question: Question, limits: Limits) -> tuple[bytes, bytes]:
    """Have a worker answer and give that, or why it did not."""
    from sekisho.app.worker import Worker, why

    worker = Worker(partial(_serve, question, limits), limits, (question.path,))
    told = data = b""
    ended = ""
    try:
        if worker.pipe.poll(limits.wall_s):
            told = worker.pipe.recv_bytes(MOST_BYTES)
            data = worker.pipe.recv_bytes(MOST_BYTES) if worker.pipe.poll(limits.wall_s) else b""
        else:
            ended = str(LimitError("wall_s", limits.wall_s))
    except (EOFError, OSError):
        told = b""
    finally:
        exited = worker.end()
    if told:
        return told, data
    return orjson.dumps({"refused": ended or why(exited, limits)}), b""


def _serve(question: Question, limits: Limits, pipe: Connection) -> None:
    """Read what a question asks for; runs in the jail, once."""
    from sekisho.app import jail

    jail.renew_cpu(limits)
    told: dict[str, Any]
    data = b""
    try:
        root = _root(question, limits)
        if question.what == "mail":
            inner = root if question.target == root.address else _found(root, question.target, limits)
            told = _mail(inner, question.language, limits)
        else:
            part = _found(root, question.target, limits)
            if question.what == "source":
                told = {"text": _text(part)}
            else:
                told, data = {}, part.data
    except (SourceError, LimitError, MalformedError, OSError) as error:
        told = {"refused": getattr(error, "reason", "") or str(error)}
    except (MemoryError, RecursionError):
        told = {"refused": "it takes too much memory"}
    pipe.send_bytes(orjson.dumps(_encodable(told)))
    pipe.send_bytes(data)


def _root(question: Question, limits: Limits) -> Artifact:
    """Give the message itself, out of its file.

    Raises:
        SourceError: it is not there.
    """
    from sekisho.app import intake

    path, (shown, _, member) = Path(question.path), question.root.partition(SEPARATOR)
    one = intake.recognise(path, shown, limits)
    if one.skipped:
        raise SourceError(one.skipped, shown)
    if one.source is None:
        return intake.artifact(one, question.passwords)
    for item in one.source.read(path):
        if isinstance(item, Artifact) and (not member or item.name == member):
            name = item.name if member else intake.shown_name(path.name)
            return replace(item, name=name, address=question.root, passwords=question.passwords)
    raise SourceError("the file holds no such message", shown)


def _found(root: Artifact, target: str, limits: Limits) -> Artifact:
    """Give an artifact that has bytes.

    Raises:
        SourceError: it is not there, or its bytes could not be had.
    """
    part = _find(root, target, limits)
    if part.unscanned and not part.data:
        raise SourceError(part.unscanned, part.name)
    return part


def _find(root: Artifact, target: str, limits: Limits) -> Artifact:
    """Give an artifact below a message by its address; only what leads there is opened.

    Raises:
        SourceError: it is not there.
    """
    from sekisho.app.examine import Tree, analyse

    tree = Tree(root, deque([root]), addresses={root.address})
    while tree.pending:
        artifact = tree.pending.popleft()
        if artifact.address == target:
            return artifact
        if target.startswith(artifact.address + SEPARATOR):
            tree.take(analyse(artifact, limits), limits)
    raise SourceError("this part was not found again; the case may have to be investigated anew", target)


def _mail(root: Artifact, language: str, limits: Limits) -> dict[str, Any]:
    """Give a message's fields, hops and bodies."""
    from sekisho.app.console import hops, inert
    from sekisho.app.examine import analyse

    headers, block = _fields(root)
    pages = [root] if not headers else []
    text = ""
    if headers:
        examined = analyse(root, limits)
        text = str(examined.analysis.first("body.text", ""))
        pages = [one for one in examined.children if one.relation == "body" and one.data]
    shown = [inert.inert(_text(one), language) for one in pages[:MOST_PAGES] if _is_html(one)]
    return {
        "fields": [asdict(one) for one in hops.told(headers)],
        "hops": [asdict(one) for one in hops.hops(headers)],
        "block": block,
        "text": inert.visible(text[:TEXT_CHARS]),
        "pages": [asdict(one) for one in shown],
    }


def _fields(root: Artifact) -> tuple[list[Any], str]:
    """Give the header fields of a mail in order, and the block as it stands in the file."""
    from sekisho.analyzers import _outlook, eml, msg
    from sekisho.analyzers._compound import Compound
    from sekisho.analyzers.headers import split
    from sekisho.app.console.inert import visible

    if msg._recognise(root):
        fields = _outlook.read(_outlook.Tree(Compound(root.data))).fields
        return list(fields.headers), ""
    if not (root.kind == "eml" or eml._recognise(root)):
        return [], ""
    data = eml._session(eml._line_ends(root.data).lstrip(eml._BLANK))
    fields, end = split(data)
    return list(fields.headers), visible(data[: min(end, TEXT_CHARS)].decode("utf-8", "backslashreplace"))


def _is_html(one: Artifact) -> bool:
    return b"<" in one.data[:65_536]


def _text(one: Artifact) -> str:
    """Give an artifact's bytes as text."""
    from sekisho.analyzers import charset
    from sekisho.analyzers._htmltext import meta_charset

    return charset.decode(one.data[:SOURCE_BYTES], _label(one.declared_type) or meta_charset(one.data) or None)[0]


def _label(declared: str) -> str:
    import re

    found = re.search(r"charset\s*=\s*\"?([\w.:-]{1,40})", declared)
    return found[1] if found else ""


def _encodable(value: Any) -> Any:
    """Give a value without halves of surrogate pairs, which JSON cannot hold."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {key: _encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    return value


if __name__ == "__main__":
    sys.exit(main())
