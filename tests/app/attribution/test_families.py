"""The file of families that ships: complete, sourced, and without a pattern that honest text meets."""

import contextlib
import random
import re

import pytest

from sekisho.app.attribution.families import read
from sekisho.attribute.families import Seen, weigh
from sekisho.model.errors import SourceError

REFERENCE, FAMILIES = read()
HONEST = (
    r"C:\Windows\System32\regsvr32.exe /s C:\Windows\System32\vbscript.dll",
    "rundll32.exe shell32.dll,Control_RunDLLAsUser",
    r"C:\Windows\System32\rundll32.exe shell32.dll,Control_RunDLL desk.cpl",
    "https://shop.example/products/1234567",
    "Your license data is attached",
    r"schtasks /create /tn backup /tr C:\tools\backup.exe",
)
HOSTILE = {
    "Emotet": r"C:\Windows\System32\regsvr32.exe ..\xdwno.ocx",
    "QakBot": "http://192.0.2.7/44481.5123456789.dat",
    "IcedID": r'rundll32 "C:\Temp\raise.tmp",update /i:"SpringGoat\license.dat"',
    "Bazar": "Your free trial period is about to end!",
    "Squirrelwaffle": r"regsvr32 C:\Dataop\test1.test",
    "TR": "https://host.example/etiste/quasnam-4966787",
    "obama": "PRMS_12.zip",
    "TA551": r"rundll32 c:\users\public\memViewData.jpg,PluginInit",
}


def first(text, kind):
    seen = Seen((text,), (), None)
    return weigh(FAMILIES, seen, kind, subject="", reference=REFERENCE, language="en").hypotheses


@pytest.mark.parametrize("one", FAMILIES, ids=lambda one: one.id)
def test_each_has_signs_with_source_and_both_languages(one):
    assert one.signs
    for sign in one.signs:
        assert re.fullmatch(r"https://[^/]+/.{5,}", sign.source.url), "a report, not a home page"
        assert sign.source.url.count("/") > 4 or "pastebin.com/" in sign.source.url
        assert sign.source.date
        assert sign.text_en and sign.text_ja
        assert 0 < sign.weight <= 4


@pytest.mark.parametrize("one", FAMILIES, ids=lambda one: one.id)
def test_each_is_first_by_its_own_sign(one):
    assert first(HOSTILE[one.name], one.kind)[0].name == one.name


@pytest.mark.parametrize(
    "text",
    [
        r"rundll32 %userprofile%\Ygyhlqt\Bx5jfmo\R43H.dll,Control_RunDLL",
        r'rundll32 "C:\ProgramData\x.dll",Control_RunDLL',
        r"rundll32.exe 'C:\ProgramData\Milossd.dll',KitKat;",
    ],
)
def test_exports_of_emotets_loaders_are_seen(text):
    assert first(text, "family")[0].name == "Emotet"


@pytest.mark.parametrize("text", HONEST)
def test_honest_text_names_nobody(text):
    assert first(text, "family") == first(text, "distributor") == ()


@pytest.mark.parametrize(
    "text",
    [
        "x = [",
        "[[family]]\nname = 'a'",
        "[[family]]\nid = 'a'\nname = 'a'\nkind = 'actor'",
        "[[family]]\nid='a'\nname='a'\n[[family.sign]]\nname='s'\npattern='('\nweight=1\nen=''\nja=''\nurl=''",
    ],
)
def test_wrong_files_are_refused(tmp_path, text):
    path = tmp_path / "f.toml"
    path.write_text(text)
    with pytest.raises(SourceError):
        read(str(path))


def test_only_foreseen_errors_come_out_of_broken_files(tmp_path):
    from sekisho.app.mailmodel import knowledge

    dice, path = random.Random(7), tmp_path / "f.toml"
    seed = (knowledge() / "families.toml").read_bytes()[:3000]
    for _ in range(200):
        data = bytearray(seed)
        for _ in range(dice.randrange(1, 4)):
            data[dice.randrange(len(data))] = dice.choice(b"[]{}()=\"'\\\n 0a*+")
        path.write_bytes(data)
        with contextlib.suppress(SourceError):
            read(str(path))
