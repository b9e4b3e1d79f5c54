"""Pictures that are pages."""

import base64
import random

import pytest

from sekisho.analyzers import html
from sekisho.analyzers.svg import _recognise as recognise
from sekisho.analyzers.svg import analyze
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.url import Url

NS = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
PICTURE = f'<?xml version="1.0"?>\n<!-- made by hand -->\n<svg {NS} width="9"><path d="M0 0h9"/><text>Plan</text></svg>'
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(30)).decode()


def read(text, name="a.svg"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, text if isinstance(text, bytes) else text.encode(), name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(
                    one.value.canonical if isinstance(one.value, Url) else one.value
                )
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def test_a_picture_has_nothing_that_runs():
    features, children, error = read(PICTURE)
    assert error is None
    assert features["svg.script"] == [False]
    assert features["svg.foreign_object"] == [False]
    assert features["html.text"] == ["Plan"]
    assert children == []
    assert "url" not in features


@pytest.mark.parametrize(
    "script",
    [
        '<script>window.location.href = "https://www.example.com/login?u=a";</script>',
        '<script type="application/ecmascript"><![CDATA[ location.replace("https://www.example.com/login?u=a") ]]></script>',
        '<svg:script>top.location = "https://www.example.com/login?u=a"</svg:script>',
    ],
)
def test_a_script_that_leads_elsewhere(script):
    features, children, _ = read(f'<svg {NS} xmlns:svg="http://www.w3.org/2000/svg">{script}</svg>')
    assert features["svg.script"] == [True]
    assert features["svg.redirects"] == [True]
    assert features["url"] == ["https://www.example.com/login?u=a"]
    assert [child.kind for child in children] == ["jscript"]


def test_handlers_links_and_pages_inside():
    body = (
        '<a xlink:href="https://www.example.net/x"><text>Open</text></a>'
        f'<image xlink:href="data:image/png;base64,{PNG}"/>'
        '<script xlink:href="https://www.example.org/a.js"/>'
        '<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><form action="https://www.example.com/p">'
        '<input type="password"/></form><iframe src="https://www.example.com/f"/></body></foreignObject>'
    )
    features, children, _ = read(f"<svg {NS} onload=\"document.title = 'nothing'\">{body}</svg>")
    assert features["svg.event"] == ["onload"]
    assert features["svg.foreign_object"] == [True]
    assert features["svg.external_script"] == ["https://www.example.org/a.js"]
    assert features["html.password_field"] == [True]
    assert features["html.form_action"] == ["https://www.example.com/p"]
    assert {"https://www.example.net/x", "https://www.example.org/a.js", "https://www.example.com/f"} <= set(
        features["url"]
    )
    assert [child.data for child in children if child.declared_type == "image/png"] == [base64.b64decode(PNG)]


def test_a_smuggled_file_is_a_child():
    packed = base64.b64encode(b"PK\x03\x04" + random.Random(1).randbytes(900)).decode()
    code = f'var b = new Blob([atob("{packed}")]); var a = document.createElement("a"); a.download = "invoice.zip";'
    features, children, _ = read(f"<svg {NS}><script>{code}</script></svg>")
    assert {"blob", "download", "base64-literal"} <= set(features["html.smuggling"])
    assert any(child.name == "invoice.zip" and child.data.startswith(b"PK") for child in children)


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        (PICTURE, True),
        ('<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd"><svg/>', True),
        ("<!DOCTYPE svg [ <!ENTITY a \"b\"> <!ENTITY c 'd]>'> ]>\n<svg/>", True),
        ('<svg:svg xmlns:svg="http://www.w3.org/2000/svg"/>', True),
        ("\ufeff<svg></svg>", True),
        ("<html><svg></svg></html>", False),
        ("<?xml version='1.0'?><other><svg/></other>", False),
        ("svg is short for vector graphics", False),
    ],
)
def test_what_is_claimed(text, claimed):
    artifact = Artifact("a", text.encode(), "a")
    assert recognise(artifact) is claimed
    assert not (claimed and html._recognise(artifact))
    assert recognise(Artifact("a", text.encode("utf-16"), "a")) is claimed


def test_a_prolog_without_end_takes_no_time():
    assert not recognise(Artifact("a", b"<!DOCTYPE svg [" + b"\"'" * 20_000, "a"))
    assert not recognise(Artifact("a", b"<!--svg" * 5_000, "a"))


def test_only_foreseen_errors_come_out_of_broken_pictures():
    dice = random.Random(7)
    seed = f'{PICTURE[:-6]}<script>location = "https://www.example.com/"</script><image xlink:href="data:image/png;base64,{PNG}"/></svg>'
    for _ in range(200):
        data = bytearray(seed.encode())
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        read(bytes(data))
