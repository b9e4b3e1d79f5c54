"""Shell link writer: what a shortcut points at in, the bytes of a .lnk out."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

LINK_CLSID = UUID("00021401-0000-0000-c000-000000000046").bytes_le
MY_COMPUTER = UUID("20d04fe0-3aea-1069-a2d8-08002b30309d").bytes_le
HAS_ID_LIST, HAS_LINK_INFO, HAS_NAME, HAS_RELATIVE, HAS_DIR, HAS_ARGUMENTS, HAS_ICON, IS_UNICODE = (
    1 << bit for bit in range(8)
)
SHOW_NORMAL, SHOW_MINIMIZED = 1, 7
ATTRIBUTE_DIRECTORY, ATTRIBUTE_ARCHIVE = 0x10, 0x20
DRIVE_FIXED = 3
NETWORK_LANMAN = 0x00020000
VOLUME_SERIAL = 0x4E3A17C2  # any value
FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Everything a shortcut says; an empty field is left out of the file."""

    target: str = ""
    """Local path (``C:\\...``) or share path (``\\\\server\\share\\...``); fills id list and link info."""
    relative_path: str = ""
    description: str = ""
    working_dir: str = ""
    arguments: str = ""
    icon: str = ""
    icon_index: int = 0
    show_command: int = SHOW_NORMAL
    at: datetime | None = None
    """Creation, access and write time of the target; None writes zeroes."""
    target_bytes: int = 0
    machine_id: str = ""
    """NetBIOS name of the machine it was made on; fills the tracker block."""
    overlay: bytes = b""
    """Appended behind the terminal block."""


def write_shortcut(shortcut: Shortcut) -> bytes:
    """Give the bytes of a .lnk.

    Source: [MS-SHLLINK] 2.1 header, 2.2 id list, 2.3 link info, 2.4 strings, 2.5.10 tracker block, 2.5 terminal block.
    """
    local = shortcut.target[1:3] == ":\\"
    parts = [
        (HAS_ID_LIST, _id_list(shortcut) if local else b""),
        (HAS_LINK_INFO, _link_info(shortcut.target, local=local) if shortcut.target else b""),
        (HAS_NAME, _string(shortcut.description)),
        (HAS_RELATIVE, _string(shortcut.relative_path)),
        (HAS_DIR, _string(shortcut.working_dir)),
        (HAS_ARGUMENTS, _string(shortcut.arguments)),
        (HAS_ICON, _string(shortcut.icon)),
    ]
    flags = IS_UNICODE | sum(flag for flag, data in parts if data)
    extra = _tracker(shortcut.machine_id) if shortcut.machine_id else b""
    body = b"".join(data for _, data in parts)
    return _header(shortcut, flags) + body + extra + bytes(4) + shortcut.overlay


def _header(shortcut: Shortcut, flags: int) -> bytes:
    times = struct.pack("<Q", _filetime(shortcut.at)) * 3
    attributes = ATTRIBUTE_ARCHIVE if shortcut.target else 0
    tail = struct.pack("<IiI12x", shortcut.target_bytes, shortcut.icon_index, shortcut.show_command)
    return struct.pack("<I", 0x4C) + LINK_CLSID + struct.pack("<II", flags, attributes) + times + tail


def _filetime(at: datetime | None) -> int:
    return 0 if at is None else (at - FILETIME_EPOCH) // timedelta(microseconds=1) * 10


def _dos_time(at: datetime | None) -> int:
    """Give date in the low and time in the high word."""
    if at is None:
        return 0
    date = (at.year - 1980) << 9 | at.month << 5 | at.day
    return date | (at.hour << 11 | at.minute << 5 | at.second // 2) << 16


def _string(text: str) -> bytes:
    return struct.pack("<H", len(text.encode("utf-16-le")) // 2) + text.encode("utf-16-le") if text else b""


def _id_list(shortcut: Shortcut) -> bytes:
    """Give desktop » drive » folders » file as the shell writes them.

    Source: libfwsi's "Windows Shell Item format" document, 3.3 root folder, 3.5 volume, 3.6 file entry.
    """
    drive, *folders, name = shortcut.target.split("\\")
    items = [b"\x1f\x50" + MY_COMPUTER, b"\x2f" + f"{drive}\\".encode("ascii").ljust(22, b"\0")]
    items += [_file_item(folder, 0x31, ATTRIBUTE_DIRECTORY, 0, shortcut.at) for folder in folders]
    items.append(_file_item(name, 0x32, ATTRIBUTE_ARCHIVE, shortcut.target_bytes, shortcut.at))
    data = b"".join(struct.pack("<H", len(item) + 2) + item for item in items) + bytes(2)
    return struct.pack("<H", len(data)) + data


def _file_item(name: str, kind: int, attributes: int, size_bytes: int, at: datetime | None) -> bytes:
    short = _short_name(name).encode("ascii") + b"\0"
    short += b"\0" * (len(short) % 2)
    when = _dos_time(at)
    head = struct.pack("<BBIIH", kind, 0, size_bytes, when, attributes) + short
    long_name = name.encode("utf-16-le") + b"\0\0"
    body = struct.pack("<HIIIH", 3, 0xBEEF0004, when, when, 0x14) + long_name
    return head + struct.pack("<H", len(body) + 4) + body + struct.pack("<H", len(head) + 2)


def _short_name(name: str) -> str:
    """Give the 8.3 name that a file system would have made of a name."""
    stem, dot, extension = name.rpartition(".") if "." in name else (name, "", "")
    plain = "".join(char for char in stem if char.isascii() and (char.isalnum() or char in "_-"))
    stem = plain if plain == stem and len(plain) <= 8 else f"{plain[:6]}~1"
    return f"{stem}{dot}{extension[:3]}".upper()


def _link_info(target: str, *, local: bool) -> bytes:
    """Give volume and path, or share and what is below it ([MS-SHLLINK] 2.3)."""
    if local:
        volume = struct.pack("<4I", 0x11, DRIVE_FIXED, VOLUME_SERIAL, 0x10) + b"\0"
        base_at = 0x1C + len(volume)
        body, suffix = volume + target.encode("cp932") + b"\0", b"\0"
        offsets = (1, 0x1C, base_at, 0)
    else:
        _, _, server, share, rest = target.split("\\", 4)
        net_name = f"\\\\{server}\\{share}".encode("cp932") + b"\0"
        body = struct.pack("<5I", 0x14 + len(net_name), 2, 0x14, 0, NETWORK_LANMAN) + net_name
        suffix = rest.encode("cp932") + b"\0"
        offsets = (2, 0, 0, 0x1C)
    size = 0x1C + len(body) + len(suffix)
    return struct.pack("<7I", size, 0x1C, *offsets, 0x1C + len(body)) + body + suffix


def _tracker(machine_id: str) -> bytes:
    """Give the tracker block, with ids made from the machine's name."""
    seed = sha256(machine_id.encode("ascii")).digest()
    droid = UUID(bytes=seed[:16], version=4).bytes_le + UUID(bytes=seed[16:], version=1).bytes_le
    name = machine_id.lower().encode("ascii")[:15].ljust(16, b"\0")
    return struct.pack("<4I", 0x60, 0xA0000003, 0x58, 0) + name + droid + droid
