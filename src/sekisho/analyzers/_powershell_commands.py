"""What PowerShell's commands do with the arguments a loader gives them.

Source: Microsoft's reference of each command for parameters and aliases.
"""

from __future__ import annotations

import re
from typing import Any

from sekisho.analyzers import _powershell_values as values
from sekisho.analyzers import _programs as programs
from sekisho.analyzers._cmd_shell import kind_of
from sekisho.analyzers._powershell_parse import Argument, Reader
from sekisho.analyzers._powershell_values import UNKNOWN, Block, Made, Member, known, to_text

ALIASES = {
    "iex": "invoke-expression",
    "iwr": "invoke-webrequest",
    "wget": "invoke-webrequest",
    "curl": "invoke-webrequest",
    "irm": "invoke-restmethod",
    "saps": "start-process",
    "start": "start-process",
    "ii": "invoke-item",
    "sc": "set-content",
    "ac": "add-content",
    "%": "foreach-object",
    "foreach": "foreach-object",
    "sv": "set-variable",
    "set": "set-variable",
    "nv": "set-variable",
    "new-variable": "set-variable",
    "gv": "get-variable",
    "variable": "get-variable",
    "sal": "set-alias",
    "nal": "set-alias",
    "new-alias": "set-alias",
    "icm": "invoke-command",
    "cpi": "copy-item",
    "copy": "copy-item",
    "cp": "copy-item",
    "mi": "move-item",
    "move": "move-item",
    "mv": "move-item",
    "ni": "new-item",
    "md": "new-item",
    "mkdir": "new-item",
    "sp": "set-itemproperty",
    "iwmi": "invoke-wmimethod",
    "echo": "write-output",
    "write": "write-output",
    "si": "set-item",
    "tee": "tee-object",
    "sajb": "start-job",
    "gi": "get-item",
    "gci": "get-childitem",
    "ls": "get-childitem",
    "dir": "get-childitem",
    "cd": "set-location",
    "pushd": "set-location",
    "rm": "remove-item",
    "del": "remove-item",
    "ri": "remove-item",
    "kill": "stop-process",
    "sleep": "start-sleep",
    "cat": "get-content",
    "gc": "get-content",
    "type": "get-content",
    "where": "where-object",
    "?": "where-object",
    "select": "select-object",
    "gcm": "get-command",
}
SWITCHES = frozenset(
    "-usebasicparsing -force -append -noclobber -wait -passthru -nonewline -hidden -recurse -asbytestream -asjob"
    " -whatif -confirm -verbose -nonewwindow -usedefaultcredentials -skipcertificatecheck -comobject".split()
) - {"-comobject"}
DOWNLOADS = frozenset(
    "downloadstring downloaddata downloadfile downloadfileasync downloadstringasync downloadstringtaskasync openread"
    " downloadfiletaskasync downloaddatataskasync getstringasync getbytearrayasync getstreamasync getasync".split()
)
PLAIN_COMMAND = re.compile(r"[\w.:\\/$%~{} -]+$")


def run(reader: Reader, name: str, arguments: list[Argument], given: Any) -> Any:
    """Note what a command or unknown method call does; give its output as far as it is known."""
    if name.startswith("."):
        bare = name[1:]
        return _method(reader, bare, arguments, given) if bare.isalnum() or "_" in bare else UNKNOWN
    low = name.lower().strip()
    aliases = reader.variables.get("\0aliases")
    if isinstance(aliases, dict) and low in aliases:
        low = aliases[low].lower()
    if low in reader.functions:
        return reader.called(low, _bound(reader.functions[low][0], arguments))
    if low in ("curl", "wget", "copy", "start", "sc") and _native_style(arguments):
        return _native(reader, name, arguments)
    low = low.rpartition("\\")[2] if "-" in low.rpartition("\\")[2] else low
    low = ALIASES.get(low, low)
    handler = COMMANDS.get(low)
    if handler:
        return handler(reader, arguments, given)
    for argument in arguments:
        if isinstance(argument.value, Block):
            _run_block(reader, argument.value)
    if "-" not in low or "\\" in low or low.endswith((".exe", ".dll", ".cmd", ".bat")):
        return _native(reader, name, arguments)
    return UNKNOWN


def _bound(parameters: tuple[str, ...], arguments: list[Argument]) -> list[Any]:
    """Give a function's arguments in the order of its parameters, named ones first put in their places."""
    plain = [argument.value for argument in _plain(arguments)]
    named = {name: _named(arguments, f"-{name}") for name in parameters}
    bound = []
    for name in parameters:
        given = named[name]
        bound.append(given.value if given else plain.pop(0) if plain else None)
    return bound + plain


