"""Traits: what of a mail, an artifact or a report can be compared with others."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sekisho.campaigns import shapes
from sekisho.model.campaign import Trait
from sekisho.model.host import canonical_ip
from sekisho.model.registered import registered_domain

URLS, FILES, SENDERS, TEXTS = 60, 40, 40, 20
"""Of each a sighting may bring so many; the rest is left out."""
VALUE_CHARS = 200
TRAITS = 400
GENERIC_NAMES = frozenset("image logo attachment untitled noname part body message winmail smime".split())


@dataclass(frozen=True, slots=True)
class File:
    """A file that a mail brought, at any depth."""

    name: str
    sha256: str = ""
    md5: str = ""
    extension: str = ""
    lineage: str = ""
    """Extensions from the outermost container down: ``zip>iso>lnk``."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one sighting; every part may be empty."""

    subjects: tuple[str, ...] = ()
    text: str = ""
    senders: tuple[str, ...] = ()
    sender_ips: tuple[str, ...] = ()
    mailers: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()
    """That lead to what the mail delivers, in any spelling of the host."""
    files: tuple[File, ...] = ()
    macros: tuple[str, ...] = ()
    """Code, one text a module or sheet."""
    macro_paths: tuple[str, ...] = ()
    """Where code writes what it fetches."""
    contacts: tuple[str, ...] = ()
    """Hosts or addresses that malware talks to."""
    passwords: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    techniques: tuple[str, ...] = ()
    theme: str = ""
    brand: str = ""
    stolen_thread: bool = False


def traits(evidence: Evidence) -> tuple[Trait, ...]:
    """Give the traits of a sighting, each once and sorted, values cut to VALUE_CHARS."""
    found = {Trait(kind, value[:VALUE_CHARS]) for kind, value in _all(evidence) if value}
    return tuple(sorted(found)[:TRAITS])


def _all(evidence: Evidence) -> Iterator[tuple[str, str]]:
    for subject in evidence.subjects[:TEXTS]:
        yield from _subject(subject)
    yield from (("text.passage", one) for one in shapes.passages(evidence.text))
    for sender in evidence.senders[:SENDERS]:
        yield from _sender(sender)
    for address in evidence.sender_ips[:SENDERS]:
        if ip := canonical_ip(address):
            yield "sender.ip", ip
            yield "sender.net", _net(ip)
    yield from (("sender.mailer", shapes.subject_shape(one)) for one in evidence.mailers[:TEXTS])
    for url in evidence.urls[:URLS]:
        yield from _url(url)
    for file in evidence.files[:FILES]:
        yield from _file(file)
    for code in evidence.macros[:TEXTS]:
        yield "macro.skeleton", skeleton(code)
        yield from (("macro.passage", one) for one in shapes.passages(code))
    for path in evidence.macro_paths[:TEXTS]:
        yield "macro.path", _path(path)
    for contact in evidence.contacts[:URLS]:
        host = shapes.split_url(contact)[0]
        yield "c2.host", canonical_ip(host) or host
    yield from (("file.password", one) for one in evidence.passwords[:TEXTS])
    yield from (("phone", "".join(digit for digit in one if digit.isdigit())) for one in evidence.phones[:TEXTS])
    yield from (("technique", one.upper()) for one in evidence.techniques[:TEXTS])
    yield "theme", evidence.theme
    yield "brand", evidence.brand
    has = (("subject", evidence.subjects), ("url", evidence.urls), ("file", evidence.files), ("text", evidence.text))
    yield "mail.parts", "+".join(name for name, part in has if part)
    if evidence.stolen_thread:
        yield "mail.stolen", "yes"


def _subject(subject: str) -> Iterator[tuple[str, str]]:
    shape = shapes.subject_shape(subject)
    found = shape.split()
    if len(found) > 1:
        yield "subject.shape", shape
    yield from (("subject.word", one) for one in dict.fromkeys(found) if len(one) > 1)


def _sender(address: str) -> Iterator[tuple[str, str]]:
    local, _, domain = address.strip().lower().rpartition("@")
    if not domain:
        return
    if local:
        yield "sender.address", f"{local}@{domain}"
        yield "sender.shape", shapes.local_shape(address)
    yield "sender.domain", registered_domain(domain)
    yield "sender.tld", domain.rpartition(".")[2]


def _url(url: str) -> Iterator[tuple[str, str]]:
    host, path, query = shapes.split_url(url)
    if not host:
        return
    ip = canonical_ip(host)
    if ip:
        yield "url.ip", ip
    else:
        yield "url.host", host
        yield "url.domain", registered_domain(host)
        yield "url.tld", host.rpartition(".")[2]
    if len(path) > 1 or query:
        yield "url.full", f"{ip or host}{path}{'?' if query else ''}{query}"
        yield "url.path", f"{'ip' if ip else ''}{shapes.path_shape(path)}"
    for segment in path.split("/")[1 : shapes.SEGMENTS]:
        if 2 < len(segment) <= 40 and sum(one.isalpha() for one in segment.partition(".")[0]) > 2:
            yield "url.segment", segment
    yield "url.query", shapes.query_shape(query)


def _file(file: File) -> Iterator[tuple[str, str]]:
    yield "file.sha256", file.sha256.lower()
    yield "file.md5", file.md5.lower()
    yield "file.extension", file.extension.lower().lstrip(".") or _extension(file.name)
    yield "file.lineage", file.lineage.lower()
    stem = file.name.rpartition(".")[0] or file.name
    if stem and stem.lower().rstrip("0123456789") not in GENERIC_NAMES:
        yield "file.name", file.name.lower()
        yield "file.shape", shapes.name_shape(file.name)


def _extension(name: str) -> str:
    tail = name.rpartition(".")[2].lower()
    return tail if 0 < len(tail) <= 5 and tail.isalnum() and tail != name.lower() else ""


def _net(ip: str) -> str:
    return ip.rpartition(".")[0] + ".0/24" if "." in ip else ":".join(ip.split(":")[:3]) + "::/48"


def _path(path: str) -> str:
    parts = path.replace("/", "\\").lower().split("\\")
    return "\\".join([*parts[:-1], shapes.name_shape(parts[-1])])


def skeleton(code: str) -> str:
    """Give a hash of code without names, texts and numbers: its keywords and calls in order; empty for little code."""
    kept = [one for one in _tokens(code) if one in _KEYWORDS or not one.isalnum()]
    if sum(one.isalnum() for one in kept) < 5:
        return ""
    return f"{zlib.crc32(' '.join(kept).encode()):08x}"


def _tokens(code: str) -> Iterable[str]:
    plain = code[:20_000].lower()
    return (one for one in re.findall(r"[a-z_]\w*|[(),=]", plain))


_KEYWORDS = frozenset(
    """sub function end if then else for next each to step while wend do loop until select case dim set const call
    createobject getobject shell run exec chr chrw strreverse replace split join mid left right asc environ open print
    close put get kill auto_open autoopen document_open workbook_open formula register return goto halt alert
    concatenate char workspace value hyperlink""".split()
)
