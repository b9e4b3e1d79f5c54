"""Windows Installer files: one made by msitools, others built table by table."""

import base64
import random
import struct
import zlib

import pytest

from sekisho.analyzers._msi_database import stream_name
from sekisho.analyzers.msi import _recognise as recognise
from sekisho.analyzers.msi import analyze
from sekisho.app.lab.cfb import write_compound
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.url import Url

MADE = zlib.decompress(
    base64.b64decode(
        "eNrtV81vG0UUH9txbOejSdPvNk23bpv0K3GctE1pUFN7vYkj4iSyrbRVg9BmPbEXrXfd3VnFAQqLRCVAVFUPKFyiCokbiqBwRz1yo1duReofgH"
        "qo4EDMm91x0loFsjZCBfpWP8+8Nx+/+XjzZvzgh+0PP7+3/ydUIxeRD61XQqj5KZsHsKF3IuRntvVKpUJNLYDKS/lXyayulbBOludExcSg5EyJ"
        "TItFLJTFYknB3JyMl7CeElVzUZSIqWOdlbC6c1g3ZE2NDgwyA6/l8NuDTPqf88MkeiM7MzNV0qB3o4AVZQCXcSw9m7mayQopfiY1OzMtTGejSW"
        "FqtkBIybgQiSwtLUEtm31A0ooRaFbiTYNoxZhEYBDOb3a5hDOaqUs4K+p5TIQywWoO56g9bapZTVP6pzUY7aIM8+vntWJRVHNceAKT/oRIcHhS"
        "VWQVp4x8XCtzYVUjBVnNh6FpXFYNSYdMQlEUeUFQib6cwWSSSMUcHT4XkTgsFTSOtUnIsFg4G0tPCNnEZPraEWCMvs5FrpsytFINIioKVJBMgj"
        "P4uolVCfOampPpLKqG6Zksx6ri3DiMGMZb0lSskjeoRreKphn5Lcy2YkpU86aYxzFCdHkB+jYorVQszU0Kl4X0u9EB4YrwjrOv3JSm5unQYWqi"
        "vkx7gyUQ0zgvGzC5tKaR1/CyHs1oi2RJ1PF8SpZ0zQBt/rKs5rQlY543dR1Gw8jnYXXKbKJoqxKEWONHXtQK0WQboA0QYHkfgNp7AU3M1gXwML"
        "3bru+HuOS19WaGah89TO9kqe+p1M+wh9lCrP/dUErzQeiz3eYJQWzzgu6xEWBpCxuDj43DGYMzjiDUqpZ5Af1szAE7Yr44QnCZcJqqLNfZ/nJG"
        "0uUSGRCo328clvaWrbZfryB772uFrtLDm3cf/zpT6PzyThCd6vv2x0GwcR7nnqEtrgB8gDKgCfAhcu6kzwABwNeAEOA+YBvgZ0AH4Bfn+rJJuq"
        "j/QdoD6W4AO2siPYMcPQsLooGRUx4EsOj3XL1jsz3WT3OpzKTTjt6Zo9HB4WHWTx9gKyFy6IYzv+/ZPNFTaQ+bA8ShoiFzgAVTVnKu9y+V4ccb"
        "8Z89aB86gA4iDh3fsJVWrq/oK8YKWXHTPoyGrF6r2fJ8MmyFrVYo64ZZHkRH0F60H7RD6DA6+rf7P408AfCSVjjpHeBFzbCrLRA9tjke8pfyCv"
        "JYF9AoehVF6+L3oO3oGDqBhtG5OtvTHqrfMfs7UfMN271vfh7La1H4rCbLz3KberMVsILWs3VgV+DEdaEdaCfaBeekC+JxH/R8Ep1CpyG2DaAI"
        "6GfQWeh9BJ2HnBfKkmvodnLNezO5WlltupNcq6x6P02uJW9Vbje9n1zdCRqUraGPaJ3K7cpddDd5y+38u+0IX39MHYR9G6IRxWLraaH/lXhYLP"
        "WxGOpn8SrA4luIve/peWwDtLNY2sHsVewAfSdgF4uje2rKD9ToFBzYDgPCNWUv5Z+TNNLgIxB/BaRCqiN3L4HdyO+p9kX94oPONtt+3yn+w7vl"
        "UoilybGxJUFJvDn6SDiadO+/nchr83vZf8+ttrvmreG/+E0i0gB/0AU/fb+UWMhq5aOxsxPrvBKr7/y2Mf4mF/yd7Fxv8n8nLAqN8be54N8O2M"
        "vyfpRBJirCJ9q+NwleuAgeqdsWgmTIq3/S13HGX5Wt8NM33yxb/8F4H//FRG/sWLKx+ftczH8vi62O/6UTT4RH/Fejo/He8ZF4d/zMeCHRG98q"
        "/37G73fBv4+9Hx3+tvEnwlDi49gIryfq9/+AC376mktu8F8VHicKwshEY+vvccHfzeDwH4if5J8IZxvkD7ngP8juUof/vbFcLBI/16D/tbjg73"
        "mGf2z0MX8+ca/B89/qgv8Q4MEGvxOB6n2/tDD+Zhf8R545fx18JI7qliDjb3fBf5TFoBfx/Vd9g9W+/357+VT6T8rvk31ZDw=="
    )
)
"""An installer of harmless actions that msibuild of msitools 0.101 wrote from text tables."""
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._"
TEXT, NUMBER, LONG = 0x1D00 | 0x48, 0x1502, 0x1504


