"""How a mail's HTML bodies look, as facts of the mail: a body is no file of its own that rules could read."""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.model.artifact import Feature
from sekisho.model.hosting import PICTURE_HOSTS
from sekisho.model.organisation import Organisation
from sekisho.model.registered import belongs
from sekisho.normalize.mail import Mail, mail_facts

_SAME = {
    "html.picture_only": "page.picture_only",
    "html.split_words": "page.split_words",
    "html.unseen_chars": "page.unseen_chars",
    "html.odd_link": "page.odd_link",
    "html.form_action": "page.form_action",
    "html.password_field": "page.password_field",
    "html.script": "page.script",
}
PADDING = 3
"""Unseen letters per seen one from which on a page is filler. Source: the corpora beside the project."""


@mail_facts("pages", features=(*_SAME.values(), "page.mostly_unseen", "page.public_picture"))
def facts(mail: Mail, organisation: Organisation) -> Iterator[Feature]:
    """Give what the bodies' own analysis found, pictures from hosts for everybody, and whether most text is unseen."""
    hosts = dict.fromkeys(url.host for url in mail.urls if url.where == "image")
    yield from (Feature("page.public_picture", host) for host in list(hosts)[:50] if belongs(host, PICTURE_HOSTS))
    for body in mail.bodies[:5]:
        for feature in body.features:
            if (name := _SAME.get(feature.name)) and feature.value:
                yield Feature(name, feature.value)
        unseen, seen = int(str(body.first("html.unseen_chars", 0))), len(str(body.first("html.text")))
        if unseen > 400 and unseen > PADDING * seen:
            yield Feature("page.mostly_unseen", True)
