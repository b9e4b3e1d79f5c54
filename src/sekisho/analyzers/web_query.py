"""Web and database queries (.iqy .rqy .oqy .dqy .odc): the address that Excel fetches when the file is opened.

Source: Microsoft, "Create Web Query files for use with Excel" (WEB, version, address, parameters); [MS-ODCFF].
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.analyzers import analyzer
from sekisho.analyzers._locations import remote_of
from sekisho.analyzers._script import script_text
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.urltext import find_urls, parse_url

HEAD = 65_536
_WEB = re.compile(r"\s*WEB[ \t]*\r?\n[ \t]*\d{1,3}[ \t]*\r?\n[ \t]*([^\r\n]{1,4000})", re.IGNORECASE)
_OLEDB = re.compile(r"\s*QueryType=([^\r\n]{1,40})\r?\n", re.IGNORECASE)
_ODC = re.compile(r"<odc:OfficeDataConnection", re.IGNORECASE)
_LINE = re.compile(r"^[ \t]*(Connection|CommandText|CommandType)=([^\r\n]{1,8000})", re.IGNORECASE | re.MULTILINE)
_TAG = re.compile(r"<odc:(ConnectionString|CommandText|SourceFile)>([^<]{1,8000})<", re.IGNORECASE)
_SOURCE = re.compile(r"(?:Data Source|DBQ|DSN|Server|Location|Source)\s*=\s*\"?([^;\"\r\n]{1,2000})", re.IGNORECASE)


def _text(artifact: Artifact) -> str:
    return script_text(artifact.data[:HEAD]).lstrip("\ufeff")


def _recognise(artifact: Artifact) -> bool:
    head = artifact.data[:2_048].replace(b"\0", b"").lower()
    if not any(mark in head for mark in (b"web", b"querytype=", b"<odc:office")):
        return False
    text = _text(artifact)
    return bool(_WEB.match(text) or _OLEDB.match(text) or _ODC.search(text[:4_096]))


@analyzer(
    "web_query",
    recognise=_recognise,
    media_type="text/x-ms-iqy",
    features=("query.kind", "query.connection", "query.command", "query.remote_host", "url"),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read what is fetched.

    Yields:
        ``query.kind`` (web, oledb, odbc or another query type; ``odc``), ``query.connection`` (what is connected to),
        ``query.command``, ``query.remote_host`` for a share, and ``url``.
    """
    text = _text(artifact)
    places = []
    if web := _WEB.match(text):
        yield Feature("query.kind", "web")
        yield Feature("query.connection", web[1].strip())
        places.append(web[1].strip().strip('"'))
    else:
        kind = _OLEDB.match(text)
        yield Feature("query.kind", kind[1].strip().lower() if kind else "odc")
        for name, value in [*_LINE.findall(text), *_TAG.findall(text)][:50]:
            is_command = name.lower().startswith("command")
            if name.lower() != "commandtype":
                yield Feature("query.command" if is_command else "query.connection", value.strip()[:4_000])
            places += _SOURCE.findall(value) or [url.raw for url in find_urls(value, "text", 20)]
    seen = set()
    for place in places:
        remote = remote_of(place, "text")
        if remote:
            yield Feature("query.remote_host", remote.host)
        url = remote.url if remote else parse_url(place, where="text")
        if url.canonical.startswith(("http", "ftp", "file")) and url.canonical not in seen:
            seen.add(url.canonical)
            yield Feature("url", url)
