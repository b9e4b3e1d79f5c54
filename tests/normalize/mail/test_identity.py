"""Who a mail says it is from, and where that contradicts itself."""

import pytest

from sekisho.model.artifact import Analysis, Artifact, Feature
from sekisho.model.organisation import NOBODY, Organisation, Person
from sekisho.normalize.mail import with_facts

CORP = Organisation(
    domains=frozenset({"corp.example"}),
    people=(
        Person(("山田 太郎", "Taro Yamada", "Ōno Yūko"), frozenset({"taro@corp.example", "taro.home@gmail.com"})),
        Person(("社長室",), frozenset({"ceo@corp.example"})),
    ),
)


def facts(organisation=NOBODY, subject="hello", **features):
    named = [("subject", subject)]
    for name, values in features.items():
        values = values if isinstance(values, list) else [values]
        named += [(name.replace("__", "."), value) for value in values]
    message = Analysis(
        Artifact("m.eml", b"", "m.eml"), "a" * 64, 10, "message/rfc822", ("eml",), tuple(Feature(*one) for one in named)
    )
    (out,) = with_facts([message], organisation)
    added = out.features[len(named) :]
    return {one.name.removeprefix("identity."): one.value for one in added if one.name.startswith("identity.")}


def shown(name, address="x@evil.test", **more):
    return facts(sender__name=name, sender__address=address, **more)


def test_from_without_address_or_with_several():
    assert facts(sender__name="Support")["from"] == "missing"
    assert facts(sender__address=["a@corp.example", "b@evil.test"])["from"] == "several"
    assert "from" not in facts(sender__address=["a@corp.example", "b@mail.corp.example"])


@pytest.mark.parametrize(
    ("address", "word"),
    [("x@mail.corp.example", "same"), ("x@evil.test", "other"), ("x@gmail.com", "freemail")],
)
def test_the_other_places(address, word):
    found = facts(
        sender__address="a@corp.example",
        reply_to=address,
        return_path=address,
        sender__header=address,
        message_id=f"<1.{address}>",
    )
    assert [found[name] for name in ("reply_to", "return_path", "sender_header", "message_id")] == [word] * 4


def test_replies_from_one_free_mailbox_to_another_are_only_other():
    assert facts(sender__address="a@outlook.com", reply_to="a@gmail.com")["reply_to"] == "other"
    assert "reply_to" not in facts(sender__address="a@outlook.com", reply_to="someone")


@pytest.mark.parametrize(
    ("name", "address", "found"),
    [
        ("ceo@corp.example", "x@evil.test", {"name_address": "ceo@corp.example"}),
        ("山田 <taro@corp.example>", "x@evil.test", {"name_address": "taro@corp.example"}),
        ("ｃｅｏ＠ｃｏｒｐ.example", "x@evil.test", {"name_address": "ceo@corp.example"}),
        ("ceo@corp.example", "ceo@corp.example", {}),
        ("ceo@corp.example", "noreply@mail.corp.example", {}),
        ("'ceo@corp.example' via Staff", "staff@lists.test", {}),
        ("bank.example", "x@evil.test", {"name_host": "bank.example"}),
        ("Corp.example Support", "x@corp.example", {}),
        ("Corp.example", "x@corp.test", {}),
        ("Dr. med. A. Sato", "x@evil.test", {}),
        ("version 2.0.1", "x@evil.test", {}),
    ],
)
def test_what_the_shown_name_holds(name, address, found):
    made = shown(name, address)
    assert {key: made[key] for key in ("name_address", "name_host") if key in made} == found


def test_company_at_a_free_mailbox():
    assert shown("サンプル株式会社", "x@gmail.com")["company_at_freemail"]
    assert shown("PayRoll Department", "x@outlook.com")["company_at_freemail"]
    assert "company_at_freemail" not in shown("Taro Yamada", "x@gmail.com")
    assert "company_at_freemail" not in shown("サンプル株式会社", "x@corp.example")


@pytest.mark.parametrize(
    "name",
    [
        *(
            "山田太郎",
            "山田 太郎",
            "山田　太郎（社長）",
            "太郎 山田",
            "Taro Yamada",
            "YAMADA, Taro",
            "Yamada Tarou",
            "ＴＡＲＯ ＹＡＭＡＤＡ",
        ),
        *("Taro Yаmada", "yamada.taro", "Ohno Yuuko", "ONO Yuko", "CEO Taro Yamada", "社長室"),
    ],
)
def test_names_of_people_from_outside(name):
    assert facts(CORP, sender__name=name, sender__address="x@evil.test")["person"] in ("山田 太郎", "社長室")


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("山田太郎", "taro@corp.example"),
        ("山田太郎", "taro.home@gmail.com"),
        ("山田太郎", "namesake@corp.example"),
        ("山田花子", "x@evil.test"),
        ("Taro", "x@evil.test"),
        ("Yamada", "x@evil.test"),
        ("社長室より", "x@evil.test"),
        ("", "x@evil.test"),
    ],
)
def test_others_and_the_people_themselves(name, address):
    assert "person" not in facts(CORP, sender__name=name, sender__address=address)


def outside(**more):
    return facts(CORP, sender__address="a@corp.example", origin__ip="203.0.113.9", recipients="a@corp.example", **more)


def test_own_domain_from_outside():
    assert outside()["own_domain"] == outside()["to_self"] == "unrecorded"
    assert outside(auth__sender="failed")["own_domain"] == outside(auth__sender="unaligned")["to_self"] == "failed"
    assert outside(auth__sender="unchecked")["own_domain"] == "unchecked"
    assert not {"own_domain", "to_self"} & outside(auth__sender="authenticated").keys()
    assert "own_domain" not in outside(auth__exchange_as="internal")
    assert "own_domain" not in facts(CORP, sender__address="a@corp.example")
    assert "own_domain" not in facts(CORP, sender__address="a@other.example", origin__ip="203.0.113.9")


def test_the_domain_of_the_readers_needs_no_organisation_file():
    def told(sender="a@corp.example", to="b@mail.corp.example", known="failed"):
        more = {"sender__address": sender, "origin__ip": "203.0.113.9", "recipients": to, "auth__sender": known}
        return facts(**more).get("readers_domain")

    assert told() == told(known="unaligned") == "failed"
    assert told(known="unchecked") is told(sender="a@x.test") is told("a@gmail.com", "b@gmail.com") is None
    assert told(to=["b@corp.example", "c@x.test"]) is None


def test_mail_to_many_is_not_to_oneself():
    many = [f"{number}@corp.example" for number in range(5)]
    found = facts(sender__address=many[0], recipients=many, origin__ip="203.0.113.9")
    assert "to_self" not in found


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("McDonаld's", "mixed-script"),
        ("𝗣𝗮𝘆𝗣𝗮𝗹", "styled-letters"),
        ("P\ufeffay", "invisible"),
        ("gpj\u202eexe", "invisible"),
    ],
)
def test_disguises(name, way):
    assert shown(name)["name_disguise"] == way
    assert facts(sender__address="a@b.example", subject=name)["subject_disguise"] == way


@pytest.mark.parametrize(
    "name",
    ["山田 Taro", "Müller", "Иванов Ivan", "ПК-сервис IT", "👨\u200d👩\u200d👧", "E\u0301lise", "5 µm", "ﾔﾏﾀﾞ"],
)
def test_ordinary_names_wear_no_disguise(name):
    assert "name_disguise" not in shown(name)
