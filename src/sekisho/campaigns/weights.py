"""What a shared trait is worth: which kinds there are, how often they agree by chance, and what is never evidence."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass

from sekisho.model.campaign import Trait
from sekisho.model.freemail import FREEMAIL
from sekisho.model.hosting import HOSTING, PICTURE_HOSTS, SAFE_SHORTENERS, SHORTENERS, TRACKERS
from sekisho.model.registered import registered_domain

PRIOR = -7.0
"""Log-odds that two sightings belong together before anything is known: about one pair in a thousand."""
LINK_AT = math.log(0.9 / 0.1)
"""Log-odds from which two sightings are linked: nine to one."""
USUAL_TRAITS = 40
"""Of one mail; a report on a day may bring ten times as many."""
PSEUDO = 200.0
"""Sightings that the expected chance agreement counts for, beside those seen."""
MOST_CHANCE, CHANCE_GROWS = 0.02, 10.0
"""Of an identifying kind, at most, and how many times its prior: that a large campaign carries it proves no chance."""
SPREAD_CARRIERS, SPREAD_SHARE = 12, 0.7
"""A trait on so many sightings, of which that share differ in sender and in wording, is shared by all the world."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of trait counts."""

    group: str
    """Kinds of one group say much the same: each further one counts less."""
    same: float
    """How often two sightings of one campaign agree in a trait of this kind, when both have one."""
    chance: float
    """How often two unrelated ones do, before counting."""
    identifies: bool = True
    """False: the more sightings carry it, the less it is worth, without end."""


KINDS = {
    "text.passage": Kind("text", 0.4, 0.002),
    "subject.shape": Kind("text", 0.4, 0.003),
    "subject.word": Kind("text", 0.4, 0.05, False),
    "sender.address": Kind("sender", 0.1, 0.0005),
    "sender.domain": Kind("sender", 0.15, 0.002),
    "sender.shape": Kind("sender", 0.3, 0.1, False),
    "sender.tld": Kind("sender", 0.3, 0.2, False),
    "sender.ip": Kind("sender", 0.1, 0.0005),
    "sender.net": Kind("sender", 0.15, 0.003),
    "sender.mailer": Kind("sender", 0.5, 0.1, False),
    "url.full": Kind("url", 0.2, 0.0001),
    "url.ip": Kind("url", 0.3, 0.0002),
    "url.host": Kind("url", 0.2, 0.001),
    "url.domain": Kind("url", 0.2, 0.001),
    "url.segment": Kind("url", 0.3, 0.01),
    "url.path": Kind("url", 0.5, 0.05, False),
    "url.query": Kind("url", 0.4, 0.02, False),
    "url.tld": Kind("url", 0.3, 0.2, False),
    "file.sha256": Kind("file", 0.3, 0.0001),
    "file.md5": Kind("file", 0.3, 0.0001),
    "file.name": Kind("file", 0.3, 0.003),
    "file.shape": Kind("file", 0.5, 0.02, False),
    "file.extension": Kind("file", 0.9, 0.3, False),
    "file.lineage": Kind("file", 0.7, 0.1, False),
    "file.password": Kind("file", 0.3, 0.005),
    "macro.skeleton": Kind("macro", 0.5, 0.001),
    "macro.passage": Kind("macro", 0.4, 0.002),
    "macro.path": Kind("macro", 0.4, 0.003),
    "c2.host": Kind("c2", 0.3, 0.0002),
    "phone": Kind("phone", 0.4, 0.0002),
    "technique": Kind("technique", 0.8, 0.15, False),
    "mail.stolen": Kind("theme", 0.9, 0.3, False),
    "mail.parts": Kind("theme", 0.9, 0.3, False),
    "theme": Kind("theme", 0.8, 0.2, False),
    "brand": Kind("theme", 0.7, 0.1, False),
}
"""By name. Chances are rough priors in orders of magnitude; what is stored takes their place as it grows."""
DECAY = {"text": 0.75, "macro": 0.75, "file": 0.6, "url": 0.5, "sender": 0.5, "technique": 0.4, "theme": 0.5}
"""What each further trait of a group is worth of the one before it; 0.5 where nothing is said."""

