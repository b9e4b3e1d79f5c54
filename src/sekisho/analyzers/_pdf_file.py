"""A PDF's indirect objects, found by looking for them: cross-reference tables lie, and readers repair them anyway.

Source: ISO 32000-1 7.3.8 (streams), 7.3.10 (indirect objects), 7.5 (file structure, object streams).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sekisho.analyzers._passwords import candidates
from sekisho.analyzers._pdf_crypt import Key, handler_of, open_with
from sekisho.analyzers._pdf_filters import Filters
from sekisho.analyzers._pdf_syntax import Name, Reader, Ref, Value
from sekisho.model.errors import LimitError, MalformedError

OBJECTS = 200_000
"""Objects of one file, old versions included; those inside object streams are bounded by their tokens."""
TRAILERS = 1_000
"""Trailers read, the newest; each update adds one."""
HEADER_WITHIN = 1_024
"""Bytes in which the header must begin. Source: ISO 32000-1 annex H.3, implementation note 13."""
_OBJECT = re.compile(rb"obj(?<!endobj)")
_NUMBERS = re.compile(rb"(\d{1,10})[\0\t\n\f\r ]{1,16}(\d{1,5})[\0\t\n\f\r ]{0,16}$")
_BEFORE = 48
_STREAM = re.compile(rb"[\0\t\n\f\r ]{0,64}stream(?:\r\n|\n|\r)?")
_END = re.compile(rb"[\0\t\n\f\r ]{0,64}(?:endstream|endobj)")
_XREF_ENTRY = re.compile(rb"(\d{10}) \d{5} n")
_PAIRS = re.compile(rb"(\d{1,10})[\0\t\n\f\r ]+(\d{1,10})")


@dataclass(frozen=True, slots=True)
class Object:
    """One version of an indirect object."""

    number: int
    generation: int
    value: Value
    at: int
    """Byte offset in the file; of the stream it lies in, for an object in an object stream."""
    body: tuple[int, int] | None = None
    """Where a stream's bytes start and end in the file, None when it is no stream."""

    @property
    def fields(self) -> dict[str, Value]:
        """Its dictionary, empty when it is none."""
        return self.value if isinstance(self.value, dict) else {}


