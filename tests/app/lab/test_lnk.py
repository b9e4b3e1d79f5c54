"""Shortcuts are read back field by field."""

import struct
from datetime import UTC, datetime

from sekisho.app.lab.lnk import Shortcut, write_shortcut

AT = datetime(2022, 4, 25, 1, 2, 3, tzinfo=UTC)


def parts(data: bytes):
    """Give flags, id list, link info, strings by flag, extra blocks by signature, and what follows."""
    flags = struct.unpack_from("<I", data, 20)[0]
    at, ids, info, strings, extra = 76, b"", b"", {}, {}
    if flags & 1:
        size = struct.unpack_from("<H", data, at)[0]
        ids, at = data[at + 2 : at + 2 + size], at + 2 + size
    if flags & 2:
        size = struct.unpack_from("<I", data, at)[0]
        info, at = data[at : at + size], at + size
    for flag in (4, 8, 16, 32, 64):
        if flags & flag:
            count = struct.unpack_from("<H", data, at)[0]
            strings[flag] = data[at + 2 : at + 2 + 2 * count].decode("utf-16-le")
            at += 2 + 2 * count
    while (size := struct.unpack_from("<I", data, at)[0]) >= 4:
        extra[struct.unpack_from("<I", data, at + 4)[0]] = data[at : at + size]
        at += size
    return flags, ids, info, strings, extra, data[at + 4 :]


def test_local_target():
    shortcut = Shortcut(
        target="C:\\Program Files\\a b.exe",
        relative_path="..\\a b.exe",
        description="説明",
        working_dir="C:\\",
        arguments="/c " + " " * 110,
        icon="shell32.dll",
        icon_index=-3,
        show_command=7,
        at=AT,
        target_bytes=77,
        machine_id="DESKTOP-LAB",
        overlay=b"\r\ntail",
    )
    data = write_shortcut(shortcut)
    flags, ids, info, strings, extra, behind = parts(data)
    assert data[:20].hex() == "4c0000000114020000000000c000000000000046"
    assert flags == 0xFF
    assert strings == {4: "説明", 8: "..\\a b.exe", 16: "C:\\", 32: shortcut.arguments, 64: "shell32.dll"}
    assert struct.unpack_from("<IQQQIiI", data, 24) == (0x20, *[132953221230000000] * 3, 77, -3, 7)
    assert behind == b"\r\ntail"
    assert extra[0xA0000003][16:32] == b"desktop-lab".ljust(16, b"\0")
    assert info[struct.unpack_from("<I", info, 16)[0] :] == b"C:\\Program Files\\a b.exe\0\0"
    items, at = [], 0
    while size := struct.unpack_from("<H", ids, at)[0]:
        items.append(ids[at + 2 : at + size])
        at += size
    assert at + 2 == len(ids)
    assert [item[0] for item in items] == [0x1F, 0x2F, 0x31, 0x32]
    assert b"PROGRA~1\0" in items[2]
    assert "Program Files\0".encode("utf-16-le") in items[2]
    for item in items[2:]:
        block_at = struct.unpack_from("<H", item, len(item) - 2)[0] - 2
        size, _, signature = struct.unpack_from("<HHI", item, block_at)
        assert (block_at + size, signature) == (len(item), 0xBEEF0004)


def test_target_on_a_share():
    flags, ids, info, strings, extra, behind = parts(
        write_shortcut(Shortcut(target="\\\\fileserver\\share\\価格 表.xlsx"))
    )
    assert flags == 0x82
    assert (ids, strings, extra, behind) == (b"", {}, {}, b"")
    size, head, kind, _, _, network_at, suffix_at = struct.unpack_from("<7I", info)
    assert (size, head, kind) == (len(info), 0x1C, 2)
    name_at = network_at + struct.unpack_from("<I", info, network_at + 8)[0]
    assert info[name_at : info.index(b"\0", name_at)] == b"\\\\fileserver\\share"
    assert info[suffix_at:] == "価格 表.xlsx\0".encode("cp932")


def test_nothing_but_arguments():
    data = write_shortcut(Shortcut(arguments="x"))
    assert parts(data)[0] == 0xA0
    assert data[28:52] == bytes(24)
