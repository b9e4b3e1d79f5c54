"""Mail as Outlook saves it (.msg): the same facts as of a mail as sent, from properties and transport headers.

Source: [MS-OXMSG], [MS-OXPROPS]; the properties are read by ``_outlook``, RTF bodies by ``_rtf_body``.
"""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.analyzers import analyzer, charset
from sekisho.analyzers._compound import MAGIC, Compound
from sekisho.analyzers._htmltext import meta_charset, visible_text
from sekisho.analyzers._message import MESSAGE_FEATURES, body_features, header_features, text_features
from sekisho.analyzers._outlook import PROPERTIES, Attachment, Message, Tree, as_mail, read
from sekisho.analyzers._qr_grid import text_pictures
from sekisho.analyzers.passwords import candidates
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError
from sekisho.model.limits import DEFAULT

_MARK = PROPERTIES.encode("utf-16-le")
_OBJECT_STREAMS = 50
_SHORT = 100


def _recognise(artifact: Artifact) -> bool:
    """Tell a compound file with the property stream of a message, by its name in the directory."""
    return artifact.data.startswith(MAGIC) and _MARK in artifact.data


@analyzer(
    "msg",
    media_type="application/vnd.ms-outlook",
    recognise=_recognise,
    features=(*MESSAGE_FEATURES, "msg.class", "msg.attachment_reference", "msg.reminder_file"),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read an Outlook message, its bodies in whichever form they are kept, and hand back its attachments.

    Yields:
        The features of ``MESSAGE_FEATURES``, ``msg.class``, ``msg.reminder_file`` (a sound that a reminder would load,
        CVE-2023-23397) and ``msg.attachment_reference`` (where an attachment that is not in the file lies); then the
        HTML body (``body``) and the attachments, messages among them written as mails (``attachment``).

    Raises:
        MalformedError: its directory cannot be read.
        LimitError: a message inside is nested too deep or too large; the rest stands.
    """
    tree = Tree(Compound(artifact.data))
    message = read(tree)
    received = ""
    for feature in header_features(message.fields, artifact.organisation):
        received = received or ("seen" if feature.name == "received_at" else "")
        yield feature
    if message.received and not received:
        yield Feature("received_at", message.received)
    for name, value in (("msg.class", message.message_class), ("msg.reminder_file", message.reminder_file)):
        if value:
            yield Feature(name, value)
    shown = visible_text(_page(message)) if message.html else ""
    text = message.text if len(message.text.strip()) >= _SHORT or not shown else shown
    yield from body_features(text, message.text)
    yield from text_features(message.fields, shown or message.text)
    subject = message.fields.text("subject")
    passwords = tuple(candidates("\n".join((text, shown, subject)), DEFAULT.passwords))
    yield from (Feature("password.candidate", word) for word in passwords)
    yield from _bodies(artifact, message, passwords)
    for picture in text_pictures(message.text):
        yield artifact.child("drawn code.png", picture, relation="decoded")
    broken: LimitError | None = None
    for one in message.attachments:
        if one.name:
            yield Feature("attachment.name", one.name)
        try:
            yield from _attached(artifact, tree, one, passwords)
        except LimitError as error:
            broken = error
    if broken is not None:
        raise broken


def _page(message: Message) -> str:
    label = message.html_label or meta_charset(message.html)
    return charset.decode(message.html, label)[0][: DEFAULT.text_chars]


def _bodies(artifact: Artifact, message: Message, passwords: tuple[str, ...]) -> Iterator[Artifact]:
    if message.html:
        kept = f"text/html; charset={message.html_label}" if message.html_label else "text/html"
        yield artifact.child("body.html", message.html, relation="body", declared_type=kept, passwords=passwords)
    if b"\\objdata" in message.rtf:
        yield artifact.child("body.rtf", message.rtf, relation="body", declared_type="text/rtf", passwords=passwords)


def _attached(
    artifact: Artifact, tree: Tree, one: Attachment, passwords: tuple[str, ...]
) -> Iterator[Feature | Artifact]:
    name = one.name or "attachment"
    if one.message is not None:
        named = name if name.lower().endswith((".msg", ".eml")) else f"{name}.eml"
        mail = as_mail(tree, one.message)
        yield artifact.child(
            named, mail, relation="attachment", kind="eml", declared_type="message/rfc822", passwords=passwords
        )
        return
    data = one.data()
    if data:
        kind = "eml" if one.media_type == "multipart/signed" else ""
        yield artifact.child(
            name, data, relation="attachment", kind=kind, declared_type=one.media_type, passwords=passwords
        )
    elif one.reference:
        yield Feature("msg.attachment_reference", one.reference)
    if one.object is not None:
        for stream in tree.streams.get(one.object, [])[:_OBJECT_STREAMS]:
            data = tree.stream(stream)
            if data:
                yield artifact.child(f"{name}/{stream[-1]}", data, relation="embedded", passwords=passwords)
