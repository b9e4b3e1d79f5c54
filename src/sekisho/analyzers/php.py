"""PHP files, as they lie in a shop: whether a request can make them run, write or read what its sender likes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sekisho.analyzers import analyzer, charset
from sekisho.analyzers._php_flow import STEPS, Flow, Found
from sekisho.analyzers._php_tokens import TOKENS, tokens
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT

GRADES = ("inert", "writes", "hidden", "webshell")
"""From harmless to worst: nothing of a request is used so, request data goes to a file, code comes out of a decoder,
request data becomes code, a command or an included file."""
HEAD_BYTES = 4_096
LAYERS = 20
_NAMES = re.compile(r"\.(?:php\d?|phtml|phar|inc)$", re.IGNORECASE)
_OPEN = re.compile(rb"<\?(?:php[\s(]|=)", re.IGNORECASE)


def recognise(artifact: Artifact) -> bool:
    """Tell by an opening tag: anywhere under PHP's names, at the start or behind a picture's head under any other."""
    if _NAMES.search(artifact.name):
        return b"<?" in artifact.data
    head = artifact.data[:HEAD_BYTES]
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?php", b"<?=")):
        return True
    return head.startswith((b"GIF8", b"\xff\xd8\xff", b"\x89PNG")) and _OPEN.search(artifact.data) is not None


@analyzer(
    "php",
    media_type="text/x-php",
    recognise=recognise,
    features=("php.grade", "php.flow", "php.hidden", "php.write", "php.dynamic_call", "php.silenced"),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Follow what a file does with requests.

    Yields:
        ``php.grade`` (one of GRADES), ``php.flow`` (``eval <- $_POST``) for each way from a request to code, a command
        or an include, ``php.hidden`` (``eval of base64_decode``), ``php.write`` (``move_uploaded_file <- $_FILES``),
        ``php.dynamic_call`` (a function's name put together at run time), ``php.silenced`` (how often request data is
        read behind ``@``); then code that constants decode to as children.

    Raises:
        LimitError: the file has more tokens or ways than are followed; what was found stands.
    """
    text = charset.decode(artifact.data)[0][: DEFAULT.text_chars]
    listed, cut = tokens(text)
    flow = Flow(listed)
    found = flow.run()
    yield Feature("php.grade", _grade(found))
    for name, values in (("flow", found.flows), ("hidden", found.hidden), ("write", found.writes)):
        yield from (Feature(f"php.{name}", what, at) for what, at in values.items())
    yield from (Feature("php.dynamic_call", what, at) for what, at in found.dynamic.items())
    if found.silenced:
        yield Feature("php.silenced", found.silenced)
    for number, code in enumerate(dict.fromkeys(found.decoded[:LAYERS]), 1):
        opened = code if code.lstrip()[:2] == "<?" else f"<?php {code}"
        yield artifact.child(
            f"decoded{number}.php", opened.encode("latin-1", "replace"), relation="decoded", kind="php"
        )
    if cut or len(artifact.data) > DEFAULT.text_chars:
        raise LimitError("steps", TOKENS)
    if flow.steps < 0:
        raise LimitError("steps", STEPS)


def _grade(found: Found) -> str:
    if found.flows:
        return "webshell"
    if found.hidden:
        return "hidden"
    return "writes" if found.writes else "inert"
