"""The structure of a shortcut: header, target list, link info, strings and extra data, part by part.

Explorer opens shortcuts whose inner offsets are wrong, so a flaw inside a part is kept beside it and reading goes on;
only a size that runs past the file ends it.

Source: [MS-SHLLINK] 2.1 header, 2.2 target list, 2.3 link info, 2.4 strings, 2.5 extra data.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sekisho.analyzers._cursor import Cursor
from sekisho.analyzers._link_blocks import Block, read_block
from sekisho.analyzers._shell_items import Item, read_items
from sekisho.analyzers._windows_text import ansi, ansi_z, filetime, utf16, utf16_z
from sekisho.model.errors import MalformedError

MAGIC = bytes.fromhex("4c000000 0114020000000000c000000000000046")  # HeaderSize, LinkCLSID
HEADER_SIZE = 0x4C
HAS_ID_LIST, HAS_LINK_INFO, IS_UNICODE, FORCE_NO_LINK_INFO = 0x01, 0x02, 0x80, 0x100
MAX_STRING = 260
"""Explorer reads no more characters of a description or path, whatever its count says, and goes on after them; only
arguments and icon are read whole. Parsers that trust the count show other arguments than those that run.

Source: EricZimmerman/Lnk issue 22, LnkParse3 pull request 39; in the wild: HarfangLab, "SadFuture" (2025).
"""
CAPPED = frozenset({"description", "relative_path", "working_dir"})
STRINGS = {0x04: "description", 0x08: "relative_path", 0x10: "working_dir", 0x20: "arguments", 0x40: "icon"}
LINK_FLAGS = (
    "HasTargetIDList HasLinkInfo HasName HasRelativePath HasWorkingDir HasArguments HasIconLocation IsUnicode "
    "ForceNoLinkInfo HasExpString RunInSeparateProcess Reserved0 HasDarwinID RunAsUser HasExpIcon NoPidlAlias "
    "Reserved1 RunWithShimLayer ForceNoLinkTrack EnableTargetMetadata DisableLinkPathTracking "
    "DisableKnownFolderTracking DisableKnownFolderAlias AllowLinkToLink UnaliasOnSave PreferEnvironmentPath "
    "KeepLocalIDListForUNCTarget"
).split()
ATTRIBUTES = (
    "READONLY HIDDEN SYSTEM Reserved DIRECTORY ARCHIVE Reserved NORMAL TEMPORARY SPARSE_FILE REPARSE_POINT COMPRESSED "
    "OFFLINE NOT_CONTENT_INDEXED ENCRYPTED"
).split()
SHOW_COMMANDS = {1: "SW_SHOWNORMAL", 3: "SW_SHOWMAXIMIZED", 7: "SW_SHOWMINNOACTIVE"}
DRIVES = "DRIVE_UNKNOWN DRIVE_NO_ROOT_DIR DRIVE_REMOVABLE DRIVE_FIXED DRIVE_REMOTE DRIVE_CDROM DRIVE_RAMDISK".split()
HAS_VOLUME, HAS_NETWORK, NETWORK_HAS_DEVICE = 0x01, 0x02, 0x01
UNICODE_HEADER = 0x24
"""A link info header this long also has Unicode offsets."""
MIN_BLOCK = 8
"""A block has a size and a signature; Explorer takes anything smaller for the end."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the first 76 bytes say."""

    flags: int
    attributes: int
    created_at: datetime | None
    accessed_at: datetime | None
    modified_at: datetime | None
    target_bytes: int
    icon_index: int
    show_command: str
    """Anything but maximised and minimised is shown normally."""
    hotkey: int

    def has(self, flag: int) -> bool:
        """Tell whether a link flag is set."""
        return bool(self.flags & flag)

    @property
    def flag_names(self) -> list[str]:
        """Names of the set link flags, in bit order."""
        return [name for bit, name in enumerate(LINK_FLAGS) if self.flags >> bit & 1]

    @property
    def attribute_names(self) -> list[str]:
        """Names of the target's set attributes, in bit order."""
        return [f"FILE_ATTRIBUTE_{name}" for bit, name in enumerate(ATTRIBUTES) if self.attributes >> bit & 1]


@dataclass(frozen=True, slots=True)
class TargetList:
    """The item identifier list."""

    size: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class LinkInfo:
    """Where the target lay when the shortcut was made."""

    size: int = 0
    flags: int = 0
    drive_type: str = ""
    serial: int = 0
    volume_label: str = ""
    local_path: str = ""
    suffix: str = ""
    """Common path suffix: what follows the local path or the share."""
    share: str = ""
    device: str = ""
    provider: int = 0

    @property
    def path(self) -> str:
        """Give the full local or network path, empty when there is none."""
        base = self.local_path or self.share
        joint = "\\" if base and self.suffix and not base.endswith("\\") else ""
        return f"{base}{joint}{self.suffix}" if base else ""


@dataclass(frozen=True, slots=True)
class Text:
    """One string of the shortcut."""

    name: str
    """One of STRINGS' values."""
    text: str
    at: int
    announced: int
    """Characters by its count; more than ``text`` holds when Explorer stops earlier."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that does not follow the format; the parts around it stand."""

    what: str
    at: int | None


@dataclass(frozen=True, slots=True)
class Rest:
    """Bytes that follow the last block: no part of the shortcut."""

    at: int


Part = Header | TargetList | LinkInfo | Text | Block | Flaw | Rest


