"""Remote desktop files (.rdp): the host that is connected to, and what of this machine it may use.

Source: Microsoft, "Supported RDP properties"; MITRE ATT&CK T1021.001; the reports of 2024 on signed .rdp attachments
that redirect every drive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.analyzers import analyzer
from sekisho.analyzers._locations import is_outside
from sekisho.analyzers._script import script_text
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.urltext import find_urls

TEXT_BYTES = 1 << 18
_LINE = re.compile(r"^[ \t]*([a-z][a-z0-9 ]{1,60}):([sib]):([^\r\n]{0,4000})", re.IGNORECASE | re.MULTILINE)
_MARK = re.compile(
    r"^[ \t]*(?:full address|alternate full address|remoteapplicationmode|gatewayhostname):[si]:", re.I | re.M
)
REDIRECTS = {
    "drivestoredirect": "drives",
    "redirectdrives": "drives",
    "devicestoredirect": "devices",
    "usbdevicestoredirect": "usb",
    "redirectclipboard": "clipboard",
    "redirectprinters": "printers",
    "redirectcomports": "ports",
    "redirectsmartcards": "smart cards",
    "redirectwebauthn": "webauthn",
    "redirectposdevices": "pos",
    "camerastoredirect": "cameras",
    "audiocapturemode": "microphone",
}
_PORT = re.compile(r":\d{1,5}$")


def _text(artifact: Artifact) -> str:
    return script_text(artifact.data[:TEXT_BYTES]).lstrip("\ufeff")


def _recognise(artifact: Artifact) -> bool:
    head = artifact.data[:8_192]
    head = head.replace(b"\0", b"") if b"\0" in head[:64] else head
    return (b":s:" in head or b":i:" in head or b":S:" in head or b":I:" in head) and _MARK.search(
        _text(artifact)
    ) is not None


@analyzer(
    "remote_desktop",
    recognise=_recognise,
    media_type="application/x-rdp",
    features=(
        *("rdp.address", "rdp.host", "rdp.is_outside", "rdp.gateway", "rdp.user", "rdp.redirects", "rdp.program"),
        *("rdp.remote_app", "rdp.signed", "url"),
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read the settings.

    Yields:
        ``rdp.address`` as written, ``rdp.host`` without port and ``rdp.is_outside`` (a host of the internet);
        ``rdp.gateway``, ``rdp.user``; ``rdp.redirects`` for each thing handed to the host (drives, clipboard …);
        ``rdp.program`` that is started there, ``rdp.remote_app`` when only its window is shown; ``rdp.signed``
        (a signature is there, not verified); ``url`` where a value is one.
    """
    values: dict[str, str] = {}
    for name, _, value in _LINE.findall(_text(artifact)):
        values.setdefault(name.strip().lower(), value.strip())
    addresses = dict.fromkeys(filter(None, (values.get("full address"), values.get("alternate full address"))))
    hosts = dict.fromkeys(_PORT.sub("", one).strip("[]").lower() for one in addresses)
    yield from (Feature("rdp.address", one) for one in addresses)
    yield from (Feature("rdp.host", one) for one in hosts)
    if hosts:
        yield Feature("rdp.is_outside", any(map(is_outside, hosts)))
    for name, key in (("rdp.gateway", "gatewayhostname"), ("rdp.user", "username")):
        if values.get(key):
            yield Feature(name, values[key])
    redirected = [what for key, what in REDIRECTS.items() if values.get(key, "") not in ("", "0")]
    yield from (Feature("rdp.redirects", what) for what in dict.fromkeys(redirected))
    for key in ("alternate shell", "remoteapplicationprogram", "remoteapplicationcmdline"):
        if values.get(key):
            yield Feature("rdp.program", values[key])
    yield Feature("rdp.remote_app", values.get("remoteapplicationmode") == "1")
    yield Feature("rdp.signed", "signature" in values)
    yield from (Feature("url", url) for url in find_urls("\n".join(values.values()), "text", 20))