TOP_SITES = frozenset(
    """google.com youtube.com facebook.com instagram.com twitter.com x.com linkedin.com microsoft.com office.com
    live.com apple.com amazon.com paypal.com wikipedia.org yahoo.com yahoo.co.jp google.co.jp amazon.co.jp rakuten.co.jp
    adobe.com w3.org schema.org cloudflare.com jquery.com bootstrapcdn.com googleapis.com gstatic.com
    googleusercontent.com amazonaws.com windows.net outlook.com office365.com sharepoint.com 1drv.ms 1drv.com
    onedrive.live.com dropbox.com mozilla.org whatsapp.com pinterest.com tiktok.com netflix.com gravatar.com
    fontawesome.com docusign.net mailchimp.com list-manage.com sendgrid.net akamaihd.net cloudfront.net fbcdn.net
    line.me t.me telegram.org discord.com discordapp.com github.com githubusercontent.com feedproxy.google.com
    any.run tria.ge virustotal.com""".split()
)
"""Registered domains and hosts of services that everybody links to: never evidence by themselves."""


def known_hub(trait: Trait) -> bool:
    """Tell a value that everybody may share: a top site, a host of many tenants, free mail, an address of no one."""
    kind, value = trait
    if kind in ("url.host", "url.domain", "c2.host", "sender.domain"):
        bare = value.removeprefix("www.")
        if kind in ("url.host", "c2.host") and (address := _address(value)) is not None:
            return not address
        known = bare in TOP_SITES or bare in HOSTING or bare in SHORTENERS or bare in SAFE_SHORTENERS
        whole = registered_domain(bare)
        return known or bare in PICTURE_HOSTS or bare in TRACKERS or bare in FREEMAIL or whole in TOP_SITES
    if kind in ("url.ip", "sender.ip"):
        return not _address(value)
    return False


def _address(text: str) -> bool | None:
    """Tell whether an address can belong to one owner in the world; None for what is no address.

    Source: IANA special-purpose address registries. Documentation ranges count as public: the lab uses them.
    """
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    if any(address in net for net in _DOCUMENTATION if net.version == address.version):
        return True
    return address.is_global


_DOCUMENTATION = tuple(
    ipaddress.ip_network(one) for one in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
)


def weight(kind: str, carriers: int, total: int) -> float:
    """Give the log-odds that sharing a value of a kind adds, when so many of all sightings carry it; never below 0."""
    shape = KINDS[kind]
    # One of the carriers is the sighting that is compared; the others are its chances to agree.
    chance = (max(0, carriers - 2) + shape.chance * PSEUDO) / (total + PSEUDO)
    if shape.identifies:
        chance = min(chance, MOST_CHANCE, shape.chance * CHANCE_GROWS)
    return max(0.0, math.log(shape.same / chance))


def crowded(first: int, second: int) -> float:
    """Give the log-odds, at most 0, of how many traits two sightings bring: the more, the more they share by chance."""
    return -math.log(max(1.0, first / USUAL_TRAITS)) - math.log(max(1.0, second / USUAL_TRAITS))


def time_weight(first_s: int | None, second_s: int | None, near: float = 1.0) -> float:
    """Give the log-odds that the time between two sightings adds; 0 when one has none.

    ``near`` is the share of all sightings that lie within NEAR_DAYS: a shared day says more where days are empty.
    Measured on dated tracker notes up to March 2022: most waves last some days, a distributor's habits some weeks.
    """
    if first_s is None or second_s is None:
        return 0.0
    days = abs(first_s - second_s) / 86_400
    if days <= NEAR_DAYS:
        return min(MOST_NEAR, max(_TIMES[0][1], math.log(0.5 / max(near, 0.001))))
    return next(odds for limit, odds in _TIMES if days <= limit)


NEAR_DAYS, MOST_NEAR = 1.5, 2.0
"""Days, and log-odds at most: with 2.5, a day shared by two crews joins them (measured on tracker notes)."""
_TIMES = ((NEAR_DAYS, 1.5), (4.5, 0.7), (10.5, 0.0), (31.0, -1.0), (92.0, -2.5), (math.inf, -4.0))
"""(days at most, log-odds)."""


def probability(score: float) -> float:
    """Give a probability from log-odds."""
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, score))))
