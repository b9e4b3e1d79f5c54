r"""Access logs of Apache, nginx and whatever writes like them: common, combined, and both with the virtual host.

Everything between the brackets and the end of a line is written by whoever sent the request, and the user's name before
them too. So a line is cut where only the server can have written: at a date in brackets that a quote follows, and at
quotes that no backslash stands before. A line whose quotes do not fit, or that could be cut in two ways because its
server quotes nothing, comes with what stands before the request and the rest as one field, ``request_rest``: nothing in
it can pass for a status or another client.

Source: Apache, mod_log_config (formats, and what is quoted how: ``\"``, ``\\``, ``\xhh``) and its default
``vhost_combined``; nginx, ngx_http_log_module (``combined``; ``escape=default`` writes ``\xXX``); Squid, logformat
``combined`` (two words more at the end).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sekisho.model.artifact import Artifact
from sekisho.sources import Gap, Row, source
from sekisho.sources._packed import open_file, peek, unpack, until_break
from sekisho.sources._text_lines import numbered
from sekisho.sources.json_stream import as_utf8

SAMPLE_LINES = 20
MAX_MARKS = 16
"""Places in one line at which a date in brackets is looked for."""
MAX_EXTRA = 32
"""Values behind the user agent that are kept."""
_STAMP = re.compile(r"\[(\d{1,2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d(?:\.\d{1,9})? [+-]\d{4})$")
_STAMP_CHARS = 48
_PLAIN_LINE = re.compile(
    r'([^ "\\]+) ([^ "\\]+) ([^ "\\]+) \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]'
    r' "([A-Z]{1,20}) ([^ "\\]+) (HTTP/\d(?:\.\d)?)" (\d{3}) (\d{1,19}|-)(?: "([^"\\]*)" "([^"\\]*)")?'
)
"""A line without anything odd, in one go: nearly all are, and :func:`_fields` gives the same for them."""
_PLAIN_NAMES = (
    "remote_host", "remote_logname", "remote_user", "time_local", "request_method", "request_uri", "server_protocol",
    "status", "bytes_sent", "http_referer", "http_user_agent",
)  # fmt: skip
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"(?= |$)', re.DOTALL)
_NUMBERS = re.compile(r" (\d{3}|-) (\d{1,19}|-)(?= |$)")
_EXTRA = re.compile(r' (?:"((?:[^"\\]|\\.)*+)"(?= |$)|([^" ][^ ]*+))', re.DOTALL)
_ANOTHER = re.compile(r' HTTP/\d(?:\.\d)?" (?:\d{3}|-) (?:\d{1,19}|-)(?= |$)')
_METHOD = re.compile(r"[A-Za-z][A-Za-z_-]{0,30}$")
_PROTOCOL = re.compile(r"HTTP/\d(?:\.\d)?$")
_ESCAPES = re.compile(r"(?:\\x[0-9a-fA-F]{2})+|\\.", re.DOTALL)
_PLAIN = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "v": "\v", "f": "\f"}
_SQUID = re.compile(r"[A-Z]{3,}[A-Z_]*:[A-Z_]{4,}$")


def recognise(head: bytes, path: Path) -> bool:
    """Tell by lines that carry a date in brackets, a request in quotes and a status; most of the first ones must."""
    text = b"".join(as_utf8([peek(head)]))
    if b'] "' not in text:
        return False
    lines = [line for _, line in numbered([text[: text.rfind(b"\n") + 1] or text]) if line]
    sample = lines[:SAMPLE_LINES]
    return sum(_fields(line, vhost=False).get("status") is not None for line in sample) * 2 > len(sample)


@source("access-log", recognise=recognise, event_class="records")
def read(path: Path) -> Iterator[Row | Artifact | Gap]:
    r"""Read every request of a log.

    Yields:
        A row per line, in file order; its record is the line number. Fields: ``server_name`` (with its port, where the
        format has it), ``remote_host``, ``remote_logname``, ``remote_user``, ``time_local``, ``request_method``,
        ``request_uri``, ``server_protocol``, ``status``, ``bytes_sent``, ``http_referer``, ``http_user_agent``,
        ``extra`` (a list), ``squid_result``. What is ``-`` is left out. Quoting is undone; bytes written as ``\xhh``
        are read as UTF-8, else Shift_JIS. ``request_line`` is there when it is no request that HTTP knows. A gap for
        each line that has no date in brackets before a quote.

    Raises:
        SourceError: the file cannot be opened.
    """
    broken: list[str] = []
    with open_file(path) as file:
        vhost: bool | None = None
        for number, line in numbered(as_utf8(until_break(unpack(file), broken))):
            if line is None:
                yield Gap(str(number), "line is too long")
                continue
            if not line.strip("\0 \t"):
                continue
            if vhost is None:
                vhost = _has_vhost(line)
            plain = None if vhost else _PLAIN_LINE.fullmatch(line)
            if plain is not None:
                values = zip(_PLAIN_NAMES, plain.groups(), strict=True)
                yield Row(str(number), {name: value for name, value in values if value and value != "-"})
                continue
            fields = _fields(line, vhost=vhost)
            yield Row(str(number), fields) if fields else Gap(str(number), "no date in brackets before a request")
    for reason in broken:
        yield Gap("end", reason)


def _has_vhost(line: str) -> bool:
    """Tell whether a line begins with the virtual host: then the client is the second word, not ``-`` or a login."""
    words = _front(line)[0].split(" ")
    return len(words) >= 4 and words[1] != "-" and words[2] == "-"


def _front(line: str) -> tuple[str, str, int]:
    """Give what stands before the date in brackets, the date, and where the request's quote is; -1 without one.

    A user's name may hold brackets, but each quote in it has a backslash before it.
    """
    at = line.find('] "')
    for _ in range(MAX_MARKS):
        if at < 0:
            break
        start = line.rfind("[", max(0, at - _STAMP_CHARS), at)
        if start > 0 and (stamp := _STAMP.match(line[start:at])):
            return line[: start - 1], stamp[1], at + 2
        at = line.find('] "', at + 1)
    return "", "", -1


def _fields(line: str, *, vhost: bool) -> dict[str, Any]:
    front, stamp, at = _front(line)
    if at < 0:
        return {}
    fields: dict[str, Any] = {}
    words = front.split(" ", 3 if vhost else 2)
    names = ("server_name", "remote_host", "remote_logname", "remote_user")
    for name, word in zip(names if vhost else names[1:], words, strict=False):
        if word not in ("", "-"):
            fields[name] = _unescaped(word)
    fields["time_local"] = stamp
    request = _QUOTED.match(line, at)
    numbers = _NUMBERS.match(line, request.end()) if request else None
    if request is None or numbers is None or _ANOTHER.search(line, request.end() + 1):
        fields["request_rest"] = line[at + 1 :]
        return fields
    fields |= _request(_unescaped(request[1]))
    fields["status"] = numbers[1]
    if numbers[2] != "-":
        fields["bytes_sent"] = numbers[2]
    return fields | _behind(line, numbers.end())


def _request(line: str) -> dict[str, str]:
    """Give method, address and protocol; an address may hold blanks, since anything can be sent to a port."""
    method, _, rest = line.partition(" ")
    uri, _, protocol = rest.rpartition(" ")
    if not _METHOD.match(method) or not rest:
        return {"request_line": line} if line not in ("", "-") else {}
    if not _PROTOCOL.match(protocol):  # HTTP/0.9 names none
        return {"request_line": line, "request_method": method, "request_uri": rest}
    found = {"request_method": method, "request_uri": uri, "server_protocol": protocol}
    return found | {"request_line": line} if " " in uri else found


def _behind(line: str, at: int) -> dict[str, Any]:
    """Give referer and user agent, the first two quoted values, and whatever else a format adds."""
    values: list[tuple[str, bool]] = []
    while at < len(line) and len(values) < MAX_EXTRA and (found := _EXTRA.match(line, at)):
        values.append((_unescaped(found[1]), True) if found[1] is not None else (found[2], False))
        at = found.end()
    fields: dict[str, Any] = {}
    if len(values) > 1 and values[0][1] and values[1][1]:
        for name, (value, _) in zip(("http_referer", "http_user_agent"), values, strict=False):
            if value not in ("", "-"):
                fields[name] = value
        values = values[2:]
        if values and not values[0][1] and _SQUID.match(values[0][0]):
            fields["squid_result"] = values.pop(0)[0]
    extra = [value for value, _ in values]
    if at < len(line):
        extra.append(line[at:].strip(" "))
    return fields | ({"extra": extra} if any(extra) else {})


def _unescaped(text: str) -> str:
    return _ESCAPES.sub(_meant, text) if "\\" in text else text


def _meant(found: re.Match[str]) -> str:
    text = found[0]
    if text[1] != "x" or len(text) < 4:
        return _PLAIN.get(text[1], text[1] if text[1] in "\\\"'" else text)
    raw = bytes.fromhex(text.replace("\\x", ""))
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")
