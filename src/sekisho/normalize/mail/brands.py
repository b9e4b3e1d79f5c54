"""Who a mail claims to be from, held against who sent it and where it leads.

A claim is a brand's name where only the brand would put it: as the sender's name, on a logo, in the page's title, in
``your X account`` or ``© X``. A brand that is merely mentioned (a payment method, a share button, the topic of a list)
claims nothing, and one place alone proves little, unless it is the sender's name.

Source: MITRE ATT&CK T1656 (impersonation), T1566.002; the places are those of mails in the public corpora.
"""

from __future__ import annotations

from collections.abc import Iterator

from sekisho.model.artifact import Feature
from sekisho.model.brands import Brand, brands, owns
from sekisho.model.folded import fold
from sekisho.model.organisation import Organisation
from sekisho.model.registered import registered_domain
from sekisho.normalize.mail import Mail, mail_facts
from sekisho.normalize.mail._brand_names import claims, mentions, named
from sekisho.normalize.mail._leads import aligned, clicks, hosted_by_anybody

TEXT_CHARS = 4_000
EARLY_CHARS = 160
LOGOS = 4
CLAIMED_AT = 2.0
"""Sum of the weights of places from which on a brand counts as claimed. Source: the corpora beside the project: below
2, lists about a brand and shops that take its payments claim it as well."""
_WEIGHTS = {
    "name": 3.0,
    "address": 1.0,
    "title": 1.0,
    "logo": 1.5,
    "subject": 1.0,
    "subject_speaks": 0.5,
    "text": 1.25,
    "early": 0.75,
    "image": 1.25,
}
_CLAIMERS = frozenset({"name", "title", "address", "subject_speaks"})
_PICTURES = frozenset({"logo", "image"})
_SPOKEN_ABOUT = frozenset({"x", "facebook", "instagram", "linkedin", "tiktok", "google", "whatsapp"})
"""Brands whose buttons stand in the mails of everybody: their logos and images claim nothing."""


@mail_facts(
    "brands",
    features=(
        *("brand.claimed", "brand.where", "brand.sender_elsewhere", "brand.links_elsewhere", "brand.link_hosts"),
        *("brand.images_own", "brand.own_links", "brand.contradicted"),
    ),
)
def facts(mail: Mail, organisation: Organisation) -> Iterator[Feature]:
    """Give the brand that a mail claims to be and what contradicts it.

    Yields:
        ``brand.claimed`` (id), one ``brand.where`` for each place, ``brand.sender_elsewhere`` (the sender's domain is
        not the brand's, or is but failed authentication), ``brand.links_elsewhere`` (there are links and none leads
        to the brand), ``brand.link_hosts`` (where they lead instead), ``brand.images_own`` (pictures are loaded from
        the brand), ``brand.own_links`` (count), ``brand.contradicted`` (sender and links both elsewhere).
    """
    places = _places(mail)
    if not places:
        return
    identifier = max(places, key=lambda one: sum(_WEIGHTS[place] for place in places[one]))
    brand = brands()[identifier]
    where = places[identifier]
    if not _claimed(where) or _own(organisation, brand):
        return
    yield Feature("brand.claimed", identifier)
    yield from (Feature("brand.where", place) for place in where)
    yield from _contradictions(mail, brand)


def _claimed(where: list[str]) -> bool:
    """Tell whether places are enough.

    Pictures and the first words alone are what shops show of their partners; subject and wording alone are a talk about
    a brand.
    """
    speaks = bool(_CLAIMERS.intersection(where)) or ("text" in where and bool(_PICTURES.intersection(where)))
    return speaks and sum(_WEIGHTS[place] for place in where) >= CLAIMED_AT


def _contradictions(mail: Mail, brand: Brand) -> Iterator[Feature]:
    sender = mail.text("sender.domain").lower()
    outside = not owns(brand, sender) or aligned(mail) is False
    yield Feature("brand.sender_elsewhere", outside)
    hosts = list(dict.fromkeys(url.host for url in clicks(mail)))
    own = [host for host in hosts if owns(brand, host) and not (outside and hosted_by_anybody(host))]
    others = [host for host in hosts if host not in own]
    elsewhere = bool(hosts) and not own
    yield Feature("brand.links_elsewhere", elsewhere)
    yield Feature("brand.own_links", len(own))
    if others:
        yield from (Feature("brand.link_hosts", host) for host in others[:5])
    images = [url.host for url in mail.urls if url.where == "image"]
    yield Feature("brand.images_own", any(owns(brand, host) for host in images))
    yield Feature("brand.contradicted", outside and elsewhere and not _sender_links(sender, hosts, brand))


def _sender_links(sender: str, hosts: list[str], brand: Brand) -> bool:
    """Tell a namesake: sender and links share a domain that is the brand's name in some country."""
    domain = registered_domain(sender)
    label = domain.partition(".")[0]
    return label in brand.labels and all(registered_domain(host) == domain for host in hosts)


def _own(organisation: Organisation, brand: Brand) -> bool:
    return any(owns(brand, domain) for domain in organisation.domains)


def _places(mail: Mail) -> dict[str, list[str]]:
    """Give for each brand the places that claim it."""
    found: dict[str, list[str]] = {}

    def add(brand: str, place: str) -> None:
        if place not in found.setdefault(brand, []):
            found[brand].append(place)

    if brand := named(mail.text("sender.name")):
        add(brand, "name")
    for place, text in (("address", _address(mail)), ("subject", mail.text("subject"))):
        for brand, _, _ in mentions(" ".join(fold(text[:300]).split())):
            add(brand, place)
    for brand in claims(" ".join(fold(mail.text("subject")[:300]).split())):
        add(brand, "subject_speaks")
    for body in mail.bodies[:3]:
        for brand, _, _ in mentions(fold(str(body.first("html.title"))[:200])):
            add(brand, "title")
        for logo in body.values("html.logo")[:LOGOS]:
            for brand, _, _ in mentions(fold(str(logo))):
                if brand not in _SPOKEN_ABOUT:
                    add(brand, "logo")
    text = " ".join(fold(_text(mail)[:TEXT_CHARS]).split())
    for brand in claims(text):
        add(brand, "text")
    for brand, _, _ in mentions(text[:EARLY_CHARS]):
        add(brand, "early")
    if found:
        images = {url.host for url in mail.urls if url.where == "image"}
        for identifier in found:
            if identifier not in _SPOKEN_ABOUT and any(owns(brands()[identifier], host) for host in images):
                add(identifier, "image")
    return found


def _address(mail: Mail) -> str:
    """Give the sender's address as words: ``paypal-service@mail.example`` names a brand."""
    address = mail.text("sender.address")
    local, _, domain = address.rpartition("@")
    words = local.replace(".", " ").replace("-", " ").replace("_", " ")
    return f"{words} {domain.replace('.', ' ').replace('-', ' ')}"


def _text(mail: Mail) -> str:
    return next((text for body in mail.bodies if (text := str(body.first("html.text")))), "") or mail.text("body.text")
