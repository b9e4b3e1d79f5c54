"""Links: what sharing a value is worth."""

from dataclasses import replace

import pytest

from sekisho.correlate.links import MERGE_AT, Mark, links, rarity, together, worth
from sekisho.model.observable import Observable

HOUR = 3600 * 1_000_000_000
SITE = Observable("domain", "hacked.example")


def mark(unit, what=SITE, at_h=0, party="", role="object", weight=3.5):
    return Mark(unit, what, role, at_h * HOUR, party or unit, weight, f"e{unit}")


def made(*marks, roots=(), shared=None):
    return links(marks, lambda unit: unit if unit in roots else "", shared or {})


def pairs(found):
    return {(one.left, one.right) for one in found}


def test_a_record_goes_to_the_last_root_before_it_or_to_its_own_party():
    roots = mark("m1", at_h=0, party="ann"), mark("m2", at_h=5, party="bob")
    found = made(*roots, mark("r1", at_h=6, party="cid"), mark("r2", at_h=6, party="ann"), roots=("m1", "m2"))
    assert pairs(found) == {("m2", "r1"), ("m1", "r2")}
    assert {one.right: one.weight for one in found}["r2"] > {one.right: one.weight for one in found}["r1"]


def test_what_came_before_every_root_is_not_its_effect():
    assert made(mark("m1", at_h=5), mark("r1", at_h=1), roots=("m1",)) == []


def test_a_value_that_many_share_is_worth_less_and_a_hub_nothing():
    few = made(mark("a"), mark("b"))
    many = made(*(mark(f"u{number}") for number in range(12)))
    assert few[0].weight >= MERGE_AT > max(one.weight for one in many)
    assert made(*(mark(f"u{number}") for number in range(60))) == []
    assert made(mark("a"), mark("b"), shared={SITE: 64}) == []


def test_two_who_contact_one_address_do_not_meet_there():
    address = Observable("ip", "203.0.113.9")
    assert made(mark("a", address), mark("b", address)) == []
    assert pairs(made(mark("a", address, role="actor"), mark("b", address, 1))) == {("a", "b")}
    assert made(mark("a", address, role="actor", weight=0.5), mark("b", address, 1)) == [], "it called by itself"


def test_addresses_of_the_inside_link_nothing():
    inside = Observable("ip", "10.0.0.9")
    assert made(mark("a", inside, role="actor"), mark("b", inside, role="actor")) == []


def test_an_account_links_what_it_did_and_what_was_done_to_it_before():
    account = Observable("account", "user07")
    tried = mark("tried", account, 0, role="target")
    read = mark("read", account, 1)
    sent = mark("sent", account, 2, role="actor")
    assert pairs(made(tried, read, sent)) == {("read", "sent")}
    assert made(mark("quiet", account, 1, role="actor", weight=0.5), sent) == []
    assert made(mark("old", account, -24 * 30, role="actor"), sent) == []


def test_grave_findings_on_one_server_meet_within_minutes_only():
    server = Observable("server", "mxs01")
    assert pairs(made(mark("a", server, 0), mark("b", server, 0.1))) == {("a", "b")}
    assert made(mark("a", server, 0), mark("b", server, 2)) == []
    assert made(mark("a", server, 0, weight=1.5), mark("b", server, 0.1)) == []


def test_two_roots_meet_only_by_what_proves_one_act():
    message = Observable("message", "x@y.example")
    assert made(mark("m1"), mark("m2"), roots=("m1", "m2")) == []
    (found,) = made(mark("m1", message), mark("m2", message), roots=("m1", "m2"))
    assert found.proves


def test_several_weak_values_of_one_pair_add_up_but_not_a_name_and_its_address():
    weak = [one for what in (SITE, Observable("order", "17")) for one in made(mark("a", what), mark("b", what))]
    assert together(weak) > max(one.weight for one in weak)
    url = Observable("url", "hacked.example/x")
    both = [*made(mark("a"), mark("b")), *made(mark("a", url), mark("b", url))]
    assert together(both) == max(one.weight for one in both)
    assert len(worth(both)) == 1


@pytest.mark.parametrize(("parties", "left"), [(1, 1.0), (2, 0.8), (16, 0.5)])
def test_rarity(parties, left):
    assert rarity(parties) == pytest.approx(left)


def test_links_grow_with_the_marks_and_not_with_their_pairs():
    sessions = [mark(f"r{number}", Observable("session", "abcdefgh"), party="one") for number in range(2_000)]
    assert len(made(*sessions)) == 1_999


def test_a_name_that_two_beginnings_hold_is_weighed_after_what_says_more():
    url = Observable("url", "hacked.example/second")
    first, second = mark("m1", party="ann"), mark("m2", party="bob")
    visit = mark("r1", at_h=1, party="ann")
    found = made(first, second, mark("m2", url), mark("r1", url, 1), visit, mark("m1"), roots=("m1", "m2"))
    assert {(one.left, one.right, one.how): one.doubtful for one in found} == {
        ("m1", "r1", "domain"): True,
        ("m2", "r1", "url"): False,
    }
    assert [group[0].how for group in worth(found)] == ["url", "domain"]


def test_what_one_party_did_at_once_is_not_doubtful_for_the_name_it_shares():
    roots = mark("m1", at_h=0), mark("m2", at_h=0)
    found = made(
        *roots,
        mark("r1", at_h=1, party="ann"),
        mark("r2", at_h=1.1, party="ann"),
        mark("r3", at_h=9, party="ann"),
        roots=("m1", "m2"),
    )
    sure = {(one.left, one.right) for one in found if not one.doubtful}
    assert sure == {("r1", "r2")}
    alone = made(mark("m1"), mark("r1", at_h=1, party="ann"), roots=("m1",))
    assert [one.doubtful for one in alone] == [False]


def test_of_equal_pairs_the_value_that_says_most_comes_first():
    url = Observable("url", "hacked.example/x")
    by_name = made(mark("a", party="ann"), mark("b", party="ann"))
    by_url = made(mark("c", url, party="ann"), mark("d", url, party="ann"))
    assert {one.weight for one in (*by_name, *by_url)} == {1.0}
    assert [group[0].how for group in worth([*by_name, *by_url])] == ["url", "domain"]


def test_what_an_account_did_before_a_way_in_is_not_explained_by_it():
    taken = Observable("account", "user03")
    before, after = mark("sent", taken, 0, role="actor"), mark("read", taken, 9, role="actor")
    guessed = replace(mark("login", taken, 8, role="actor"), enters=True)
    assert pairs(made(before, guessed, after)) == {("login", "read")}
    assert pairs(made(before, replace(guessed, enters=False), after)) == {("sent", "login"), ("login", "read")}