def packed(name, is_table=True):
    out = "\u4840" if is_table else ""
    for at in range(0, len(name), 2):
        codes = [LETTERS.index(letter) for letter in name[at : at + 2]]
        out += chr(0x3800 + codes[0] + (codes[1] << 6)) if len(codes) == 2 else chr(0x4800 + codes[0])
    return out


def installer(tables, streams=(), *, wide=False):
    """Tables are {name: ([(column, type)], rows)}; references to strings take three bytes when ``wide``."""
    strings, places = [], {"": 0}

    def number(text):
        if text not in places:
            strings.append(text.encode())
            places[text] = len(strings)
        return places[text]

    size = 3 if wide else 2

    def column(kind, values):
        if kind & 0x0800:
            return b"".join(number(value).to_bytes(size, "little") for value in values)
        width = 4 if kind & 0xFF == 4 else 2
        return b"".join((value + (1 << 8 * width - 1)).to_bytes(width, "little") for value in values)

    listed = [
        (table, index + 1, name, kind)
        for table, (columns, _) in tables.items()
        for index, (name, kind) in enumerate(columns)
    ]
    files = {
        packed("_Columns"): b"".join(
            column(kind, values)
            for kind, values in zip((TEXT, NUMBER, TEXT, NUMBER), zip(*listed, strict=True), strict=True)
        )
    }
    for table, (columns, rows) in tables.items():
        values = list(zip(*rows, strict=True))
        files[packed(table)] = b"".join(column(kind, one) for (_, kind), one in zip(columns, values, strict=True))
    pool = struct.pack("<I", 65001 | (1 << 31 if wide else 0))
    for text in strings:
        pool += struct.pack("<HH", len(text), 1) if len(text) < 0x10000 else struct.pack("<HHI", 0, 1, len(text))
    files |= {packed("_StringPool"): pool, packed("_StringData"): b"".join(strings), **dict(streams)}
    return write_compound(files)


PROPERTY = [("Property", TEXT), ("Value", TEXT)]
ACTION = [("Action", TEXT), ("Type", NUMBER), ("Source", TEXT), ("Target", TEXT)]
SEQUENCE = [("Action", TEXT), ("Sequence", NUMBER)]


def read(data, name="a.msi"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value.raw if isinstance(one.value, Url) else one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def test_an_installer_of_another_maker():
    features, children, error = read(MADE)
    assert error is None
    assert features["msi.product"] == ["Example Viewer"]
    assert features["msi.form"] == ["exe", "vbscript", "vbscript", "dll", "exe"]
    assert features["msi.command"] == [
        'powershell.exe -NoProfile -Command "Get-Date"',
        "cmd.exe /c echo nothing",
        "Viewer Long.exe /quiet",
    ]
    assert features["msi.interpreter"] == ["powershell", "cmd"]
    assert features["msi.unused_action"] == ["DirExe"]
    assert features["msi.hidden_product"] == [True]
    assert features["msi.file"] == ["Viewer Long.exe"]
    assert features["msi.run_key"][0].startswith("Software\\Microsoft\\Windows\\CurrentVersion\\Run")
    assert features["url"] == ["https://www.example.com/help"]
    found = {child.name: child for child in children}
    assert (found["Inline"].kind, found["Inline"].data) == ("vbscript", b'MsgBox "nothing"')
    assert (found["scr"].kind, found["scr"].data) == ("vbscript", b'WScript.Echo "nothing"\r\n')
    assert found["media.cab"].data.startswith(b"MSCF")
    assert found["lib"].kind == ""


@pytest.mark.parametrize("wide", [False, True])
def test_tables_built_here(wide):
    tables = {
        "Property": (PROPERTY, [("ProductName", "日本語の製品"), ("SCRIPT", "var a = 1;")]),
        "CustomAction": (
            ACTION,
            [("One", 53, "SCRIPT", ""), ("Two", 18, "fil", '"%TEMP%" [SCRIPT]'), ("Three", 19, "", "Not now")],
        ),
        "InstallUISequence": (SEQUENCE, [("One", 1)]),
    }
    features, children, error = read(installer(tables, wide=wide))
    assert error is None
    assert features["msi.product"] == ["日本語の製品"]
    assert features["msi.form"] == ["jscript", "exe"]
    assert features["msi.command"] == ['fil "%TEMP%" var a = 1;']
    assert features["msi.unused_action"] == ["Two"]
    assert (children[0].kind, children[0].data) == ("jscript", b"var a = 1;")
    assert "msi.interpreter" not in features


def test_a_plain_installer_runs_nothing():
    tables = {
        "Property": (PROPERTY, [("ProductName", "x")]),
        "CustomAction": (ACTION, [("Set", 51, "FOLDER", "C:\\x")]),
    }
    features, children, _ = read(installer(tables))
    assert not {"msi.form", "msi.command", "msi.interpreter"} & features.keys()
    assert children == []


def test_long_strings():
    long = "x" * 70_000
    features, _, _ = read(installer({"Property": (PROPERTY, [("A", long), ("ProductName", "after")])}))
    assert features["msi.product"] == ["after"]


def test_what_is_claimed():
    assert recognise(Artifact("a", MADE, "a"))
    assert not recognise(Artifact("a", write_compound({"WordDocument": b"x"}), "a"))
    assert stream_name(packed("Binary.scr", is_table=False)) == "Binary.scr"
    assert stream_name(packed("Property")) == "!Property"


def test_only_foreseen_errors_come_out_of_broken_installers():
    dice = random.Random(7)
    for _ in range(300):
        data = bytearray(MADE)
        for _ in range(dice.randrange(1, 12)):
            data[dice.randrange(8, len(data))] = dice.randrange(256)
        read(bytes(data[: dice.randrange(512, len(data) + 1)]))
