from sekisho.campaigns import weights
from sekisho.model.campaign import Trait


def test_rare_values_weigh_more():
    assert weights.weight("url.domain", 2, 1000) > weights.weight("url.domain", 10, 1000) > 0


def test_weak_kinds_end_at_nothing():
    assert weights.weight("sender.tld", 900, 1000) == 0


def test_a_large_campaign_does_not_become_chance():
    assert weights.weight("file.sha256", 900, 1000) > 2


def test_top_sites_private_ranges_and_free_mail_are_hubs():
    for kind, value in (
        ("url.host", "www.google.com"),
        ("url.host", "static.xx.fbcdn.net"),
        ("url.domain", "bit.ly"),
        ("url.ip", "10.0.0.8"),
        ("url.ip", "127.0.0.1"),
        ("sender.domain", "gmail.com"),
        ("c2.host", "192.168.1.1"),
    ):
        assert weights.known_hub(Trait(kind, value)), value
    for kind, value in (("url.host", "evil.example"), ("url.ip", "203.0.113.7"), ("url.ip", "8.8.4.4")):
        assert not weights.known_hub(Trait(kind, value)), value


def test_time_speaks_for_and_against():
    day = 86_400
    assert weights.time_weight(0, day) > weights.time_weight(0, 7 * day) > weights.time_weight(0, 400 * day)
    assert weights.time_weight(None, 5) == 0
