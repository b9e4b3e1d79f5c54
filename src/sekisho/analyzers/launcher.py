"""Small files that make Windows or Java start or fetch something: what they start, and from where.

Libraries and search connectors (.library-ms .searchConnector-ms .search-ms), settings pages (.settingcontent-ms),
ClickOnce (.application .appref-ms), .appinstaller, Java Web Start (.jnlp) and .jar manifests, style sheets with
script (.xsl), script host jobs that take scripts from elsewhere (.wsf .sct), scheduled tasks, MSBuild projects, setup
information (.inf) and registry files (.reg).

Source: Microsoft's schema references of these formats; JSR-56 (JNLP); LOLBAS on cmstp, msxsl and MSBuild; MITRE
ATT&CK T1187, T1127.001, T1218.003, T1220.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sekisho.analyzers import analyzer
from sekisho.analyzers._locations import is_outside, remote_of
from sekisho.analyzers._office_xml import Element, try_elements
from sekisho.analyzers._script import script_text
from sekisho.analyzers._settings import read_settings
from sekisho.model.artifact import Artifact, Feature
from sekisho.model.errors import MalformedError
from sekisho.model.urltext import parse_url

HEAD = 8_192
TEXT_BYTES, NEEDED_BYTES = 2 << 20, 64 << 10
TARGETS = 100
_ROOTS = {
    "librarydescription": "library",
    "searchconnectordescription": "search-connector",
    "persistedquery": "saved-search",
    "pcsettings": "settings-content",
    "searchablecontent": "settings-content",
    "assembly": "clickonce",
    "appinstaller": "app-installer",
    "jnlp": "java-web-start",
    "stylesheet": "stylesheet",
    "transform": "stylesheet",
    "task": "task",
    "project": "msbuild",
    "job": "script-job",
    "package": "script-job",
    "component": "script-job",
    "scriptlet": "script-job",
}
_XML_MARKS = tuple(name.encode() for name in _ROOTS)
_TEXT_MARKS = (b"culture=", b"registry editor", b"regedit4", b"manifest-version:", b"[defaultinstall", b"[version")
_ROOT = re.compile(
    r"(?>\s+|<!--.*?-->|<\?[^>]*>|<!DOCTYPE[^>\[]*>)*+<(?:[\w.-]{1,40}:)?([A-Za-z]{3,40})[\s/>]", re.DOTALL
)
_SOURCE = re.compile(r"<script\b[^>]{0,400}?\ssrc\s*=\s*[\"']([^\"'<>]{1,2000})", re.IGNORECASE)
_NEEDS = {
    "script-job": _SOURCE,  # without one its scripts are all there is, and have their own readers
    "clickonce": re.compile(r"deploymentProvider|dependentAssembly[^>]{0,200}codebase", re.IGNORECASE),
    "stylesheet": re.compile(r"urn:schemas-microsoft-com:xslt", re.IGNORECASE),
    "task": re.compile(r"schemas\.microsoft\.com/windows/2004/02/mit/task", re.IGNORECASE),
    "msbuild": re.compile(r"schemas\.microsoft\.com/developer/msbuild|<UsingTask|<Exec\s", re.IGNORECASE),
    "saved-search": re.compile(r"<(?:scope|include|query)\b", re.IGNORECASE),
}
_APPREF = re.compile(r"\s*((?:https?|file):[^\s#]{3,2000})#[^\r\n]{1,400}?,\s*Culture=", re.IGNORECASE)
_REGISTRY = re.compile(r"\s*(?:Windows Registry Editor Version 5\.00|REGEDIT4)\s", re.IGNORECASE)
_MANIFEST = re.compile(r"\s*Manifest-Version:\s*\d", re.IGNORECASE)
_MAIN_CLASS = re.compile(r"^(?:Main-Class|Premain-Class|Launcher-Agent-Class):\s*([\w.$]{1,300})", re.I | re.M)
_SETUP = re.compile(r"^[ \t]*\[(?:DefaultInstall|Version)[\w.]{0,40}\]", re.IGNORECASE | re.MULTILINE)
_SETUP_RUNS = re.compile(r"(?:run(?:pre|post)setupcommands|(?:un)?registerocxs|delreg|addreg)", re.IGNORECASE)
_STARTS = re.compile(
    r"\\Run(?:Once)?(?:Ex|Services)?$|\\shell\\[^\\]{1,80}\\command$|\\Image File Execution Options\\|\\Winlogon$|"
    r"\\Policies\\Explorer\\Run$|\\InprocServer32$",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Found:
    """What a file starts and where from."""

    kind: str
    targets: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    scripts: list[tuple[str, str]] = field(default_factory=list)
    """Kind of script and its text."""
    problem: str = ""


def _kind(artifact: Artifact) -> str:
    text = script_text(artifact.data[:HEAD]).lstrip("\ufeff")
    if text.lstrip()[:1] == "<":
        root = _ROOT.match(text)
        kind = _ROOTS.get(root[1].lower(), "") if root else ""
        if kind not in _NEEDS:
            return kind
        return kind if _NEEDS[kind].search(script_text(artifact.data[:NEEDED_BYTES])) else ""
    if _APPREF.match(text):
        return "clickonce"
    if _REGISTRY.match(text):
        return "registry"
    if _MANIFEST.match(text):
        return "jar-manifest" if _MAIN_CLASS.search(text) else ""
    return "setup-information" if _SETUP.search(text) and _SETUP_RUNS.search(text) else ""


def _recognise(artifact: Artifact) -> bool:
    """Tell by words that every one of these files holds, before anything is decoded."""
    head = artifact.data[:HEAD]
    if b"\0" in head[:256]:
        if head[:2] not in (b"\xff\xfe", b"\xfe\xff") and head[1:2] != b"\0":
            return False
        head = head.replace(b"\0", b"")
    head = head.lower()
    marks = _XML_MARKS if head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1] == b"<" else _TEXT_MARKS
    return any(mark in head for mark in marks) and bool(_kind(artifact))


@analyzer(
    "launcher",
    recognise=_recognise,
    features=(
        *("launcher.kind", "launcher.target", "launcher.command", "launcher.remote_host", "launcher.is_outside"),
        *("launcher.script", "url"),
    ),
)
def analyze(artifact: Artifact) -> Iterator[Feature | Artifact]:
    """Read what is started or fetched.

    Yields:
        ``launcher.kind``; ``launcher.target`` (an address, folder, package or class) and ``launcher.command``, with a
        child ``kind="cmd"`` each; ``launcher.remote_host`` for shares and ``launcher.is_outside`` when one is a host
        of the internet; ``launcher.script`` with a child for script inside; ``url``.

    Raises:
        MalformedError: the XML breaks; what came before has been read.
    """
    found = _Found(_kind(artifact))
    yield Feature("launcher.kind", found.kind)
    _READERS.get(found.kind, _read_xml)(artifact.data[:TEXT_BYTES], found)
    hosts = []
    for target in list(dict.fromkeys(filter(None, map(str.strip, found.targets))))[:TARGETS]:
        yield Feature("launcher.target", target[:2_000])
        remote = remote_of(target, "href")
        if remote is not None:
            hosts.append(remote.host)
        url = remote.url if remote else parse_url(target, where="href")
        if re.match(r"https?:|ftp:|file:", url.canonical):
            yield Feature("url", url)
    yield from (Feature("launcher.remote_host", host) for host in dict.fromkeys(hosts))
    if hosts:
        yield Feature("launcher.is_outside", any(map(is_outside, hosts)))
    for number, command in enumerate(list(dict.fromkeys(found.commands))[:TARGETS], 1):
        yield Feature("launcher.command", command[:4_000])
        yield artifact.child(f"command{number}", command.encode(), relation="decoded", kind="cmd")
    for number, (kind, text) in enumerate(found.scripts[:TARGETS], 1):
        yield Feature("launcher.script", kind)
        yield artifact.child(f"script{number}", text.encode("utf-8", "replace"), relation="embedded", kind=kind)
    if found.problem:
        raise MalformedError(found.problem)


def _read_xml(data: bytes, found: _Found) -> None:
    items, found.problem = try_elements(data)
    for item in items:
        name = item.name.lower()
        reader = _ELEMENTS.get((found.kind, name)) or _ELEMENTS.get(("", name))
        if reader is not None:
            reader(item, found)
    if found.kind == "task":  # a program and its arguments are siblings
        found.commands = [
            f"{command} {arguments}".strip()
            for command, arguments in zip(found.commands[::2], found.commands[1::2], strict=False)
        ]


def _text_is_target(item: Element, found: _Found) -> None:
    found.targets.append(item.text)


def _text_is_command(item: Element, found: _Found) -> None:
    if item.text.strip():
        found.commands.append(item.text.strip())


def _attributes_are_targets(*names: str) -> Callable[[Element, _Found], None]:
    def read(item: Element, found: _Found) -> None:
        found.targets += [value for key, value in item.attributes.items() if key.lower() in names]

    return read


def _exec(item: Element, found: _Found) -> None:
    if command := next((value for key, value in item.attributes.items() if key.lower() == "command"), ""):
        found.commands.append(command)


def _script(item: Element, found: _Found) -> None:
    language = " ".join(value for key, value in item.attributes.items() if key.lower() == "language").lower()
    if item.text.strip():
        found.scripts.append(("vbscript" if "vb" in language else "jscript", item.text))


def _code(item: Element, found: _Found) -> None:
    found.targets.append("inline code")


def _task_command(item: Element, found: _Found) -> None:
    found.commands += [item.text.strip(), ""]


def _task_arguments(item: Element, found: _Found) -> None:
    if found.commands:
        found.commands[-1] = item.text.strip()


_ELEMENTS: dict[tuple[str, str], Callable[[Element, _Found], None]] = {
    ("library", "url"): _text_is_target,
    ("search-connector", "url"): _text_is_target,
    ("saved-search", "include"): _attributes_are_targets("path", "location"),
    ("", "iconreference"): _text_is_target,
    ("settings-content", "deeplink"): _text_is_command,
    ("clickonce", "deploymentprovider"): _attributes_are_targets("codebase"),
    ("clickonce", "dependentassembly"): _attributes_are_targets("codebase"),
    ("app-installer", "appinstaller"): _attributes_are_targets("uri"),
    ("app-installer", "mainpackage"): _attributes_are_targets("uri"),
    ("app-installer", "mainbundle"): _attributes_are_targets("uri"),
    ("java-web-start", "jnlp"): _attributes_are_targets("codebase", "href"),
    ("java-web-start", "jar"): _attributes_are_targets("href"),
    ("java-web-start", "application-desc"): _attributes_are_targets("main-class"),
    ("stylesheet", "script"): _script,
    ("task", "command"): _task_command,
    ("task", "arguments"): _task_arguments,
    ("msbuild", "exec"): _exec,
    ("msbuild", "code"): _code,
}


def _read_clickonce(data: bytes, found: _Found) -> None:
    text = script_text(data[:HEAD]).lstrip("\ufeff")
    if reference := _APPREF.match(text):
        found.targets.append(reference[1])
    else:
        _read_xml(data, found)


def _read_job(data: bytes, found: _Found) -> None:
    """Give the scripts that a Windows Script Host job takes from elsewhere; it need not be proper XML."""
    found.targets += _SOURCE.findall(script_text(data[: 4 * NEEDED_BYTES]))[:TARGETS]


def _read_manifest(data: bytes, found: _Found) -> None:
    found.targets += _MAIN_CLASS.findall(script_text(data[:HEAD]))


def _read_setup(data: bytes, found: _Found) -> None:
    """Give the commands of setup information, and what it registers as a control.

    Source: Microsoft, INF sections; LOLBAS, cmstp (``UnRegisterOCXs`` with scrobj.dll and an address).
    """
    text = script_text(data)
    settings = read_settings(data)
    for section in settings.values():
        for name, value in section.items():
            if name.startswith(("runpresetupcommands", "runpostsetupcommands")):
                for other in value.split(","):
                    found.commands += _lines_of(text, other.strip())
            if name in ("unregisterocxs", "registerocxs"):
                found.targets += _lines_of(text, value)


def _lines_of(text: str, section: str) -> list[str]:
    head = re.search(rf"^[ \t]*\[{re.escape(section[:100])}\][^\n]*$", text, re.IGNORECASE | re.MULTILINE)
    if not section or head is None:
        return []
    body = re.split(r"^[ \t]*\[", text[head.end() : head.end() + 20_000], maxsplit=1, flags=re.MULTILINE)[0]
    return [line.strip() for line in body.splitlines() if line.strip() and not line.lstrip().startswith(";")][:20]


def _read_registry(data: bytes, found: _Found) -> None:
    for key, values in read_settings(data).items():
        if _STARTS.search(key):
            found.targets.append(key)
            for value in list(values.values())[:20]:
                if value.startswith('"'):
                    found.commands.append(re.sub(r"\\(.)", r"\1", value[1:].removesuffix('"')))


_READERS: dict[str, Callable[[bytes, _Found], None]] = {
    "clickonce": _read_clickonce,
    "jar-manifest": _read_manifest,
    "script-job": _read_job,
    "setup-information": _read_setup,
    "registry": _read_registry,
}
