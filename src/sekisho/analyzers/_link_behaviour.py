"""What a shortcut would run and what it pretends to be, drawn from its parts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sekisho.analyzers import _link_disguise as disguise
from sekisho.analyzers._findstr import base_name, uncaret
from sekisho.analyzers._link_blocks import Block
from sekisho.analyzers._shell_items import Item, path_of
from sekisho.analyzers._shell_link import Header, LinkInfo, Part, Rest, TargetList, Text

# It starts where a word starts: from every letter of a long one it would take time in the square of its length.
_SHORTCUT = re.compile(r'(?<![^\s"\'<>|&,;=(){}])[^\s"\'<>|&,;=(){}]*\.lnk(?![\w])', re.IGNORECASE)
_QUOTED_SHORTCUT = re.compile(r'"([^"<>|]{1,260}?\.lnk)\b|\'([^\'<>|]{1,260}?\.lnk)\b', re.IGNORECASE)
_READER = re.compile(rf"(?<![\w-])(?:{disguise.SELF_READERS})(?:\.exe)?(?![\w-])", re.IGNORECASE)
_WORD = re.compile(r"(?<![\w%-])(%comspec%|[a-z][a-z0-9_]{1,31})(?:\.exe)?(?![\w-])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """The parts that behaviour is read from, by name."""

    header: Header | None
    items: tuple[Item, ...]
    info: LinkInfo
    texts: dict[str, Text]
    blocks: dict[str, Block]
    unknown: tuple[Block, ...]
    rest_at: int | None

    def text(self, name: str) -> str:
        """Give one of the strings, empty when absent."""
        return self.texts[name].text if name in self.texts else ""

    def path(self, block: str) -> str:
        """Give the path of an environment or icon block: the ANSI one is used where the Unicode one is empty."""
        found = self.blocks.get(block)
        return (found.text("unicode") or found.text("ansi")) if found else ""


def gather(parts: Iterable[Part]) -> Link:
    """Give the parts by name; of blocks of one kind the first counts."""
    header: Header | None = None
    items: tuple[Item, ...] = ()
    info = LinkInfo()
    rest_at: int | None = None
    texts: dict[str, Text] = {}
    blocks: dict[str, Block] = {}
    unknown = []
    for part in parts:
        match part:
            case Header():
                header = part
            case TargetList():
                items = part.items
            case LinkInfo():
                info = part
            case Text():
                texts[part.name] = part
            case Block() if part.name == "unknown":
                unknown.append(part)
            case Block():
                blocks.setdefault(part.name, part)
            case Rest():
                rest_at = part.at
            case _:
                pass
    return Link(header, items, info, texts, blocks, tuple(unknown), rest_at)


def target_of(link: Link) -> str:
    """Give the path that Explorer would open.

    The environment block goes before the item list, and its ANSI path counts where the Unicode one is empty: the
    dialog shows one and the other runs. Link info and relative path are what Explorer falls back to.

    Source: [MS-SHLLINK] 2.1.1 (HasExpString, PreferEnvironmentPath), 2.4 (RELATIVE_PATH).
    """
    candidates = (link.path("environment"), path_of(link.items), link.info.path, link.text("relative_path"))
    return next((path for path in candidates if path), "")


def command_line(target: str, arguments: str) -> str:
    """Give the command line that Explorer would start: the bare name of an interpreter, any other target in full."""
    name = _program(target)
    shown = f"{name}.exe" if name in disguise.INTERPRETERS else target
    if " " in shown:
        shown = f'"{shown}"'
    return f"{shown} {arguments}".strip()


def _program(path: str) -> str:
    name = base_name(path.strip())
    return disguise.INTERPRETER_VARIABLES.get(name, name).removesuffix(".exe")


def interpreters_of(link: Link, target: str, arguments: str) -> list[str]:
    """Give the interpreters that the target paths and the arguments name, bare and lower-case, first come first."""
    paths = (target, path_of(link.items), link.info.path, link.text("relative_path"), link.path("environment"))
    names = [_program(path) for path in paths]
    words = [
        _program(word.group())
        for word in _WORD.finditer(uncaret(arguments))
        if word.group().lower() not in disguise.WORDS_TOO
    ]
    return list(dict.fromkeys(name for name in names + words if name in disguise.INTERPRETERS))


def named_shortcuts(arguments: str) -> list[str]:
    """Give the shortcuts that arguments name, quoted ones first, at most 16."""
    quoted = [one or other for one, other in _QUOTED_SHORTCUT.findall(arguments)]
    bare = [name for name in _SHORTCUT.findall(arguments) if not any(name in text for text in quoted)]
    return list(dict.fromkeys(quoted + bare))[:16]


def names_itself(arguments: str, shortcuts: list[str], name: str) -> bool:
    """Tell whether the arguments mean this very file: by its name, by a pattern, or by reading any shortcut."""
    own = re.split(r"[\\/]", name)[-1].casefold()
    if own.endswith(".lnk") and own in arguments.casefold():
        return True
    if not shortcuts:
        return False
    return any("*" in one or "?" in one for one in shortcuts) or bool(_READER.search(uncaret(arguments)))


def icon_shows(link: Link) -> str:
    """Give what the icon pretends to be: document, picture, archive, folder; empty when nothing of these is known."""
    location = link.path("icon_environment") or link.text("icon")
    path, comma, number = location.rpartition(",")
    index = link.header.icon_index if link.header else 0
    if comma and number.strip().lstrip("-").isdecimal():
        location, index = path, int(number)
    name = base_name(location.strip())
    if name in disguise.ICON_LIBRARIES:
        return disguise.ICON_LIBRARIES[name].get(index, "")
    dot = name.rfind(".")
    for what in ("document", "picture", "archive"):
        if name in disguise.ICON_PROGRAMS[what] or (dot >= 0 and name[dot:] in disguise.ICON_EXTENSIONS[what]):
            return what
    return ""


def targets_disagree(link: Link) -> bool:
    """Tell whether the environment block, the item list and link info name different files.

    ANSI paths are guessed, and guesses differ, so only plain ASCII names count.
    """
    names = {_program(path) for path in (path_of(link.items), link.path("environment"), link.info.path) if path}
    return len(names) > 1 and all(name.isascii() for name in names)
