"""Campaigns of a store as others read them: ``sekisho export --campaign`` and ``sekisho advisory --campaign``."""

from __future__ import annotations

from collections.abc import Callable

from sekisho.app.exchange.advisories import Asked, letter_of, words_of, written
from sekisho.app.exchange.export import SHARED, Export, Wish
from sekisho.model.campaign import Dossier
from sekisho.model.errors import SekishoError
from sekisho.respond import blocklist, campaign_advisory, campaign_misp, campaign_stix, campaigns
from sekisho.respond.observed import discreet
from sekisho.respond.stix import Telling
from sekisho.respond.wording import Words

FORMATS = ("stix", "misp", "navigator", "csv")


def dossier(path: str, key: str) -> Dossier:
    """Read a campaign from a store by its id, an earlier one, or a member's.

    Raises:
        SekishoError: the path is no store of campaigns, or there is no such campaign.
    """
    from sekisho.app.campaigns.answers import Answers
    from sekisho.app.campaigns.store import Store

    with Store(path) as store:
        answers = Answers(store.sightings(), store.decisions())
    return answers.dossier(answers.campaign(key))


def export(told: Dossier, form: str, wish: Wish) -> Export:
    """Give a campaign in one of FORMATS.

    Raises:
        SekishoError: for a form that needs an incident.
    """
    if form not in FORMATS:
        raise SekishoError(f"a campaign is exported to {', '.join(FORMATS)}; {form} needs an incident")
    words = Words(wish.language)
    hide = campaigns.hider(told, internal=wish.internal)
    picked = campaigns.picked(told, wish.own, exercise=wish.exercise)
    if form in SHARED:
        picked = discreet(picked, hide)
    at_ns = max(campaigns.times_ns(told), default=wish.now_ns)
    how = Telling(wish.tlp, wish.producer, at_ns, hide)
    makers: dict[str, Callable[[], bytes]] = {
        "stix": lambda: campaign_stix.bundle(told, picked, words, how),
        "misp": lambda: campaign_misp.event(told, picked, words, how),
        "navigator": lambda: campaigns.layer(told, words),
        "csv": lambda: blocklist.rows(picked.observed, words),
    }
    return Export(makers[form](), picked, tuple(blocklist.left_out(picked.left_out, words)))


def advisory(told: Dossier, wish: Wish, asked: Asked) -> bytes:
    """Give a notice of a campaign.

    Raises:
        SekishoError: for a letter to a partner, or a date or zone that is none.
    """
    hide = campaigns.hider(told, internal=wish.internal or asked.reader == "mail-admin")
    letter = letter_of(wish, asked, hide)
    picked = discreet(campaigns.picked(told, wish.own, exercise=wish.exercise), hide)
    page = campaign_advisory.page(told, picked, asked.reader, words_of(wish, asked), letter)
    return written(page, asked.form)