def read_link(data: bytes) -> Iterator[Part]:
    """Give the parts of a shortcut in file order; never raises.

    Yields:
        A Header, at most one TargetList and LinkInfo, a Text for each announced string, Blocks, a Flaw where something
        is broken, and a Rest when bytes follow the end.
    """
    cursor = Cursor(data)
    try:
        header = _header(cursor)
        yield header
        if header.has(HAS_ID_LIST):
            yield from _target_list(cursor)
        if header.has(HAS_LINK_INFO) and not header.has(FORCE_NO_LINK_INFO):
            yield from _link_info(cursor)
        yield from _strings(cursor, header)
        yield from _blocks(cursor)
    except MalformedError as error:
        yield Flaw(error.what, error.at)


def _header(cursor: Cursor) -> Header:
    cursor.take(len(MAGIC), "header")
    flags, attributes = cursor.uint(4, "header"), cursor.uint(4, "header")
    times = [filetime(cursor.uint(8, "header")) for _ in range(3)]
    target_bytes, icon_index = cursor.uint(4, "header"), cursor.sint(4, "header")
    show = SHOW_COMMANDS.get(cursor.uint(4, "header"), SHOW_COMMANDS[1])
    hotkey = cursor.uint(2, "header")
    cursor.take(10, "header")  # reserved
    return Header(flags, attributes, times[0], times[1], times[2], target_bytes, icon_index, show, hotkey)


def _target_list(cursor: Cursor) -> Iterator[Part]:
    size = cursor.uint(2, "target list size")
    start = cursor.at
    items: list[Item] = []
    flaw = None
    try:  # a list keeps what a generator gave before it broke off
        items.extend(read_items(cursor.data, start, start + size))
    except MalformedError as error:
        flaw = Flaw(error.what, error.at)
    yield TargetList(size, tuple(items))
    if flaw:
        yield flaw
    cursor.take(size, "target list")


def _link_info(cursor: Cursor) -> Iterator[Part]:
    start = cursor.at
    size = cursor.uint(4, "link info size")
    cursor.at = start
    cursor.take(max(size, 4), "link info")
    try:
        yield _read_link_info(cursor.data, start, cursor.at)
    except MalformedError as error:
        yield Flaw(error.what, error.at)


def _read_link_info(data: bytes, start: int, end: int) -> LinkInfo:
    fields = Cursor(data, start, end)
    size, header_size, flags = (fields.uint(4, "link info") for _ in range(3))
    volume, local, network, suffix = (fields.uint(4, "link info") for _ in range(4))
    local_unicode = suffix_unicode = 0
    if header_size >= UNICODE_HEADER:
        local_unicode, suffix_unicode = fields.uint(4, "link info"), fields.uint(4, "link info")
    drive_type, serial, label = _volume(data, start + volume, end) if flags & HAS_VOLUME and volume else ("", 0, "")
    share, device, provider = _network(data, start + network, end) if flags & HAS_NETWORK and network else ("", "", 0)
    return LinkInfo(
        size,
        flags,
        drive_type,
        serial,
        label,
        _either(data, start, end, local if flags & HAS_VOLUME else 0, local_unicode),
        _either(data, start, end, suffix, suffix_unicode),
        share,
        device,
        provider,
    )


def _either(data: bytes, start: int, end: int, offset: int, unicode_offset: int) -> str:
    """Give the string at whichever offset is set, the Unicode one first."""
    if unicode_offset:
        return utf16_z(data, _within(start, unicode_offset, end), end)
    return ansi_z(data, _within(start, offset, end), end) if offset else ""


def _within(start: int, offset: int, end: int) -> int:
    if start + offset >= end:
        raise MalformedError(f"link info offset {offset} past its end", start)
    return start + offset


def _volume(data: bytes, start: int, end: int) -> tuple[str, int, str]:
    cursor = Cursor(data, start, end)
    size, drive, serial, label = (cursor.uint(4, "volume") for _ in range(4))
    end = min(end, start + size)
    name = DRIVES[drive] if drive < len(DRIVES) else f"DRIVE_{drive}"
    if label == 0x14:  # then the label is Unicode, at the offset that follows
        return name, serial, utf16_z(data, _within(start, cursor.uint(4, "volume"), end), end)
    return name, serial, ansi_z(data, _within(start, label, end), end)


def _network(data: bytes, start: int, end: int) -> tuple[str, str, int]:
    cursor = Cursor(data, start, end)
    size, flags, name, device, provider = (cursor.uint(4, "network link") for _ in range(5))
    end = min(end, start + size)
    name_unicode = device_unicode = 0
    if name > 0x14:
        name_unicode, device_unicode = cursor.uint(4, "network link"), cursor.uint(4, "network link")
    has_device = flags & NETWORK_HAS_DEVICE
    return (
        _either(data, start, end, name, name_unicode),
        _either(data, start, end, device, device_unicode) if has_device else "",
        provider,
    )


def _strings(cursor: Cursor, header: Header) -> Iterator[Part]:
    for flag, name in STRINGS.items():
        if not header.has(flag):
            continue
        at = cursor.at
        announced = cursor.uint(2, f"{name} length")  # in characters
        count = min(announced, MAX_STRING) if name in CAPPED else announced
        unicode = header.has(IS_UNICODE)
        raw = cursor.take(count * 2 if unicode else count, name)
        yield Text(name, utf16(raw) if unicode else ansi(raw), at, announced)


def _blocks(cursor: Cursor) -> Iterator[Part]:
    while cursor.left >= 4:
        start = cursor.at
        size = cursor.uint(4)
        if size < MIN_BLOCK:
            break
        if size - 4 > cursor.left:
            # Whoever appends without a terminal block has his first letters read as a size.
            yield Flaw(f"extra data block of {size} bytes, {cursor.left + 4} left", start)
            if cursor.left > 4:  # a lone size and signature are a broken end, not content
                yield Rest(start)
            return
        cursor.take(size - 4)
        block = read_block(cursor.data, start, size)
        yield block
        if block.flaw:
            yield Flaw(block.flaw.what, block.flaw.at)
    if cursor.left:
        yield Rest(cursor.at)
