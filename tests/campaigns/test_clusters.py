import random
from dataclasses import replace

from sekisho.campaigns import clusters, weights
from sekisho.campaigns.traits import Evidence, File, traits
from sekisho.model.campaign import Decision, Sighting

DAY = 86_400


def word(number):
    """Numbers are no words to a text's shape."""
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:03}")


def sighting(key, day, **parts):
    return Sighting(
        key, "mail", None if day is None else day * DAY, parts.pop("title", key), "", traits(Evidence(**parts))
    )


def wave(name, count, start):
    text = " ".join(f"{name}{word(at)}" for at in range(20))
    return [
        sighting(
            f"{name}{n}",
            start + n // 4,
            text=text,
            subjects=(f"{name} statement {n} due",),
            senders=(f"x{n}@{name}{n}.example",),
            urls=(f"http://{name}-host.example/{name}/{n}.zip",),
            files=(File(f"{name}-{n:05}.zip"),),
        )
        for n in range(count)
    ]


def everything():
    loners = [
        sighting(f"lone{n}", n, text=" ".join(word(7 * n + at) for at in range(6)), senders=(f"a@l{n}.example",))
        for n in range(30)
    ]
    return wave("alpha", 12, 10) + wave("beta", 9, 11) + loners


def told(campaigns):
    return {(one.id, one.members) for one in campaigns}


def test_waves_are_campaigns_and_loners_are_none():
    found = clusters.cluster(everything())
    assert [{member.rstrip("0123456789") for member in one.members} for one in found] == [{"alpha"}, {"beta"}]
    assert [len(one.members) for one in found] == [12, 9]


def test_order_and_increments_do_not_matter():
    expected = clusters.cluster(everything())
    for seed in range(5):
        some = everything()
        random.Random(seed).shuffle(some)
        assert clusters.cluster([*some, *some[:7]]) == expected


def test_an_id_survives_what_comes_later():
    some = everything()
    before = {one.id for one in clusters.cluster([one for one in some if (one.at_s or 0) < 12 * DAY])}
    assert before == {one.id for one in clusters.cluster(some)}


def test_a_hex_address_and_a_plain_one_are_linked():
    plain = sighting("first", 100, urls=("http://203.0.113.7/fer/fer.html",), files=(File("Form.xls"),))
    hidden = sighting("second", 101, urls=("http://0xcb007107/fer/fe3.html",), files=(File("INV 0005291051.xls"),))
    others = [sighting(f"o{n}", 100, urls=(f"http://h{n}.example/x",), files=(File(f"n{n}.xls"),)) for n in range(40)]
    (found,) = clusters.cluster([plain, hidden, *others])
    assert found.members == ("first", "second")
    assert found.links[0].shared[0].trait == ("url.ip", "203.0.113.7")


def test_a_value_that_all_the_world_shares_links_nothing():
    some = [
        sighting(
            f"m{n}",
            n,
            text=" ".join(word(7 * n + at) for at in range(6)),
            senders=(f"a@s{n}.example",),
            subjects=(f"about {word(n)} {word(n + 400)}",),
            urls=("http://shared.example/", "https://www.google.com/", "http://10.1.1.1/a"),
        )
        for n in range(60)
    ]
    assert clusters.cluster(some) == ()
    made = clusters.index(some)
    ignored = {one.trait.value: one.ignored for one in made.link(0, 1).shared}
    assert ignored["shared.example"] == "spread"
    assert ignored["www.google.com"] == "hub"
    assert ignored["10.1.1.1"] == "hub"


def test_one_bridge_joins_no_crowds_and_is_shown():
    bridge = [
        sighting(
            "bridge",
            12,
            urls=("http://alpha-host.example/alpha/0.zip", "http://beta-host.example/beta/0.zip"),
        ),
    ]
    some = wave("alpha", 12, 10) + wave("beta", 9, 11) + bridge
    found = clusters.cluster(some)
    assert len(found) == 2
    assert any(link.a == "bridge" or link.b == "bridge" for one in found for link in one.refused)


def test_one_strong_link_joins_no_crowds_either():
    some = {one.id: one for one in wave("alpha", 12, 10) + wave("beta", 9, 11)}
    shared = traits(Evidence(phones=("5550100",)))
    for key in ("alpha3", "beta2"):
        some[key] = replace(some[key], traits=tuple(sorted({*some[key].traits, *shared})))
    found = clusters.cluster(some.values())
    assert [len(one.members) for one in found] == [12, 9]
    (left,), (right,) = (one.refused for one in found)
    assert left == right and (left.a, left.b) == ("alpha3", "beta2") and left.score > weights.LINK_AT + 4


def test_a_crowd_takes_in_what_is_linked_to_several_of_it():
    late = wave("alpha", 16, 10)[12:]
    found = clusters.cluster(everything() + [replace(one, traits=one.traits[:-2]) for one in late])
    assert len(found[0].members) == 16


def test_people_decide():
    some = everything()
    apart = clusters.cluster(some, [Decision("apart", "alpha0", "alpha5")])
    holders = [one for one in apart if {"alpha0", "alpha5"} & set(one.members)]
    assert all(not {"alpha0", "alpha5"} <= set(one.members) for one in holders)
    same = clusters.cluster(some, [Decision("same", "alpha0", "beta0", "one crew")])
    assert len(same[0].members) == 21
    assert [link.decision for link in same[0].links if link.decision] == ["same"]
    assert clusters.cluster(some, []) == clusters.cluster(some)


def test_decisions_have_no_order():
    decided = [Decision("same", "alpha0", "beta0"), Decision("apart", "beta1", "alpha1")]
    assert clusters.cluster(everything(), decided) == clusters.cluster(everything(), decided[::-1])


def test_missing_dates_are_counted():
    some = [
        sighting(key, day, urls=("http://203.0.113.9/abc/b.zip",), senders=("x@sender.example",))
        for key, day in (("a", None), ("b", 5), ("c", None))
    ]
    (found,) = clusters.cluster(some)
    assert (found.undated, found.first_at_s, found.members) == (2, 5 * DAY, ("b", "a", "c"))


def test_nothing_gives_nothing():
    assert clusters.cluster([]) == ()
