"""A campaign of mails, a tracker's note and an incident, as forms tell it."""

from sekisho.campaigns import clusters
from sekisho.campaigns.traits import Evidence, File, traits
from sekisho.model.campaign import Dossier, Guess, Sighting, Trait

DAY = 86_400
GUESSES = (Guess("family", "emotet", 0.8), Guess("distributor", "e4", 0.4))


def sighting(number, kind="mail", **parts):
    title = {"mail": f"Invoice for reader{number}@corp.example", "report": "2022-01-07 Emotet (E4) IOCs"}.get(kind, "")
    evidence = Evidence(
        text="please find the invoice of last month in the attached file and pay it soon thank you",
        senders=(f"a{number}@sender.example",),
        sender_ips=("203.0.113.80",),
        urls=("http://203.0.113.7/doc/1.zip", "http://hacked.example/x", "https://www.google.com/x"),
        files=(File(f"inv-{number:06}.zip", f"{number:064x}"),),
        contacts=() if kind == "mail" else ("198.51.100.9",),
        techniques=() if kind == "mail" else ("T1566.001", "FORGED"),
        **parts,
    )
    return Sighting(f"s{number:012x}", kind, (18_990 + number) * DAY, title, "", traits(evidence))


def dossier(*more):
    some = [*(sighting(number) for number in range(1, 6)), sighting(7, "report"), sighting(8, "incident"), *more]
    (found,) = clusters.cluster(some)
    by_id = {one.id: one for one in some}
    hubs = frozenset({Trait("url.host", "hacked.example")})
    return Dossier(found, tuple(by_id[key] for key in found.members), GUESSES, hubs)
