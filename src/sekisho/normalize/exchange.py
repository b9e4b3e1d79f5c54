"""Exchange's own records: what a cmdlet was called with, and who submitted a message how.

The names that are added stand beside what the server logged; docs/guide/exchange.md lists them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sekisho.normalize._flatten import Fields
from sekisho.normalize.web_requests import decoded

CMDLET_FIELDS = ("Cmdlet", "CmdletParameters", "CmdletParameter", "CmdletCaller", "CmdletHost", "CmdletProcess")
TRACKING_FIELDS = ("recipients", "recipient-domain", "sender-domain", "internal", "client-type")
DECODED = "Url.decoded"
MAX_PARAMETERS = 64
"""Of one call that become fields; the text stays whole."""
MAX_PARAMETERS_CHARS = 65_536
MAX_RECIPIENTS = 1_000
"""Source: Microsoft Learn, "Message size and recipient limits": 500 by default for a message."""
_NAMED = re.compile(r"(?:^|(?<=\s))-([A-Za-z][A-Za-z0-9]{0,63})(?=[\s:]|$)")
_LISTED = re.compile(r"(?:^\{|, )([A-Za-z][A-Za-z0-9]{0,63})=")
_CALL = re.compile(r"\b([A-Z][a-z]+-[A-Z][A-Za-z]+)\b(.*)\Z", re.DOTALL)
_FIRST_PARAMETER = re.compile(r"(?<![\w\"])-[A-Za-z]|\{")
_BETWEEN = re.compile(r"[;,{}\s]+")
"""Between recipients: the log has semicolons, exports have what a list prints as."""
_CLIENT_TYPE = re.compile(r"\bClientType:(\w{1,40})")
_CALLER, _HOST, _PROCESS = 2, 5, 6
"""Places in the event's data."""


def cmdlet(fields: Fields) -> None:
    """Give a record of the log ``MSExchange Management`` the cmdlet, its parameters and its caller as fields.

    ``CmdletParameter`` is a list of ``Name=value``. Exchange does not escape quotes in values, so a value can look as
    if it held another parameter; it adds one to the list then and hides none. A rule that must not be fooled reads
    ``CmdletParameters``, the text as logged.

    Source: events 1 and 6 of the provider ``MSExchange CmdletLogs``: cmdlet, parameters, caller, two SIDs, host,
    process; parameters as ``{Name=value, Name=value}`` from a local shell and ``-Name "value"`` from a remote one.
    """
    data = fields.get("Data")
    if type(data) is list and len(data) > 1:
        words = [one if type(one) is str else "" for one in data]
    else:
        words = _said(fields.get("Message"))
        if not words:
            return
    fields["Cmdlet"], text = words[0], words[1]
    fields["CmdletParameters"] = text
    for name, at in (("CmdletCaller", _CALLER), ("CmdletHost", _HOST), ("CmdletProcess", _PROCESS)):
        if len(words) > at and words[at]:
            fields[name] = words[at]
    if len(words) > _CALLER and words[_CALLER]:
        fields.setdefault("User", words[_CALLER].rpartition("/")[2])
    if named := [f"{name}={value}" for name, value in parameters(text)]:
        fields["CmdletParameter"] = named


def _said(message: Any) -> list[str]:
    """Give cmdlet and parameters out of the event's text: the first name in it, whatever the server's language."""
    found = _CALL.search(message[:MAX_PARAMETERS_CHARS]) if type(message) is str else None
    if not found:
        return []
    first = _FIRST_PARAMETER.search(found[2])
    return [found[1], found[2][first.start() :].rstrip(" \r\n").rstrip(".。") if first else ""]


def parameters(text: str) -> Iterable[tuple[str, str]]:
    """Give name and value of each parameter of a cmdlet in order, quotes around a value taken off."""
    text = text[:MAX_PARAMETERS_CHARS].strip()
    names = list((_LISTED if text.startswith("{") else _NAMED).finditer(text))[:MAX_PARAMETERS]
    end = len(text) - 1 if text.startswith("{") and text.endswith("}") else len(text)
    for at, found in enumerate(names):
        value = text[found.end() : names[at + 1].start() if at + 1 < len(names) else end]
        value = value.strip().removeprefix(":").strip()
        yield found[1], value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value


def tracking(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give a row of message tracking its recipients one by one, the domains, and with what client it was submitted.

    ``recipients`` and ``recipient-domain`` are lists; ``internal`` tells whether every recipient has the sender's
    domain; ``client-type`` is there for what a mailbox submits.

    Source: Microsoft Learn, "Message tracking"; the source context of STOREDRIVER rows: ``MDB: Mailbox: Event:
    MessageClass: CreationTime: ClientType:``. The sender chooses the class, so the last client type is the server's.
    """
    sender, addresses = fields.get("sender-address"), fields.get("recipient-address")
    if type(addresses) is list:
        addresses = ";".join(one for one in addresses[:MAX_RECIPIENTS] if type(one) is str)
    domain = sender.rpartition("@")[2].lower() if type(sender) is str else ""
    if domain:
        fields["sender-domain"] = domain
    if type(addresses) is str and addresses:
        recipients = [one for one in _BETWEEN.split(addresses, MAX_RECIPIENTS)[:MAX_RECIPIENTS] if one]
        domains = list(dict.fromkeys(one.rpartition("@")[2].lower() for one in recipients))
        fields["recipients"], fields["recipient-domain"] = recipients, domains
        fields["internal"] = "true" if domain and domains == [domain] else "false"
    context = fields.get("source-context")
    component = fields.get("source") or fields.get("Source")
    if type(context) is str and str(component).upper() == "STOREDRIVER":
        found = _CLIENT_TYPE.findall(context)
        if found:
            fields["client-type"] = found[-1]


def proxied(fields: Fields, raw: Mapping[str, Any]) -> None:
    """Give a row of an HttpProxy log its URL with the encoding undone, under ``Url.decoded``."""
    decoded(fields, "UrlStem", "UrlQuery", DECODED)
