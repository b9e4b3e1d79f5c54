"""Artifact trees become events: one per message, one per artifact below it, one per URL.

The fields are the features' own names plus the few that every artifact has; ``docs/reference/taxonomy.md`` lists them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from sekisho.model.artifact import Analysis, Feature
from sekisho.model.event import Event, Logsource
from sekisho.model.url import Url
from sekisho.normalize._file_types import type_mismatch

MESSAGE = Logsource("email", "message")
ATTACHMENT = Logsource("email", "attachment")
URL = Logsource("email", "url")

# From harmless to worst. Source: design, "Verdicts".
GRADES = ("none", "inert", "auto_run", "auto_exec", "obfuscated_exec")
OFFICE = frozenset({"ole", "ooxml", "office_xml", "sylk"})  # analysers whose artifacts are documents as people see them
MESSAGE_ANALYZERS = frozenset({"eml", "msg"})
PARTS = {
    "attachment",
    "member",
    "embedded",
    "overlay",
    "decoded",
    "macro",
    "input",
}  # what is a file, not a mail's own text

# Document extensions that a second, runnable extension hides behind.
# Source: the attachment names in mission article 2 and Sigma's "Suspicious Double Extension File Execution".
DOCUMENT_EXTENSIONS = frozenset(
    "doc docx docm xls xlsx xlsm ppt pptx pdf rtf txt csv jpg jpeg png gif zip html".split()
)
RUNNABLE_EXTENSIONS = frozenset(
    "lnk exe scr com pif bat cmd vbs vbe js jse wsf wsh hta ps1 msi dll cpl jar url iso img vhd vhdx chm".split()
)

# Field names of :func:`events` beyond the features themselves, for the rule checker and the docs.
MESSAGE_FIELDS = tuple(
    "attachment.count attachment.extension attachment.media_type urls url.count url.hidden_by".split()
)
ATTACHMENT_FIELDS = tuple(
    "name extension double_extension media_type size sha256 depth relation encrypted unscanned analyzer "
    "parent.name parent.media_type parent.encrypted urls url.hidden_by message.subject message.sender "
    "archive.password_in_mail type_mismatch".split()
)
URL_FIELDS = tuple("raw canonical host ip hidden_by shown where artifact.name artifact.media_type".split())


def events(analyses: Sequence[Analysis], source: str) -> Iterator[Event]:
    """Give the events of one examined input, in address order.

    ``source`` is the path of the input as the user gave it; a record is an artifact's address.
    """
    by_address = {one.address: one for one in analyses}
    for one in analyses:
        message = message_of(one, by_address)
        at = time_ns(message)
        who = str(message.first("delivered_to")) if message else ""
        if is_message(one):
            yield Event(MESSAGE, _message_fields(one, analyses), at, "", who, source, one.address)
        elif one.artifact.relation in PARTS:
            fields = _attachment_fields(one, by_address, message)
            yield Event(ATTACHMENT, fields, at, "", who, source, one.address)
        for index, url in enumerate(one.urls):
            yield Event(URL, _url_fields(url, one), at, "", who, source, one.address, (str(index),))


def graded(analyses: Sequence[Analysis]) -> list[Analysis]:
    """Give the analyses with one ``macro.grade`` on every Office document: the worst of all macros in it, or none.

    Macros lie in parts of a document (a project, a macro sheet, an embedded workbook); people grade the document.
    """
    worst: dict[str, str] = {}
    by_address = {one.address: one for one in analyses}
    for one in analyses:
        holder: Analysis | None = one
        while holder is not None and not OFFICE.intersection(holder.analyzers):
            holder = by_address.get(holder.artifact.parent or "")
        if holder is not None:
            grades = [str(value) for value in one.values("macro.grade")]
            worst[holder.address] = max([worst.get(holder.address, GRADES[0]), *grades], key=_grade_rank)
    return [_with_grade(one, worst[one.address]) if one.address in worst else one for one in analyses]


def _with_grade(one: Analysis, grade: str) -> Analysis:
    others = tuple(feature for feature in one.features if feature.name != "macro.grade")
    return replace(one, features=(Feature("macro.grade", grade), *others))


def _grade_rank(grade: str) -> int:
    return GRADES.index(grade) if grade in GRADES else 0


def is_message(one: Analysis) -> bool:
    """Tell whether an analysis is of a mail."""
    return bool(MESSAGE_ANALYZERS.intersection(one.analyzers)) and bool(
        one.values("subject") or one.values("sender.address")
    )


def message_of(one: Analysis, by_address: Mapping[str, Analysis]) -> Analysis | None:
    """Give the nearest mail that an artifact is or lies in."""
    current: Analysis | None = one
    while current is not None and not is_message(current):
        current = by_address.get(current.artifact.parent or "")
    return current


def time_ns(message: Analysis | None) -> int | None:
    """Give when a mail reached its mailbox, else when it claims to have been sent; UTC nanoseconds."""
    if message is None:
        return None
    for name in ("received_at", "sent_at"):
        text = str(message.first(name))
        if text:
            try:
                return int(datetime.fromisoformat(text).timestamp()) * 1_000_000_000
            except (ValueError, OverflowError, OSError):
                continue
    return None


def extension_of(name: str) -> str:
    """Give the last extension of a file name, lower case, without its dot."""
    return PurePosixPath(name.replace("\\", "/").rstrip(" .")).suffix[1:].lower()


def has_double_extension(name: str) -> bool:
    """Tell whether a name shows a document's extension before a runnable one (``form.doc.lnk``)."""
    parts = name.lower().rstrip(" .").split(".")
    return len(parts) > 2 and parts[-1] in RUNNABLE_EXTENSIONS and parts[-2].strip() in DOCUMENT_EXTENSIONS