def _native_style(arguments: list[Argument]) -> bool:
    return any(
        argument.text in ("-o", "-s", "-L", "-k", "-sL", "/b", "/y", "create", "config") for argument in arguments
    )


def _native(reader: Reader, name: str, arguments: list[Argument]) -> Any:
    if not name or not PLAIN_COMMAND.match(name) or (name[0] in "${" and not re.search(r"\.\w{2,4}$", name)):
        return UNKNOWN
    line = " ".join([_quoted(name), *(_quoted(argument.text) for argument in arguments)])
    if re.fullmatch(r"[\w-]+", name) and programs.program_name(name) not in NATIVE:
        return UNKNOWN  # a function of the script, or a word of another language
    programs.starts(reader.trace, line)
    return UNKNOWN


NATIVE = frozenset(programs.HANDLERS) | frozenset(
    "cmd calc notepad explorer winword excel outlook schtasks taskkill attrib icacls netsh whoami nltest systeminfo"
    " ipconfig tasklist vssadmin bcdedit wevtutil ping nslookup timeout at ftp tar ssh python node java".split()
)


def _quoted(text: str) -> str:
    return f'"{text}"' if re.search(r"\s", text) and '"' not in text else text


def _run_block(reader: Reader, block: Block, items: list[Any] | None = None) -> list[Any]:
    """Read a block where it stands, once or for each item as ``$_``."""
    save = reader.at
    before = reader.variables.get("_")
    output = reader.loop("_", items if items else [UNKNOWN], block.start, body_end=block.end)
    reader.at = save
    if before is not None:
        reader.variables["_"] = before
    return output


def _named(arguments: list[Argument], *names: str) -> Argument | None:
    """Give the value of the first parameter that begins as one of the names do."""
    for index, argument in enumerate(arguments[:-1]):
        if len(argument.parameter) > 1 and any(name.startswith(argument.parameter) for name in names):
            return arguments[index + 1]
    return None


def _plain(arguments: list[Argument]) -> list[Argument]:
    """Give the arguments that belong to no parameter."""
    found, skip = [], False
    for argument in arguments:
        if argument.parameter:
            skip = argument.parameter not in SWITCHES
        elif skip:
            skip = False
        else:
            found.append(argument)
    return found


def _first(arguments: list[Argument], *names: str, place: int = 0) -> Argument | None:
    plain = _plain(arguments)
    return _named(arguments, *names) or (plain[place] if len(plain) > place else None)