class Document:
    """All objects of a file; ``flaws`` are the errors that ended a part of the reading."""

    def __init__(self, data: bytes, passwords: tuple[str, ...] = ()) -> None:
        self.data = data
        self.reader, self.filters = Reader(), Filters()
        self.objects: list[Object] = []
        self.latest: dict[int, Object] = {}
        self.trailers: list[dict[str, Value]] = []
        self.flaws: list[MalformedError | LimitError] = []
        self.streams: list[tuple[int, int]] = []
        self.key: Key | None = None
        self.locked = ""
        """Why its strings and streams cannot be read, empty when they can."""
        self._stream_ends = _Next(data, b"endstream")
        self._object_ends = _Next(data, b"endobj")
        self._guarded(self._scan)
        self._guarded(self._read_trailers)
        self._guarded(lambda: self._unlock(passwords))
        self._guarded(self._unpack)

    def _guarded(self, part: Any) -> None:
        try:
            part()
        except (MalformedError, LimitError) as error:
            self.flaws.append(error)

    def _scan(self) -> None:
        listed: set[int] | None = None
        count = 0
        for match in _OBJECT.finditer(self.data):
            count += 1
            if count > OBJECTS:
                raise LimitError("steps", OBJECTS)
            before = max(0, match.start() - _BEFORE)
            numbers = _NUMBERS.search(self.data[before : match.start()])
            if numbers is None:
                continue
            at = before + numbers.start()
            if self.streams and at < self.streams[-1][1]:
                if listed is None:  # only what a table names is an object when it lies inside a stream
                    listed = {int(entry[1]) for entry in _XREF_ENTRY.finditer(self.data)}
                if at not in listed:
                    continue
            self._read_object(int(numbers[1]), int(numbers[2]), at, match.end())

    def _read_object(self, number: int, generation: int, at: int, start: int) -> None:
        try:
            value, end = self.reader.value(self.data, start)
        except MalformedError as error:
            if not self.flaws:
                self.flaws.append(error)
            return
        body = None
        if isinstance(value, dict) and (opened := _STREAM.match(self.data, end)):
            body_end = self._stream_end(opened.end(), value.get("Length"))
            body = opened.end(), body_end
            if not self.streams or body_end > self.streams[-1][1]:
                self.streams.append((opened.end(), body_end))
        self._keep(Object(number, generation, value, at, body))

    def _stream_end(self, start: int, length: Value) -> int:
        """Give where a stream ends: by its length when that leads to its end, else by the first mark of an end."""
        if isinstance(length, int) and 0 <= length <= len(self.data) - start and _END.match(self.data, start + length):
            return start + length
        end = min(self._stream_ends.after(start), self._object_ends.after(start))
        if self.data[end - 2 : end] == b"\r\n":
            return max(start, end - 2)
        return max(start, end - 1) if self.data[end - 1 : end] in (b"\n", b"\r") else end

    def _keep(self, one: Object) -> None:
        self.objects.append(one)
        self.latest[one.number] = one

    def _read_trailers(self) -> None:
        for match in deque(re.finditer(rb"trailer", self.data), TRAILERS):
            if self.in_stream(match.start()):
                continue
            value, _ = self.reader.value(self.data, match.end())
            if isinstance(value, dict):
                self.trailers.append(value)
        self.trailers += [one.fields for one in self.objects if one.fields.get("Type") == "XRef"]

    def in_stream(self, at: int) -> bool:
        """Tell whether an offset lies in the bytes of a stream."""
        index = bisect_left(self.streams, (at + 1, 0)) - 1
        return index >= 0 and at < self.streams[index][1]

    def trailer(self, key: str) -> Value:
        """Give an entry of the newest trailer that has it, a reference followed."""
        return self.resolve(next((one[key] for one in reversed(self.trailers) if key in one), None))

    def resolve(self, value: Value) -> Value:
        """Follow references, at most ten."""
        for _ in range(10):
            if not isinstance(value, Ref):
                return value
            found = self.latest.get(value.number)
            value = found.value if found else None
        return None

    def target(self, value: Value) -> Object | None:
        """Give the object that a reference means."""
        return self.latest.get(value.number) if isinstance(value, Ref) else None

    def _unlock(self, passwords: tuple[str, ...]) -> None:
        encrypt = self.trailer("Encrypt")
        if not isinstance(encrypt, dict):
            return
        identity = self.trailer("ID")
        first = self.resolve(identity[0]) if isinstance(identity, list) and identity else b""
        try:
            handler = handler_of(
                {key: self.resolve(value) for key, value in encrypt.items()}, first if isinstance(first, bytes) else b""
            )
            tried = candidates(("", *passwords))
            self.key = open_with(handler, tried)
            self.locked = "" if self.key else f"encrypted: no password found ({len(tried)} tried)"
        except MalformedError as error:
            self.locked = f"encrypted: {error}"
        if self.key:
            self._decrypt(encrypt)

    def _decrypt(self, encrypt: dict[str, Value]) -> None:
        """Make every string of the file plain; streams are when they are asked for."""
        self.latest.clear()
        objects, self.objects = self.objects, []
        for one in objects:
            value = one.value
            if value is not encrypt and one.fields.get("Type") != "XRef":
                value = self._plain(one.value, one)
            self._keep(Object(one.number, one.generation, value, one.at, one.body))

    def _plain(self, value: Value, one: Object) -> Value:
        if isinstance(value, bytes):
            assert self.key is not None
            return self.key.plain(value, one.number, one.generation, stream=False)
        if isinstance(value, list):
            return [self._plain(item, one) for item in value]
        if isinstance(value, dict):
            return {key: self._plain(item, one) for key, item in value.items()}
        return value

    def _unpack(self) -> None:
        """Read the objects inside object streams."""
        for one in [one for one in self.objects if one.fields.get("Type") == "ObjStm"]:
            try:
                data = self.stream(one)
                first = self.resolve(one.fields.get("First"))
            except MalformedError as error:
                if not self.locked:
                    self.flaws.append(error)
                continue
            if not isinstance(first, int) or not 0 < first <= len(data):
                continue
            for match in _PAIRS.finditer(data, 0, first):
                at = first + int(match[2])
                try:
                    value, _ = self.reader.value(data, at)
                except MalformedError:
                    continue
                packed = Object(int(match[1]), 0, value, one.at)
                self.objects.append(packed)
                shadowed = self.latest.get(packed.number)
                if shadowed is None or shadowed.at <= one.at:
                    self.latest[packed.number] = packed

    def stream(self, one: Object) -> bytes:
        """Give a stream's bytes with its encryption and filters undone.

        Raises:
            LimitError: it is too large.
            MalformedError: it is locked, or a filter cannot be undone.
        """
        if self.locked:
            raise MalformedError(self.locked)
        start, end = one.body or (0, 0)
        self.filters.take(end - start)  # streams may overlap
        data, chain = self.data[start:end], list(self._chain(one.fields))
        if self.key and not self._is_plain(one, chain):
            data = self.key.plain(data, one.number, one.generation, stream=True)
        return self.filters.decode(data, chain)

    def _is_plain(self, one: Object, chain: list[tuple[str, dict[str, object]]]) -> bool:
        assert self.key is not None
        kind = one.fields.get("Type")
        own = next((parameters for name, parameters in chain if name == "Crypt"), None)
        return (
            kind == "XRef"
            or (kind == "Metadata" and not self.key.handler.metadata)
            or (own is not None and own.get("Name", "Identity") == "Identity")
        )

    def _chain(self, fields: dict[str, Value]) -> Iterator[tuple[str, dict[str, object]]]:
        filters = self.resolve(fields.get("Filter", fields.get("F")))
        parameters = self.resolve(fields.get("DecodeParms", fields.get("DP")))
        filters = filters if isinstance(filters, list) else [filters]
        parameters = parameters if isinstance(parameters, list) else [parameters]
        for index, name in enumerate(filters):
            own = self.resolve(parameters[index]) if index < len(parameters) else None
            if isinstance(found := self.resolve(name), Name):
                own = own if isinstance(own, dict) else {}
                yield str(found), {key: self.resolve(value) for key, value in own.items()}


class _Next:
    """Where a word stands next, for offsets that only grow: the file is searched once in all."""

    def __init__(self, data: bytes, word: bytes) -> None:
        self.data, self.word, self.found = data, word, -1

    def after(self, at: int) -> int:
        """Give the next place from an offset on, the end of the file when there is none."""
        if self.found < at:
            found = self.data.find(self.word, at)
            self.found = found if found >= 0 else len(self.data)
        return self.found
