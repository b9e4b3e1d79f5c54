"""Groups: what is united, what is refused, and what the user undoes."""

from dataclasses import replace

from sekisho.correlate.groups import ENTERED, SERVER, Groups
from sekisho.correlate.links import Link


def link(left, right, weight=0.8, proves=False):
    return Link(left, right, "url", "x", weight, ("e1",), None, proves)


def test_two_beginnings_stay_two_and_are_told():
    groups = Groups()
    groups.begin("m1"), groups.begin("m2")
    groups.merge_weighed([[link("m1", "r")], [link("r", "m2", 0.7)]])
    assert groups.find("r") == groups.find("m1") != groups.find("m2")
    assert [(one.left, one.right) for one in groups.refused] == [("r", "m2")]


def test_an_attack_on_a_server_and_a_mail_stay_two_unless_its_account_sends():
    groups = Groups()
    groups.begin("m1"), groups.begin("s1", SERVER), groups.begin("s2", SERVER)
    groups.merge_weighed([[link("s1", "s2")], [link("m1", "s1")]])
    assert groups.find("s1") == groups.find("s2") != groups.find("m1")
    groups.merge_weighed([[replace(link("m1", "s2"), acts=True)]])
    assert groups.find("s1") == groups.find("m1")


def test_what_proves_one_act_unites_two_beginnings():
    groups = Groups()
    groups.begin("m1"), groups.begin("m2")
    groups.merge_weighed([[link("m1", "m2", proves=True)]])
    assert groups.find("m1") == groups.find("m2")
    assert groups.rooted("m2")


def test_a_merge_is_told_once_and_can_be_undone():
    one = link("a", "b")
    groups = Groups()
    groups.merge_weighed([[one], [link("b", "a")]])
    assert groups.merges == [(1, one)]
    apart = Groups(frozenset({one.id}))
    apart.merge_weighed([[one]])
    assert not apart.merge(one)
    assert apart.find("a") != apart.find("b")
    assert link("b", "a").id == one.id


def test_an_account_makes_one_attack_of_two_on_servers_only_within_a_day():
    for soon in (True, False):
        groups = Groups()
        groups.begin("s1", SERVER), groups.begin("s2", SERVER), groups.begin("m1")
        account = replace(link("s1", "s2"), how="account", acts=True, soon=soon)
        groups.merge_weighed([[account]])
        assert (groups.find("s1") == groups.find("s2")) is soon
        assert groups.refused == ([] if soon else [account])
        groups.merge_weighed([[replace(account, left="s2", right="m1")]])
        assert groups.find("s2") == groups.find("m1"), "a mail that the account sends days later is its act"


def test_two_ways_in_that_took_one_account_on_one_day_are_two_attacks():
    groups = Groups()
    for one in ("s1", "s2"):
        groups.begin(one, SERVER), groups.begin(one, ENTERED)
    groups.begin("s3", SERVER)
    account = replace(link("s1", "s2"), how="account", acts=True)
    groups.merge_weighed([[account], [replace(account, left="s1", right="s3")]])
    assert groups.find("s1") == groups.find("s3") != groups.find("s2"), "what shows no way in is what one of them did"
    assert groups.refused == [account]
    groups.merge_weighed([[replace(account, how="ip")]])
    assert groups.find("s1") == groups.find("s2"), "one address that acts in both is one intruder"