def _expression(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    argument = _first(arguments, "-command")
    text = argument.value if argument else given
    if isinstance(text, list) and known(text):
        text = "\n".join(map(to_text, text))
    if isinstance(text, str) and text.strip():
        reader.trace.layer("iex", "powershell", text)
    elif argument:
        reader.trace.call("evaluates", argument.text)
    return UNKNOWN


def _web_request(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    url = _first(arguments, "-uri")
    path = _named(arguments, "-outfile")
    for address in values.to_list(url.value) if url and isinstance(url.value, list) else [url.text] if url else []:
        programs.downloads(reader.trace, to_text(address), path.text if path else "")
    return UNKNOWN


def _bits(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    source, target = _first(arguments, "-source"), _first(arguments, "-destination", place=1)
    if source:
        programs.downloads(reader.trace, source.text, target.text if target else "")
    return UNKNOWN


def _start_process(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    path = _first(arguments, "-filepath")
    rest = _named(arguments, "-argumentlist", "-args") or (_first(arguments, place=1) if path else None)
    if path:
        words = (
            [to_text(item) for item in rest.value]
            if rest and isinstance(rest.value, list)
            else [rest.text]
            if rest
            else []
        )
        programs.starts(reader.trace, " ".join([_quoted(path.text), *words]))
    return UNKNOWN


def _invoke_item(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    path = _first(arguments, "-path", "-literalpath")
    if path:
        programs.starts(reader.trace, _quoted(path.text))
    return UNKNOWN


def _write(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    path = _first(arguments, "-filepath", "-path", "-literalpath")
    content = _named(arguments, "-value", "-inputobject") or (_first(arguments, place=1) if path else None)
    value = content.value if content else given
    if path:
        written(reader, path.text, value)
    return UNKNOWN


def written(reader: Reader, path: str, value: Any) -> None:
    """Note a file that is written, and hand its content on when it is known."""
    reader.trace.call("writes", path)
    data = value if isinstance(value, bytes) else values.to_bytes(value) if isinstance(value, list) else UNKNOWN
    name = re.split(r"[\\/]", path)[-1] or "file"
    if isinstance(data, bytes):
        reader.trace.layer(name, kind_of(path), data)
    elif isinstance(value, str) or (isinstance(value, list) and known(value)):
        text = value if isinstance(value, str) else "\n".join(map(to_text, value))
        if len(text) > 8:
            reader.trace.layer(name, kind_of(path), text)


def _new_object(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    kind = _first(arguments, "-typename", "-comobject")
    rest = _named(arguments, "-argumentlist", "-args") or _first(arguments, place=1)
    if not kind or not isinstance(kind.value, str):
        return UNKNOWN
    handed = [rest.value] if rest and not isinstance(rest.value, list) else list(rest.value) if rest else []
    if len(_plain(arguments)) > 2:
        handed = [argument.value for argument in _plain(arguments)[1:]]
    return values.make(kind.value, handed, reader.trace)


def _for_each(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    block = next((argument.value for argument in arguments if isinstance(argument.value, Block)), None)
    if block is None:
        return UNKNOWN
    items = values.to_list(given) if known(given) and given is not None else None
    fast = _mapped(reader, block, items) if items else None
    return fast if fast is not None else _run_block(reader, block, items)


def _mapped(reader: Reader, block: Block, items: list[Any]) -> list[Any] | None:
    """Do at once what loaders do to each of thousands of numbers: a character code, or an exclusive or."""
    body = re.sub(r"[\s()`]", "", reader.text[block.start : min(block.end, block.start + 200)]).lower()
    match = re.fullmatch(r"(\[char\])?(?:\[byte\]|\[int\])?\$_(?:-bxor['\"]?(0x[0-9a-f]+|\d+)['\"]?)?", body)
    if not match or len(items) > values.ITEMS:
        return None
    reader.trace.step(len(items) // 64)
    numbers = [values.to_number(item) for item in items]
    if not all(isinstance(number, int) for number in numbers):
        return None
    key = int(match.group(2), 0) if match.group(2) else 0
    if key:
        reader.trace.trick("xor")
    plain = [int(number) ^ key for number in numbers if not isinstance(number, values.Unknown)]
    if not match.group(1):
        return plain
    reader.trace.trick("char-code")
    return [values.Char(chr(number)) if 0 <= number < 0x10000 else "" for number in plain]


def _set_variable(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    name, value = _first(arguments, "-name"), _first(arguments, "-value", place=1)
    if name and isinstance(name.value, str):
        reader.variables[name.value.lower()] = value.value if value else given
    return None


def _set_item(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    path, value = _first(arguments, "-path"), _first(arguments, "-value", place=1)
    if path and value and (drive := re.match(r"(?:variable|env):[\\/]?(\w+)$", path.text, re.IGNORECASE)):
        prefix = "env:" if path.text[:1] in "eE" else ""
        reader.variables[prefix + drive.group(1).lower()] = value.value
        return None
    return _registry(reader, arguments, given)


def _get_variable(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    name = _first(arguments, "-name")
    if not name or not isinstance(name.value, str):
        return UNKNOWN
    if name.value.lower().strip("*") in "maximumdrivecount" and "*" in name.value:
        return "MaximumDriveCount"  # its .Name is what loaders cut letters from
    return reader.lookup(name.value)


def _set_alias(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    name, value = _first(arguments, "-name"), _first(arguments, "-value", place=1)
    if name and value and known(value.value):
        reader.trace.trick("alias")
        aliases = reader.variables.setdefault("\0aliases", {})
        aliases[name.text.lower()] = value.text
    return None


def _copy(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    target = _first(arguments, "-destination", "-destinationpath", place=1)
    if target:
        reader.trace.call("writes", target.text)
    return UNKNOWN


def _new_item(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    path, value = _first(arguments, "-path"), _named(arguments, "-value")
    if path and value:
        written(reader, path.text, value.value)
    return UNKNOWN


def _registry(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    path, name = _first(arguments, "-path"), _first(arguments, "-name", place=1)
    if path:
        reader.trace.call("writes", f"{path.text}\\{name.text}" if name else path.text)
    return UNKNOWN


def _wmi(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    handed = _named(arguments, "-argumentlist", "-arguments") or _first(arguments, place=2)
    if any("win32_process" in argument.text.lower() for argument in arguments) and handed:
        line = handed.value[0] if isinstance(handed.value, list) and handed.value else handed.text
        programs.starts(reader.trace, to_text(line))
    return UNKNOWN


def _scheduled(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    program, rest = _named(arguments, "-execute", "-binarypathname"), _named(arguments, "-argument")
    if program:
        programs.starts(reader.trace, " ".join([_quoted(program.text), *([rest.text] if rest else [])]))
    return UNKNOWN


def _defender(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    reader.trace.call("changes", "Microsoft Defender: " + " ".join(argument.text for argument in arguments))
    return UNKNOWN


def _blocks(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    for argument in arguments:
        if isinstance(argument.value, Block):
            _run_block(reader, argument.value)
    return UNKNOWN


def _passes(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    plain = _plain(arguments)
    return plain[0].value if plain else given


def _nothing(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    return UNKNOWN


def _where(reader: Reader, arguments: list[Argument], given: Any) -> Any:
    _blocks(reader, arguments, given)
    return given


def _method(reader: Reader, name: str, arguments: list[Argument], owner: Any) -> Any:
    """Note what a method does, by its name: what it is called on is often not known."""
    texts = [argument.text for argument in arguments]
    trace = reader.trace
    if name in DOWNLOADS and texts:
        programs.downloads(trace, texts[0], texts[1] if name.startswith("downloadfile") and len(texts) > 1 else "")
    elif name == "open" and len(texts) > 1 and texts[0].upper() in ("GET", "POST"):
        programs.downloads(trace, texts[1])
    elif name == "create" and texts:
        if (
            "win32_process"
            in to_text(owner.arguments[0] if isinstance(owner, Made) and owner.arguments else "").lower()
        ):
            programs.starts(trace, texts[0])
        elif re.match(r"https?:", texts[0]):
            programs.downloads(trace, texts[0])
    elif name in ("writeallbytes", "writealltext", "writealllines", "savetofile") and texts:
        content = arguments[1].value if len(arguments) > 1 else UNKNOWN
        written(reader, texts[0], content)
    elif name in ("start", "run", "exec", "shellexecute") and texts and not _is_thread(owner):
        handed = texts[1:2] if name in ("start", "shellexecute") else []
        programs.starts(trace, " ".join([_quoted(texts[0]) if handed else texts[0], *handed]))
    elif name in ("invokescript", "newscriptblock", "addscript", "createscriptblock") and arguments:
        if isinstance(arguments[0].value, str):
            trace.layer("script", "powershell", arguments[0].value)
        else:
            trace.call("evaluates", arguments[0].text)
    elif name == "reverse" and arguments:
        return _reversed(reader, texts[0], arguments[0].value)
    elif name == "load" and arguments:
        data = values.to_bytes(arguments[0].value)
        trace.call("loads", ".NET assembly from memory")
        if isinstance(data, bytes):
            trace.layer("assembly.dll", "", data)
    elif name in ("foreach", "invoke") and any(isinstance(argument.value, Block) for argument in arguments):
        items = values.to_list(owner) if known(owner) else None
        return _run_block(reader, next(a.value for a in arguments if isinstance(a.value, Block)), items)
    elif name == "invoke" and isinstance(owner, str) and not isinstance(owner, Member):
        trace.layer("script", "powershell", owner)
    return UNKNOWN


def _is_thread(owner: Any) -> bool:
    return isinstance(owner, Made) and "thread" in owner.type


def _reversed(reader: Reader, source: str, value: Any) -> Any:
    reader.trace.trick("reverse")
    items = values.to_list(value)[::-1] if known(value) else UNKNOWN
    for name, held in reader.variables.items():
        if held is value:
            reader.variables[name] = items
            break
    return None


COMMANDS = {
    "add-content": _write,
    "add-mppreference": _defender,
    "copy-item": _copy,
    "expand-archive": _copy,
    "foreach-object": _for_each,
    "get-childitem": _nothing,
    "get-command": _nothing,
    "get-content": _nothing,
    "get-item": _nothing,
    "get-variable": _get_variable,
    "invoke-command": _blocks,
    "invoke-expression": _expression,
    "invoke-item": _invoke_item,
    "invoke-restmethod": _web_request,
    "invoke-webrequest": _web_request,
    "invoke-wmimethod": _wmi,
    "invoke-cimmethod": _wmi,
    "move-item": _copy,
    "new-item": _new_item,
    "new-itemproperty": _registry,
    "new-object": _new_object,
    "new-scheduledtaskaction": _scheduled,
    "new-service": _scheduled,
    "out-file": _write,
    "out-null": _nothing,
    "out-string": _nothing,
    "remove-item": _nothing,
    "select-object": _where,
    "set-alias": _set_alias,
    "set-content": _write,
    "set-item": _set_item,
    "set-itemproperty": _registry,
    "set-location": _nothing,
    "set-mppreference": _defender,
    "set-variable": _set_variable,
    "start-bitstransfer": _bits,
    "start-job": _blocks,
    "start-process": _start_process,
    "start-sleep": _nothing,
    "stop-process": _nothing,
    "tee-object": _write,
    "where-object": _where,
    "write-output": _passes,
}