def _features(one: Analysis) -> dict[str, Any]:
    """Features by name: a scalar when there is one value, a list in reading order when there are more."""
    fields: dict[str, Any] = {}
    for feature in one.features:
        if feature.name == "url":
            continue
        if feature.name not in fields:
            fields[feature.name] = feature.value
        elif isinstance(fields[feature.name], list):
            fields[feature.name].append(feature.value)
        else:
            fields[feature.name] = [fields[feature.name], feature.value]
    return fields


def _url_lists(urls: Iterable[Url]) -> dict[str, Any]:
    listed = list(urls)
    hidden = sorted({trick.strip() for url in listed for trick in url.hidden_by.split(",") if trick.strip()})
    return {"urls": [url.canonical or url.raw for url in listed], "url.hidden_by": hidden}


def _message_fields(one: Analysis, analyses: Sequence[Analysis]) -> dict[str, Any]:
    below = [other for other in analyses if other.artifact.parent == one.address]
    files = [other for other in below if other.artifact.relation != "body"]
    urls = one.urls + [url for other in below if other.artifact.relation == "body" for url in other.urls]
    return {
        **_features(one),
        **_url_lists(dict.fromkeys(urls)),
        "url.count": len(set(urls)),
        "attachment.count": len(files),
        "attachment.extension": [extension_of(other.artifact.name) for other in files],
        "attachment.media_type": [other.media_type for other in files],
    }


def _attachment_fields(one: Analysis, by_address: Mapping[str, Analysis], message: Analysis | None) -> dict[str, Any]:
    parent = by_address.get(one.artifact.parent or "")
    fields = {
        **_features(one),
        **_url_lists(one.urls),
        "name": one.artifact.name,
        "extension": extension_of(one.artifact.name),
        "double_extension": has_double_extension(one.artifact.name),
        "media_type": one.media_type,
        "type_mismatch": type_mismatch(extension_of(one.artifact.name), one.media_type),
        "size": one.size_bytes,
        "sha256": one.sha256,
        "depth": one.artifact.depth,
        "relation": one.artifact.relation,
        "encrypted": one.artifact.unscanned.startswith("encrypted"),
        "unscanned": one.unscanned,
        "analyzer": list(one.analyzers),
    }
    if not OFFICE.intersection(one.analyzers) and _in_document(one, by_address):
        fields.pop("macro.grade", None)  # its document answers for it
    if parent is not None:
        fields["parent.name"] = parent.artifact.name
        fields["parent.media_type"] = parent.media_type
        fields["parent.encrypted"] = any(parent.first(f"{kind}.encrypted") for kind in ("archive", "office", "pdf"))
    if message is not None:
        fields["message.subject"] = message.first("subject")
        fields["message.sender"] = message.first("sender.address")
        words = set(message.values("password.candidate"))
        fields["archive.password_in_mail"] = bool(words.intersection(one.values("archive.password")))
    return fields


def _in_document(one: Analysis, by_address: Mapping[str, Analysis]) -> bool:
    above = by_address.get(one.artifact.parent or "")
    while above is not None and not OFFICE.intersection(above.analyzers):
        above = by_address.get(above.artifact.parent or "")
    return above is not None


def _url_fields(url: Url, one: Analysis) -> dict[str, Any]:
    return {
        "raw": url.raw,
        "canonical": url.canonical,
        "host": url.host,
        "ip": url.ip,
        "hidden_by": url.hidden_by,
        "shown": url.shown,
        "where": url.where,
        "artifact.name": one.artifact.name,
        "artifact.media_type": one.media_type,
    }
