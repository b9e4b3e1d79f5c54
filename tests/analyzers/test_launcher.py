"""Small files that start or fetch something."""

import random

import pytest

from sekisho.analyzers.launcher import _recognise as recognise
from sekisho.analyzers.launcher import analyze
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.url import Url

SAMPLES = {
    "library": (
        b'<?xml version="1.0"?><libraryDescription xmlns="http://schemas.microsoft.com/windows/2009/library">'
        b"<searchConnectorDescriptionList><searchConnectorDescription><simpleLocation>"
        b"<url>\\\\files.example.com@SSL\\DavWWWRoot\\docs</url></simpleLocation></searchConnectorDescription>"
        b"</searchConnectorDescriptionList></libraryDescription>"
    ),
    "search-connector": (
        b"<searchConnectorDescription><iconReference>imageres.dll,-1003</iconReference>"
        b"<simpleLocation><url>https://www.example.com/dav</url></simpleLocation></searchConnectorDescription>"
    ),
    "settings-content": (
        b"<PCSettings><SearchableContent><ApplicationInformation><DeepLink>cmd.exe /c echo nothing</DeepLink>"
        b"</ApplicationInformation></SearchableContent></PCSettings>"
    ),
    "clickonce": "https://www.example.com/a.application#a.app, Culture=neutral, PublicKeyToken=00".encode("utf-16"),
    "app-installer": (
        b'<AppInstaller Uri="https://www.example.com/a.appinstaller"><MainPackage Name="x" '
        b'Uri="https://www.example.net/a.msix"/></AppInstaller>'
    ),
    "java-web-start": (
        b'<jnlp codebase="https://www.example.com/" href="a.jnlp"><resources><jar href="a.jar"/></resources>'
        b'<application-desc main-class="org.example.Main"/></jnlp>'
    ),
    "stylesheet": (
        b'<stylesheet xmlns="http://www.w3.org/1999/XSL/Transform" xmlns:ms="urn:schemas-microsoft-com:xslt">'
        b'<ms:script implements-prefix="u" language="JScript"><![CDATA[ var a = "nothing"; ]]></ms:script></stylesheet>'
    ),
    "task": (
        b'<Task xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task"><Actions><Exec><Command>cmd.exe</Command>'
        b"<Arguments>/c echo nothing</Arguments></Exec><Exec><Command>notepad.exe</Command></Exec></Actions></Task>"
    ),
    "msbuild": b'<Project><Target Name="x"><Exec Command="cmd /c echo nothing" /></Target></Project>',
    "script-job": b'<job id="x"><script language="JScript" src="\\\\files.example.com\\a\\b.js"></script><p></job>',
    "jar-manifest": b"Manifest-Version: 1.0\r\nMain-Class: org.example.Main\r\n",
    "setup-information": (
        b"[Version]\r\nSignature=$chicago$\r\n[DefaultInstall]\r\nUnRegisterOCXs=Off\r\nRunPreSetupCommands=Pre\r\n"
        b"[Off]\r\n%11%\\scrobj.dll,NI,https://www.example.com/a.sct\r\n[Pre]\r\ncmd /c echo nothing\r\n"
    ),
    "registry": (
        b"Windows Registry Editor Version 5.00\r\n\r\n[HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run]\r\n"
        b'"x"="cmd /c \\"echo nothing\\""\r\n[HKEY_CURRENT_USER\\Software\\Other]\r\n"y"="cmd"\r\n'
    ),
}


def read(data, name="a"):
    features, children, error = {}, [], None
    try:
        for one in analyze(Artifact(name, data, name)):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(
                    one.value.canonical if isinstance(one.value, Url) else one.value
                )
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_kind_is_told(kind):
    assert recognise(Artifact("a", SAMPLES[kind], "a"))
    features, _, error = read(SAMPLES[kind])
    assert features["launcher.kind"] == [kind]
    assert error is None


def test_folders_elsewhere():
    features, _, _ = read(SAMPLES["library"])
    assert features["launcher.remote_host"] == ["files.example.com"]
    assert features["launcher.is_outside"] == [True]
    assert features["url"] == ["https://files.example.com/DavWWWRoot/docs"]
    assert read(SAMPLES["search-connector"])[0]["url"] == ["https://www.example.com/dav"]


@pytest.mark.parametrize(
    ("kind", "commands"),
    [
        ("settings-content", ["cmd.exe /c echo nothing"]),
        ("task", ["cmd.exe /c echo nothing", "notepad.exe"]),
        ("msbuild", ["cmd /c echo nothing"]),
        ("setup-information", ["cmd /c echo nothing"]),
        ("registry", ['cmd /c "echo nothing"']),
    ],
)
def test_commands_are_children(kind, commands):
    features, children, _ = read(SAMPLES[kind])
    assert features["launcher.command"] == commands
    assert [child.data.decode() for child in children] == commands
    assert {child.kind for child in children} == {"cmd"}


@pytest.mark.parametrize(
    ("kind", "targets"),
    [
        ("clickonce", ["https://www.example.com/a.application"]),
        ("app-installer", ["https://www.example.com/a.appinstaller", "https://www.example.net/a.msix"]),
        ("java-web-start", ["https://www.example.com/", "a.jnlp", "a.jar", "org.example.Main"]),
        ("jar-manifest", ["org.example.Main"]),
        ("script-job", ["\\\\files.example.com\\a\\b.js"]),
        ("setup-information", ["%11%\\scrobj.dll,NI,https://www.example.com/a.sct"]),
    ],
)
def test_targets(kind, targets):
    assert read(SAMPLES[kind])[0]["launcher.target"] == targets


def test_script_of_a_style_sheet():
    features, (child,), _ = read(SAMPLES["stylesheet"])
    assert features["launcher.script"] == ["jscript"]
    assert (child.kind, child.data) == ("jscript", b' var a = "nothing"; ')


@pytest.mark.parametrize(
    "text",
    [
        b"<stylesheet><template/></stylesheet>",
        b"<project><name>x</name></project>",
        b"<assembly manifestVersion='1.0'><trustInfo/></assembly>",
        b"[Version]\r\nNumber=1\r\n",
        b"Manifest-Version: 1.0\r\n",
        b"<html></html>",
        b"<job><script>var a = 1;</script></job>",
        b"",
        b"Project notes",
    ],
)
def test_others_are_left_alone(text):
    assert not recognise(Artifact("a", text, "a"))


def test_broken_xml_keeps_what_came_before():
    features, _, error = read(SAMPLES["library"].replace(b"</simpleLocation>", b"</other>"))
    assert features["launcher.remote_host"] == ["files.example.com"]
    assert isinstance(error, MalformedError)


def test_only_foreseen_errors_come_out_of_broken_files():
    dice = random.Random(7)
    for _ in range(600):
        data = bytearray(dice.choice(list(SAMPLES.values())))
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        recognise(Artifact("a", bytes(data), "a"))
        read(bytes(data))
