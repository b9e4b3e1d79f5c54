"""Remote desktop files."""

import random

import pytest

from sekisho.analyzers.remote_desktop import _recognise as recognise
from sekisho.analyzers.remote_desktop import analyze
from sekisho.model.artifact import Artifact
from sekisho.model.url import Url

OUTSIDE = (
    b"screen mode id:i:2\r\nfull address:s:desk.example.com:3390\r\nalternate full address:s:desk.example.com\r\n"
    b"drivestoredirect:s:*\r\nredirectclipboard:i:1\r\nredirectprinters:i:0\r\nremoteapplicationmode:i:1\r\n"
    b"remoteapplicationprogram:s:||Check\r\nusername:s:user\r\nsignscope:s:Full Address\r\nsignature:s:AQAB\r\n"
)
INSIDE = b"full address:s:10.1.2.3\r\nredirectclipboard:i:0\r\n"


def read(data):
    features = {}
    for one in analyze(Artifact("a.rdp", data, "a.rdp")):
        features.setdefault(one.name, []).append(one.value.canonical if isinstance(one.value, Url) else one.value)
    return features


@pytest.mark.parametrize("data", [OUTSIDE, OUTSIDE.decode().encode("utf-16")])
def test_a_host_that_gets_the_drives(data):
    assert recognise(Artifact("a", data, "a"))
    features = read(data)
    assert features["rdp.address"] == ["desk.example.com:3390", "desk.example.com"]
    assert features["rdp.host"] == ["desk.example.com"]
    assert features["rdp.is_outside"] == [True]
    assert features["rdp.redirects"] == ["drives", "clipboard"]
    assert features["rdp.program"] == ["||Check"]
    assert features["rdp.remote_app"] == [True]
    assert features["rdp.signed"] == [True]
    assert features["rdp.user"] == ["user"]


def test_a_host_of_the_own_network():
    features = read(INSIDE)
    assert features["rdp.is_outside"] == [False]
    assert "rdp.redirects" not in features
    assert features["rdp.signed"] == [False]


def test_other_text_is_not_claimed():
    assert not recognise(Artifact("a", b"the full address: see below\r\nx:s:y\r\n", "a"))
    assert not recognise(Artifact("a", b"", "a"))


def test_nothing_comes_out_of_broken_files():
    dice = random.Random(7)
    for _ in range(300):
        data = bytearray(OUTSIDE)
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        recognise(Artifact("a", bytes(data), "a"))
        read(bytes(data))
