"""Objects that macros and scripts reach for, as far as their use tells something: shells, files, downloads, WMI.

Nothing here does what the object would do: a call is recorded and what it would give back is computed when that needs
no machine. Longer than most modules because it is one table of methods with its handlers.

Source: Microsoft's references of Windows Script Host, FileSystemObject, ADODB.Stream, MSXML, WMI and Task Scheduler.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Protocol

from sekisho.analyzers._basic_trace import Trace
from sekisho.analyzers._basic_values import Array, Partial, Thing, Value, to_bytes, to_text, unknown

CONTENT_CHARS = 1_000_000  # of one written file

_CLASSES = {
    "72c24dd5-d70a-438b-8a42-98424b88afb8": "wscript.shell",
    "f935dc22-1cf0-11d0-adb9-00c04fd58a0b": "wscript.shell",
    "0d43fe01-f093-11cf-8940-00a0c9054228": "scripting.filesystemobject",
    "13709620-c279-11ce-a49e-444553540000": "shell.application",
    "9ba05972-f6a8-11cf-a442-00a0c90a8f39": "shell.application",
    "c08afd90-f2a1-11d1-8455-00a0c91f3880": "shell.application",
    "88d96a05-f192-11d4-a65f-0040963251e5": "msxml2.xmlhttp",
    "f6d90f16-9c73-11d3-b32e-00c04f990bb4": "msxml2.xmlhttp",
    "ed8c108e-4349-11d2-91a4-00c04f7969e8": "msxml2.xmlhttp",
    "2087c2f4-2cef-4953-a8ab-66779b670495": "winhttp.winhttprequest",
    "00000566-0000-0010-8000-00aa006d2ea4": "adodb.stream",
    "0f87369f-a4e5-4cfc-bd3e-73e6154572dd": "schedule.service",
}
"""CLSIDs that ``GetObject("new:…")`` is used with, and the ProgID each stands for."""
_FOLDERS = {0: "%WINDIR%", 1: "%WINDIR%\\System32", 2: "%TEMP%"}
_SPECIAL = {
    "startup": "%APPDATA%\\Microsoft\\Windows\\Start Menu\\Programs\\Startup",
    "allusersstartup": "%PROGRAMDATA%\\Microsoft\\Windows\\Start Menu\\Programs\\Startup",
    "desktop": "%USERPROFILE%\\Desktop",
    "mydocuments": "%USERPROFILE%\\Documents",
    "appdata": "%APPDATA%",
    "templates": "%APPDATA%\\Microsoft\\Windows\\Templates",
}
_EVENT_PROPERTIES = (
    "onsheetactivate",
    "onsheetdeactivate",
    "onwindow",
    "oncalculate",
    "onentry",
    "ondata",
    "ondoubleclick",
)
"""Properties of Excel's objects that name a macro to run; not a menu's OnAction, which waits for the user."""
_UNKNOWN = re.compile(r"\{[^{}]{1,2000}\}")
_SCRIPTING = ("scriptcontrol", "msscriptcontrol.scriptcontrol")


_MAILS = ("createitem", ".reply", ".replyall", ".forward", "mailitem")
_CELL_FORMULAS = ("formula", "formular1c1", "formulalocal", "formula2", "formular1c1local", "refersto")


class Host(Protocol):
    """What a handler needs of the evaluator."""

    trace: Trace

    def run_text(self, source: str, language: str) -> Value:
        """Run code that the code built."""

    def call_name(self, name: str, args: list[Value]) -> Value:
        """Call a procedure of the code by name, when there is one."""


Handler = Callable[[Host, Thing, list[Value], dict[str, Value]], Value]


def create(host: Host, class_name: Value, verb: str = "CreateObject") -> Value:
    """Give the object that ``CreateObject`` or ``GetObject`` would."""
    text = to_text(class_name).strip()
    if not text:
        return Thing("{" + verb + "}")
    host.trace.objects[text[:200]] += 1
    name = text.lower()
    if isinstance(class_name, (Partial, Thing)) and "{" in name:
        host.trace.act("computed:" + verb)
        return Thing(text[:200])
    if found := re.search(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", name):
        name = _CLASSES.get(found.group(), name)
    if verb == "GetObject" and name.startswith("script:"):
        host.trace.download("GetObject", text[7:])
        host.trace.command("GetObject", text)
    return Thing(name[:200])


def is_fetcher(name: str) -> bool:
    """Tell whether an object of this class fetches over HTTP."""
    return "xmlhttp" in name or "winhttprequest" in name


def read_member(thing: Thing, name: str) -> Value:
    """Give a property that follows from what was put into the object; raises ``KeyError`` when it does not."""
    if name == "nodetypedvalue" and "text" in thing.members:
        return _decoded(thing)
    if name in thing.members:
        return thing.members[name]
    if name in ("document", "application", "item", "documentelement") and thing.name in (
        "shell.application",
        "internetexplorer.application",
    ):
        return thing
    if name == "size" and "content" in thing.members:
        return len(to_bytes(thing.members["content"]) or b"")
    if name == "pathseparator":
        return "\\"
    raise KeyError(name)


def _decoded(thing: Thing) -> Value:
    text = thing.members["text"]
    kind = to_text(thing.members.get("datatype", "")).lower()
    if isinstance(text, Partial) or not isinstance(text, str):
        return unknown(to_text(text))
    try:
        if kind == "bin.base64":
            compact = re.sub(r"[^A-Za-z0-9+/]", "", text)
            return base64.b64decode(compact + "=" * (-len(compact) % 4))
        if kind == "bin.hex":
            return bytes.fromhex(re.sub(r"\s", "", text))
    except (binascii.Error, ValueError):
        return unknown("undecodable")
    return text


def write_member(host: Host, thing: Thing, name: str, value: Value) -> None:
    """Record a property set."""
    if len(thing.members) < 500:
        thing.members[name] = value
    root = thing.root()
    if name in _EVENT_PROPERTIES and isinstance(value, str):
        host.call_name(value.rpartition("!")[2].lower(), [])
    if name in _CELL_FORMULAS and isinstance(value, str) and value.startswith("="):
        _excel4(host, thing, [value], {})
    if name in ("path", "arguments") and "schedule.service" in root.name:
        root.members["task_" + name] = value
    elif name in ("commandlinetemplate", "scripttext"):  # of WMI's permanent consumers; ATT&CK T1546.003
        host.trace.command("EventConsumer", to_text(value))
    elif name == "deleteaftersubmit" and to_text(value) not in ("False", "0"):
        host.trace.act("hides:DeleteAfterSubmit")
    elif name in ("virusprotection", "enablecancelkey") and to_text(value) in ("False", "0"):
        host.trace.act("tampers:" + ("VirusProtection" if name == "virusprotection" else "EnableCancelKey"))


def call(host: Host, thing: Thing, name: str, args: list[Value], named: dict[str, Value]) -> Value:
    """Record a method call and give what it gives; raises ``KeyError`` when that says nothing here."""
    return _METHODS[name](host, thing, args, named)


def _argument(args: list[Value], named: dict[str, Value], at: int, *names: str) -> str:
    for name in names:
        if name in named:
            return to_text(named[name])
    return to_text(args[at]) if len(args) > at else ""


def _shell_like(thing: Thing) -> bool:
    return "wscript.shell" in thing.name or thing.name.startswith("{") or "shell" in thing.name.split(".")


def _run(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    target = _argument(args, named, 0, "macroname", "command")
    if thing.name.rpartition(".")[2] in ("application", "excel", "word", "me", "outlook"):
        return host.call_name(target.rpartition("!")[2].rpartition(".")[2].strip("'").lower(), args[1:])
    if thing.name in _SCRIPTING:
        return host.call_name(target.lower(), args[1:])
    if _shell_like(thing):
        host.trace.command("Run", target)
        return 0
    raise KeyError("run")


def _exec(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    if not _shell_like(thing):
        raise KeyError("exec")
    host.trace.command("Exec", _argument(args, named, 0))
    return Thing("{exec}", parent=thing)


def _shell_execute(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    file, parameters = _argument(args, named, 0, "file"), _argument(args, named, 1, "vargs")
    host.trace.command("ShellExecute", f"{file} {parameters}".strip())
    return 0


def _create_process(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    chain = thing.name + " " + thing.root().name
    if "winmgmts" not in chain and "win32_process" not in chain and "swbem" not in chain and "{" not in chain:
        raise KeyError("create")
    host.trace.command("Create", _argument(args, named, 0, "commandline"))
    return 0


def _open(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    if "oleformat" in thing.name:
        return _activate_object(host, thing, args, named)
    first = _argument(args, named, 0, "filename", "bstrmethod")
    verb = first.upper()
    if is_fetcher(thing.name) or verb in ("GET", "POST", "HEAD", "PUT"):
        host.trace.download("XMLHTTP", _argument(args, named, 1, "url", "bstrurl"))
        return None
    if first.lower().startswith(("http:", "https:", "\\\\")) and "adodb" not in thing.name:
        host.trace.download("Open", first)
    if _shell_like(thing) and "application" in thing.name:
        host.trace.command("Open", first)
        return None
    return Thing(f"{thing.name}.open", parent=thing)


def _fetched(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    if not is_fetcher(thing.name) and not thing.name.startswith("{"):
        raise KeyError("send")
    host.trace.act("downloads:Send")
    return None


def _navigate(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    host.trace.download("Navigate", _argument(args, named, 0, "url"))
    return None


def _download_file(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    host.trace.download("DownloadFile", _argument(args, named, 0))
    host.trace.write("DownloadFile", _argument(args, named, 1))
    return None


def _text_stream(host: Host, path: str, verb: str) -> Thing:
    stream = Thing("textstream")
    stream.members["\0path"] = path
    stream.members["\0verb"] = verb
    host.trace.write(verb, path)
    return stream


def _create_text_file(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    return _text_stream(host, _argument(args, named, 0, "filename"), "CreateTextFile")


def _open_text_file(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    mode = _argument(args, named, 1, "iomode")
    path = _argument(args, named, 0, "filename")
    if mode in ("2", "8", "ForWriting", "ForAppending", "{forwriting}", "{forappending}"):
        return _text_stream(host, path, "OpenTextFile")
    return Thing("{file " + path[:80] + "}")


def _write(end: str) -> Handler:
    def write(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
        value: Value = args[0] if args else ""
        if thing.name == "adodb.stream":
            data = value if isinstance(value, (bytes, str)) else to_bytes(value)
            thing.members["content"] = unknown("bytes") if data is None else data
            return None
        if thing.name != "textstream":
            raise KeyError("write")
        file = host.trace.write(to_text(thing.members["\0verb"]), to_text(thing.members["\0path"]))
        file.add((value if isinstance(value, str) else to_text(value)) + end, CONTENT_CHARS)
        return None

    return write


def _save_to_file(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    file = host.trace.write("SaveToFile", _argument(args, named, 0, "filename"))
    content = thing.members.get("content")
    if isinstance(content, (str, bytes)):
        file.add(content, CONTENT_CHARS)
    return None


def _read_text(_: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    content = thing.members.get("content")
    if isinstance(content, bytes):
        charset = to_text(thing.members.get("charset", "utf-8")).lower()
        wide = charset in ("unicode", "utf-16", "utf-16le")
        return content.decode("utf-16-le" if wide else "utf-8" if "utf-8" in charset else "cp1252", "replace")
    if isinstance(content, str):
        return content
    raise KeyError("readtext")


def _copy(verb: str) -> Handler:
    def copy(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
        target = _argument(args, named, 1, "destination")
        if not target:
            raise KeyError(verb)
        host.trace.write(verb, target)
        if "scriptfullname" in _argument(args, named, 0, "source").lower():
            host.trace.act(f"replicates:{verb}")
        return None

    return copy


def _delete(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    host.trace.remove(_argument(args, named, 0), "DeleteFile")
    return None


def _special_folder(_: Host, __: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    number = to_text(args[0]) if args else ""
    if number.isdigit() and int(number) in _FOLDERS:
        return Partial(_FOLDERS[int(number)])
    raise KeyError("getspecialfolder")


def _special_folders(_: Host, __: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    name = _argument(args, named, 0).lower()
    return Partial(_SPECIAL.get(name, "{folder " + name[:40] + "}"))


def _build_path(_: Host, __: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    return Partial(_argument(args, named, 0).rstrip("\\") + "\\" + _argument(args, named, 1))


def _expand(_: Host, __: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    return Partial(_argument(args, named, 0).replace("{", "").replace("}", ""))


def _environment(_: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    return Thing("environment", parent=thing)


def _reg_write(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    key = _argument(args, named, 0)
    host.trace.write("RegWrite", key).add(_argument(args, named, 1), 2_000)
    return None


def _create_shortcut(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    shortcut = Thing("shortcut")
    shortcut.members["fullname"] = _argument(args, named, 0)
    return shortcut


def _save(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    if thing.name != "shortcut":
        raise KeyError("save")
    file = host.trace.write("CreateShortcut", to_text(thing.members.get("fullname")))
    target = f"{to_text(thing.members.get('targetpath'))} {to_text(thing.members.get('arguments'))}".strip()
    file.add(target, 2_000)
    host.trace.string(target)
    return None


def _create_element(_: Host, __: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    return Thing("xmlelement")


def _create_object(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    return create(host, args[0] if args else "")


def _get_object(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    return create(host, next((arg for arg in args if arg), ""), "GetObject")


def _get(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    return Thing(_argument(args, named, 0).lower()[:200] or "{get}", parent=thing)


def _add(_: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    if thing.name != "scripting.dictionary" or len(args) < 2:
        raise KeyError("add")
    if len(thing.members) < 5000:
        thing.members[to_text(args[0])] = args[1]
    return None


def _item(_: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    if thing.name != "scripting.dictionary" or not args:
        raise KeyError("item")
    return thing.members.get(to_text(args[0]))


def _exists(_: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    if thing.name != "scripting.dictionary" or not args:
        raise KeyError("exists")
    return to_text(args[0]) in thing.members


def _listed(values: bool) -> Handler:
    def listed(_: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
        if thing.name != "scripting.dictionary":
            raise KeyError("keys")
        return Array.of(list(thing.members.values()) if values else list(thing.members))

    return listed


def _script(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    if thing.name not in _SCRIPTING and not thing.name.startswith("{"):
        raise KeyError("eval")
    language = to_text(thing.members.get("language", "vbscript")).lower()
    return host.run_text(_argument(args, named, 0), language)


def _add_code(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    """Record code from elsewhere too: a tool writes the code that it adds, and evaluates only data."""
    if thing.name in _SCRIPTING and _UNKNOWN.fullmatch(_argument(args, named, 0).strip()):
        host.trace.act("executes:AddCode")
    return _script(host, thing, args, named)


def _excel4(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    formula = _argument(args, named, 0)
    host.trace.string(formula)
    if found := re.search(r'EXEC\s*\(\s*"((?:[^"]|"")*)"', formula, re.I):
        host.trace.command("ExecuteExcel4Macro", found[1].replace('""', '"'))
    elif re.search(r"\b(?:CALL|REGISTER)\s*\(", formula, re.I):
        host.trace.act("executes:ExecuteExcel4Macro")
    return None


def _started(verb: str, *names: str) -> Handler:
    """Make the handler of a method that starts its first argument with the third as arguments."""

    def start(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
        target = _argument(args, named, 0, *names)
        if not target:
            raise KeyError(verb)
        host.trace.command(verb, f"{target} {_argument(args, named, 2)}".strip())
        return None

    return start


def _install(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    host.trace.command("InstallProduct", f"msiexec /i {_argument(args, named, 0)}")
    return None


def _follow(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    host.trace.command("FollowHyperlink", _argument(args, named, 0, "address"))
    return None


def _activate_object(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    """Record that an object in the document is opened, which runs it when it is a package."""
    if "oleformat" not in thing.name:
        raise KeyError("activate")
    host.trace.act("executes:OLEFormat")
    return None


def _word_basic(verb: str) -> Handler:
    """Make the handler of a statement that WordBasic has as a method."""

    def record(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
        if thing.name != "wordbasic":
            raise KeyError(verb)
        if verb == "Kill":
            host.trace.remove(_argument(args, named, 0), verb)
        elif verb == "Shell":
            host.trace.command(verb, _argument(args, named, 0))
        else:
            host.trace.write(verb, _argument(args, named, 1))
        return None

    return record


def _register_task(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    task = thing.root().members
    text = f"{to_text(task.get('task_path'))} {to_text(task.get('task_arguments'))}".strip()
    host.trace.command("RegisterTaskDefinition", text or _argument(args, named, 1))
    return None


def _replicates(what: str) -> Handler:
    def record(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
        host.trace.act("replicates:" + what)
        return None

    return record


def _import(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    if "vbcomponents" not in thing.name and "vbproject" not in thing.root().name:
        raise KeyError("import")
    host.trace.act("replicates:VBComponents")
    return None


def _organizer(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    if "copy" not in named:
        raise KeyError("organizer")
    host.trace.act("replicates:OrganizerCopy")
    return None


def _load(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    address = _argument(args, named, 0)
    if "dom" not in thing.name or not address.lower().startswith(("http:", "https:", "\\\\")):
        raise KeyError("load")
    host.trace.download("Load", address)
    thing.members["\0remote"] = address
    return None


def _transform(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    """Record a style sheet from elsewhere, which may hold script. Source: ATT&CK T1220."""
    sheets = [thing, *(arg for arg in args if isinstance(arg, Thing))]
    address = next((one.members["\0remote"] for one in sheets if "\0remote" in one.members), None)
    if address is None:
        raise KeyError("transformnode")
    host.trace.command("transformNode", f"script:{to_text(address)}")
    return None


def _save_as(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    host.trace.write("SaveAs", _argument(args, named, 0, "filename"))
    return None


def _on_time(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    name = _argument(args, named, 1, "procedure", "name")
    return host.call_name(name.rpartition("!")[2].rpartition(".")[2].strip("'").lower(), [])


def _dde(host: Host, _: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    host.trace.command("DDEInitiate", f"{_argument(args, named, 0, 'app')} {_argument(args, named, 1, 'topic')}")
    return None


def _send_mail(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    host.trace.act("mails:Send")
    return None


def _send(host: Host, thing: Thing, args: list[Value], named: dict[str, Value]) -> Value:
    if is_fetcher(thing.name) or thing.name.startswith("{"):
        return _fetched(host, thing, args, named)
    if "outlook" in thing.root().name or any(word in thing.name for word in _MAILS):
        return _send_mail(host, thing, args, named)
    raise KeyError("send")


_METHODS: dict[str, Handler] = {
    "run": _run, "exec": _exec, "shellexecute": _shell_execute, "create": _create_process, "open": _open, "send": _send,
    "navigate": _navigate, "navigate2": _navigate, "downloadfile": _download_file, "createtextfile": _create_text_file,
    "opentextfile": _open_text_file, "write": _write(""), "writetext": _write(""), "writeline": _write("\r\n"),
    "savetofile": _save_to_file, "readtext": _read_text, "read": _read_text, "copyfile": _copy("CopyFile"),
    "movefile": _copy("MoveFile"), "copy": _copy("Copy"), "move": _copy("Move"), "deletefile": _delete,
    "deletefolder": _delete, "getspecialfolder": _special_folder, "specialfolders": _special_folders,
    "buildpath": _build_path, "expandenvironmentstrings": _expand, "environment": _environment, "regwrite": _reg_write,
    "createshortcut": _create_shortcut, "save": _save, "createelement": _create_element, "createnode": _create_element,
    "createobject": _create_object, "getobject": _get_object, "get": _get, "add": _add, "item": _item,
    "exists": _exists, "keys": _listed(False), "items": _listed(True), "addcode": _add_code, "eval": _script,
    "executestatement": _add_code, "executeexcel4macro": _excel4, "registertaskdefinition": _register_task,
    "registertask": _register_task, "insertlines": _replicates("InsertLines"),
    "addfromstring": _replicates("AddFromString"), "addfromfile": _replicates("AddFromFile"),
    "organizercopy": _replicates("OrganizerCopy"), "macrocopy": _replicates("MacroCopy"), "import": _import,
    "organizer": _organizer, "load": _load, "transformnode": _transform, "transformnodetoobject": _transform,
    "kill": _word_basic("Kill"), "shell": _word_basic("Shell"), "filecopy": _word_basic("FileCopy"),
    "installproduct": _install, "executeshellcommand": _started("ExecuteShellCommand"), "doverb": _activate_object,
    "activateas": _activate_object, "registerxll": _started("RegisterXLL", "filename"), "followhyperlink": _follow,
    "export": _import, "saveas": _save_as, "saveas2": _save_as, "savecopyas": _save_as,
    "ontime": _on_time, "ddeinitiate": _dde,
}  # fmt: skip


def call_external(host: Host, function: str, args: list[Value]) -> Value:
    """Record a call of a DLL's function; ``function`` without its ``A``/``W``.

    Source: Win32 API reference of each function.
    """
    text = [to_text(arg) for arg in args] + [""] * 6
    if function in ("urldownloadtofile", "urldownloadtocachefile"):
        host.trace.download("URLDownloadToFile", text[1])
        host.trace.write("URLDownloadToFile", text[2])
        return 0
    if function in ("shellexecute", "shellexecuteex"):
        host.trace.command("ShellExecute", f"{text[2]} {text[3]}".strip())
        return 42
    if function in ("winexec", "system", "_wsystem"):
        host.trace.command("WinExec", text[0])
        return 42
    if function in ("createprocess", "createprocessasuser", "createprocesswithlogon"):
        at = 1 if function.endswith("user") else 3 if function.endswith("logon") else 0
        host.trace.command("CreateProcess", text[at + 1] or text[at])
        return 1
    if function in ("internetopenurl",):
        host.trace.download("InternetOpenUrl", text[1])
    elif function in ("loadlibrary", "loadlibraryex"):
        host.trace.string(text[0])
        host.trace.act("executes:LoadLibrary")
    elif function in MEMORY:
        host.trace.act("memory:" + function)
    raise KeyError(function)


MEMORY = frozenset(
    """
    virtualalloc virtualallocex virtualprotect virtualprotectex heapcreate rtlmovememory writeprocessmemory
    ntwritevirtualmemory zwwritevirtualmemory ntallocatevirtualmemory createthread createremotethread queueuserapc
    rtlcreateuserthread createtimerqueuetimer enumsystemlocales enumsystemlanguagegroups enumdateformats
    enumtimeformats callwindowproc enumuilanguages ntmapviewofsection enumresourcetypes enumsystemcodepages
    copymemory setthreadcontext resumethread heapalloc uuidfromstring
    """.split()
)
"""Functions that put code into memory or start it there."""
